//! When rows are due: hours, laws, clocks and what misses its time.

use recado::domain::hours::law::{BuiltIn, Laws};
use recado::domain::phone::Phone;
use recado::intake::open_hours::OpenHours;

use super::given::Given;

/// A promotion from Buenos Aires, started on Tuesday 2026-11-24 at 10:00, with `[schedule]` keys.
fn promotion(schedule: &str) -> Given {
    Given::promotion(&format!(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[schedule]\n{schedule}\n"
    ))
}

fn reminder(schedule: &str) -> Given {
    Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\ncountry = \"AR\"\n\
         [template]\nname = \"t\"\nlanguage = \"es_AR\"\n[schedule]\n{schedule}\n"
    ))
}

/// When each row is due, on UTC.
fn due(given: &Given, text: &str) -> Vec<String> {
    given.drafts(text).iter().map(|d| d.due_at.to_string()).collect()
}

#[test]
fn marketing_goes_by_the_law_of_the_persons_country_and_its_clock() {
    // Wednesday 00:00 in Buenos Aires is 22:00 on Tuesday in Bogotá.
    let given = promotion("at = \"2026-11-25 00:00\"");
    let text = "Celular\n+57 300 123 4567\n+54 9 11 5555 0101\n";
    assert_eq!(due(&given, text), ["2026-11-25T12:00:00Z", "2026-11-25T03:00:00Z"]);
    assert_eq!(given.warnings(text), ["goes_later", "law_hours"]);
    let told = given.open(text, |mut rows| {
        rows.by_ref().for_each(drop);
        rows.warnings()
    });
    let law = told.unwrap().pop().unwrap();
    assert_eq!(law.args[0].1, "1", "{law:?}");
    assert!(law.args.iter().any(|(_, laws)| laws == "co_ley_2300"), "{law:?}");
    let left_out = promotion("at = \"2026-11-25 00:00\"\nhours = { without_law = \"co_ley_2300\" }");
    assert_eq!(due(&left_out, text)[0], "2026-11-25T03:00:00Z");
}

#[test]
fn the_campaigns_own_hours_hold_besides_the_law() {
    let given = promotion("at = \"2026-11-27 21:00\"\nhours = { mon-sun = \"10:00-22:00\" }");
    let text = "Celular\n+57 300 123 4567\n+54 9 11 5555 0101\n";
    // Saturday in Bogotá opens at 08:00 by law and at 10:00 by the campaign.
    assert_eq!(due(&given, text), ["2026-11-28T15:00:00Z", "2026-11-28T00:00:00Z"]);
}

#[test]
fn a_reminder_is_no_marketing_and_a_law_that_nobody_knows_is_a_blocker() {
    let given = reminder("send = \"24h before\"");
    // An appointment at 06:00 in Buenos Aires, reminded at 04:00 in Bogotá: the law is about marketing.
    let text = "Fecha,Hora,Celular\n26/11/2026,06:00,+57 300 123 4567\n";
    assert_eq!(due(&given, text), ["2026-11-25T09:00:00Z"]);
    assert_eq!(promotion("hours = { without_law = \"co_ley_23\" }").blockers("Celular\n1155550101\n"), ["unknown_law"]);
    let spain = promotion("hours = { without_law = \"es_ley_3_1991\" }");
    assert_eq!(spain.blockers("Celular\n1155550101\n"), Vec::<String>::new(), "known, and not in force here");
}

#[test]
fn a_law_that_was_switched_on_counts_for_its_country_alone() {
    let mut given = promotion("at = \"2026-11-25 00:00\"");
    given.laws.hold(BuiltIn::named("us_tcpa").unwrap().law());
    let hours = OpenHours::of(&given.campaign, &given.holidays, &given.laws, None).unwrap();
    let law = |digits: &str| hours.law_of(&Phone::from_international(digits).unwrap()).map(str::to_owned);
    assert_eq!(law("13055550123").as_deref(), Some("us_tcpa"));
    assert_eq!(law("16045550123"), None, "Canada has the same calling code");
    assert_eq!(law("573001234567").as_deref(), Some("co_ley_2300"));
    given.laws = Laws::none();
    let none = OpenHours::of(&given.campaign, &given.holidays, &given.laws, None).unwrap();
    assert_eq!(none.law_of(&Phone::from_international("573001234567").unwrap()), None);
}

#[test]
fn people_of_a_country_with_several_clocks_go_by_their_areas() {
    let given = Given::campaign(
        "kind = \"promotion\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Sao_Paulo\"\ncountry = \"BR\"\n\
         [template]\nname = \"t\"\nlanguage = \"pt_BR\"\n[schedule]\nat = \"2026-11-25 07:00\"\nhours = { mon-fri = \"09:00-20:00\" }\n",
    );
    let text = "Celular\n11987650123\n92987650123\n68987650123\n+52 664 123 4567\n";
    let rows = given.drafts(text);
    let shown: Vec<_> = rows.iter().map(|r| (r.timezone.as_str(), r.due_at.to_string())).collect();
    let expected = [
        ("America/Sao_Paulo", "2026-11-25T12:00:00Z"),
        ("America/Manaus", "2026-11-25T13:00:00Z"),
        ("America/Rio_Branco", "2026-11-25T14:00:00Z"),
        ("America/Tijuana", "2026-11-25T17:00:00Z"),
    ];
    assert_eq!(shown, expected.map(|(zone, at)| (zone, at.to_owned())));
}

