//! Lists of conversations for agents: those who wait longest first.

use serde::Serialize;
use sqlx::FromRow;

use super::ConversationState;
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId, UserId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on};

/// Sort key of open conversations: since when the person waits; those who wait for nobody come last, by age. Of closed
/// ones: the last closed first, hence negative.
const LIST: Dialects = Dialects {
    sqlite: "SELECT c.id, c.person_id, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
                 COALESCE(NULLIF(m.recipient, ''), p.phone, p.wa_id) AS phone, c.sender, c.state,
                 c.assignee, u.name AS assignee_name, c.team, c.campaign_id, k.title AS campaign, c.run_id,
                 c.origin_message_id, c.opened_at, c.last_at, c.waiting_since, c.window_until, c.closed_at,
                 CASE c.state WHEN 'closed' THEN -c.closed_at
                     ELSE COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) END AS sort_key,
                 (SELECT e.content FROM entry AS e WHERE e.conversation_id = c.id AND e.direction = 'in'
                     ORDER BY e.at DESC, e.id DESC LIMIT 1) AS last_reply
             FROM conversation AS c JOIN person AS p ON p.id = c.person_id
             LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN app_user AS u ON u.id = c.assignee
             LEFT JOIN campaign AS k ON k.id = c.campaign_id
             WHERE c.state = $1 AND (CAST($2 AS BIGINT) = 0 OR c.assignee = $2)
                 AND (CAST($3 AS BIGINT) = 0 OR c.assignee IS NULL)
                 AND ($4 = '' OR c.team IN
                     (SELECT value FROM json_each(CASE WHEN $4 = '' THEN '[]' ELSE $4 END)))
                 AND ($5 = '' OR ($5 = 'open' AND c.window_until > $6)
                     OR ($5 = 'passed' AND (c.window_until IS NULL OR c.window_until <= $6)))
                 AND (CASE c.state WHEN 'closed' THEN -c.closed_at
                         ELSE COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) END, c.id) > ($8, $9)
             ORDER BY sort_key, c.id LIMIT $7",
    postgres: "SELECT c.id, c.person_id, COALESCE(NULLIF(m.name, ''), p.name, '') AS name,
                   COALESCE(NULLIF(m.recipient, ''), p.phone, p.wa_id) AS phone, c.sender, c.state,
                   c.assignee, u.name AS assignee_name, c.team, c.campaign_id, k.title AS campaign, c.run_id,
                   c.origin_message_id, c.opened_at, c.last_at, c.waiting_since, c.window_until, c.closed_at,
                   CASE c.state WHEN 'closed' THEN -c.closed_at
                       ELSE COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) END AS sort_key,
                   (SELECT e.content FROM entry AS e WHERE e.conversation_id = c.id AND e.direction = 'in'
                       ORDER BY e.at DESC, e.id DESC LIMIT 1) AS last_reply
               FROM conversation AS c JOIN person AS p ON p.id = c.person_id
               LEFT JOIN message AS m ON m.id = c.origin_message_id LEFT JOIN app_user AS u ON u.id = c.assignee
               LEFT JOIN campaign AS k ON k.id = c.campaign_id
               WHERE c.state = $1 AND (CAST($2 AS BIGINT) = 0 OR c.assignee = $2)
                   AND (CAST($3 AS BIGINT) = 0 OR c.assignee IS NULL)
                   AND ($4 = '' OR c.team IN
                       (SELECT value FROM json_array_elements_text(CAST(CASE WHEN $4 = '' THEN '[]' ELSE $4 END AS json))))
                   AND ($5 = '' OR ($5 = 'open' AND c.window_until > $6)
                       OR ($5 = 'passed' AND (c.window_until IS NULL OR c.window_until <= $6)))
                   AND (CASE c.state WHEN 'closed' THEN -c.closed_at
                           ELSE COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) END, c.id) > ($8, $9)
               ORDER BY sort_key, c.id LIMIT $7",
};

