//! One person under two ways of writing a number: whoever comes in the second is linked to whoever came in the first, so
//! that opt-outs, places, frequency and spacing see one person. Neither number is rewritten: each message goes to the one
//! that was given.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Dialects, Result, Tx, identity, json, on_tx};
use crate::domain::id::PersonId;
use crate::domain::phone::Phone;

const BY_DIGITS: Dialects = Dialects {
    sqlite: "SELECT COALESCE(linked_to, id) AS root, phone AS digits FROM person
            WHERE phone IN (SELECT r.value FROM json_each($1) AS r)
        UNION SELECT COALESCE(linked_to, id), wa_id FROM person
            WHERE wa_id IS NOT NULL AND wa_id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT COALESCE(linked_to, id) AS root, phone AS digits FROM person
            WHERE phone IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))
        UNION SELECT COALESCE(linked_to, id), wa_id FROM person
            WHERE wa_id IS NOT NULL AND wa_id IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))",
};

/// Links each of `people` to whoever is known under another way of writing their number.
pub(super) async fn link(tx: &mut Tx, people: &[(&Phone, PersonId)]) -> Result<()> {
    let mut owners: BTreeMap<String, BTreeSet<PersonId>> = BTreeMap::new();
    for (phone, id) in people {
        for other in phone.variants().into_iter().skip(1) {
            owners.entry(other.digits().to_owned()).or_default().insert(*id);
        }
    }
    if owners.is_empty() {
        return Ok(());
    }
    let (sql, digits) = (BY_DIGITS.of_tx(tx), json(&owners.keys().collect::<Vec<_>>()));
    let found: Vec<(PersonId, String)> = on_tx!(tx, |conn| sqlx::query_as(sql).bind(&digits).fetch_all(conn).await)?;
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
        let (one, other) = (joined.root(one), joined.root(other));
        if one != other {
            identity::link(tx, one, other).await?;
            joined.join(one, other);
        }
    }
    Ok(())
}

/// Who has been linked to whom in this step: the older stands for both.
#[derive(Default)]
struct Joined(BTreeMap<PersonId, PersonId>);

impl Joined {
    fn root(&self, mut id: PersonId) -> PersonId {
        while let Some(root) = self.0.get(&id) {
            id = *root;
        }
        id
    }

    fn join(&mut self, one: PersonId, other: PersonId) {
        self.0.insert(one.max(other), one.min(other));
    }
}
