//! Dates that lie so far ahead that their year may be wrong.

use std::time::Duration;

use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;

/// Beyond, a date is told.
const FAR: Duration = Duration::from_hours(366 * 24);

/// The messages for such dates.
#[derive(Default)]
pub(super) struct FarAhead {
    count: u64,
    /// The first of them: its row and date.
    first: Option<(i64, UnixMs)>,
}

impl FarAhead {
    /// A message of row `no` for what happens at `at`, of a campaign that starts at `started_at`.
    pub(super) fn see(&mut self, no: i64, at: Option<UnixMs>, started_at: UnixMs) {
        if let Some(at) = at.filter(|at| at.since(started_at) > FAR) {
            self.count += 1;
            self.first.get_or_insert((no, at));
        }
    }

    /// How many there are, and the first of them on the clock of `zone`.
    pub(super) fn problem(&self, zone: &jiff::tz::TimeZone) -> Option<Problem> {
        let (row, at) = self.first?;
        let (n, row, date) = (self.count.to_string(), row.to_string(), at.day_in(zone));
        Some(Problem::new("dates_far_ahead", &[("n", &n), ("row", &row), ("date", &date)]))
    }
}
