use jiff::civil::Weekday;
use proptest::prelude::*;

use super::*;
use crate::domain::hours::OpenSpan;

const DAY_BEFORE: Offset = Offset { side: Side::Before, days: 0, exact: Duration::from_hours(24) };
const TWO_HOURS_BEFORE: Offset = Offset { side: Side::Before, days: 0, exact: Duration::from_hours(2) };

fn santiago() -> TimeZone {
    TimeZone::get("America/Santiago").unwrap()
}

fn at(local: &str) -> UnixMs {
    let local: jiff::civil::DateTime = local.parse().unwrap();
    UnixMs::from(santiago().to_timestamp(local).unwrap())
}

/// Monday to Friday 09:00-20:00, Saturday 09:00-13:00.
fn office() -> Hours {
    let mut hours = Hours::default();
    for day in Weekday::Monday.cycle_forward().take(5) {
        hours.week.set(day, vec![OpenSpan::new(540, 1200).unwrap()]);
    }
    hours.week.set(Weekday::Saturday, vec![OpenSpan::new(540, 780).unwrap()]);
    hours
}

fn reminder() -> Schedule {
    Schedule {
        send: SendTime::FromWhen(DAY_BEFORE),
        latest: Some(TWO_HOURS_BEFORE),
        until: None,
        outside: Outside::Earlier,
    }
}

fn due_of(schedule: &Schedule, happens: &str, started: &str) -> Result<Due, NotDue> {
    due(schedule, Some(at(happens)), at(started), &santiago(), Some(&office()))
}

#[test]
fn a_reminder_is_due_the_day_before() {
    let due = due_of(&reminder(), "2026-11-25T14:30", "2026-11-20T10:00").unwrap();
    let (due_at, latest_at) = (at("2026-11-24T14:30"), Some(at("2026-11-25T12:30")));
    assert_eq!(due, Due { due_at, latest_at, shift: Shift::AsPlanned });
}

#[test]
fn a_reminder_that_falls_on_a_closed_sunday_goes_out_before_closing_on_saturday() {
    let due = due_of(&reminder(), "2026-11-23T14:30", "2026-11-20T10:00").unwrap();
    assert_eq!((due.due_at, due.shift), (at("2026-11-21T12:55"), Shift::Earlier));
}

#[test]
fn a_reminder_started_in_the_last_minutes_before_closing_goes_out_at_once() {
    let due = due_of(&reminder(), "2026-11-23T14:30", "2026-11-21T12:58").unwrap();
    assert_eq!(due.due_at, at("2026-11-21T12:58"));
}

#[test]
fn a_reminder_never_goes_into_the_past_but_to_the_next_opening() {
    let due = due_of(&reminder(), "2026-11-23T14:30", "2026-11-21T16:00").unwrap();
    assert_eq!((due.due_at, due.shift), (at("2026-11-23T09:00"), Shift::Later));
}

#[test]
fn a_reminder_whose_next_opening_comes_after_its_latest_time_is_too_late() {
    assert_eq!(due_of(&reminder(), "2026-11-23T10:00", "2026-11-21T16:00"), Err(NotDue::Closed));
}

#[test]
fn a_reminder_whose_latest_time_has_passed_is_too_late() {
    assert_eq!(due_of(&reminder(), "2026-11-20T11:00", "2026-11-20T10:00"), Err(NotDue::TooLate));
}

#[test]
fn a_late_file_reminds_at_once() {
    let due = due_of(&reminder(), "2026-11-20T16:00", "2026-11-20T10:00").unwrap();
    assert_eq!((due.due_at, due.shift), (at("2026-11-20T10:00"), Shift::Overdue));
}

#[test]
fn a_row_without_date_is_not_due_where_the_schedule_counts_from_it() {
    let now = at("2026-11-20T10:00");
    assert_eq!(due(&reminder(), None, now, &santiago(), None), Err(NotDue::NoWhen));
}

#[test]
fn a_promotion_outside_hours_waits_for_the_next_opening_and_expires_at_its_end() {
    let mut promotion = Schedule {
        send: SendTime::At(at("2026-11-21T18:00")),
        latest: None,
        until: Some(at("2026-11-23T20:00")),
        outside: Outside::Later,
    };
    let now = at("2026-11-20T10:00");
    let found = due(&promotion, None, now, &santiago(), Some(&office())).unwrap();
    assert_eq!(found, Due { due_at: at("2026-11-23T09:00"), latest_at: promotion.until, shift: Shift::Later });
    promotion.until = Some(at("2026-11-22T20:00"));
    assert_eq!(due(&promotion, None, now, &santiago(), Some(&office())), Err(NotDue::Closed));
}

#[test]
fn a_day_before_is_the_same_time_of_the_wall_clock_and_24_hours_are_exact() {
    // Santiago goes from 24:00 to 01:00 on 6 September 2026.
    let appointment = at("2026-09-06T14:00");
    let day = Offset { side: Side::Before, days: 1, exact: Duration::ZERO };
    assert_eq!(day.from(appointment, &santiago()), at("2026-09-05T14:00"));
    assert_eq!(DAY_BEFORE.from(appointment, &santiago()), at("2026-09-05T13:00"));
}

