//! Rows that became no message, each with its reason.

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, on, on_tx};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::RunId;
use crate::domain::time::UnixMs;

const INSERT: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO exclusion (run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at)
        SELECT CAST(r.value ->> 'run_id' AS INTEGER), CAST(r.value ->> 'row_no' AS INTEGER), r.value ->> 'reason',
            r.value ->> 'recipient', r.value ->> 'external_id', r.value ->> 'name', r.value ->> 'detail',
            CAST(r.value ->> 'revision' AS INTEGER), r.value ->> 'cost_centre', r.value ->> 'happens_at'
        FROM r WHERE TRUE ON CONFLICT (run_id, row_no) DO UPDATE SET reason = excluded.reason, recipient = excluded.recipient,
            external_id = excluded.external_id, name = excluded.name, detail = excluded.detail, revision = excluded.revision,
            cost_centre = excluded.cost_centre, happens_at = excluded.happens_at
            WHERE exclusion.revision < excluded.revision",
    postgres: "INSERT INTO exclusion (run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at)
        SELECT r.run_id, r.row_no, r.reason, r.recipient, r.external_id, r.name, r.detail, r.revision, r.cost_centre,
            r.happens_at
        FROM json_to_recordset($1::json) AS r (run_id bigint, row_no bigint, reason text, recipient text,
            external_id text, name text, detail text, revision bigint, cost_centre text, happens_at bigint)
        ON CONFLICT (run_id, row_no) DO UPDATE SET reason = excluded.reason, recipient = excluded.recipient,
            external_id = excluded.external_id, name = excluded.name, detail = excluded.detail, revision = excluded.revision,
            cost_centre = excluded.cost_centre, happens_at = excluded.happens_at
            WHERE exclusion.revision < excluded.revision",
};
/// Those of a file before are gone once the next one is taken up.
const COUNTS: &str = "SELECT reason, COUNT(*) FROM exclusion
    WHERE run_id = $1 AND revision = (SELECT r.revision FROM run AS r WHERE r.id = $1) GROUP BY reason ORDER BY reason";
const LIST: &str = "SELECT run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at FROM exclusion
    WHERE run_id = $1 AND revision = (SELECT r.revision FROM run AS r WHERE r.id = $1) AND row_no > $2
    ORDER BY row_no LIMIT $3";
const BY_ROW: Dialects = Dialects {
    sqlite: "SELECT run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at
        FROM exclusion WHERE run_id = $1 AND row_no IN (SELECT r.value FROM json_each($2) AS r) ORDER BY row_no",
    postgres: "SELECT run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at
        FROM exclusion WHERE run_id = $1
            AND row_no IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($2::json) AS r (value))
        ORDER BY row_no",
};
const FORGET: &str = "DELETE FROM exclusion WHERE run_id = $1 AND revision < $2
    AND row_no IN (SELECT row_no FROM exclusion WHERE run_id = $1 AND revision < $2 ORDER BY row_no LIMIT $3)";
/// One statement's worth.
const STEP: i64 = 1_000;

/// A row left out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, FromRow)]
pub struct Exclusion {
    /// Of which run.
    pub run_id: RunId,
    /// Which row; 1 is the first after the header.
    pub row_no: i64,
    /// Why.
    pub reason: ExclusionReason,
    /// The phone as given, for the person who looks for the row.
    pub recipient: String,
    /// The row's own id.
    pub external_id: Option<String>,
    /// The name in the row.
    pub name: String,
    /// More about it, such as the column.
    pub detail: String,
    /// The file of a standing run that it is a row of; 0 in other runs.
    pub revision: i64,
    /// Who would have paid.
    pub cost_centre: String,
    /// The row's date and time, where it can be read.
    pub happens_at: Option<UnixMs>,
}

/// Adds them; a row that is excluded already stays as it is, a row of an earlier file of a standing run makes way.
pub async fn insert_batch(tx: &mut Tx, rows: &[Exclusion]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, rows) = (INSERT.of_tx(tx), super::json(&rows));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&rows).execute(conn).await.map(drop))?;
    Ok(())
}

/// How many of each reason.
pub async fn counts(store: &Store, run: RunId) -> Result<Vec<(ExclusionReason, i64)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(COUNTS).bind(run).fetch_all(pool).await)?)
}

/// Excluded rows after row `after`, in the file's order.
pub async fn list(store: &Store, run: RunId, after: i64, limit: i64) -> Result<Vec<Exclusion>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LIST).bind(run).bind(after).bind(limit).fetch_all(pool).await)?)
}

/// These rows, as far as they are left out, in the file's order.
pub async fn by_rows(store: &Store, run: RunId, rows: &[i64]) -> Result<Vec<Exclusion>> {
    let (sql, rows) = (BY_ROW.of(&store.read), super::json(&rows));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql).bind(run).bind(&rows).fetch_all(pool).await)?)
}

/// Forgets what the files before `revision` left out, in small steps.
pub async fn forget_before(store: &Store, run: RunId, revision: i64) -> Result<()> {
    loop {
        let done = on!(&store.write, |pool| sqlx::query(FORGET)
            .bind(run)
            .bind(revision)
            .bind(STEP)
            .execute(pool)
            .await
            .map(|r| r.rows_affected()))?;
        if (done as i64) < STEP {
            return Ok(());
        }
    }
}
