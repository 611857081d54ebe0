//! When a run will have been sent out: low, likely and high, and what limits it. Arithmetic over what is queued, on which
//! sender, at what pace, within which messaging limit.
//!
//! A [`Scene`] is everything that leaves through the same doors. [`forecasts`] lets it take its course three times,
//! each time in small lots: as the dispatcher does, priority by priority, runs of one priority in turn, nothing before it
//! is due, outside its hours, without a place or without money.

mod course;
mod door;
mod queue;

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::hours::Hours;
use super::kind::Priority;
use super::time::UnixMs;
use course::Course;

/// Everything that leaves through the same senders and the same messaging limit.
#[derive(Clone, Debug)]
pub struct Scene {
    /// When it is looked at.
    pub now: UnixMs,
    /// Seconds of the clock that the times are on, in one real second.
    pub speed: f64,
    /// The senders.
    pub paces: Vec<Pace>,
    /// The messaging limit that the senders share; `None`: there is none.
    pub tier: Option<Tier>,
    /// The runs.
    pub lines: Vec<Line>,
}

impl Scene {
    /// A sender of that many messages per real second, with nothing else around, on a clock of that [`Self::speed`].
    pub fn alone(now: UnixMs, per_second: f64, speed: f64) -> Self {
        let pace = Pace { per_second: per_second / speed, replies: 0.0 };
        Self { now, speed, paces: vec![pace], tier: None, lines: Vec::new() }
    }
}

/// How fast a sender is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    /// Messages per second of the clock that the times are on.
    pub per_second: f64,
    /// Messages that people write for each one sent: they count in the same limit.
    pub replies: f64,
}

/// A messaging limit.
#[derive(Clone, PartialEq, Debug)]
pub struct Tier {
    /// People who may hold a place: the limit less what is left to others.
    pub room: f64,
    /// People who hold one, and when they let go. In any order; those that nobody knows of let go after [`Tier::kept`].
    pub held: Vec<(UnixMs, f64)>,
    /// How long a place is taken from the moment its message leaves.
    pub kept: Duration,
    /// How far ahead promotions leave room for reminders.
    pub ahead: Duration,
}

/// The queue of one run.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Which of the scene's senders it leaves from.
    pub sender: usize,
    /// Who goes first.
    pub priority: Priority,
    /// What is queued.
    pub batches: Vec<Batch>,
    /// Paused, or held nobody knows until when: nothing leaves, and promotions leave room for it all the same.
    pub stopped: bool,
    /// It is held until then: nothing leaves before.
    pub held: Option<UnixMs>,
    /// When it may leave, on the clocks of `zones`; `None`: always.
    pub hours: Option<Hours>,
    /// Clocks of its people.
    pub zones: Vec<TimeZone>,
    /// The budget it is paid from.
    pub purse: Option<Purse>,
    /// How many of its messages the account's wallet still pays; `None`: all, or it has none.
    pub paid: Option<f64>,
    /// Messages of one person follow one another: nothing ends sooner than this after the first is due.
    pub spacing: Duration,
    /// A first part that is judged before the rest goes on.
    pub canary: Option<Canary>,
    /// Failures that are tried again.
    pub again: Again,
    /// The gate that the last of its messages wait for, and until when.
    pub gate: Option<(LimitedBy, UnixMs)>,
    /// The share of its sender's pace that it keeps now, where it goes by how many conversations wait; 1: all of it.
    pub people: Option<f64>,
    /// Whether its end is asked for; the others only stand in the way.
    pub watched: bool,
}

/// Messages that are alike.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Batch {
    /// The last of them is due then.
    pub due_at: UnixMs,
    /// They must not be sent after this.
    pub latest_at: Option<UnixMs>,
    /// Which of the line's clocks their people are on.
    pub zone: usize,
    /// How many.
    pub messages: f64,
    /// New people among theirs: places that they take.
    pub places: f64,
    /// They have failed once: what is tried again is not tried a third time.
    pub again: bool,
}

/// A budget, in any one unit of money.
#[derive(Clone, PartialEq, Debug)]
pub struct Purse {
    /// What is left of it now.
    pub left: f64,
    /// What a message will probably cost.
    pub likely: f64,
    /// What is kept for one until that is known.
    pub worst: f64,
    /// When it is whole again, and what it is then: the coming months.
    pub renewals: Vec<UnixMs>,
    /// The whole of it.
    pub amount: f64,
}

/// A first part that is sent, waited for and judged.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Canary {
    /// Messages that may still leave before the verdict; 0: they have left.
    pub messages: f64,
    /// How long after the last of them, or from now where they have left, the rest goes on.
    pub wait: Duration,
}

/// Failures that are tried again by themselves.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Again {
    /// The share of what is sent that has come back so far.
    pub share: f64,
    /// The share that may come back although nothing has so far.
    pub at_most: f64,
    /// After this.
    pub after: Duration,
}

/// What limits a run most of the time that it takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// The sender's speed, shared with others.
    Rate,
    /// The messaging limit.
    Tier,
    /// Hours in which it may send.
    Hours,
    /// Its budget.
    Budget,
    /// The verdict on its first part.
    Canary,
    /// Nothing but the times its messages are due.
    Schedule,
    /// How many messages its people may get.
    Frequency,
    /// Messages to one person are spaced.
    PairLimit,
    /// Its people are talking to an agent.
    OpenConversation,
    /// The provider turned messages away, and they are tried again later.
    Later,
    /// How many conversations wait for an answer.
    People,
    /// A hold whose end is known.
    Hold,
    /// What is left in the account's wallet.
    Wallet,
}

