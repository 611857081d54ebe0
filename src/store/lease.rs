//! Leases: which node sends for a sender, where several run on one PostgreSQL. Instants are real time, whatever the clock
//! does. On SQLite one daemon holds everything, by the lock of its files.

use super::{Dialects, Result, Store, Tx, on, on_tx};
use crate::domain::time::UnixMs;

const BEAT: &str = "INSERT INTO node (name, home, seen_at) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at";
const DEAD: &str = "DELETE FROM node WHERE seen_at < $3 OR (home = $2 AND name <> $1)";
const GONE: &str = "DELETE FROM node WHERE name = $1";
const NODES: &str = "SELECT COUNT(*) FROM node WHERE seen_at >= $1";
const TAKE: &str = "INSERT INTO lease (sender, node, home, until_at) VALUES ($1, $2, $5, $4)
    ON CONFLICT (sender) DO UPDATE SET node = excluded.node, home = excluded.home, until_at = excluded.until_at
        WHERE lease.home = excluded.home OR lease.until_at < $3";
const LET_GO: &str = "DELETE FROM lease WHERE sender = $1 AND node = $2";
const ELSEWHERE: Dialects = Dialects {
    sqlite: "SELECT node FROM lease WHERE sender = $1",
    postgres: "SELECT node FROM lease WHERE sender = $1 FOR SHARE",
};

/// Who asks for a lease.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The process.
    pub name: &'a str,
    /// Its data directory, which one living process has at a time: a lease of the one that died on it is its own.
    pub home: &'a str,
}

/// Says that `node` lives, forgets those that have not since `dead` and those that died on its data directory, and
/// counts the living.
pub async fn beat(store: &Store, node: Node<'_>, now: UnixMs, dead: UnixMs) -> Result<i64> {
    let Node { name, home } = node;
    on!(&store.write, |pool| sqlx::query(BEAT).bind(name).bind(home).bind(now).execute(pool).await.map(drop))?;
    on!(&store.write, |pool| sqlx::query(DEAD).bind(name).bind(home).bind(dead).execute(pool).await.map(drop))?;
    Ok(on!(&store.write, |pool| sqlx::query_scalar(NODES).bind(dead).fetch_one(pool).await)?)
}

/// `node` ends: the others need not wait until it is found dead.
pub async fn leave(store: &Store, node: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(GONE).bind(node).execute(pool).await.map(drop))?;
    Ok(())
}

/// Takes or renews the lease of `sender` until then; false when another node has it.
pub async fn take(store: &Store, sender: &str, node: Node<'_>, now: UnixMs, until: UnixMs) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(TAKE)
        .bind(sender)
        .bind(node.name)
        .bind(now)
        .bind(until)
        .bind(node.home)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Lets go of a lease.
pub async fn let_go(store: &Store, sender: &str, node: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(LET_GO).bind(sender).bind(node).execute(pool).await.map(drop))?;
    Ok(())
}

/// Whether another node than `node` sends for `sender`, as seen by the claim, which it may not change meanwhile.
pub(super) async fn is_elsewhere(tx: &mut Tx, sender: &str, node: &str) -> Result<bool> {
    let sql = ELSEWHERE.of_tx(tx);
    let holder: Option<String> = on_tx!(tx, |conn| sqlx::query_scalar(sql).bind(sender).fetch_optional(conn).await)?;
    Ok(holder.is_some_and(|holder| holder != node))
}
