use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_mins(1);

/// Zones whose clocks jump: by an hour in both hemispheres, by half an hour, not at all, and over a whole day.
const ZONES: [&str; 6] = [
    "America/Santiago",
    "Europe/Madrid",
    "Australia/Lord_Howe",
    "America/Argentina/Buenos_Aires",
    "America/Sao_Paulo",
    "Pacific/Apia",
];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(zoned: &str) -> UnixMs {
    UnixMs::from(zoned.parse::<jiff::Zoned>().unwrap().timestamp())
}

fn weekdays(spans: &[(i64, i64)]) -> Hours {
    let mut hours = Hours::default();
    for day in Weekday::Monday.cycle_forward().take(5) {
        assert!(hours.week.set(day, spans.iter().map(|(o, c)| OpenSpan::new(*o, *c).unwrap()).collect()));
    }
    hours
}

fn every_day(opens: i64, closes: i64) -> Hours {
    let mut hours = Hours::default();
    for day in Weekday::Monday.cycle_forward().take(7) {
        hours.week.set(day, vec![OpenSpan::new(opens, closes).unwrap()]);
    }
    hours
}

#[test]
fn the_next_opening_skips_the_weekend_and_holidays() {
    let zone = zone("America/Argentina/Buenos_Aires");
    let mut hours = weekdays(&[(540, 1200)]);
    let friday_night = at("2026-11-20T20:00:00-03:00[America/Argentina/Buenos_Aires]");
    assert_eq!(
        hours.next_open(friday_night, &zone),
        Some(at("2026-11-23T09:00:00-03:00[America/Argentina/Buenos_Aires]"))
    );
    hours.holidays.insert(date(2026, 11, 23));
    assert_eq!(
        hours.next_open(friday_night, &zone),
        Some(at("2026-11-24T09:00:00-03:00[America/Argentina/Buenos_Aires]"))
    );
}

#[test]
fn an_opening_in_an_hour_the_clock_skips_comes_when_the_clock_has_jumped() {
    // Madrid, 29 March 2026: 02:00 is 03:00.
    let zone = zone("Europe/Madrid");
    let hours = every_day(150, 600);
    let night = at("2026-03-29T01:00:00+01:00[Europe/Madrid]");
    assert_eq!(hours.next_open(night, &zone), Some(at("2026-03-29T03:00:00+02:00[Europe/Madrid]")));
    // A span that lies wholly in the skipped hour does not exist that day.
    let skipped = every_day(130, 170);
    assert_eq!(skipped.next_open(night, &zone), Some(at("2026-03-30T02:10:00+02:00[Europe/Madrid]")));
}

#[test]
fn an_hour_that_comes_twice_is_open_twice() {
    // Madrid, 25 October 2026: 03:00 is 02:00 again.
    let zone = zone("Europe/Madrid");
    let hours = every_day(150, 170);
    let between = at("2026-10-25T02:55:00+02:00[Europe/Madrid]");
    assert!(!hours.is_open(between, &zone));
    assert_eq!(hours.next_open(between, &zone), Some(at("2026-10-25T02:30:00+01:00[Europe/Madrid]")));
    let second = at("2026-10-25T02:10:00+01:00[Europe/Madrid]");
    let last = hours.last_open_before(second, &zone).unwrap();
    assert_eq!(last.plus(Duration::from_millis(1)), at("2026-10-25T02:50:00+02:00[Europe/Madrid]"));
}

#[test]
fn a_day_that_begins_at_one_opens_at_one() {
    // Santiago, 6 September 2026: there is no hour between 00:00 and 01:00.
    let zone = zone("America/Santiago");
    let hours = every_day(0, 720);
    let evening = at("2026-09-05T22:00:00-04:00[America/Santiago]");
    assert_eq!(hours.next_open(evening, &zone), Some(at("2026-09-06T01:00:00-03:00[America/Santiago]")));
}

#[test]
fn the_last_open_moment_is_just_before_closing() {
    let zone = zone("America/Santiago");
    let hours = weekdays(&[(540, 780), (900, 1140)]);
    let lunch = at("2026-11-20T14:00:00-03:00[America/Santiago]");
    let last = hours.last_open_before(lunch, &zone).unwrap();
    assert_eq!(last.plus(Duration::from_millis(1)), at("2026-11-20T13:00:00-03:00[America/Santiago]"));
}

