//! Consent, as files tell it: on what basis a person has agreed to get promotions.

use serde::Serialize;

use super::{Dialects, Result, Tx, json, on_tx};
use crate::domain::id::PersonId;
use crate::domain::time::UnixMs;

/// The same word of the same campaign is kept once.
const KEEP: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO consent (person_id, given, basis, source, at)
        SELECT CAST(r.value ->> 'person' AS INTEGER), 'yes', r.value ->> 'basis', $2, $3 FROM r
        WHERE NOT EXISTS (SELECT 1 FROM consent AS c WHERE c.person_id = CAST(r.value ->> 'person' AS INTEGER)
            AND c.basis = r.value ->> 'basis' AND c.source = $2)",
    postgres: "INSERT INTO consent (person_id, given, basis, source, at)
        SELECT r.person, 'yes', r.basis, $2, $3 FROM json_to_recordset($1::json) AS r (person bigint, basis text)
        WHERE NOT EXISTS (SELECT 1 FROM consent AS c WHERE c.person_id = r.person
            AND c.basis = r.basis AND c.source = $2)",
};

/// Longest basis that is kept, in characters.
const LONGEST: usize = 500;

#[derive(Serialize)]
struct Told<'a> {
    person: PersonId,
    basis: &'a str,
}

/// Keeps on what basis each of `people` has agreed, as the file of campaign `source` says it.
pub async fn keep(tx: &mut Tx, people: &[(PersonId, String)], source: &str, at: UnixMs) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let cut = |basis: &'_ str| basis.char_indices().nth(LONGEST).map_or(basis.len(), |(at, _)| at);
    let told: Vec<Told<'_>> =
        people.iter().map(|(person, basis)| Told { person: *person, basis: &basis[..cut(basis)] }).collect();
    let (sql, rows) = (KEEP.of_tx(tx), json(&told));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&rows).bind(source).bind(at).execute(conn).await.map(drop))?;
    Ok(())
}
