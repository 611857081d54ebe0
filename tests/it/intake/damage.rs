//! Damage that files come with: repaired where it is certain what stood there, told with its place and cure otherwise.

use std::collections::BTreeMap;

use recado::intake::audience::{Repair, clean};
use recado::intake::rows::RowFate;

use super::given::{Given, template};
use super::package::xlsx;

const BASE: &str =
    "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{ nombre }}\"\n";

fn given() -> Given {
    Given::promotion(BASE)
}

fn appointments(more: &str) -> Given {
    Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n{BASE}\
         [schedule]\nsend = \"24h before\"\n{more}"
    ))
}

fn repairs(given: &Given, text: &str) -> BTreeMap<Repair, u64> {
    let read = given.open(text, |mut rows| {
        rows.by_ref().for_each(drop);
        rows.facts().repairs.clone()
    });
    read.unwrap_or_else(|p| panic!("{p:?}"))
}

fn first(problems: Vec<recado::domain::problem::Problem>) -> (String, BTreeMap<String, String>) {
    let problem = problems.into_iter().next().expect("a problem");
    (problem.code, problem.args.into_iter().collect())
}

#[test]
fn damaged_accents_are_repaired_where_all_of_a_cell_goes_back() {
    for (damaged, whole) in [
        ("FranÃ§ois", "François"),
        ("MarÃ\u{ad}a JosÃ©", "María José"),
        ("SÃ£o JoÃ£o", "São João"),
        ("Ãngela NÃºÃ±ez", "Ángela Núñez"),
        ("Ã‰vora", "Évora"),
        ("Ã\u{91}ANDÃ\u{9a}", "ÑANDÚ"),
        ("Ã\u{89}vora", "Évora"),
        ("Â¿CuÃ¡ndo?", "¿Cuándo?"),
    ] {
        let cleaned = clean(damaged);
        if damaged.starts_with("Ãn") {
            // The second byte of Á was lost on the way: nobody can be certain.
            assert!(cleaned.is_damaged || cleaned.text == damaged, "{damaged}");
        } else {
            assert_eq!((cleaned.text.as_ref(), cleaned.repairs.as_slice()), (whole, &[Repair::Mojibake][..]));
        }
    }
    let text = "Nombre,Telefono\nFranÃ§ois,1155550101\nJosé,1155550102\n";
    assert_eq!(given().drafts(text)[0].fill.body[0].text, "François");
    assert_eq!(repairs(&given(), text), BTreeMap::from([(Repair::Mojibake, 1)]));
}

#[test]
fn damaged_accents_that_do_not_go_back_are_told_with_line_and_column() {
    let problems = given().open("Telefono,Nombre\n1155550101,Ana\n1155550102,FranÃ§ois Peña\n", |_| ()).unwrap_err();
    let (code, args) = first(problems);
    assert_eq!((code.as_str(), args["line"].as_str(), args["column"].as_str()), ("audience_mojibake", "3", "Nombre"));
}

#[test]
fn characters_that_were_lost_before_are_counted_and_told() {
    let text = "Nombre,Telefono\nJos\u{fffd},1155550101\nMar\u{fffd}a Pe\u{fffd}a,1155550102\n";
    for bytes in [text.as_bytes().to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()] {
        let warnings = given().open(bytes, |rows| rows.warnings()).unwrap();
        let (code, args) = first(warnings.into_iter().filter(|w| w.code == "lost_characters").collect());
        assert_eq!((code.as_str(), args["n"].as_str()), ("lost_characters", "3"));
        assert_eq!((args["line"].as_str(), args["column"].as_str()), ("2", "Nombre"));
    }
    let sheet = b"<worksheet><sheetData><row r=\"1\"><c t=\"str\"><v>Nombre</v></c><c t=\"str\"><v>Tel\xEF\xBF\xBDfono</v></c></row>\
        <row r=\"2\"><c t=\"str\"><v>Ana</v></c><c t=\"str\"><v>1155550101</v></c></row></sheetData></worksheet>";
    let named = Given::promotion(&format!("{BASE}[columns]\nphone = \"Tel\u{fffd}fono\"\n"));
    let warnings = named.open(xlsx(&[("A", "", sheet)], &[]), |rows| rows.warnings()).unwrap();
    let (_, args) = first(warnings.into_iter().filter(|w| w.code == "lost_characters").collect());
    assert_eq!((args["n"].as_str(), args["line"].as_str()), ("1", "1"), "in a workbook and in its header too");
    assert!(!given().warnings("Nombre,Telefono\nJosé,1155550101\n").contains(&"lost_characters".to_owned()));
}

