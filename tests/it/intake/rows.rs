//! From a file to rows.

use recado::domain::fill::{ButtonFill, HeaderFill};
use recado::domain::template::{Button, Category, Header, ParameterFormat, Template};
use recado::intake::rows::{RowFate, explain};
use recado::locale::Language;

use super::given::{Given, template};

const REMINDER: &str = r#"
kind = "reminder"
sender = "s"
file = "a.csv"
timezone = "America/Argentina/Buenos_Aires"
country = "AR"
[template]
name = "t"
language = "es_AR"
[variables]
1 = "{{ nombre | first_name }}"
2 = "{{ when }}"
[schedule]
send = "24h before"
latest = "2h before"
"#;

fn promotion(variables: &str) -> Given {
    Given::promotion(&format!(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n{variables}"
    ))
}

#[test]
fn date_and_time_in_two_columns_are_found_and_printed() {
    let given = Given::campaign(REMINDER).with_template(template("{{1}}: {{2}}"));
    let rows = given.drafts("Fecha,Hora,Nombre,Celular\n26/11/2026,14:30,ANA PAZ,1155550101\n");
    assert_eq!(rows[0].fill.body[1].text, "jueves 26 de noviembre, 14:30");
    assert_eq!(rows[0].due_at.to_string(), "2026-11-25T17:30:00Z");
    assert_eq!(rows[0].latest_at.unwrap().to_string(), "2026-11-26T15:30:00Z");
    assert_eq!(rows[0].key, "p:541155550101|1795714200000", "the next appointment is another message");
}

#[test]
fn two_appointments_of_one_phone_are_two_messages_where_rows_have_an_id() {
    let given = Given::campaign(REMINDER);
    let text = "ID,Fecha y hora,Nombre,Celular\n\
        7,26/11/2026 14:30,Ana,1155550101\n8,26/11/2026 15:30,Ana,1155550101\n\
        7,26/11/2026 14:30,Ana,+5491155550101\n7,27/11/2026 14:30,Ana,1155550101\n";
    assert_eq!(given.fates(text), ["5491155550101", "5491155550101", "duplicate (same_as_row: 1)", "5491155550101"]);
    assert_eq!(given.drafts(text)[0].key, format!("i:7|{}", 1_795_714_200_000_i64));
}

#[test]
fn without_ids_rows_are_known_by_person_and_time() {
    let text = "Fecha y hora,Nombre,Celular\n26/11/2026 14:30,Ana,1155550101\n26/11/2026 15:00,Luz,1155550101\n\
        27/11/2026 15:00,Luz,1155550101\n26/11/2026 15:00,Luz,+5491155550101\n26/11/2026 15:00,Eva,1155550102\n";
    let given = Given::campaign(REMINDER);
    let fates = ["5491155550101", "5491155550101", "5491155550101", "duplicate (same_as_row: 2)", "5491155550102"];
    assert_eq!(given.fates(text), fates);
    assert_eq!(given.drafts(text)[1].key, "p:541155550101|1795716000000");
    let promotion = promotion("1 = \"{{ nombre }}\"");
    assert_eq!(promotion.fates(text)[1], "duplicate (same_as_row: 1)", "a promotion is for the person");
    let with_time = self::promotion("1 = \"{{ when }}\"");
    assert_eq!(with_time.fates(text)[1], "duplicate (same_as_row: 1)", "also where it speaks of a time");
}

#[test]
fn a_person_listed_twice_gets_one_message_however_the_number_is_written() {
    let given = promotion("1 = \"{{ nombre }}\"");
    let text = "ID,Nombre,Celular\n1,Ana,1155550101\n2,Ana,011 15 5555-0101\n3,,1155550102\n4,Eva,1155550102\n";
    assert_eq!(
        given.fates(text),
        ["5491155550101", "duplicate (same_as_row: 1)", "empty_value (value: 1)", "5491155550102"],
        "a row that became no message does not stand in another's way"
    );
    assert_eq!(given.drafts(text)[1].external_id.as_deref(), Some("4"));
}

#[test]
fn what_is_past_is_too_late_and_what_has_no_date_is_said() {
    let given = Given::campaign(REMINDER);
    let text = "Fecha,Hora,Nombre,Celular\n24/11/2026,11:30,A,1155550101\n24/11/2026,12:30,B,1155550102\n\
        ,12:30,C,1155550103\n31/11/2026,12:30,D,1155550104\n";
    assert_eq!(
        given.fates(text),
        [
            "too_late (happens: 2026-11-24 11:30)",
            "5491155550102",
            "bad_when (no_date_of: Fecha + Hora)",
            "bad_when (unreadable_date_in: Fecha + Hora: 31/11/2026 12:30)"
        ]
    );
}

