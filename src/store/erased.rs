//! People who were erased. Of those on the do-not-send list a keyed hash of each of their ids remains, so that they are left
//! alone when a file names them again; of each message that had gone a keyed hash of what it was about, so that it does not go
//! twice.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;
use sqlx::FromRow;

use super::suppression::SuppressionScope;
use super::{Dialects, Result, Store, StoreError, Tx, json, on, on_tx};
use crate::domain::id::{CampaignId, PersonId, RunId};
use crate::domain::phone::Phone;
use crate::domain::sent_digest::{self, SentDigests, keyed as hash};
use crate::domain::time::UnixMs;

mod ids;

pub use ids::{OfIds, of_ids};

const KEY: &str = "erasure_key";
const READ_KEY: &str = "SELECT value FROM setting WHERE key = $1";
const MAKE_KEY: &str = "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
const KEEP: &str = "INSERT INTO erased (hash, scope, at) VALUES ($1, $2, $3) ON CONFLICT (hash, scope) DO NOTHING";
const IS_ANY: &str = "SELECT COUNT(*) FROM (SELECT hash FROM erased LIMIT 1) AS e";
const ALL: &str = "SELECT hash, scope FROM erased";
/// Who came back and was taken off the list again, with every number of theirs.
const BACK: &str = "SELECT DISTINCT p.phone, s.scope FROM suppression AS s
    JOIN person AS q ON q.id = s.person_id
    JOIN person AS p ON p.id = q.id OR p.linked_to = COALESCE(q.linked_to, q.id) OR p.id = q.linked_to
    WHERE s.source = 'erased' AND s.lifted_at IS NOT NULL AND p.phone IS NOT NULL";
const FIND: Dialects = Dialects {
    sqlite: "SELECT hash, scope FROM erased WHERE hash IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT hash, scope FROM erased WHERE hash IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))",
};
/// Once for each person, also when it was lifted since.
const RECALL: &str = "INSERT INTO suppression (person_id, scope, source, note, created_at, created_by)
    SELECT $1, $2, 'erased', '', $3, 'recado' WHERE NOT EXISTS
        (SELECT 1 FROM suppression AS s WHERE s.person_id = $1 AND s.scope = $2 AND s.source = 'erased')";
/// What may have reached them, the last told last; what waits is cancelled with the erasure.
const GONE: &str =
    "SELECT m.campaign_id, m.run_id, m.key, m.recipient, m.name, m.happens_at, m.external_id, r.revision FROM message AS m
    JOIN run AS r ON r.id = m.run_id
    WHERE (m.state NOT IN ('queued', 'cancelled', 'expired', 'excluded', 'failed')
            OR m.state = 'cancelled' AND m.end_reason = 'in_doubt')
        AND m.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
    ORDER BY m.claimed_at, m.id";
/// Of several people who had one id all are kept.
const KEEP_SENT: &str =
    "INSERT INTO erased_sent (campaign_id, hash, run_id, happens_at, whose) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (campaign_id, hash) DO UPDATE SET run_id = excluded.run_id, happens_at = excluded.happens_at,
        whose = erased_sent.whose || ' ' || excluded.whose";
const SENT: &str = "SELECT hash, run_id FROM erased_sent WHERE campaign_id = $1";

/// Length of the key, in bytes.
const KEY_LENGTH: usize = 32;

/// Tells whether a number is an erased person's, without asking the store for each.
#[derive(Clone, Debug, Default)]
pub struct Erased {
    key: Vec<u8>,
    hashes: BTreeMap<String, SuppressionScope>,
}

impl Erased {
    /// What they must not get; `None`: nobody erased has that number.
    pub fn scope_of(&self, phone: &Phone) -> Option<SuppressionScope> {
        if self.hashes.is_empty() {
            return None;
        }
        forms(phone.digits()).iter().filter_map(|form| self.hashes.get(&hash(&self.key, form)).copied()).max()
    }
}

/// Every erased person who was on the list, but for those who came back and were taken off it.
pub async fn all(store: &Store) -> Result<Erased> {
    let rows: Vec<(String, SuppressionScope)> = on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?;
    if rows.is_empty() {
        return Ok(Erased::default());
    }
    let mut tx = store.begin().await?;
    let key = key(&mut tx).await?;
    let back: Vec<(String, SuppressionScope)> = on_tx!(&mut tx, |conn| sqlx::query_as(BACK).fetch_all(conn).await)?;
    let lifted: BTreeSet<(String, SuppressionScope)> = back
        .iter()
        .flat_map(|(phone, scope)| forms(phone).into_iter().map(|form| (hash(&key, &form), *scope)))
        .collect();
    let mut hashes: BTreeMap<String, SuppressionScope> = BTreeMap::new();
    for (hash, scope) in rows.into_iter().filter(|row| !lifted.contains(row)) {
        let kept = hashes.entry(hash).or_insert(scope);
        *kept = (*kept).max(scope);
    }
    Ok(Erased { key, hashes })
}

