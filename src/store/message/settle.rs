//! The settlement: what became of claimed messages, two hundred to a statement.
//!
//! Guarded by message, attempt and state, in the terms of [`crate::domain::message::next`]: a settlement that comes
//! twice, or after a receipt has said more, changes nothing; one that comes after the claim was called doubtful counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::answer::Acceptance;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::failure::Failure;
use crate::domain::id::{ConversationId, MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;
use crate::store::person::{self, Learned};
use crate::store::suppression::{self, NewSuppression, SuppressionScope};
use crate::store::window::{self, Told};
use crate::store::{Dialects, Result, Store, Tx, conversation, on_tx, place};

const SETTLE: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET state = r.value ->> 'state', waiting_for = r.value ->> 'waiting_for',
            due_at = COALESCE(r.value ->> 'due_at', message.due_at), doubt_at = COALESCE(r.value ->> 'doubt_at', message.doubt_at),
            provider_id = COALESCE(message.provider_id, r.value ->> 'provider_id'),
            accepted_at = COALESCE(message.accepted_at, r.value ->> 'accepted_at'),
            undelivered_at = r.value ->> 'undelivered_at',
            reviewed_at = CASE WHEN r.value ->> 'state' = 'in_review' THEN r.value ->> 'accepted_at' ELSE message.reviewed_at END,
            failure_code = r.value ->> 'failure_code',
            failure_detail = r.value ->> 'failure_detail', end_reason = r.value ->> 'end_reason',
            ended_at = r.value ->> 'ended_at',
            reserved = CASE WHEN r.value ->> 'state' IN ('accepted', 'in_review', 'in_doubt') THEN message.reserved ELSE 0 END
        FROM r
        WHERE message.id = r.value ->> 'id' AND message.attempt = r.value ->> 'attempt' AND (message.state = 'claimed'
            OR (message.state = 'in_doubt' AND r.value ->> 'state' IN ('accepted', 'in_review', 'failed', 'queued')))
        RETURNING message.id, message.run_id",
    postgres: "UPDATE message SET state = r.state, waiting_for = r.waiting_for,
            due_at = COALESCE(r.due_at, message.due_at), doubt_at = COALESCE(r.doubt_at, message.doubt_at),
            provider_id = COALESCE(message.provider_id, r.provider_id),
            accepted_at = COALESCE(message.accepted_at, r.accepted_at),
            undelivered_at = r.undelivered_at,
            reviewed_at = CASE WHEN r.state = 'in_review' THEN r.accepted_at ELSE message.reviewed_at END,
            failure_code = r.failure_code,
            failure_detail = r.failure_detail, end_reason = r.end_reason,
            ended_at = r.ended_at,
            reserved = CASE WHEN r.state IN ('accepted', 'in_review', 'in_doubt') THEN message.reserved ELSE 0 END
        FROM json_to_recordset($1::json) AS r (id bigint, attempt bigint, state text, waiting_for text, due_at bigint,
            provider_id text, accepted_at bigint, undelivered_at bigint, failure_code bigint, failure_detail text,
            end_reason text, ended_at bigint, doubt_at bigint)
        WHERE message.id = r.id AND message.attempt = r.attempt AND (message.state = 'claimed'
            OR (message.state = 'in_doubt' AND r.state IN ('accepted', 'in_review', 'failed', 'queued')))
        RETURNING message.id, message.run_id",
};
/// Receipts of the same messages are applied at the same time: both lock them in this order, before anything else. SQLite
/// has one writer.
const POSTGRES_LOCK: &str = "SELECT id FROM message
    WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json)) ORDER BY id FOR UPDATE";
/// A receipt came before its answer: the state is further on already, the provider's id and the times are not known yet.
const COMPLETE: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET provider_id = COALESCE(message.provider_id, r.value ->> 'provider_id'),
            accepted_at = COALESCE(message.accepted_at, r.value ->> 'accepted_at'),
            undelivered_at = COALESCE(message.undelivered_at, r.value ->> 'undelivered_at')
        FROM r
        WHERE message.id = r.value ->> 'id' AND message.attempt = r.value ->> 'attempt' AND message.accepted_at IS NULL
            AND message.state IN ('sent', 'delivered', 'read', 'failed')",
    postgres: "UPDATE message SET provider_id = COALESCE(message.provider_id, r.provider_id),
            accepted_at = COALESCE(message.accepted_at, r.accepted_at),
            undelivered_at = COALESCE(message.undelivered_at, r.undelivered_at)
        FROM json_to_recordset($1::json) AS r (id bigint, attempt bigint, provider_id text, accepted_at bigint, undelivered_at bigint)
        WHERE message.id = r.id AND message.attempt = r.attempt AND message.accepted_at IS NULL
            AND message.state IN ('sent', 'delivered', 'read', 'failed')",
};

