//! When everything will have been sent: the rows of the audience as a line among what leaves already.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::cost::Cost;
use super::problems::first_time;
use super::sheet::SheetInputs;
use crate::domain::budget::next_months;
use crate::domain::forecast::{Again, Batch, Canary, Forecast, Line, Purse, Scene, forecast};
use crate::domain::hours::Hours;
use crate::domain::pair;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::intake::open_hours::OpenHours;
use crate::intake::rows::Draft;

mod people;

use people::People;

/// Messages due within the same minute are alike, in milliseconds.
const ALIKE: i64 = 60_000;

/// Groups of messages that are alike. Where there would be more, times twice as far apart are alike: rows may name any.
const MOST_GROUPS: usize = 20_000;

/// Months ahead in which a monthly budget is whole again.
const MONTHS: usize = 12;

/// The share of marketing messages that may be put off, and for how long (131049 in the table of failures).
const PUT_OFF: Again = Again { share: 0.0, at_most: 0.05, after: Duration::from_hours(24) };

/// Messages by minute, latest minute, clock, and whether their person holds a place.
type Key = (i64, Option<i64>, u32, bool);

/// What the rows add up to.
#[derive(Default)]
pub(super) struct Ahead {
    groups: BTreeMap<Key, Batch>,
    /// How often what is alike was doubled.
    doubled: u32,
    zones: Vec<String>,
    /// The first message of all is due then.
    pub first: Option<UnixMs>,
    /// People seen, where rows may speak of one person twice.
    people: People,
    twice: bool,
}

impl Ahead {
    /// One more message; `once`: nobody gets two.
    pub fn take(&mut self, draft: &Draft, once: bool, reached: bool) {
        let known = reached || !(once || self.people.insert(&draft.to));
        self.twice |= known && !reached;
        let zone = self.zone(&draft.timezone);
        let (due_at, latest_at) = (draft.due_at, draft.latest_at);
        let minute = |at: UnixMs| at.0.div_euclid(ALIKE) >> self.doubled;
        let key = (minute(due_at), latest_at.map(minute), zone, known);
        let none = Batch { due_at, latest_at, zone: zone as usize, messages: 0.0, places: 0.0, again: false };
        let batch = self.groups.entry(key).or_insert(none);
        batch.due_at = batch.due_at.max(due_at);
        batch.latest_at = batch.latest_at.max(latest_at);
        batch.messages += 1.0;
        batch.places += if known { 0.0 } else { 1.0 };
        self.first = Some(self.first.map_or(due_at, |first| first.min(due_at)));
        // Once all times are alike, the clocks that are left are few.
        while self.groups.len() > MOST_GROUPS && self.doubled < 48 {
            self.double();
        }
    }

    /// Puts together what is alike with times twice as far apart.
    fn double(&mut self) {
        self.doubled += 1;
        for ((due, latest, zone, known), batch) in std::mem::take(&mut self.groups) {
            let together = self.groups.entry((due >> 1, latest.map(|at| at >> 1), zone, known)).or_insert(Batch {
                messages: 0.0,
                places: 0.0,
                ..batch
            });
            together.due_at = together.due_at.max(batch.due_at);
            together.latest_at = together.latest_at.max(batch.latest_at);
            together.messages += batch.messages;
            together.places += batch.places;
        }
    }

    /// How many of those behind the first `messages` would come to their latest time while these are judged, which takes
    /// `wait`; `None`: there are none behind.
    pub fn late_behind(&self, messages: i64, wait: Duration) -> Option<i64> {
        let (mut first, mut left_at) = (messages as f64, None);
        let (mut behind, mut late) = (0.0, 0.0);
        // In the order of the due times.
        for batch in self.groups.values() {
            let before = batch.messages.min(first);
            first -= before;
            if before > 0.0 {
                left_at = Some(batch.due_at);
            }
            let (rest, Some(left_at)) = (batch.messages - before, left_at) else { continue };
            behind += rest;
            let judged_at = left_at.plus(wait);
            late += if batch.latest_at.is_some_and(|at| at >= left_at && at < judged_at) { rest } else { 0.0 };
        }
        (behind > 0.0).then_some(late as i64)
    }

    fn zone(&mut self, name: &str) -> u32 {
        let known = self.zones.iter().position(|zone| zone == name);
        let no = known.unwrap_or_else(|| {
            self.zones.push(name.to_owned());
            self.zones.len() - 1
        });
        u32::try_from(no).unwrap_or_default()
    }

