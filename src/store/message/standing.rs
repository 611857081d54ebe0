//! Messages of a standing run, as a new file finds, changes and takes them back. All of it happens while the run is being
//! planned, so that nothing of it is claimed meanwhile.

use std::collections::BTreeSet;

use serde::Serialize;
use sqlx::FromRow;

use super::NewMessage;
use crate::domain::amend::{Known, Planned, TakenBack, mark, who};
use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::domain::message::MessageState;
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, StoreError, Tx, on, on_tx};

/// What [`PlannedRow`] reads, and where from.
macro_rules! planned {
    ($from:literal) => {
        concat!(
            "SELECT m.id, m.key, m.external_id, m.recipient, m.happens_at, m.state, m.attempt, m.end_reason, m.claimed_at,
                m.due_at, m.latest_at, m.waiting_for, m.content, m.route, m.cost_centre, m.name, m.timezone,
                m.revision, (SELECT COUNT(*) FROM outcome AS o WHERE o.message_id = m.id)
                    + (SELECT COUNT(*) FROM entry AS e WHERE e.message_id = m.id AND e.direction = 'in')
                    + (SELECT COUNT(*) FROM unclear AS u WHERE u.message_id = m.id) AS answers
            ",
            $from
        )
    };
}

/// By their ids, and by their people: both are few of a run that may be long, which SQLite must not walk for them (`+`).
/// Messages of erased people have no recipient, and are no row's any more.
const BY_ID: Dialects = Dialects {
    sqlite:
        planned!("FROM message AS m
        WHERE m.campaign_id = $1 AND +m.run_id = $2 AND m.recipient <> '' AND m.external_id IN (SELECT r.value FROM json_each($3) AS r)"),
    postgres:
        planned!("FROM message AS m
        WHERE m.campaign_id = $1 AND +m.run_id = $2 AND m.recipient <> ''
            AND m.external_id IN (SELECT r.value FROM json_array_elements_text($3::json) AS r (value))"),
};
const BY_PHONE: Dialects = Dialects {
    sqlite:
        planned!("FROM person AS p JOIN message AS m ON m.person_id = p.id
        WHERE p.phone IN (SELECT r.value FROM json_each($3) AS r) AND +m.campaign_id = $1 AND +m.run_id = $2 AND m.recipient <> ''"),
    postgres:
        planned!("FROM person AS p JOIN message AS m ON m.person_id = p.id
        WHERE p.phone IN (SELECT r.value FROM json_array_elements_text($3::json) AS r (value))
            AND +m.campaign_id = $1 AND +m.run_id = $2 AND m.recipient <> ''"),
};
const SINCE: &str =
    planned!("FROM message AS m WHERE m.run_id = $1 AND m.id > $3 AND m.recipient <> '' AND (m.state = 'queued' OR m.happens_at >= $2)
    ORDER BY m.id LIMIT $4");
/// The state is asked for once more: what has left, or ended by a person, is not touched. A key that another message has, as
/// ids are exchanged, gets a mark of its own.
const RENEW: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET state = 'queued', ended_at = NULL, end_reason = CASE WHEN message.state = 'queued' THEN message.end_reason END,
            key = CASE WHEN EXISTS (SELECT 1 FROM message AS o WHERE o.run_id = message.run_id AND o.id <> message.id
                    AND o.key = r.value ->> 'key')
                THEN (r.value ->> 'key') || '#0' || message.id ELSE r.value ->> 'key' END, row_no = r.value ->> 'row_no', person_id = r.value ->> 'person_id',
            recipient = r.value ->> 'recipient', name = r.value ->> 'name', content = r.value ->> 'content',
            route = r.value ->> 'route', cost_centre = r.value ->> 'cost_centre', external_id = r.value ->> 'external_id',
            first_id = COALESCE(message.first_id, CASE WHEN message.external_id <> r.value ->> 'external_id' THEN message.external_id END),
            happens_at = r.value ->> 'happens_at', timezone = r.value ->> 'timezone',
            due_at = CASE WHEN message.waiting_for IS NULL THEN r.value ->> 'due_at'
                ELSE MAX(message.due_at, r.value ->> 'due_at') END,
            latest_at = r.value ->> 'latest_at', market = r.value ->> 'market', category = r.value ->> 'category',
            estimated = r.value ->> 'estimated', revision = r.value ->> 'revision'
        FROM r WHERE message.id = r.value ->> 'id'
            AND (message.state = 'queued' OR (message.state = 'expired' AND message.attempt = 0)
                OR (message.state = 'cancelled' AND message.end_reason IN ('absent', 'moved', 'left_out', 'number'))
                OR (message.state = 'excluded' AND message.end_reason = 'declined'))
        RETURNING message.id",
    postgres: "UPDATE message SET state = 'queued', ended_at = NULL,
            end_reason = CASE WHEN message.state = 'queued' THEN message.end_reason END,
            key = CASE WHEN EXISTS (SELECT 1 FROM message AS o WHERE o.run_id = message.run_id AND o.id <> message.id
                    AND o.key = r.key)
                THEN r.key || '#0' || message.id ELSE r.key END, row_no = r.row_no, person_id = r.person_id, recipient = r.recipient, name = r.name,
            content = r.content, route = r.route, cost_centre = r.cost_centre, external_id = r.external_id,
            first_id = COALESCE(message.first_id, CASE WHEN message.external_id <> r.external_id THEN message.external_id END),
            happens_at = r.happens_at, timezone = r.timezone,
            due_at = CASE WHEN message.waiting_for IS NULL THEN r.due_at ELSE GREATEST(message.due_at, r.due_at) END,
            latest_at = r.latest_at, market = r.market, category = r.category, estimated = r.estimated, revision = r.revision
        FROM json_to_recordset($1::json) AS r (id bigint, key text, row_no bigint, person_id bigint, recipient text, name text,
            content text, route text, cost_centre text, external_id text, happens_at bigint, timezone text, due_at bigint,
            latest_at bigint, market text, category text, estimated bigint, revision bigint)
        WHERE message.id = r.id
            AND (message.state = 'queued' OR (message.state = 'expired' AND message.attempt = 0)
                OR (message.state = 'cancelled' AND message.end_reason IN ('absent', 'moved', 'left_out', 'number'))
                OR (message.state = 'excluded' AND message.end_reason = 'declined'))
        RETURNING message.id",
};
const NAME: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET row_no = r.value ->> 'row_no', revision = $2 FROM r WHERE message.id = r.value ->> 'id'",
    postgres: "UPDATE message SET row_no = r.row_no, revision = $2
        FROM json_to_recordset($1::json) AS r (id bigint, row_no bigint) WHERE message.id = r.id",
};
/// A row's new id; the key as above.
const RENAME: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE message SET external_id = r.value ->> 'external_id',
            first_id = COALESCE(message.first_id, CASE WHEN message.external_id <> r.value ->> 'external_id' THEN message.external_id END),
            key = CASE WHEN EXISTS (SELECT 1 FROM message AS o WHERE o.run_id = message.run_id AND o.id <> message.id
                    AND o.key = r.value ->> 'key')
                THEN (r.value ->> 'key') || '#0' || message.id ELSE r.value ->> 'key' END
        FROM r WHERE message.id = r.value ->> 'id'",
    postgres: "UPDATE message SET external_id = r.external_id,
            first_id = COALESCE(message.first_id, CASE WHEN message.external_id <> r.external_id THEN message.external_id END),
            key = CASE WHEN EXISTS (SELECT 1 FROM message AS o WHERE o.run_id = message.run_id AND o.id <> message.id
                    AND o.key = r.key)
                THEN r.key || '#0' || message.id ELSE r.key END
        FROM json_to_recordset($1::json) AS r (id bigint, external_id text, key text) WHERE message.id = r.id",
};
const WAITING: &str = "SELECT id, key, external_id, happens_at, recipient, name FROM message
    WHERE run_id = $1 AND state = 'queued' AND id > $2 AND recipient <> '' ORDER BY id LIMIT $3";
const UNNAMED: &str = "SELECT id, key, external_id, happens_at, recipient, name FROM message
    WHERE run_id = $1 AND state = 'queued' AND revision < $2 AND id > $3 AND recipient <> '' ORDER BY id LIMIT $4";
const TAKE_BACK: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'cancelled', end_reason = $2, ended_at = $3, waiting_for = NULL, reserved = 0
        WHERE state = 'queued' AND id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "UPDATE message SET state = 'cancelled', end_reason = $2, ended_at = $3, waiting_for = NULL, reserved = 0
        WHERE state = 'queued' AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};
const NAMED: &str = "SELECT COUNT(*) FROM message WHERE run_id = $1 AND revision = $2";

#[derive(FromRow)]
struct PlannedRow {
    id: MessageId,
    key: String,
    external_id: Option<String>,
    recipient: String,
    happens_at: Option<UnixMs>,
    state: MessageState,
    attempt: i64,
    end_reason: Option<String>,
    claimed_at: Option<UnixMs>,
    due_at: UnixMs,
    latest_at: Option<UnixMs>,
    waiting_for: Option<String>,
    content: String,
    route: String,
    cost_centre: String,
    name: String,
    timezone: String,
    revision: i64,
    answers: i64,
}

impl PlannedRow {
    fn planned(self) -> Result<Planned> {
        let to = Phone::from_international(&self.recipient);
        let told = [&*self.recipient, &self.content, &self.route, &self.cost_centre, &self.name, &self.timezone];
        Ok(Planned {
            mark: mark(&told),
            said: mark(&[&self.content, &self.name]),
            who: who(&self.name),
            revision: self.revision,
            to: to.ok_or(StoreError::Corrupt { what: "message.recipient" })?,
            id: self.id,
            key: self.key,
            external_id: self.external_id,
            happens_at: self.happens_at,
            state: self.state,
            attempt: self.attempt,
            end_reason: self.end_reason,
            claimed_at: self.claimed_at,
            due_at: self.due_at,
            latest_at: self.latest_at,
            waiting_for: self.waiting_for,
            answered: self.answers > 0,
        })
    }
}

/// [`mark`] of a message to be.
pub fn mark_of(new: &NewMessage) -> u64 {
    mark(&[&new.recipient, &new.content, &new.route, &new.cost_centre, &new.name, &new.timezone])
}

/// A message as a new file has it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Renewal {
    /// Which.
    pub id: MessageId,
    /// What it is now.
    #[serde(flatten)]
    pub new: NewMessage,
}

