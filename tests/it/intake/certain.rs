//! What is read by its value and by evidence, and what is told rather than guessed.

use recado::domain::problem::Problem;
use recado::domain::template::{Category, Template};

use super::given::{Given, template};
use super::package::xlsx;

fn promotion(variable: &str) -> Given {
    Given::promotion(&format!(
        "country = \"AR\"\narea_code = \"11\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{{{ {variable} }}}}\"\n"
    ))
}

fn reminder(more: &str) -> Given {
    Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\ncountry = \"AR\"\n\
         [template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{{{ nombre }}}}\"\n[schedule]\nsend = \"24h before\"\n{more}"
    ))
}

fn problem(problems: &[Problem], code: &str) -> Problem {
    problems.iter().find(|p| p.code == code).cloned().unwrap_or_else(|| panic!("{code}: {problems:?}"))
}

fn arg<'a>(problem: &'a Problem, name: &str) -> &'a str {
    problem.args.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

fn warnings(given: &Given, bytes: impl AsRef<[u8]>) -> Vec<Problem> {
    let told = given.open(bytes, |mut rows| {
        rows.by_ref().for_each(drop);
        rows.warnings()
    });
    told.unwrap_or_else(|p| panic!("{p:?}"))
}

#[test]
fn only_a_clear_yes_is_a_yes_to_promotions() {
    let cells = ["Sí", "no acepta", "pendiente", "quizás", "", "Formulario 3/3/2026"];
    let row = |(no, cell): (usize, &&str)| format!("115555010{no};Ana;\"{cell}\"\n");
    let text =
        format!("Telefono;Nombre;Consentimiento\n{}", cells.iter().enumerate().map(row).collect::<Vec<_>>().concat());
    let given = promotion("nombre");
    assert_eq!(
        given.fates(&text),
        [
            "5491155550100",
            "no_consent",
            "no_consent (consent_unclear_in: Consentimiento: pendiente)",
            "no_consent (consent_unclear_in: Consentimiento: quizás)",
            "no_consent (consent_unsaid)",
            "5491155550105"
        ]
    );
    let told = problem(&warnings(&given, &text), "consent_unclear");
    assert_eq!((arg(&told, "n"), arg(&told, "example")), ("2", "pendiente"));
    assert_eq!(
        reminder("")
            .fates(text.replace("Nombre", "Nombre;Fecha y hora").replace("Ana;", "Ana;26/11/2026 09:00;"))
            .len(),
        6
    );
}

#[test]
fn amounts_that_could_be_two_are_left_out_and_told_with_their_cell() {
    let text = "Telefono;Nombre;Saldo\n1155550101;Ana;1234,5\n1155550102;Eva;0,500\n1155550103;Luz;1234,567\n\
        1155550104;Sol;mucho\n1155550105;Paz;1.234\n";
    let given = promotion("saldo | money('ARS')");
    let drafts = given.drafts(text);
    let shown: Vec<&str> = drafts.iter().map(|d| d.fill.body[0].text.as_str()).collect();
    assert_eq!(shown, ["$ 1.234,50", "$ 1.234,57", "$ 1.234,00"]);
    let fates = given.fates(text);
    assert_eq!(
        (fates[1].as_str(), fates[3].as_str()),
        ("bad_value (unclear_amount_in: 1: 0,500)", "bad_value (no_amount_in: 1: mucho)")
    );
    let said = recado::intake::rows::explain(recado::locale::Language::En, "unclear_amount_in: 1: 0,500");
    assert!(said.starts_with("“0,500”, for the value “1”, can be read as two amounts"), "{said}");
}