/// What became of one claimed message.
#[derive(Clone, PartialEq, Debug)]
pub struct Settlement {
    /// Which message.
    pub id: MessageId,
    /// Which attempt.
    pub attempt: i64,
    /// For whom.
    pub person: PersonId,
    /// When that was known.
    pub at: UnixMs,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of it.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// The provider took it; without a delivery by `undelivered_at` it did not arrive.
    Accepted {
        /// What the provider told.
        acceptance: Acceptance,
        /// Time to live plus one hour after the acceptance.
        undelivered_at: UnixMs,
    },
    /// The provider refused it for good; the person may be put on the do-not-send list with it.
    Refused {
        /// Why.
        failure: Failure,
        /// What the code asks to stop sending to the person.
        suppress: Option<SuppressionScope>,
    },
    /// It certainly was not accepted: back in line.
    PutBack(PutBack),
    /// The request may have left.
    InDoubt {
        /// For the record.
        reason: String,
    },
    /// A gate decided that it must not go.
    Excluded(ExclusionReason),
    /// Its latest time passed.
    Expired,
}

/// A message that goes back in line.
#[derive(Clone, PartialEq, Debug)]
pub struct PutBack {
    /// Not before.
    pub due_at: UnixMs,
    /// The gate's name.
    pub waiting_for: Option<&'static str>,
    /// Set when a request was made and turned away: the attempt is kept with it.
    pub turned_away: Option<Failure>,
}

/// What a batch changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settled {
    /// Messages changed.
    pub messages: Vec<MessageId>,
    /// Their runs.
    pub runs: BTreeSet<RunId>,
    /// Of these, runs for which something speaks against going on.
    pub failing: BTreeSet<RunId>,
    /// Conversations that wait again, because what was answered there did not arrive.
    pub back: Vec<ConversationId>,
}

/// The form of one settlement in the JSON bind.
#[derive(Serialize, Default)]
struct Row<'a> {
    id: MessageId,
    attempt: i64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undelivered_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<UnixMs>,
    /// Since when it is in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt_at: Option<UnixMs>,
}

impl Settlement {
    /// The state the message takes if nothing has said more meanwhile.
    pub const fn state(&self) -> MessageState {
        match &self.verdict {
            Verdict::Accepted { acceptance, .. } if acceptance.in_review => MessageState::InReview,
            Verdict::Accepted { .. } => MessageState::Accepted,
            Verdict::Refused { .. } => MessageState::Failed,
            Verdict::PutBack(_) => MessageState::Queued,
            Verdict::InDoubt { .. } => MessageState::InDoubt,
            Verdict::Excluded(_) => MessageState::Excluded,
            Verdict::Expired => MessageState::Expired,
        }
    }

    fn row(&self) -> Row<'_> {
        let row = Row { id: self.id, attempt: self.attempt, state: self.state().as_str(), ..Row::default() };
        match &self.verdict {
            Verdict::Accepted { acceptance, undelivered_at } => Row {
                provider_id: Some(&acceptance.provider_id),
                accepted_at: Some(self.at),
                undelivered_at: Some(*undelivered_at),
                ..row
            },
            Verdict::Refused { failure, .. } => Row {
                failure_code: Some(failure.code),
                failure_detail: Some(&failure.detail),
                ended_at: Some(self.at),
                ..row
            },
            Verdict::PutBack(back) => Row {
                due_at: Some(back.due_at),
                waiting_for: back.waiting_for,
                failure_code: back.turned_away.as_ref().map(|f| f.code),
                failure_detail: back.turned_away.as_ref().map(|f| f.detail.as_str()),
                // Marks that an attempt ended here, so that the next claim keeps it in the table attempt.
                end_reason: back.turned_away.as_ref().map(|_| "turned_away"),
                ended_at: back.turned_away.as_ref().map(|_| self.at),
                ..row
            },
            Verdict::InDoubt { reason } => Row { failure_detail: Some(reason), doubt_at: Some(self.at), ..row },
            Verdict::Excluded(reason) => Row { end_reason: Some(reason.as_str()), ended_at: Some(self.at), ..row },
            Verdict::Expired => Row { ended_at: Some(self.at), ..row },
        }
    }

    /// Whether the person will not get it.
    const fn is_in_vain(&self) -> bool {
        matches!(self.verdict, Verdict::Refused { .. } | Verdict::Excluded(_) | Verdict::Expired)
    }

    /// What it tells the breakers of its run.
    fn told(&self) -> Option<Told> {
        match &self.verdict {
            Verdict::Accepted { acceptance, .. } => Some(Told::Accepted { in_review: acceptance.in_review }),
            Verdict::Refused { failure, .. } => Some(Told::Refused(failure.code)),
            Verdict::PutBack(_) | Verdict::InDoubt { .. } | Verdict::Excluded(_) | Verdict::Expired => None,
        }
    }

    fn learned(&self) -> Option<Learned> {
        let Verdict::Accepted { acceptance, .. } = &self.verdict else { return None };
        let told = acceptance.wa_id.is_some() || acceptance.bsuid.is_some();
        told.then(|| Learned { id: self.person, wa_id: acceptance.wa_id.clone(), bsuid: acceptance.bsuid.clone() })
    }
}

