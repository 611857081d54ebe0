//! Which column is what, and which of several numbers counts.

use super::given::Given;

const BASE: &str = "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n";

fn given(columns: &str) -> Given {
    Given::promotion(&format!("{BASE}[columns]\n{columns}\n"))
}

fn roles(given: &Given, header: &str) -> Vec<(String, String)> {
    given.open(format!("{header}\n"), |rows| rows.facts().columns.clone()).unwrap_or_else(|p| panic!("{header}: {p:?}"))
}

#[test]
fn every_role_is_recognised_in_three_languages_with_and_without_accents() {
    for header in [
        "Phone,Name,ID,Date and time,Time zone,Language,Consent,Cost centre,Route",
        "Teléfono,Nombre,ID turno,Fecha y hora,Zona horaria,Idioma,Consentimiento,Centro de costo,Ruta",
        "TELEFONO,PACIENTE,Cita ID,fecha_hora,Huso,Lengua,Acepta WhatsApp,CeCo,Derivar a",
        "Telefone,Nome,ID agendamento,Data e hora,Fuso horário,Língua,Consentimento,Centro de custo,Rota",
    ] {
        let given = Given::campaign(&format!(
            "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Sao_Paulo\"\n{BASE}[schedule]\nsend = \"24h before\"\n"
        ));
        let mut found: Vec<String> = roles(&given, header).into_iter().map(|(role, _)| role).collect();
        found.sort();
        let all = ["consent", "cost_centre", "id", "name", "phone", "route", "timezone", "when"];
        assert_eq!(found, all, "{header}");
        // A language changes which template goes out: it is pointed out, and used where the campaign says so.
        assert!(given.warnings(format!("{header}\n")).contains(&"language_column".to_owned()), "{header}");
    }
}

#[test]
fn numbered_columns_of_phones_are_tried_in_order_and_others_are_asked_about() {
    let given = given("");
    let text = "Teléfono 1,Teléfono 2,Nombre\n123,1155550102,Ana\n1155550103,1155550104,Eva\n,,Lía\n,1155550105,Leo\n";
    assert_eq!(given.fates(text), ["5491155550102", "5491155550103", "no_phone", "5491155550105"]);
    assert_eq!(roles(&given, "Teléfono 1,Teléfono 2,Nombre")[0].1, "Teléfono 1, Teléfono 2");
    assert_eq!(given.warnings(text), ["taken_for_mobiles", "several_phones"]);
    assert_eq!(given.blockers("Teléfono,Celular\n1,2\n"), ["ambiguous_column"]);
}

#[test]
fn numbered_columns_are_tried_by_their_numbers_wherever_they_stand() {
    let given = given("");
    let text = |header: &str| format!("{header},Nombre\n1155550102,1155550101,Ana\n1155550102,,Eva\n");
    for header in ["Celular 2,Celular 1", "Celular 2,Celular"] {
        assert_eq!(given.fates(text(header)), ["5491155550101", "5491155550102"], "{header}");
    }
}

#[test]
fn a_name_and_an_id_can_be_joined_of_several_columns() {
    let given = Given::promotion(&format!(
        "{BASE}[columns]\nname = \"Nombre + Apellido\"\nid = \"Sucursal + Nro\"\n[variables]\n1 = \"{{{{ client_name }}}}\"\n2 = \"{{{{ client_name | first_name }}}}\"\n"
    ));
    let text =
        "Nombre,Apellido,Sucursal,Nro,Celular\nANA,PAZ,3,12,1155550101\nEVA,,31,2,1155550102\nLuz,Sol,,7,1155550103\n";
    let rows = given.drafts(text);
    let shown: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.external_id.as_deref())).collect();
    // Without one of its columns an id would be another's.
    assert_eq!(shown, [("ANA PAZ", Some("3-12")), ("EVA", Some("31-2")), ("Luz Sol", None)]);
    let said: Vec<_> = rows[0].fill.body.iter().map(|value| value.text.as_str()).collect();
    assert_eq!(said, ["ANA PAZ", "Ana"]);
    let found = roles(&given, "Nombre,Apellido,Sucursal,Nro,Celular");
    assert!(found.contains(&("name".to_owned(), "Nombre + Apellido".to_owned())), "{found:?}");
    assert!(found.contains(&("id".to_owned(), "Sucursal + Nro".to_owned())), "{found:?}");
    assert_eq!(given.blockers("Nombre,Sucursal,Nro,Celular\nAna,3,12,1155550101\n")[0], "unknown_column");
}

