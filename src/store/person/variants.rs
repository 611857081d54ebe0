//! One person under two ways of writing a number, or first without a number: whoever comes in the second is linked to whoever
//! came in the first, so that opt-outs, places, frequency and spacing see one person. Neither number is rewritten: each message
//! goes to the one that was given.

use std::collections::{BTreeMap, BTreeSet};

use super::super::identity::{self, Joined};
use super::super::{Dialects, Result, Tx, json, on_tx};
use crate::domain::id::PersonId;
use crate::domain::phone::Phone;

/// `$1`: other ways of writing the numbers. `$2`: those, and the numbers themselves; whoever was met by a user id alone and
/// has shown the number since has it as WhatsApp's id, and no other.
const BY_DIGITS: Dialects = Dialects {
    sqlite: "SELECT COALESCE(linked_to, id) AS root, phone AS digits FROM person
            WHERE phone IN (SELECT r.value FROM json_each($1) AS r)
        UNION SELECT COALESCE(linked_to, id), wa_id FROM person
            WHERE wa_id IS NOT NULL AND (phone IS NULL OR phone <> wa_id)
                AND wa_id IN (SELECT r.value FROM json_each($2) AS r)",
    postgres: "SELECT COALESCE(linked_to, id) AS root, phone AS digits FROM person
            WHERE phone IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))
        UNION SELECT COALESCE(linked_to, id), wa_id FROM person
            WHERE wa_id IS NOT NULL AND (phone IS NULL OR phone <> wa_id)
                AND wa_id IN (SELECT r.value FROM json_array_elements_text($2::json) AS r (value))",
};

/// Links each of `people` to whoever is known by their number, or under another way of writing it.
pub(super) async fn link(tx: &mut Tx, people: &[(&Phone, PersonId)]) -> Result<()> {
    let mut owners: BTreeMap<String, BTreeSet<PersonId>> = BTreeMap::new();
    let mut others = Vec::new();
    for (phone, id) in people {
        let all = phone.variants();
        others.extend(all.iter().skip(1).map(|other| other.digits().to_owned()));
        for way in all {
            owners.entry(way.digits().to_owned()).or_default().insert(*id);
        }
    }
    let (sql, others, all) = (BY_DIGITS.of_tx(tx), json(&others), json(&owners.keys().collect::<Vec<_>>()));
    let found: Vec<(PersonId, String)> =
        on_tx!(tx, |conn| sqlx::query_as(sql).bind(&others).bind(&all).fetch_all(conn).await)?;
    if found.is_empty() {
        return Ok(());
    }
    let asked: BTreeSet<PersonId> =
        found.iter().filter_map(|(_, digits)| owners.get(digits)).flatten().copied().collect();
    let asked: Vec<PersonId> = asked.into_iter().collect();
    let roots: BTreeMap<PersonId, PersonId> =
        identity::rows(tx, &asked).await?.into_iter().map(|known| (known.id, known.root())).collect();
    let mut joined = Joined::default();
    // In the order of the ids, so that two planners cannot wait for each other.
    let pairs: BTreeSet<(PersonId, PersonId)> = found
        .iter()
        .flat_map(|(root, digits)| owners.get(digits).into_iter().flatten().map(move |id| (*root, *id)))
        .filter_map(|(root, id)| roots.get(&id).map(|own| (root, *own)))
        .collect();
    for (one, other) in pairs {
        joined.link(tx, one, other).await?;
    }
    Ok(())
}
