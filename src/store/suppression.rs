//! The do-not-send list: who gets no promotions, or nothing at all. Looks through linked identities.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, on, on_tx};
use crate::domain::id::PersonId;
use crate::domain::time::UnixMs;

/// Where a suppression comes from that failures of one number asked for.
pub const STRIKES: &str = "strikes";

/// How long such a one lasts (cloud-api.md 6.3: 30 to 90 days), unless the person writes before.
pub const STRIKES_LAST: Duration = Duration::from_hours(60 * 24);

const LAPSE: &str = "UPDATE suppression SET lifted_at = $1, lifted_by = 'recado'
    WHERE lifted_at IS NULL AND source = 'strikes' AND created_at < $2";
const ADD: &str = "INSERT INTO suppression (person_id, scope, source, note, created_at, created_by)
    SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS
        (SELECT 1 FROM suppression AS s WHERE s.person_id = $1 AND s.scope = $2 AND s.source = $3 AND s.lifted_at IS NULL)";
const LIFT: &str = "UPDATE suppression SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL";
const LIFT_PERSON: &str = "UPDATE suppression SET lifted_at = $4, lifted_by = $5
    WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
        AND scope = $2 AND source = $3 AND lifted_at IS NULL";
const STRUCK: Dialects = Dialects {
    sqlite: "SELECT person_id FROM suppression WHERE scope = 'all' AND source = 'strikes' AND lifted_at IS NULL
             AND person_id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT person_id FROM suppression WHERE scope = 'all' AND source = 'strikes' AND lifted_at IS NULL
               AND person_id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))",
};
/// What the person themselves, or we for them, have said: not what they told the provider, which ends there.
const LIFT_WISHES: &str = "UPDATE suppression
    SET lifted_at = CASE WHEN created_at > $2 THEN created_at ELSE $2 END, lifted_by = $3
    WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
        AND scope = 'marketing' AND source IN ('reply', 'word', 'person', 'token', 'file', 'erased') AND lifted_at IS NULL";
/// How many there are of them, and the latest; whoever was erased is put on the list anew when they write.
const STOPPED: &str = "SELECT COUNT(*), MAX(CASE WHEN s.source <> 'erased' THEN s.created_at END) FROM suppression AS s JOIN person AS p ON p.id = s.person_id
    WHERE (p.id = $1 OR p.linked_to = $1) AND s.scope = 'marketing'
        AND s.source IN ('reply', 'word', 'person', 'token', 'file', 'erased') AND s.lifted_at IS NULL";
const WISHES: &str = "SELECT DISTINCT s.source FROM suppression AS s JOIN person AS p ON p.id = s.person_id
    WHERE (p.id = $1 OR p.linked_to = $1) AND s.lifted_at IS NULL ORDER BY s.source";
const BLOCKED: Dialects = Dialects {
    sqlite: "SELECT p.id, s.scope FROM json_each($1) AS r
        JOIN person AS p ON p.id = r.value
        JOIN suppression AS s ON s.person_id = COALESCE(p.linked_to, p.id) AND s.lifted_at IS NULL
        UNION ALL SELECT p.id, s.scope FROM json_each($1) AS r
        JOIN person AS p ON p.id = r.value
        JOIN person AS q ON q.linked_to = COALESCE(p.linked_to, p.id)
        JOIN suppression AS s ON s.person_id = q.id AND s.lifted_at IS NULL",
    postgres: "SELECT p.id, s.scope FROM json_array_elements_text($1::json) AS r (value)
        JOIN person AS p ON p.id = CAST(r.value AS BIGINT)
        JOIN suppression AS s ON s.person_id = COALESCE(p.linked_to, p.id) AND s.lifted_at IS NULL
        UNION ALL SELECT p.id, s.scope FROM json_array_elements_text($1::json) AS r (value)
        JOIN person AS p ON p.id = CAST(r.value AS BIGINT)
        JOIN person AS q ON q.linked_to = COALESCE(p.linked_to, p.id)
        JOIN suppression AS s ON s.person_id = q.id AND s.lifted_at IS NULL",
};
const PHONES: &str = "SELECT DISTINCT p.phone, s.scope FROM suppression AS s
    JOIN person AS q ON q.id = s.person_id
    JOIN person AS p ON p.id = q.id OR p.linked_to = COALESCE(q.linked_to, q.id) OR p.id = q.linked_to
    WHERE s.lifted_at IS NULL AND p.phone IS NOT NULL";
const LIST: &str = "SELECT s.id, s.person_id, p.phone, p.name, s.scope, s.source, s.note, s.created_at, s.created_by
    FROM suppression AS s JOIN person AS p ON p.id = s.person_id
    WHERE s.lifted_at IS NULL AND s.id < $1 ORDER BY s.id DESC LIMIT $2";

/// What a suppressed person does not get.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum SuppressionScope {
    /// No promotions, no resumed contacts that are marketing.
    Marketing,
    /// Nothing.
    All,
}

/// A new suppression.
#[derive(Clone, Debug)]
pub struct NewSuppression<'a> {
    /// Who.
    pub person: PersonId,
    /// From what.
    pub scope: SuppressionScope,
    /// How it came: `reply`, `word` (it may have been asked for), `provider`, `person` (of ours), `token` (a program of
    /// ours), `file`, `preference`, `erased`.
    pub source: &'a str,
    /// For the record.
    pub note: &'a str,
    /// When.
    pub at: UnixMs,
    /// Who did it.
    pub by: &'a str,
}