const COUNT: Dialects = Dialects {
    sqlite: "SELECT COUNT(*) FROM (SELECT 1 AS one FROM conversation AS c WHERE c.state = $1 AND (CAST($2 AS BIGINT) = 0 OR c.assignee = $2)
                 AND (CAST($3 AS BIGINT) = 0 OR c.assignee IS NULL)
                 AND ($4 = '' OR c.team IN
                     (SELECT value FROM json_each(CASE WHEN $4 = '' THEN '[]' ELSE $4 END)))
                 AND ($5 = '' OR ($5 = 'open' AND c.window_until > $6)
                     OR ($5 = 'passed' AND (c.window_until IS NULL OR c.window_until <= $6)))
                 LIMIT $7) AS counted",
    postgres: "SELECT COUNT(*) FROM (SELECT 1 AS one FROM conversation AS c WHERE c.state = $1 AND (CAST($2 AS BIGINT) = 0 OR c.assignee = $2)
                   AND (CAST($3 AS BIGINT) = 0 OR c.assignee IS NULL)
                   AND ($4 = '' OR c.team IN
                       (SELECT value FROM json_array_elements_text(CAST(CASE WHEN $4 = '' THEN '[]' ELSE $4 END AS json))))
                   AND ($5 = '' OR ($5 = 'open' AND c.window_until > $6)
                       OR ($5 = 'passed' AND (c.window_until IS NULL OR c.window_until <= $6)))
                   LIMIT $7) AS counted",
};

/// Whose conversations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum View {
    /// This agent's.
    Mine(UserId),
    /// Nobody's; with teams, only theirs.
    Unassigned(Vec<String>),
    /// Of one of these teams, whoever has them.
    Team(Vec<String>),
    /// Everybody's.
    All,
}

/// Which of them, by what can be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    /// Open ones whose window is open at that instant: an agent can write.
    Answerable(UnixMs),
    /// Open ones whose window has passed by then, or never was: templates only.
    Passed(UnixMs),
    /// Every open one.
    Open,
    /// Closed ones.
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
    /// Whose.
    pub view: View,
    /// Which of them.
    pub show: Show,
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

/// The binds that both statements share.
struct Binds {
    state: ConversationState,
    agent: i64,
    unowned: i64,
    teams: String,
    window: &'static str,
    now: UnixMs,
}

impl Binds {
    fn of(view: &View, show: Show) -> Self {
        let teams = |teams: &[String]| if teams.is_empty() { String::new() } else { crate::store::json(teams) };
        let (agent, unowned, teams) = match view {
            View::Mine(agent) => (agent.0, 0, String::new()),
            View::Unassigned(of) => (0, 1, teams(of)),
            // No team at all: nothing, not everything.
            View::Team(of) => (0, 0, crate::store::json(of)),
            View::All => (0, 0, String::new()),
        };
        let (state, window, now) = match show {
            Show::Answerable(now) => (ConversationState::Open, "open", now),
            Show::Passed(now) => (ConversationState::Open, "passed", now),
            Show::Open => (ConversationState::Open, "", UnixMs(0)),
            Show::Closed => (ConversationState::Closed, "", UnixMs(0)),
        };
        Self { state, agent, unowned, teams, window, now }
    }
}

/// A page of conversations: those who wait longest first, closed ones by when they were closed.
pub async fn list(store: &Store, filter: &ConversationFilter) -> Result<Vec<ConversationLine>> {
    let after = filter.after.unwrap_or(Cursor { key: i64::MIN, id: ConversationId(0) });
    let (sql, b) = (LIST.of(&store.read), Binds::of(&filter.view, filter.show));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql)
        .bind(b.state)
        .bind(b.agent)
        .bind(b.unowned)
        .bind(&b.teams)
        .bind(b.window)
        .bind(b.now)
        .bind(filter.limit)
        .bind(after.key)
        .bind(after.id)
        .fetch_all(pool)
        .await?))
}

/// How many conversations there are, counted up to `at_most`.
pub async fn count(store: &Store, view: &View, show: Show, at_most: i64) -> Result<i64> {
    let (sql, b) = (COUNT.of(&store.read), Binds::of(view, show));
    Ok(on!(&store.read, |pool| sqlx::query_scalar(sql)
        .bind(b.state)
        .bind(b.agent)
        .bind(b.unowned)
        .bind(&b.teams)
        .bind(b.window)
        .bind(b.now)
        .bind(at_most)
        .fetch_one(pool)
        .await?))
}
