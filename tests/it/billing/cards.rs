//! Rate cards of the configuration: what is read, and what is refused with its place.

use std::collections::BTreeMap;
use std::path::Path;

use recado::billing::card::Cards;
use recado::config::{Config, ConfigError, RateCard};
use recado::domain::money::{Currency, Micros};
use recado::domain::template::Category;

const EXAMPLE: &str = include_str!("../../../recado.example.toml");
const CARD: &str = "[[rate_card]]\ncurrency = \"BRL\"\nfrom = \"2026-01-01\"\nfile = \"rates/brl.csv\"\n";
const HEADER: &str = "market,marketing,utility,authentication,authentication_international,service";

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn card(code: &str, from: &str, text: &str) -> RateCard {
    RateCard { currency: currency(code), from: from.to_owned(), name: "brl.csv".to_owned(), text: text.to_owned() }
}

fn problems<T>(read: Result<T, ConfigError>) -> String {
    match read {
        Ok(_) => String::new(),
        Err(ConfigError::Problems(found)) => found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        Err(other) => panic!("{other:?}"),
    }
}

fn parsed(source: &str, base: &Path) -> Result<Config, ConfigError> {
    Config::parse(source, "recado.toml", base, &BTreeMap::new())
}

#[test]
fn a_card_beside_the_configuration_prices_its_currency() {
    let base = tempfile::tempdir().unwrap();
    std::fs::create_dir(base.path().join("rates")).unwrap();
    let text = format!(
        "\u{feff}# contract 4711\r\n{HEADER}\r\nbrazil, 0.40,0.05,0.05,n/a,0\r\n\r\nother,0.60,0.10,0.10,n/a,n/a\r\n"
    );
    std::fs::write(base.path().join("rates/brl.csv"), text).unwrap();
    let config = parsed(&format!("{EXAMPLE}{CARD}"), base.path()).unwrap();
    let cards = Cards::of(&config.rate_cards).unwrap();
    for (market, category, day, expected) in [
        ("brazil", Category::Marketing, "2026-11-24", Some("0.40")),
        ("brazil", Category::Service, "2026-11-24", Some("0")),
        ("argentina", Category::Utility, "2026-11-24", Some("0.10")),
        ("bangladesh", Category::Utility, "2026-02-01", Some("0.10")),
        ("argentina", Category::Service, "2026-11-24", None),
        ("brazil", Category::Marketing, "2025-12-31", None),
    ] {
        let rate = cards.rate(currency("BRL"), market, category, day);
        assert_eq!(rate, expected.and_then(Micros::parse), "{market} {category:?} {day}");
    }
    assert!(!Cards::of(&[]).unwrap().has(currency("BRL")));
}

#[test]
fn a_card_of_the_same_currency_and_day_replaces_that_of_the_build_and_a_later_one_follows_it() {
    let given = [
        card("USD", "2026-10-01", &format!("{HEADER}\nother,0.07,0.03,0.03,n/a,0.03\n")),
        card("USD", "2026-12-01", &format!("{HEADER}\nother,0.08,0.04,0.04,n/a,0.04\n")),
    ];
    let cards = Cards::of(&given).unwrap();
    for (day, expected) in [("2026-09-30", "0.0305"), ("2026-10-01", "0.07"), ("2026-12-01", "0.08")] {
        let rate = cards.rate(currency("USD"), "mexico", Category::Marketing, day);
        assert_eq!(rate, Micros::parse(expected), "{day}");
    }
    assert_eq!(cards.changes(currency("USD"), "2026-10-01", "2026-12-31"), ["2026-12-01"]);
}

#[test]
fn what_is_wrong_in_a_card_is_refused_with_its_place_and_what_to_do() {
    let rows = |rows: &str| format!("# prices\n{HEADER}\n{rows}");
    let other = "other,1,1,1,1,1\n";
    for (text, expected) in [
        (
            rows(&format!("brasil,1,1,1,1,1\n{other}")),
            "brl.csv:3:1: unknown market \"brasil\"; did you mean \"brazil\"?",
        ),
        (rows(&format!("atlantis,1,1,1,1,1\n{other}")), "countries without a row go into the row \"other\""),
        (rows(&format!("brazil,1, 0.5x,1,1,1\n{other}")), "brl.csv:3:11: \"0.5x\" is no rate: write it as 0.0625"),
        (rows(&format!("brazil,1,-1,1,1,1\n{other}")), "brl.csv:3:10: \"-1\" is no rate"),
        (rows(&format!("brazil,0,5,1,1,1,1\n{other}")), "brl.csv:3:1: 7 cells, but the header has 6"),
        (
            rows(&format!("brazil,1,1,1,1,1\nbrazil,1,1,1,1,1\n{other}")),
            "brl.csv:4:1: the market \"brazil\" is there twice",
        ),
        (rows("brazil,1,1,1,1,1\n"), "brl.csv:2:1: the row \"other\" is missing"),
        ("market,marketing,utility\nother,1,1\n".to_owned(), "brl.csv:1:1: the column \"authentication\" is missing"),
        (rows(other).replace("utility", "utilty"), "unknown column \"utilty\""),
        (rows(other).replace(',', ";"), "columns are separated by commas"),
        (String::new(), "brl.csv:1:1: the file is empty: it begins with the line market,marketing"),
    ] {
        let told = problems(Cards::of(&[card("BRL", "2026-01-01", &text)]));
        assert!(told.contains(expected), "{told}\n{expected}");
    }
}

#[test]
fn what_is_wrong_with_a_rate_card_of_the_configuration_is_refused_with_its_place() {
    let base = tempfile::tempdir().unwrap();
    std::fs::create_dir(base.path().join("rates")).unwrap();
    std::fs::write(base.path().join("rates/brl.csv"), "").unwrap();
    for (given, expected) in [
        (format!("{CARD}{CARD}"), "\"from\" is there twice in BRL: one card for each currency and first day"),
        (CARD.replace("brl.csv", "no.csv"), "\"file\" cannot be read: "),
        (CARD.replace("2026-01-01", "1/1/2026"), "must be the first day on which it holds, as \"2026-01-01\""),
        (CARD.replace("BRL", "R$"), "must be three capital letters"),
        (CARD.replace("currency", "curency"), "did you mean \"currency\"?"),
        (CARD.replace("[[rate_card]]", "[rate_card]"), "must be a list of tables, each under [[rate_card]]"),
    ] {
        let told = problems(parsed(&format!("{EXAMPLE}{given}"), base.path()));
        assert!(told.contains(expected) && told.starts_with("recado.toml:"), "{told}\n{expected}");
    }
}
