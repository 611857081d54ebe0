//! Room on the disk: whether this process may still write, and the alert of it. Kept in memory, since it is just when it cannot
//! be written down.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Store;
use super::alert::{Alert, WayRow};
use super::hold::{Hold, HoldCause, HoldScope};
use crate::domain::id::{AlertId, HoldId};
use crate::domain::time::UnixMs;

/// There is room.
const ENOUGH: i64 = i64::MIN;

/// Id of the hold that a full disk is: no row has it, and programs that read JSON numbers as doubles keep it whole.
const DISK_HOLD: HoldId = HoldId((1 << 53) - 1);

/// Id of the alert of it, likewise.
pub const DISK_ALERT: AlertId = AlertId((1 << 53) - 1);

/// An alert that cannot be written down, and how it was told by each way.
pub type Unwritten = (Alert, Vec<WayRow>);

/// Since when there is none, and what was told of it.
#[derive(Clone, Debug)]
pub(super) struct Room {
    since: Arc<AtomicI64>,
    unwritten: Arc<Mutex<Option<Unwritten>>>,
}

impl Default for Room {
    fn default() -> Self {
        Self { since: Arc::new(AtomicI64::new(ENOUGH)), unwritten: Arc::default() }
    }
}

impl Store {
    /// Since when the disk is full for this process; `None`: there is room.
    pub fn full_since(&self) -> Option<UnixMs> {
        let since = self.room.since.load(Ordering::Relaxed);
        (since != ENOUGH).then_some(UnixMs(since))
    }

    /// The disk is full, since `now` where that was not known. True when it was not.
    pub fn note_full(&self, now: UnixMs) -> bool {
        self.room.since.compare_exchange(ENOUGH, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// There is room again. True when there was none.
    pub fn note_room(&self) -> bool {
        self.room.since.swap(ENOUGH, Ordering::Relaxed) != ENOUGH
    }

    /// `None`: it is written down, or over.
    pub fn keep_unwritten(&self, alert: Option<Unwritten>) {
        *self.room.unwritten.lock().unwrap_or_else(PoisonError::into_inner) = alert;
    }

    pub(super) fn unwritten(&self) -> Option<Unwritten> {
        self.room.unwritten.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The hold that a full disk is: it stops everything of this process and lifts itself.
    pub(super) fn disk_hold(&self) -> Option<Hold> {
        let hold = |created_at| Hold {
            id: DISK_HOLD,
            scope: HoldScope::Store,
            scope_key: String::new(),
            cause: HoldCause::Disk,
            code: None,
            word: String::new(),
            until_at: None,
            created_at,
        };
        self.full_since().map(hold)
    }
}
