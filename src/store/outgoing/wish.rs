//! Which events anybody listens to: what the triggers ask.

use std::collections::BTreeSet;

use crate::store::{Dialects, Result, Tx, on_tx};

const CLEAR: &str = "DELETE FROM outgoing_wish WHERE listener = $1";
const ADD: Dialects = Dialects {
    sqlite: "INSERT INTO outgoing_wish (kind, listener) SELECT r.value, $2 FROM json_each($1) AS r",
    postgres: "INSERT INTO outgoing_wish (kind, listener) SELECT r.value, $2
        FROM json_array_elements_text($1::json) AS r (value)",
};
const LISTENERS: &str = "SELECT DISTINCT listener FROM outgoing_wish WHERE listener LIKE $1 || '%' ORDER BY listener";

/// `listener` hears these kinds from the end of the unit of work on, and no others.
pub async fn set(tx: &mut Tx, listener: &str, kinds: &BTreeSet<String>) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(CLEAR).bind(listener).execute(conn).await.map(drop))?;
    if kinds.is_empty() {
        return Ok(());
    }
    let (sql, list) = (ADD.of_tx(tx), crate::store::json(kinds));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&list).bind(listener).execute(conn).await.map(drop))?;
    Ok(())
}

/// Listeners whose name begins so.
pub async fn listeners(tx: &mut Tx, prefix: &str) -> Result<Vec<String>> {
    Ok(on_tx!(tx, |conn| sqlx::query_scalar(LISTENERS).bind(prefix).fetch_all(conn).await)?)
}
