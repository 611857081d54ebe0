//! Appointments of people who were erased: which were cancelled, and of which a time had been told, by a keyed hash of campaign
//! and id.

use std::collections::{BTreeMap, BTreeSet};

use super::{GoneRow, keep_digest, kept_key};
use crate::domain::amend::{Whose, who};
use crate::domain::id::{CampaignId, PersonId, RunId};
use crate::domain::phone::Phone;
use crate::domain::sent_digest::{OfId, key_of_id, of_id};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, Tx, json, on, on_tx};

/// Of each id their own last answer counts: another with the same id may be somebody else by now.
const DECLINED: &str =
    "SELECT m.campaign_id, MAX(m.run_id) AS run_id, m.external_id, m.recipient, m.name FROM message AS m
    WHERE m.run_id <> 0 AND m.external_id IS NOT NULL
        AND m.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
        AND (SELECT o.outcome FROM message AS k JOIN outcome AS o ON o.message_id = k.id
            WHERE k.campaign_id = m.campaign_id AND k.external_id = m.external_id
                AND k.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
            ORDER BY o.id DESC LIMIT 1) = 'cancelled'
    GROUP BY m.campaign_id, m.external_id, m.recipient, m.name";
const IS_ANY: &str = "SELECT COUNT(*) FROM (SELECT hash FROM erased_sent WHERE campaign_id = $1 LIMIT 1) AS e";
const OF: Dialects = Dialects {
    sqlite: "SELECT hash, happens_at, whose FROM erased_sent
        WHERE campaign_id = $1 AND hash IN (SELECT r.value FROM json_each($2) AS r)",
    postgres: "SELECT hash, happens_at, whose FROM erased_sent
        WHERE campaign_id = $1 AND hash IN (SELECT r.value FROM json_array_elements_text($2::json) AS r (value))",
};

/// What is known of some ids whose people were erased.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OfIds {
    /// Those that were cancelled.
    pub declined: BTreeSet<String>,
    /// Those of which a time was told, with that time.
    pub told: BTreeMap<String, UnixMs>,
    /// Whose both were.
    pub whose: BTreeMap<String, Whose>,
}

/// What is kept of whose an id of `campaign` was.
fn whose((secret, campaign): (&[u8], CampaignId), id: &str, (recipient, name): (&str, &str)) -> String {
    let person = Phone::from_international(recipient).map_or_else(|| recipient.to_owned(), |to| to.person_key());
    Whose::kept(&key_of_id((secret, campaign), id), &person, who(name))
}

/// Keeps the hashes of the ids of the person for whom `root` stands: those that were cancelled, and of what has `gone` in
/// runs that files amend those whose time is still to come.
pub(super) async fn keep(tx: &mut Tx, root: PersonId, (secret, now): (&[u8], UnixMs), gone: &[GoneRow]) -> Result<()> {
    let declined: Vec<(CampaignId, RunId, String, String, String)> =
        on_tx!(tx, |conn| sqlx::query_as(DECLINED).bind(root).fetch_all(conn).await)?;
    for (campaign, run, id, recipient, name) in declined {
        let digest = of_id((secret, campaign), OfId::Declined, &id);
        let whose = whose((secret, campaign), &id, (&recipient, &name));
        keep_digest(tx, (campaign, &digest), run, (None, &whose)).await?;
    }
    for one in gone.iter().filter(|one| one.revision > 0) {
        if let (Some(id), Some(at)) = (&one.external_id, one.happens_at.filter(|at| *at > now)) {
            let digest = of_id((secret, one.campaign_id), OfId::Told, id);
            let whose = whose((secret, one.campaign_id), id, (&one.recipient, &one.name));
            keep_digest(tx, (one.campaign_id, &digest), one.run_id, (Some(at), &whose)).await?;
        }
    }
    Ok(())
}

/// What `campaign` knows of those of `ids` whose people were erased.
pub async fn of_ids(store: &Store, campaign: CampaignId, ids: &[&str]) -> Result<OfIds> {
    let any: i64 = on!(&store.read, |pool| sqlx::query_scalar(IS_ANY).bind(campaign).fetch_one(pool).await)?;
    if any == 0 || ids.is_empty() {
        return Ok(OfIds::default());
    }
    let secret = kept_key(store).await?;
    let mut of: BTreeMap<String, (OfId, &str)> = BTreeMap::new();
    for id in ids {
        of.extend([OfId::Declined, OfId::Told].map(|what| (of_id((&secret, campaign), what, id), (what, *id))));
    }
    let (sql, hashes) = (OF.of(&store.read), json(&of.keys().collect::<Vec<_>>()));
    let found: Vec<(String, Option<UnixMs>, String)> =
        on!(&store.read, |pool| sqlx::query_as(sql).bind(campaign).bind(&hashes).fetch_all(pool).await)?;
    let mut known = OfIds::default();
    for (hash, happens_at, kept) in found {
        if let Some((_, id)) = of.get(&hash) {
            let theirs = Whose::of(key_of_id((&secret, campaign), id), &kept);
            match known.whose.get_mut(*id) {
                Some(others) => others.join(theirs),
                None => drop(known.whose.insert((*id).to_owned(), theirs)),
            }
        }
        match (of.get(&hash), happens_at) {
            (Some((OfId::Declined, id)), _) => drop(known.declined.insert((*id).to_owned())),
            (Some((OfId::Told, id)), Some(at)) => drop(known.told.insert((*id).to_owned(), at)),
            _ => {}
        }
    }
    Ok(known)
}
