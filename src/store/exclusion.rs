//! Rows that became no message, each with its reason.

use std::time::Duration;

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
        FROM r WHERE TRUE ON CONFLICT (run_id, revision, row_no) DO NOTHING",
    postgres: "INSERT INTO exclusion (run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at)
        SELECT r.run_id, r.row_no, r.reason, r.recipient, r.external_id, r.name, r.detail, r.revision, r.cost_centre,
            r.happens_at
        FROM json_to_recordset($1::json) AS r (run_id bigint, row_no bigint, reason text, recipient text,
            external_id text, name text, detail text, revision bigint, cost_centre text, happens_at bigint)
        ON CONFLICT (run_id, revision, row_no) DO NOTHING",
};
/// Those of a file before are gone once the next one is taken up.
const COUNTS: &str = "SELECT reason, COUNT(*) FROM exclusion
    WHERE run_id = $1 AND revision = (SELECT r.revision FROM run AS r WHERE r.id = $1) GROUP BY reason ORDER BY reason";
const LIST: &str = "SELECT run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at FROM exclusion
    WHERE run_id = $1 AND revision = (SELECT r.revision FROM run AS r WHERE r.id = $1) AND row_no > $2
    ORDER BY row_no LIMIT $3";
/// Those of earlier files too, the earliest first.
const LIST_ALL: &str =
    "SELECT run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at
    FROM exclusion WHERE run_id = $1 AND (revision > $2 OR (revision = $2 AND row_no > $3))
    ORDER BY revision, row_no LIMIT $4";
const BY_ROW: Dialects = Dialects {
    sqlite: "SELECT x.run_id, x.row_no, x.reason, x.recipient, x.external_id, x.name, x.detail, x.revision, x.cost_centre, x.happens_at
        FROM json_each($2) AS r JOIN exclusion AS x ON x.run_id = $1 AND x.revision = r.value ->> 0 AND x.row_no = r.value ->> 1
        ORDER BY x.revision, x.row_no",
    postgres: "SELECT x.run_id, x.row_no, x.reason, x.recipient, x.external_id, x.name, x.detail, x.revision, x.cost_centre, x.happens_at
        FROM json_array_elements($2::json) AS r (value) JOIN exclusion AS x
            ON x.run_id = $1 AND x.revision = CAST(r.value ->> 0 AS BIGINT) AND x.row_no = CAST(r.value ->> 1 AS BIGINT)
        ORDER BY x.revision, x.row_no",
};
const FORGET: &str = "DELETE FROM exclusion WHERE run_id = $1 AND revision < $2
    AND (revision, row_no) IN (SELECT x.revision, x.row_no FROM exclusion AS x
        WHERE x.run_id = $1 AND x.revision < $2 ORDER BY x.revision, x.row_no LIMIT $3)";
/// What an earlier file left out and may still be told: what it speaks of is ahead, or nobody knows when it is and the file is
/// not old.
const EARLIER: &str = "SELECT x.revision, x.row_no, x.external_id,
        CAST(CASE WHEN COALESCE(x.happens_at, a.began_at + $5) > $6 THEN 1 ELSE 0 END AS BIGINT) AS is_ahead
    FROM exclusion AS x LEFT JOIN amendment AS a ON a.run_id = x.run_id AND a.revision = x.revision
    WHERE x.run_id = $1 AND x.revision < $2 AND (x.revision > $3 OR (x.revision = $3 AND x.row_no > $4))
    ORDER BY x.revision, x.row_no LIMIT 1000";
const FORGET_SOME: Dialects = Dialects {
    sqlite: "DELETE FROM exclusion WHERE run_id = $1 AND (revision, row_no) IN
        (SELECT r.value ->> 0, r.value ->> 1 FROM json_each($2) AS r)",
    postgres: "DELETE FROM exclusion WHERE run_id = $1 AND (revision, row_no) IN
        (SELECT CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT) FROM json_array_elements($2::json) AS r (value))",
};
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

/// Adds them; a row that is excluded already stays as it is.
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

/// The same of every file of a standing run, after a row of a file (0, 0: from the first on), file by file.
pub async fn list_all(store: &Store, run: RunId, (revision, row): (i64, i64), limit: i64) -> Result<Vec<Exclusion>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(LIST_ALL)
        .bind(run)
        .bind(revision)
        .bind(row)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// These rows, each of its file, as far as they are left out.
pub async fn by_rows(store: &Store, run: RunId, rows: &[(i64, i64)]) -> Result<Vec<Exclusion>> {
    let (sql, rows) = (BY_ROW.of(&store.read), super::json(&rows));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql).bind(run).bind(&rows).fetch_all(pool).await)?)
}

/// A row that an earlier file of a standing run left out.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Earlier {
    /// Of which file.
    pub revision: i64,
    /// Which row.
    pub row_no: i64,
    /// The row's own id.
    pub external_id: Option<String>,
    is_ahead: i64,
}

impl Earlier {
    /// Whether what it speaks of is still to come.
    pub const fn is_ahead(&self) -> bool {
        self.is_ahead > 0
    }
}

/// What the files before `revision` left out, after a row of a file, a thousand rows at a time. What has no date counts as
/// ahead for `kept` after its file was taken up.
pub async fn earlier(
    store: &Store,
    (run, revision): (RunId, i64),
    after: (i64, i64),
    (kept, now): (Duration, UnixMs),
) -> Result<Vec<Earlier>> {
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX / 2);
    Ok(on!(&store.read, |pool| sqlx::query_as(EARLIER)
        .bind(run)
        .bind(revision)
        .bind(after.0)
        .bind(after.1)
        .bind(kept)
        .bind(now)
        .fetch_all(pool)
        .await)?)
}

/// Forgets some of it: rows, each of its file.
pub async fn forget(store: &Store, run: RunId, rows: &[(i64, i64)]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, rows) = (FORGET_SOME.of(&store.write), super::json(&rows));
    on!(&store.write, |pool| sqlx::query(sql).bind(run).bind(&rows).execute(pool).await.map(drop))?;
    Ok(())
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
