//! Rows that lack their last cells, sheets that are hidden, files of other kinds, and notes beside phones.

use recado::intake::audience::Audience;

use super::given::Given;
use super::package::{package, xlsx};

fn given(more: &str) -> Given {
    Given::promotion(&format!("country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n{more}"))
}

#[test]
fn rows_that_only_lack_their_last_cells_are_taken_and_counted() {
    let short = |rows: usize, more: &str| {
        let row = |no: usize| format!("Ana;11555501{no:02};Norte\n");
        format!("Nombre;Telefono;Sede;Obs\n{}{more}", (0..rows).map(row).collect::<String>())
    };
    let all = given("");
    assert!(all.fates(short(12, "")).iter().all(|fate| fate.starts_with("549")), "{:?}", all.fates(short(12, "")));
    assert!(all.warnings(short(12, "")).contains(&"short_rows".to_owned()));
    // Some rows have the last cell: the others are as short as each other.
    let mixed = short(3, "Eva;1155550200;Sur;llamar\n");
    assert_eq!(all.fates(&mixed).len(), 4);
    assert!(all.fates(&mixed).iter().all(|fate| fate.starts_with("549")), "{:?}", all.fates(&mixed));
    // What the campaign uses must be there, and one row alone may be anything.
    let uses = given("[variables]\n1 = \"{{ obs }}\"\n");
    assert_eq!(uses.fates(short(2, ""))[0], "unreadable (cells: 3)");
    let one = "Nombre;Telefono;Sede;Obs\nEva;1155550200;Sur;x\nAna;1155550101;Norte\nLuz;1155550102;Sur;\n";
    assert_eq!(all.fates(one)[1], "unreadable (cells: 3)");
}

#[test]
fn the_last_row_of_a_file_may_have_been_cut_off() {
    let full = "Eva;1155550200;Sur;x\n".repeat(5);
    let text = format!("Nombre;Telefono;Sede;Obs\n{full}Ana;1155550101;Norte\nLía;1155550102;Norte\nLuz;1155550103;No");
    let fates = given("").fates(&text);
    assert_eq!((fates[5].as_str(), fates[7].as_str()), ("5491155550101", "unreadable (cells: 3)"), "{fates:?}");
}

#[test]
fn people_on_a_hidden_sheet_are_told_of_with_its_name() {
    let sheet = |head: &str, cell: &str| {
        format!(
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v>{head}</v></c></row>\
             <row r=\"2\"><c r=\"A2\" t=\"str\"><v>{cell}</v></c></row></sheetData></worksheet>"
        )
    };
    let (notes, people) = (sheet("x", "nota"), sheet("Celular", "1155550101"));
    let hidden = "state=\"hidden\"";
    let book = xlsx(&[("Notas", "", notes.as_bytes()), ("Oculta", hidden, people.as_bytes())], &[]);
    let problems = given("").open(&book, |_| ()).unwrap_err();
    assert_eq!((problems[0].code.as_str(), problems[0].args[0].1.as_str()), ("hidden_sheet", "Oculta"));
    assert_eq!(given("[reading]\nsheet = \"Oculta\"\n").fates(&book), ["5491155550101"]);
    // Where a sheet that is shown has phones, the others are nobody's business.
    let both = xlsx(&[("Turnos", "", people.as_bytes()), ("Oculta", hidden, people.as_bytes())], &[]);
    assert_eq!(given("").fates(&both), ["5491155550101"]);
}

#[test]
fn truth_values_of_a_workbook_are_words_of_the_campaigns_language() {
    let xml = br#"<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>Celular</v></c><c r="B1" t="str"><v>Vino</v></c></row>
        <row r="2"><c r="A2" t="str"><v>1155550101</v></c><c r="B2" t="b"><v>0</v></c></row></sheetData></worksheet>"#;
    let book = xlsx(&[("A", "", xml)], &[]);
    for (language, expected) in [("es_AR", "FALSO"), ("pt_BR", "FALSO"), ("en_US", "FALSE")] {
        let given = Given::promotion(&format!(
            "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"{language}\"\n[variables]\n1 = \"{{{{ vino }}}}\"\n"
        ));
        assert_eq!(given.drafts(&book)[0].fill.body[0].text, expected, "{language}");
    }
}

