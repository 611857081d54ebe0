//! What receipts tell about people: their ids at the provider, and that they want no more.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::event::{Identity, Receipt};
use crate::domain::failure::FailureClass;
use crate::domain::id::PersonId;
use crate::domain::time::UnixMs;
use crate::engine::Engine;
use crate::inbox::reply::AUTOMATIC;
use crate::store::person::{self, Learned};
use crate::store::preference::{self, PROVIDER, Told};
use crate::store::receipt::Standing;
use crate::store::suppression::{self, NewSuppression, SuppressionScope};
use crate::store::{Result, Tx, identity, message};

/// Where a suppression comes from that an error of the provider asked for.
const SOURCE: &str = "provider";

/// Failures of the kind that puts a number on the list.
const STRIKES: i64 = 2;

/// Keeps the ids of `told`, each with the person the message was for. A run's people are mostly met for the first time:
/// what only fills a gap is written for all of them at once.
pub(super) async fn ids(tx: &mut Tx, told: &[(PersonId, &Receipt)], at: UnixMs) -> Result<()> {
    let people: BTreeSet<PersonId> = told.iter().map(|(person, _)| *person).collect();
    let people: Vec<PersonId> = people.into_iter().collect();
    let known = identity::rows(tx, &people).await?;
    let known: BTreeMap<PersonId, identity::Known> = known.into_iter().map(|k| (k.id, k)).collect();
    let mut news: BTreeSet<(PersonId, Option<&String>, Option<&String>)> = BTreeSet::new();
    for (person, receipt) in told {
        let (wa_id, bsuid) = (receipt.wa_id.as_ref(), receipt.bsuid.as_ref());
        if known.get(person).is_some_and(|row| !row.knows(wa_id, bsuid)) {
            news.insert((*person, wa_id, bsuid));
        }
    }
    if news.is_empty() {
        return Ok(());
    }
    let bsuids: BTreeSet<&String> = news.iter().filter_map(|(.., bsuid)| *bsuid).collect();
    let mut taken = identity::taken(tx, &bsuids.into_iter().collect::<Vec<_>>()).await?;
    let (mut gaps, mut others) = (BTreeMap::new(), Vec::new());
    for (person, wa_id, bsuid) in news {
        let learned = Learned { id: person, wa_id: wa_id.cloned(), bsuid: bsuid.cloned() };
        let fills = known.get(&person).is_some_and(|row| row.is_filled_by(wa_id, bsuid));
        let is_free = bsuid.is_none_or(|id| taken.insert(id.clone()));
        if fills && is_free && !gaps.contains_key(&person) {
            gaps.insert(person, learned);
        } else {
            others.push(learned);
        }
    }
    person::learn(tx, &gaps.into_values().collect::<Vec<_>>()).await?;
    for Learned { id, wa_id, bsuid } in others {
        identity::learn(tx, id, &Identity { wa_id, bsuid, name: None, username: None }, at).await?;
    }
    Ok(())
}

/// Puts people on the do-not-send list whose messages have just failed with a code that asks for it.
pub(super) async fn refusals(tx: &mut Tx, engine: &Engine, failed: &[&Standing], at: UnixMs) -> Result<()> {
    for standing in failed {
        let Some(code) = standing.failure_code else { continue };
        let scope = match engine.errors_of(&standing.account).class_of(code) {
            Some(FailureClass::StopMarketing) => SuppressionScope::Marketing,
            Some(FailureClass::StopAll) => SuppressionScope::All,
            Some(FailureClass::Strike) => {
                strike(tx, standing, code, at).await?;
                continue;
            }
            _ => continue,
        };
        let person = identity::row(tx, standing.person_id).await?.root();
        let note = code.to_string();
        let (note, by) = (note.as_str(), AUTOMATIC);
        match scope {
            // The same wish as the provider also tells as a preference (cloud-api.md 6.3).
            SuppressionScope::Marketing => {
                let at = standing.ended_at.map_or(at, |ended| ended.min(at));
                preference::tell(tx, person, &Told { source: PROVIDER, stop: true, at, note, by }).await?;
            }
            SuppressionScope::All => {
                suppression::add(tx, &NewSuppression { person, scope, source: SOURCE, note, at, by }).await?;
            }
        }
    }
    Ok(())
}

/// A number that could not be reached again and again is left alone for a while (cloud-api.md 6.3, 131026). Whoever
/// writes to us is reached again at once.
async fn strike(tx: &mut Tx, standing: &Standing, code: i64, at: UnixMs) -> Result<()> {
    let person = identity::row(tx, standing.person_id).await?.root();
    if message::failures_of(tx, person, code, at.minus(suppression::STRIKES_LAST)).await? < STRIKES {
        return Ok(());
    }
    let (scope, source, note) = (SuppressionScope::All, suppression::STRIKES, &code.to_string());
    suppression::add(tx, &NewSuppression { person, scope, source, note, at, by: AUTOMATIC }).await?;
    Ok(())
}
