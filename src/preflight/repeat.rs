//! A campaign that comes again and again: when it begins, how often, and what all of it costs.

use std::time::Duration;

use serde::Serialize;

use super::cost::Cost;
use super::problems::hours;
use super::sheet::{SheetInputs, amount_if_any};
use crate::domain::money::Micros;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::intake::occasions::Occasions;

/// Times are counted until `until`, or for so long where the campaign says none.
pub const AHEAD: Duration = Duration::from_hours(30 * 24);

/// Times that are counted; nobody needs to know more exactly how many these are.
const MOST: i64 = 10_000;

/// Two times nearer to each other than this come too often for people.
const OFTEN: Duration = Duration::from_hours(20);

/// The times of a campaign with `every`, and what they cost if the file stays as it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Repeats {
    /// As the campaign file says it.
    pub every: String,
    /// The first time.
    pub first_at: UnixMs,
    /// The second, where there is one.
    pub next_at: Option<UnixMs>,
    /// Up to when they are counted: `until`, or 30 days from now.
    pub counted_until: UnixMs,
    /// Whether that is the campaign's own `until`.
    pub ends: bool,
    /// How many times that is.
    pub times: i64,
    /// There are more than were counted.
    pub or_more: bool,
    /// Times more that begin nothing: it is closed then, and another comes before it opens.
    pub met: i64,
    /// Messages of all of them.
    pub messages: i64,
    /// What all of them cost at least.
    #[serde(serialize_with = "amount_if_any")]
    pub low: Option<Micros>,
    /// What they cost likely.
    #[serde(serialize_with = "amount_if_any")]
    pub likely: Option<Micros>,
    /// What they cost at most.
    #[serde(serialize_with = "amount_if_any")]
    pub high: Option<Micros>,
}

impl Repeats {
    /// The sentence for what all of it costs.
    pub fn cost_key(&self) -> &'static str {
        if self.or_more { "repeat.cost_more" } else { "repeat.cost" }
    }
}

fn begin<'a>(occasions: &'a Occasions<'a>, now: UnixMs) -> impl Iterator<Item = UnixMs> + 'a {
    std::iter::successors(occasions.after(now), |after| occasions.after(*after))
}

/// What is told of `campaign`, whose file makes `messages` each time for `cost`.
pub(super) fn repeats(inputs: &SheetInputs<'_>, messages: i64, cost: &Cost) -> Option<Repeats> {
    let (campaign, now, hours) = (inputs.campaign, inputs.now, hours(inputs));
    let (every, occasions) = (campaign.every.as_ref()?, Occasions::of(campaign, &hours)?);
    let counted_until = campaign.schedule.until.unwrap_or_else(|| now.plus(AHEAD));
    let mut all = begin(&occasions, now);
    let first_at = all.next()?;
    let next_at = all.next();
    let counted: i64 =
        begin(&occasions, now).take_while(|at| *at <= counted_until).take(MOST as usize + 1).fold(0, |n, _| n + 1);
    let named = std::iter::successors(occasions.named_after(now), |after| occasions.named_after(*after));
    let named: i64 = named.take_while(|at| *at <= counted_until).take(MOST as usize + 1).fold(0, |n, _| n + 1);
    let (times, or_more) = (counted.clamp(1, MOST), counted > MOST);
    let of_all = |each: Option<Micros>| each.map(|each| each.times(times));
    Some(Repeats {
        every: every.text(),
        first_at,
        next_at,
        counted_until,
        ends: campaign.schedule.until.is_some(),
        times,
        or_more,
        met: (named - counted).max(0),
        messages: messages.saturating_mul(times),
        low: of_all(cost.low),
        likely: of_all(cost.likely),
        high: of_all(cost.high),
    })
}

/// Some of its times fall when it is closed, and meet.
pub(super) fn met(repeats: Option<&Repeats>) -> Option<Problem> {
    let met = repeats?.met;
    (met > 0).then(|| Problem::new("repeats_meet", &[("n", &met.to_string())]))
}

/// The same people would get it again within a day.
pub(super) fn warning(repeats: Option<&Repeats>) -> Option<Problem> {
    let repeats = repeats?;
    let gap = repeats.next_at?.since(repeats.first_at);
    let per_day = 86_400 / gap.as_secs().max(60);
    let (times, per_day) = (repeats.times.to_string(), per_day.max(2).to_string());
    (gap < OFTEN).then(|| {
        let code = if repeats.or_more { "repeats_often_more" } else { "repeats_often" };
        Problem::new(code, &[("times", &times), ("per_day", &per_day)])
    })
}
