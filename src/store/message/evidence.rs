//! What speaks for or against attempts in doubt, and when this installation was down.

use sqlx::FromRow;

use crate::domain::id::{MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on};

const OLD: &str = "SELECT id, run_id, sender, claimed_at, CAST(CASE WHEN claimed_by = 'takeover' THEN 1 ELSE 0 END AS BIGINT) AS suspected,
        CAST(0 AS BIGINT) AS automatic FROM message
    WHERE state = 'in_doubt' AND run_id <> 0 AND sender = $1 AND (claimed_at > $2 OR (claimed_at = $2 AND id > $3))
        AND claimed_at <= $4
    ORDER BY claimed_at, id LIMIT $5";
/// Answers that nobody of ours wrote, after which nobody has written.
const ANSWERS: &str =
    "SELECT m.id, m.run_id, m.sender, m.claimed_at, CAST(0 AS BIGINT) AS suspected, CAST(1 AS BIGINT) AS automatic
    FROM message AS m
    WHERE m.state = 'in_doubt' AND m.run_id = 0 AND m.sender = $1 AND m.claimed_at >= $2 AND m.claimed_at <= $3
        AND m.claimed_by <> 'takeover' AND m.category = 'service' AND (m.author = 'automatic' OR m.author LIKE 'bot:%')
        AND NOT EXISTS (SELECT 1 FROM entry AS own JOIN entry AS later
            ON later.conversation_id = own.conversation_id AND later.id > own.id AND later.direction IN ('in', 'out')
            WHERE own.conversation_id = m.conversation_id AND own.message_id = m.id)
    ORDER BY m.claimed_at, m.id";
const NEAR: &str = "SELECT COUNT(*) AS near,
        CAST(COALESCE(SUM(CASE WHEN state = 'accepted' AND sent_at IS NULL AND delivered_at IS NULL AND read_at IS NULL
            THEN 1 ELSE 0 END), 0) AS BIGINT) AS silent,
        CAST(COALESCE(SUM(CASE WHEN accepted_at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS after_it
    FROM message WHERE sender = $1 AND claimed_at IS NOT NULL AND claimed_at >= $4 AND claimed_at <= $5
        AND accepted_at >= $2 AND accepted_at <= $5 AND state <> 'queued'";
const IN_REVIEW: Dialects = Dialects {
    sqlite: "SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE reviewed_at >= $2
        AND account IN (SELECT r.value FROM json_each($1) AS r) LIMIT 1)",
    postgres: "SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE reviewed_at >= $2
        AND account IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value)) LIMIT 1) AS any_of_them",
};
const DOWN: &str = "INSERT INTO downtime (from_at, to_at) VALUES ($1, $2)";
const UP_SINCE: &str = "SELECT MAX(to_at) FROM downtime";
const DOWNTIMES: &str = "SELECT from_at, to_at FROM downtime WHERE to_at >= $1 ORDER BY to_at";
/// Written so that the few that were released are looked at, and not all of the run.
const RESENT: &str = "SELECT COUNT(*) FROM attempt AS a CROSS JOIN message AS m
    WHERE m.id = a.message_id AND m.run_id = $1 AND a.released_by IS NOT NULL AND a.released_by = 'rule'";

const EARLIER: &str = "SELECT COUNT(*) FROM attempt WHERE message_id = $1";

/// An attempt in doubt.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct OldDoubt {
    /// The message.
    pub id: MessageId,
    /// Its run.
    pub run_id: RunId,
    /// Its sender.
    pub sender: String,
    /// When it was claimed.
    pub claimed_at: UnixMs,
    /// 1: it may have left from the store that this one is a copy of, and nothing here speaks for or against it.
    pub suspected: i64,
    /// 1: nobody of ours wrote it.
    pub automatic: i64,
}

/// Messages accepted near a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromRow)]
pub struct Neighbours {
    /// How many.
    pub near: i64,
    /// Those without any receipt.
    pub silent: i64,
    /// Those accepted after it.
    pub after_it: i64,
}

/// Doubts of runs on `sender` claimed until `until`, oldest first, from behind `after`.
pub async fn old_doubts(
    store: &Store,
    sender: &str,
    after: (UnixMs, MessageId),
    until: UnixMs,
    limit: i64,
) -> Result<Vec<OldDoubt>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OLD)
        .bind(sender)
        .bind(after.0)
        .bind(after.1)
        .bind(until)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// Doubts of `sender`, claimed between these, about answers that nobody of ours wrote and that are still the last word in
/// their conversation, oldest first.
pub async fn answers_in_doubt(store: &Store, sender: &str, (from, until): (UnixMs, UnixMs)) -> Result<Vec<OldDoubt>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ANSWERS).bind(sender).bind(from).bind(until).fetch_all(pool).await)?)
}

/// Messages of `sender` accepted within `span` of the time from `first` to `last`.
pub async fn neighbours(
    store: &Store,
    sender: &str,
    (first, last): (UnixMs, UnixMs),
    span: std::time::Duration,
) -> Result<Neighbours> {
    // An answer comes within a claim's life: what was claimed before that was accepted before it too.
    let (from, claimed_from, to) = (first.minus(span), first.minus(span).minus(span), last.plus(span));
    Ok(on!(&store.read, |pool| sqlx::query_as(NEAR)
        .bind(sender)
        .bind(from)
        .bind(last)
        .bind(claimed_from)
        .bind(to)
        .fetch_one(pool)
        .await)?)
}

/// Whether something of these accounts was in review since then.
pub async fn was_in_review(store: &Store, accounts: &[&str], since: UnixMs) -> Result<bool> {
    let (sql, accounts) = (IN_REVIEW.of(&store.read), crate::store::json(&accounts));
    let n: i64 = on!(&store.read, |pool| sqlx::query_scalar(sql).bind(&accounts).bind(since).fetch_one(pool).await)?;
    Ok(n > 0)
}

/// This installation was down.
pub async fn was_down(store: &Store, from: UnixMs, to: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(DOWN).bind(from).bind(to).execute(pool).await.map(drop))?;
    Ok(())
}

/// When it was last up again; `None`: it has not been down.
pub async fn up_since(store: &Store) -> Result<Option<UnixMs>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(UP_SINCE).fetch_one(pool).await)?)
}

/// From when until when it was down, of what ended at `since` or later.
pub async fn downtimes(store: &Store, since: UnixMs) -> Result<Vec<(UnixMs, UnixMs)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(DOWNTIMES).bind(since).fetch_all(pool).await)?)
}

/// Attempts of a message before its latest.
pub async fn earlier_attempts(store: &Store, id: MessageId) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(EARLIER).bind(id).fetch_one(pool).await)?)
}

/// Messages of a run that were sent again because the rule of doubt said that they never left, counted by attempts.
pub async fn resent(store: &Store, run: RunId) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(RESENT).bind(run).fetch_one(pool).await)?)
}
