//! Failed messages that a person has tried again: a new attempt opens for each that may have one. The attempt that failed
//! moves to the table `attempt` when the new one is claimed.
//!
//! Left out is who is on the do-not-send list (`suppressed`), who is where the account may not write to (`unreachable`, which
//! the caller finds out), what would come too late (`too_late`), and what another attempt, or another run of the campaign, has sent or will send (`already_sent`).

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::domain::id::{MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on, on_tx, run};

const FAILED: Dialects = Dialects {
    sqlite: "SELECT COALESCE(m.failure_code, 0) AS code, m.market, CASE
            WHEN EXISTS (SELECT 1 FROM suppression AS s
                WHERE s.lifted_at IS NULL AND (s.scope = 'all' OR CAST($3 AS BIGINT) = 1) AND s.person_id IN (
                    SELECT q.id FROM person AS q WHERE q.id = COALESCE(p.linked_to, p.id)
                    UNION ALL SELECT q.id FROM person AS q WHERE q.linked_to = COALESCE(p.linked_to, p.id)))
                THEN 'suppressed'
            WHEN m.id IN (SELECT r.value FROM json_each($4) AS r) THEN 'unreachable'
            WHEN m.latest_at < $2 THEN 'too_late'
            WHEN EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = m.id AND a.state IN ('sent', 'delivered', 'read'))
                THEN 'already_sent'
            WHEN m.external_id IS NOT NULL AND EXISTS (SELECT 1 FROM message AS o
                WHERE o.campaign_id = m.campaign_id AND o.external_id = m.external_id AND o.key = m.key
                    AND o.run_id <> m.run_id AND (o.state NOT IN ('cancelled', 'expired', 'excluded', 'failed')
                        OR o.state = 'cancelled' AND o.end_reason = 'in_doubt'))
                THEN 'already_sent'
            ELSE '' END AS left_out, COUNT(*) AS n
    FROM message AS m JOIN person AS p ON p.id = m.person_id
    WHERE m.run_id = $1 AND m.state = 'failed' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    postgres: "SELECT COALESCE(m.failure_code, 0) AS code, m.market, CASE
            WHEN EXISTS (SELECT 1 FROM suppression AS s
                WHERE s.lifted_at IS NULL AND (s.scope = 'all' OR CAST($3 AS BIGINT) = 1) AND s.person_id IN (
                    SELECT q.id FROM person AS q WHERE q.id = COALESCE(p.linked_to, p.id)
                    UNION ALL SELECT q.id FROM person AS q WHERE q.linked_to = COALESCE(p.linked_to, p.id)))
                THEN 'suppressed'
            WHEN m.id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($4::json) AS r (value)) THEN 'unreachable'
            WHEN m.latest_at < $2 THEN 'too_late'
            WHEN EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = m.id AND a.state IN ('sent', 'delivered', 'read'))
                THEN 'already_sent'
            WHEN m.external_id IS NOT NULL AND EXISTS (SELECT 1 FROM message AS o
                WHERE o.campaign_id = m.campaign_id AND o.external_id = m.external_id AND o.key = m.key
                    AND o.run_id <> m.run_id AND (o.state NOT IN ('cancelled', 'expired', 'excluded', 'failed')
                        OR o.state = 'cancelled' AND o.end_reason = 'in_doubt'))
                THEN 'already_sent'
            ELSE '' END AS left_out, COUNT(*) AS n
    FROM message AS m JOIN person AS p ON p.id = m.person_id
    WHERE m.run_id = $1 AND m.state = 'failed' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
};
/// A page of the numbers that failed, for who looks at their countries.
const NUMBERS: &str =
    "SELECT id, recipient FROM message WHERE run_id = $1 AND state = 'failed' AND id > $2 ORDER BY id LIMIT $3";
