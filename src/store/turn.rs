//! Dealing conversations out: what falls due by itself, who is here with room for more, and whose turn it was.

use std::time::Duration;

use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::assign::Agent;
use crate::domain::id::{ConversationId, UserId};
use crate::domain::time::UnixMs;
use crate::store::presence::PRESENT;

/// A conversation is still in an agent's hands this long after the last line, although nobody waits.
const IN_HAND: Duration = Duration::from_hours(1);

/// Conversations looked at in one go.
const STEP: i64 = 100;

/// Whoever deals holds this row until they have dealt: of two nodes, the second counts what the first gave.
const NEXT: &str = "INSERT INTO turn (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = turn.n + 1 RETURNING n";

const AGENTS: Dialects = Dialects {
    sqlite: "SELECT u.id, COALESCE(u.capacity, $3) AS capacity, COALESCE(t.n, 0) AS turn,
                 (SELECT COUNT(*) FROM conversation AS c WHERE c.assignee = u.id AND c.state = 'open'
                     AND (c.waiting_since IS NOT NULL OR c.last_at > $5)) AS open
             FROM presence AS p JOIN app_user AS u ON u.id = p.user_id
             LEFT JOIN agent_turn AS t ON t.user_id = u.id AND t.team = $1
             WHERE p.state = 'available' AND p.seen_at > $4 AND u.disabled_at IS NULL AND u.role IN ('admin', 'agent')
                 AND u.name IN (SELECT value FROM json_each($2))",
    postgres: "SELECT u.id, COALESCE(u.capacity, $3) AS capacity, COALESCE(t.n, 0) AS turn,
                   (SELECT COUNT(*) FROM conversation AS c WHERE c.assignee = u.id AND c.state = 'open'
                     AND (c.waiting_since IS NOT NULL OR c.last_at > $5)) AS open
               FROM presence AS p JOIN app_user AS u ON u.id = p.user_id
               LEFT JOIN agent_turn AS t ON t.user_id = u.id AND t.team = $1
               WHERE p.state = 'available' AND p.seen_at > $4 AND u.disabled_at IS NULL AND u.role IN ('admin', 'agent')
                   AND u.name IN (SELECT value FROM json_array_elements_text($2::json))",
};

const TOOK: &str = "INSERT INTO agent_turn (team, user_id, n) VALUES ($1, $2, $3)
    ON CONFLICT (team, user_id) DO UPDATE SET n = excluded.n";

const UNASSIGNED: &str = "SELECT id FROM conversation
    WHERE state = 'open' AND assignee IS NULL AND bot IS NULL AND waiting_since IS NOT NULL AND team = $1
    ORDER BY waiting_since, id LIMIT $2";

const SILENT: &str = "SELECT id, assignee AS agent FROM conversation
    WHERE state = 'open' AND waiting_since <= $1 AND assignee IS NOT NULL AND COALESCE(assigned_at, 0) <= $1
    ORDER BY waiting_since, id LIMIT $2";

/// Whoever was shut out answers nobody any more.
const OF_GONE: &str = "SELECT c.id, c.assignee AS agent FROM conversation AS c
    WHERE c.state = 'open' AND c.assignee IN (SELECT u.id FROM app_user AS u WHERE u.disabled_at IS NOT NULL)
    ORDER BY c.id LIMIT $1";

const SILENT_BOTS: &str = "SELECT id FROM conversation
    WHERE state = 'open' AND waiting_since <= $1 AND bot IS NOT NULL AND COALESCE(assigned_at, 0) <= $1
    ORDER BY waiting_since, id LIMIT $2";

