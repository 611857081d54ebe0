//! What runs of a campaign have sent, or will send: what a file that comes again is compared with. Failed, expired,
//! cancelled and excluded messages were not sent; what a person left in doubt may have been, and counts. Whose person was
//! erased, or is kept no longer, says nothing of anybody.

use sqlx::FromRow;

use crate::domain::earlier::Gone;
use crate::domain::id::{CampaignId, RunId};
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, StoreError, on};

/// The condition for `m`, a message whose person is known, that it has been sent, will be, or may have been.
macro_rules! went {
    () => {
        "m.recipient <> '' AND (m.state NOT IN ('cancelled', 'expired', 'excluded', 'failed')
            OR m.state = 'cancelled' AND m.end_reason = 'in_doubt')"
    };
}

const PAGE: &str = concat!(
    "SELECT m.key, m.recipient, m.happens_at, m.run_id FROM message AS m
    WHERE m.run_id = $1 AND m.key > $2 AND ",
    went!(),
    "
    ORDER BY m.key LIMIT $3"
);
const BY_ID: Dialects = Dialects {
    sqlite: concat!(
        "SELECT m.key, m.recipient, m.happens_at, m.run_id FROM message AS m
        WHERE m.campaign_id = $1 AND m.run_id < $2 AND m.external_id IN (SELECT r.value FROM json_each($3) AS r)
        AND ",
        went!()
    ),
    postgres: concat!(
        "SELECT m.key, m.recipient, m.happens_at, m.run_id FROM message AS m
        WHERE m.campaign_id = $1 AND m.run_id < $2
        AND m.external_id IN (SELECT r.value FROM json_array_elements_text($3::json) AS r (value))
        AND ",
        went!()
    ),
};
const BY_PHONE: Dialects = Dialects {
    sqlite: concat!(
        "SELECT m.key, m.recipient, m.happens_at, m.run_id FROM person AS p JOIN message AS m ON m.person_id = p.id
        WHERE p.phone IN (SELECT r.value FROM json_each($3) AS r) AND m.campaign_id = $1 AND m.run_id < $2
        AND ",
        went!()
    ),
    postgres: concat!(
        "SELECT m.key, m.recipient, m.happens_at, m.run_id FROM person AS p JOIN message AS m ON m.person_id = p.id
        WHERE p.phone IN (SELECT r.value FROM json_array_elements_text($3::json) AS r (value))
        AND m.campaign_id = $1 AND m.run_id < $2
        AND ",
        went!()
    ),
};

const OF_RUN_BY_PHONE: Dialects = Dialects {
    sqlite: concat!(
        "SELECT m.key, m.recipient, m.happens_at, m.run_id FROM person AS p JOIN message AS m ON m.person_id = p.id
        WHERE p.phone IN (SELECT r.value FROM json_each($2) AS r) AND +m.run_id = $1
        AND ",
        went!()
    ),
    postgres: concat!(
        "SELECT m.key, m.recipient, m.happens_at, m.run_id FROM person AS p JOIN message AS m ON m.person_id = p.id
        WHERE p.phone IN (SELECT r.value FROM json_array_elements_text($2::json) AS r (value)) AND m.run_id = $1
        AND ",
        went!()
    ),
};

#[derive(FromRow)]
struct Row {
    key: String,
    recipient: String,
    happens_at: Option<UnixMs>,
    run_id: RunId,
}

fn gone(rows: Vec<Row>) -> Result<Vec<Gone>> {
    let read = rows.into_iter().map(|row| {
        let to = Phone::from_international(&row.recipient);
        let to = to.ok_or(StoreError::Corrupt { what: "message.recipient" })?;
        Ok(Gone { key: row.key, to, happens_at: row.happens_at, run: row.run_id })
    });
    read.collect()
}

/// Of `run` in the order of their keys, at most `limit` after the key `after`.
pub async fn gone_page(store: &Store, run: RunId, after: &str, limit: i64) -> Result<Vec<Gone>> {
    gone(on!(&store.read, |pool| sqlx::query_as(PAGE).bind(run).bind(after).bind(limit).fetch_all(pool).await)?)
}

/// Of the runs of `campaign` before `run`, among rows with these ids or to these numbers.
pub async fn gone_before(
    store: &Store,
    campaign: CampaignId,
    run: RunId,
    ids: &[&str],
    phones: &[Phone],
) -> Result<Vec<Gone>> {
    let mut found: Vec<Row> = Vec::new();
    let asked =
        [(BY_ID.of(&store.read), crate::store::json(&ids)), (BY_PHONE.of(&store.read), crate::store::json(&phones))];
    for (sql, list) in asked {
        let rows: Vec<Row> =
            on!(&store.read, |pool| sqlx::query_as(sql).bind(campaign).bind(run).bind(&list).fetch_all(pool).await)?;
        found.extend(rows);
    }
    gone(found)
}

/// Of `run`, to these numbers.
pub async fn gone_to(store: &Store, run: RunId, phones: &[Phone]) -> Result<Vec<Gone>> {
    let (sql, list) = (OF_RUN_BY_PHONE.of(&store.read), crate::store::json(&phones));
    gone(on!(&store.read, |pool| sqlx::query_as(sql).bind(run).bind(&list).fetch_all(pool).await)?)
}