#[test]
fn odd_spaces_and_what_is_not_seen_go_and_what_joins_emoji_stays() {
    for (odd, plain) in [
        ("\u{a0}Ana\u{2007}Paz\u{200b}", "Ana Paz"),
        ("\u{feff}Ana\u{ad}", "Ana"),
        ("Ana\u{7f}\u{1}Paz", "AnaPaz"),
        ("👩\u{200d}👩\u{200d}👧", "👩\u{200d}👩\u{200d}👧"),
    ] {
        assert_eq!(clean(odd).text, plain);
    }
    let text = "Nombre,\u{feff}Telefono\u{a0}\nAna\u{a0}Paz,\u{202a}+54 9 11 5555-0101\u{202c}\n";
    assert_eq!(given().fates(text), ["5491155550101"]);
    assert_eq!(repairs(&given(), text)[&Repair::OddSpaces], 2);
}

#[test]
fn excels_apostrophes_and_formulas_around_texts_go_and_names_keep_theirs() {
    for (cell, text) in [
        ("'1155550101", "1155550101"),
        ("'+54 9 11", "+54 9 11"),
        ("'t Hooft", "'t Hooft"),
        ("'12' x", "'12' x"),
        ("=\"0011\"", "0011"),
        ("=\"a\"&\"b\"", "=\"a\"&\"b\""),
    ] {
        assert_eq!(clean(cell).text, text);
    }
    let text = "Nombre;Telefono\nAna;'1155550101\nEva;\"=\"\"1155550102\"\"\"\n";
    assert_eq!(given().fates(text), ["5491155550101", "5491155550102"]);
}

#[test]
fn a_number_with_an_exponent_is_repaired_if_no_digit_is_missing_and_told_otherwise() {
    let text = "Nombre;Telefono\nAna;5,491155550101E+12\nEva;5.491155550102e12\nLía;5,49E+12\nLeo;5,4911555501E+12\n";
    assert_eq!(
        given().fates(text),
        ["5491155550101", "5491155550102", "bad_phone (scientific_notation)", "bad_phone (scientific_notation)"]
    );
    assert_eq!(repairs(&given(), text)[&Repair::Exponent], 2);
}

#[test]
fn phones_that_a_spreadsheet_rounded_away_are_one_blocker_that_says_so() {
    let rows =
        (0..40).map(|row| if row % 2 == 0 { "Ana;5,49E+12\n".to_owned() } else { format!("Eva;11555501{row:02}\n") });
    let text = format!("Nombre;Celular\n{}", rows.collect::<Vec<_>>().concat());
    let (code, args) = first(given().open(&text, |_| ()).unwrap_err());
    assert_eq!((code.as_str(), args["column"].as_str(), args["percent"].as_str()), ("phones_rounded", "Celular", "50"));
}

#[test]
fn ids_that_a_spreadsheet_rounded_away_stop_the_start() {
    let text = "ID;Nombre;Celular;Fecha\n1,23E+15;Ana;1155550101;26/11/2026\n1,23E+15;Eva;1155550102;27/11/2026\n";
    let (code, args) = first(appointments("").open(text, |_| ()).unwrap_err());
    assert_eq!((code.as_str(), args["n"].as_str(), args["row"].as_str()), ("ids_rounded", "2", "1"));
}

#[test]
fn numbers_without_their_zeros_are_completed_as_far_as_the_country_tells() {
    assert_eq!(given().fates("Nombre,Telefono\nAna,01155550101\nEva,1155550102\n"), ["5491155550101", "5491155550102"]);
}

#[test]
fn dates_that_came_as_numbers_are_read_where_all_of_them_are() {
    let text = "Nombre;Celular;Fecha\nAna;1155550101;46352\nEva;1155550102;46352,604166666\n";
    let given = appointments("");
    let at: Vec<String> = given.drafts(text).iter().map(|d| d.happens_at.unwrap().to_string()).collect();
    assert_eq!(at, ["2026-11-26T03:00:00Z", "2026-11-26T17:30:00Z"]);
    assert_eq!(repairs(&given, text)[&Repair::SerialDate], 2);
    assert!(given.warnings(text).contains(&"dates_serial".to_owned()));
    let with_times = "Nombre;Celular;Fecha;Hora\nAna;1155550101;46352;0,604166666\nEva;1155550102;46353;9:30\n";
    let at: Vec<String> = given.drafts(with_times).iter().map(|d| d.happens_at.unwrap().to_string()).collect();
    assert_eq!(at, ["2026-11-26T17:30:00Z", "2026-11-27T12:30:00Z"]);
    let at_noon = "Nombre;Celular;Fecha;Hora\nAna;1155550101;46352;0.5\nEva;1155550102;46353;0.416666666666667\n";
    let at: Vec<String> = given.drafts(at_noon).iter().map(|d| d.happens_at.unwrap().to_string()).collect();
    assert_eq!(at, ["2026-11-26T15:00:00Z", "2026-11-27T13:00:00Z"]);
    let mixed = "Nombre;Celular;Fecha\nAna;1155550101;46352\nEva;1155550102;26/11/2026 10:00\n";
    assert_eq!(given.fates(mixed)[0], "bad_when (unreadable_date_in: Fecha: 46352)");
}

