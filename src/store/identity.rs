//! Who a webhook speaks of: people found by number, WhatsApp id, the other notation of the number, or business-scoped
//! user id. What is learned is added, never overwritten; rows found to be one person are linked, never merged.

mod learn;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, StoreError, Tx, json, on_tx};
use crate::domain::event::Identity;
use crate::domain::id::PersonId;
use crate::domain::phone::Phone;
use crate::domain::recipient::Recipient;
use crate::domain::time::UnixMs;

pub use learn::learn;
use learn::learn_all;

const BY_BSUID: Dialects = Dialects {
    sqlite: "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
             WHERE bsuid IN (SELECT value FROM json_each($1))",
    postgres: "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
               WHERE bsuid IN (SELECT value FROM json_array_elements_text($1::json))",
};

/// Two searches, each by its index.
const BY_NUMBER: Dialects = Dialects {
    sqlite: "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
             WHERE phone IN (SELECT value FROM json_each($1))
             UNION SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
             WHERE wa_id IN (SELECT value FROM json_each($1)) ORDER BY id",
    postgres: "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
               WHERE phone IN (SELECT value FROM json_array_elements_text($1::json))
               UNION SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
               WHERE wa_id IN (SELECT value FROM json_array_elements_text($1::json)) ORDER BY id",
};

const GET: &str = "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person WHERE id = $1";

const ROWS: Dialects = Dialects {
    sqlite: "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
             WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id",
    postgres: "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
               WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json)) ORDER BY id",
};

const TAKEN: Dialects = Dialects {
    sqlite: "SELECT bsuid FROM person WHERE bsuid IN (SELECT value FROM json_each($1))",
    postgres: "SELECT bsuid FROM person WHERE bsuid IN (SELECT value FROM json_array_elements_text($1::json))",
};

const CREATE: Dialects = Dialects {
    sqlite: "INSERT INTO person (phone, wa_id, bsuid, username, name, linked_to, created_at)
             SELECT r.value ->> 'phone', r.value ->> 'wa_id', r.value ->> 'bsuid', r.value ->> 'username', r.value ->> 'name',
                 r.value ->> 'linked_to', r.value ->> 'at'
             FROM json_each($1) AS r WHERE true
             ON CONFLICT DO NOTHING RETURNING id, phone, wa_id, bsuid, username, name, linked_to",
    postgres: "INSERT INTO person (phone, wa_id, bsuid, username, name, linked_to, created_at)
               SELECT r.phone, r.wa_id, r.bsuid, r.username, r.name, r.linked_to, r.at
               FROM json_to_recordset($1::json) AS r (phone text, wa_id text, bsuid text, username text, name text,
                   linked_to bigint, at bigint)
               ON CONFLICT DO NOTHING RETURNING id, phone, wa_id, bsuid, username, name, linked_to",
};

const LINK: &str = "UPDATE person SET linked_to = $2 WHERE (id = $1 OR linked_to = $1) AND id <> $2";

const FAMILIES: Dialects = Dialects {
    sqlite: "SELECT id, id AS root FROM person WHERE id IN (SELECT value FROM json_each($1))
             UNION SELECT id, linked_to FROM person WHERE linked_to IN (SELECT value FROM json_each($1)) ORDER BY id",
    postgres: "SELECT id, id AS root FROM person
               WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
               UNION SELECT id, linked_to FROM person
               WHERE linked_to IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json)) ORDER BY id",
};

/// A person's row.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Known {
    /// Its id.
    pub id: PersonId,
    /// Number as sent to, digits.
    pub phone: Option<String>,
    /// WhatsApp id learned.
    pub wa_id: Option<String>,
    /// Business-scoped user id learned.
    pub bsuid: Option<String>,
    /// WhatsApp user name.
    pub username: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// The row that stands for this person, when it is another one.
    pub linked_to: Option<PersonId>,
}

impl Known {
    /// The row that stands for this person: conversations and suppressions are theirs.
    pub fn root(&self) -> PersonId {
        self.linked_to.unwrap_or(self.id)
    }

    /// Whether an identity tells nothing that is not known here.
    pub fn knows(&self, wa_id: Option<&String>, bsuid: Option<&String>) -> bool {
        let is_number = self.wa_id.is_none() && wa_id == self.phone.as_ref();
        (wa_id.is_none() || wa_id == self.wa_id.as_ref() || is_number)
            && (bsuid.is_none() || bsuid == self.bsuid.as_ref())
    }

    /// Whether an identity contradicts nothing that is known here.
    pub fn is_filled_by(&self, wa_id: Option<&String>, bsuid: Option<&String>) -> bool {
        let fits =
            |known: &Option<String>, told: Option<&String>| known.is_none() || told.is_none() || known.as_ref() == told;
        fits(&self.wa_id, wa_id) && fits(&self.bsuid, bsuid)
    }