#[test]
fn a_file_that_proves_the_month_comes_first_is_read_so() {
    let given = Given::campaign(REMINDER);
    let text = "Fecha,Hora,Nombre,Celular\n12/03/2026,8:00,A,1155550101\n11/26/2026,8:00,B,1155550102\n";
    assert_eq!(given.drafts(text)[0].happens_at.unwrap().to_string(), "2026-12-03T11:00:00Z");
    assert_eq!(given.warnings(text), ["dates_month_first", "taken_for_mobiles"]);
    let unclear = "Fecha,Hora,Nombre,Celular\n03/12/2026,8:00,A,1155550101\n";
    assert_eq!(given.drafts(unclear)[0].happens_at.unwrap().to_string(), "2026-12-03T11:00:00Z");
    assert_eq!(given.warnings(unclear), ["dates_ambiguous", "taken_for_mobiles"]);
    let mixed = "Fecha,Hora,Nombre,Celular\n26/11/2026,8:00,A,1155550101\n11/26/2026,8:00,B,1155550102\n";
    assert_eq!(given.warnings(mixed), ["dates_mixed", "taken_for_mobiles"]);
    assert_eq!(given.fates(mixed)[1], "bad_when (unreadable_date_in: Fecha + Hora: 11/26/2026 8:00)");
}

#[test]
fn each_row_goes_by_its_own_clock() {
    let given = Given::campaign(REMINDER);
    let text = "Fecha,Hora,Nombre,Celular,Zona horaria\n26/11/2026,14:00,A,1155550101,\n\
        26/11/2026,14:00,B,1155550102,America/Santiago\n26/11/2026,14:00,C,1155550103,Marte\n\
        26/11/2026,14:00,D,+598 94 555 123,\n26/11/2026,14:00,E,+51 987 654 321,\n";
    let rows = given.drafts(text);
    let shown: Vec<_> = rows.iter().map(|r| (r.happens_at.unwrap().to_string(), r.timezone.as_str())).collect();
    let at_17 = "2026-11-26T17:00:00Z".to_owned();
    assert_eq!(shown[0], (at_17.clone(), "America/Argentina/Buenos_Aires"));
    assert_eq!(shown[1], (at_17.clone(), "America/Santiago"));
    assert_eq!(shown[2].1, "America/Argentina/Buenos_Aires");
    assert_eq!(shown[3].1, "America/Montevideo");
    assert_eq!(shown[4], (at_17, "America/Lima"));
    assert_eq!(given.warnings(text), ["taken_for_mobiles", "unknown_timezones"]);
}

#[test]
fn columns_that_are_missing_doubtful_or_misspelt_stop_the_start() {
    let plain = promotion("");
    assert_eq!(plain.blockers("Nombre,Número\nA,1\n"), ["no_phone_column"]);
    assert_eq!(plain.blockers("Teléfono,Celular\n1,2\n"), ["ambiguous_column"]);
    let named = Given::promotion("[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[columns]\nphone = \"Telefno\"\n");
    assert_eq!(named.blockers("Teléfono,Celular\n1,2\n"), ["unknown_column_meant"]);
    assert_eq!(named.blockers("X,Y\n1,2\n"), ["unknown_column"]);
    let twice = Given::promotion("[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[columns]\nphone = \"Celular\"\n");
    assert_eq!(twice.blockers("Celular,Celular\n1,2\n"), [""; 0], "the first valid one of a row counts");
    let reminder = Given::campaign(REMINDER);
    assert_eq!(reminder.blockers("Nombre,Celular\nA,1\n"), ["no_when_column"]);
    assert_eq!(reminder.blockers("Nombre,Celular,Fecha,Fecha turno,Hora\n"), ["ambiguous_column"]);
}

#[test]
fn headers_are_known_in_three_languages_whatever_their_accents_and_blanks() {
    for header in [
        "Teléfono",
        "TELEFONO",
        " whats app ".trim(),
        "Celular",
        "Móvil",
        "WhatsApp",
        "Telefone",
        "Nº de telefone",
        "phone",
        "Phone number",
        "Teléfono (celular)",
    ] {
        let blockers = promotion("").blockers(format!("Nombre,{header}\n"));
        let known = header != "whats app";
        assert_eq!(blockers.is_empty(), known, "{header}: {blockers:?}");
    }
}

