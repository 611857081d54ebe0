//! States of a run.

use serde::{Deserialize, Serialize};

/// State of a run as stored. "Sent out" is not stored: it is a running run with nothing queued, claimed or in doubt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RunState {
    /// Its rows are being turned into messages. Nothing is sent yet.
    Planning,
    /// Its messages are sent as they fall due.
    Running,
    /// A person or a hold stopped it; nothing is claimed.
    Paused,
    /// A person ended it; what was queued is cancelled.
    Cancelled,
    /// Every message has been delivered, read or has ended.
    Closed,
}

impl RunState {
    /// The word in database, API and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
        }
    }
}
