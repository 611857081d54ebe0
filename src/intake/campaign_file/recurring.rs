//! `every`: the times at which a campaign begins a run, as a line of cron.

use std::str::FromStr;

use chrono::{DateTime, TimeZone as _, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::domain::time::UnixMs;

/// A schedule of minutes, hours, days, months and weekdays.
#[derive(Clone, PartialEq, Debug)]
pub struct Every(Cron);

/// Text that is no such schedule; the message completes `"every" …`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotEvery {
    /// It is not written so.
    #[error(
        "must be minute, hour, day, month and weekday, as \"0 9 * * MON-FRI\" (at 9:00 from Monday to Friday) or \"30 8 1 * *\" (at 8:30 on the first of each month)"
    )]
    Unreadable,
    /// No such day ever comes.
    #[error("names a day that never comes")]
    Never,
}

impl Every {
    /// Reads five fields.
    pub fn parse(text: &str) -> Result<Self, NotEvery> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text.trim()).map_err(|_| NotEvery::Unreadable)?;
        let some_day = Utc.timestamp_millis_opt(0).single().ok_or(NotEvery::Never)?;
        cron.find_next_occurrence(&some_day, true).map_err(|_| NotEvery::Never)?;
        Ok(Self(cron))
    }

    /// The first of its times after `after`, on the clock of `zone`, an IANA name; `None` when there is none in sight. A
    /// time that a jump of the clock skips comes right after the jump, one that comes twice counts once.
    pub fn next(&self, after: UnixMs, zone: &str) -> Option<UnixMs> {
        let zone = chrono_tz::Tz::from_str(zone).unwrap_or(chrono_tz::UTC);
        let after: DateTime<chrono_tz::Tz> = zone.timestamp_millis_opt(after.0).single()?;
        let next = self.0.find_next_occurrence(&after, false).ok()?;
        Some(UnixMs(next.timestamp_millis()))
    }

    /// As it was written.
    pub fn text(&self) -> String {
        self.0.pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMs {
        UnixMs::from(text.parse::<jiff::Timestamp>().unwrap())
    }

    #[test]
    fn the_next_time_is_on_the_campaigns_clock() {
        let every = Every::parse("0 9 * * MON-FRI").unwrap();
        let zone = "America/Argentina/Buenos_Aires";
        // A Friday at 10:00 there: the next is Monday at 9:00.
        assert_eq!(every.next(at("2026-11-27T13:00:00Z"), zone), Some(at("2026-11-30T12:00:00Z")));
        assert_eq!(every.next(at("2026-11-30T11:59:59Z"), zone), Some(at("2026-11-30T12:00:00Z")));
        assert_eq!(every.next(at("2026-11-30T12:00:00Z"), zone), Some(at("2026-12-01T12:00:00Z")));
    }

    #[test]
    fn days_on_which_the_clock_jumps_have_one_time_each() {
        let every = Every::parse("30 2 * * *").unwrap();
        let zone = "America/New_York";
        // On 2026-03-08 the clock goes from 2:00 to 3:00, on 2026-11-01 from 2:00 back to 1:00.
        let skipped = every.next(at("2026-03-07T12:00:00Z"), zone).unwrap();
        assert_eq!(skipped, at("2026-03-08T07:00:00Z"));
        assert_eq!(every.next(skipped, zone), Some(at("2026-03-09T06:30:00Z")));
        let twice = Every::parse("30 1 * * *").unwrap();
        let first = twice.next(at("2026-10-31T12:00:00Z"), zone).unwrap();
        assert_eq!(first, at("2026-11-01T05:30:00Z"));
        assert_eq!(twice.next(first, zone), Some(at("2026-11-02T06:30:00Z")));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for bad in ["", "9", "0 9 * *", "0 0 9 * * MON", "61 9 * * *", "@daily x", "0 9 31 2 *"] {
            assert!(Every::parse(bad).is_err(), "{bad}");
        }
    }
}
