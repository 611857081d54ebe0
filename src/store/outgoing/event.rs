//! What happened, until it is known who gets it.

use serde::Serialize;
use sqlx::FromRow;

use crate::domain::id::EndpointId;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, Tx, json, on, on_tx};

const ANY: &str =
    "SELECT COUNT(*) FROM (SELECT 1 AS one FROM outgoing_event WHERE gathered_at IS NULL LIMIT 1) AS found";
/// Of several nodes one takes them up at a time.
const FRESH: Dialects = Dialects {
    sqlite: "SELECT id, kind, subject, conversation_id, person_id, detail, at FROM outgoing_event
        WHERE gathered_at IS NULL ORDER BY id LIMIT $1",
    postgres: "SELECT id, kind, subject, conversation_id, person_id, detail, at FROM outgoing_event
        WHERE gathered_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE",
};
const GATHERED: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE outgoing_event SET body = r.value ->> 'body', at = r.value ->> 'at', gathered_at = $2
        FROM r WHERE outgoing_event.id = r.value ->> 'id'",
    postgres: "UPDATE outgoing_event SET body = r.body, at = r.at, gathered_at = $2
        FROM json_to_recordset($1::json) AS r (id bigint, body text, at bigint) WHERE outgoing_event.id = r.id",
};
const DROP: Dialects = Dialects {
    sqlite: "DELETE FROM outgoing_event WHERE id IN (SELECT value FROM json_each($1))",
    postgres: "DELETE FROM outgoing_event
        WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))",
};
const DELIVER: Dialects = Dialects {
    sqlite: "INSERT INTO outgoing_delivery (endpoint_id, event_id, lane, state, next_at, made_at)
        SELECT r.value ->> 'endpoint', r.value ->> 'event', r.value ->> 'lane', 'waiting', $2, $2 FROM json_each($1) AS r",
    postgres: "INSERT INTO outgoing_delivery (endpoint_id, event_id, lane, state, next_at, made_at)
        SELECT r.endpoint, r.event, r.lane, 'waiting', $2, $2
        FROM json_to_recordset($1::json) AS r (endpoint bigint, event bigint, lane text)",
};

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Event {
    /// Its number, in the order in which things happened to one thing.
    pub id: i64,
    /// What happened.
    pub kind: String,
    /// To which message, reply, conversation, outcome or hold.
    pub subject: i64,
    /// In which conversation.
    pub conversation_id: Option<i64>,
    /// To whom.
    pub person_id: Option<i64>,
    /// What may be another later, as JSON.
    pub detail: String,
    /// When; `None`: just before it was found.
    pub at: Option<UnixMs>,
}

/// What is posted of an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Written {
    /// Which.
    pub id: i64,
    /// The body.
    pub body: String,
    /// When it happened.
    pub at: UnixMs,
}

/// An event for an endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NewDelivery {
    /// For whom.
    pub endpoint: EndpointId,
    /// Of what.
    pub event: i64,
    /// What must be told in order.
    pub lane: String,
}

/// Whether anything happened that nobody has looked at.
pub async fn any(store: &Store) -> Result<bool> {
    let found: i64 = on!(&store.read, |pool| sqlx::query_scalar(ANY).fetch_one(pool).await)?;
    Ok(found > 0)
}

/// At most `limit` events that nobody has looked at, oldest first.
pub async fn fresh(tx: &mut Tx, limit: i64) -> Result<Vec<Event>> {
    let sql = FRESH.of_tx(tx);
    Ok(on_tx!(tx, |conn| sqlx::query_as(sql).bind(limit).fetch_all(conn).await)?)
}

/// Keeps what is posted of them, and for whom.
pub async fn gather(tx: &mut Tx, written: &[Written], to: &[NewDelivery], now: UnixMs) -> Result<()> {
    let (sql, list) = (GATHERED.of_tx(tx), json(written));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&list).bind(now).execute(conn).await.map(drop))?;
    let (sql, list) = (DELIVER.of_tx(tx), json(to));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&list).bind(now).execute(conn).await.map(drop))?;
    Ok(())
}

/// Removes events that nobody is told.
pub async fn drop_all(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    let (sql, list) = (DROP.of_tx(tx), json(ids));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&list).execute(conn).await.map(drop))?;
    Ok(())
}
