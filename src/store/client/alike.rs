//! People who have one and the same number in the house's own system, and what is kept of a phone.

use std::collections::BTreeSet;

use crate::domain::phone::Phone;
use crate::store::{Dialects, Result, Store, json, on};

/// No more is counted than is needed.
const SHARED: Dialects = Dialects {
    sqlite: "SELECT r.value FROM json_each($1) AS r
        WHERE (SELECT COUNT(*) FROM (SELECT DISTINCT COALESCE(p.linked_to, p.id) FROM client AS c JOIN person AS p ON p.id = c.person_id
            WHERE c.reference = r.value AND c.reference <> '' LIMIT 2) AS x) > 1",
    postgres: "SELECT r.value FROM json_array_elements_text($1::json) AS r (value)
        WHERE (SELECT COUNT(*) FROM (SELECT DISTINCT COALESCE(p.linked_to, p.id) FROM client AS c JOIN person AS p ON p.id = c.person_id
            WHERE c.reference = r.value AND c.reference <> '' LIMIT 2) AS x) > 1",
};

const PHONES: &str = "SELECT MIN(COALESCE(p.phone, p.wa_id)) FROM client AS c JOIN person AS p ON p.id = c.person_id
    WHERE c.reference = $1 AND c.reference <> '' AND COALESCE(p.phone, p.wa_id) IS NOT NULL
    GROUP BY COALESCE(p.linked_to, p.id) ORDER BY MIN(p.id) LIMIT $2";

const KEPT: Dialects = Dialects {
    sqlite: "SELECT c.reference FROM person AS p JOIN client AS c ON c.person_id = p.id
        WHERE p.phone IN (SELECT r.value FROM json_each($1) AS r) AND c.reference <> '' ORDER BY c.changed_at DESC, p.id LIMIT 1",
    postgres: "SELECT c.reference FROM person AS p JOIN client AS c ON c.person_id = p.id
        WHERE p.phone IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value)) AND c.reference <> ''
        ORDER BY c.changed_at DESC, p.id LIMIT 1",
};

/// Those of these own numbers that several people have.
pub async fn shared(store: &Store, references: &BTreeSet<&str>) -> Result<BTreeSet<String>> {
    let (sql, list) = (SHARED.of(&store.read), json(references));
    let found: Vec<String> = on!(&store.read, |pool| sqlx::query_scalar(sql).bind(&list).fetch_all(pool).await)?;
    Ok(found.into_iter().collect())
}

/// The phones, digits, of the first `limit` people who have this own number.
pub async fn phones(store: &Store, reference: &str, limit: i64) -> Result<Vec<String>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(PHONES).bind(reference).bind(limit).fetch_all(pool).await)?)
}

/// The own number that is kept of whoever has this phone, however it is written; empty: none is.
pub async fn kept(store: &Store, phone: &Phone) -> Result<String> {
    let (sql, ways) = (KEPT.of(&store.read), json(&phone.variants()));
    let found: Option<String> =
        on!(&store.read, |pool| sqlx::query_scalar(sql).bind(&ways).fetch_optional(pool).await)?;
    Ok(found.unwrap_or_default())
}
