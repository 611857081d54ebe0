//! Conversations as lines of a list.

use serde::Serialize;
use sqlx::FromRow;

use super::ConversationState;
use super::list::{ConversationFilter, Cursor, Show, View};
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId, UserId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, json, on};

const LINES: Dialects = Dialects {
    sqlite: "SELECT c.id, c.person_id, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
                 COALESCE(NULLIF(m.recipient, ''), p.phone, p.wa_id) AS phone, c.sender, c.state,
                 c.assignee, u.name AS assignee_name, c.team, c.bot, c.campaign_id, k.title AS campaign, c.run_id,
                 c.origin_message_id, c.opened_at, c.last_at, c.waiting_since, c.window_until, c.closed_at,
                 CASE c.state WHEN 'closed' THEN c.closed_at
                     ELSE COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) END AS place,
                 CASE WHEN c.last_in > COALESCE(l.entry_id, 0) THEN 1 ELSE 0 END AS unread,
                 (SELECT e.content FROM entry AS e WHERE e.id = c.last_in) AS last_reply
             FROM json_each($1) AS wanted JOIN conversation AS c ON c.id = wanted.value
             JOIN person AS p ON p.id = c.person_id
             LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN app_user AS u ON u.id = c.assignee
             LEFT JOIN campaign AS k ON k.id = c.campaign_id
             LEFT JOIN conversation_look AS l ON l.user_id = $2 AND l.conversation_id = c.id",
    postgres: "SELECT c.id, c.person_id, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
                   COALESCE(NULLIF(m.recipient, ''), p.phone, p.wa_id) AS phone, c.sender, c.state,
                   c.assignee, u.name AS assignee_name, c.team, c.bot, c.campaign_id, k.title AS campaign, c.run_id,
                   c.origin_message_id, c.opened_at, c.last_at, c.waiting_since, c.window_until, c.closed_at,
                   CASE c.state WHEN 'closed' THEN c.closed_at
                       ELSE COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) END AS place,
                   CASE WHEN c.last_in > COALESCE(l.entry_id, 0) THEN 1 ELSE 0 END AS unread,
                   (SELECT e.content FROM entry AS e WHERE e.id = c.last_in) AS last_reply
               FROM json_array_elements_text($1::json) AS wanted (value)
               JOIN conversation AS c ON c.id = CAST(wanted.value AS BIGINT)
               JOIN person AS p ON p.id = c.person_id
               LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN app_user AS u ON u.id = c.assignee
               LEFT JOIN campaign AS k ON k.id = c.campaign_id
               LEFT JOIN conversation_look AS l ON l.user_id = $2 AND l.conversation_id = c.id",
};

/// One line of a list.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct ConversationLine {
    /// Its id.
    pub id: ConversationId,
    /// With whom.
    pub person_id: PersonId,
    /// Their name: the row's, else the profile's, else empty.
    pub name: String,
    /// Their number, digits, if known.
    pub phone: Option<String>,
    /// Name of the sender.
    pub sender: String,
    /// Open or closed.
    pub state: ConversationState,
    /// Whose it is.
    pub assignee: Option<UserId>,
    /// Name of whose it is.
    pub assignee_name: Option<String>,
    /// Which team's it is.
    pub team: Option<String>,
    /// The bot that has it.
    pub bot: Option<String>,
    /// The campaign it is about.
    pub campaign_id: Option<CampaignId>,
    /// That campaign's title.
    pub campaign: Option<String>,
    /// The run it is about.
    pub run_id: Option<RunId>,
    /// The message it is about.
    pub origin_message_id: Option<MessageId>,
    /// When it began.
    pub opened_at: UnixMs,
    /// When somebody last wrote.
    pub last_at: UnixMs,
    /// Since when the person waits.
    pub waiting_since: Option<UnixMs>,
    /// Until when free texts may be sent.
    pub window_until: Option<UnixMs>,
    /// When it was closed.
    pub closed_at: Option<UnixMs>,
    /// Its place in the list.
    #[serde(skip)]
    pub place: i64,
    /// 1: something came in since the reader last looked.
    #[serde(skip)]
    pub unread: i32,
    /// The person's last message, as JSON of [`ReplyContent`](crate::domain::event::ReplyContent).
    #[serde(skip)]
    pub last_reply: Option<String>,
}

impl ConversationLine {
    /// Where a page that ends here ends.
    pub const fn cursor(&self) -> Cursor {
        Cursor { key: self.place, id: self.id }
    }

    /// Whether something came in since the reader last looked.
    pub const fn is_unread(&self) -> bool {
        self.unread == 1
    }

    /// Whether a list narrowed like that has it. `None` for `show` has open and closed ones.
    pub(super) fn fits(&self, filter: &ConversationFilter, show: Option<Show>) -> bool {
        let closed = self.state == ConversationState::Closed;
        let state = match show {
            None => true,
            Some(Show::Closed) => closed,
            Some(Show::Bots) => !closed && self.bot.is_some(),
            Some(_) if self.bot.is_some() => false,
            Some(Show::Open) => !closed,
            Some(Show::Current(now)) => {
                !closed && (self.waiting_since.is_some() || self.window_until.is_some_and(|until| until > now))
            }
            Some(Show::Passed(now)) => !closed && self.window_until.is_none_or(|until| until <= now),
        };
        let team = filter.teams().is_none_or(|of| self.team.as_deref().is_some_and(|team| of.contains(&team)));
        let owner = match filter.view {
            View::Mine(agent) => self.assignee == Some(agent),
            View::Unassigned(_) => self.assignee.is_none(),
            View::Team(_) | View::All => true,
        };
        let campaign = filter.narrow.campaign.is_none_or(|id| self.campaign_id == Some(id));
        state && team && owner && campaign && (filter.unread_by() == 0 || self.is_unread())
    }
}

/// The lines of `ids`, in their order, as `reader` sees them.
pub(super) async fn of(store: &Store, ids: &[ConversationId], reader: Option<UserId>) -> Result<Vec<ConversationLine>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, wanted) = (LINES.of(&store.read), json(ids));
    let mut found: Vec<ConversationLine> = on!(&store.read, |pool| sqlx::query_as(sql)
        .bind(&wanted)
        .bind(reader.unwrap_or_default())
        .fetch_all(pool)
        .await?);
    found.sort_by_cached_key(|line| ids.iter().position(|id| *id == line.id));
    Ok(found)
}