/// A sheet of phones and numbers.
fn numbers(all: &[&str]) -> Vec<u8> {
    let row = |(at, number): (usize, &&str)| {
        let (line, phone) = (at + 2, 1_155_550_100 + at);
        format!("<row r=\"{line}\"><c r=\"A{line}\"><v>{phone}</v></c><c r=\"B{line}\"><v>{number}</v></c></row>")
    };
    let rows = all.iter().enumerate().map(row).collect::<Vec<_>>().concat();
    let title = |column: &str, text: &str| format!("<c r=\"{column}1\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let header = title("A", "Telefono") + &title("B", "Saldo");
    let sheet = format!("<worksheet><sheetData><row r=\"1\">{header}</row>{rows}</sheetData></worksheet>");
    xlsx(&[("Hoja1", "", sheet.as_bytes())], &[])
}

#[test]
fn numbers_of_a_workbook_keep_their_value() {
    let bytes = numbers(&["1234.567", "0.125", "99.999", "0.333333333333333", "12.5", "1234"]);
    let shown = |variable: &str| {
        let drafts = promotion(variable).drafts(&bytes);
        drafts.iter().map(|d| d.fill.body[0].text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown("saldo | money('ARS')"), ["$ 1.234,57", "$ 0,13", "$ 100,00", "$ 0,33", "$ 12,50", "$ 1.234,00"]);
    assert_eq!(shown("saldo")[..2], ["1234.567", "0.125"], "as it stands it is as it stands");
    assert_eq!(shown("'sí' if saldo | number > 90 else 'no'")[..3], ["sí", "no", "sí"]);
}

#[test]
fn numbers_of_a_workbook_choose_rows_as_their_texts_do() {
    let given = Given::promotion(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[columns]\nonly = \"{{ saldo }}\"\n",
    );
    let fates = given.fates(numbers(&["1", "0", "0.125"]));
    assert_eq!(fates, ["5491155550100", "not_selected", "bad_value (no_yes_or_no_in: only: 0.125)"]);
}

#[test]
fn one_cell_of_rubbish_or_one_slip_turns_no_dates_round() {
    let rows = |odd: &str| {
        let row = |no: usize| format!("Ana,11555501{no:02},0{}/12/2026 09:00\n", 3 + no % 6);
        format!("Nombre,Celular,Fecha y hora\n{}Eva,1155550199,{odd}\n", (0..29).map(row).collect::<Vec<_>>().concat())
    };
    let given = reminder("");
    for rubbish in ["11 5555-9000", "11/5555", "99/99/2026 09:00"] {
        let text = rows(rubbish);
        assert_eq!(given.drafts(&text)[0].happens_at.unwrap().to_string(), "2026-12-03T12:00:00Z", "{rubbish}");
        assert!(given.fates(&text)[29].starts_with("bad_when"), "{rubbish}");
        assert!(given.warnings(&text).contains(&"dates_ambiguous".to_owned()), "{rubbish}");
    }
    // One date that is one with the month first: a person says what it is.
    let slip = rows("1/13/26");
    let asked = problem(&given.open(&slip, |_| ()).unwrap_err(), "dates_order");
    assert_eq!((arg(&asked, "n"), arg(&asked, "of"), arg(&asked, "example")), ("1", "30", "1/13/26"));
    let said = reminder("[reading]\ndates = \"day first\"\n");
    assert!(said.fates(&slip)[29].starts_with("bad_when"));
    // What nearly all dates prove holds for all.
    let american = (13..29).map(|day| format!("Ana,11555501{day},12/{day}/2026 09:00\n")).collect::<Vec<_>>().concat();
    let mostly = format!(
        "Nombre,Celular,Fecha y hora\n{american}Eva,1155550199,25/12/2026 09:00\nLuz,1155550198,12/03/2026 09:00\n"
    );
    assert_eq!(given.warnings(&mostly)[0], "dates_mixed_month");
    assert_eq!(given.drafts(&mostly).last().unwrap().happens_at.unwrap().to_string(), "2026-12-03T12:00:00Z");
}

#[test]
fn cells_under_empty_names_at_the_end_of_a_header_keep_no_row_out() {
    let given = promotion("nombre");
    let text = "Nombre;Telefono;;\nAna;1155550101;;\nEva;1155550102;llamar;\n";
    assert_eq!(given.fates(text), ["5491155550101", "5491155550102"]);
    assert_eq!(arg(&problem(&warnings(&given, text), "cells_beside"), "n"), "1");
    // Beyond the header nobody knows whose cell it is.
    assert_eq!(given.fates("Nombre;Telefono\nAna;1155550101;x\n"), ["unreadable (cells: 3)"]);
}

#[test]
fn lines_are_counted_alike_whatever_ends_them() {
    let text = "Nombre;Telefono\nAna;1155550101\n\nEva;1155550102\nTotal;\n";
    for end in ["\n", "\r\n", "\r"] {
        let told = problem(&promotion("nombre").open(text.replace('\n', end), |_| ()).unwrap_err(), "total_rows");
        assert_eq!((arg(&told, "row"), arg(&told, "line")), ("3", "5"), "{end:?}");
    }
}

#[test]
fn line_ends_of_other_systems_keep_words_apart() {
    for odd in ['\u{0B}', '\u{0C}', '\u{85}', '\u{2028}', '\u{2029}'] {
        let text = format!("Nombre;Telefono\nCALLE 1{odd}PISO 2;1155550101\n");
        let given = promotion("nombre");
        assert_eq!(given.drafts(&text)[0].fill.body[0].text, "CALLE 1 PISO 2", "{odd:?}");
        assert!(given.warnings(&text).contains(&"flattened".to_owned()), "{odd:?}");
    }
}

#[test]
fn an_amount_of_another_currency_or_a_share_is_none_of_the_campaigns_currency() {
    let given = promotion("saldo | money('ARS')");
    for (cell, expected) in [
        ("USD 50", "bad_value (other_currency_in: 1: USD 50)"),
        ("50 US$", "bad_value (other_currency_in: 1: 50 US$)"),
        ("€ 1.234,50", "bad_value (other_currency_in: 1: € 1.234,50)"),
        ("50 dólares", "bad_value (other_currency_in: 1: 50 dólares)"),
        ("R$ 10", "bad_value (other_currency_in: 1: R$ 10)"),
        ("10%", "bad_value (share_in: 1: 10%)"),
        ("12,5 %", "bad_value (share_in: 1: 12,5 %)"),
        ("ARS 50", "5491155550101"),
        ("$ 50", "5491155550101"),
        ("(ars 50)", "5491155550101"),
        ("50 pesos", "5491155550101"),
    ] {
        assert_eq!(given.fates(format!("Telefono;Saldo\n1155550101;{cell}\n")), [expected], "{cell}");
    }
    let said = recado::intake::rows::explain(recado::locale::Language::Es, "other_currency_in: 1: USD 50");
    assert!(said.contains("USD 50") && said.contains("otra moneda"), "{said}");
    let said = recado::intake::rows::explain(recado::locale::Language::Pt, "share_in: 1: 10%");
    assert!(said.contains("porcentagem"), "{said}");
    let of_dollars = promotion("saldo | money('US$')");
    assert_eq!(of_dollars.fates("Telefono;Saldo\n1155550101;USD 50\n1155550102;EUR 50\n")[0], "5491155550101");
    assert!(of_dollars.fates("Telefono;Saldo\n1155550102;EUR 50\n")[0].contains("other_currency"));
    // The sign alone is that of any pesos.
    let of_pesos = promotion("saldo | money('$')");
    assert_eq!(of_pesos.fates("Telefono;Saldo\n1155550101;ARS 50\n"), ["5491155550101"]);
    assert!(of_pesos.fates("Telefono;Saldo\n1155550101;USD 50\n")[0].contains("other_currency"));
}

#[test]
fn a_column_of_times_is_a_time_and_a_column_is_named_with_its_accents() {
    let text = "Nombre;Teléfono;Hora\nAna;1155550101;09:00\nEva;1155550102;nueve\n";
    let given = promotion("hora | time");
    assert_eq!(given.drafts(text)[0].fill.body[0].text, "09:00");
    assert_eq!(given.fates(text)[1], "bad_value (no_time_in: 1: nueve)");
    assert_eq!(promotion("teléfono").drafts(text)[0].fill.body[0].text, "1155550101");
    assert!(promotion("celular").blockers(text)[0].starts_with("unknown_name"));
}

#[test]
fn the_first_good_number_of_a_cell_counts_whatever_stands_before_it() {
    let given = promotion("nombre");
    for (cell, expected) in [
        ("s/d; 11 5555-3003", "5491155553003"),
        ("123 / 11 5555-3004", "5491155553004"),
        ("no tiene / 11 5555-3006", "5491155553006"),
        ("11 5555-3000 (hija)", "5491155553000"),
        ("11 5555-3000 int. 12", "5491155553000"),
        ("s/d; 123", "bad_phone (not_digits)"),
        ("11 5555-3000 - 11 5555-3001", "5491155553000"),
        ("1155553000-1155553001", "5491155553000"),
        ("1155553000 1155553001", "5491155553000"),
        ("11 5555-3000 \\ 11 5555-3001", "5491155553000"),
        ("(mamá) 11 5555-3000", "5491155553000"),
        ("11 5555-3000 (mamá) 11 5555-3001", "5491155553000"),
        ("+5491155553000 +5491155553001", "5491155553000"),
        ("cel: 11 5555-3000 fijo: 11 4555-3001", "5491155553000"),
        ("Cel 11 5555-3000", "5491155553000"),
        ("tel: 11-5555-3000 (hija)", "5491155553000"),
        ("DNI 30.123.456", "bad_phone (not_digits)"),
        ("1155553 0001155553", "bad_phone (wrong_length)"),
    ] {
        assert_eq!(given.fates(format!("Telefono;Nombre\n\"{cell}\";Ana\n")), [expected], "{cell}");
    }
}

#[test]
fn one_id_of_two_people_is_told_as_that() {
    let text = "ID,Fecha y hora,Nombre,Celular\nA,26/11/2026 09:00,Ana,1155550101\nA,26/11/2026 09:00,Eva,1155550102\n\
        B,26/11/2026 09:00,Luz,1155550103\nB,26/11/2026 09:00,Luz,+5491155550103\n";
    let given = reminder("");
    assert_eq!(
        given.fates(text),
        ["5491155550101", "duplicate (same_id_as_row: 1)", "5491155550103", "duplicate (same_as_row: 3)"]
    );
    let told = problem(&warnings(&given, text), "ids_conflict");
    let shown = ["n", "id", "row", "other"].map(|name| arg(&told, name));
    assert_eq!(shown, ["1", "A", "1", "2"]);
}

#[test]
fn local_numbers_without_a_country_ask_for_the_country() {
    let rows = (10..30).map(|no| format!("Ana;11 5555-01{no}\n")).collect::<Vec<_>>().concat();
    let given = Given::promotion("[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{ nombre }}\"\n");
    assert_eq!(given.blockers(format!("Nombre;Telefono\n{rows}")), ["phones_no_country"]);
}

#[test]
fn values_that_filters_make_are_compared_with_the_templates_examples_too() {
    let examples = |all: [&str; 2]| Template {
        examples: (1..).zip(all).map(|(no, text): (i32, &str)| (no.to_string(), text.to_owned())).collect(),
        ..template("Hola {{1}}, su saldo es {{2}}")
    };
    let with = |one: &str, two: &str, all: [&str; 2]| {
        let given = Given::promotion(&format!(
            "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{{{ {one} }}}}\"\n2 = \"{{{{ {two} }}}}\"\n"
        ));
        let rows = (10..30).map(|no| format!("MARÍA JOSÉ;11555501{no};12{no},50;26/11/2026\n")).collect::<Vec<_>>();
        given.with_template(examples(all)).blockers(format!("Nombre;Celular;Saldo;Vence\n{}", rows.concat()))
    };
    let money = ["Ana", "$ 1.234,50"];
    assert_eq!(with("nombre | first_name", "saldo | money('ARS')", money), Vec::<String>::new());
    assert_eq!(with("saldo | money('ARS')", "nombre | first_name", money), ["unlike_example_made"]);
    assert_eq!(with("vence | day", "saldo | money('ARS')", money), ["unlike_example_made"]);
    assert_eq!(with("nombre", "nombre | title", ["Ana", "27/11/2026"]), ["unlike_example"]);
    assert_eq!(with("nombre", "vence | day", ["Ana", "27/11/2026"]), Vec::<String>::new());
    let meant = Given::promotion(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{ nombre }}\"\n2 = \"{{ nombre }}\"\n\
         [reading]\nunlike_example = \"take\"\n",
    );
    let rows = (10..30).map(|no| format!("MARÍA JOSÉ;11555501{no}\n")).collect::<Vec<_>>().concat();
    let meant = meant.with_template(examples(money)).blockers(format!("Nombre;Celular\n{rows}"));
    assert_eq!(meant, Vec::<String>::new(), "somebody says that it is meant");
    // What an example only names says nothing of its looks.
    assert_eq!(with("vence | day", "saldo", ["Fecha", "monto"]), Vec::<String>::new());
}

#[test]
fn a_translation_that_wants_other_values_stops_only_files_that_name_it() {
    let with = |more: &str| {
        let mut given = Given::promotion(&format!(
            "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = {{ column = \"Idioma\", otherwise = \"es_AR\"{more} }}\n[variables]\n1 = \"{{{{ nombre }}}}\"\n"
        ))
        .with_template(template("Hola {{1}}"));
        let other = |language: &str, body: &str| Template {
            language: language.to_owned(),
            category: Category::Utility,
            ..template(body)
        };
        given.translations = vec![other("pt_BR", "Olá {{1}}"), other("en_US", "Hi {{1}}, {{2}}")];
        given
    };
    let text = "Nombre;Telefono;Idioma\nAna;1155550101;es\nJoão;1155550102;pt\nJane;1155550103;en\n";
    let given = with("");
    let told = problem(&given.open(text, |_| ()).unwrap_err(), "translation_unfit");
    assert_eq!((arg(&told, "language"), arg(&told, "names")), ("en_US", "2"));
    let without = text.replace("Jane;1155550103;en\n", "");
    assert_eq!(given.fates(&without), ["5491155550101", "5491155550102"], "what no row names stops nothing");
    let falls_back = with(", missing = \"otherwise\"");
    assert_eq!(falls_back.drafts(text).len(), 3);
    assert!(falls_back.warnings(text).contains(&"translation_unfit_otherwise".to_owned()));
}

#[test]
fn a_value_that_takes_a_no_for_a_yes_is_a_blocker() {
    let text = "Telefono;Nombre;Ayuno;VIP;Nota;Socio\n1155550101;Ana;sí;x;traer DNI;1\n1155550102;Eva;no;;;0\n\
        1155550103;Luz;No;;no;1\n1155550104;Sol;pendiente;✓;llamar;0\n";
    for variable in [
        "'con ayuno' if ayuno else 'sin ayuno'",
        "'con' if ayuno | lower else 'sin'",
        "'sin' if not Ayuno else 'con'",
        "'x' if nota == 'no' else ('con' if ayuno else 'sin')",
        "ayuno and 'con ayuno'",
        "'socio' if socio else 'no'",
    ] {
        let given = promotion(variable);
        let problems = given.open(text, |_| ()).unwrap_err();
        let told = problem(&problems, "bare_name");
        assert!(["ayuno", "Ayuno", "socio"].contains(&arg(&told, "name")), "{variable}: {told:?}");
        assert_eq!((arg(&told, "entry"), arg(&told, "line")), ("1", "11"), "{variable}");
    }
    for (variable, shown) in [
        ("nota if nota else 'sin nota'", ["traer DNI", "sin nota", "no", "llamar"]),
        ("ayuno if ayuno else 's/d'", ["sí", "no", "No", "pendiente"]),
        ("nota or nombre", ["traer DNI", "Eva", "no", "llamar"]),
        ("'VIP' if vip else 'común'", ["VIP", "común", "común", "VIP"]),
        ("'con' if ayuno == 'sí' else 'sin'", ["con", "sin", "sin", "sin"]),
        ("'con nota' if nota else 'sin nota'", ["con nota", "sin nota", "con nota", "con nota"]),
    ] {
        let drafts = promotion(variable).drafts(text);
        assert_eq!(drafts.iter().map(|d| d.fill.body[0].text.as_str()).collect::<Vec<_>>(), shown, "{variable}");
    }
    // What the configuration says counts as a column does.
    let mut given = promotion("'con' if promo else 'sin'");
    given.vars.insert("promo".to_owned(), "no".to_owned());
    assert_eq!(given.blockers(text), ["bare_name"]);
    given.vars.insert("promo".to_owned(), "20 %".to_owned());
    assert_eq!(given.blockers(text), Vec::<String>::new());
}

#[test]
fn many_people_of_few_numbers_are_told() {
    let text = |people: usize, numbers: usize, name: &dyn Fn(usize) -> String| {
        let row = |i: usize| {
            let (phone, at) = (1_155_550_100 + i % numbers, format!("{:02}:{:02}", 9 + i / 60, i % 60));
            format!("{},26/11/2026 {at},{phone}\n", name(i))
        };
        format!("nombre,Fecha y hora,Celular\n{}", (0..people).map(row).collect::<Vec<_>>().concat())
    };
    let told = |text: String| {
        let all = warnings(&reminder(""), text);
        let told = all.into_iter().find(|w| w.code == "few_numbers")?;
        Some(["n", "of", "column"].map(|name| arg(&told, name).to_owned()))
    };
    let each = |i: usize| format!("Ana{i}");
    assert_eq!(told(text(50, 3, &each)), Some(["3", "50", "Celular"].map(str::to_owned)));
    assert_eq!(told(text(50, 1, &each)).map(|args| args[0].clone()), Some("1".to_owned()));
    // Families, sessions of the same people, and a short file.
    assert_eq!(told(text(50, 20, &each)), None);
    assert_eq!(told(text(50, 3, &|i| format!("Ana{}", i % 3))), None);
    assert_eq!(told(text(19, 1, &each)), None);
}
