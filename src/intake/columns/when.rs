//! Which columns hold the date and time.

use crate::domain::kind::CampaignKind;
use crate::domain::problem::Problem;
use crate::domain::schedule::SendTime;

use super::super::campaign_file::CampaignFile;
use super::{Look, Search, listed, words};

impl Search<'_> {
    /// Columns of the date and time. Looked for only where something depends on them, so that a promotion is not
    /// stopped by a column of birthdays.
    pub(super) fn when(&mut self, campaign: &CampaignFile, speaks_of_when: bool) -> Vec<usize> {
        if let Some(name) = &campaign.columns.when {
            return self.named_or_joined(name);
        }
        let is_needed = speaks_of_when || matches!(campaign.schedule.send, SendTime::FromWhen(_));
        if !is_needed && campaign.kind != CampaignKind::Reminder {
            return Vec::new();
        }
        let called = |words: &[&str]| self.places(|i, s| words.contains(&s.folded[i].as_str()));
        let (whole, dates, times) = (called(words::WHEN), called(words::DATE), called(words::TIME));
        match (whole.as_slice(), dates.as_slice(), times.as_slice()) {
            // Beside a date, the time of an appointment is no date.
            ([time], [date], []) if self.folded[*time] == words::EITHER => vec![*date, *time],
            ([one], _, _) => vec![*one],
            ([], [date], [time]) => vec![*date, *time],
            ([], [date], []) => self.with_its_time(*date),
            ([], [], _) => self.by_its_cells(is_needed),
            _ => {
                let all = [whole, dates, times].concat();
                self.ambiguous("when", &all);
                Vec::new()
            }
        }
    }

    /// A column of dates, and the one beside it that is called by the appointment and holds its time of day.
    fn with_its_time(&self, date: usize) -> Vec<usize> {
        let perhaps = self.places(|i, s| words::WHEN_PERHAPS.contains(&s.folded[i].as_str()));
        if perhaps.is_empty() || self.looks.of(date) != Look::Dates {
            return vec![date];
        }
        let times: Vec<usize> = perhaps.into_iter().filter(|place| self.looks.of(*place) == Look::Times).collect();
        if let [time] = times.as_slice() { vec![date, *time] } else { vec![date] }
    }

    /// Without any date by its name, the one column called by the appointment whose cells are dates. In a file without
    /// rows the name must do.
    fn by_its_cells(&mut self, is_needed: bool) -> Vec<usize> {
        if !is_needed {
            return Vec::new();
        }
        let is_date = |look| matches!(look, Look::Moments | Look::Dates);
        let perhaps = self.places(|i, s| words::WHEN_PERHAPS.contains(&s.folded[i].as_str()));
        let dates: Vec<usize> = perhaps.into_iter().filter(|place| is_date(self.looks.of(*place))).collect();
        let alone = self.places(|i, s| words::WHEN_ALONE.contains(&s.folded[i].as_str()));
        match (dates.as_slice(), alone.as_slice()) {
            ([one], _) => return vec![*one],
            ([], [one]) if self.looks.of(*one) == Look::Empty => return vec![*one],
            ([], _) => {
                let columns = listed(self.header);
                self.problems.push(Problem::new("no_when_column", &[("columns", &columns)]));
            }
            _ => self.ambiguous("when", &dates),
        }
        Vec::new()
    }
}
