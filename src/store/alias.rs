//! Other ids by which a provider calls a message (Gupshup: WhatsApp's own, which is all that late events name).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Dialects, Result, Tx, json, on_tx};
use crate::domain::time::UnixMs;

const KEEP: Dialects = Dialects {
    sqlite: "INSERT INTO message_alias (other_id, provider_id, told_at)
        SELECT r.value ->> 'other_id', r.value ->> 'provider_id', $2 FROM json_each($1) AS r WHERE true
        ON CONFLICT (other_id) DO NOTHING",
    postgres: "INSERT INTO message_alias (other_id, provider_id, told_at)
        SELECT r.other_id, r.provider_id, $2 FROM json_to_recordset($1::json) AS r (other_id text, provider_id text)
        ON CONFLICT (other_id) DO NOTHING",
};

const OF: Dialects = Dialects {
    sqlite: "SELECT other_id, provider_id FROM message_alias
        WHERE other_id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT other_id, provider_id FROM message_alias
        WHERE other_id IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))",
};

const TAKEN: Dialects = Dialects {
    sqlite: "SELECT DISTINCT provider_id FROM message_alias
        WHERE provider_id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT DISTINCT provider_id FROM message_alias
        WHERE provider_id IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))",
};

/// Another id of a message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Alias<'a> {
    /// The other id.
    pub other_id: &'a str,
    /// The one its answer had.
    pub provider_id: &'a str,
}

/// Keeps what `all` tell; what is known already stays.
pub async fn keep(tx: &mut Tx, all: &[Alias<'_>], at: UnixMs) -> Result<()> {
    let (sql, rows) = (KEEP.of_tx(tx), json(&all));
    on_tx!(tx, |c| sqlx::query(sql).bind(&rows).bind(at).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// The id of the answer, of those of `others` that are known as another.
pub async fn of(tx: &mut Tx, others: &[&str]) -> Result<BTreeMap<String, String>> {
    if others.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (sql, ids) = (OF.of_tx(tx), json(&others));
    let found: Vec<(String, String)> = on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?);
    Ok(found.into_iter().collect())
}

/// Those of `provider_ids` that have another id: WhatsApp has taken them.
pub async fn taken(tx: &mut Tx, provider_ids: &[&str]) -> Result<BTreeSet<String>> {
    if provider_ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (sql, ids) = (TAKEN.of_tx(tx), json(&provider_ids));
    let found: Vec<String> = on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&ids).fetch_all(c).await?);
    Ok(found.into_iter().collect())
}
