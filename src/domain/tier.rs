//! The messaging limit (tier): how many people a portfolio may reach outside a window in a rolling 24 h. Arithmetic only.

use std::time::Duration;

use super::time::UnixMs;

/// How long a person's place is taken: 24 h after the later of acceptance and delivery (cloud-api.md 5.3), and a minute
/// more, since the provider's clock and ours need not agree and its times are whole seconds.
pub const KEPT: Duration = Duration::from_mins(24 * 60 + 1);

/// Promotions leave room for reminders planned within this.
pub const REMINDERS_AHEAD: Duration = Duration::from_hours(24);

/// Until when a place is taken whose message may still reach the person: for as long as that is so.
pub const OPEN: UnixMs = UnixMs(i64::MAX);

/// How many people may be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// So many.
    People(i64),
    /// Any number.
    Unlimited,
}

impl Limit {
    /// Reads `250`, `2K`, `10k`, `100K`, `UNLIMITED`, with or without Meta's `TIER_` before it, and Meta's older `-1`.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_uppercase();
        let word = word.strip_prefix("TIER_").unwrap_or(&word);
        if matches!(word, "UNLIMITED" | "-1") {
            return Some(Self::Unlimited);
        }
        let (digits, thousands) = word.strip_suffix('K').map_or((word, 1), |digits| (digits, 1_000));
        let plain = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
        let people = digits.parse::<i64>().ok().filter(|_| plain)?.checked_mul(thousands)?;
        (people > 0).then_some(Self::People(people))
    }

    /// The number of people; `None`: any number.
    pub const fn people(self) -> Option<i64> {
        match self {
            Self::People(people) => Some(people),
            Self::Unlimited => None,
        }
    }

    /// The limit of so many people; `None`: any number.
    pub const fn of(people: Option<i64>) -> Self {
        match people {
            Some(people) => Self::People(people),
            None => Self::Unlimited,
        }
    }
}

/// `250`, `2K`, `UNLIMITED`: the words of `recado.toml`.
impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unlimited => f.write_str("UNLIMITED"),
            Self::People(people) if people % 1_000 == 0 => write!(f, "{}K", people / 1_000),
            Self::People(people) => people.fmt(f),
        }
    }
}

/// What is left for others who send through the same portfolio.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reserve {
    /// Nothing.
    #[default]
    None,
    /// Percent of the limit, 0 to 100.
    Percent(u8),
    /// So many people.
    People(i64),
}

impl Reserve {
    /// Reads `10%` or a number.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        if let Some(percent) = word.strip_suffix('%') {
            return percent.trim().parse::<u8>().ok().filter(|p| *p <= 100).map(Self::Percent);
        }
        word.parse::<i64>().ok().filter(|n| *n >= 0).map(Self::People)
    }

    /// People left to others under a limit of `people`; percentages are rounded up.
    pub const fn of(self, people: i64) -> i64 {
        let reserve = match self {
            Self::None => 0,
            // i128 would be needed only beyond any number of people there are.
            Self::Percent(percent) => (people / 100) * percent as i64 + ((people % 100) * percent as i64 + 99) / 100,
            Self::People(reserve) => reserve,
        };
        if reserve > people { people } else { reserve }
    }
}

/// How a portfolio stands at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// People who hold a place, others' included.
    pub people: i64,
    /// Of these, people whom only others have reached.
    pub others: i64,
    /// What was used before the first start and is not free again yet.
    pub used: i64,
}

/// Places that are free for anything but promotions. What others have used is taken off what is left for them.
pub const fn free(people: i64, reserve: Reserve, taken: Taken) -> i64 {
    let kept = reserve.of(people) - taken.others;
    let kept = if kept > 0 { kept } else { 0 };
    let free = people.saturating_sub(kept).saturating_sub(taken.people).saturating_sub(taken.used);
    if free > 0 { free } else { 0 }
}

/// Places that are free for promotions: they leave room for `reminders`, the people without a place whose reminders are
/// planned within 24 h.
pub const fn free_for_promotions(free: i64, reminders: i64) -> i64 {
    if free > reminders { free - reminders } else { 0 }
}

/// When the next person fits, where nobody does: `held` is until when each person's place is taken, ascending, and
/// `room` how many people may hold one. `None`: somebody fits now, or it is not known yet.
pub fn next_free(held: &[UnixMs], room: i64) -> Option<UnixMs> {
    let over = usize::try_from(i64::try_from(held.len()).ok()?.checked_sub(room)?).ok()?;
    let at = if room > 0 { held.get(over) } else { held.last() };
    at.copied().filter(|at| *at != OPEN && room > 0)
}

#[cfg(test)]
mod tests;
