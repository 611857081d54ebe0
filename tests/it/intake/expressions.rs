//! Expressions over a row.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::value::Value;
use recado::intake::expression::{Expression, Place, RowValues, Style, When};

const COLUMNS: [(&str, &str); 9] = [
    ("paciente", "MARIA JOSE DE LA CRUZ"),
    ("registro", "García López, Dra. ANA"),
    ("vacio", ""),
    ("monto", "1234,5"),
    ("fecha", "24/11/2026"),
    ("estado", " Cancelado "),
    ("nota", "línea\nuna"),
    ("mc", "McDonald"),
    ("edad", "42"),
];

fn names() -> BTreeSet<&'static str> {
    COLUMNS.iter().map(|(name, _)| *name).chain(["when", "clinic_phone"]).collect()
}

fn row(style: Style) -> Value {
    let when = When { local: jiff::civil::date(2026, 11, 24).at(14, 30, 0, 0), has_time: true, style };
    Value::from_object(RowValues {
        cells: COLUMNS.iter().map(|(_, cell)| (*cell).to_owned()).collect(),
        columns: Arc::new(COLUMNS.iter().enumerate().map(|(i, (name, _))| ((*name).to_owned(), i)).collect()),
        vars: Arc::new(BTreeMap::from([("clinic_phone".to_owned(), "+54 11 5555-0100".to_owned())])),
        when: Some(when),
        client: None,
        numbers: Vec::new(),
    })
}

