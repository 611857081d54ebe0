//! Headers by which columns are recognised, folded: lower case, no accents, `_` for everything else.

mod own_number;

pub(super) use own_number::OWN_NUMBER;

/// The number a message goes to.
pub(super) const PHONE: &[&str] = &[
    "phone",
    "phone_number",
    "phonenumber",
    "mobile",
    "mobile_number",
    "mobile_phone",
    "cell",
    "cell_phone",
    "cellphone",
    "contact_number",
    "whatsapp",
    "whatsapp_number",
    "wa",
    "wsp",
    "wpp",
    "wapp",
    "msisdn",
    "telefono",
    "tel",
    "telefono_movil",
    "telefono_celular",
    "telefono_de_contacto",
    "telefono_contacto",
    "numero_de_telefono",
    "nro_de_telefono",
    "nro_telefono",
    "numero_telefono",
    "celular",
    "cel",
    "nro_celular",
    "numero_celular",
    "numero_de_celular",
    "nro_de_celular",
    "movil",
    "numero_movil",
    "numero_whatsapp",
    "numero_de_whatsapp",
    "celular_whatsapp",
    "telefono_whatsapp",
    "telefone",
    "fone",
    "telefone_celular",
    "fone_celular",
    "numero_de_telefone",
    "telefone_whatsapp",
    "telefone_para_contato",
    "telefone_de_contato",
    "telemovel",
    "contato_whatsapp",
    "phone_mobile",
    "mobile_phone_number",
    "cell_number",
    "cell_phone_number",
    "cellular",
    "tel_movil",
    "tel_celular",
    "tel_cel",
    "tfno",
    "tlf",
    "telefonos",
    "celulares",
    "telefono_paciente",
    "telefono_del_paciente",
    "celular_paciente",
    "celular_del_paciente",
    "telefono_cliente",
    "celular_cliente",
    "numero_telefonico",
    "numero_de_contacto",
    "whatsapp_celular",
    "telefones",
    "fone_contato",
    "fone_paciente",
    "telefone_paciente",
    "telefone_do_paciente",
    "celular_do_paciente",
    "telefone_cliente",
    "telefone_do_cliente",
    "telefone_contato",
    "telefone_movel",
    "numero_do_telefone",
    "numero_do_celular",
    "numero_do_whatsapp",
    "n_de_telefone",
    "n_de_telefono",
    "no_de_telefone",
    "no_de_telefono",
    "n_telefono",
    "n_tel",
    "no_tel",
    "nro_tel",
    "nro_de_tel",
    "numero_tel",
    "n_celular",
    "n_de_celular",
    "no_telefono",
    "no_celular",
    "no_de_celular",
];

/// The person's name, best first.
pub(super) const NAME: &[&str] = &[
    "nombre_completo",
    "nome_completo",
    "full_name",
    "nombre_y_apellido",
    "apellido_y_nombre",
    "apellidos_y_nombres",
    "nombres_y_apellidos",
    "paciente",
    "patient",
    "nombre_paciente",
    "nombre_del_paciente",
    "nome_do_paciente",
    "nome_paciente",
    "nombre",
    "nome",
    "name",
    "nombres",
    "first_name",
    "cliente",
    "nombre_cliente",
    "nombre_del_cliente",
    "nome_do_cliente",
    "nome_cliente",
    "client",
    "customer",
    "customer_name",
    "contacto",
    "contato",
    "contact",
    "contact_name",
    "persona",
    "pessoa",
    "alumno",
    "aluno",
    "destinatario",
];

/// Identity of a row across files.
pub(super) const ID: &[&str] = &[
    "id",
    "id_turno",
    "turno_id",
    "id_cita",
    "cita_id",
    "id_appointment",
    "appointment_id",
    "id_agendamento",
    "agendamento_id",
    "id_consulta",
    "consulta_id",
    "id_reserva",
    "reserva_id",
    "booking_id",
    "external_id",
    "codigo_turno",
    "codigo_de_turno",
    "codigo_do_agendamento",
    "nro_turno",
    "nro_de_turno",
    "numero_de_turno",
];

/// Date and time in one column.
pub(super) const WHEN: &[&str] = &[
    "when",
    "datetime",
    "date_time",
    "date_and_time",
    "appointment_time",
    "appointment_at",
    "starts_at",
    "fecha_y_hora",
    "fecha_hora",
    "fecha_hora_turno",
    "fecha_y_hora_del_turno",
    "fecha_y_hora_turno",
    "fecha_y_hora_de_la_cita",
    "fecha_hora_cita",
    "cuando",
    "data_e_hora",
    "data_hora",
    "data_hora_consulta",
    "data_e_hora_da_consulta",
    "data_e_horario",
    "quando",
];

/// The same where no other column is a date: beside one, `Turno` may be the shift and `Horario` the time.
pub(super) const WHEN_ALONE: &[&str] = &["turno", "cita", "horario", "appointment", "agendamento"];