/// A message that waits: of a file being taken up one that it does not name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unnamed {
    /// Which.
    pub id: MessageId,
    /// Its key.
    pub key: String,
    /// Its row's identity across files.
    pub external_id: Option<String>,
    /// Its row's date and time.
    pub happens_at: Option<UnixMs>,
    /// Where it goes.
    pub to: Phone,
    /// [`who`] it is for.
    pub who: u64,
}

#[derive(FromRow)]
struct UnnamedRow {
    id: MessageId,
    key: String,
    external_id: Option<String>,
    happens_at: Option<UnixMs>,
    recipient: String,
    name: String,
}

impl UnnamedRow {
    fn unnamed(self) -> Result<Unnamed> {
        let Self { id, key, external_id, happens_at, recipient, name } = self;
        let to = Phone::from_international(&recipient).ok_or(StoreError::Corrupt { what: "message.recipient" })?;
        Ok(Unnamed { id, key, external_id, happens_at, to, who: who(&name) })
    }
}

impl Unnamed {
    /// What its row is known by, whatever its id.
    pub fn known(&self) -> Known<'_> {
        Known { to: &self.to, happens_at: self.happens_at, who: self.who }
    }
}

impl From<&Planned> for Unnamed {
    fn from(one: &Planned) -> Self {
        let Planned { id, key, external_id, happens_at, to, who, .. } = one.clone();
        Self { id, key, external_id, happens_at, to, who }
    }
}