    /// Where a message to them goes: their number, or their business-scoped user id where they show none.
    pub fn reachable(&self) -> Option<Recipient> {
        let known = [&self.phone, &self.wa_id, &self.bsuid];
        known.into_iter().flatten().find_map(|id| Recipient::parse(id))
    }
}

/// The person `identity` speaks of, if there is one.
pub async fn find(tx: &mut Tx, identity: &Identity) -> Result<Option<Known>> {
    Ok(find_all(tx, &[identity]).await?.pop().flatten())
}

/// The people that each of these speaks of, where there is one.
async fn find_all(tx: &mut Tx, identities: &[&Identity]) -> Result<Vec<Option<Known>>> {
    let bsuids: Vec<&String> = identities.iter().filter_map(|i| i.bsuid.as_ref()).collect();
    let by_bsuid = known(tx, BY_BSUID, &bsuids).await?;
    let numbers: Vec<Option<(&String, String)>> =
        identities.iter().map(|i| i.wa_id.as_ref().map(|wa_id| (wa_id, other_notation(wa_id)))).collect();
    let asked: BTreeSet<&String> = numbers.iter().flatten().flat_map(|(wa_id, other)| [*wa_id, other]).collect();
    let by_number = known(tx, BY_NUMBER, &asked.into_iter().collect::<Vec<_>>()).await?;
    let mut of: BTreeMap<&String, &Known> = BTreeMap::new();
    for known in &by_number {
        for number in [&known.phone, &known.wa_id].into_iter().flatten() {
            of.entry(number).or_insert(known);
        }
    }
    let by_bsuid: BTreeMap<&String, &Known> = by_bsuid.iter().filter_map(|k| Some((k.bsuid.as_ref()?, k))).collect();
    let found = identities.iter().zip(&numbers).map(|(identity, number)| {
        let by_bsuid = identity.bsuid.as_ref().and_then(|id| by_bsuid.get(id));
        let by_number = || number.as_ref().and_then(|(wa_id, other)| of.get(wa_id).or_else(|| of.get(other)));
        by_bsuid.or_else(by_number).map(|known| (*known).clone())
    });
    Ok(found.collect())
}

async fn known(tx: &mut Tx, sql: Dialects, ids: &[&String]) -> Result<Vec<Known>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, ids) = (sql.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?))
}

/// Every id by which `identity` is looked for.
pub fn ids(identity: &Identity) -> Vec<String> {
    let other = identity.wa_id.as_deref().map(other_notation);
    [identity.wa_id.clone(), other, identity.bsuid.clone()].into_iter().flatten().collect()
}

/// The other way the same mobile number is written, or the number itself: WhatsApp's ids leave out or add a digit that
/// the number dialled has (cloud-api.md 1.2). Only looked up, never sent to.
fn other_notation(digits: &str) -> String {
    let variants = Phone::from_international(digits).map(|phone| phone.variants()).unwrap_or_default();
    let other = variants.into_iter().find(|variant| variant.digits() != digits);
    other.map_or_else(|| digits.to_owned(), |variant| variant.digits().to_owned())
}

/// The person `identity` speaks of, created where unknown, with what the identity tells learned.
pub async fn meet(tx: &mut Tx, identity: &Identity, at: UnixMs) -> Result<Known> {
    let met = meet_all(tx, &[(identity, at)]).await?.pop();
    met.ok_or(StoreError::Corrupt { what: "person" })
}

/// The same for several at once, no two of which have an id in common.
pub async fn meet_all(tx: &mut Tx, who: &[(&Identity, UnixMs)]) -> Result<Vec<Known>> {
    let identities: Vec<&Identity> = who.iter().map(|(identity, _)| *identity).collect();
    let found = find_all(tx, &identities).await?;
    let strangers: Vec<NewPerson<'_>> =
        found.iter().zip(who).filter(|(found, _)| found.is_none()).map(|(_, who)| NewPerson::of(*who)).collect();
    let mut created = create(tx, &strangers).await?;
    recall_erased(tx, who, &created).await?;
    let mut met = Vec::with_capacity(who.len());
    let mut known = Vec::new();
    for (found, (identity, at)) in found.into_iter().zip(who) {
        let is_them = |new: &Known| new.wa_id == identity.wa_id && new.bsuid == identity.bsuid;
        let place = created.iter().position(is_them).filter(|_| found.is_none());
        match (found, place) {
            (None, Some(place)) => met.push(created.swap_remove(place)),
            (found, _) => {
                // Another node met them at the same moment, unless they were here already.
                let row = match found {
                    Some(found) => found,
                    None => find(tx, identity).await?.ok_or(StoreError::Corrupt { what: "person" })?,
                };
                known.push((met.len(), *identity, *at));
                met.push(row);
            }
        }
    }
    learn_all(tx, &mut met, &known).await?;
    Ok(met)
}