fn any_offset() -> impl Strategy<Value = Offset> {
    (prop::bool::ANY, 0_u32..4, 0_u64..3000).prop_map(|(before, days, minutes)| Offset {
        side: if before { Side::Before } else { Side::After },
        days,
        exact: Duration::from_mins(minutes),
    })
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let instant = (0_u64..20_000).prop_map(|m| at("2026-09-01T00:00").plus(Duration::from_mins(m)));
    let send = prop_oneof![
        Just(SendTime::WhenStarted),
        instant.clone().prop_map(SendTime::At),
        any_offset().prop_map(SendTime::FromWhen),
    ];
    let outside = prop::sample::select(vec![Outside::Earlier, Outside::Later]);
    (send, prop::option::of(any_offset()), prop::option::of(instant), outside)
        .prop_map(|(send, latest, until, outside)| Schedule { send, latest, until, outside })
}

/// Clocks and the fortnights in which they jump: by an hour forwards and back, at midnight, by half an hour, over a day.
const JUMPS: [(&str, &str); 7] = [
    ("America/Santiago", "2026-09-01T00:00"),
    ("America/Santiago", "2026-03-28T00:00"),
    ("Europe/Madrid", "2026-03-22T00:00"),
    ("Europe/Madrid", "2026-10-18T00:00"),
    ("America/Sao_Paulo", "2018-10-28T00:00"),
    ("Australia/Lord_Howe", "2026-09-27T00:00"),
    ("Pacific/Apia", "2011-12-24T00:00"),
];

proptest! {
    #[test]
    fn on_days_when_clocks_jump_what_is_due_is_open_in_time_and_never_in_the_past(
        jump in prop::sample::select(JUMPS.to_vec()), schedule in any_schedule(),
        start in 0_u64..20_000, happens in 0_u64..20_000, night in any::<bool>()
    ) {
        let zone = TimeZone::get(jump.0).unwrap();
        let first = UnixMs::from(zone.to_timestamp(jump.1.parse::<jiff::civil::DateTime>().unwrap()).unwrap());
        let moved = |at: UnixMs| UnixMs(at.0 - self::at("2026-09-01T00:00").0 + first.0);
        let send = match schedule.send {
            SendTime::At(at) => SendTime::At(moved(at)),
            other => other,
        };
        let schedule = Schedule { send, until: schedule.until.map(moved), ..schedule };
        let mut hours = office();
        if night {
            // Open in the very hours that are skipped and repeated.
            for day in Weekday::Monday.cycle_forward().take(7) {
                hours.week.set(day, vec![OpenSpan::new(0, 30).unwrap(), OpenSpan::new(90, 170).unwrap()]);
            }
        }
        let (started, happens) = (first.plus(Duration::from_mins(start)), first.plus(Duration::from_mins(happens)));
        let found = due(&schedule, Some(happens), started, &zone, Some(&hours));
        if let Ok(Due { due_at, latest_at, shift }) = found {
            prop_assert!(due_at >= started);
            prop_assert!(hours.is_open(due_at, &zone));
            prop_assert!(latest_at.is_none_or(|latest| due_at <= latest));
            let planned = match schedule.send {
                SendTime::WhenStarted => started,
                SendTime::At(at) => at,
                SendTime::FromWhen(offset) => offset.from(happens, &zone),
            };
            prop_assert_eq!(shift == Shift::Earlier, due_at < planned);
            prop_assert!(shift != Shift::AsPlanned || due_at == planned.max(started));
        }
    }

    #[test]
    fn what_is_due_is_open_in_time_and_never_in_the_past(
        schedule in any_schedule(), start in 0_u64..20_000, happens in 0_u64..20_000
    ) {
        let first = at("2026-09-01T00:00");
        let started = first.plus(Duration::from_mins(start));
        let happens = first.plus(Duration::from_mins(happens));
        let found = due(&schedule, Some(happens), started, &santiago(), Some(&office()));
        if let Ok(Due { due_at, latest_at, .. }) = found {
            prop_assert!(due_at >= started);
            prop_assert!(office().is_open(due_at, &santiago()));
            prop_assert!(latest_at.is_none_or(|latest| due_at <= latest));
        }
    }

    #[test]
    fn a_run_started_later_is_never_due_earlier(
        schedule in any_schedule(), start in 0_u64..20_000, wait in 0_u64..5_000, happens in 0_u64..20_000
    ) {
        let first = at("2026-09-01T00:00");
        let started = first.plus(Duration::from_mins(start));
        let later = started.plus(Duration::from_mins(wait));
        let happens = Some(first.plus(Duration::from_mins(happens)));
        let of = |started| due(&schedule, happens, started, &santiago(), Some(&office()));
        match (of(started), of(later)) {
            (Ok(early), Ok(late)) => prop_assert!(early.due_at <= late.due_at),
            (Err(_), late) => prop_assert!(late.is_err()),
            (Ok(_), Err(_)) => {}
        }
    }
}