#[test]
fn the_contacts_that_google_exports_have_their_phones_recognised() {
    let text = "Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value\n\
        Ana Paz,Mobile,+54 9 11 5555-0101,Home,\nEva Sol,Work,,Mobile,+54 9 11 5555-0102\n\
        Lía Luz,Mobile,+54 9 11 5555-0103 ::: +54 9 11 5555-0104,,\n";
    assert_eq!(given("").fates(text), ["5491155550101", "5491155550102", "5491155550103"]);
}

#[test]
fn of_several_numbers_the_first_counts_that_what_is_sent_is_delivered_to() {
    let given = given("phone = [\"Celular\", \"Fijo\"]");
    for (cells, expected) in [
        ("+1 305 444 0123,1155550101", "5491155550101"),
        ("+53 5555 0123,1155550101", "5491155550101"),
        ("+7 978 123 4567 / 1155550101,", "5491155550101"),
        ("mamá +1 305 444 0123 hija 1155550101,", "5491155550101"),
        ("no,+1 305 444 0123", "unreachable (no_marketing_there: US)"),
        ("+53 5555 0123,+1 305 444 0123", "unreachable (closed_country)"),
        ("1155550102,1155550101", "5491155550102"),
    ] {
        assert_eq!(given.fates(format!("Celular,Fijo\n{cells}\n")), [expected], "{cells}");
    }
    // Reminders are delivered in the United States.
    let reminder = Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"UTC\"\n{BASE}[columns]\nphone = [\"Celular\", \"Fijo\"]\n"
    ));
    assert_eq!(reminder.fates("Celular,Fijo\n+1 305 444 0123,1155550101\n"), ["13054440123"]);
}

#[test]
fn columns_of_phones_can_be_named_in_order_and_joined() {
    let named = given("phone = [\"Celular\", \"Fijo\"]");
    assert_eq!(named.fates("Fijo,Celular\n1155550101,1155550102\n1155550103,no\n"), ["5491155550102", "5491155550103"]);
    let joined = given("phone = \"DDD + Número\"");
    assert_eq!(joined.fates("DDD,Número\n11,5555-0101\n351,555-0102\n"), ["5491155550101", "5493515550102"]);
    assert_eq!(given("phone = [\"Celular\", \"Fixo\"]").blockers("Fijo,Celular\n1,2\n"), ["unknown_column_meant"]);
}

#[test]
fn of_several_numbers_in_a_cell_the_first_good_one_counts() {
    let given = given("");
    for cell in [
        "1155550101 / 1155550102",
        "123456 ; 1155550101",
        "1155550101 o 1155550102",
        "1155550101\n1155550102",
        "+54 9 11 5555-0101, +54 9 11 5555-0102",
    ] {
        let text = format!("Telefono;Nombre\n\"{cell}\";Ana\n");
        assert_eq!(given.fates(&text), ["5491155550101"], "{cell}");
        assert!(given.warnings(&text).contains(&"several_phones".to_owned()), "{cell}");
    }
}

#[test]
fn of_several_numbers_none_of_which_is_good_each_is_told_with_what_is_wrong_with_it() {
    let given = given("");
    let none = |cell: &str| given.fates(format!("Telefono;Nombre\n\"{cell}\";Ana\n"))[0].clone();
    for (cell, each) in [
        ("999999 / 888888", "999999 no_area_code | 888888 no_area_code"),
        ("115555010 - 0800 555 1234", "115555010 wrong_length | 0800 555 1234 service_number"),
        ("mamá 115555010 \\ hija 1155550", "115555010 wrong_length | 1155550 no_area_code"),
        ("529.982.247-25 ; 115555010", "529.982.247-25 paper_alone | 115555010 wrong_length"),
    ] {
        assert_eq!(none(cell), format!("bad_phone (several_none: {each})"), "{cell}");
    }
    assert_eq!(none("11/5555-01"), "bad_phone (no_area_code)", "a mark within one number");
    let said = |language| {
        recado::intake::rows::explain(language, "several_none: 999999 no_area_code | 115555010 wrong_length")
    };
    assert_eq!(
        said(recado::locale::Language::En),
        "The cell holds several numbers, and none can be sent to. “999999”: It is a local number without area code. \
         “115555010”: It has too few or too many digits for its country."
    );
    assert!(said(recado::locale::Language::Es).contains("«999999»: "), "{}", said(recado::locale::Language::Es));
}

