//! Numbers that are no person's phone: identity numbers and services, in a cell and in a column.

use recado::domain::problem::Problem;

use super::given::Given;

fn given(country: &str, more: &str) -> Given {
    Given::promotion(&format!("country = \"{country}\"\n{more}\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n"))
}

/// With keys of `[columns]` or `[reading]`.
fn saying(country: &str, more: &str) -> Given {
    Given::promotion(&format!(
        "country = \"{country}\"\narea_code = \"11\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n{more}\n"
    ))
}

fn column(title: &str, cells: &[&str]) -> String {
    format!("{title}\n{}\n", cells.join("\n"))
}

fn warning(given: &Given, text: &str, code: &str) -> Option<Problem> {
    let told = given.open(text, |mut rows| {
        rows.by_ref().for_each(drop);
        rows.warnings()
    });
    told.unwrap_or_else(|p| panic!("{p:?}")).into_iter().find(|p| p.code == code)
}

#[test]
fn numbers_of_services_are_left_out_with_their_reason_and_counted() {
    for (country, cell) in [
        ("BR", "0800 123 4567"),
        ("BR", "4004-1234"),
        ("BR", "+55 800 123 4567"),
        ("ES", "900 123 456"),
        ("ES", "902123456"),
        ("AR", "0800-555-1234"),
        ("AR", "0810 555 1234"),
        ("MX", "800 123 4567"),
        ("US", "1-800-555-1234"),
        ("CO", "01 8000 123456"),
    ] {
        let (given, text) = (given(country, ""), column("Celular", &[cell]));
        assert_eq!(given.fates(&text), ["bad_phone (service_number)"], "{country} {cell}");
        let told = warning(&given, &text, "services").expect("it is counted");
        assert_eq!(told.args, [("n".to_owned(), "1".to_owned())]);
    }
}

#[test]
fn identity_numbers_among_phones_are_left_out_where_they_can_be_no_phone() {
    let brazil = column("Celular", &["11987654321", "52998224725", "11144477735", "13987650150", "21987654321"]);
    assert_eq!(
        given("BR", "").fates(brazil),
        ["5511987654321", "bad_phone (paper: CPF)", "bad_phone (paper: CPF)", "5513987650150", "5521987654321"]
    );
    let colombia = column("Celular", &["3001234567", "1020345678", "1.134.567.890", "3011234567"]);
    let left_out = "bad_phone (paper: cédula)";
    assert_eq!(given("CO", "").fates(&colombia), ["573001234567", left_out, left_out, "573011234567"]);
    assert!(warning(&given("CO", ""), &colombia, "papers").is_some());
    let argentina = column("Celular", &["1155550101", "20123456786", "1155550102"]);
    assert_eq!(given("AR", "").fates(argentina)[1], "bad_phone (paper: CUIT)", "no number of Egypt");
}

#[test]
fn a_good_number_in_a_later_column_counts_where_the_first_holds_an_identity_number() {
    let text = "Celular 1;Celular 2\n52998224725;11987654321\n11987654322;\n";
    assert_eq!(given("BR", "").fates(text), ["5511987654321", "5511987654322"]);
}

#[test]
fn a_column_that_is_called_by_identity_numbers_is_asked_about_before_anything_is_sent() {
    let text = column("DNI", &["28345678"; 20]);
    assert_eq!(saying("AR", "[columns]\nphone = \"DNI\"").blockers(&text), ["identity_header"]);
    let meant = "[columns]\nphone = \"DNI\"\n[reading]\nidentity_numbers = \"take\"";
    assert_eq!(saying("AR", meant).fates(&text)[0], "5491128345678");
    let both = "[columns]\nphone = \"DNI / Tel\"";
    assert_eq!(saying("AR", both).blockers(column("DNI / Tel", &["1155550101"; 20])), Vec::<String>::new());
}

#[test]
fn a_column_of_eight_digits_is_told_with_figures_and_asked_about_where_no_line_begins_so() {
    let dni: Vec<String> = (0..20).map(|no| format!("2834{:04}", no * 37)).collect();
    let mut cells: Vec<&str> = dni.iter().map(String::as_str).collect();
    let local = saying("AR", "");
    let told = warning(&local, &column("Telefono", &cells), "identity_numbers_perhaps").expect("a warning");
    let figures: Vec<&str> = told.args.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(figures, ["Telefono", "DNI", "20", "20"]);
    let taken = saying("AR", "[reading]\nidentity_numbers = \"take\"");
    assert_eq!(warning(&taken, &column("Telefono", &cells), "identity_numbers_perhaps"), None);
    cells.extend(["14123456", "12123457", "92345678"]);
    assert_eq!(local.blockers(column("Telefono", &cells)), ["identity_numbers"]);
    assert_eq!(taken.blockers(column("Telefono", &cells)), Vec::<String>::new());
    let phones = column("Telefono", &["4555-0101", "4555-0102", "4555-0103", "4555-0104", "4555-0105"]);
    assert_eq!(warning(&local, &phones, "identity_numbers_perhaps"), None);
    let colombia = column("Celular", &["79543210", "80123456", "52345678", "39765432", "41234567"]);
    assert_eq!(given("CO", "").blockers(colombia), ["identity_numbers"]);
}
