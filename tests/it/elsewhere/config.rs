//! `[hours.*]` and `[chatwoot.*]`: what is read, and what is refused with its place.

use std::collections::BTreeMap;
use std::path::Path;

use recado::config::{Config, ConfigError};
use recado::locale::Language;

const EXAMPLE: &str = include_str!("../../../recado.example.toml");

const CHATWOOT: &str = r#"
[chatwoot.clinica]
base_url       = "https://chatwoot.example.org"
account_id     = 1
inbox_id       = 5
api_token      = "token"
webhook_secret = "a_secret_of_some_length_0"
account        = "meta"
language       = "es"
"#;

fn said(source: &str) -> String {
    match Config::parse(source, "recado.toml", Path::new("/etc/recado"), &BTreeMap::new()) {
        Ok(_) => String::new(),
        Err(ConfigError::Problems(problems)) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        Err(other) => panic!("{other:?}"),
    }
}

fn read(source: &str) -> Config {
    Config::parse(source, "recado.toml", Path::new("/etc/recado"), &BTreeMap::new()).unwrap()
}

#[test]
fn the_example_has_hours_and_a_chatwoot_inbox_may_be_added() {
    let config = read(&format!("{EXAMPLE}{CHATWOOT}"));
    assert_eq!(config.teams["recepcion"].hours.as_deref(), Some("recepcion"));
    let hours = &config.office["recepcion"];
    assert_eq!((hours.hours.holidays.len(), hours.away.len()), (3, 2));
    assert_eq!(hours.away_in(Language::En).map(|(language, _)| language), Some(Language::Es), "another will do");
    assert_eq!(config.chatwoot["clinica"].inbox_id, 5);
    assert!(!format!("{config:?}").contains("a_secret_of"), "no secret is shown");
}

#[test]
fn what_is_wrong_with_hours_is_refused_with_its_place() {
    for (from, to, expected) in [
        ("hours   = \"recepcion\"", "hours   = \"recepcio\"", "names \"recepcio\", but there is no [hours.recepcio]"),
        ("mon-fri  = \"08:00-18:00\"", "mon-fry  = \"08:00-18:00\"", "is no day"),
        ("away     = { es =", "away     = { fr =", "is no language of Recado"),
        (
            "holidays = \"AR\"                              # a list",
            "holidays = \"AX\" #",
            "names no list under [holidays]",
        ),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        let told = said(&EXAMPLE.replacen(from, to, 1));
        assert!(told.contains(expected) && told.starts_with("recado.toml:"), "{told}");
    }
}

#[test]
fn what_is_wrong_with_a_chatwoot_inbox_is_refused_with_its_place() {
    for (from, to, expected) in [
        ("account_id     = 1", "account_id     = 0", "must be the number that stands in Chatwoot's addresses"),
        ("account        = \"meta\"", "account        = \"mate\"", "names no account"),
        ("a_secret_of_some_length_0", "short", "at least 24 letters"),
        ("inbox_id       = 5\n", "", "inbox_id"),
        ("language", "langage", "langage"),
    ] {
        let told = said(&format!("{EXAMPLE}{}", CHATWOOT.replacen(from, to, 1)));
        assert!(told.contains(expected), "{to}: {told}");
    }
    let twice = format!("{EXAMPLE}{CHATWOOT}{}", CHATWOOT.replace("clinica", "otra"));
    assert!(said(&twice).contains("is shown in another inbox already"));
}