#[test]
fn hours_that_never_open_have_no_next_and_no_last_opening() {
    let never = Hours::default();
    let now = UnixMs(1_790_000_000_000);
    assert_eq!(never.next_open(now, &TimeZone::UTC), None);
    assert_eq!(never.last_open_before(now, &TimeZone::UTC), None);
}

#[test]
fn spans_that_overlap_are_not_a_day() {
    let spans = |list: &[(i64, i64)]| list.iter().map(|(o, c)| OpenSpan::new(*o, *c).unwrap()).collect();
    let mut week = Week::default();
    assert!(!week.set(Weekday::Monday, spans(&[(540, 800), (780, 900)])));
    assert!(week.set(Weekday::Monday, spans(&[(800, 900), (540, 800)])));
}

prop_compose! {
    fn any_day()(cuts in prop::collection::btree_set(0_i64..=1440, 0..5)) -> Vec<OpenSpan> {
        let cuts: Vec<i64> = cuts.into_iter().collect();
        cuts.chunks_exact(2).map(|pair| OpenSpan::new(pair[0], pair[1]).unwrap()).collect()
    }
}

prop_compose! {
    fn any_hours()(days in prop::collection::vec(any_day(), 7), off in prop::collection::vec(0_i32..400, 0..20))
        -> Hours {
        let mut hours = Hours::default();
        for (day, spans) in Weekday::Monday.cycle_forward().zip(days) {
            assert!(hours.week.set(day, spans));
        }
        hours.holidays = off.iter().map(|n| date(2026, 1, 1).saturating_add((*n).days())).collect();
        hours
    }
}

/// Any minute from 2026 to 2027, and, for Apia, around the day it left out in 2011.
fn any_instant() -> impl Strategy<Value = UnixMs> {
    let around = |from: &str, minutes: i64| {
        let from = from.parse::<jiff::Timestamp>().unwrap();
        (0..minutes).prop_map(move |m| UnixMs::from(from).plus(MINUTE * u32::try_from(m).unwrap()))
    };
    prop_oneof![around("2026-01-01T00:00:00Z", 2 * 365 * 1440), around("2011-12-28T00:00:00Z", 5 * 1440)]
}

fn any_zone() -> impl Strategy<Value = TimeZone> {
    prop::sample::select(&ZONES[..]).prop_map(zone)
}

proptest! {
    #[test]
    fn the_next_open_moment_is_open_and_none_lies_between(
        hours in any_hours(), zone in any_zone(), now in any_instant()
    ) {
        if let Some(next) = hours.next_open(now, &zone) {
            prop_assert!(next >= now);
            prop_assert!(hours.is_open(next, &zone));
            // Spans begin and jumps happen on full minutes, so looking at every minute misses nothing.
            let mut between = now;
            while between < next {
                prop_assert!(!hours.is_open(between, &zone));
                between = between.plus(MINUTE);
            }
        } else {
            prop_assert!(hours.week.is_never_open());
        }
    }

    #[test]
    fn it_is_open_until_it_is_said_to_be(hours in any_hours(), zone in any_zone(), now in any_instant()) {
        if let Some(open) = hours.next_open(now, &zone) {
            let until = hours.open_until(open, &zone);
            prop_assert!(until > open);
            let mut between = open;
            while between < until {
                prop_assert!(hours.is_open(between, &zone));
                between = between.plus(MINUTE);
            }
        }
    }

    #[test]
    fn the_last_open_moment_is_open_and_none_lies_between(
        hours in any_hours(), zone in any_zone(), now in any_instant()
    ) {
        if let Some(last) = hours.last_open_before(now, &zone) {
            prop_assert!(last < now);
            prop_assert!(hours.is_open(last, &zone));
            let mut between = last.plus(Duration::from_millis(1));
            while between < now {
                prop_assert!(!hours.is_open(between, &zone));
                between = between.plus(MINUTE);
            }
        } else {
            prop_assert!(hours.week.is_never_open());
        }
    }

    #[test]
    fn a_later_moment_never_opens_earlier(hours in any_hours(), zone in any_zone(), now in any_instant(), m in 0_u32..3000) {
        let (first, second) = (hours.next_open(now, &zone), hours.next_open(now.plus(MINUTE * m), &zone));
        prop_assert!(first <= second || second.is_none());
    }
}
