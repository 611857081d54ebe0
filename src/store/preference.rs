//! What people say, to the provider or to us: no promotions, or promotions again. Such words come in any order and more than
//! once (cloud-api.md 3.2, 3.7): the latest by its own time counts, whenever it arrives; of two at one time, the stop. What
//! was told in one place is not undone in the other (cloud-api.md 8.1).
//!
//! A stop is a suppression and a resume ends it. A resume that ends nothing is kept as one that was over when it began,
//! so that an older stop that comes after it is known as older.

use super::suppression::SuppressionScope;
use super::{Result, Tx, on_tx};
use crate::domain::id::PersonId;
use crate::domain::time::UnixMs;

/// Where a suppression comes from that the provider told of.
pub const PROVIDER: &str = "preference";

/// Where one comes from that a person asked for by answering.
pub const ASKED: &str = "reply";

/// The latest resume, and the latest stop that stands.
const TOLD: &str = "SELECT MAX(s.lifted_at), MAX(CASE WHEN s.lifted_at IS NULL THEN s.created_at END)
    FROM suppression AS s JOIN person AS p ON p.id = s.person_id
    WHERE (p.id = $1 OR p.linked_to = $1) AND s.scope = $2 AND s.source = $3";
const PUT: &str =
    "INSERT INTO suppression (person_id, scope, source, note, created_at, created_by, lifted_at, lifted_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const AGAIN: &str = "UPDATE suppression SET created_at = $4, created_by = $5
    WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
        AND scope = $2 AND source = $3 AND lifted_at IS NULL AND created_at < $4";
const RESUME: &str = "UPDATE suppression SET lifted_at = $4, lifted_by = $5
    WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
        AND scope = $2 AND source = $3 AND lifted_at IS NULL AND created_at < $4";

/// What a person has said.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Where: [`PROVIDER`] or [`ASKED`]. A word undoes what was said in the same place.
    pub source: &'a str,
    /// They want no promotions; else they want them again.
    pub stop: bool,
    /// When they said so.
    pub at: UnixMs,
    /// For the record.
    pub note: &'a str,
    /// Who keeps it.
    pub by: &'a str,
}

/// Keeps what was told of the person for whom `root` stands.
pub async fn tell(tx: &mut Tx, root: PersonId, told: &Told<'_>) -> Result<()> {
    let scope = SuppressionScope::Marketing;
    let (resumed, stopped) = latest(tx, root, told.source).await?;
    if resumed.is_some_and(|resumed| if told.stop { told.at < resumed } else { told.at <= resumed }) {
        return Ok(());
    }
    let sql = match (told.stop, stopped) {
        (true, Some(_)) => AGAIN,
        (false, Some(stopped)) if stopped < told.at => RESUME,
        _ => return put(tx, root, told).await,
    };
    on_tx!(tx, |conn| sqlx::query(sql)
        .bind(root)
        .bind(scope)
        .bind(told.source)
        .bind(told.at)
        .bind(told.by)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Whether the person for whom `root` stands has wanted promotions again, in words to us, after `at`.
pub async fn is_resumed_since(tx: &mut Tx, root: PersonId, at: UnixMs) -> Result<bool> {
    let (resumed, _) = latest(tx, root, ASKED).await?;
    Ok(resumed.is_some_and(|resumed| resumed > at))
}

/// The latest resume of `source`, and the latest stop that stands.
async fn latest(tx: &mut Tx, root: PersonId, source: &str) -> Result<(Option<UnixMs>, Option<UnixMs>)> {
    let scope = SuppressionScope::Marketing;
    Ok(on_tx!(tx, |conn| sqlx::query_as(TOLD).bind(root).bind(scope).bind(source).fetch_one(conn).await)?)
}

async fn put(tx: &mut Tx, root: PersonId, told: &Told<'_>) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(PUT)
        .bind(root)
        .bind(SuppressionScope::Marketing)
        .bind(told.source)
        .bind(told.note)
        .bind(told.at)
        .bind(told.by)
        .bind((!told.stop).then_some(told.at))
        .bind((!told.stop).then_some(told.by))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
