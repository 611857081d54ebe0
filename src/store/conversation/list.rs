//! Lists of conversations for agents: those who wait longest first.

use serde::Serialize;
use sqlx::FromRow;

use super::ConversationState;
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId, UserId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on};

/// Sort key of open conversations: since when the person waits; those who wait for nobody come last, by age.
const OPEN: Dialects = Dialects {
    sqlite: "SELECT c.id, c.person_id, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
                 COALESCE(NULLIF(m.recipient, ''), p.phone, p.wa_id) AS phone, c.sender, c.state,
                 c.assignee, u.name AS assignee_name, c.team, c.campaign_id, k.title AS campaign, c.run_id,
                 c.origin_message_id, c.opened_at, c.last_at, c.waiting_since, c.window_until, c.closed_at,
                 COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) AS sort_key,
                 (SELECT e.content FROM entry AS e WHERE e.conversation_id = c.id AND e.direction = 'in'
                     ORDER BY e.at DESC, e.id DESC LIMIT 1) AS last_reply
             FROM conversation AS c JOIN person AS p ON p.id = c.person_id
             LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN app_user AS u ON u.id = c.assignee
             LEFT JOIN campaign AS k ON k.id = c.campaign_id
             WHERE c.state = 'open' AND (CAST($1 AS BIGINT) = 0 OR c.assignee = $1)
                 AND (CAST($2 AS BIGINT) = 0 OR c.assignee IS NULL)
                 AND ($3 = '' OR c.team IN (SELECT value FROM json_each(CASE WHEN $3 = '' THEN '[]' ELSE $3 END)))
                 AND (COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) > $4
                     OR (COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) = $4 AND c.id > $5))
             ORDER BY sort_key, c.id LIMIT $6",
    postgres: "SELECT c.id, c.person_id, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
                   COALESCE(NULLIF(m.recipient, ''), p.phone, p.wa_id) AS phone, c.sender, c.state,
                   c.assignee, u.name AS assignee_name, c.team, c.campaign_id, k.title AS campaign, c.run_id,
                   c.origin_message_id, c.opened_at, c.last_at, c.waiting_since, c.window_until, c.closed_at,
                   COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) AS sort_key,
                   (SELECT e.content FROM entry AS e WHERE e.conversation_id = c.id AND e.direction = 'in'
                       ORDER BY e.at DESC, e.id DESC LIMIT 1) AS last_reply
               FROM conversation AS c JOIN person AS p ON p.id = c.person_id
               LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN app_user AS u ON u.id = c.assignee
               LEFT JOIN campaign AS k ON k.id = c.campaign_id
               WHERE c.state = 'open' AND (CAST($1 AS BIGINT) = 0 OR c.assignee = $1)
                   AND (CAST($2 AS BIGINT) = 0 OR c.assignee IS NULL)
                   AND ($3 = '' OR c.team IN
                       (SELECT value FROM json_array_elements_text(CAST(CASE WHEN $3 = '' THEN '[]' ELSE $3 END AS json))))
                   AND (COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) > $4
                       OR (COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) = $4 AND c.id > $5))
               ORDER BY sort_key, c.id LIMIT $6",
};

/// Sort key of closed conversations: the last closed first, hence negative.
const CLOSED: &str = "SELECT c.id, c.person_id, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
        COALESCE(NULLIF(m.recipient, ''), p.phone, p.wa_id) AS phone, c.sender, c.state,
        c.assignee, u.name AS assignee_name, c.team, c.campaign_id, k.title AS campaign, c.run_id,
        c.origin_message_id, c.opened_at, c.last_at, c.waiting_since, c.window_until, c.closed_at,
        -c.closed_at AS sort_key,
        (SELECT e.content FROM entry AS e WHERE e.conversation_id = c.id AND e.direction = 'in'
            ORDER BY e.at DESC, e.id DESC LIMIT 1) AS last_reply
    FROM conversation AS c JOIN person AS p ON p.id = c.person_id
    LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN app_user AS u ON u.id = c.assignee
    LEFT JOIN campaign AS k ON k.id = c.campaign_id
    WHERE c.state = 'closed' AND (-c.closed_at > $1 OR (-c.closed_at = $1 AND c.id > $2))
    ORDER BY sort_key, c.id LIMIT $3";

/// Which conversations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum View {
    /// Open and this agent's.
    Mine(UserId),
    /// Open and nobody's; with teams, only theirs.
    Unassigned(Vec<String>),
    /// Open and of one of these teams, whoever has them.
    Team(Vec<String>),
    /// Every open one.
    All,
    /// Closed ones, the last closed first.
    Closed,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// Sort key of its last line.
    pub key: i64,
    /// Id of its last line.
    pub id: ConversationId,
}

/// A page of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationFilter {
    /// Which conversations.
    pub view: View,
    /// After which line; `None`: from the beginning.
    pub after: Option<Cursor>,
    /// How many lines at most.
    pub limit: i64,
}

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
    pub sort_key: i64,
    /// The person's last message, as JSON of [`ReplyContent`](crate::domain::event::ReplyContent).
    #[serde(skip)]
    pub last_reply: Option<String>,
}

impl ConversationLine {
    /// Where a page that ends here ends.
    pub const fn cursor(&self) -> Cursor {
        Cursor { key: self.sort_key, id: self.id }
    }
}

/// A page of conversations.
pub async fn list(store: &Store, filter: &ConversationFilter) -> Result<Vec<ConversationLine>> {
    let after = filter.after.unwrap_or(Cursor { key: i64::MIN, id: ConversationId(0) });
    let teams = |teams: &[String]| if teams.is_empty() { String::new() } else { crate::store::json(teams) };
    let (agent, unowned, teams) = match &filter.view {
        View::Mine(agent) => (agent.0, 0, String::new()),
        View::Unassigned(of) => (0, 1, teams(of)),
        // No team at all: nothing, not everything.
        View::Team(of) => (0, 0, crate::store::json(of)),
        View::All => (0, 0, String::new()),
        View::Closed => {
            return Ok(on!(&store.read, |pool| sqlx::query_as(CLOSED)
                .bind(after.key)
                .bind(after.id)
                .bind(filter.limit)
                .fetch_all(pool)
                .await?));
        }
    };
    let sql = OPEN.of(&store.read);
    Ok(on!(&store.read, |pool| sqlx::query_as(sql)
        .bind(agent)
        .bind(unowned)
        .bind(&teams)
        .bind(after.key)
        .bind(after.id)
        .bind(filter.limit)
        .fetch_all(pool)
        .await?))
}
