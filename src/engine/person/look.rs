//! One person as their page shows them: everything kept, the rows of theirs that became no message, and what else of the
//! house is about them.

use serde::Serialize;

use super::{PersonExport, phones_of};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::{PersonId, RunId};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::store::client::{self, Talk};
use crate::store::ticket::{self, TicketView};

/// Conversations and tickets shown; lists of their own show all.
const SHOWN: i64 = 50;

/// A row of theirs that became no message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct LeftOut {
    /// Of which run.
    pub run: RunId,
    /// Title of its campaign.
    pub campaign: String,
    /// Which row; 1 is the first after the header.
    pub row: i64,
    /// Why.
    #[schema(value_type = String)]
    pub reason: ExclusionReason,
    /// A word and perhaps a fact more.
    pub detail: String,
    /// When the run was started.
    pub started_at: UnixMs,
}

/// A person and all that is about them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PersonLook {
    /// Everything kept of them.
    #[serde(flatten)]
    pub kept: PersonExport,
    /// Rows of theirs that became no message, the latest run first.
    pub left_out: Vec<LeftOut>,
    /// Their conversations, the latest first.
    pub conversations: Vec<Talk>,
    /// Their tickets, the latest changed first.
    pub tickets: Vec<TicketView>,
}

impl PersonLook {
    /// The same for whoever may not read conversations: without what was written in chats and who wrote it, without what
    /// agents noted of the person, and without cases, whose subject agents write.
    #[must_use]
    pub fn without_chats(mut self) -> Self {
        for message in self.kept.messages.iter_mut().filter(|message| message.is_chat) {
            message.text = None;
            message.author.clear();
        }
        self.kept.client.note.clear();
        self.kept.client.changed_by.clear();
        self.kept.entries.clear();
        self.kept.media.clear();
        self.tickets.clear();
        self
    }
}

impl Engine {
    /// The person for whom `root` stands.
    pub async fn look_at_person(&self, root: PersonId) -> Result<PersonLook, EngineError> {
        let kept = self.export_person(root).await?;
        let ids: Vec<String> = kept.identities.iter().flat_map(|i| [&i.phone, &i.wa_id]).flatten().cloned().collect();
        let mut left_out: Vec<LeftOut> = self.exclusions_of(&phones_of(&ids)).await?.into_iter().map(told).collect();
        left_out.reverse();
        Ok(PersonLook {
            kept,
            left_out,
            conversations: client::conversations(&self.store, root, SHOWN).await?,
            tickets: ticket::of_person(&self.store, root, SHOWN).await?,
        })
    }
}

fn told(row: crate::store::person::erasure::Excluded) -> LeftOut {
    LeftOut {
        run: row.run_id,
        campaign: row.campaign,
        row: row.row_no,
        reason: row.reason,
        detail: row.detail,
        started_at: row.started_at,
    }
}
