//! A row's date and time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::when::{self, HasTime, NoMoment};
use super::Resolver;
use crate::domain::schedule::NotDue;
use crate::domain::time::UnixMs;

/// A row's date and time: the instant, and the wall clock it is printed with.
#[derive(Clone, Copy)]
pub(super) struct Happens {
    pub(super) at: UnixMs,
    pub(super) local: DateTime,
    pub(super) has_time: bool,
    /// Its cell names a weekday that the date is not.
    pub(super) names_other_weekday: bool,
}

impl Resolver<'_> {
    /// The date and time, `None` where the campaign has no use for one. It is written on the clock of the row's own
    /// zone, else the campaign's: a clinic writes its appointments in its own time, wherever the patient's phone is from.
    pub(super) fn happens(&self, cells: &[String], own_zone: Option<&TimeZone>) -> Result<Option<Happens>, NoMoment> {
        if self.plan.columns.when.is_empty() {
            return Ok(None);
        }
        let parts = self.moment_cells(cells);
        let zone = own_zone.cloned().unwrap_or_else(|| self.zones.campaign());
        let moment = when::read(&parts, self.dates)?;
        let (at, local, has_time) = moment.in_zone(&zone).ok_or(NoMoment::Unreadable)?;
        let names_other_weekday = when::names_other_weekday(&parts, local.date());
        Ok(Some(Happens { at, local, has_time: has_time == HasTime::Yes, names_other_weekday }))
    }

    /// The cells that it is read from.
    pub(super) fn moment_cells<'a>(&self, cells: &'a [String]) -> Vec<&'a str> {
        self.plan.columns.when.iter().filter_map(|place| cells.get(*place)).map(String::as_str).collect()
    }

    pub(super) fn no_moment(&self, why: NoMoment, cells: &[String]) -> String {
        let places = &self.plan.columns.when;
        let columns: Vec<&str> = places.iter().map(|place| self.header(*place)).collect();
        match why {
            NoMoment::Unreadable => {
                format!("{why}_in: {}: {}", columns.join(" + "), self.moment_cells(cells).join(" "))
            }
            NoMoment::NoDate | NoMoment::NoTime => format!("{why}_of: {}", columns.join(" + ")),
        }
    }

    /// Counts a row that is too late, and says what it was for.
    pub(super) fn not_due(&mut self, why: NotDue, happens: Option<Happens>) -> String {
        if why == NotDue::Closed {
            self.tally.closed_until_latest += 1;
            return "closed_until_latest".to_owned();
        }
        self.tally.misses_latest += 1;
        happens.map(|h| format!("happens: {}", h.local.strftime("%Y-%m-%d %H:%M"))).unwrap_or_default()
    }

    /// Counts what is odd about the date of a message; `odd`: its cells, where they name another weekday.
    pub(super) fn count_moment(&mut self, happens: Option<Happens>, odd: Option<String>) {
        let is_reckoned_by = self.request.campaign.is_standing();
        let told = &mut self.tally.dates;
        told.without_time += u64::from(is_reckoned_by && happens.is_some_and(|h| !h.has_time));
        told.other_weekdays += u64::from(odd.is_some());
        if told.other_weekday.is_none() {
            told.other_weekday = odd;
        }
    }
}