/// What `run` has planned for rows with these ids, or for these numbers.
pub async fn planned_for(
    store: &Store,
    (campaign, run): (CampaignId, RunId),
    ids: &[&str],
    phones: &[Phone],
) -> Result<Vec<Planned>> {
    let asked =
        [(BY_ID.of(&store.read), crate::store::json(&ids)), (BY_PHONE.of(&store.read), crate::store::json(&phones))];
    let mut found: Vec<Planned> = Vec::new();
    for (sql, list) in asked {
        let rows: Vec<PlannedRow> =
            on!(&store.read, |pool| sqlx::query_as(sql).bind(campaign).bind(run).bind(&list).fetch_all(pool).await)?;
        for row in rows {
            if found.iter().all(|known| known.id != row.id) {
                found.push(row.planned()?);
            }
        }
    }
    found.sort_by_key(|one| one.id);
    Ok(found)
}

/// What of `run` waits, or happens at `since` or later: at most `limit` after the message `after`.
pub async fn planned_since(
    store: &Store,
    run: RunId,
    since: UnixMs,
    (after, limit): (MessageId, i64),
) -> Result<Vec<Planned>> {
    let rows: Vec<PlannedRow> = on!(&store.read, |pool| sqlx::query_as(SINCE)
        .bind(run)
        .bind(since)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    rows.into_iter().map(PlannedRow::planned).collect()
}

/// What of `run` waits: at most `limit` after the message `after`.
pub async fn waiting(store: &Store, run: RunId, after: MessageId, limit: i64) -> Result<Vec<Unnamed>> {
    let rows: Vec<UnnamedRow> =
        on!(&store.read, |pool| sqlx::query_as(WAITING).bind(run).bind(after).bind(limit).fetch_all(pool).await)?;
    rows.into_iter().map(UnnamedRow::unnamed).collect()
}

/// Puts messages in line as the file has them; returns those that could be.
pub async fn renew(tx: &mut Tx, rows: &[Renewal]) -> Result<BTreeSet<MessageId>> {
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (sql, rows) = (RENEW.of_tx(tx), crate::store::json(&rows));
    let done: Vec<MessageId> = on_tx!(tx, |conn| sqlx::query_scalar(sql).bind(&rows).fetch_all(conn).await)?;
    Ok(done.into_iter().collect())
}

/// The file of `revision` names these messages, in these rows.
pub async fn name(tx: &mut Tx, rows: &[(MessageId, i64)], revision: i64) -> Result<()> {
    #[derive(Serialize)]
    struct Named {
        id: MessageId,
        row_no: i64,
    }
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<Named> = rows.iter().map(|(id, row_no)| Named { id: *id, row_no: *row_no }).collect();
    let (sql, rows) = (NAME.of_tx(tx), crate::store::json(&rows));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&rows).bind(revision).execute(conn).await.map(drop))?;
    Ok(())
}