/// The wait for an answer begins when the message has left: one whose own message is in line, or has not been gone for as
/// long, does not close. `doubt`: of something that somebody of ours wrote there nobody knows whether it left.
const QUIET: &str =
    "SELECT c.id, CAST(CASE WHEN EXISTS (SELECT 1 FROM entry AS e JOIN message AS m ON m.id = e.message_id
            WHERE e.conversation_id = c.id AND e.direction = 'out' AND m.state = 'in_doubt' AND m.run_id = 0
                AND m.test_of IS NULL AND m.author NOT IN ('', 'automatic'))
            THEN 1 ELSE 0 END AS BIGINT) AS doubt
    FROM conversation AS c
    WHERE c.state = 'open' AND c.waiting_since IS NULL AND c.last_at + c.close_after <= $1
        AND NOT EXISTS (SELECT 1 FROM entry AS e JOIN message AS m ON m.id = e.message_id
            WHERE e.conversation_id = c.id AND e.direction = 'out' AND (m.state IN ('queued', 'claimed')
                OR m.accepted_at + c.close_after > $1))
    ORDER BY c.last_at + c.close_after LIMIT $2";

/// A conversation whose agent has said nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromRow)]
pub struct Silent {
    /// Which.
    pub id: ConversationId,
    /// Whose it is.
    pub agent: UserId,
}

/// A conversation in which nobody has written for its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromRow)]
pub struct Quiet {
    /// Which.
    pub id: ConversationId,
    doubt: i64,
}

impl Quiet {
    /// Whether an answer in it is in doubt.
    pub const fn has_doubt(self) -> bool {
        self.doubt == 1
    }
}

#[derive(FromRow)]
struct Here {
    id: UserId,
    open: i64,
    capacity: i64,
    turn: i64,
}

/// Takes the next turn, which nobody else can have until the unit of work ends.
pub async fn next(tx: &mut Tx) -> Result<i64> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await?))
}

/// Who of `members` is here at `now` and takes conversations of `team`; `capacity` is for those who have none of their own.
pub async fn agents(tx: &mut Tx, team: &str, members: &[String], (capacity, now): (i64, UnixMs)) -> Result<Vec<Agent>> {
    let (sql, members, since) = (AGENTS.of_tx(tx), json(members), now.minus(PRESENT));
    let here: Vec<Here> = on_tx!(tx, |c| sqlx::query_as(sql)
        .bind(team)
        .bind(&members)
        .bind(capacity)
        .bind(since)
        .bind(now.minus(IN_HAND))
        .fetch_all(c)
        .await?);
    let agent = |h: Here| Agent { id: h.id, open: h.open, capacity: h.capacity, turn: h.turn };
    Ok(here.into_iter().map(agent).collect())
}

/// Notes that turn `n` of `team` was this agent's.
pub async fn took(tx: &mut Tx, team: &str, agent: UserId, n: i64) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(TOOK).bind(team).bind(agent).bind(n).execute(c).await.map(drop))?;
    Ok(())
}

/// Conversations of `team` that wait for an agent and have none, those who wait longest first.
pub async fn unassigned(store: &Store, team: &str) -> Result<Vec<ConversationId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(UNASSIGNED).bind(team).bind(STEP).fetch_all(pool).await?))
}

/// Conversations whose person has waited for their agent since `before` or longer.
pub async fn silent(store: &Store, before: UnixMs) -> Result<Vec<Silent>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(SILENT).bind(before).bind(STEP).fetch_all(pool).await?))
}

/// Open conversations of agents who cannot sign in any more.
pub async fn of_gone(store: &Store) -> Result<Vec<Silent>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_GONE).bind(STEP).fetch_all(pool).await?))
}

/// Conversations whose person has waited for a bot since `before` or longer.
pub async fn silent_bots(store: &Store, before: UnixMs) -> Result<Vec<ConversationId>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(SILENT_BOTS).bind(before).bind(STEP).fetch_all(pool).await?))
}

/// Conversations that wait for nobody of ours and have been quiet for their time.
pub async fn quiet(store: &Store, now: UnixMs) -> Result<Vec<Quiet>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(QUIET).bind(now).bind(STEP).fetch_all(pool).await?))
}