#[test]
fn parameters_are_compared_with_the_template_both_ways() {
    let given = promotion("1 = \"x\"\n3 = \"y\"").with_template(template("{{1}} {{2}}"));
    assert_eq!(given.blockers("Celular\n1\n"), ["missing_variable", "extra_variable"]);
    let named = Template { format: ParameterFormat::Named, ..template("{{first_name}}") };
    let given = promotion("first_nam = \"x\"").with_template(named);
    assert_eq!(given.blockers("Celular\n1\n"), ["missing_variable", "extra_variable_meant"]);
    let unknown = Template { parameters_unknown: true, ..template("") };
    let given = promotion("1 = \"x\"").with_template(unknown);
    assert_eq!(given.blockers("Celular\n1155550101\n"), [""; 0]);
    assert_eq!(given.warnings("Celular\n1155550101\n"), ["parameters_unknown", "taken_for_mobiles"]);
    assert_eq!(given.drafts("Celular\n1155550101\n")[0].fill.body[0].text, "x");
}

#[test]
fn buttons_and_headers_are_compared_too() {
    let shop = Button::Url { text: "Ver".to_owned(), url: "https://x.example/{{1}}".to_owned() };
    let with_button = Template { buttons: vec![shop], header: Some(Header::Image), ..template("x") };
    let given = promotion("").with_template(with_button.clone());
    assert_eq!(given.blockers("Celular\n1\n"), ["header_missing", "missing_button"]);
    let full = "[template]\nname = \"t\"\nlanguage = \"es_AR\"\nimage = { column = \"Foto\" }\n\
        [template.buttons]\n0 = { url = \"{{ cupon }}\" }\n";
    let full = Given::promotion(full).with_template(with_button);
    let rows = full.drafts("Celular,Cupón,Foto\n+541155550101,a b/ñ?c=%20,https://x.example/a.png\n");
    assert_eq!(rows[0].fill.buttons, [ButtonFill { index: 0, text: "a%20b/%C3%B1?c=%20".to_owned() }]);
    assert_eq!(rows[0].fill.header, Some(HeaderFill::Link { link: "https://x.example/a.png".to_owned() }));
    let fates =
        full.fates("Celular,Cupón,Foto\n+541155550101,a,http://x.example/a.png\n+541155550102,,https://x.example/a\n");
    assert_eq!(fates, ["bad_value (link: http://x.example/a.png)", "empty_value (value: template.buttons.0)"]);
    let none = full.template.clone().map(|t| Template { buttons: Vec::new(), header: None, ..t });
    let given = Given { template: none, ..full };
    assert_eq!(given.blockers("Celular,Cupón,Foto\n"), ["header_extra", "extra_button"]);
}

#[test]
fn names_and_filters_that_do_not_exist_stop_the_start() {
    let given = promotion("1 = \"{{ nombr | frist_name }}\"");
    assert_eq!(given.blockers("Nombre,Celular\nA,1\n"), ["unknown_filter_meant", "unknown_name_meant"]);
}

#[test]
fn an_expression_that_could_mean_two_columns_stops_the_start() {
    let header = "Nombre,NOMBRE,Celular\n";
    assert_eq!(promotion("1 = \"{{ nombre }}\"").blockers(header), ["column_twice"]);
    assert_eq!(promotion("1 = \"hola\"").blockers(header), [""; 0]);
}

#[test]
fn rows_can_be_read_on_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    promotion("1 = \"{{ celular }}\"").open("Celular\n1155550101\n", |rows| is_send(&rows)).unwrap();
}

#[test]
fn a_value_is_flattened_and_one_that_does_not_fit_is_left_out() {
    let given = promotion("1 = \"{{ nota }}\"").with_template(template(&format!("{{{{1}}}}{}", "x".repeat(1000))));
    let long = "y".repeat(25);
    let text =
        format!("Celular,Nota\n1155550101,\"a\nb\tc     d    e\"\n1155550102,{long}\n1155550103,{}\n", &long[..24]);
    assert_eq!(given.fates(&text), ["5491155550101", "bad_value (body_too_long: 1025)", "5491155550103"]);
    let rows = given.drafts(&text);
    assert_eq!(rows[0].fill.body[0].text, "a b c d    e");
    assert!(rows[0].flattened && !rows[1].flattened);
    assert_eq!(given.warnings(&text), ["taken_for_mobiles", "flattened"]);
}