/// What an appointment, or its beginning, is called: the date, the time of day or something else, as its cells say.
pub(super) const WHEN_PERHAPS: &[&str] = &[
    "turno",
    "cita",
    "consulta",
    "horario",
    "appointment",
    "agendamento",
    "reserva",
    "visita",
    "sesion",
    "sessao",
    "session",
    "booking",
    "inicio",
    "comienzo",
    "start",
    "starts",
    "begin",
    "proximo_turno",
    "proxima_cita",
    "proxima_consulta",
];

/// The number or the name of whom to get in touch with, as its cells say.
pub(super) const PHONE_PERHAPS: &[&str] = &["contacto", "contactos", "contato", "contatos", "contact", "contacts"];

/// Date and time, or the time alone where a column of dates stands beside it.
pub(super) const EITHER: &str = "appointment_time";

/// Date alone.
pub(super) const DATE: &[&str] = &[
    "date",
    "appointment_date",
    "fecha",
    "fecha_turno",
    "fecha_del_turno",
    "fecha_de_turno",
    "fecha_cita",
    "fecha_de_la_cita",
    "fecha_de_cita",
    "fecha_consulta",
    "dia",
    "data",
    "data_consulta",
    "data_da_consulta",
    "data_agendamento",
    "data_do_agendamento",
    "data_do_exame",
];

/// Time of day alone.
pub(super) const TIME: &[&str] = &[
    "time",
    "appointment_time_of_day",
    "hour",
    "hora",
    "horario",
    "hora_turno",
    "hora_del_turno",
    "hora_de_turno",
    "hora_cita",
    "hora_de_la_cita",
    "hora_consulta",
    "hora_da_consulta",
    "horario_consulta",
    "horario_da_consulta",
    "hora_agendamento",
    "horario_agendamento",
    "hora_do_exame",
    "hora_inicio",
    "hora_de_inicio",
    "hora_inicial",
    "hora_desde",
    "horario_inicio",
    "horario_de_inicio",
    "horario_turno",
    "horario_del_turno",
    "start_time",
];

/// The person's time zone.
pub(super) const TIMEZONE: &[&str] =
    &["timezone", "time_zone", "tz", "zona_horaria", "huso_horario", "huso", "fuso", "fuso_horario"];

/// The language in which the person is written to.
pub(super) const LANGUAGE: &[&str] = &["language", "lang", "locale", "idioma", "lengua", "lingua"];

/// Whether the person has agreed to get messages.
pub(super) const CONSENT: &[&str] = &[
    "consent",
    "consented",
    "opt_in",
    "optin",
    "marketing_consent",
    "whatsapp_opt_in",
    "subscribed",
    "consentimiento",
    "consiente",
    "acepta_whatsapp",
    "acepta_promociones",
    "acepta_mensajes",
    "acepta_publicidad",
    "autoriza_whatsapp",
    "autoriza_mensajes",
    "consentimento",
    "aceita_publicidade",
    "consente",
    "aceita_whatsapp",
    "aceita_promocoes",
    "aceita_mensagens",
    "aceita_receber",
    "autoriza_mensagens",
    "lgpd",
];

/// Who pays.
pub(super) const COST_CENTRE: &[&str] = &[
    "cost_centre",
    "cost_center",
    "centro_de_costo",
    "centro_de_costos",
    "centro_costo",
    "centro_costos",
    "ceco",
    "cc_costo",
    "centro_de_custo",
    "centro_de_custos",
    "centro_custo",
];

/// Where replies go.
pub(super) const ROUTE: &[&str] = &[
    "route",
    "reply_to",
    "ruta",
    "derivar_a",
    "responde_a",
    "rota",
    "encaminhar_para",
    "encaminhar_a",
    "responder_para",
];

/// Whether a folded header is a phone's, perhaps one of several: `telefono_2`.
pub(in super::super) fn is_phone_word(folded: &str) -> bool {
    PHONE.contains(&folded) || PHONE.contains(&stem(folded))
}

/// Whether a folded header could be a phone's, if its cells are: `contacto`, `celular_cel`, `tel_de_la_madre`.
pub(super) fn is_phone_perhaps(folded: &str) -> bool {
    PHONE_PERHAPS.contains(&folded) || folded.split('_').any(|word| PHONE.contains(&word))
}

/// A folded header without the number at its end, and without the word that Google's contacts have behind it:
/// `Phone 1 - Value`.
pub(super) fn stem(folded: &str) -> &str {
    without_value(folded).trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_')
}

/// The number at the end of a folded header; without one it comes first.
pub(super) fn number(folded: &str) -> Option<u32> {
    let digits = without_value(folded).trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().ok()
}

fn without_value(folded: &str) -> &str {
    folded.strip_suffix("_value").filter(|numbered| numbered.ends_with(|c: char| c.is_ascii_digit())).unwrap_or(folded)
}

/// Whether a folded header is one that is recognised.
pub(in super::super) fn is_header_word(folded: &str) -> bool {
    let lists = [NAME, ID, WHEN, DATE, TIME, TIMEZONE, LANGUAGE, COST_CENTRE, ROUTE];
    is_phone_word(folded) || lists.iter().any(|words| words.contains(&folded)) || super::consent::is_consent(folded)
}
