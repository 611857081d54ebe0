//! The claim: due messages of open runs, most urgent first, runs of one priority taking turns.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;

use super::read_content;
use crate::domain::fill::Content;
use crate::domain::id::{ConversationId, MessageId, PersonId, RunId};
use crate::domain::kind::Priority;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, Tx, on, on_tx};

/// Shared locks keep a pause from committing between this look and the claim: a paused run claims nothing.
const STILL_RUNNING: Dialects = Dialects {
    sqlite: "SELECT id FROM run WHERE state = 'running' AND id IN (SELECT r.value FROM json_each($1) AS r) ORDER BY id",
    postgres: "SELECT id FROM run WHERE state = 'running'
        AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value)) ORDER BY id FOR SHARE",
};
const DUE: Dialects = Dialects {
    sqlite: "SELECT id FROM message WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 AND due_at <= $4
        ORDER BY due_at LIMIT $5",
    postgres: "SELECT id FROM message WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 AND due_at <= $4
        ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED",
};
/// The attempt that ended when the message went back in line makes room for the new one.
const ARCHIVE: Dialects = Dialects {
    sqlite:
        "INSERT INTO attempt (message_id, no, state, provider_id, claimed_at, ended_at, failure_code, failure_detail)
        SELECT id, attempt, CASE WHEN end_reason = 'in_doubt' THEN 'in_doubt' ELSE 'failed' END, provider_id,
            COALESCE(claimed_at, $2), COALESCE(ended_at, $2), failure_code, failure_detail
        FROM message WHERE attempt >= 1 AND end_reason IS NOT NULL AND state = 'queued'
            AND id IN (SELECT r.value FROM json_each($1) AS r)
        ON CONFLICT (message_id, no) DO NOTHING",
    postgres:
        "INSERT INTO attempt (message_id, no, state, provider_id, claimed_at, ended_at, failure_code, failure_detail)
        SELECT id, attempt, CASE WHEN end_reason = 'in_doubt' THEN 'in_doubt' ELSE 'failed' END, provider_id,
            COALESCE(claimed_at, $2), COALESCE(ended_at, $2), failure_code, failure_detail
        FROM message WHERE attempt >= 1 AND end_reason IS NOT NULL AND state = 'queued'
            AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
        ON CONFLICT (message_id, no) DO NOTHING",
};
const CLAIM: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'claimed', attempt = attempt + 1, claimed_by = $2, claimed_at = $3, doubt_at = $4,
            reserved = estimated, waiting_for = NULL, end_reason = NULL, ended_at = NULL, provider_id = NULL,
            accepted_at = NULL, sent_at = NULL, delivered_at = NULL, read_at = NULL, undelivered_at = NULL,
            failure_code = NULL, failure_detail = NULL
        WHERE state = 'queued' AND id IN (SELECT r.value FROM json_each($1) AS r)
        RETURNING id, run_id, person_id, recipient, content, conversation_id, timezone, priority, category, due_at, latest_at, attempt",
    postgres: "UPDATE message SET state = 'claimed', attempt = attempt + 1, claimed_by = $2, claimed_at = $3, doubt_at = $4,
            reserved = estimated, waiting_for = NULL, end_reason = NULL, ended_at = NULL, provider_id = NULL,
            accepted_at = NULL, sent_at = NULL, delivered_at = NULL, read_at = NULL, undelivered_at = NULL,
            failure_code = NULL, failure_detail = NULL
        WHERE state = 'queued' AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
        RETURNING id, run_id, person_id, recipient, content, conversation_id, timezone, priority, category, due_at, latest_at, attempt",
};

const WINDOWS: Dialects = Dialects {
    sqlite: "SELECT id, window_until FROM conversation WHERE window_until IS NOT NULL
        AND id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT id, window_until FROM conversation WHERE window_until IS NOT NULL
        AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};

/// A run that may send now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn {
    /// Which.
    pub run: RunId,
    /// Of what priority.
    pub priority: Priority,
    /// How many of it at most, where a wide gate (a canary, a budget) leaves only so much room; `None`: as many as fit.
    pub room: Option<usize>,
}

impl Turn {
    /// A run without a limit of its own.
    pub const fn free(run: RunId, priority: Priority) -> Self {
        Self { run, priority, room: None }
    }
}

/// What to claim.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Of which sender.
    pub sender: &'a str,
    /// Runs that no wide gate stops, in the order of their turns within each priority. Messages sent by hand and
    /// agents' answers ([`RunId::BY_HAND`], [`Priority::AGENT`]) are listed as a run of their own.
    pub runs: &'a [Turn],
    /// At most this many.
    pub limit: usize,
    /// Who claims.
    pub by: &'a str,
    /// When.
    pub at: UnixMs,
    /// When a claim without an answer becomes doubtful.
    pub doubt_at: UnixMs,
}

/// A claimed message: what its sending needs.
#[derive(Clone, PartialEq, Debug)]
pub struct Claimed {
    /// Its id.
    pub id: MessageId,
    /// Its run, or [`RunId::BY_HAND`].
    pub run_id: RunId,
    /// For whom.
    pub person_id: PersonId,
    /// International digits.
    pub recipient: String,
    /// What it is made of.
    pub content: Content,
    /// Conversation it belongs to.
    pub conversation_id: Option<ConversationId>,
    /// Zone of the person's clock.
    pub timezone: String,
    /// Who goes first on the sender.
    pub priority: Priority,
    /// What it is billed as.
    pub category: Category,
    /// Not before.
    pub due_at: UnixMs,
    /// Not after.
    pub latest_at: Option<UnixMs>,
    /// Number of this attempt, from 1.
    pub attempt: i64,
}