async fn recall_erased(tx: &mut Tx, who: &[(&Identity, UnixMs)], created: &[Known]) -> Result<()> {
    let (Some(at), false) = (who.iter().map(|(_, at)| *at).max(), created.is_empty()) else { return Ok(()) };
    let ids =
        created.iter().flat_map(|new| [&new.wa_id, &new.bsuid].into_iter().flatten().map(|id| (new.id, id.as_str())));
    super::erased::recall(tx, &ids.collect::<Vec<_>>(), at).await
}

/// The row of `id`.
pub async fn row(tx: &mut Tx, id: PersonId) -> Result<Known> {
    Ok(on_tx!(tx, |c| sqlx::query_as(GET).bind(id).fetch_one(c).await?))
}

/// The rows of `ids`.
pub async fn rows(tx: &mut Tx, ids: &[PersonId]) -> Result<Vec<Known>> {
    let (sql, ids) = (ROWS.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?))
}

/// Those of these business-scoped user ids that somebody has.
pub async fn taken(tx: &mut Tx, bsuids: &[&String]) -> Result<BTreeSet<String>> {
    if bsuids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (sql, ids) = (TAKEN.of_tx(tx), json(bsuids));
    let found: Vec<String> = on_tx!(tx, |c| sqlx::query_scalar(sql).bind(&ids).fetch_all(c).await?);
    Ok(found.into_iter().collect())
}

/// A person to keep.
#[derive(Serialize)]
struct NewPerson<'a> {
    phone: Option<&'a str>,
    wa_id: Option<&'a String>,
    bsuid: Option<&'a String>,
    username: Option<&'a String>,
    name: Option<&'a String>,
    linked_to: Option<PersonId>,
    at: UnixMs,
}

impl<'a> NewPerson<'a> {
    fn of((identity, at): (&'a Identity, UnixMs)) -> Self {
        Self {
            phone: identity.wa_id.as_deref().filter(|digits| Phone::from_international(digits).is_some()),
            wa_id: identity.wa_id.as_ref(),
            bsuid: identity.bsuid.as_ref(),
            username: identity.username.as_ref(),
            name: identity.name.as_ref(),
            linked_to: None,
            at,
        }
    }
}

/// Keeps them, except those that are here by now.
async fn create(tx: &mut Tx, new: &[NewPerson<'_>]) -> Result<Vec<Known>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, rows) = (CREATE.of_tx(tx), json(&new));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&rows).fetch_all(c).await?))
}

/// Makes two people one: the older row stands for both and for all that were linked to either.
pub async fn link(tx: &mut Tx, one: PersonId, other: PersonId) -> Result<()> {
    if one == other {
        return Ok(());
    }
    let (root, joins) = (one.min(other), one.max(other));
    on_tx!(tx, |c| sqlx::query(LINK).bind(joins).bind(root).execute(c).await.map(|_| ()))?;
    super::place::joined(tx, joins, root).await
}

/// Every row of the person for whom `root` stands.
pub async fn family(tx: &mut Tx, root: PersonId) -> Result<Vec<PersonId>> {
    Ok(families(tx, &[root]).await?.remove(&root).unwrap_or_default())
}

/// Every row of the people for whom `roots` stand.
pub async fn families(tx: &mut Tx, roots: &[PersonId]) -> Result<BTreeMap<PersonId, Vec<PersonId>>> {
    let (sql, ids) = (FAMILIES.of_tx(tx), json(&roots));
    let rows: Vec<(PersonId, PersonId)> = on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?);
    let mut families: BTreeMap<PersonId, Vec<PersonId>> = BTreeMap::new();
    for (id, root) in rows {
        families.entry(root).or_default().push(id);
    }
    Ok(families)
}

/// Who has been linked to whom in one step: the older stands for both.
#[derive(Default)]
pub struct Joined(BTreeMap<PersonId, PersonId>);

impl Joined {
    /// Who stands for whoever `id` stood for before.
    pub fn root(&self, mut id: PersonId) -> PersonId {
        while let Some(root) = self.0.get(&id) {
            id = *root;
        }
        id
    }

    /// Whether nobody has been.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes those for whom these two stood one, if they are not.
    pub async fn link(&mut self, tx: &mut Tx, one: PersonId, other: PersonId) -> Result<()> {
        let (one, other) = (self.root(one), self.root(other));
        if one != other {
            link(tx, one, other).await?;
            self.0.insert(one.max(other), one.min(other));
        }
        Ok(())
    }
}
