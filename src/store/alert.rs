//! Alerts: conditions that have begun and not ended, and what was told of each by which way.

use sqlx::FromRow;

use super::{Result, Store, on};
use crate::domain::alert::AlertKind;
use crate::domain::id::AlertId;
use crate::domain::time::UnixMs;

const BEGIN: &str = "INSERT INTO alert (key, kind, detail, began_at, told_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (key) WHERE ended_at IS NULL DO NOTHING";
const OPEN: &str = "SELECT id, key, kind, detail, began_at, told_at, gone_at, ended_at FROM alert
    WHERE ended_at IS NULL ORDER BY id";
const TELL: &str = "UPDATE alert SET told_at = $2, detail = $3 WHERE id = $1 AND told_at IS NULL AND ended_at IS NULL";
const RENEW: &str = "UPDATE alert SET detail = $2 WHERE id = $1 AND ended_at IS NULL";
const GONE: &str = "UPDATE alert SET gone_at = $2 WHERE id = $1 AND gone_at IS NULL AND ended_at IS NULL";
const BACK: &str = "UPDATE alert SET gone_at = NULL WHERE id = $1 AND ended_at IS NULL";
const END: &str = "UPDATE alert SET ended_at = gone_at WHERE id = $1 AND gone_at IS NOT NULL AND ended_at IS NULL";
const FORGET: &str = "DELETE FROM alert WHERE id = $1 AND told_at IS NULL";
const OLD: &str = "DELETE FROM alert WHERE ended_at < $1";
const ADD_WAY: &str = "INSERT INTO alert_way (alert_id, way, next_at) SELECT id, $1, $2 FROM alert
    WHERE told_at IS NOT NULL AND ended_at IS NULL ON CONFLICT (alert_id, way) DO NOTHING";
const TOLD_ALREADY: &str =
    "INSERT INTO alert_way (alert_id, way, next_at, began_told_at) SELECT id, $2, $3, $3 FROM alert
    WHERE key = $1 AND ended_at IS NULL
    ON CONFLICT (alert_id, way) DO UPDATE SET began_told_at = excluded.began_told_at";
const MARK_TOLD: &str = "UPDATE alert SET told_at = COALESCE(told_at, $2) WHERE key = $1 AND ended_at IS NULL";
const DUE: &str = "SELECT a.id, a.key, a.kind, a.detail, a.began_at, a.told_at, a.gone_at, a.ended_at, w.tries, w.next_at
    FROM alert_way AS w JOIN alert AS a ON a.id = w.alert_id
    WHERE w.way = $1 AND w.ended_told_at IS NULL AND w.next_at <= $2
        AND ((a.ended_at IS NULL AND w.began_told_at IS NULL) OR (a.ended_at IS NOT NULL AND w.began_told_at IS NOT NULL))
    ORDER BY a.id LIMIT $3";
const RESERVE_BEGAN: &str = "UPDATE alert_way SET next_at = $4, tries = tries + 1
    WHERE alert_id = $1 AND way = $2 AND next_at = $3 AND began_told_at IS NULL";
const RESERVE_ENDED: &str = "UPDATE alert_way SET next_at = $4, tries = tries + 1
    WHERE alert_id = $1 AND way = $2 AND next_at = $3 AND began_told_at IS NOT NULL AND ended_told_at IS NULL";
const BEGAN_TOLD: &str = "UPDATE alert_way SET began_told_at = $3, next_at = $3, tries = 0, failure = NULL
    WHERE alert_id = $1 AND way = $2 AND began_told_at IS NULL";
const ENDED_TOLD: &str = "UPDATE alert_way SET ended_told_at = $3, next_at = NULL, tries = 0, failure = NULL
    WHERE alert_id = $1 AND way = $2 AND ended_told_at IS NULL";
const FAILED: &str = "UPDATE alert_way SET failure = $3 WHERE alert_id = $1 AND way = $2";
const GIVEN_UP: &str = "UPDATE alert_way SET failure = $3, next_at = NULL WHERE alert_id = $1 AND way = $2";
const WAYS: &str = "SELECT w.alert_id, w.way, w.tries, w.next_at, w.began_told_at, w.failure
    FROM alert_way AS w JOIN alert AS a ON a.id = w.alert_id WHERE a.ended_at IS NULL ORDER BY w.alert_id, w.way";

/// An alert.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// Its condition's key.
    pub key: String,
    /// What it is about.
    pub kind: AlertKind,
    /// Values of its sentences, as JSON of the engine's.
    pub detail: String,
    /// When the condition was first found.
    pub began_at: UnixMs,
    /// When it had lasted long enough to be told.
    pub told_at: Option<UnixMs>,
    /// Since when it is not found any more.
    pub gone_at: Option<UnixMs>,
    /// The same, once that had lasted long enough.
    pub ended_at: Option<UnixMs>,
}

/// A condition that was found.
#[derive(Clone, Copy, Debug)]
pub struct NewAlert<'a> {
    /// Its key.
    pub key: &'a str,
    /// What it is about.
    pub kind: AlertKind,
    /// Values of its sentences, as JSON.
    pub detail: &'a str,
    /// When it was found.
    pub began_at: UnixMs,
    /// When it was told, where that was before it could be written down.
    pub told_at: Option<UnixMs>,
}

