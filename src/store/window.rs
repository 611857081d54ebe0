//! What the breakers of a run go by: batch by batch what its answers and receipts told, written in the unit of work that
//! settles the messages themselves.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::{Dialects, Result, Store, StoreError, Tx, json, on, on_tx};
use crate::domain::breaker::{Stream, Window};
use crate::domain::id::RunId;
use crate::domain::time::UnixMs;

const SINCE: Dialects = Dialects {
    sqlite: "SELECT id, COALESCE(resumed_at, 0) FROM run WHERE state IN ('planning', 'running')
        AND id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT id, COALESCE(resumed_at, 0) FROM run WHERE state IN ('planning', 'running')
        AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};
const NOTE: &str = "INSERT INTO run_window (run_id, at, answers, in_review, receipts) VALUES ($1, $2, $3, $4, $5)";
const LAST: &str = "SELECT answers, in_review, receipts FROM run_window WHERE run_id = $1 ORDER BY id DESC LIMIT $2";
const FORGET: &str = "DELETE FROM run_window WHERE run_id = $1";
const FORGET_ENDED: &str = "DELETE FROM run_window WHERE id IN (SELECT w.id FROM run_window AS w
    WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.id = w.run_id AND r.state IN ('planning', 'running', 'paused'))
    ORDER BY w.id LIMIT 1000)";
const TRIM: &str = "DELETE FROM run_window WHERE run_id = $1
    AND id < (SELECT w.id FROM run_window AS w WHERE w.run_id = $1 ORDER BY w.id DESC LIMIT 1 OFFSET $2)";

/// Batches looked back on: each has one message at least, and a window has no more than 1,000.
const BATCHES: i64 = 2_000;

/// What one message told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// The provider took it.
    Accepted {
        /// It is held for review.
        in_review: bool,
    },
    /// The provider refused it with this code.
    Refused(i64),
    /// A receipt says that it left.
    Left,
    /// A receipt says that it failed with this code. It has been told of before when it had left.
    Failed {
        /// The provider's code.
        code: i64,
        /// Whether an earlier receipt said that it left.
        had_left: bool,
    },
}

/// Notes what messages told: each with its run and the time it was claimed, or answered. What was claimed before its run
/// was resumed says nothing about it any more. Returns the runs for which something speaks against going on.
pub async fn note(tx: &mut Tx, told: &[(RunId, UnixMs, Told)], at: UnixMs) -> Result<BTreeSet<RunId>> {
    let runs: BTreeSet<RunId> = told.iter().map(|(run, ..)| *run).filter(|run| *run != RunId::BY_HAND).collect();
    if runs.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (sql, ids) = (SINCE.of_tx(tx), json(&runs.iter().copied().collect::<Vec<_>>()));
    let since: Vec<(RunId, UnixMs)> = on_tx!(tx, |conn| sqlx::query_as(sql).bind(&ids).fetch_all(conn).await)?;
    let mut failing = BTreeSet::new();
    for (run, since) in since {
        let mut window = Window::default();
        told.iter().filter(|(of, at, _)| *of == run && *at >= since).for_each(|(.., told)| count(&mut window, *told));
        if window.answers.n + window.receipts.n == 0 && window.receipts.failed.is_empty() {
            continue;
        }
        if window.in_review > 0 || window.answers.failures() + window.receipts.failures() > 0 {
            failing.insert(run);
        }
        let (answers, receipts) = (json(&window.answers), json(&window.receipts));
        on_tx!(tx, |conn| sqlx::query(NOTE)
            .bind(run)
            .bind(at)
            .bind(&answers)
            .bind(window.in_review)
            .bind(&receipts)
            .execute(conn)
            .await
            .map(drop))?;
    }
    Ok(failing)
}

fn count(window: &mut Window, told: Told) {
    match told {
        Told::Accepted { in_review } => {
            window.answers.n += 1;
            window.in_review += i64::from(in_review);
        }
        Told::Refused(code) => {
            window.answers.n += 1;
            *window.answers.failed.entry(code).or_default() += 1;
        }
        Told::Left => window.receipts.n += 1,
        Told::Failed { code, had_left } => {
            window.receipts.n += i64::from(!had_left);
            *window.receipts.failed.entry(code).or_default() += 1;
        }
    }
}

#[derive(FromRow)]
struct Row {
    answers: String,
    in_review: i64,
    receipts: String,
}

impl Row {
    fn read(&self) -> Result<Window> {
        let stream = |text: &str, what| -> Result<Stream> {
            serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what })
        };
        Ok(Window {
            answers: stream(&self.answers, "run_window.answers")?,
            in_review: self.in_review,
            receipts: stream(&self.receipts, "run_window.receipts")?,
        })
    }
}

/// The last `window` messages of `run`, since it was started or resumed.
pub async fn last(store: &Store, run: RunId, window: i64) -> Result<Window> {
    let limit = BATCHES.min(window * 2);
    let rows: Vec<Row> = on!(&store.read, |pool| sqlx::query_as(LAST).bind(run).bind(limit).fetch_all(pool).await)?;
    let mut all = Window::default();
    for row in rows {
        all.join(&row.read()?, window);
        if all.is_full(window) {
            break;
        }
    }
    Ok(all)
}

/// A run begins anew.
pub(super) async fn forget(tx: &mut Tx, run: RunId) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(FORGET).bind(run).execute(conn).await.map(drop))?;
    Ok(())
}

/// Removes what nobody looks back on any more: of runs that have ended, and of `open` ones what is too old.
pub async fn sweep(store: &Store, open: &[RunId]) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FORGET_ENDED).execute(pool).await.map(drop))?;
    for run in open {
        on!(&store.write, |pool| sqlx::query(TRIM).bind(run).bind(BATCHES).execute(pool).await.map(drop))?;
    }
    Ok(())
}