/// Locked before it is asked what keeps them from being tried again: a receipt that comes meanwhile waits or is seen.
const PICK: Dialects = Dialects {
    sqlite:
        "SELECT id FROM message WHERE run_id = $1 AND state = 'failed' AND COALESCE(failure_code, 0) = $2 AND id > $3
        ORDER BY id LIMIT $4",
    postgres:
        "SELECT id FROM message WHERE run_id = $1 AND state = 'failed' AND COALESCE(failure_code, 0) = $2 AND id > $3
        ORDER BY id LIMIT $4 FOR UPDATE",
};
const RETRY: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'queued', due_at = $2, waiting_for = NULL, end_reason = 'turned_away',
            undelivered_at = NULL, reserved = 0, pricing = NULL
        WHERE state = 'failed' AND id IN (SELECT r.value FROM json_each($1) AS r)
            AND (latest_at IS NULL OR latest_at >= $2)
            AND EXISTS (SELECT 1 FROM run AS u WHERE u.id = message.run_id AND u.state IN ('planning', 'running', 'paused'))
            AND NOT EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = message.id AND a.state IN ('sent', 'delivered', 'read'))
            AND NOT EXISTS (SELECT 1 FROM message AS o
                WHERE message.external_id IS NOT NULL AND o.campaign_id = message.campaign_id
                    AND o.external_id = message.external_id AND o.key = message.key AND o.run_id <> message.run_id
                    AND (o.state NOT IN ('cancelled', 'expired', 'excluded', 'failed')
                        OR o.state = 'cancelled' AND o.end_reason = 'in_doubt'))
            AND NOT EXISTS (SELECT 1 FROM person AS p JOIN suppression AS s ON s.lifted_at IS NULL
                    AND (s.scope = 'all' OR CAST($3 AS BIGINT) = 1) AND s.person_id IN (
                        SELECT q.id FROM person AS q WHERE q.id = COALESCE(p.linked_to, p.id)
                        UNION ALL SELECT q.id FROM person AS q WHERE q.linked_to = COALESCE(p.linked_to, p.id))
                WHERE p.id = message.person_id)
        RETURNING id",
    postgres: "UPDATE message SET state = 'queued', due_at = $2, waiting_for = NULL, end_reason = 'turned_away',
            undelivered_at = NULL, reserved = 0, pricing = NULL
        WHERE state = 'failed' AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
            AND (latest_at IS NULL OR latest_at >= $2)
            AND EXISTS (SELECT 1 FROM run AS u WHERE u.id = message.run_id AND u.state IN ('planning', 'running', 'paused'))
            AND NOT EXISTS (SELECT 1 FROM attempt AS a WHERE a.message_id = message.id AND a.state IN ('sent', 'delivered', 'read'))
            AND NOT EXISTS (SELECT 1 FROM message AS o
                WHERE message.external_id IS NOT NULL AND o.campaign_id = message.campaign_id
                    AND o.external_id = message.external_id AND o.key = message.key AND o.run_id <> message.run_id
                    AND (o.state NOT IN ('cancelled', 'expired', 'excluded', 'failed')
                        OR o.state = 'cancelled' AND o.end_reason = 'in_doubt'))
            AND NOT EXISTS (SELECT 1 FROM person AS p JOIN suppression AS s ON s.lifted_at IS NULL
                    AND (s.scope = 'all' OR CAST($3 AS BIGINT) = 1) AND s.person_id IN (
                        SELECT q.id FROM person AS q WHERE q.id = COALESCE(p.linked_to, p.id)
                        UNION ALL SELECT q.id FROM person AS q WHERE q.linked_to = COALESCE(p.linked_to, p.id))
                WHERE p.id = message.person_id)
        RETURNING id",
};

/// What keeps failed messages from another try besides what their rows say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RetryTerms {
    /// The list of who wants no promotions counts too.
    pub marketing: bool,
    /// Messages to people of countries that the account may not write to.
    pub barred: BTreeSet<MessageId>,
}

/// Messages put back by one unit of work.
const STEP: i64 = 500;

/// Failed messages of a run that share code, market and what keeps them from another try.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Failed {
    /// The provider's code, 0 where it gave none.
    pub code: i64,
    /// Billing market.
    pub market: String,
    /// The word of the [`crate::domain::exclusion::ExclusionReason`] that keeps them from another try; empty: nothing does.
    pub left_out: String,
    /// Messages.
    pub n: i64,
}

/// What failed in `run`, by code.
pub async fn failed(store: &Store, run: RunId, now: UnixMs, terms: &RetryTerms) -> Result<Vec<Failed>> {
    let (sql, marketing, barred) =
        (FAILED.of(&store.read), i64::from(terms.marketing), crate::store::json(&terms.barred));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql)
        .bind(run)
        .bind(now)
        .bind(marketing)
        .bind(&barred)
        .fetch_all(pool)
        .await)?)
}

/// Numbers that failed in `run`, by message, above `after`.
pub async fn failed_numbers(
    store: &Store,
    run: RunId,
    after: MessageId,
    limit: i64,
) -> Result<Vec<(MessageId, String)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(NUMBERS).bind(run).bind(after).bind(limit).fetch_all(pool).await)?)
}

/// Puts back in line what failed in `run` with `code` and may be tried again; its run is open again. Returns how many.
pub async fn retry(store: &Store, run: RunId, code: i64, now: UnixMs, terms: &RetryTerms) -> Result<u64> {
    let (mut after, mut done) = (MessageId(0), 0);
    loop {
        let mut tx = store.begin().await?;
        // First of all: who looks whether the run may be closed waits for this, or this for them.
        run::reopen_unless_cancelled(&mut tx, run).await?;
        let pick = PICK.of_tx(&tx);
        let mut picked: Vec<MessageId> = on_tx!(&mut tx, |conn| sqlx::query_scalar(pick)
            .bind(run)
            .bind(code)
            .bind(after)
            .bind(STEP)
            .fetch_all(conn)
            .await)?;
        let Some(last) = picked.last() else { break };
        after = *last;
        picked.retain(|id| !terms.barred.contains(id));
        let (sql, ids) = (RETRY.of_tx(&tx), crate::store::json(&picked));
        let put_back: Vec<MessageId> = on_tx!(&mut tx, |conn| sqlx::query_scalar(sql)
            .bind(&ids)
            .bind(now)
            .bind(i64::from(terms.marketing))
            .fetch_all(conn)
            .await)?;
        if !put_back.is_empty() {
            done += put_back.len() as u64;
            tx.commit().await?;
        }
    }
    Ok(done)
}
