//! What only a whole column of dates tells, and what is told of dates.

use super::given::Given;

/// It starts on Tuesday 2026-11-24 at 10:00.
fn reminder(more: &str) -> Given {
    Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\ncountry = \"AR\"\n\
         [template]\nname = \"t\"\nlanguage = \"es_AR\"\n[schedule]\nsend = \"24h before\"\n{more}"
    ))
}

fn rows(dates: &[&str]) -> String {
    let row = |(no, date): (usize, &&str)| format!("{date};+54911555501{no:02}\n");
    format!("Fecha;Celular\n{}", dates.iter().enumerate().map(row).collect::<String>())
}

/// The days of the messages.
fn days(given: &Given, dates: &[&str]) -> Vec<String> {
    let drafts = given.drafts(rows(dates));
    drafts.into_iter().map(|draft| draft.happens_at.unwrap().to_string()[..10].to_owned()).collect()
}

fn told(given: &Given, dates: &[&str]) -> Vec<(String, Vec<(String, String)>)> {
    let warnings = given.open(rows(dates), |mut rows| {
        rows.by_ref().for_each(drop);
        rows.warnings()
    });
    warnings.unwrap().into_iter().map(|problem| (problem.code, problem.args)).collect()
}

fn arg<'a>(told: &'a [(String, Vec<(String, String)>)], code: &str, name: &str) -> &'a str {
    let (_, args) = told.iter().find(|(one, _)| one == code).unwrap_or_else(|| panic!("{code}: {told:?}"));
    &args.iter().find(|(one, _)| one == name).unwrap().1
}

const LAST_DAYS: [&str; 4] = ["26-11-27 10:00", "26-11-28 10:00", "26-11-30 10:00", "26-12-01 10:00"];

#[test]
fn short_dates_that_run_on_at_their_end_have_the_year_first() {
    let given = reminder("");
    assert_eq!(days(&given, &LAST_DAYS), ["2026-11-27", "2026-11-28", "2026-11-30", "2026-12-01"]);
    let told = told(&given, &LAST_DAYS);
    assert_eq!(arg(&told, "dates_year_first", "read"), "2026-11-27");
    assert!(told.iter().all(|(code, _)| code != "dates_far_ahead"), "{told:?}");
    // Over the end of the year, with other marks, and with a day of one digit.
    assert_eq!(days(&given, &["26/12/30 9:00", "27/1/4 9:00"]), ["2026-12-30", "2027-01-04"]);
    // One day, three times: no year that is near.
    assert_eq!(days(&given, &["26-11-30 9:00", "26-11-30 9:30", "26-11-30 10:00"])[0], "2026-11-30");
    // Days that run on in front have their year at the end, whatever the day.
    assert_eq!(
        days(&given, &["25/11/26 9:00", "27/11/26 9:00", "30/11/26 9:00"]),
        ["2026-11-25", "2026-11-27", "2026-11-30"]
    );
}

#[test]
fn short_dates_that_could_have_the_year_first_are_told() {
    let given = reminder("");
    let both = ["27-11-26 10:00", "27-11-26 11:00"];
    assert_eq!(days(&given, &both), ["2026-11-27", "2026-11-27"]);
    let told_of_both = told(&given, &both);
    assert_eq!(arg(&told_of_both, "dates_ambiguous_year", "example"), "27-11-26 10:00");
    assert_eq!(arg(&told_of_both, "dates_ambiguous_year", "read"), "2026-11-27");
    // One date of a year far away may be a slip: it proves nothing.
    assert_eq!(days(&given, &["26-11-30 10:00"]), ["2030-11-26"]);
    let slip = told(&given, &["26-11-30 10:00"]);
    assert_eq!((arg(&slip, "dates_ambiguous_year", "read"), arg(&slip, "dates_far_ahead", "row")), ("2030-11-26", "1"));
    for usual in [&["26/11/26 10:00"][..], &["24/11/26 15:00", "28/11/26 10:00"], &["28/12/2026 10:00"]] {
        assert!(told(&given, usual).iter().all(|(code, _)| !code.starts_with("dates_")), "{usual:?}");
    }
}

