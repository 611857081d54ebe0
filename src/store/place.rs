//! Places in a portfolio's messaging limit: who has been reached outside a window, and until when that counts.
//!
//! The ledger follows from the messages: a place is taken in the transaction of the claim, and [`refresh`] sets until
//! when it is kept wherever a message's state changes. The claim goes by `portfolio.taken`, which is never below the
//! people counted from the rows ([`count`]); counting every time would read a hundred thousand rows a claim. While no
//! portfolio is limited nothing is written and nothing is asked.

mod ledger;
mod limit;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, on, on_tx};
use crate::domain::id::PersonId;
use crate::domain::tier::{Limit, Taken};
use crate::domain::time::UnixMs;

pub(super) use ledger::{Due, Need, Reached, needs, reached, take};
pub use ledger::{Foreign, foreign, purge, rebuild, refresh};
pub use limit::{Begins, assign, begin, portfolio_of, set_limit};

const GET: &str = "SELECT name, people, told, told_at, used, used_until, taken, others, counts, ready_at
    FROM portfolio WHERE name = $1";
const ALL: &str = "SELECT name, people, told, told_at, used, used_until, taken, others, counts, ready_at
    FROM portfolio ORDER BY name";
const LOCK: Dialects = Dialects {
    sqlite: "SELECT name, people, told, told_at, used, used_until, taken, others, counts, ready_at
        FROM portfolio WHERE name = $1",
    postgres: "SELECT name, people, told, told_at, used, used_until, taken, others, counts, ready_at
        FROM portfolio WHERE name = $1 FOR UPDATE",
};
const COUNT: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN d.ours = 0 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM (
        SELECT person_id, MAX(CASE WHEN foreign_id = '' THEN 1 ELSE 0 END) AS ours FROM place
        WHERE portfolio = $1 AND until_at > $2 GROUP BY person_id) AS d";
/// Whatever was taken since `taken` was read stays on top: it may be counted twice for a while, never not at all.
const RECOUNTED: &str = "UPDATE portfolio SET taken = taken + $3 - $4, others = $5, counts = counts + 1
    WHERE name = $1 AND counts = $2";
const HELD_UNTIL: &str = "SELECT MAX(until_at) AS until_at FROM place WHERE portfolio = $1 AND until_at > $2
    GROUP BY person_id ORDER BY until_at";
const PHONES: &str = "SELECT DISTINCT p.phone FROM place AS q JOIN person AS p ON p.id = q.person_id
    WHERE q.portfolio = $1 AND q.until_at > $2 AND p.phone IS NOT NULL";
const LIMITED: &str = "SELECT COUNT(*) FROM portfolio WHERE people IS NOT NULL";
/// People without a place whose reminders are due before `$3`, among runs that are not closed. `$4` bounds the look.
const REMINDERS: &str = "SELECT COUNT(*) FROM (
        SELECT DISTINCT COALESCE(p.linked_to, p.id) AS root
        FROM portfolio_account AS a JOIN run AS r ON r.account = a.account
            JOIN message AS m ON m.sender = r.sender AND m.priority = r.priority AND m.run_id = r.id
            JOIN person AS p ON p.id = m.person_id
        WHERE a.portfolio = $1 AND r.state IN ('planning', 'running', 'paused') AND r.priority = 1
            AND m.state = 'queued' AND m.due_at < $3
            AND NOT EXISTS (SELECT 1 FROM place AS q
                WHERE q.portfolio = $1 AND q.person_id = COALESCE(p.linked_to, p.id) AND q.until_at > $2)
        LIMIT $4) AS d";
const MOVE: &str = "UPDATE place SET person_id = $2 WHERE person_id = $1";

/// Whether any portfolio is limited, as far as this process knows; shared by the clones of a store.
#[derive(Clone, Debug, Default)]
pub(super) struct Limited(Arc<AtomicBool>);

/// A portfolio as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Portfolio {
    /// Its name; an account without one is a portfolio of its own name.
    pub name: String,
    /// The limit in force.
    people: Option<i64>,
    /// What the provider last said, in its own word.
    pub told: Option<String>,
    /// When.
    pub told_at: Option<UnixMs>,
    used: i64,
    used_until: UnixMs,
    taken: i64,
    others: i64,
    counts: i64,
    /// Since when its places are written; `None`: they are being gathered from the messages, and nothing is claimed.
    pub ready_at: Option<UnixMs>,
}

impl Portfolio {
    /// The limit in force.
    pub const fn limit(&self) -> Limit {
        Limit::of(self.people)
    }

