//! A conversation's thread as people read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::event::{Referral, ReplyContent};
use crate::domain::fill::{Content, Rendered};
use crate::domain::free::Free;
use crate::domain::id::{ConversationId, EntryId, MessageId};
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;
use crate::store::entry::{self, Direction, Line};
use crate::store::media::{self, Attachment};
use crate::store::message::LEFT;
use crate::store::outcome::Certainty;
use crate::store::{Result, Store, StoreError};

/// What a line shows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shown {
    /// A template, with the exact text the person received.
    Template {
        /// The text.
        text: Rendered,
    },
    /// A free text of ours, or a note.
    Text {
        /// The text.
        body: String,
    },
    /// Anything else of ours that needed no template.
    Free {
        /// What it is.
        free: Free,
        /// How it reads.
        text: Rendered,
    },
    /// What the person sent, or the house wrote elsewhere.
    Reply {
        /// Its content.
        content: ReplyContent,
    },
}

/// How far a message of ours came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Ticks {
    /// Its state.
    pub state: MessageState,
    /// Why it failed.
    pub failure_code: Option<i64>,
    /// Why it was not sent.
    pub end_reason: Option<String>,
    /// When it reached the phone.
    pub delivered_at: Option<UnixMs>,
    /// When it was opened.
    pub read_at: Option<UnixMs>,
}

impl Ticks {
    /// Whether nobody knows if it left, or somebody let it rest at that.
    pub fn is_uncertain(&self) -> bool {
        let left = self.state == MessageState::Cancelled && self.end_reason.as_deref() == Some(LEFT);
        left || self.state == MessageState::InDoubt
    }
}

/// One line of a thread.
#[derive(Clone, PartialEq, Debug, Serialize, utoipa::ToSchema)]
pub struct Bubble {
    /// Its id.
    pub id: EntryId,
    /// Which way it goes.
    pub direction: Direction,
    /// What it shows.
    pub shown: Shown,
    /// The agent, `automatic`, or `phone app` and `other system` for what the house wrote elsewhere; empty for replies and
    /// campaigns.
    pub author: String,
    /// When it was written or sent.
    pub at: UnixMs,
    /// The message sent, or the one the reply is about.
    pub message_id: Option<MessageId>,
    /// How sure that is.
    pub certainty: Option<Certainty>,
    /// For messages of ours.
    pub ticks: Option<Ticks>,
    /// The line of this thread that it quotes.
    pub quotes: Option<EntryId>,
    /// Title of the campaign of a message of ours.
    pub campaign: Option<String>,
    /// Its row in the campaign's audience.
    pub row: Option<i64>,
    /// What hangs on it; its bytes are at `/api/v1/media/{id}`.
    pub attachment: Option<Attachment>,
    /// The ad or post that led the person to write.
    pub referral: Option<Referral>,
}

/// The thread of a conversation, oldest line first.
pub async fn thread(store: &Store, id: ConversationId) -> Result<Vec<Bubble>> {
    let lines = entry::lines(store, id).await?;
    let (quotes, _) = entry::quotes(&lines);
    let mut attachments = media::of_conversation(store, id).await?;
    let shown = |line: Line| {
        let is_ours = line.direction != Direction::In;
        let is_its = |a: &Attachment| match a.entry_id {
            Some(entry) => entry == line.id,
            None => is_ours && a.message_id.is_some() && a.message_id == line.message_id,
        };
        let attachment = attachments.iter().position(is_its).map(|place| attachments.swap_remove(place));
        whole(line, (attachment, &quotes))
    };
    lines.into_iter().map(shown).collect()
}

/// A line as people read it, without what it quotes and what hangs on it.
pub fn bubble(line: Line) -> Result<Bubble> {
    whole(line, (None, &BTreeMap::new()))
}

fn whole(line: Line, (attachment, quotes): (Option<Attachment>, &BTreeMap<EntryId, EntryId>)) -> Result<Bubble> {
    let shown = match line.direction {
        Direction::Out if !line.is_echo() => shown_of_message(&line)?,
        Direction::In | Direction::Out => Shown::Reply { content: read(&line.content)? },
        Direction::Note => match read(&line.content)? {
            ReplyContent::Text { body } => Shown::Text { body },
            content => Shown::Reply { content },
        },
    };
    let referral = line.came_by();
    let ticks = line.state.map(|state| Ticks {
        state,
        failure_code: line.failure_code,
        end_reason: line.end_reason,
        delivered_at: line.delivered_at,
        read_at: line.read_at,
    });
    Ok(Bubble {
        id: line.id,
        direction: line.direction,
        shown,
        author: line.author,
        at: line.at,
        message_id: line.message_id,
        certainty: line.certainty,
        ticks,
        quotes: quotes.get(&line.id).copied(),
        campaign: line.campaign_title,
        row: line.row_no,
        attachment,
        referral,
    })
}

fn read(content: &str) -> Result<ReplyContent> {
    serde_json::from_str(content).map_err(|_| StoreError::Corrupt { what: "entry.content" })
}

fn shown_of_message(line: &Line) -> Result<Shown> {
    let content: Option<Content> = line.message_content.as_deref().and_then(|json| serde_json::from_str(json).ok());
    match content.ok_or(StoreError::Corrupt { what: "message.content" })? {
        Content::Text { body, .. } => Ok(Shown::Text { body }),
        Content::Free { free, .. } => Ok(Shown::Free { text: free.rendered(), free }),
        template @ Content::Template { .. } => {
            let snapshot = || serde_json::from_str(line.template.as_deref()?).ok();
            let text = template.rendered(snapshot).ok_or(StoreError::Corrupt { what: "run.template" })?;
            Ok(Shown::Template { text })
        }
    }
}
