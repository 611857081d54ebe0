//! The limit of a portfolio, kept durably: what the provider said last outlives a restart.

use super::{Portfolio, look};
use crate::domain::tier::{KEPT, Limit};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on, on_tx};

const BEGIN: &str = "INSERT INTO portfolio (name, people, used, used_until) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO NOTHING";
/// `taken` begins high above every limit: nothing is claimed until the places are gathered.
const SET: &str = "UPDATE portfolio SET
        ready_at = CASE WHEN people IS NULL OR CAST($2 AS BIGINT) IS NULL THEN NULL ELSE ready_at END,
        people = CAST($2 AS BIGINT), told = COALESCE(CAST($3 AS TEXT), told),
        told_at = CASE WHEN CAST($3 AS TEXT) IS NULL THEN told_at ELSE $4 END
    WHERE name = $1";
const ASSIGN: Dialects = Dialects {
    sqlite: "INSERT INTO portfolio_account (account, portfolio)
        SELECT r.value ->> 'account', r.value ->> 'portfolio' FROM json_each($1) AS r WHERE TRUE
        ON CONFLICT (account) DO UPDATE SET portfolio = excluded.portfolio",
    postgres: "INSERT INTO portfolio_account (account, portfolio)
        SELECT r.account, r.portfolio FROM json_to_recordset($1::json) AS r (account text, portfolio text)
        ON CONFLICT (account) DO UPDATE SET portfolio = excluded.portfolio",
};
/// An account that changed its portfolio makes both gather their places anew.
const MOVED: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE portfolio SET ready_at = NULL WHERE name IN (
            SELECT r.value ->> 'portfolio' FROM r JOIN portfolio_account AS a
                ON a.account = r.value ->> 'account' AND a.portfolio <> r.value ->> 'portfolio')",
    postgres: "UPDATE portfolio SET ready_at = NULL WHERE name IN (
            SELECT r.portfolio FROM json_to_recordset($1::json) AS r (account text, portfolio text)
                JOIN portfolio_account AS a ON a.account = r.account AND a.portfolio <> r.portfolio)",
};
const OF_ACCOUNT: &str = "SELECT portfolio FROM portfolio_account WHERE account = $1";

/// An account and the portfolio it belongs to.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Begins {
    /// Name of the account.
    pub account: String,
    /// Name of its portfolio.
    pub portfolio: String,
}

/// Keeps which account belongs to which portfolio.
pub async fn assign(store: &Store, all: &[Begins]) -> Result<()> {
    let mut tx = store.begin().await?;
    let list = crate::store::json(all);
    for sql in [MOVED.of_tx(&tx), ASSIGN.of_tx(&tx)] {
        on_tx!(&mut tx, |conn| sqlx::query(sql).bind(&list).execute(conn).await.map(drop))?;
    }
    tx.commit().await
}

/// The portfolio of `account`, as it was last assigned.
pub async fn portfolio_of(store: &Store, account: &str) -> Result<Option<String>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(OF_ACCOUNT).bind(account).fetch_optional(pool).await)?)
}

/// Begins to keep a portfolio, where it is not kept yet: `used` places count for the first 24 h.
pub async fn begin(store: &Store, name: &str, used: i64, now: UnixMs) -> Result<()> {
    let none: Option<i64> = None;
    on!(&store.write, |pool| sqlx::query(BEGIN)
        .bind(name)
        .bind(none)
        .bind(used)
        .bind(now.plus(KEPT))
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// Puts `limit` in force; `told` is the provider's word for it, if it is from there. Returns the portfolio as it is
/// now: where it is limited and not ready, [`super::rebuild`] gathers its places.
pub async fn set_limit(
    store: &Store,
    name: &str,
    limit: Limit,
    told: Option<&str>,
    now: UnixMs,
) -> Result<Option<Portfolio>> {
    on!(&store.write, |pool| sqlx::query(SET)
        .bind(name)
        .bind(limit.people())
        .bind(told)
        .bind(now)
        .execute(pool)
        .await
        .map(drop))?;
    look(store).await?;
    super::get(store, name).await
}