#[test]
fn the_year_can_be_said_to_come_first() {
    let said = reminder("[reading]\ndates = \"year first\"\n");
    assert_eq!(days(&said, &["26-11-27 10:00"]), ["2026-11-27"]);
    assert!(told(&said, &["26-11-27 10:00"]).is_empty());
    assert_eq!(days(&said, &["28/11/2026 10:00", "2026-11-29 10:00"]), ["2026-11-28", "2026-11-29"]);
    let otherwise = reminder("[reading]\ndates = \"day first\"\n");
    assert_eq!(days(&otherwise, &LAST_DAYS)[0], "2027-11-26");
}

#[test]
fn texts_say_the_date_that_was_read() {
    let given = reminder("[variables]\n1 = \"{{ fecha | date }}\"\n2 = \"{{ when | date }}\"\n");
    for row in given.drafts(rows(&LAST_DAYS)) {
        assert_eq!(row.fill.body[0].text, row.fill.body[1].text);
    }
    assert_eq!(given.drafts(rows(&LAST_DAYS))[3].fill.body[0].text, "01/12/2026");
    // A time in front of its date.
    let front = ["10:00 26-11-27", "10:00 26-11-28", "10:00 26-11-30"];
    assert_eq!(days(&given, &front), ["2026-11-27", "2026-11-28", "2026-11-30"]);
}

#[test]
fn dates_far_ahead_are_told_with_the_first_row() {
    let given = reminder("");
    let told_of = told(&given, &["28/11/2026 10:00", "26/11/2062 10:00", "24/11/2027 10:00", "28/11/2027 10:00"]);
    let of = |name| arg(&told_of, "dates_far_ahead", name);
    assert_eq!((of("n"), of("row"), of("date")), ("2", "2", "2062-11-26"));
    assert!(told(&given, &["28/11/2026 10:00"]).is_empty());
}

#[test]
fn a_weekday_that_is_not_its_dates_is_told() {
    let given = reminder("");
    let wrong = ["jueves 26/11/2026 10:00", "lunes 26/11/2026 11:00", "vie. 26/11/2026 12:00"];
    assert_eq!(days(&given, &wrong), ["2026-11-26"; 3]);
    let told_of = told(&given, &wrong);
    let of = |name| arg(&told_of, "other_weekdays", name);
    assert_eq!((of("n"), of("example")), ("2", "lunes 26/11/2026 11:00"));
    let right = [
        "quinta-feira, 26 de novembro de 2026 10:00",
        "Sat 28/11/2026 10:00",
        "dom 29/11/2026 10:00",
        "domingo 29/11/2026 11:00",
    ];
    assert!(told(&given, &right).is_empty(), "{:?}", told(&given, &right));
}

#[test]
fn dates_without_a_time_are_told_where_messages_are_reckoned_from_them() {
    let given = reminder("");
    let told_of = told(&given, &["28/11/2026", "28/11/2026 10:00", "29/11/2026"]);
    assert_eq!(arg(&told_of, "dates_without_time", "n"), "2");
    // What is sent at one time for all is not reckoned from them.
    let at_once = Given::campaign(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"UTC\"\ncountry = \"AR\"\n\
         [template]\nname = \"t\"\nlanguage = \"es_AR\"\n",
    );
    assert!(told(&at_once, &["28/11/2026"]).is_empty());
}

#[test]
fn days_of_few_decimals_are_read_to_the_minute() {
    let given = reminder("");
    let moments = |cells: &[&str]| -> Vec<String> {
        given.drafts(rows(cells)).iter().map(|draft| draft.happens_at.unwrap().to_string()).collect()
    };
    // 14:30, 14:35 and 14:30 in Buenos Aires: cut, cut, and rounded.
    assert_eq!(
        moments(&["46352.604", "46352.607", "46352.60417"]),
        ["2026-11-26T17:30:00Z", "2026-11-26T17:35:00Z", "2026-11-26T17:30:00Z"]
    );
    let beside = "Fecha;Hora;Celular\n26/11/2026;0,604;+5491155550101\n26/11/2026;0.6041;+5491155550102\n";
    let shown: Vec<String> = given.drafts(beside).iter().map(|d| d.happens_at.unwrap().to_string()).collect();
    assert_eq!(shown, ["2026-11-26T17:30:00Z", "2026-11-26T17:30:00Z"]);
}