#[test]
fn other_kinds_of_files_are_refused_by_their_names() {
    let given = given("");
    let word = package(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w:document/>")]);
    for (bytes, code) in [
        (word, "audience_document"),
        (b"[{\"telefono\": \"1155550101\"}]".to_vec(), "audience_json"),
        (b"  {\"people\": [1]}".to_vec(), "audience_json"),
        (b"ID;PWXL;N;E\r\nC;Y1;X1;K\"Telefono\"\r\nE\r\n".to_vec(), "audience_sylk"),
    ] {
        let problems = Audience::open(&given.file(&bytes)).unwrap_err();
        assert_eq!(problems[0].code, code, "{}", String::from_utf8_lossy(&bytes));
    }
    // A table that begins with the letters of that format is a table.
    assert_eq!(given.fates("ID;Paciente;Telefono\nP;Pablo;1155550101\n"), ["5491155550101"]);
}

#[test]
fn a_link_to_a_chat_is_the_number_in_it() {
    for cell in ["wa.me/5491155550101", "https://wa.me/5491155550101", "HTTPS://WA.ME/5491155550101"] {
        let text = format!("Telefono;Nombre\n{cell};Ana\n");
        assert_eq!(given("").fates(&text), ["5491155550101"], "{cell}");
        assert!(!given("").warnings(&text).contains(&"several_phones".to_owned()), "{cell} is one number");
    }
}

#[test]
fn a_name_with_a_typographic_apostrophe_is_read_as_mac_roman_wrote_it() {
    use recado::intake::audience::Encoding;
    let row = |no: usize| format!("Se\u{f1}or O\u{2019}Higgins;11555501{no:02}\n");
    let rows: String = (0..20).map(row).collect();
    let (bytes, _, lost) = encoding_rs::MACINTOSH.encode(&rows);
    assert!(!lost);
    let text = [b"Nombre;Telefono\n".as_slice(), &bytes].concat();
    let given = given("[variables]\n1 = \"{{ nombre }}\"\n");
    let facts = given.open(&text, |rows| rows.facts().clone()).unwrap();
    assert_eq!(facts.encoding, Encoding::MacRoman);
    assert_eq!(given.drafts(&text)[0].fill.body[0].text, "Señor O’Higgins");
    // Without another letter there is only the apostrophe to go by.
    let row = |no: usize| format!("O\u{2019}Higgins;11555501{no:02}\n");
    let rows: String = (0..20).map(row).collect();
    let text = [b"Nombre;Telefono\n".as_slice(), &encoding_rs::MACINTOSH.encode(&rows).0].concat();
    assert_eq!(given.drafts(&text)[0].fill.body[0].text, "O’Higgins");
}

#[test]
fn the_mark_with_which_dos_ends_a_file_is_no_row() {
    let text = b"Nombre;Telefono\r\nAna;1155550101\r\n\x1a";
    assert_eq!(given("").fates(text), ["5491155550101"]);
    assert_eq!(given("").fates(b"Nombre;Telefono\r\nAna;1155550101\r\n\x1a\x1a\r\n"), ["5491155550101"]);
}

#[test]
fn a_column_called_by_its_appointment_alone_is_its_time() {
    let reminder = Given::campaign(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n\
         country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[schedule]\nsend = \"24h before\"\n",
    );
    for header in ["Turno", "Cita", "Horario", "Appointment"] {
        let drafts = reminder.drafts(format!("N° Tel;{header}\n1155550101;27/11/2026 09:00\n"));
        assert_eq!(drafts[0].happens_at.unwrap().to_string(), "2026-11-27T12:00:00Z", "{header}");
    }
    // Beside a date it is something else.
    let drafts = reminder.drafts("Telefono;Turno;Fecha;Hora\n1155550101;mañana;27/11/2026;09:00\n");
    assert_eq!(drafts[0].happens_at.unwrap().to_string(), "2026-11-27T12:00:00Z");
}

#[test]
fn a_date_beside_a_time_under_an_unusual_name_is_one_moment() {
    let reminder = |schedule: &str| {
        Given::campaign(&format!(
            "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n\
             country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[schedule]\n{schedule}\n"
        ))
    };
    for (date, time) in [("Fecha", "Hora inicio"), ("Appointment date", "Appointment time"), ("Data", "Horário início")]
    {
        let text = format!("N° Celular;{date};{time}\n1155550101;27/11/2026;09:00\n");
        let drafts = reminder("send = \"24h before\"").drafts(&text);
        let at = drafts[0].happens_at.unwrap().to_string();
        assert_eq!(at, "2026-11-27T12:00:00Z", "{date} {time}");
    }
}

#[test]
fn columns_whose_names_could_be_several_things_are_told_by_their_cells() {
    let reminder = Given::campaign(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n\
         country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[schedule]\nsend = \"24h before\"\n",
    );
    let at_nine = |text: String| {
        let drafts = reminder.drafts(&text);
        assert_eq!(drafts.len(), 2, "{text}");
        assert_eq!(drafts[0].happens_at.unwrap().to_string(), "2026-11-27T12:00:00Z", "{text}");
        assert_eq!(drafts[0].to.digits(), "5491155550101", "{text}");
        drafts[0].name.clone()
    };
    for header in ["Appointment", "Turno", "Consulta", "Cita", "Horario", "Inicio"] {
        let rows = "1155550101;27/11/2026 09:00\n1155550102;27/11/2026 10:00\n";
        at_nine(format!("Celular;{header}\n{rows}"));
        // Beside one that is something else.
        at_nine(format!("Celular;{header};Reserva\n{}", rows.replace('\n', ";confirmada\n")));
    }
    for header in ["N° Tel", "Contacto", "\"Celular\n(cel)\"", "Tel. del paciente"] {
        let rows = "27/11/2026 09:00;1155550101;Ana\n27/11/2026 10:00;1155550102;Eva\n";
        assert_eq!(at_nine(format!("Fecha y hora;{header};Nombre\n{rows}")), "Ana");
    }
    // Beside a date the time of day stands under any of those names.
    at_nine("Celular;Fecha;Turno\n1155550101;27/11/2026;09:00\n1155550102;27/11/2026;10:00\n".to_owned());
    // What holds something else is nobody's phone and no date.
    let name = at_nine(
        "Celular;Contacto;Fecha y hora;Consulta\n1155550101;Ana;27/11/2026 09:00;Clínica\n1155550102;Eva;27/11/2026 10:00;Clínica\n"
            .to_owned(),
    );
    assert_eq!(name, "Ana");
    let text = "Celular;Turno\n1155550101;mañana\n1155550102;tarde\n";
    assert_eq!(reminder.blockers(text), ["no_when_column"], "a shift is no date");
    assert_eq!(reminder.blockers("Contacto;Fecha y hora\nAna;27/11/2026 09:00\n"), ["no_phone_column"]);
    let two = "Celular;Cita;Consulta\n1155550101;27/11/2026 09:00;28/11/2026 09:00\n";
    assert_eq!(reminder.blockers(two), ["ambiguous_column"]);
}
