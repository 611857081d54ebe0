//! What the files before planned, and a row of the new one, as they are compared.

use serde::{Deserialize, Serialize};

use super::{ExclusionReason, MessageId, Phone, S, TakenBack, UnixMs, hashed};

/// A message of the run as the files before planned it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Planned {
    /// Which.
    pub id: MessageId,
    /// Its key, perhaps with `#2` where the same time was sent once more.
    pub key: String,
    /// The row's identity across files.
    pub external_id: Option<String>,
    /// Where it goes.
    pub to: Phone,
    /// Its row's date and time.
    pub happens_at: Option<UnixMs>,
    /// Where it is.
    pub state: S,
    /// Tries so far.
    pub attempt: i64,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// When its latest try began.
    pub claimed_at: Option<UnixMs>,
    /// When it is due.
    pub due_at: UnixMs,
    /// When it is too late.
    pub latest_at: Option<UnixMs>,
    /// The gate it waits behind.
    pub waiting_for: Option<String>,
    /// Whether its person has answered it.
    pub answered: bool,
    /// [`mark`] of what is sent.
    pub mark: u64,
    /// [`mark`] of what it says, and to whom by name.
    pub said: u64,
    /// [`who`](super::who) it is for.
    pub who: u64,
    /// The file, by its revision of the run, that has named it last.
    pub revision: i64,
}

/// A row of the file that would become a message.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its identity across files.
    pub external_id: Option<&'a str>,
    /// Where it goes.
    pub to: &'a Phone,
    /// The row's other numbers.
    pub others: &'a [Phone],
    /// Its date and time.
    pub happens_at: Option<UnixMs>,
    /// When it would be due.
    pub due_at: UnixMs,
    /// When it would be too late.
    pub latest_at: Option<UnixMs>,
    /// [`mark`] of what would be sent.
    pub mark: u64,
    /// The same with the text that tells a new time.
    pub moved_mark: u64,
    /// [`mark`] of what it would say, and to whom by name.
    pub said: u64,
    /// [`who`](super::who) it is for.
    pub who: u64,
}

/// A number for what is sent to whom: two messages of one mark need no second look.
pub fn mark(parts: &[&str]) -> u64 {
    hashed(parts)
}

/// The key without the `#2` of a time that was sent once more.
pub fn base_key(key: &str) -> &str {
    match key.rsplit_once('#') {
        Some((base, n)) if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => key,
    }
}

/// Whether it is the key of a message more for one row. Keys that only make room for another row's begin with a 0 there.
pub(super) fn is_once_more(key: &str) -> bool {
    base_key(key) != key && !key[base_key(key).len()..].starts_with("#0")
}

impl Planned {
    /// Whether it may have reached its person, or may yet without our doing.
    pub(super) fn has_gone(&self) -> bool {
        self.state.may_have_been_accepted()
    }

    /// Whether a file, or the time, took it back before it left.
    pub(super) fn can_come_back(&self) -> bool {
        match self.state {
            S::Cancelled => self.end_reason.as_deref().is_some_and(|r| TakenBack::parse(r).is_some()),
            S::Expired => self.attempt == 0,
            S::Excluded => self.end_reason.as_deref() == Some(ExclusionReason::Declined.as_str()),
            _ => false,
        }
    }

    /// Whether it goes to the row's number, however that is written.
    pub(super) fn goes_to(&self, row: &Row<'_>) -> bool {
        self.to == *row.to || self.to.person_key() == row.to.person_key()
    }

    /// Whether it goes to one of the row's numbers, its first or another.
    pub(super) fn reaches(&self, row: &Row<'_>) -> bool {
        self.goes_to(row) || row.others.iter().any(|other| self.to.person_key() == other.person_key())
    }

    /// Whether it was tried, and its row has another number now. What has gone to another of the row's numbers has reached
    /// its person; what failed there may arrive at the first.
    pub(super) fn went_elsewhere(&self, row: &Row<'_>) -> bool {
        let is_same_row = row.external_id.is_some() && self.external_id.as_deref() == row.external_id;
        let was_tried = self.has_gone() || matches!(self.state, S::Failed | S::Excluded | S::Expired);
        let reaches = if self.has_gone() { self.reaches(row) } else { self.goes_to(row) };
        is_same_row && was_tried && !self.can_come_back() && !reaches
    }

    pub(super) fn is_of(&self, row: &Row<'_>) -> bool {
        // Where one of the two files had no ids, person and time say which it is.
        let other_kind = self.external_id.is_some() != row.external_id.is_some();
        base_key(&self.key) == row.key
            || other_kind && self.happens_at == row.happens_at && self.to.person_key() == row.to.person_key()
    }
}