#[test]
fn day_and_month_can_be_said_where_the_file_does_not_tell() {
    let text = "Nombre;Celular;Fecha\nAna;1155550101;03/12/2026 10:00\n";
    let unsaid = appointments("");
    assert!(unsaid.warnings(text).contains(&"dates_ambiguous".to_owned()));
    for (said, day) in [("day first", "2026-12-03"), ("month first", "2026-03-12")] {
        let given = appointments(&format!("[reading]\ndates = \"{said}\"\n"));
        let read = given.open(text, |mut rows| (rows.next(), rows.warnings()));
        let (row, warnings) = read.unwrap();
        assert!(warnings.iter().all(|w| w.code != "dates_ambiguous"), "{warnings:?}");
        match row.unwrap().fate {
            RowFate::Message(draft) => assert!(draft.happens_at.unwrap().to_string().starts_with(day)),
            RowFate::Excluded(left) => {
                assert_eq!((left.detail, said), ("happens: 2026-03-12 10:00".to_owned(), "month first"));
            }
        }
    }
}

#[test]
fn a_row_with_a_spreadsheets_error_where_it_matters_is_left_out_and_told() {
    let text =
        "Nombre,Telefono,Nota\n#N/D,1155550101,x\nEva,1155550102,#REF!\n#¡VALOR!,1155550103,\n####,1155550104,\n";
    let left = "bad_value (cell_error: Nombre)";
    assert_eq!(given().fates(text), [left, "5491155550102", left, left]);
    let warning = given().open(text, |rows| rows.warnings()).unwrap();
    let (code, args) = first(warning.into_iter().filter(|w| w.code == "cell_errors").collect());
    assert_eq!(
        (code.as_str(), args["n"].as_str(), args["row"].as_str(), args["column"].as_str()),
        ("cell_errors", "3", "1", "Nombre")
    );
}

#[test]
fn rows_of_totals_are_asked_about_and_done_as_the_campaign_says() {
    let text = "Nombre;Telefono;Monto\nAna;1155550101;10\nTotal norte:;;10\nEva;1155550102;20\nTOTAL GENERAL;2;30\n";
    let (code, args) = first(given().open(text, |_| ()).unwrap_err());
    assert_eq!((code.as_str(), args["n"].as_str(), args["row"].as_str()), ("total_rows", "2", "2"));
    let left_out = Given::promotion(&format!("{BASE}[reading]\ntotal_rows = \"leave out\"\n"));
    let gone = "not_selected (total_row)";
    assert_eq!(left_out.fates(text), ["5491155550101", gone, "5491155550102", gone]);
    let taken = Given::promotion(&format!("{BASE}[reading]\ntotal_rows = \"take\"\n"));
    assert_eq!(taken.fates(text)[1], "no_phone");
    // A person of that name is no total.
    assert_eq!(given().blockers("Nombre;Telefono\nTotal Rodríguez;1155550101\n"), Vec::<String>::new());
}

#[test]
fn values_unlike_the_templates_own_example_are_one_blocker() {
    let mut example = template("Hola {{1}}");
    example.examples = vec![("1".to_owned(), "María".to_owned())];
    let rows = (10..30).map(|row| format!("11555501{row},Ana,11555501{row}\n")).collect::<Vec<_>>().concat();
    let text = format!("Telefono,Quien,Nombre\n{rows}");
    let (code, args) = first(given().with_template(example.clone()).open(&text, |_| ()).unwrap_err());
    assert_eq!((code.as_str(), args["name"].as_str(), args["example"].as_str()), ("unlike_example", "1", "María"));
    let right = text.replace("Quien,Nombre", "Nombre,Otro");
    assert_eq!(given().with_template(example).blockers(right), Vec::<String>::new());
}
