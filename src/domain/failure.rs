//! Why a message was refused or not delivered, as data: what to do and what to tell people.

use serde::{Deserialize, Serialize};

/// A failure as the provider told it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// The provider's code (Meta's `error.code`); 0 when it gave none.
    pub code: i64,
    /// The provider's own words, for the record. May quote our request: never logged.
    pub detail: String,
}

/// What a code calls for (cloud-api.md 6.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Certainly not accepted: try again, slower.
    Retry,
    /// The same, for this sender and person only.
    RetryPair,
    /// May have gone out: in doubt.
    Ambiguous,
    /// Try again after the named time.
    Later,
    /// This message failed; the campaign goes on.
    Failed,
    /// Failed, and the number gets a strike.
    Strike,
    /// Failed, and the person gets no more marketing.
    StopMarketing,
    /// Failed, and the person gets nothing more.
    StopAll,
    /// Our data or configuration is wrong: the message failed, and a person should look.
    Fix,
    /// Hold the template; messages wait.
    HoldTemplate,
    /// Hold the sender; messages wait.
    HoldSender,
    /// Hold the account; messages wait.
    HoldAccount,
}