/// One line of the list.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Suppression {
    /// Its id.
    pub id: i64,
    /// Who.
    pub person_id: PersonId,
    /// Number, if known.
    pub phone: Option<String>,
    /// Name, if known.
    pub name: Option<String>,
    /// From what.
    pub scope: SuppressionScope,
    /// How it came.
    pub source: String,
    /// For the record.
    pub note: String,
    /// When.
    pub created_at: UnixMs,
    /// Who did it.
    pub created_by: String,
}

/// Adds one; false when the person already has one of that scope from that source.
pub async fn add(tx: &mut Tx, new: &NewSuppression<'_>) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(ADD)
        .bind(new.person)
        .bind(new.scope)
        .bind(new.source)
        .bind(new.note)
        .bind(new.at)
        .bind(new.by)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Lifts one; false when it was lifted already.
pub async fn lift(store: &Store, id: i64, at: UnixMs, by: &str) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(LIFT)
        .bind(id)
        .bind(at)
        .bind(by)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Those of `people` who get nothing for what failures of their number asked for.
pub async fn struck(tx: &mut Tx, people: &[PersonId]) -> Result<BTreeSet<PersonId>> {
    let (sql, people) = (STRUCK.of_tx(tx), super::json(people));
    let struck: Vec<PersonId> = on_tx!(tx, |conn| sqlx::query_scalar(sql).bind(&people).fetch_all(conn).await)?;
    Ok(struck.into_iter().collect())
}

/// Lifts what came from `source` (they asked for promotions again), of every row of the person for whom `root` stands.
/// Returns how many.
pub async fn lift_person(
    tx: &mut Tx,
    root: PersonId,
    scope: SuppressionScope,
    source: &str,
    at: UnixMs,
    by: &str,
) -> Result<u64> {
    Ok(on_tx!(tx, |conn| sqlx::query(LIFT_PERSON)
        .bind(root)
        .bind(scope)
        .bind(source)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?)
}

/// Lifts what the person for whom `root` stands, or we for them, have said against promotions: they want them again.
pub async fn lift_wishes(tx: &mut Tx, root: PersonId, at: UnixMs, by: &str) -> Result<u64> {
    Ok(on_tx!(tx, |conn| sqlx::query(LIFT_WISHES)
        .bind(root)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?)
}

/// What stands against promotions for somebody, that they can undo here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// Nothing.
    Never,
    /// Something, and all of it was there at the time asked for.
    Before,
    /// Something that came at that time or later.
    Since,
}

/// What stands against promotions for the person for whom `root` stands, as they said something at `at`.
pub async fn stopped(tx: &mut Tx, root: PersonId, at: UnixMs) -> Result<Stopped> {
    let (n, latest): (i64, Option<UnixMs>) =
        on_tx!(tx, |conn| sqlx::query_as(STOPPED).bind(root).fetch_one(conn).await)?;
    Ok(match latest {
        _ if n == 0 => Stopped::Never,
        Some(latest) if latest >= at => Stopped::Since,
        _ => Stopped::Before,
    })
}

/// How the open suppressions of the person for whom `root` stands came.
pub async fn wishes(store: &Store, root: PersonId) -> Result<Vec<String>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(WISHES).bind(root).fetch_all(pool).await)?)
}

/// Those of `people` who must not get it: everybody with scope `all`, and with scope `marketing` when it is `marketing`.
pub async fn blocked(store: &Store, people: &[PersonId], marketing: bool) -> Result<BTreeSet<PersonId>> {
    if people.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found = of(store, people).await?;
    Ok(found.into_iter().filter(|(_, scope)| marketing || *scope == SuppressionScope::All).map(|(id, _)| id).collect())
}

/// What those of `people` who must not get something must not get, themselves or as whom they are linked to.
pub async fn of(store: &Store, people: &[PersonId]) -> Result<Vec<(PersonId, SuppressionScope)>> {
    let (sql, ids) = (BLOCKED.of(&store.read), super::json(&people));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql).bind(&ids).fetch_all(pool).await)?)
}

/// The numbers (digits) of everybody who must not get it; for the pre-flight, which looks at rows, not at people.
pub async fn phones(store: &Store, marketing: bool) -> Result<BTreeSet<String>> {
    let found: Vec<(String, SuppressionScope)> = on!(&store.read, |pool| sqlx::query_as(PHONES).fetch_all(pool).await)?;
    Ok(found.into_iter().filter(|(_, s)| marketing || *s == SuppressionScope::All).map(|(phone, _)| phone).collect())
}

/// Open suppressions with an id below `before`, newest first.
pub async fn list(store: &Store, before: i64, limit: i64) -> Result<Vec<Suppression>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LIST).bind(before).bind(limit).fetch_all(pool).await)?)
}

/// Lifts what has lasted its time. Returns how many.
pub async fn lapse(store: &Store, now: UnixMs) -> Result<u64> {
    Ok(on!(&store.write, |pool| sqlx::query(LAPSE)
        .bind(now)
        .bind(now.minus(STRIKES_LAST))
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?)
}
