//! What is left of a run when its template is billed as something else.

use sqlx::FromRow;

use crate::domain::id::{MessageId, RunId};
use crate::domain::money::Micros;
use crate::domain::template::Category;
use crate::store::{Result, Store, Tx, on, on_tx};

const LEFT: &str = "SELECT market, COUNT(*) AS n, CAST(SUM(estimated) AS BIGINT) AS estimated FROM message
    WHERE run_id = $1 AND state = 'queued' GROUP BY market ORDER BY market";
const STALE: &str = "SELECT DISTINCT market FROM message WHERE run_id = $1 AND state = 'queued' AND category <> $2";
const REPRICE: &str = "UPDATE message SET category = $3, estimated = $4 WHERE state = 'queued' AND id IN
    (SELECT id FROM message WHERE run_id = $1 AND state = 'queued' AND market = $2 AND category <> $3 AND id > $5
        ORDER BY id LIMIT 1000)
    RETURNING id";

/// What is left of a run in one market.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Left {
    /// The market.
    pub market: String,
    /// Messages in line.
    pub n: i64,
    /// What they may cost, as they were planned.
    pub estimated: Micros,
}

/// What is in line of `run`, by market.
pub async fn left_by_market(tx: &mut Tx, run: RunId) -> Result<Vec<Left>> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(LEFT).bind(run).fetch_all(conn).await)?)
}

/// Markets in which messages of `run` are in line that are not billed as `category` yet.
pub async fn stale_markets(store: &Store, run: RunId, category: Category) -> Result<Vec<String>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(STALE).bind(run).bind(category).fetch_all(pool).await)?)
}

/// Messages of `run` in `market` that are in line are billed as `category`, at `price`; a thousand at a time.
pub async fn reprice(store: &Store, run: RunId, market: &str, (category, price): (Category, Micros)) -> Result<()> {
    let mut after = MessageId(0);
    loop {
        let done: Vec<MessageId> = on!(&store.write, |pool| sqlx::query_scalar(REPRICE)
            .bind(run)
            .bind(market)
            .bind(category)
            .bind(price)
            .bind(after)
            .fetch_all(pool)
            .await)?;
        let Some(last) = done.iter().max() else { return Ok(()) };
        after = *last;
    }
}
