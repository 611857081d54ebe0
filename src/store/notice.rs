//! News of accounts that stop nothing and that somebody should know of, while they stand.

use sqlx::FromRow;

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::time::UnixMs;

const BEGIN: &str = "INSERT INTO account_notice (account, word, number, detail, began_at, ends_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account, word, number) DO UPDATE SET detail = excluded.detail, ends_at = excluded.ends_at,
        began_at = CASE WHEN account_notice.ends_at > excluded.began_at THEN account_notice.began_at
            ELSE excluded.began_at END";
const END: &str = "DELETE FROM account_notice WHERE account = $1 AND word = $2";
const UNTIL: &str = "SELECT MAX(ends_at) FROM account_notice WHERE account = $1 AND word = $2 AND ends_at > $3";
const OPEN: &str = "SELECT account, word, number, detail, began_at FROM account_notice
    WHERE ends_at > $1 ORDER BY account, word, number";

/// News that stand.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Notice {
    /// Whose.
    pub account: String,
    /// What, in Recado's word.
    pub word: String,
    /// The number it is about, digits; empty: the whole account.
    pub number: String,
    /// What the provider says, in its words.
    pub detail: String,
    /// Since when.
    pub began_at: UnixMs,
}

/// Keeps news until `ends_at`; the same news told again stand on.
pub async fn begin(tx: &mut Tx, notice: &Notice, ends_at: UnixMs) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(BEGIN)
        .bind(&notice.account)
        .bind(&notice.word)
        .bind(&notice.number)
        .bind(&notice.detail)
        .bind(notice.began_at)
        .bind(ends_at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// They are over.
pub async fn end(tx: &mut Tx, account: &str, word: &str) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(END).bind(account).bind(word).execute(conn).await.map(drop))?;
    Ok(())
}

/// Until when those of that word stand; `None`: none does.
pub async fn until(tx: &mut Tx, account: &str, word: &str, now: UnixMs) -> Result<Option<UnixMs>> {
    Ok(on_tx!(tx, |conn| sqlx::query_scalar(UNTIL).bind(account).bind(word).bind(now).fetch_one(conn).await)?)
}

/// What stands at `now`.
pub async fn open(store: &Store, now: UnixMs) -> Result<Vec<Notice>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OPEN).bind(now).fetch_all(pool).await)?)
}
