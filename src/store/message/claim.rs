//! The claim: due messages of open runs, most urgent first, runs of one priority taking turns.

mod pick;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::FromRow;

use super::read_content;
use crate::domain::fill::Content;
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId};
use crate::domain::kind::Priority;
use crate::domain::money::Micros;
use crate::domain::template::Category;
use crate::domain::tier::Reserve;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, budget, home, lease, mark, on, on_tx, place};

/// The attempt that ended when the message went back in line makes room for the new one.
///
/// PostgreSQL is to find the messages by their ids. Where it has not looked at a table that has just been filled, it takes
/// the whole queue for shorter than these; `state || ''` keeps the index of the queue out of it (30 ms a claim at 60,000
/// queued).
pub(super) const ARCHIVE: Dialects = Dialects {
    sqlite:
        "INSERT INTO attempt (message_id, no, state, provider_id, claimed_at, ended_at, failure_code, failure_detail,
            released_by)
        SELECT id, attempt, CASE WHEN end_reason IN ('in_doubt', 'unsent') THEN 'in_doubt' ELSE 'failed' END, provider_id,
            COALESCE(claimed_at, $2), COALESCE(ended_at, $2), failure_code, failure_detail,
            CASE end_reason WHEN 'in_doubt' THEN 'person' WHEN 'unsent' THEN 'rule' END
        FROM message WHERE attempt >= 1 AND end_reason IS NOT NULL AND state = 'queued'
            AND id IN (SELECT r.value FROM json_each($1) AS r)
        ON CONFLICT (message_id, no) DO NOTHING",
    postgres:
        "INSERT INTO attempt (message_id, no, state, provider_id, claimed_at, ended_at, failure_code, failure_detail,
            released_by)
        SELECT id, attempt, CASE WHEN end_reason IN ('in_doubt', 'unsent') THEN 'in_doubt' ELSE 'failed' END, provider_id,
            COALESCE(claimed_at, $2), COALESCE(ended_at, $2), failure_code, failure_detail,
            CASE end_reason WHEN 'in_doubt' THEN 'person' WHEN 'unsent' THEN 'rule' END
        FROM message WHERE attempt >= 1 AND end_reason IS NOT NULL AND state || '' = 'queued'
            AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
        ON CONFLICT (message_id, no) DO NOTHING",
};
const CLAIM: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'claimed', attempt = attempt + 1, claimed_by = $2, claimed_at = $3, doubt_at = $4,
            reserved = r.value ->> 'reserved', waiting_for = NULL, end_reason = NULL, ended_at = NULL, provider_id = NULL,
            accepted_at = NULL, sent_at = NULL, delivered_at = NULL, read_at = NULL, undelivered_at = NULL,
            failure_code = NULL, failure_detail = NULL
        FROM json_each($1) AS r WHERE message.state = 'queued' AND message.id = r.value ->> 'id'
        RETURNING message.id, run_id, person_id, recipient, content, conversation_id, timezone, priority, category, due_at, latest_at, attempt",
    postgres: "UPDATE message SET state = 'claimed', attempt = attempt + 1, claimed_by = $2, claimed_at = $3, doubt_at = $4,
            reserved = r.reserved, waiting_for = NULL, end_reason = NULL, ended_at = NULL, provider_id = NULL,
            accepted_at = NULL, sent_at = NULL, delivered_at = NULL, read_at = NULL, undelivered_at = NULL,
            failure_code = NULL, failure_detail = NULL
        FROM json_to_recordset($1::json) AS r (id bigint, reserved bigint)
        WHERE message.state || '' = 'queued' AND message.id = r.id
        RETURNING message.id, run_id, person_id, recipient, content, conversation_id, timezone, priority, category, due_at, latest_at, attempt",
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

/// What else a claim keeps to: places in the messaging limit, prices and budgets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds<'a> {
    /// Where the portfolio is limited.
    pub places: Option<Places<'a>>,
    /// What the runs' messages may cost; messages of other runs are reserved at their estimate.
    pub terms: Option<&'a BTreeMap<RunId, Terms>>,
}

