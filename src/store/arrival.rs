//! What each attempt of a message costs, where one before the latest has receipts that tell of its price or that it arrived.

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, Tx, json, on_tx};
use crate::domain::id::MessageId;
use crate::domain::time::UnixMs;

const OF: Dialects = Dialects {
    sqlite: "SELECT message_id, no, arrived_at, pricing, charged FROM arrival
             WHERE message_id IN (SELECT value FROM json_each($1)) ORDER BY message_id, no",
    postgres: "SELECT message_id, no, arrived_at, pricing, charged FROM arrival
               WHERE message_id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
               ORDER BY message_id, no",
};
const KEEP: Dialects = Dialects {
    sqlite: "INSERT INTO arrival (message_id, no, arrived_at, pricing, charged)
             SELECT r.value ->> 'message_id', r.value ->> 'no', r.value ->> 'arrived_at', r.value ->> 'pricing',
                 r.value ->> 'charged'
             FROM json_each($1) AS r WHERE true
             ON CONFLICT (message_id, no) DO UPDATE SET arrived_at = excluded.arrived_at, pricing = excluded.pricing,
                 charged = excluded.charged",
    postgres: "INSERT INTO arrival (message_id, no, arrived_at, pricing, charged)
               SELECT r.message_id, r.no, r.arrived_at, r.pricing, r.charged
               FROM json_to_recordset($1::json) AS r (message_id bigint, no bigint, arrived_at bigint, pricing text,
                   charged bigint)
               ON CONFLICT (message_id, no) DO UPDATE SET arrived_at = excluded.arrived_at, pricing = excluded.pricing,
                   charged = excluded.charged",
};

/// What is known of an attempt's price.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize)]
pub struct Arrival {
    /// Of which message.
    pub message_id: MessageId,
    /// Its number.
    pub no: i64,
    /// When it reached the phone; `None`: it is not known to have.
    pub arrived_at: Option<UnixMs>,
    /// The price that its receipts told, as JSON.
    pub pricing: Option<String>,
    /// What it did cost.
    pub charged: i64,
}

/// What is known of the attempts of the messages `ids`, which are locked: of most of them nothing.
pub async fn of(tx: &mut Tx, ids: &[MessageId]) -> Result<Vec<Arrival>> {
    let (sql, ids) = (OF.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?))
}

/// Keeps it.
pub async fn keep(tx: &mut Tx, arrivals: &[&Arrival]) -> Result<()> {
    if arrivals.is_empty() {
        return Ok(());
    }
    let (sql, rows) = (KEEP.of_tx(tx), json(arrivals));
    on_tx!(tx, |c| sqlx::query(sql).bind(&rows).execute(c).await.map(drop))?;
    Ok(())
}
