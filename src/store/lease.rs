//! Leases: which node sends for a sender, where several run on one PostgreSQL, and the nodes themselves. Instants are real
//! time, whatever the clock does. On SQLite one daemon holds everything, by the lock of its files.

use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::node::{FORGOTTEN, Known, LEASE, Lease};
use crate::domain::time::UnixMs;

const BEAT: &str = "INSERT INTO node (home, name, led, seen_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (home) DO UPDATE SET name = excluded.name, led = excluded.led, seen_at = excluded.seen_at";
const FORGET_OLD: &str = "DELETE FROM node WHERE seen_at < $1";
const FORGET_ALL: &str = "DELETE FROM node";
const FORGET: &str = "DELETE FROM node WHERE home = $1";
const HEARD: &str = "UPDATE node SET seen_at = $2 WHERE home = $1";
const LED: &str = "UPDATE node SET led = $2 WHERE home = $1";
const NODES: &str = "SELECT COUNT(*) FROM node WHERE seen_at >= $1";
const KNOWN: &str = "SELECT home, name, led, seen_at FROM node ORDER BY home";
const LEASES: &str = "SELECT sender, home, until_at FROM lease ORDER BY sender";
const FIRST_END: &str = "SELECT MIN(until_at) FROM lease WHERE home <> $1 AND until_at >= $2";
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
    pub process: &'a str,
    /// Its data directory, which one living process has at a time: a lease of the one that died on it is its own.
    pub home: &'a str,
    /// What people call it.
    pub name: &'a str,
}

#[derive(FromRow)]
struct KnownRow {
    home: String,
    name: String,
    led: String,
    seen_at: UnixMs,
}

#[derive(FromRow)]
struct LeaseRow {
    sender: String,
    home: String,
    until_at: UnixMs,
}

/// Says that `node` lives and has sent for `led` so far, forgets those that were silent for long, and counts the living.
pub async fn beat(store: &Store, node: Node<'_>, led: &[String], now: UnixMs) -> Result<i64> {
    on!(&store.write, |pool| sqlx::query(BEAT)
        .bind(node.home)
        .bind(node.name)
        .bind(json(led))
        .bind(now)
        .execute(pool)
        .await
        .map(drop))?;
    on!(&store.write, |pool| sqlx::query(FORGET_OLD).bind(now.minus(FORGOTTEN)).execute(pool).await.map(drop))?;
    Ok(on!(&store.write, |pool| sqlx::query_scalar(NODES).bind(now.minus(LEASE)).fetch_one(pool).await)?)
}

/// The node of `home` sends for others than it said last.
pub async fn leads(store: &Store, home: &str, led: &[String]) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(LED).bind(home).bind(json(led)).execute(pool).await.map(drop))?;
    Ok(())
}

/// The node of `home` was last heard of then.
pub async fn heard(store: &Store, home: &str, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(HEARD).bind(home).bind(at).execute(pool).await.map(drop))?;
    Ok(())
}

/// The node of `home` is no more: it said goodbye, or a person says that it was taken away for good. False: it was not known.
pub async fn forget(store: &Store, home: &str) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(FORGET).bind(home).execute(pool).await.map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// No node is known any more until it says that it is there.
pub async fn forget_all(store: &Store) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FORGET_ALL).execute(pool).await.map(drop))?;
    Ok(())
}

/// Every node that is known.
pub async fn known(store: &Store) -> Result<Vec<Known>> {
    let rows: Vec<KnownRow> = on!(&store.read, |pool| sqlx::query_as(KNOWN).fetch_all(pool).await)?;
    let known = |row: KnownRow| Known {
        home: row.home,
        name: row.name,
        // What another version of Recado has written says less.
        led: serde_json::from_str(&row.led).unwrap_or_default(),
        seen_at: row.seen_at,
    };
    Ok(rows.into_iter().map(known).collect())
}

/// Who sends for which sender, and until when.
pub async fn all(store: &Store) -> Result<Vec<Lease>> {
    let rows: Vec<LeaseRow> = on!(&store.read, |pool| sqlx::query_as(LEASES).fetch_all(pool).await)?;
    Ok(rows.into_iter().map(|row| Lease { sender: row.sender, home: row.home, until_at: row.until_at }).collect())
}

/// When the first of the leases ends that others than the node of `home` hold at `now`.
pub async fn first_end(store: &Store, home: &str, now: UnixMs) -> Result<Option<UnixMs>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(FIRST_END).bind(home).bind(now).fetch_one(pool).await)?)
}

/// Takes or renews the lease of `sender` until then; false when another node has it.
pub async fn take(store: &Store, sender: &str, node: Node<'_>, now: UnixMs, until: UnixMs) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(TAKE)
        .bind(sender)
        .bind(node.process)
        .bind(now)
        .bind(until)
        .bind(node.home)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Lets go of a lease of `process`.
pub async fn let_go(store: &Store, sender: &str, process: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(LET_GO).bind(sender).bind(process).execute(pool).await.map(drop))?;
    Ok(())
}

/// Whether another process than `process` sends for `sender`, as seen by the claim, which it may not change meanwhile.
pub(super) async fn is_elsewhere(tx: &mut Tx, sender: &str, process: &str) -> Result<bool> {
    let sql = ELSEWHERE.of_tx(tx);
    let holder: Option<String> = on_tx!(tx, |conn| sqlx::query_scalar(sql).bind(sender).fetch_optional(conn).await)?;
    Ok(holder.is_some_and(|holder| holder != process))
}
