//! What applying a batch changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::event::ReceiptStatus;
use crate::domain::id::{ConversationId, RunId};

/// What changed, to be told once it is committed.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says whom to wake, and any may be true")]
pub(in super::super) struct Told {
    /// Runs whose messages changed.
    pub(in super::super) runs: BTreeSet<RunId>,
    /// Messages of people by sender.
    pub(in super::super) written: BTreeMap<String, u64>,
    /// Conversations that changed.
    pub(in super::super) conversations: BTreeSet<ConversationId>,
    /// Whether something was put in line.
    pub(in super::super) answers: bool,
    /// Whether something is to be fetched.
    pub(in super::super) attachments: bool,
    /// Whether something was held or released.
    pub(in super::super) holds: bool,
    /// How much is known of templates that was not.
    pub(in super::super) templates: usize,
    /// Whether what the provider grants has changed.
    pub(in super::super) limits: bool,
    /// Runs for which something speaks against going on.
    pub(in super::super) failing: BTreeSet<RunId>,
    /// Runs whose messages are billed as something else from now on.
    pub(in super::super) repriced: BTreeSet<RunId>,
    /// Receipts by account and what they say.
    pub(in super::super) receipts: BTreeMap<(String, ReceiptStatus), u64>,
}

impl Told {
    /// Takes in what another batch changed.
    pub(in super::super) fn join(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.conversations.extend(other.conversations);
        for (sender, messages) in other.written {
            *self.written.entry(sender).or_default() += messages;
        }
        self.answers |= other.answers;
        self.attachments |= other.attachments;
        self.holds |= other.holds;
        self.limits |= other.limits;
        self.templates += other.templates;
        self.failing.extend(other.failing);
        self.repriced.extend(other.repriced);
        for (of, n) in other.receipts {
            *self.receipts.entry(of).or_default() += n;
        }
    }
}
