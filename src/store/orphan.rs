//! Receipts that fit no message: of another installation on the same account, or of a message whose provider's id is
//! not known yet.

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::time::UnixMs;

const KEEP: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO orphan_receipt (account, provider_id, receipt, recipient, said, state, received_at)
             SELECT r.value ->> 'account', r.value ->> 'provider_id', r.value ->> 'receipt', r.value ->> 'recipient',
                    r.value ->> 'said', r.value ->> 'state', r.value ->> 'received_at'
             FROM r",
    postgres: "INSERT INTO orphan_receipt (account, provider_id, receipt, recipient, said, state, received_at)
               SELECT r.account, r.provider_id, r.receipt, r.recipient, r.said, r.state, r.received_at
               FROM json_to_recordset($1::json)
                   AS r (account text, provider_id text, receipt text, recipient text, said text, state text,
                       received_at bigint)",
};

const FOUND: &str = "SELECT o.id, o.account, o.receipt, o.received_at FROM orphan_receipt AS o
    WHERE o.state = 'waiting'
        AND (EXISTS (SELECT 1 FROM message AS m WHERE m.provider_id = o.provider_id)
            OR EXISTS (SELECT 1 FROM attempt AS a WHERE a.provider_id = o.provider_id)
            OR EXISTS (SELECT 1 FROM message_alias AS x JOIN message AS m ON m.provider_id = x.provider_id
                WHERE x.other_id = o.provider_id))
    ORDER BY o.id LIMIT $1";

/// The provider's first words on messages that nobody knows.
const FIRST_WORDS: Dialects = Dialects {
    sqlite: "SELECT id, account, receipt, received_at FROM orphan_receipt
        WHERE state = 'waiting' AND account = $1 AND said IN ('accepted', 'failed')
            AND recipient IN (SELECT r.value FROM json_each($2) AS r) ORDER BY id",
    postgres: "SELECT id, account, receipt, received_at FROM orphan_receipt
        WHERE state = 'waiting' AND account = $1 AND said IN ('accepted', 'failed')
            AND recipient IN (SELECT r.value FROM json_array_elements_text($2::json) AS r (value)) ORDER BY id",
};

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
    /// The number it is about, where it says so.
    pub recipient: Option<String>,
    /// What it reports, as a word, where that is the first that a provider says of a message.
    pub said: Option<&'static str>,
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

/// What the provider has said first of messages of `account` to `recipients` that nobody knows: taken, or failed.
pub async fn first_words(store: &Store, account: &str, recipients: &[&str]) -> Result<Vec<Orphan>> {
    let (sql, recipients) = (FIRST_WORDS.of(&store.read), json(&recipients));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql).bind(account).bind(&recipients).fetch_all(pool).await?))
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