#[test]
fn only_the_chosen_rows_are_taken() {
    let given = Given::promotion(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[columns]\nonly = \"{{ estado != 'Cancelado' }}\"\n",
    );
    let fates = given.fates("Celular,Estado\nno tiene,Cancelado\n1155550101,Activo\n");
    assert_eq!(fates, ["not_selected", "5491155550101"]);
}

#[test]
fn a_column_that_says_yes_or_no_chooses_rows_by_its_words() {
    let given = Given::promotion(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[columns]\nonly = \"{{ enviar }}\"\n",
    );
    for no in ["no", "NO", "Não", "0", "false", "FALSO", "", " "] {
        assert_eq!(given.fates(format!("Celular,Enviar\n1155550101,{no}\n")), ["not_selected"], "{no}");
    }
    for yes in ["sí", "SIM", "x", "1", "VERDADERO"] {
        assert_eq!(given.fates(format!("Celular,Enviar\n1155550101,{yes}\n")), ["5491155550101"], "{yes}");
    }
    let fates = given.fates("Celular,Enviar\n1155550101,ver con Ana\n");
    assert_eq!(fates, ["bad_value (no_yes_or_no_in: only: ver con Ana)"]);
}

#[test]
fn marketing_to_the_united_states_is_left_out_and_a_reminder_is_not() {
    let promotion = promotion("");
    assert_eq!(promotion.fates("Celular\n+1 202 555 0123\n"), ["unreachable (no_marketing_there: US)"]);
    let utility = Given { template: Some(template("x")), ..promotion };
    assert_eq!(utility.fates("Celular\n+1 202 555 0123\n"), ["12025550123"]);
    let marketing = Template { category: Category::Marketing, ..template("x") };
    let marketing = Given { template: Some(marketing), ..utility };
    assert_eq!(marketing.fates("Celular\n+53 5 555 0123\n"), ["unreachable (closed_country)"]);
}

#[test]
fn cost_centre_and_route_come_from_columns() {
    let given = Given::promotion(
        "country = \"AR\"\ncost_centre = { column = \"Unidad\" }\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n\
         [replies]\nroute = { column = \"Asesor\" }\n",
    );
    let text = "Celular,Unidad,Asesor\n1155550101,norte,agent:ana\n1155550102,,Ana\n";
    let labels: Vec<_> = given.drafts(text).into_iter().map(|d| (d.cost_centre, d.route)).collect();
    assert_eq!(labels, [("norte".to_owned(), "agent:ana".to_owned()), (String::new(), String::new())]);
    assert_eq!(given.warnings(text), ["taken_for_mobiles", "unknown_routes"]);
}

#[test]
fn what_rows_are_told_apart_by_is_never_cut_and_what_is_only_shown_is() {
    let given = Given::promotion(
        "country = \"AR\"\ncost_centre = { column = \"Unidad\" }\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n\
         [columns]\nid = \"ID\"\n[variables]\n1 = \"{{ nombre }}\"\n",
    );
    let (fits, long) = ("é".repeat(1_000), "é".repeat(1_001));
    let text = format!(
        "ID,Celular,Nombre,Unidad\n{fits},1155550101,{long},{fits}\n{long},1155550102,Ana,norte\n3,1155550103,Eva,{long}\n4,{long},Lía,norte\n"
    );
    let fates = given.fates(&text);
    assert_eq!(
        fates,
        [
            "5491155550101",
            "bad_value (cell_too_long: ID)",
            "bad_value (cell_too_long: Unidad)",
            "bad_phone (not_digits)"
        ]
    );
    let draft = given.drafts(&text).remove(0);
    assert_eq!(
        (draft.name, draft.fill.body[0].text.as_str()),
        (fits.clone(), long.as_str()),
        "the message says all of it"
    );
    assert_eq!((draft.external_id, draft.cost_centre), (Some(fits.clone()), fits.clone()));
    let RowFate::Excluded(left) = given.rows(&text).remove(3).fate else { panic!("it has no phone") };
    assert_eq!(left.recipient, fits);
}

#[test]
fn a_detail_has_its_sentence_in_every_language() {
    assert_eq!(explain(Language::Es, "same_as_row: 12"), "Igual que la fila 12.");
    assert_eq!(explain(Language::En, "no_such_detail: 1"), "no_such_detail: 1");
    assert_eq!(explain(Language::En, ""), "");
}