#[derive(FromRow)]
struct Row {
    id: MessageId,
    run_id: RunId,
    person_id: PersonId,
    recipient: String,
    content: String,
    conversation_id: Option<ConversationId>,
    timezone: String,
    priority: Priority,
    category: Category,
    due_at: UnixMs,
    latest_at: Option<UnixMs>,
    attempt: i64,
}

/// Claims what is due in one transaction, committed before it returns, in the order it should leave.
pub async fn claim(store: &Store, claim: &Claim<'_>) -> Result<Vec<Claimed>> {
    if claim.limit == 0 || claim.runs.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = store.begin().await?;
    let ids = pick(&mut tx, claim).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (archive, update, list) = (ARCHIVE.of_tx(&tx), CLAIM.of_tx(&tx), crate::store::json(&ids));
    on_tx!(&mut tx, |conn| sqlx::query(archive).bind(&list).bind(claim.at).execute(conn).await.map(drop))?;
    let rows: Vec<Row> = on_tx!(&mut tx, |conn| sqlx::query_as(update)
        .bind(&list)
        .bind(claim.by)
        .bind(claim.at)
        .bind(claim.doubt_at)
        .fetch_all(conn)
        .await)?;
    let mut claimed = rows.into_iter().map(Row::read).collect::<Result<Vec<_>>>()?;
    tx.commit().await?;
    claimed.sort_by_key(|m| (m.priority, m.due_at, m.id));
    Ok(claimed)
}

impl Row {
    fn read(self) -> Result<Claimed> {
        Ok(Claimed {
            content: read_content(&self.content)?,
            id: self.id,
            run_id: self.run_id,
            person_id: self.person_id,
            recipient: self.recipient,
            conversation_id: self.conversation_id,
            timezone: self.timezone,
            priority: self.priority,
            category: self.category,
            due_at: self.due_at,
            latest_at: self.latest_at,
            attempt: self.attempt,
        })
    }
}

/// Ids to claim: priority by priority; within one, every run gets an equal share, and what some leave goes to the rest.
async fn pick(tx: &mut Tx, claim: &Claim<'_>) -> Result<Vec<MessageId>> {
    let runs = still_running(tx, claim.runs).await?;
    let (mut picked, mut seen) = (Vec::new(), BTreeSet::new());
    for priority in Priority::ALL {
        let mut hungry: Vec<Turn> = runs.iter().filter(|turn| turn.priority == priority).copied().collect();
        let mut taken: BTreeMap<RunId, usize> = BTreeMap::new();
        while !hungry.is_empty() && picked.len() < claim.limit {
            let mut still = Vec::new();
            let share = (claim.limit - picked.len()).div_ceil(hungry.len());
            for turn in hungry {
                let had = taken.entry(turn.run).or_default();
                let room = share.min(claim.limit - picked.len()).min(turn.room.map_or(usize::MAX, |room| room - *had));
                if room == 0 {
                    continue;
                }
                let before = picked.len();
                let due = due(tx, claim, turn, *had + room).await?;
                picked.extend(due.into_iter().filter(|id| seen.insert(*id)).take(room));
                *had += picked.len() - before;
                if picked.len() - before == room {
                    still.push(turn);
                }
            }
            hungry = still;
        }
    }
    Ok(picked)
}

async fn still_running(tx: &mut Tx, runs: &[Turn]) -> Result<Vec<Turn>> {
    let asked: Vec<RunId> = runs.iter().map(|turn| turn.run).filter(|id| *id != RunId::BY_HAND).collect();
    let (sql, ids) = (STILL_RUNNING.of_tx(tx), crate::store::json(&asked));
    let running: Vec<RunId> = on_tx!(tx, |conn| sqlx::query_scalar(sql).bind(&ids).fetch_all(conn).await)?;
    let goes = |id: RunId| id == RunId::BY_HAND || running.binary_search(&id).is_ok();
    Ok(runs.iter().copied().filter(|turn| goes(turn.run)).collect())
}

async fn due(tx: &mut Tx, claim: &Claim<'_>, turn: Turn, limit: usize) -> Result<Vec<MessageId>> {
    let sql = DUE.of_tx(tx);
    Ok(on_tx!(tx, |conn| sqlx::query_scalar(sql)
        .bind(claim.sender)
        .bind(turn.priority)
        .bind(turn.run)
        .bind(claim.at)
        .bind(limit as i64)
        .fetch_all(conn)
        .await)?)
}

/// Until when free texts may be sent in these conversations.
pub async fn windows(store: &Store, ids: &[ConversationId]) -> Result<BTreeMap<ConversationId, UnixMs>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (sql, ids) = (WINDOWS.of(&store.write), crate::store::json(&ids));
    let found: Vec<(ConversationId, UnixMs)> =
        on!(&store.write, |pool| sqlx::query_as(sql).bind(&ids).fetch_all(pool).await)?;
    Ok(found.into_iter().collect())
}