impl LimitedBy {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Rate,
        Self::Tier,
        Self::Hours,
        Self::Budget,
        Self::Canary,
        Self::Schedule,
        Self::Frequency,
        Self::PairLimit,
        Self::OpenConversation,
        Self::Later,
        Self::People,
        Self::Hold,
        Self::Wallet,
    ];

    /// What a gate of a message limits; `None` for one that is reckoned with by itself.
    pub fn of_gate(gate: &str) -> Option<Self> {
        match gate {
            "frequency" => Some(Self::Frequency),
            "pair_limit" => Some(Self::PairLimit),
            "open_conversation" => Some(Self::OpenConversation),
            "later" | "again" => Some(Self::Later),
            _ => None,
        }
    }

    /// The word in the API and in the locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Tier => "tier",
            Self::Hours => "hours",
            Self::Budget => "budget",
            Self::Canary => "canary",
            Self::Schedule => "schedule",
            Self::Frequency => "frequency",
            Self::PairLimit => "pair_limit",
            Self::OpenConversation => "open_conversation",
            Self::Later => "later",
            Self::People => "people",
            Self::Hold => "hold",
            Self::Wallet => "wallet",
        }
    }
}

/// When a run will have been sent out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Forecast {
    /// At the earliest: the whole speed, nobody writes, nothing is tried again. Unix milliseconds; `null`: not in sight.
    pub low: Option<UnixMs>,
    /// As things go. `null`: never, or not within a year.
    pub likely: Option<UnixMs>,
    /// At the latest: slowed down, and with more tried again than so far.
    pub high: Option<UnixMs>,
    /// What limits it.
    pub limited_by: LimitedBy,
    /// Messages whose latest time passes before it is their turn: they are not sent, and cost nothing.
    pub too_late: i64,
    /// Messages that stay in line, where there is no end in sight.
    pub left: i64,
    /// It goes by how many conversations wait, which nobody knows ahead: `low` is as if none did, `likely` as if it stayed
    /// as now, and there is no `high`.
    pub by_people: bool,
    /// After so many hours what the provider puts off is tried again, where that is what makes it as late as `high`;
    /// `null`: `high` is as late as that because the sender is shared or slowed down.
    pub tried_again_h: Option<u64>,
    /// It is held and nobody knows until when: the times are as if it went on now.
    pub if_it_went_on: bool,
}

/// How things go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Luck {
    /// The share of the speed that is had.
    speed: f64,
    /// Replies for each message sent, of those that there have been.
    replies: fn(f64) -> f64,
    /// The share of messages that fail and give back their place.
    fails: f64,
    /// The share of people whose phone is off: their place is taken for half a day longer.
    late: f64,
    /// Which of the shares of failures that are tried again counts.
    again: fn(Again) -> f64,
    /// From how many messages on.
    matters: f64,
    /// Which price counts.
    price: fn(&Purse) -> f64,
    /// Which share of the pace is kept, of the one that the conversations that wait now leave.
    people: fn(f64) -> f64,
}

/// The whole speed, and failures give places back.
const BEST: Luck = Luck {
    speed: 1.0,
    replies: |_| 0.0,
    fails: 0.1,
    late: 0.0,
    again: |_| 0.0,
    matters: 1.0,
    price: |p| p.likely,
    people: |_| 1.0,
};

/// As things have gone so far.
const USUAL: Luck = Luck {
    speed: 1.0,
    replies: |r| r,
    fails: 0.0,
    late: 0.0,
    again: |a| a.share,
    matters: 1.0,
    price: |p| p.likely,
    people: |share| share,
};

/// Slowed down by the provider, more replies and answers to them, phones that are off, all at the worst price.
const WORST: Luck = Luck {
    speed: 0.8,
    replies: |r| (2.0 * r).max(0.25),
    fails: 0.0,
    late: 0.05,
    again: |a| a.at_most.max(2.0 * a.share),
    matters: 0.05,
    price: |p| p.worst,
    people: |_| 0.0,
};

/// The forecast of each line of `scene`; `None` for those that are not watched, are stopped or have nothing queued.
pub fn forecasts(scene: &Scene) -> Vec<Option<Forecast>> {
    let [best, likely, worst] = [BEST, USUAL, WORST].map(|luck| Course::new(scene, luck).run());
    let of = |n: usize| {
        let line = scene.lines.get(n)?;
        let empty = line.batches.iter().all(|batch| batch.messages < 1.0);
        if !line.watched || line.stopped || empty {
            return None;
        }
        let mut ends = [best.get(n)?.ends_at, likely.get(n)?.ends_at, worst.get(n)?.ends_at];
        let likely = likely.get(n)?;
        // What is good for one line of several may be bad for another: the three are in order all the same.
        ends.sort_by_key(|end| end.unwrap_or(UnixMs(i64::MAX)));
        let (low, high) = (ends[0], ends[2]);
        let (too_late, left) = (likely.too_late.round() as i64, likely.left.round() as i64);
        let (likely_at, limited_by, by_people) = (likely.ends_at, likely.limited_by, line.people.is_some());
        let again = worst.get(n).is_some_and(|worst| worst.by_again && worst.ends_at == high);
        let tried_again_h = again.then_some(line.again.after.as_secs() / 3_600);
        let if_it_went_on = false;
        Some(Forecast {
            low,
            likely: likely_at,
            high,
            limited_by,
            too_late,
            left,
            by_people,
            tried_again_h,
            if_it_went_on,
        })
    };
    (0..scene.lines.len()).map(of).collect()
}

/// The forecast of the one line that is watched.
pub fn forecast(scene: &Scene) -> Option<Forecast> {
    forecasts(scene).into_iter().flatten().next()
}

#[cfg(test)]
mod tests;