    /// When they will have been sent, beside what leaves from the same sender already.
    pub fn told(&self, inputs: &SheetInputs<'_>, category: Category, cost: &Cost) -> Option<Forecast> {
        let campaign = inputs.campaign;
        let zones = self.zones.iter().map(|zone| TimeZone::get(zone).unwrap_or(TimeZone::UTC)).collect();
        let line = Line {
            sender: 0,
            priority: campaign.kind.priority(),
            batches: self.groups.values().copied().collect(),
            hours: hours(inputs, category),
            zones,
            purse: self.purse(inputs, cost),
            paid: self.paid(inputs, cost),
            canary: self.canary(inputs),
            spacing: if self.twice { pair::SPACING.mul_f64(inputs.around.speed) } else { Duration::ZERO },
            again: if category == Category::Marketing { PUT_OFF } else { Again::default() },
            people: campaign.limits.people.as_ref().map(|_| inputs.people),
            watched: true,
            ..Line::default()
        };
        let mut scene = Scene { now: inputs.now, ..inputs.around.clone() };
        if let Some(first) = first_time(inputs) {
            // One that comes again begins at its time, when what leaves now has left.
            scene.now = first;
            scene.lines.clear();
        }
        scene.lines.push(line);
        forecast(&scene)
    }

    fn canary(&self, inputs: &SheetInputs<'_>) -> Option<Canary> {
        let limits = &inputs.campaign.limits;
        let all = self.messages();
        let messages = limits.canary?.of(all as i64) as f64;
        let wait = limits.canary_terms.or(inputs.canary).terms().wait;
        (messages < all).then_some(Canary { messages, wait })
    }

    fn messages(&self) -> f64 {
        self.groups.values().map(|batch| batch.messages).sum()
    }

    /// How many of them the account's wallet pays, of all that share what it holds for their priority; `None`: all.
    fn paid(&self, inputs: &SheetInputs<'_>, cost: &Cost) -> Option<f64> {
        let (purse, priority) = (inputs.purse?, inputs.campaign.kind.priority());
        let (room, in_line) = (purse.hope(priority), purse.wanted(priority));
        let wanted = in_line.plus(cost.of_wallet(inputs.account?, self.messages() as i64)?);
        (room < wanted).then(|| self.messages() * (room.0 as f64 / wanted.0 as f64))
    }

    fn purse(&self, inputs: &SheetInputs<'_>, cost: &Cost) -> Option<Purse> {
        let budget = inputs.campaign.limits.budget?;
        let zone = inputs.account.map_or(&inputs.campaign.timezone, |account| &account.timezone);
        let each = |sum: i64| sum as f64 / self.messages().max(1.0);
        let renewals = if budget.monthly { next_months(inputs.now, zone).take(MONTHS).collect() } else { Vec::new() };
        Some(Purse {
            left: budget.left(inputs.spent).0 as f64,
            likely: each(cost.likely?.0),
            worst: each(cost.high?.0),
            renewals,
            amount: budget.amount.0 as f64,
        })
    }
}

/// When most of them may leave: people of other countries than the campaign's are few, and what their laws say is in
/// their due times.
fn hours(inputs: &SheetInputs<'_>, category: Category) -> Option<Hours> {
    let campaign = inputs.campaign;
    let hours = OpenHours::of(campaign, inputs.holidays, inputs.laws, Some(category)).unwrap_or_default();
    hours.in_country(campaign.country.as_deref()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fill::Fill;
    use crate::domain::phone::Phone;

    fn draft(due_at: UnixMs) -> Draft {
        let to = Phone::from_international("5491155550101").unwrap();
        Draft {
            given: to.with_plus(),
            to,
            others: Vec::new(),
            name: String::new(),
            external_id: None,
            happens_at: None,
            timezone: "America/Argentina/Buenos_Aires".to_owned(),
            due_at,
            latest_at: Some(due_at.plus(Duration::from_hours(1))),
            fill: Fill::default(),
            cost_centre: String::new(),
            route: String::new(),
            consent: String::new(),
            key: String::new(),
            flattened: false,
        }
    }

    #[test]
    fn however_many_times_rows_name_a_bounded_number_of_groups_holds_all_of_them() {
        let mut ahead = Ahead::default();
        let at = |no: i64| UnixMs(1_795_525_200_000 + (no * 7_919 % 100_000) * ALIKE);
        for no in 0..100_000 {
            ahead.take(&draft(at(no)), true, false);
        }
        assert!(ahead.groups.len() <= MOST_GROUPS && ahead.groups.len() > MOST_GROUPS / 4, "{}", ahead.groups.len());
        assert_eq!(ahead.groups.values().map(|batch| batch.messages).sum::<f64>() as i64, 100_000);
        assert_eq!(ahead.first, Some(at(0)));
        let last = ahead.groups.values().next_back().unwrap();
        assert_eq!(last.due_at, UnixMs(at(0).0 + 99_999 * ALIKE), "none is due later than it was");
        let mut few = Ahead::default();
        (0..1_000).for_each(|no| few.take(&draft(at(no)), true, false));
        assert_eq!((few.groups.len(), few.doubled), (1_000, 0));
    }
}