/// The messaging limit, as it concerns a claim.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// Name of the portfolio.
    pub portfolio: &'a str,
    /// What is left for others.
    pub reserve: Reserve,
    /// People for whose reminders promotions leave room.
    pub reminders: i64,
    /// While the limit is reached: look also for people after this one who hold a place already. `None`: not this time.
    pub reached_after: Option<PersonId>,
}

/// What the messages of a run may cost.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The worst price by market: what is reserved. A market that is not listed is reserved at its estimate.
    pub worst: Arc<BTreeMap<String, Micros>>,
    /// The campaign's budget.
    pub purse: Option<Purse>,
}

/// A budget, as it concerns a claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Purse {
    /// Whose.
    pub campaign: CampaignId,
    /// The month it counts in now; empty for the whole campaign.
    pub month: String,
    /// Charged and reserved together never exceed this.
    pub amount: Micros,
}

/// What a claim took, and what kept it from taking more.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Taken {
    /// Claimed, in the order they should leave.
    pub messages: Vec<Claimed>,
    /// A message had no place.
    pub full: bool,
    /// Where the next look for people already reached begins, when there was one.
    pub reached_to: Option<PersonId>,
    /// Campaigns whose budget did not suffice for a message, or has to be counted first.
    pub spent: BTreeSet<CampaignId>,
}

/// Claims what is due in one transaction, committed before it returns, in the order it should leave. No messaging limit
/// and no budget is asked.
pub async fn claim(store: &Store, claim: &Claim<'_>) -> Result<Vec<Claimed>> {
    Ok(claim_within(store, claim, &Bounds::default()).await?.messages)
}

/// The same within `bounds`: the places and the money are taken in the claim's transaction.
pub async fn claim_within(store: &Store, claim: &Claim<'_>, bounds: &Bounds<'_>) -> Result<Taken> {
    if claim.limit == 0 || claim.runs.is_empty() {
        return Ok(Taken::default());
    }
    let mut tx = store.begin().await?;
    if lease::is_elsewhere(&mut tx, claim.sender, claim.by).await? {
        return Ok(Taken::default());
    }
    let picked = pick::pick(&mut tx, claim, bounds).await?;
    let mut taken =
        Taken { full: picked.full, reached_to: picked.reached_to, spent: picked.short.clone(), ..Taken::default() };
    if picked.messages.is_empty() {
        return Ok(taken);
    }
    let ids: Vec<MessageId> = picked.messages.iter().map(|m| m.id).collect();
    let (archive, update) = (ARCHIVE.of_tx(&tx), CLAIM.of_tx(&tx));
    let (ids, list) = (crate::store::json(&ids), crate::store::json(&picked.messages));
    on_tx!(&mut tx, |conn| sqlx::query(archive).bind(&ids).bind(claim.at).execute(conn).await.map(drop))?;
    let rows: Vec<Row> = on_tx!(&mut tx, |conn| sqlx::query_as(update)
        .bind(&list)
        .bind(claim.by)
        .bind(claim.at)
        .bind(claim.doubt_at)
        .fetch_all(conn)
        .await)?;
    taken.messages = rows.into_iter().map(Row::read).collect::<Result<Vec<_>>>()?;
    if let Some(places) = bounds.places {
        place::take(&mut tx, places.portfolio, &picked.takes, picked.new_people).await?;
    }
    budget::more(&mut tx, &picked.reserved).await?;
    let Some(claims) = mark::raise(store, &mut tx, claim.sender, taken.messages.len()).await? else {
        drop(tx);
        home::hold_older(store, claim.at).await?;
        return Ok(Taken::default());
    };
    tx.commit().await?;
    store.marks.remember(claim.sender, claims);
    taken.messages.sort_by_key(|m| (m.priority, m.due_at, m.id));
    Ok(taken)
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