/// Something to tell by one way.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Due {
    /// Of what; one that has ended is to be told as that.
    #[sqlx(flatten)]
    pub alert: Alert,
    /// Tries so far.
    pub tries: i64,
    /// When it became due: who reserves it says so.
    pub next_at: UnixMs,
}

/// How telling an open alert by one way stands.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct WayRow {
    /// Of which alert.
    pub alert_id: AlertId,
    /// Which way.
    pub way: String,
    /// Tries since something was last told.
    pub tries: i64,
    /// When it is tried next; `None`: given up.
    pub next_at: Option<UnixMs>,
    /// When the beginning was told.
    pub began_told_at: Option<UnixMs>,
    /// Why the last try failed.
    pub failure: Option<String>,
}

/// Notes a condition; false when it is known.
pub async fn begin(store: &Store, new: &NewAlert<'_>) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(BEGIN)
        .bind(new.key)
        .bind(new.kind)
        .bind(new.detail)
        .bind(new.began_at)
        .bind(new.told_at)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Alerts that have not ended.
pub async fn open(store: &Store) -> Result<Vec<Alert>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OPEN).fetch_all(pool).await)?)
}

/// Those that have not ended and how each was told by each way, for whoever looks: with the one that cannot be written down.
pub async fn shown(store: &Store) -> Result<(Vec<Alert>, Vec<WayRow>)> {
    let (mut alerts, mut ways) = (open(store).await?, ways(store).await?);
    if let Some((alert, told)) = store.unwritten().filter(|(one, _)| alerts.iter().all(|known| known.key != one.key)) {
        alerts.push(alert);
        ways.extend(told);
    }
    Ok((alerts, ways))
}

/// It has lasted long enough to be told, with these values.
pub async fn tell(store: &Store, id: AlertId, at: UnixMs, detail: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(TELL).bind(id).bind(at).bind(detail).execute(pool).await.map(drop))?;
    Ok(())
}

/// Its sentences have other values now.
pub async fn renew(store: &Store, id: AlertId, detail: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(RENEW).bind(id).bind(detail).execute(pool).await.map(drop))?;
    Ok(())
}

/// It is not found any more.
pub async fn gone(store: &Store, id: AlertId, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(GONE).bind(id).bind(at).execute(pool).await.map(drop))?;
    Ok(())
}

/// It is found again.
pub async fn back(store: &Store, id: AlertId) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(BACK).bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// It has not been found for long enough: it ended when it was first not found.
pub async fn end(store: &Store, id: AlertId) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(END).bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// It passed before it was told.
pub async fn forget(store: &Store, id: AlertId) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FORGET).bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// Removes those that ended before then.
pub(super) async fn sweep(store: &Store, before: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(OLD).bind(before).execute(pool).await.map(drop))?;
    Ok(())
}

/// What has lasted long enough is to be told by `way` too.
pub async fn add_way(store: &Store, way: &str, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(ADD_WAY).bind(way).bind(at).execute(pool).await.map(drop))?;
    Ok(())
}

/// The beginning was told by `way` at a time when that could not be written down.
pub async fn told_already(store: &Store, key: &str, way: &str, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(MARK_TOLD).bind(key).bind(at).execute(pool).await.map(drop))?;
    on!(&store.write, |pool| sqlx::query(TOLD_ALREADY).bind(key).bind(way).bind(at).execute(pool).await.map(drop))?;
    Ok(())
}

/// At most `limit` things to tell by `way` at `now`.
pub async fn due(store: &Store, way: &str, now: UnixMs, limit: i64) -> Result<Vec<Due>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(DUE).bind(way).bind(now).bind(limit).fetch_all(pool).await)?)
}

/// Takes something to tell for this node alone, until then; false when another has taken it.
pub async fn reserve(store: &Store, due: &Due, way: &str, until: UnixMs) -> Result<bool> {
    let sql = if due.alert.ended_at.is_some() { RESERVE_ENDED } else { RESERVE_BEGAN };
    let done = on!(&store.write, |pool| sqlx::query(sql)
        .bind(due.alert.id)
        .bind(way)
        .bind(due.next_at)
        .bind(until)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// It was told.
pub async fn told(store: &Store, due: &Due, way: &str, at: UnixMs) -> Result<()> {
    let id = due.alert.id;
    if due.alert.ended_at.is_some() {
        on!(&store.write, |pool| sqlx::query(ENDED_TOLD).bind(id).bind(way).bind(at).execute(pool).await.map(drop))?;
    } else {
        on!(&store.write, |pool| sqlx::query(BEGAN_TOLD).bind(id).bind(way).bind(at).execute(pool).await.map(drop))?;
    }
    Ok(())
}

/// It could not be told and is tried again when its reservation ends.
pub async fn failed(store: &Store, due: &Due, way: &str, why: &str) -> Result<()> {
    let id = due.alert.id;
    on!(&store.write, |pool| sqlx::query(FAILED).bind(id).bind(way).bind(why).execute(pool).await.map(drop))?;
    Ok(())
}

/// It could not be told and is not tried again.
pub async fn given_up(store: &Store, due: &Due, way: &str, why: &str) -> Result<()> {
    let id = due.alert.id;
    on!(&store.write, |pool| sqlx::query(GIVEN_UP).bind(id).bind(way).bind(why).execute(pool).await.map(drop))?;
    Ok(())
}

/// How telling each open alert stands.
pub async fn ways(store: &Store) -> Result<Vec<WayRow>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(WAYS).fetch_all(pool).await)?)
}
