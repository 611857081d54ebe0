//! People. Every identity is kept, none overwritten; two rows found to be one person are linked, never merged.

pub mod dossier;
pub mod erasure;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Dialects, Result, Store, StoreError, Tx, erased, on, on_tx};
use crate::domain::id::PersonId;
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;

mod variants;

const INSERT: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO person (phone, name, created_at)
        SELECT r.value ->> 'phone', NULLIF(r.value ->> 'name', ''), CAST(r.value ->> 'created_at' AS INTEGER)
        FROM r WHERE TRUE ON CONFLICT (phone) DO NOTHING",
    postgres: "INSERT INTO person (phone, name, created_at)
        SELECT r.phone, NULLIF(r.name, ''), r.created_at
        FROM json_to_recordset($1::json) AS r (phone text, name text, created_at bigint)
        ON CONFLICT (phone) DO NOTHING",
};
const BY_PHONE: Dialects = Dialects {
    sqlite: "SELECT id, phone FROM person WHERE phone IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT id, phone FROM person WHERE phone IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))",
};
/// An id that is the number itself tells nothing: most people are never written to. Answers and receipts teach at the
/// same time: both lock people in the order of their ids.
const LEARN: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE person SET wa_id = COALESCE(person.wa_id, NULLIF(r.value ->> 'wa_id', person.phone)),
            bsuid = COALESCE(person.bsuid, CASE WHEN EXISTS (SELECT 1 FROM person AS o WHERE o.bsuid = r.value ->> 'bsuid')
                THEN NULL ELSE r.value ->> 'bsuid' END)
        FROM r WHERE person.id = CAST(r.value ->> 'id' AS INTEGER)
            AND ((person.wa_id IS NULL AND r.value ->> 'wa_id' <> COALESCE(person.phone, ''))
                OR (person.bsuid IS NULL AND r.value ->> 'bsuid' IS NOT NULL))",
    postgres: "UPDATE person SET wa_id = COALESCE(person.wa_id, NULLIF(r.wa_id, person.phone)),
            bsuid = COALESCE(person.bsuid, CASE WHEN EXISTS (SELECT 1 FROM person AS o WHERE o.bsuid = r.bsuid)
                THEN NULL ELSE r.bsuid END)
        FROM (SELECT t.id, t.wa_id, t.bsuid FROM json_to_recordset($1::json) AS t (id bigint, wa_id text, bsuid text)
                JOIN person AS p ON p.id = t.id ORDER BY p.id FOR UPDATE OF p) AS r
        WHERE person.id = r.id AND ((person.wa_id IS NULL AND r.wa_id <> COALESCE(person.phone, ''))
                OR (person.bsuid IS NULL AND r.bsuid IS NOT NULL))",
};
const IN_CONVERSATION: Dialects = Dialects {
    sqlite: "SELECT a.id FROM person AS a WHERE a.id IN (SELECT r.value FROM json_each($1) AS r)
            AND (EXISTS (SELECT 1 FROM conversation AS c WHERE c.state = 'open' AND c.person_id = COALESCE(a.linked_to, a.id))
                OR EXISTS (SELECT 1 FROM person AS q JOIN conversation AS c ON c.person_id = q.id AND c.state = 'open'
                    WHERE q.linked_to = COALESCE(a.linked_to, a.id)))",
    postgres: "SELECT a.id FROM person AS a WHERE a.id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
            AND (EXISTS (SELECT 1 FROM conversation AS c WHERE c.state = 'open' AND c.person_id = COALESCE(a.linked_to, a.id))
                OR EXISTS (SELECT 1 FROM person AS q JOIN conversation AS c ON c.person_id = q.id AND c.state = 'open'
                    WHERE q.linked_to = COALESCE(a.linked_to, a.id)))",
};

const REACHED_AT: &str =
    "SELECT COALESCE(wa_id, phone, bsuid) AS digits, COALESCE(name, '') AS name FROM person WHERE id = $1";

const NAMES: Dialects = Dialects {
    sqlite: "SELECT phone, name FROM person WHERE phone IN (SELECT r.value FROM json_each($1) AS r) AND name <> '' ORDER BY id DESC",
    postgres: "SELECT phone, name FROM person
        WHERE phone IN (SELECT r.value FROM json_array_elements_text($1::json) AS r (value)) AND name <> '' ORDER BY id DESC",
};
const IS_ANY_NAMED: &str =
    "SELECT COUNT(*) FROM (SELECT id FROM person WHERE phone IS NOT NULL AND name <> '' LIMIT 1) AS p";
const NAME: &str = "SELECT name FROM person WHERE phone = $1 OR wa_id = $1 ORDER BY id LIMIT 1";

#[derive(Serialize)]
struct NewPerson<'a> {
    phone: &'a str,
    name: &'a str,
    created_at: UnixMs,
}