/// What a row that has another id now is known by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Renamed {
    /// Its message.
    pub id: MessageId,
    /// The id that it has now.
    pub external_id: Option<String>,
    /// Its key with that.
    pub key: String,
}

/// These messages are known by other ids from now on.
pub async fn rename(tx: &mut Tx, rows: &[Renamed]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, rows) = (RENAME.of_tx(tx), crate::store::json(&rows));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&rows).execute(conn).await.map(drop))?;
    Ok(())
}

/// What waits in `run` and the file of `revision` does not name, after the message `after`.
pub async fn unnamed(store: &Store, run: RunId, revision: i64, after: MessageId, limit: i64) -> Result<Vec<Unnamed>> {
    let rows: Vec<UnnamedRow> = on!(&store.write, |pool| sqlx::query_as(UNNAMED)
        .bind(run)
        .bind(revision)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    rows.into_iter().map(UnnamedRow::unnamed).collect()
}

/// A file takes these messages back, where they still wait; how many did.
pub async fn take_back(tx: &mut Tx, ids: &[MessageId], why: TakenBack, at: UnixMs) -> Result<i64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let (sql, ids) = (TAKE_BACK.of_tx(tx), crate::store::json(&ids));
    let done = on_tx!(tx, |conn| sqlx::query(sql)
        .bind(&ids)
        .bind(why.as_str())
        .bind(at)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done as i64)
}

/// How many messages of `run` the file of `revision` names.
pub async fn named(store: &Store, run: RunId, revision: i64) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(NAMED).bind(run).bind(revision).fetch_one(pool).await)?)
}
