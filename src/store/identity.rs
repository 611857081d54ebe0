//! Who a webhook speaks of: people found by number, WhatsApp id, the other notation of the number, or business-scoped
//! user id. What is learned is added, never overwritten; rows found to be one person are linked, never merged.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::{Dialects, Result, StoreError, Tx, json, on_tx};
use crate::domain::event::Identity;
use crate::domain::id::PersonId;
use crate::domain::phone::Phone;
use crate::domain::recipient::Recipient;
use crate::domain::time::UnixMs;

const BY_BSUID: &str = "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person WHERE bsuid = $1";

/// $1 is the id as told, $2 the other notation of the same number (or the same again).
const BY_NUMBER: &str = "SELECT id, phone, wa_id, bsuid, username, name, linked_to FROM person
    WHERE phone IN ($1, $2) OR wa_id IN ($1, $2)
    ORDER BY CASE WHEN phone = $1 OR wa_id = $1 THEN 0 ELSE 1 END, id LIMIT 1";

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

const CREATE: &str = "INSERT INTO person (phone, wa_id, bsuid, username, name, linked_to, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id";

const FILL: &str = "UPDATE person SET wa_id = COALESCE(wa_id, $2), bsuid = COALESCE(bsuid, $3),
    username = COALESCE($4, username), name = COALESCE(name, $5) WHERE id = $1";

const LINK: &str = "UPDATE person SET linked_to = $2 WHERE (id = $1 OR linked_to = $1) AND id <> $2";

const FAMILY: &str = "SELECT id FROM person WHERE id = $1 OR linked_to = $1 ORDER BY id";

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
    if let Some(bsuid) = &identity.bsuid {
        let found: Option<Known> = on_tx!(tx, |c| sqlx::query_as(BY_BSUID).bind(bsuid).fetch_optional(c).await?);
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(wa_id) = &identity.wa_id else { return Ok(None) };
    let other = other_notation(wa_id);
    Ok(on_tx!(tx, |c| sqlx::query_as(BY_NUMBER).bind(wa_id).bind(&other).fetch_optional(c).await?))
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
    if let Some(known) = find(tx, identity).await? {
        learn(tx, known.id, identity, at).await?;
        return row(tx, known.id).await;
    }
    let phone = identity.wa_id.as_deref().filter(|digits| Phone::from_international(digits).is_some());
    let id = match create(tx, identity, phone, None, at).await? {
        Some(id) => {
            let ids = [&identity.wa_id, &identity.bsuid].into_iter().flatten().map(|known| (id, known.as_str()));
            super::erased::recall(tx, &ids.collect::<Vec<_>>(), at).await?;
            id
        }
        // Another node met them at the same moment.
        None => find(tx, identity).await?.ok_or(StoreError::Corrupt { what: "person" })?.id,
    };
    row(tx, id).await
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

async fn create(
    tx: &mut Tx,
    identity: &Identity,
    phone: Option<&str>,
    linked_to: Option<PersonId>,
    at: UnixMs,
) -> Result<Option<PersonId>> {
    Ok(on_tx!(tx, |c| sqlx::query_scalar(CREATE)
        .bind(phone)
        .bind(&identity.wa_id)
        .bind(&identity.bsuid)
        .bind(&identity.username)
        .bind(&identity.name)
        .bind(linked_to)
        .bind(at)
        .fetch_optional(c)
        .await?))
}

/// Adds what `identity` tells about `person`. An id that differs from the one known is kept in a row of its own that is
/// linked; an id that another row has makes the two one person.
pub async fn learn(tx: &mut Tx, person: PersonId, identity: &Identity, at: UnixMs) -> Result<()> {
    let known = row(tx, person).await?;
    let told = Identity {
        wa_id: identity.wa_id.clone().filter(|id| known.wa_id.as_ref() != Some(id)),
        bsuid: identity.bsuid.clone().filter(|id| known.bsuid.as_ref() != Some(id)),
        name: identity.name.clone().filter(|_| known.name.is_none()),
        username: identity.username.clone().filter(|name| known.username.as_ref() != Some(name)),
    };
    if told == Identity::default() {
        return Ok(());
    }
    let mut fill = told.clone();
    for other in others(tx, &known, &told).await? {
        link(tx, known.root(), other.root()).await?;
        fill.bsuid = fill.bsuid.filter(|id| other.bsuid.as_ref() != Some(id));
    }
    // One row holds one id of each sort: a second one gets a row beside it, where the next webhook finds it.
    let second = Identity {
        wa_id: fill.wa_id.take_if(|_| known.wa_id.is_some()),
        bsuid: fill.bsuid.take_if(|_| known.bsuid.is_some()),
        ..Identity::default()
    };
    on_tx!(tx, |c| sqlx::query(FILL)
        .bind(person)
        .bind(&fill.wa_id)
        .bind(&fill.bsuid)
        .bind(&fill.username)
        .bind(&fill.name)
        .execute(c)
        .await
        .map(|_| ()))?;
    if second != Identity::default() && find(tx, &second).await?.is_none() {
        let root = row(tx, person).await?.root();
        create(tx, &second, None, Some(root), at).await?;
    }
    Ok(())
}

/// Rows other than `known` that already have the business-scoped user id told.
async fn others(tx: &mut Tx, known: &Known, told: &Identity) -> Result<Vec<Known>> {
    let Some(bsuid) = &told.bsuid else { return Ok(Vec::new()) };
    let found: Option<Known> = on_tx!(tx, |c| sqlx::query_as(BY_BSUID).bind(bsuid).fetch_optional(c).await?);
    Ok(found.into_iter().filter(|other| other.id != known.id).collect())
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
    Ok(on_tx!(tx, |c| sqlx::query_scalar(FAMILY).bind(root).fetch_all(c).await?))
}