/// What an answer tells about who a person is at the provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Learned {
    /// Who.
    pub id: PersonId,
    /// WhatsApp id, if told.
    pub wa_id: Option<String>,
    /// Business-scoped user id, if told.
    pub bsuid: Option<String>,
}

/// The person of each number, created where it is new, in the order given. A name fills an empty one only. Whoever is known
/// under another way of writing the number is linked.
pub async fn ensure(tx: &mut Tx, people: &[(Phone, String)], at: UnixMs) -> Result<Vec<PersonId>> {
    // Ordered by number: two planners that insert overlapping sets then cannot wait for each other.
    let by_phone: BTreeMap<&str, &str> = people.iter().map(|(phone, name)| (phone.digits(), name.as_str())).collect();
    let new: Vec<NewPerson<'_>> =
        by_phone.iter().map(|(phone, name)| NewPerson { phone, name, created_at: at }).collect();
    let phones: Vec<&str> = by_phone.keys().copied().collect();
    let (new, phones) = (super::json(&new), super::json(&phones));
    let (insert, select) = (INSERT.of_tx(tx), BY_PHONE.of_tx(tx));
    on_tx!(tx, |conn| sqlx::query(insert).bind(&new).execute(conn).await.map(drop))?;
    let found: Vec<(PersonId, String)> = on_tx!(tx, |conn| sqlx::query_as(select).bind(&phones).fetch_all(conn).await)?;
    let known: Vec<(PersonId, &str)> = found.iter().map(|(id, phone)| (*id, phone.as_str())).collect();
    erased::recall(tx, &known, at).await?;
    let ids: BTreeMap<String, PersonId> = found.into_iter().map(|(id, phone)| (phone, id)).collect();
    let id_of = |(phone, _): &(Phone, String)| ids.get(phone.digits()).copied();
    let all: Result<Vec<PersonId>> =
        people.iter().map(|p| id_of(p).ok_or(StoreError::Corrupt { what: "person.phone" })).collect();
    let all = all?;
    let written: Vec<(&Phone, PersonId)> = people.iter().map(|(phone, _)| phone).zip(all.iter().copied()).collect();
    variants::link(tx, &written).await?;
    Ok(all)
}

/// Keeps what answers told; what is known already is not overwritten, and an id that another person has is left there.
pub async fn learn(tx: &mut Tx, learned: &[Learned]) -> Result<()> {
    if learned.is_empty() {
        return Ok(());
    }
    let (sql, rows) = (LEARN.of_tx(tx), super::json(&learned));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&rows).execute(conn).await.map(drop))?;
    Ok(())
}

/// Those of `people` who, as they are or as somebody they are linked to, have an open conversation with us on any sender.
pub async fn in_conversation(store: &Store, people: &[PersonId]) -> Result<BTreeSet<PersonId>> {
    if people.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (sql, ids) = (IN_CONVERSATION.of(&store.read), super::json(&people));
    let found: Vec<PersonId> = on!(&store.read, |pool| sqlx::query_scalar(sql).bind(&ids).fetch_all(pool).await)?;
    Ok(found.into_iter().collect())
}

/// The number a person is written to, or the business-scoped user id of one who shows none, and their name (perhaps
/// empty); `None`: they were erased.
pub async fn reached_at(tx: &mut Tx, id: PersonId) -> Result<Option<(String, String)>> {
    let row: Option<(Option<String>, String)> =
        on_tx!(tx, |conn| sqlx::query_as(REACHED_AT).bind(id).fetch_optional(conn).await)?;
    Ok(row.and_then(|(digits, name)| Some((digits?, name))))
}

/// Whether anybody is known by a name and a number.
pub async fn is_anybody_named(store: &Store) -> Result<bool> {
    let any: i64 = on!(&store.read, |pool| sqlx::query_scalar(IS_ANY_NAMED).fetch_one(pool).await)?;
    Ok(any > 0)
}

/// The names of those with these numbers who are known by one, by their number's digits: of several people of one number that
/// of the first, as [`name_of`] has it.
pub async fn names_of(store: &Store, phones: &[Phone]) -> Result<BTreeMap<String, String>> {
    let (sql, phones) = (NAMES.of(&store.read), super::json(&phones));
    let all: Vec<(String, String)> = on!(&store.read, |pool| sqlx::query_as(sql).bind(&phones).fetch_all(pool).await)?;
    Ok(all.into_iter().filter(|(_, name)| !name.trim().is_empty()).collect())
}

/// The name of the person with a number, where one is known.
pub async fn name_of(store: &Store, phone: &Phone) -> Result<Option<String>> {
    let name: Option<Option<String>> =
        on!(&store.read, |pool| sqlx::query_scalar(NAME).bind(phone.digits()).fetch_optional(pool).await)?;
    Ok(name.flatten().filter(|name| !name.trim().is_empty()))
}
