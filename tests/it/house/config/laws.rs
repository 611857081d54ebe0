//! What the operator says of countries.

use super::*;

#[test]
fn laws_on_sending_hours_are_switched_and_given_by_the_operator() {
    let with = |more: &str| parsed(&format!("{EXAMPLE}\n{more}\n"), &[]).laws;
    assert!(with("").has("co_ley_2300") && !with("").has("es_ley_3_1991"));
    assert!(!with("[hours_law.co_ley_2300]\nenabled = false").has("co_ley_2300"));
    assert!(with("[hours_law.us_tcpa]\nenabled = true").has("us_tcpa"));
    let own = "[hours_law.house_rule]\ncountry = \"UY\"\nsince = \"2027-01-01\"\nmon-fri = \"09:00-18:00\"\nholidays = \"AR\"";
    let laws = with(own);
    let law = laws.iter().find(|law| law.name == "house_rule").unwrap();
    assert_eq!((law.country.as_str(), law.since), ("UY", date(2027, 1, 1)));
    assert!(law.holidays.contains(&date(2026, 12, 25)) && law.spans(date(2027, 1, 4)).len() == 1);
    for (more, reason) in [
        ("[hours_law.co_ley_2300]\nmon = \"09:00-10:00\"", "takes enabled = true or false"),
        ("[hours_law.co_ley_23]\nenabled = false", "co_ley_2300"),
        ("[hours_law.own]\ncountry = \"UY\"\nmon = \"closed\"", "opens on no day"),
        (
            "[hours_law.own]\ncountry = \"UY\"\nmon = \"09:00-10:00\"\nholidays = \"ARG\"",
            "names no list under [holidays]",
        ),
    ] {
        let problems = problems_with(&format!("{EXAMPLE}\n{more}\n"), &[]);
        assert!(problems.iter().any(|p| p.contains(reason)), "{more}: {problems:#?}");
    }
}

#[test]
fn the_operator_says_where_messages_are_delivered_now() {
    let source = |more: &str| EXAMPLE.replacen("US = \"no marketing since 2025-04-01\"", more, 1);
    let reach = |more: &str| parsed(&source(more), &[]).reach;
    let on = |more: &str| {
        let reach = reach(more);
        reach.narrowed(date(2026, 11, 24)).map(|(place, _)| place.to_owned()).collect::<Vec<_>>()
    };
    assert!(parsed(EXAMPLE, &[]).laws.has("house_rule_uy"));
    assert!(on("").contains(&"US".to_owned()));
    assert!(!on("US = \"everything\"").contains(&"US".to_owned()));
    assert!(on("VE = \"no marketing since 2026-11-24\"").contains(&"VE".to_owned()));
    assert!(!on("VE = \"nothing since 2026-11-25\"").contains(&"VE".to_owned()));
    for more in ["US = \"some\"", "\"+79a\" = \"nothing\"", "Peru = \"nothing\"", "US = \"nothing since soon\""] {
        assert_eq!(problems_with(&source(more), &[]).len(), 1, "{more}");
    }
}
