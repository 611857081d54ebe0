//! What is left of a run when its template is billed as something else, or says something else.

use sqlx::FromRow;

use crate::domain::id::{MessageId, RunId};
use crate::domain::money::Micros;
use crate::domain::template::{Category, Template};
use crate::store::{Dialects, Result, Store, Tx, on, on_tx};

const LEFT: &str = "SELECT market, COUNT(*) AS n, CAST(SUM(estimated) AS BIGINT) AS estimated FROM message
    WHERE run_id = $1 AND state = 'queued' GROUP BY market ORDER BY market";
const STALE: &str = "SELECT DISTINCT market FROM message WHERE run_id = $1 AND state = 'queued' AND category <> $2";
const REPRICE: &str = "UPDATE message SET category = $3, estimated = $4 WHERE state = 'queued' AND id IN
    (SELECT id FROM message WHERE run_id = $1 AND state = 'queued' AND market = $2 AND category <> $3 AND id > $5
        ORDER BY id LIMIT 1000)
    RETURNING id";
/// What is held back for it is never less than its price.
const REBILL: &str = "UPDATE message SET category = $2, estimated = $3,
        reserved = CASE WHEN reserved < $3 THEN $3 ELSE reserved END
    WHERE id = $1 AND state = 'claimed'";

const LEFT_IN_LINE: &str = "SELECT COUNT(*) AS n, COUNT(DISTINCT person_id) AS people,
        CAST(COALESCE(SUM(estimated), 0) AS BIGINT) AS estimated
    FROM message WHERE run_id = $1 AND state = 'queued'";
/// What has left, and carries no text of its own yet.
const KEEP_TEXT: Dialects = Dialects {
    sqlite: "UPDATE message SET content = json_set(content, '$.template', json($2)) WHERE id IN
        (SELECT id FROM message WHERE run_id = $1 AND state <> 'queued' AND attempt > 0
            AND json_extract(content, '$.template') IS NULL
            AND COALESCE(json_extract(content, '$.fill.language'), $4) = $5 AND id > $3 ORDER BY id LIMIT 1000)
        RETURNING id",
    postgres: "UPDATE message SET content = jsonb_set(content::jsonb, '{template}', $2::jsonb)::text WHERE id IN
        (SELECT id FROM message WHERE run_id = $1 AND state <> 'queued' AND attempt > 0
            AND content::jsonb -> 'template' IS NULL
            AND COALESCE(content::jsonb #>> '{fill,language}', $4) = $5 AND id > $3 ORDER BY id LIMIT 1000)
        RETURNING id",
};

/// What is in line of a run.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct LeftInLine {
    /// Messages.
    pub n: i64,
    /// People they are for.
    pub people: i64,
    /// What they may cost, as they were planned.
    pub estimated: Micros,
}

/// What is in line of `run`.
pub async fn left_of(store: &Store, run: RunId) -> Result<LeftInLine> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LEFT_IN_LINE).bind(run).fetch_one(pool).await)?)
}

/// The same, as part of a unit of work.
pub async fn left_in(tx: &mut Tx, run: RunId) -> Result<LeftInLine> {
    Ok(on_tx!(tx, |conn| sqlx::query_as(LEFT_IN_LINE).bind(run).fetch_one(conn).await)?)
}

/// What has left of `run` with `template` keeps it, the text it left with; a thousand messages at a time. `own` is the
/// language of messages that name none.
pub async fn keep_text(store: &Store, run: RunId, template: &Template, own: &str) -> Result<()> {
    let (sql, text, mut after) = (KEEP_TEXT.of(&store.write), crate::store::json(template), MessageId(0));
    loop {
        let done: Vec<MessageId> = on!(&store.write, |pool| sqlx::query_scalar(sql)
            .bind(run)
            .bind(&text)
            .bind(after)
            .bind(own)
            .bind(&template.language)
            .fetch_all(pool)
            .await)?;
        let Some(last) = done.iter().max() else { return Ok(()) };
        after = *last;
    }
}

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

/// A message that is leaving is billed as `category`, at `price`.
pub async fn rebill(store: &Store, id: MessageId, (category, price): (Category, Micros)) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(REBILL).bind(id).bind(category).bind(price).execute(pool).await.map(drop))?;
    Ok(())
}
