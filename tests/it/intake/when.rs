//! Dates and times as spreadsheets and people write them.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use recado::intake::audience::DateOrder;
use recado::intake::rows::when::{HasTime, Moment, read};

fn shown(cells: &[&str], order: DateOrder) -> String {
    match read(cells, order) {
        Ok(Moment::Local(at, HasTime::Yes)) => at.strftime("%Y-%m-%d %H:%M").to_string(),
        Ok(Moment::Local(at, HasTime::No)) => at.strftime("%Y-%m-%d").to_string(),
        Ok(Moment::Instant(at)) => at.to_string(),
        Err(e) => e.to_string(),
    }
}

#[test]
fn dates_and_times_are_read_in_the_ways_people_write_them() {
    for (cells, expected) in [
        (&["2026-11-25 08:30"][..], "2026-11-25 08:30"),
        (&["2026-11-25T08:30:00"], "2026-11-25 08:30"),
        (&["2026-11-25T08:30:00.000"], "2026-11-25 08:30"),
        (&["2026-11-25T08:30:00-03:00"], "2026-11-25T11:30:00Z"),
        (&["2026-11-25T11:30:00Z"], "2026-11-25T11:30:00Z"),
        (&["2026/11/25"], "2026-11-25"),
        (&["20261125", "8:30"], "2026-11-25 08:30"),
        (&["25/11/2026 14:30"], "2026-11-25 14:30"),
        (&["25/11/26 14:30:00"], "2026-11-25 14:30"),
        (&["25-11-2026", "14:30"], "2026-11-25 14:30"),
        (&["25.11.2026", "14.30"], "2026-11-25 14:30"),
        (&["5/3/2026 9:05"], "2026-03-05 09:05"),
        (&["25/11/2026 02:30 p.m."], "2026-11-25 14:30"),
        (&["25/11/2026 02:30 p.\u{a0}m."], "2026-11-25 14:30"),
        (&["25/11/2026 2:30 PM"], "2026-11-25 14:30"),
        (&["25/11/2026 12:05 a. m."], "2026-11-25 00:05"),
        (&["25/11/2026 12:05 pm"], "2026-11-25 12:05"),
        (&["25/11/2026", "2 pm"], "2026-11-25 14:00"),
        (&["25/11/2026", "14h30"], "2026-11-25 14:30"),
        (&["25/11/2026", "14:30 hs"], "2026-11-25 14:30"),
        (&["25/11/2026", "14 hs"], "2026-11-25 14:00"),
        (&["25/11/2026 0:00:00", "30/12/1899 14:30:00"], "2026-11-25 14:30"),
        (&["25/11/2026", "1/1/1900 14:30"], "2026-11-25 14:30"),
        (&["14:30", "25/11/2026"], "2026-11-25 14:30"),
        (&["miércoles 25 de noviembre de 2026, 14:30"], "2026-11-25 14:30"),
        (&["quarta-feira, 25 de novembro de 2026 às 14h"], "2026-11-25 14:00"),
        (&["25-nov-2026", "14:30"], "2026-11-25 14:30"),
        (&["Nov 25, 2026 2:30 PM"], "2026-11-25 14:30"),
        (&["25/11/2026"], "2026-11-25"),
        (&["25/11/2026", ""], "no_time"),
        (&["", "14:30"], "no_date"),
        (&["", ""], "no_date"),
        (&["31/11/2026", "14:30"], "unreadable_date"),
        (&["25/11/2026", "25:30"], "unreadable_date"),
        (&["a confirmar", "14:30"], "unreadable_date"),
        (&["25/11", "14:30"], "unreadable_date"),
        (&["46351", "14:30"], "unreadable_date"),
        (&["25/11/0026", "14:30"], "unreadable_date"),
        (&["11/25/2026", "14:30"], "unreadable_date"),
    ] {
        assert_eq!(shown(cells, DateOrder::DayFirst), expected, "{cells:?}");
    }
}

#[test]
fn times_are_read_with_a_point_without_one_and_as_a_part_of_the_day() {
    for (cells, expected) in [
        (&["25/11/2026 14.30"][..], "2026-11-25 14:30"),
        (&["25.11.2026 14.30"], "2026-11-25 14:30"),
        (&["2026-11-25 9.05"], "2026-11-25 09:05"),
        (&["25 de noviembre de 2026 14.30"], "2026-11-25 14:30"),
        (&["25/11/2026", "1430"], "2026-11-25 14:30"),
        (&["25/11/2026", "0905"], "2026-11-25 09:05"),
        (&["25/11/2026", "0,604166666666667"], "2026-11-25 14:30"),
        (&["25/11/2026", "0.41666"], "2026-11-25 10:00"),
        (&["25/11/2026", "0.375"], "2026-11-25 09:00"),
        (&["25/11/2026", "0.30"], "2026-11-25 00:30"),
        (&["25/11/2026", "2575"], "unreadable_date"),
        (&["25/11/2026", "0,5"], "unreadable_date"),
        (&["25/11/2026 14.75"], "unreadable_date"),
        (&["1430"], "unreadable_date"),
    ] {
        assert_eq!(shown(cells, DateOrder::DayFirst), expected, "{cells:?}");
    }
}

#[test]
fn with_the_month_first_only_dates_of_three_numbers_turn_round() {
    assert_eq!(shown(&["11/25/2026 2:30 PM"], DateOrder::MonthFirst), "2026-11-25 14:30");
    assert_eq!(shown(&["03/04/2026"], DateOrder::MonthFirst), "2026-03-04");
    assert_eq!(shown(&["2026-11-25"], DateOrder::MonthFirst), "2026-11-25");
}

proptest! {
    /// Whatever is written, there is one instant for it: the one at which clocks show it, or, where they skip it, the one
    /// as long after the jump as it lies behind it.
    #[test]
    fn every_time_of_day_has_one_instant_also_where_clocks_jump(
        place in prop::sample::select(vec![
            ("America/Santiago", "2026-09-05"), ("America/Santiago", "2026-04-04"), ("Europe/Madrid", "2026-03-28"),
            ("Europe/Madrid", "2026-10-24"), ("America/Sao_Paulo", "2018-11-03"), ("Australia/Lord_Howe", "2026-10-03"),
            ("Pacific/Apia", "2011-12-29"),
        ]),
        minute in 0_i64..3 * 24 * 60
    ) {
        let zone = TimeZone::get(place.0).unwrap();
        let local = place.1.parse::<jiff::civil::Date>().unwrap().at(0, 0, 0, 0);
        let local = local.saturating_add(jiff::Span::new().minutes(minute));
        let cell = local.strftime("%Y-%m-%d %H:%M").to_string();
        let moment = read(&[&cell], DateOrder::DayFirst).unwrap();
        let (at, shown, _) = moment.in_zone(&zone).unwrap();
        prop_assert_eq!(at.in_zone(&zone).datetime(), shown);
        if shown != local {
            // Skipped: no instant shows it, and what is taken comes after the jump.
            let (before, after) = (at.minus(std::time::Duration::from_hours(25)), at);
            let jump = zone.following(before.timestamp()).next().unwrap().timestamp();
            prop_assert!(jump <= after.timestamp() && shown > local);
        }
        // Both times of a repeated hour are possible; the first is taken.
        let earlier = at.minus(std::time::Duration::from_mins(90));
        let fits = (0..90).any(|m| earlier.plus(std::time::Duration::from_mins(m)).in_zone(&zone).datetime() == local);
        prop_assert!(!fits, "an earlier instant shows the same");
    }
}