#[test]
fn words_blanks_and_marks_around_a_number_do_no_harm_where_they_say_whose_it_is() {
    let colombia = Given::promotion(&BASE.replace("\"AR\"", "\"CO\""));
    for cell in [
        "3001234576 - 3011234577",
        "3001234576-3011234577",
        "3001234576 3011234577",
        "3001234576 \\ 3011234577",
        "(mamá) 3001234576",
        "mamá 3001234576",
        "3001234576 hija",
        "Cel 3001234576",
        "cel:3001234576 fijo:6011234567",
        "3001234576 Tel 6011234567",
        "+573001234576 +573011234577",
    ] {
        assert_eq!(colombia.fates(format!("Telefono;Nombre\n\"{cell}\";Ana\n")), ["573001234576"], "{cell}");
    }
    let argentina = given("");
    for cell in ["tel: 11-5555-0141 (hija)", "(+54 9 11) 5555-0141"] {
        assert_eq!(argentina.fates(format!("Telefono;Nombre\n\"{cell}\";Ana\n")), ["5491155550141"], "{cell}");
    }
}

#[test]
fn a_column_that_is_not_the_phones_is_one_blocker_and_not_thousands_of_exclusions() {
    let rows = (0..3_000).map(|row| format!("Ana,{row}\n")).collect::<Vec<_>>().concat();
    let problems = given("phone = \"Turno\"").open(format!("Nombre,Turno\n{rows}"), |_| ()).unwrap_err();
    let codes: Vec<&str> = problems.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(codes, ["few_phones"]);
    let rows = (0..100)
        .map(|row| if row % 10 < 7 { format!("Ana,11555501{row:02}\n") } else { "Eva,12\n".to_owned() })
        .collect::<Vec<_>>()
        .concat();
    let exact = format!("Nombre,Celular\n{rows}");
    assert_eq!(given("").blockers(&exact), Vec::<String>::new(), "70 % are enough");
    assert_eq!(given("").blockers(exact.replacen("Ana,1155550100", "Ana,12", 1)), ["few_phones"]);
    // Rows without a phone say nothing of the others.
    let rows = (0..100)
        .map(|row| if row < 60 { "Ana,\n".to_owned() } else { format!("Eva,11555501{row}\n") })
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(given("").blockers(format!("Nombre,Celular\n{rows}")), Vec::<String>::new());
}

#[test]
fn who_has_not_agreed_is_left_out() {
    let text = "Telefono;Nombre;Acepta WhatsApp\n1155550101;Ana;Sí\n1155550102;Eva;No\n1155550103;Lía;\n1155550104;Leo;não\n1155550105;Luz;2024-03-01\n";
    let (no, unsaid) = ("no_consent", "no_consent (consent_unsaid)");
    let marketing = recado::domain::template::Category::Marketing;
    let mut template = super::given::template("x");
    template.category = marketing;
    let promotion = given("").with_template(template);
    assert_eq!(promotion.fates(text), ["5491155550101", no, unsaid, no, "5491155550105"]);
    let reminder = Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n{BASE}"
    ));
    assert_eq!(reminder.fates(text)[2], "5491155550103", "a reminder needs no consent to be given again");
    assert_eq!(reminder.fates(text)[1], "5491155550102", "nor does it go by a word on promotions");
}

#[test]
fn a_cost_centre_that_is_recognised_pays() {
    let text = "Telefono;Nombre;Centro de costo\n1155550101;Ana;laboratorio\n";
    assert_eq!(given("").drafts(text)[0].cost_centre, "laboratorio");
    let fixed = Given::promotion(&format!("cost_centre = \"todo\"\n{BASE}"));
    assert_eq!(fixed.drafts(text)[0].cost_centre, "todo");
}

