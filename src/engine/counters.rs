//! Figures kept as things happen, for Prometheus: what became of requests to send, and what receipts said.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::domain::answer::{Answer, StopScope, ThrottleScope};
use crate::domain::event::ReceiptStatus;
use crate::domain::failure::Table;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    sender: String,
    answer: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Received {
    account: String,
    status: &'static str,
}

/// The counters. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    sends: Family<Sent, Counter<u64, AtomicU64>>,
    receipts: Family<Received, Counter<u64, AtomicU64>>,
}

impl Counters {
    /// Shows them under their names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("sends", "Requests to send by sender and class of answer", Family::clone(&self.sends));
        registry.register("receipts", "Receipts by account and what they say", Family::clone(&self.receipts));
    }

    /// A request of `sender` was answered.
    pub(super) fn sent(&self, sender: &str, answer: &Answer, errors: &Table) {
        let answer = class(answer, errors);
        self.sends.get_or_create(&Sent { sender: sender.to_owned(), answer }).inc();
    }

    /// So many receipts of `account` said this.
    pub(super) fn received(&self, account: &str, status: ReceiptStatus, n: u64) {
        let status = word(status);
        self.receipts.get_or_create(&Received { account: account.to_owned(), status }).inc_by(n);
    }
}

/// `accepted`, `in_review`, `not_sent`, `unknown`, or the class of the provider's code; `refused` for a code that the
/// table does not know.
fn class(answer: &Answer, errors: &Table) -> &'static str {
    match answer {
        Answer::Accepted(acceptance) if acceptance.in_review => "in_review",
        Answer::Accepted(_) => "accepted",
        Answer::Refused(failure) => errors.class_of(failure.code).map_or("refused", |class| class.as_str()),
        Answer::Throttled { scope: ThrottleScope::Sender, .. } => "retry",
        Answer::Throttled { scope: ThrottleScope::Pair, .. } => "retry_pair",
        Answer::Throttled { scope: ThrottleScope::Message, .. } => "later",
        Answer::Stopped { scope: StopScope::Template, .. } => "hold_template",
        Answer::Stopped { scope: StopScope::Sender, .. } => "hold_sender",
        Answer::Stopped { scope: StopScope::Account, .. } => "hold_account",
        Answer::NotSent { .. } => "not_sent",
        Answer::Unknown { .. } => "unknown",
    }
}

fn word(status: ReceiptStatus) -> &'static str {
    match status {
        ReceiptStatus::Accepted => "accepted",
        ReceiptStatus::Sent => "sent",
        ReceiptStatus::Delivered => "delivered",
        ReceiptStatus::Read => "read",
        ReceiptStatus::Played => "played",
        ReceiptStatus::Failed => "failed",
        ReceiptStatus::Other => "other",
    }
}
