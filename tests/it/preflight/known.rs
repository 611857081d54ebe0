//! What is known is shown, and what is not is shown as not known.

use recado::domain::problem::Problem;
use recado::locale::Language;
use recado::preflight::{Sheet, json, text};

use super::folder::{AUDIENCE, CAMPAIGN, Folder};

/// The sheet in words, its lines joined.
fn flat(sheet: &Sheet) -> String {
    text(sheet, Language::En).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn codes(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|p| p.code.as_str()).collect()
}

#[test]
fn what_a_question_keeps_from_being_counted_is_not_known_and_what_was_found_out_is_shown() {
    let audience = format!("Turnos de la semana;;;;\n{AUDIENCE}Total de turnos: 7;;;;\n");
    let sheet = Folder::of(CAMPAIGN, &audience).sheet();
    assert_eq!(codes(&sheet.blockers), ["total_rows"]);
    assert_eq!((sheet.rows_read, sheet.messages, sheet.left_out()), (Some(8), None, None));
    assert_eq!((sheet.cost.low, sheet.cost.likely, sheet.cost.high), (None, None, None));
    let told = json(&sheet, Language::En);
    for key in ["/messages", "/cost/likely", "/sent_out_at", "/starts_at"] {
        assert_eq!(told.pointer(key), Some(&serde_json::Value::Null), "{key}: {told}");
    }
    assert_eq!((&told["rows_read"], &told["facts"]["header_row"]), (&8.into(), &2.into()));
    let said = flat(&sheet);
    for part in [
        "Rows read 8",
        "Messages not known yet",
        "Left out not known yet",
        "Cost not known yet",
        "UTF-8 (",
        "semicolons between cells",
        "header on line 2 (known by the names in it)",
        "above the header: Turnos de la semana",
        "phone: Teléfono",
        "when: Fecha + Hora",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("USD"), "{said}");
}

#[test]
fn a_column_that_is_not_there_leaves_the_columns_that_are_shown() {
    let sheet = Folder::of(&CAMPAIGN.replace("\"Teléfono\"", "\"Celular\""), AUDIENCE).sheet();
    assert_eq!((codes(&sheet.blockers), sheet.rows_read), (vec!["unknown_column"], None));
    assert!(flat(&sheet).contains("Rows read not known yet"), "{}", flat(&sheet));
    assert!(flat(&sheet).contains("name: Paciente"), "{}", flat(&sheet));
}

#[test]
fn a_row_left_out_is_told_with_its_value_its_column_and_the_cure() {
    let audience = AUDIENCE.replace("25/11/2026;14:30", "viernes;9.30 hs");
    let said = flat(&Folder::of(CAMPAIGN, &audience).sheet());
    let told = "the first, row 1: “viernes 9.30 hs” in the column “Fecha + Hora” is no date and time. Write it as 25/11/2026 14:30.";
    assert!(said.contains(told), "{said}");
}

#[test]
fn a_file_with_a_header_alone_is_told_to_have_no_rows() {
    let sheet = Folder::of(CAMPAIGN, AUDIENCE.lines().next().unwrap()).sheet();
    assert_eq!((codes(&sheet.blockers), sheet.rows_read), (vec!["no_rows"], Some(0)));
}

#[test]
fn a_template_that_the_account_has_otherwise_is_told_with_what_it_has() {
    let mut folder = Folder::new();
    folder.template = None;
    let has = |all: &[(&str, &str)]| all.iter().map(|(n, l)| ((*n).to_owned(), (*l).to_owned())).collect::<Vec<_>>();
    folder.templates = has(&[("appointment_reminder", "pt_BR"), ("appointment_reminder", "es_MX")]);
    let said = flat(&folder.sheet());
    assert!(said.contains("in es_AR; it has it in: pt_BR, es_MX."), "{said}");
    folder.templates = has(&[("apointment_reminder", "es_AR"), ("promo", "es_AR")]);
    let said = flat(&folder.sheet());
    assert!(said.contains("did you mean “apointment_reminder” (es_AR)?"), "{said}");
    folder.templates = has(&[("promo", "es_AR")]);
    assert_eq!(codes(&folder.sheet().blockers), ["template_unknown"]);
}