    /// What the claim goes by at `now`: never below what is counted.
    pub fn at_most_taken(&self, now: UnixMs) -> Taken {
        Taken { people: self.taken, others: self.others, used: self.used_at(now) }
    }

    /// What was used before the first start and counts still.
    pub fn used_at(&self, now: UnixMs) -> i64 {
        if now < self.used_until { self.used } else { 0 }
    }
}

/// The portfolio of that name.
pub async fn get(store: &Store, name: &str) -> Result<Option<Portfolio>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(GET).bind(name).fetch_optional(pool).await)?)
}

/// Every portfolio, by name.
pub async fn all(store: &Store) -> Result<Vec<Portfolio>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?)
}

/// The portfolio, locked until the end of the unit of work: its senders claim one after the other.
pub(super) async fn lock(tx: &mut Tx, name: &str) -> Result<Option<Portfolio>> {
    let sql = LOCK.of_tx(tx);
    Ok(on_tx!(tx, |conn| sqlx::query_as(sql).bind(name).fetch_optional(conn).await)?)
}

/// How many people hold a place at `now`, counted from the rows.
pub async fn count(store: &Store, portfolio: &Portfolio, now: UnixMs) -> Result<Taken> {
    let (people, others) =
        on!(&store.read, |pool| sqlx::query_as(COUNT).bind(&portfolio.name).bind(now).fetch_one(pool).await)?;
    Ok(Taken { people, others, used: portfolio.used_at(now) })
}

/// Counts the places anew, so that the claim knows of those that are free again. False when another did at the same
/// time.
pub async fn recount(store: &Store, name: &str, now: UnixMs) -> Result<bool> {
    let before: Option<Portfolio> =
        on!(&store.write, |pool| sqlx::query_as(GET).bind(name).fetch_optional(pool).await)?;
    let Some(before) = before else { return Ok(false) };
    let counted = count(store, &before, now).await?;
    if (counted.people, counted.others) == (before.taken, before.others) {
        return Ok(true);
    }
    let done = on!(&store.write, |pool| sqlx::query(RECOUNTED)
        .bind(name)
        .bind(before.counts)
        .bind(counted.people)
        .bind(before.taken)
        .bind(counted.others)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Until when each person's place is taken, ascending; [`crate::domain::tier::OPEN`] where nobody knows yet. What was
/// used before the first start counts as people who let go together.
pub async fn held_until(store: &Store, portfolio: &str, now: UnixMs) -> Result<Vec<UnixMs>> {
    let Some(kept) = get(store, portfolio).await? else { return Ok(Vec::new()) };
    let mut held: Vec<UnixMs> =
        on!(&store.read, |pool| sqlx::query_scalar(HELD_UNTIL).bind(portfolio).bind(now).fetch_all(pool).await)?;
    let used = usize::try_from(kept.used_at(now)).unwrap_or_default();
    if used > 0 {
        held.extend(std::iter::repeat_n(kept.used_until, used));
        held.sort_unstable();
    }
    Ok(held)
}

/// Numbers of the people who hold a place.
pub async fn phones(store: &Store, portfolio: &str, now: UnixMs) -> Result<BTreeSet<String>> {
    let found: Vec<String> =
        on!(&store.read, |pool| sqlx::query_scalar(PHONES).bind(portfolio).bind(now).fetch_all(pool).await)?;
    Ok(found.into_iter().collect())
}

/// People without a place whose reminders are planned before `until`; looks at `most` at most.
pub async fn reminders(store: &Store, portfolio: &str, now: UnixMs, until: UnixMs, most: i64) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(REMINDERS)
        .bind(portfolio)
        .bind(now)
        .bind(until)
        .bind(most)
        .fetch_one(pool)
        .await)?)
}

/// Two rows are found to be one person: the places of the one that joins are the other's.
pub(super) async fn joined(tx: &mut Tx, joins: PersonId, root: PersonId) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(MOVE).bind(joins).bind(root).execute(conn).await.map(drop))?;
    Ok(())
}

/// Learns from the database whether any portfolio is limited.
pub async fn look(store: &Store) -> Result<()> {
    let limited: i64 = on!(&store.read, |pool| sqlx::query_scalar(LIMITED).fetch_one(pool).await)?;
    store.limited.0.store(limited > 0, Ordering::Relaxed);
    Ok(())
}

/// Whether any portfolio is limited, by the last [`look`]: false while nothing has to be written and asked.
pub fn is_limited(store: &Store) -> bool {
    store.limited.0.load(Ordering::Relaxed)
}