fn say(source: &str, style: Style) -> String {
    match Expression::compile(source, &Place::of("variables", "1", None), style, &names()) {
        Ok(expression) => expression.text(&row(style)).unwrap_or_else(|_| "failed".to_owned()),
        Err(problems) => problems.into_iter().map(|p| p.code).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn expressions_say_what_their_pieces_say() {
    for (source, expected) in [
        ("Hola", "Hola"),
        ("{{ paciente | first_name }}", "Maria"),
        ("{{ paciente | title }}", "Maria Jose de la Cruz"),
        ("{{ registro | first_name }}", "Ana"),
        ("{{ mc | title }}", "McDonald"),
        ("{{ vacio }}", ""),
        ("{{ vacio | default('cliente') }}", "cliente"),
        ("{{ vacio or 'cliente' }}", "cliente"),
        ("{{ estado | trim | upper }}", "CANCELADO"),
        ("Tel. {{ clinic_phone }}!", "Tel. +54 11 5555-0100!"),
        ("{{ when }}", "martes 24 de noviembre, 14:30"),
        ("el {{ when | day }} a las {{ when | time }}", "el martes 24 de noviembre a las 14:30"),
        ("{{ when | date }}", "24/11/2026"),
        ("{{ fecha | day }}", "martes 24 de noviembre"),
        ("{{ monto | money }}", "1.234,50"),
        ("{{ monto | money('$') }}", "$ 1.234,50"),
        ("{{ 'sí' if edad | number > 40 else 'no' }}", "sí"),
        ("{{ '}}' }}", "}}"),
        ("{{- paciente | lower -}}", "maria jose de la cruz"),
        ("{{ fecha | time }}", "failed"),
        ("{{ paciente | day }}", "failed"),
        ("{{ paciente.algo }}", "unknown_name_meant"),
        ("{{ pacient }}", "unknown_name_meant"),
        ("{{ xyzzy }}", "unknown_name"),
        ("{{ xyzzy | default('x') }}", "unknown_name"),
        ("{{ paciente | firstname }}", "unknown_filter_meant"),
        ("{{ vacio and (paciente | firstname) }}", "unknown_filter_meant"),
        ("{{ paciente | qq }}", "unknown_filter"),
        ("{{ paciente | }}", "bad_expression"),
        ("{{ paciente", "bad_expression"),
        ("paciente }}", "bad_expression"),
        ("{% for x in paciente %}{{ x }}{% endfor %}", "bad_expression"),
        ("{# nota #}", "bad_expression"),
        ("{{ range(9) }}", "unknown_name"),
    ] {
        assert_eq!(say(source, Style::Es), expected, "{source}");
    }
}

#[test]
fn dates_and_amounts_are_written_in_the_templates_language() {
    for (tag, when, date, amount) in [
        ("es_AR", "martes 24 de noviembre, 14:30", "24/11/2026", "1.234,50"),
        ("es_MX", "martes 24 de noviembre, 14:30", "24/11/2026", "1,234.50"),
        ("pt_BR", "terça-feira, 24 de novembro, 14:30", "24/11/2026", "1.234,50"),
        ("en_US", "Tuesday 24 November, 14:30", "24 November 2026", "1,234.50"),
    ] {
        let style = Style::of_tag(tag);
        assert_eq!(say("{{ when }}", style), when);
        assert_eq!(say("{{ when | date }}", style), date);
        assert_eq!(say("{{ monto | money }}", style), amount);
    }
}

#[test]
fn greetings_find_the_given_name() {
    let first = |name: &str| say(&format!("{{{{ '{name}' | first_name }}}}"), Style::Es);
    for (name, expected) in [
        ("JOSÉ", "José"),
        ("úrsula pérez", "Úrsula"),
        ("Sra. Paula Villalba", "Paula"),
        ("Dra", ""),
        ("Benítez, Damián", "Damián"),
        ("Benítez,", "Benítez"),
        ("ANA-MARIA LOPES", "Ana-Maria"),
        ("  ana   maría ", "Ana"),
        ("(Ana)", "Ana"),
        ("...", ""),
        ("", ""),
    ] {
        assert_eq!(first(name), expected, "{name}");
    }
}

#[test]
fn an_expression_that_would_not_end_or_not_fit_fails_on_the_row() {
    assert_eq!(say("{{ 'a' * 5000 }}", Style::Es), "failed");
    assert_eq!(say("{{ [1] * 100000 }}", Style::Es), "failed");
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(500), ")".repeat(500));
    assert_eq!(say(&deep, Style::Es), "bad_expression");
    assert_eq!(say(&"x".repeat(5000), Style::Es), "bad_expression");
}

#[test]
fn a_condition_is_one_expression_and_nothing_beside_it() {
    let condition =
        |source: &str| Expression::condition(source, &Place::of("columns", "only", None), Style::Es, &names());
    let holds = |source: &str| condition(source).unwrap().holds(&row(Style::Es)).unwrap();
    assert!(!holds("{{ estado | trim != 'Cancelado' }}"));
    assert!(holds(" {{ edad == '42' and vacio == '' }} "));
    for malformed in ["estado != 'x'", "{{ edad }} {{ edad }}", "{{ edad }} !"] {
        assert_eq!(condition(malformed).unwrap_err()[0].code, "condition_form", "{malformed}");
    }
    for silent in [
        "{{ edad == '42' and not vacio }}",
        "{{ estado and edad == '42' }}",
        "{{ true if estado else false }}",
        "{{ 'sí' if (estado | lower) else 'no' }}",
    ] {
        assert_eq!(condition(silent).unwrap_err()[0].code, "bare_name", "{silent}");
    }
}

#[test]
fn what_is_a_text_is_not_compared_as_a_number() {
    for silent in ["{{ edad > 40 }}", "{{ 'mayor' if edad >= 18 else 'menor' }}", "{{ edad == 42 }}"] {
        assert_eq!(say(silent, Style::Es), "text_for_number", "{silent}");
    }
    assert_eq!(say("{{ 'mayor' if edad | number > 5 else 'menor' }}", Style::Es), "mayor");
    assert_eq!(say("{{ 'si' if edad == '42' else 'no' }}", Style::Es), "si");
    for silent in ["{{ 'antes' if fecha < '9:00' else 'x' }}", "{{ edad > '5' }}", "{{ when | date > '25/11/2026' }}"] {
        assert_eq!(say(silent, Style::Es), "text_order", "{silent}");
    }
    assert_eq!(say("{{ 'x' if when > '2026-11-25' else 'y' }}", Style::Es), "when_order");
    assert_eq!(say("{{ 'tarde' if when | time >= '09:00' else 'temprano' }}", Style::Es), "tarde");
}

#[test]
fn money_is_written_as_people_of_its_currency_and_language_read_it() {
    for (tag, amount, unit, expected) in [
        ("es_AR", "1234,5", "ARS", "$ 1.234,50"),
        ("es_MX", "1234.5", "MXN", "$1,234.50"),
        ("es_CO", "125000", "COP", "$ 125.000"),
        ("es_CL", "$ 12.990", "CLP", "$ 12.990"),
        ("es_CL", "12990,50", "CLP", "$ 12.990,50"),
        ("es_PE", "1,234.50", "PEN", "S/1,234.50"),
        ("es", "1234,5", "EUR", "1.234,50 €"),
        ("es_AR", "99", "USD", "US$ 99,00"),
        ("pt_BR", "R$ 1.234,5", "BRL", "R$ 1.234,50"),
        ("pt_PT", "1234,5", "EUR", "1.234,50 €"),
        ("en_US", "-1234.5", "USD", "-$1,234.50"),
        ("es_PY", "150000", "PYG", "₲ 150.000"),
        ("es_AR", "10", "puntos", "puntos 10,00"),
    ] {
        let source = format!("{{{{ '{amount}' | money('{unit}') }}}}");
        assert_eq!(say(&source, Style::of_tag(tag)), expected, "{tag} {amount} {unit}");
    }
    assert_eq!(say("{{ 'mucho' | money('ARS') }}", Style::Es), "failed");
}

/// What an expression gives for a row whose person is called `name`.
fn greeting(source: &str, name: Option<&str>) -> String {
    let known: BTreeSet<&str> = names().into_iter().chain(["client_name"]).collect();
    let mut row = RowValues {
        cells: COLUMNS.iter().map(|(_, cell)| (*cell).to_owned()).collect(),
        columns: Arc::new(COLUMNS.iter().enumerate().map(|(i, (name, _))| ((*name).to_owned(), i)).collect()),
        vars: Arc::new(BTreeMap::new()),
        when: None,
        client: name.map(str::to_owned),
        numbers: Vec::new(),
    };
    // A file with a column of names whose cell is empty.
    let place = row.cells.len();
    row.cells.push(String::new());
    Arc::make_mut(&mut row.columns).insert("client_name".to_owned(), place);
    let expression = Expression::compile(source, &Place::of("variables", "1", None), Style::Es, &known).unwrap();
    expression.text(&Value::from_object(row)).unwrap_or_else(|_| "failed".to_owned())
}

#[test]
fn a_greeting_by_an_unknown_name_is_empty_unless_it_says_what_to_say_instead() {
    for (source, unknown, known) in [
        ("{{ client_name }}", "", "ANA PAZ"),
        ("Sr. {{ client_name | first_name }}", "", "Sr. Ana"),
        ("{{ client_name }} {{ edad }}", "", "ANA PAZ 42"),
        ("{{ 'Sr. ' ~ client_name }}", "", "Sr. ANA PAZ"),
        ("{{ ('Sr. ' ~ client_name | title) | trim }}!", "", "Sr. Ana Paz!"),
        ("Sr. {{ client_name | default('cliente') }}", "Sr. cliente", "Sr. ANA PAZ"),
        ("Sr. {{ client_name | first_name | default('cliente') | upper }}", "Sr. CLIENTE", "Sr. ANA"),
        ("{{ 'Hola ' ~ client_name if client_name else 'Hola' }}", "Hola", "Hola ANA PAZ"),
        ("{{ 'Hola' if client_name == '' else 'Hola ' ~ client_name }}", "Hola", "Hola ANA PAZ"),
        ("{{ client_name or 'cliente' }} {{ edad }}", "cliente 42", "ANA PAZ 42"),
        ("{{ edad }} {{ vacio }}", "42 ", "42 "),
    ] {
        assert_eq!(greeting(source, None), unknown, "{source}");
        assert_eq!(greeting(source, Some("ANA PAZ")), known, "{source}");
    }
}

#[test]
fn an_initial_is_no_first_name_and_what_is_no_name_greets_nobody() {
    let names = BTreeSet::from(["nombre"]);
    let first = |name: &str| {
        let source = "{{ nombre | first_name }}";
        let expression = Expression::compile(source, &Place::of("variables", "1", None), Style::Es, &names).unwrap();
        let row = Value::from_object(RowValues {
            cells: vec![name.to_owned()],
            columns: Arc::new(BTreeMap::from([("nombre".to_owned(), 0)])),
            vars: Arc::new(BTreeMap::new()),
            when: None,
            client: None,
            numbers: Vec::new(),
        });
        expression.text(&row).unwrap()
    };
    for (name, expected) in [
        ("M. José Paz", "M. José"),
        ("Mª José Paz", "Mª José"),
        ("MARÍA JOSÉ PAZ", "María"),
        ("García, M. JOSÉ", "M. José"),
        ("D. Juan Paz", "Juan"),
        ("Dña. Ana Paz", "Ana"),
        ("D. Paz", "D. Paz"),
        ("J. Pérez", "J. Pérez"),
        ("FCO. JAVIER GIL", "Fco. Javier"),
        ("Sr. Dr. Luis Paz", "Luis"),
        ("Ana B. Paz", "Ana"),
        ("Don", "Don"),
        ("Ana", "Ana"),
        ("M.", "M"),
    ] {
        assert_eq!(first(name), expected, "{name}");
    }
    for nobody in ["null", "NULL", "N/A", "n.a.", "NN", "N.N.", "Sra.", "SR", "Dr.", "s/n", "Sin nombre", "-", ""] {
        assert_eq!(first(nobody), "", "{nobody}");
    }
}