/// Settles a batch in one transaction, with what it teaches about people.
pub async fn settle(store: &Store, batch: &[Settlement]) -> Result<Settled> {
    if batch.is_empty() {
        return Ok(Settled::default());
    }
    let mut tx = store.begin().await?;
    let (all, at): (Vec<MessageId>, _) = (batch.iter().map(|s| s.id).collect(), batch.iter().map(|s| s.at).max());
    lock(&mut tx, &all).await?;
    let rows: Vec<Row<'_>> = batch.iter().map(Settlement::row).collect();
    let (sql, list) = (SETTLE.of_tx(&tx), crate::store::json(&rows));
    let changed: Vec<(MessageId, RunId)> =
        on_tx!(&mut tx, |conn| sqlx::query_as(sql).bind(&list).fetch_all(conn).await)?;
    let messages: BTreeSet<MessageId> = changed.iter().map(|(id, _)| *id).collect();
    complete(&mut tx, batch, &messages).await?;
    let runs: BTreeMap<MessageId, RunId> = changed.into_iter().collect();
    let told: Vec<_> = batch.iter().filter_map(|s| Some((*runs.get(&s.id)?, s.at, s.told()?))).collect();
    let failing = window::note(&mut tx, &told, at.unwrap_or_default()).await?;
    place::refresh(store, &mut tx, &all, at.unwrap_or_default()).await?;
    let learned: Vec<Learned> = batch.iter().filter_map(Settlement::learned).collect();
    person::learn(&mut tx, &learned).await?;
    suppress(&mut tx, batch, &messages).await?;
    let answered = |s: &&Settlement| s.is_in_vain() && runs.get(&s.id) == Some(&RunId::BY_HAND);
    let in_vain: Vec<MessageId> = batch.iter().filter(answered).map(|s| s.id).collect();
    let back = conversation::bring_back(&mut tx, &in_vain, at.unwrap_or_default()).await?;
    tx.commit().await?;
    let messages = messages.into_iter().collect();
    Ok(Settled { messages, runs: runs.into_values().collect(), failing, back })
}

async fn lock(tx: &mut Tx, ids: &[MessageId]) -> Result<()> {
    let Tx::Postgres(conn) = tx else { return Ok(()) };
    sqlx::query(POSTGRES_LOCK).bind(crate::store::json(ids)).execute(&mut **conn).await?;
    Ok(())
}

async fn complete(tx: &mut Tx, batch: &[Settlement], settled: &BTreeSet<MessageId>) -> Result<()> {
    let overtaken = |s: &&Settlement| matches!(s.verdict, Verdict::Accepted { .. }) && !settled.contains(&s.id);
    let rows: Vec<Row<'_>> = batch.iter().filter(overtaken).map(Settlement::row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, list) = (COMPLETE.of_tx(tx), crate::store::json(&rows));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&list).execute(conn).await.map(drop))?;
    Ok(())
}

async fn suppress(tx: &mut Tx, batch: &[Settlement], settled: &BTreeSet<MessageId>) -> Result<()> {
    for settlement in batch.iter().filter(|s| settled.contains(&s.id)) {
        let Verdict::Refused { failure, suppress: Some(scope) } = &settlement.verdict else { continue };
        let new = NewSuppression {
            person: settlement.person,
            scope: *scope,
            source: "provider",
            note: &failure.code.to_string(),
            at: settlement.at,
            by: "provider",
        };
        suppression::add(tx, &new).await?;
    }
    Ok(())
}
