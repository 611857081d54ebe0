//! The language of a message, where it comes from a column.

use recado::domain::template::{Category, Header, ParameterFormat, Template};

use super::given::{Given, template};

const COLUMN: &str = "language = { column = \"Idioma\", otherwise = \"es_AR\" }";

fn in_language(language: &str, body: &str, category: Category) -> Template {
    Template { language: language.to_owned(), category, ..template(body) }
}

/// A reminder in Spanish, approved in Portuguese and English too.
fn given(language: &str) -> Given {
    let mut given = Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\ncountry = \"AR\"\n\
         [template]\nname = \"t\"\n{language}\n[variables]\n1 = \"{{{{ nombre }}}}\"\n2 = \"{{{{ when }}}}\"\n\
         [schedule]\nsend = \"1h before\"\n"
    ))
    .with_template(template("Hola {{1}}, le esperamos el {{2}}."));
    given.translations = vec![
        in_language("pt_BR", "Olá {{1}}, esperamos você em {{2}}.", Category::Marketing),
        in_language("en", "Hi {{1}}, see you on {{2}}.", Category::Utility),
    ];
    given
}

const ROWS: &str = "Nombre,Fecha,Hora,Celular,Idioma\n\
    Ana,26/11/2026,14:30,+5491155550101,\n\
    João,26/11/2026,14:30,+5491155550102,Português\n\
    Jane,26/11/2026,14:30,+5491155550103,en-US\n\
    Jean,26/11/2026,14:30,+5491155550104,fr\n";

#[test]
fn each_row_gets_the_translation_that_its_column_names_with_its_dates() {
    let given = given(COLUMN);
    let fates = given.fates(ROWS);
    assert_eq!(fates[3], "no_translation (no_translation: fr)");
    let rows = given.drafts(ROWS);
    let shown: Vec<_> = rows.iter().map(|r| (r.fill.language.as_deref(), r.fill.body[1].text.as_str())).collect();
    let expected = [
        (None, "jueves 26 de noviembre, 14:30"),
        (Some("pt_BR"), "quinta-feira, 26 de novembro, 14:30"),
        (Some("en"), "Thursday 26 November, 14:30"),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_language_without_translation_falls_back_where_the_campaign_says_so() {
    let given = given("language = { column = \"Idioma\", otherwise = \"es_AR\", missing = \"otherwise\" }");
    let rows = given.drafts(ROWS);
    assert_eq!((rows.len(), rows[3].fill.language.as_deref()), (4, None));
    assert_eq!(given.warnings(ROWS), ["fell_back"]);
}

#[test]
fn a_fixed_language_looks_at_no_translation() {
    let given = given("language = \"es_AR\"");
    assert!(given.drafts(ROWS).iter().all(|row| row.fill.language.is_none()));
}

#[test]
fn every_translation_is_compared_with_the_campaign() {
    let mut given = given(COLUMN);
    given.translations[1].body = "Hi {{1}}, see you on {{2}} at {{3}}.".to_owned();
    assert_eq!(given.blockers(ROWS), ["translation_unfit"]);
    let in_none = ROWS.replace("en-US", "pt");
    assert_eq!(given.blockers(in_none), Vec::<String>::new(), "no row is in that language");
    let without = ROWS.replace("Idioma", "Lengua");
    assert_eq!(given.blockers(&without)[0], "unknown_column");
}

#[test]
fn what_is_marketing_in_one_language_only_is_left_out_there_only() {
    let given = given(COLUMN);
    let text = "Nombre,Fecha,Hora,Celular,Idioma\nAna,26/11/2026,14:30,+13055550101,pt\nEva,26/11/2026,14:30,+13055550102,es\n";
    assert_eq!(given.fates(text), ["unreachable (no_marketing_there: US)", "13055550102"]);
}

#[test]
fn a_numbered_header_has_a_value_of_its_own() {
    let text = |header: &str| Some(Header::Text { text: header.to_owned() });
    let campaign = |more: &str| {
        Given::promotion(&format!(
            "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n{more}\n[variables]\n1 = \"{{{{ nombre }}}}\"\n"
        ))
    };
    let rows = "Nombre,Sede,Celular\nAna,Norte,1155550101\n";
    let with_header = Template { header: text("Sede {{1}}"), ..template("Hola {{1}}") };
    assert_eq!(campaign("").with_template(with_header.clone()).blockers(rows), ["header_parameter"]);
    let given = campaign("header = \"{{ sede | upper }}\"").with_template(with_header);
    let fill = &given.drafts(rows)[0].fill;
    assert_eq!(given.template.as_ref().unwrap().render(fill).header.as_deref(), Some("Sede NORTE"));
    let plain = Template { header: text("Sede"), ..template("Hola {{1}}") };
    assert_eq!(campaign("header = \"x\"").with_template(plain).blockers(rows), ["header_text_extra"]);
    let long = Template { header: text("Sede {{1}}"), ..template("Hola {{1}}") };
    let long = campaign(&format!("header = \"{}\"", "x".repeat(60))).with_template(long);
    assert_eq!(long.fates(rows), ["bad_value (header_too_long: 65)"]);
    let named = Template { format: ParameterFormat::Named, header: text("Sede {{sede}}"), ..template("Hola {{name}}") };
    let by_name = Given::promotion(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\nname = \"{{ nombre }}\"\nsede = \"{{ sede }}\"\n",
    );
    assert_eq!(by_name.with_template(named).drafts(rows).len(), 1, "a named one is among the variables");
}
