//! Room on the disk: whether this process may still write. Kept in memory, since it is just when it cannot be written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::Store;
use super::hold::{Hold, HoldCause, HoldScope};
use crate::domain::id::HoldId;
use crate::domain::time::UnixMs;

/// There is room.
const ENOUGH: i64 = i64::MIN;

/// Id of the hold that a full disk is: no row has it, and programs that read JSON numbers as doubles keep it whole.
const DISK_HOLD: HoldId = HoldId((1 << 53) - 1);

/// Since when there is none.
#[derive(Clone, Debug)]
pub(super) struct Room(Arc<AtomicI64>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(ENOUGH)))
    }
}

impl Store {
    /// Since when the disk is full for this process; `None`: there is room.
    pub fn full_since(&self) -> Option<UnixMs> {
        let since = self.room.0.load(Ordering::Relaxed);
        (since != ENOUGH).then_some(UnixMs(since))
    }

    /// The disk is full, since `now` where that was not known. True when it was not.
    pub fn note_full(&self, now: UnixMs) -> bool {
        self.room.0.compare_exchange(ENOUGH, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// There is room again. True when there was none.
    pub fn note_room(&self) -> bool {
        self.room.0.swap(ENOUGH, Ordering::Relaxed) != ENOUGH
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
