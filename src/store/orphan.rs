//! Receipts that fit no message: of another installation on the same account, or of a message whose provider's id is
//! not known yet.

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::time::UnixMs;

const KEEP: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO orphan_receipt (account, provider_id, receipt, state, received_at)
             SELECT r.value ->> 'account', r.value ->> 'provider_id', r.value ->> 'receipt', r.value ->> 'state',
                    r.value ->> 'received_at'
             FROM r",
    postgres: "INSERT INTO orphan_receipt (account, provider_id, receipt, state, received_at)
               SELECT r.account, r.provider_id, r.receipt, r.state, r.received_at
               FROM json_to_recordset($1::json)
                   AS r (account text, provider_id text, receipt text, state text, received_at bigint)",
};

const FOUND: &str = "SELECT o.id, o.account, o.receipt, o.received_at FROM orphan_receipt AS o
    WHERE o.state = 'waiting'
        AND (EXISTS (SELECT 1 FROM message AS m WHERE m.provider_id = o.provider_id)
            OR EXISTS (SELECT 1 FROM attempt AS a WHERE a.provider_id = o.provider_id))
    ORDER BY o.id LIMIT $1";

const FOREIGN_SINCE: &str = "SELECT id, account, receipt, received_at FROM orphan_receipt
    WHERE state = 'foreign' AND received_at > $1 ORDER BY id";

const SETTLE: Dialects = Dialects {
    sqlite: "UPDATE orphan_receipt SET state = 'matched'
             WHERE state = 'waiting' AND id IN (SELECT value FROM json_each($1)) RETURNING id",
    postgres: "UPDATE orphan_receipt SET state = 'matched'
               WHERE state = 'waiting' AND id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
               RETURNING id",
};

const GIVE_UP: &str = "UPDATE orphan_receipt SET state = 'unmatched' WHERE state = 'waiting' AND received_at < $1";

/// Why a receipt fits no message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanState {
    /// Its message may still become known: the answer of the send is on its way.
    Waiting,
    /// It carries another installation's name.
    Foreign,
}

/// A receipt to keep.
#[derive(Clone, Debug, Serialize)]
pub struct NewOrphan {
    /// Name of the account.
    pub account: String,
    /// The provider's id of the message.
    pub provider_id: String,
    /// The receipt, as JSON.
    pub receipt: String,
    /// Why it is kept.
    pub state: OrphanState,
    /// When it came.
    pub received_at: UnixMs,
}

/// A kept receipt.
#[derive(Clone, Debug, FromRow)]
pub struct Orphan {
    /// Its id.
    pub id: i64,
    /// Name of the account.
    pub account: String,
    /// The receipt, as JSON.
    pub receipt: String,
    /// When it came.
    pub received_at: UnixMs,
}

/// Keeps receipts.
pub async fn keep(tx: &mut Tx, orphans: &[NewOrphan]) -> Result<()> {
    let (sql, rows) = (KEEP.of_tx(tx), json(orphans));
    on_tx!(tx, |c| sqlx::query(sql).bind(&rows).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Waiting receipts whose message is known by now.
pub async fn found(store: &Store, limit: i64) -> Result<Vec<Orphan>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(FOUND).bind(limit).fetch_all(pool).await?))
}

/// Other installations' receipts that came after `since`, in their order.
pub async fn foreign_since(store: &Store, since: UnixMs) -> Result<Vec<Orphan>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(FOREIGN_SINCE).bind(since).fetch_all(pool).await?))
}

/// Marks receipts as matched, as part of applying them; returns those that were still waiting.
pub async fn settle(tx: &mut Tx, ids: &[i64]) -> Result<Vec<i64>> {
    let (sql, ids) = (SETTLE.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&ids).fetch_all(c).await?))
}

/// Stops waiting for the messages of receipts that came before `before`. Returns how many.
pub async fn give_up(store: &Store, before: UnixMs) -> Result<u64> {
    Ok(on!(&store.write, |pool| sqlx::query(GIVE_UP).bind(before).execute(pool).await?.rows_affected()))
}
