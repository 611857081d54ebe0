//! Messages that may have left from the store that this one is a copy of: they are put in doubt.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::FromRow;

use super::claim::ARCHIVE;
use crate::domain::id::{CampaignId, MessageId, PersonId, RunId};
use crate::domain::money::Micros;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, budget, on, on_tx, place};

/// What is due at `$1` and not too late, of runs that send and by hand. Whatever is due later cannot have left.
const SUSPECTS: &str = "SELECT m.id, m.run_id, m.campaign_id, m.account, m.market, m.currency, m.estimated,
        COALESCE(p.linked_to, p.id) AS person_id
    FROM message AS m JOIN person AS p ON p.id = m.person_id
    WHERE m.state = 'queued' AND m.id > $2 AND m.due_at <= $1 AND (m.latest_at IS NULL OR m.latest_at >= $1)
        AND (m.run_id = 0 OR EXISTS (SELECT 1 FROM run AS r WHERE r.id = m.run_id AND r.state = 'running'))
    ORDER BY m.id LIMIT $3";
const SUSPECT: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'in_doubt', attempt = attempt + 1, claimed_by = 'takeover', claimed_at = $2, doubt_at = $3,
            reserved = r.value ->> 'reserved', waiting_for = NULL, end_reason = NULL, ended_at = NULL, provider_id = NULL,
            accepted_at = NULL, sent_at = NULL, delivered_at = NULL, read_at = NULL, undelivered_at = NULL,
            failure_code = NULL, failure_detail = NULL
        FROM json_each($1) AS r WHERE message.state = 'queued' AND message.id = r.value ->> 'id' RETURNING message.id",
    postgres: "UPDATE message SET state = 'in_doubt', attempt = attempt + 1, claimed_by = 'takeover', claimed_at = $2, doubt_at = $3,
            reserved = r.reserved, waiting_for = NULL, end_reason = NULL, ended_at = NULL, provider_id = NULL,
            accepted_at = NULL, sent_at = NULL, delivered_at = NULL, read_at = NULL, undelivered_at = NULL,
            failure_code = NULL, failure_detail = NULL
        FROM json_to_recordset($1::json) AS r (id bigint, reserved bigint)
        WHERE message.state = 'queued' AND message.id = r.id RETURNING message.id",
};

/// A message that may have left.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Suspect {
    /// Which.
    pub id: MessageId,
    /// Its run.
    pub run_id: RunId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its account.
    pub account: String,
    /// Billing market.
    pub market: String,
    /// Currency of the price.
    pub currency: String,
    /// The price it was planned with.
    pub estimated: Micros,
    /// The person it is for, through links.
    pub person_id: PersonId,
}

/// A suspect and what is reserved for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Reserved {
    /// Which.
    pub id: MessageId,
    /// Its campaign.
    #[serde(skip)]
    pub campaign: CampaignId,
    /// The worst price it may be billed at.
    pub reserved: Micros,
}

/// What may have left by `now`, with an id above `after`.
pub async fn suspects(store: &Store, now: UnixMs, after: MessageId, limit: i64) -> Result<Vec<Suspect>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(SUSPECTS).bind(now).bind(after).bind(limit).fetch_all(pool).await)?)
}

/// Puts these in doubt, as if their next attempt had been claimed at `since`: a receipt of what the original sent settles
/// them. Returns how many.
pub async fn suspect(store: &Store, list: &[Reserved], since: UnixMs, now: UnixMs) -> Result<u64> {
    let ids: Vec<MessageId> = list.iter().map(|one| one.id).collect();
    let mut tx = store.begin().await?;
    let (archive, update) = (ARCHIVE.of_tx(&tx), SUSPECT.of_tx(&tx));
    let (ids, rows) = (crate::store::json(&ids), crate::store::json(&list));
    on_tx!(&mut tx, |conn| sqlx::query(archive).bind(&ids).bind(now).execute(conn).await.map(drop))?;
    let done: Vec<MessageId> =
        on_tx!(&mut tx, |conn| sqlx::query_scalar(update).bind(&rows).bind(since).bind(now).fetch_all(conn).await)?;
    place::refresh(store, &mut tx, &done, now).await?;
    let mut more: BTreeMap<CampaignId, Micros> = BTreeMap::new();
    for one in list {
        let sum = more.entry(one.campaign).or_default();
        *sum = sum.plus(one.reserved);
    }
    budget::more(&mut tx, &more).await?;
    tx.commit().await?;
    Ok(done.len() as u64)
}
