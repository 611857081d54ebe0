//! Whom a sender has reached lately: what the pair limit and `at_most` go by.

use std::collections::BTreeMap;

use sqlx::FromRow;

use crate::domain::id::{MessageId, PersonId};
use crate::domain::kind::Priority;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, on};

const ROOTS: Dialects = Dialects {
    sqlite: "SELECT id, COALESCE(linked_to, id) FROM person WHERE id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT id, COALESCE(linked_to, id) FROM person
        WHERE id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};
const LEFT: &str = "SELECT COALESCE(p.linked_to, p.id) AS root, m.claimed_at AS at, m.priority AS priority
    FROM message AS m JOIN person AS p ON p.id = m.person_id
    WHERE m.sender = $1 AND m.claimed_at >= $2 AND m.claimed_at IS NOT NULL AND m.state <> 'queued' ORDER BY m.claimed_at";
const REACHED: Dialects = Dialects {
    sqlite:
        "SELECT COALESCE(p.linked_to, p.id) AS root, m.id AS id, m.priority AS priority, m.claimed_at AS at,
            CASE WHEN m.state = 'claimed' THEN 1 ELSE 0 END AS leaving
        FROM person AS p JOIN message AS m ON m.person_id = p.id
        WHERE p.id IN (SELECT r.value FROM json_each($1) AS r
                UNION SELECT q.id FROM person AS q JOIN json_each($1) AS r ON q.linked_to = r.value)
            AND m.run_id <> 0 AND m.claimed_at >= $2
            AND m.state IN ('claimed', 'in_doubt', 'accepted', 'in_review', 'sent', 'delivered', 'read', 'undelivered')",
    postgres:
        "SELECT COALESCE(p.linked_to, p.id) AS root, m.id AS id, m.priority AS priority, m.claimed_at AS at,
            CAST(CASE WHEN m.state = 'claimed' THEN 1 ELSE 0 END AS BIGINT) AS leaving
        FROM person AS p JOIN message AS m ON m.person_id = p.id
        WHERE p.id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value)
                UNION SELECT q.id FROM person AS q
                    JOIN json_array_elements_text($1::json) AS r (value) ON q.linked_to = CAST(r.value AS BIGINT))
            AND m.run_id <> 0 AND m.claimed_at >= $2
            AND m.state IN ('claimed', 'in_doubt', 'accepted', 'in_review', 'sent', 'delivered', 'read', 'undelivered')",
};

/// A message that a person has got, or is getting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromRow)]
pub struct Reached {
    /// The person, or whom they are linked to.
    pub root: PersonId,
    /// The message.
    pub id: MessageId,
    /// Its priority, which tells its campaign's kind.
    pub priority: Priority,
    /// When it left.
    pub at: UnixMs,
    /// 1 while it is leaving: a gate may still stop it.
    pub leaving: i64,
}

/// A message that has left, for the pair limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromRow)]
pub struct Left {
    /// The person, or whom they are linked to.
    pub root: PersonId,
    /// When it left.
    pub at: UnixMs,
    /// What it was.
    pub priority: Priority,
}

/// Whom each of `people` is linked to; themselves where they are not.
pub async fn roots(store: &Store, people: &[PersonId]) -> Result<BTreeMap<PersonId, PersonId>> {
    let (sql, ids) = (ROOTS.of(&store.read), crate::store::json(&people));
    let found: Vec<(PersonId, PersonId)> =
        on!(&store.read, |pool| sqlx::query_as(sql).bind(&ids).fetch_all(pool).await)?;
    Ok(found.into_iter().collect())
}

/// What `sender` has let go since then, oldest first.
pub async fn left_since(store: &Store, sender: &str, since: UnixMs) -> Result<Vec<Left>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LEFT).bind(sender).bind(since).fetch_all(pool).await)?)
}

/// What campaigns have sent to `roots` and whoever is linked to them since then.
pub async fn reached_since(store: &Store, roots: &[PersonId], since: UnixMs) -> Result<Vec<Reached>> {
    let (sql, ids) = (REACHED.of(&store.write), crate::store::json(&roots));
    Ok(on!(&store.write, |pool| sqlx::query_as(sql).bind(&ids).bind(since).fetch_all(pool).await)?)
}