/// Keeps the hash of each of `ids` (digits of numbers, WhatsApp ids, business-scoped user ids).
pub async fn keep(tx: &mut Tx, ids: &[String], scope: SuppressionScope, at: UnixMs) -> Result<()> {
    let key = key(tx).await?;
    for hash in ids.iter().flat_map(|id| forms(id)).map(|form| hash(&key, &form)) {
        on_tx!(tx, |conn| sqlx::query(KEEP).bind(&hash).bind(scope).bind(at).execute(conn).await.map(drop))?;
    }
    Ok(())
}

/// Puts those of `people` on the list again who were erased from it. Their ids are as in [`keep`].
pub async fn recall(tx: &mut Tx, people: &[(PersonId, &str)], at: UnixMs) -> Result<()> {
    let any: i64 = on_tx!(tx, |conn| sqlx::query_scalar(IS_ANY).fetch_one(conn).await)?;
    if any == 0 {
        return Ok(());
    }
    let key = key(tx).await?;
    let mut of: BTreeMap<String, PersonId> = BTreeMap::new();
    for (person, id) in people {
        of.extend(forms(id).iter().map(|form| (hash(&key, form), *person)));
    }
    let (sql, hashes) = (FIND.of_tx(tx), json(&of.keys().collect::<Vec<_>>()));
    let found: Vec<(String, SuppressionScope)> =
        on_tx!(tx, |conn| sqlx::query_as(sql).bind(&hashes).fetch_all(conn).await)?;
    for (person, scope) in found.iter().filter_map(|(hash, scope)| Some((of.get(hash)?, *scope))) {
        on_tx!(tx, |conn| sqlx::query(RECALL).bind(*person).bind(scope).bind(at).execute(conn).await.map(drop))?;
    }
    Ok(())
}

/// A message that has gone.
#[derive(FromRow)]
struct GoneRow {
    campaign_id: CampaignId,
    run_id: RunId,
    key: String,
    recipient: String,
    name: String,
    happens_at: Option<UnixMs>,
    external_id: Option<String>,
    revision: i64,
}

/// Keeps the hash of what each message to the person for whom `root` stands was about, of those that have gone, and those of
/// the ids that were cancelled or whose time they were told.
pub(in crate::store) async fn keep_sent(tx: &mut Tx, root: PersonId, at: UnixMs) -> Result<()> {
    let gone: Vec<GoneRow> = on_tx!(tx, |conn| sqlx::query_as(GONE).bind(root).fetch_all(conn).await)?;
    let secret = key(tx).await?;
    for one in gone.iter().filter(|one| !one.recipient.is_empty()) {
        for digest in sent_digest::kept((&secret, one.campaign_id), &one.key, &one.recipient, one.happens_at) {
            keep_digest(tx, (one.campaign_id, &digest), one.run_id, (None, "")).await?;
        }
    }
    ids::keep(tx, root, (&secret, at), &gone).await
}

async fn keep_digest(
    tx: &mut Tx,
    (campaign, digest): (CampaignId, &str),
    run: RunId,
    (happens_at, whose): (Option<UnixMs>, &str),
) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(KEEP_SENT)
        .bind(campaign)
        .bind(digest)
        .bind(run)
        .bind(happens_at)
        .bind(whose)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// What `campaign` has sent to people who were erased since.
pub async fn sent(store: &Store, campaign: CampaignId) -> Result<SentDigests> {
    let rows: Vec<(String, RunId)> =
        on!(&store.read, |pool| sqlx::query_as(SENT).bind(campaign).fetch_all(pool).await)?;
    if rows.is_empty() {
        return Ok(SentDigests::default());
    }
    Ok(SentDigests::new(kept_key(store).await?, campaign, rows))
}

/// The key, of a store that has drawn one.
async fn kept_key(store: &Store) -> Result<Vec<u8>> {
    let secret: String = on!(&store.read, |pool| sqlx::query_scalar(READ_KEY).bind(KEY).fetch_one(pool).await)?;
    decoded(&secret)
}

/// An id in each way that it is written: both notations of a mobile number.
fn forms(id: &str) -> Vec<String> {
    let mut forms = vec![id.to_owned()];
    let variants = Phone::from_international(id).map(|phone| phone.variants()).unwrap_or_default();
    forms.extend(variants.iter().map(|v| v.digits().to_owned()).filter(|digits| digits != id));
    forms
}

/// The store's own key, drawn at random the first time it is needed.
async fn key(tx: &mut Tx) -> Result<Vec<u8>> {
    let mut drawn = [0_u8; KEY_LENGTH];
    rand::rng().fill(&mut drawn);
    let drawn = hex::encode(drawn);
    on_tx!(tx, |conn| sqlx::query(MAKE_KEY).bind(KEY).bind(&drawn).execute(conn).await.map(drop))?;
    let kept: String = on_tx!(tx, |conn| sqlx::query_scalar(READ_KEY).bind(KEY).fetch_one(conn).await)?;
    decoded(&kept)
}

fn decoded(kept: &str) -> Result<Vec<u8>> {
    hex::decode(kept).map_err(|_| StoreError::Corrupt { what: "setting.erasure_key" })
}