#[test]
fn people_of_a_country_with_one_clock_go_by_it_whatever_the_campaign_goes_by() {
    let at_nine = |zone: &str, more: &str| {
        Given::campaign(&format!(
            "kind = \"promotion\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"{zone}\"\n{more}\
             [template]\nname = \"t\"\nlanguage = \"es\"\n[schedule]\nat = \"2026-11-25 09:30\"\n\
             hours = {{ mon-fri = \"09:00-20:00\" }}\n"
        ))
    };
    let shown = |given: &Given, text: &str| {
        let rows = given.drafts(text);
        rows.iter().map(|row| format!("{} {}", row.timezone, row.due_at)).collect::<Vec<_>>()
    };
    let text = "Celular\n+573001234567\n+34612345678\n+81312345678\n+5491155550100\n+52 664 123 4567\n";
    let expected = [
        "America/Bogota 2026-11-25T14:00:00Z",
        "Europe/Madrid 2026-11-25T12:30:00Z",
        "Asia/Tokyo 2026-11-26T00:00:00Z",
        "America/Argentina/Buenos_Aires 2026-11-25T12:30:00Z",
        "America/Tijuana 2026-11-25T17:00:00Z",
    ];
    let buenos_aires = "America/Argentina/Buenos_Aires";
    for more in ["", "country = \"AR\"\n"] {
        assert_eq!(shown(&at_nine(buenos_aires, more), text), expected, "{more}");
    }
    // Half past nine in Tokyo is half past nine in the evening there.
    let argentina = "Celular\n+5491155550100\n";
    let waits = "America/Argentina/Buenos_Aires 2026-11-25T12:00:00Z";
    assert_eq!(shown(&at_nine("Asia/Tokyo", "country = \"AR\"\n"), argentina), [waits]);
    // Numbers do not tell the Canaries from the rest of Spain: the campaign does.
    let canaries = at_nine("Atlantic/Canary", "country = \"ES\"\n");
    assert_eq!(shown(&canaries, "Celular\n+34612345678\n"), ["Atlantic/Canary 2026-11-25T09:30:00Z"]);
    assert_eq!(
        shown(&at_nine("America/Argentina/Salta", ""), argentina),
        ["America/Argentina/Salta 2026-11-25T12:30:00Z"]
    );
    assert_eq!(shown(&at_nine("UTC", ""), "Celular\n+61412345678\n"), ["UTC 2026-11-25T09:30:00Z"], "one of several");
}

#[test]
fn the_law_of_a_country_counts_on_the_clock_of_its_people() {
    let given = promotion("at = \"2026-11-25 05:00\"");
    let rows = given.drafts("Celular\n+573001234567\n");
    assert_eq!(rows[0].due_at.to_string(), "2026-11-25T12:00:00Z", "seven in Bogota");
}

#[test]
fn what_goes_earlier_later_at_once_or_not_at_all_is_counted() {
    let given = reminder(
        "send = \"24h before\"\nlatest = \"2h before\"\nhours = { mon-fri = \"09:00-20:00\", sat = \"09:00-13:00\" }",
    );
    let text = "Fecha,Hora,Celular\n\
        26/11/2026,15:00,+5491155550101\n\
        30/11/2026,15:00,+5491155550102\n\
        25/11/2026,09:00,+5491155550103\n\
        24/11/2026,11:00,+5491155550104\n\
        24/11/2026,23:00,+5491155550105\n";
    let rows = given.fates(text);
    assert_eq!(rows[3], "too_late (happens: 2026-11-24 11:00)");
    let (warnings, tally) = given
        .open(text, |mut rows| {
            rows.by_ref().for_each(drop);
            let codes: Vec<String> = rows.warnings().into_iter().map(|p| p.code).collect();
            (codes, rows.tally().clone())
        })
        .unwrap();
    assert_eq!((tally.goes_earlier, tally.overdue, tally.misses_latest), (1, 2, 1), "{warnings:?}");
    assert_eq!(warnings, ["goes_earlier", "overdue", "misses_latest"]);
    let closed = reminder("send = \"1h before\"\nhours = { mon = \"09:00-10:00\", outside = \"later\" }");
    let sunday = "Fecha,Hora,Celular\n29/11/2026,15:00,+5491155550101\n";
    assert_eq!(closed.fates(sunday), ["too_late (closed_until_latest)"]);
    assert_eq!(closed.warnings(sunday), ["closed_until_latest"]);
}

#[test]
fn rows_of_a_skipped_and_of_a_repeated_hour_have_one_instant() {
    let given = reminder("send = \"24h before\"");
    // Santiago: 2026-09-06 has no 00:30, 2026-04-05 has 23:30 of the day before twice; Madrid likewise.
    let text = "Fecha,Hora,Celular,Zona horaria\n\
        28/03/2027,02:30,+5491155550101,Europe/Madrid\n\
        05/09/2027,00:30,+5491155550102,America/Santiago\n\
        31/10/2027,02:30,+5491155550103,Europe/Madrid\n";
    let rows = given.drafts(text);
    let at: Vec<_> = rows.iter().map(|r| r.happens_at.unwrap().to_string()).collect();
    assert_eq!(at, ["2027-03-28T01:30:00Z", "2027-09-05T04:30:00Z", "2027-10-31T00:30:00Z"]);
    assert_eq!(rows[0].due_at.to_string(), "2027-03-27T01:30:00Z", "24 hours are exact");
}

#[test]
fn a_column_of_identity_numbers_is_one_problem_and_one_among_phones_is_left_out() {
    let given = promotion("");
    let column = "Celular\n529.982.247-25\n111.444.777-35\n52998224725\n";
    assert_eq!(given.blockers(column), ["papers_for_phones"]);
    let one = "Celular\n1155550101\n529.982.247-25\n20-12345678-6\n1155550102\n1155550103\n1155550104\n";
    assert_eq!(given.fates(one)[1..3], ["bad_phone (paper: CPF)", "bad_phone (paper: CUIT)"]);
    assert!(given.warnings(one).contains(&"papers".to_owned()));
}