#[test]
fn columns_of_one_name_are_tried_in_order_or_said_by_their_place() {
    let text = "Teléfono,Nombre,Teléfono\n123,Ana,1155550102\n1155550103,Eva,1155550104\n";
    for columns in ["", "phone = \"Teléfono\"", "phone = [\"Teléfono\", \"Teléfono\"]"] {
        assert_eq!(given(columns).fates(text), ["5491155550102", "5491155550103"], "{columns}");
    }
    assert_eq!(given("phone = \"Teléfono 2\"").fates(text), ["5491155550102", "5491155550104"]);
    let names = "Teléfono,Nombre,Nombre\n1155550102,Ana,Paz\n";
    assert_eq!(given("name = \"Nombre 2\"").drafts(names)[0].name, "Paz");
}

#[test]
fn who_wants_no_promotions_is_left_out_whatever_the_column_is_called() {
    let promotion = given("");
    let rows =
        "1155550101,Ana,Sí\n1155550102,Eva,no\n1155550103,Lía,\n1155550104,Leo,01/03/2025\n1155550105,Luz,quizás\n";
    for header in
        ["Opt-out", "Baja", "No contactar", "Não perturbe", "Unsubscribed", "Bloqueado", "Consentimiento retirado"]
    {
        let out = |cell: &str| format!("no_consent (consent_refused_in: {header}: {cell})");
        let unclear = format!("no_consent (consent_unclear_in: {header}: quizás)");
        let fates = promotion.fates(format!("Telefono,Nombre,{header}\n{rows}"));
        let taken = ["5491155550102", "5491155550103"].map(str::to_owned);
        assert_eq!(fates[1..3], taken, "{header}");
        assert_eq!([&fates[0], &fates[3], &fates[4]], [&out("Sí"), &out("01/03/2025"), &unclear], "{header}");
    }
    // Both kinds of columns: who has agreed and then wanted no more gets none.
    let both = "Telefono,Acepta marketing,Baja,No molestar\n1155550101,sí,,\n1155550102,sí,x,\n1155550103,no,,\n1155550104,sí,no,1\n";
    let fates = promotion.fates(both);
    assert_eq!((fates[0].as_str(), fates[2].as_str()), ("5491155550101", "no_consent"));
    assert!(
        fates[1].ends_with("(consent_refused_in: Baja: x)")
            && fates[3].ends_with("(consent_refused_in: No molestar: 1)")
    );
    // The column that the campaign names counts for what its name says; who wants none gets none whichever that is.
    let named = given("consent = \"Acepta marketing\"").fates(both);
    assert_eq!((named[0].as_str(), named[2].as_str()), ("5491155550101", "no_consent"));
    assert!(named[1].starts_with("no_consent (consent_refused_in: Baja"), "{named:?}");
    // A reminder is no promotion.
    let reminder = Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n{BASE}"
    ));
    assert_eq!(reminder.fates(both)[1], "5491155550102");
}

#[test]
fn a_lone_phone_that_is_somebody_elses_by_its_name_is_asked_about() {
    for header in [
        "Teléfono médico",
        "Teléfono de la sede",
        "Celular vendedor",
        "Tel. sucursal",
        "Celular Dra.",
        "Telefone da clínica",
        "Celular de emergencia",
        "Branch phone",
    ] {
        let text = format!("Nombre,{header}\nAna,1155550101\nEva,1155550102\n");
        let problems = given("").open(&text, |_| ()).unwrap_err();
        assert_eq!((problems[0].code.as_str(), problems[0].args[0].1.as_str()), ("phone_of_others", header));
        let named = given(&format!("phone = \"{header}\""));
        assert_eq!(named.fates(&text), ["5491155550101", "5491155550102"], "{header}");
        let beside = format!("Nombre,{header},Celular\nAna,1155550101,1155550103\n");
        assert_eq!(given("").fates(&beside), ["5491155550103"], "{header}");
    }
    for header in ["Celular de la madre", "Celular tutor", "Tel. particular", "Teléfono principal", "Contacto"] {
        let text = format!("Nombre,{header}\nAna,1155550101\n");
        assert_eq!(given("").fates(&text), ["5491155550101"], "{header}");
    }
}
