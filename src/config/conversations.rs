//! `[conversations]`: the rules that conversations go by.

use std::time::Duration;

use super::checks;
use super::toml_file::{Table, Value};

/// `[conversations]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conversations {
    /// Templates that may be sent by hand in one conversation, besides the one it began with.
    pub recontacts: i64,
    /// How long a conversation waits for the person, where neither its campaign nor whoever wrote last says so.
    pub close_after: Duration,
    /// A reply this soon after a conversation ended takes it up again; a later one begins another.
    pub reopen_within: Duration,
    /// Conversations that are given to an agent at most at a time, where the users page says nothing else.
    pub capacity: i64,
    /// An agent who leaves a person waiting for this long loses the conversation to the team; left out: never.
    pub unassign_after: Option<Duration>,
    /// The same of a bot.
    pub bot_silence: Duration,
}

impl Default for Conversations {
    fn default() -> Self {
        Self {
            recontacts: 1,
            close_after: Duration::from_hours(48),
            reopen_within: Duration::from_hours(48),
            capacity: 10,
            unassign_after: None,
            bot_silence: Duration::from_mins(5),
        }
    }
}

/// The most that makes sense of a number here.
pub const MOST: i64 = 1_000;

/// Longer than this, nobody waits.
const LONGEST: Duration = Duration::from_hours(90 * 24);

/// The section.
pub(super) fn read(table: &mut Table<'_, '_>) -> Conversations {
    let usual = Conversations::default();
    Conversations {
        recontacts: table.get("recontacts").and_then(|v| number(&v, 0)).unwrap_or(usual.recontacts),
        close_after: table.get("close_after").and_then(|v| length(&v)).unwrap_or(usual.close_after),
        reopen_within: table.get("reopen_within").and_then(|v| length(&v)).unwrap_or(usual.reopen_within),
        capacity: table.get("capacity").and_then(|v| number(&v, 1)).unwrap_or(usual.capacity),
        unassign_after: table.get("unassign_after").and_then(|v| length(&v)),
        bot_silence: table.get("bot_silence").and_then(|v| length(&v)).unwrap_or(usual.bot_silence),
    }
}

fn number(value: &Value<'_, '_>, least: i64) -> Option<i64> {
    let n = value.integer()?;
    if (least..=MOST).contains(&n) {
        return Some(n);
    }
    value.refuse(&format!("must be a number from {least} to {MOST}"));
    None
}

fn length(value: &Value<'_, '_>) -> Option<Duration> {
    let length = value.parsed(checks::length)?;
    if length >= Duration::from_mins(1) && length <= LONGEST {
        return Some(length);
    }
    value.refuse("must be a length of time from \"1m\" to \"2160h\"");
    None
}
