//! What the house itself says of people: their name, their number in its own system, a note.

use serde::Serialize;
use sqlx::FromRow;

use super::conversation::ConversationState;
use super::{Db, Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::id::{ConversationId, PersonId};
use crate::domain::time::UnixMs;

mod alike;
mod wanted;

pub use alike::{kept, phones, shared};
pub use wanted::Wanted;
use wanted::Way;

/// What a provider tells later fills empty names only, so this one stays.
const NAME: &str = "UPDATE person SET name = $2 WHERE id = $1";

/// What is left out stays as the last word on anybody who is this person.
const SET: &str = "INSERT INTO client (person_id, reference, note, changed_at, changed_by)
    SELECT p.id, COALESCE($2, k.reference, ''), COALESCE($3, k.note, ''), $4, $5
    FROM person AS p LEFT JOIN client AS k ON k.person_id = (SELECT c.person_id FROM client AS c
        JOIN person AS i ON i.id = c.person_id WHERE i.id = p.id OR i.linked_to = p.id ORDER BY c.changed_at DESC, c.person_id
        LIMIT 1)
    WHERE p.id = $1
    ON CONFLICT (person_id) DO UPDATE SET reference = excluded.reference, note = excluded.note,
        changed_at = excluded.changed_at, changed_by = excluded.changed_by";

/// An empty cell says nothing.
const NAMES: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE person SET name = r.value ->> 'name' FROM r
        WHERE person.id = CAST(r.value ->> 'id' AS INTEGER) AND r.value ->> 'name' <> ''",
    postgres: "UPDATE person SET name = r.name
        FROM (SELECT t.id, t.name FROM json_to_recordset($1::json) AS t (id bigint, name text)
                JOIN person AS p ON p.id = t.id WHERE t.name <> '' ORDER BY p.id FOR UPDATE OF p) AS r
        WHERE person.id = r.id",
};
const REFERENCES: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO client (person_id, reference, note, changed_at, changed_by)
        SELECT CAST(r.value ->> 'id' AS INTEGER), r.value ->> 'reference', '', $2, $3 FROM r
        WHERE r.value ->> 'reference' <> ''
        ON CONFLICT (person_id) DO UPDATE SET reference = excluded.reference, changed_at = excluded.changed_at,
            changed_by = excluded.changed_by",
    postgres: "INSERT INTO client (person_id, reference, note, changed_at, changed_by)
        SELECT r.id, r.reference, '', $2, $3 FROM json_to_recordset($1::json) AS r (id bigint, reference text)
        WHERE r.reference <> ''
        ON CONFLICT (person_id) DO UPDATE SET reference = excluded.reference, changed_at = excluded.changed_at,
            changed_by = excluded.changed_by",
};

const OF: &str = "SELECT reference, note, changed_at, changed_by FROM client
    WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
    ORDER BY changed_at DESC, person_id LIMIT 1";

/// Each of the words must be in the name or the reference, whatever its case and accents; or the number is one of those.
const FIND: Dialects = Dialects {
    sqlite: "SELECT x.id, x.name, COALESCE(x.phone, x.wa_id) AS phone, x.reference
        FROM (SELECT p.id, COALESCE(p.name, '') AS name, p.phone, p.wa_id, COALESCE(c.reference, '') AS reference,
                COALESCE(p.name, '') || ' ' || COALESCE(c.reference, '') AS words
            FROM person AS p LEFT JOIN client AS c ON c.person_id = p.id
            WHERE p.linked_to IS NULL AND (p.phone IS NOT NULL OR p.wa_id IS NOT NULL OR p.bsuid IS NOT NULL)) AS x
        WHERE x.id < $6 AND ((x.words GLOB $1 AND x.words GLOB $2 AND x.words GLOB $3 AND x.words GLOB $4)
            OR EXISTS (SELECT 1 FROM json_each($5) AS d WHERE x.phone LIKE d.value OR x.wa_id LIKE d.value))
        ORDER BY x.id DESC LIMIT $7",
    postgres: "SELECT x.id, x.name, COALESCE(x.phone, x.wa_id) AS phone, x.reference
        FROM (SELECT p.id, COALESCE(p.name, '') AS name, p.phone, p.wa_id, COALESCE(c.reference, '') AS reference,
                COALESCE(p.name, '') || ' ' || COALESCE(c.reference, '') AS words
            FROM person AS p LEFT JOIN client AS c ON c.person_id = p.id
            WHERE p.linked_to IS NULL AND (p.phone IS NOT NULL OR p.wa_id IS NOT NULL OR p.bsuid IS NOT NULL)) AS x
        WHERE x.id < $6 AND ((x.words ~ $1 AND x.words ~ $2 AND x.words ~ $3 AND x.words ~ $4)
            OR EXISTS (SELECT 1 FROM json_array_elements_text($5::json) AS d (value)
                WHERE x.phone LIKE d.value OR x.wa_id LIKE d.value))
        ORDER BY x.id DESC LIMIT $7",
};

const CONVERSATIONS: &str =
    "SELECT c.id, c.sender, c.state, k.title AS campaign, u.name AS assignee, c.opened_at, c.last_at,
        c.closed_at
    FROM conversation AS c LEFT JOIN campaign AS k ON k.id = c.campaign_id LEFT JOIN app_user AS u ON u.id = c.assignee
    WHERE c.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
    ORDER BY c.id DESC LIMIT $2";

/// Words of a search; more narrow nothing.
const MOST_WORDS: usize = 4;

/// What the house says of a person beside the name.
#[derive(Clone, PartialEq, Eq, Debug, Default, FromRow, Serialize, utoipa::ToSchema)]
pub struct Client {
    /// Their number in the house's own system, or empty.
    pub reference: String,
    /// A note, or empty.
    pub note: String,
    /// When that was last changed.
    pub changed_at: UnixMs,
    /// By whom.
    pub changed_by: String,
}

/// What is to be said of a person from now on; what is `None` stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ClientChange<'a> {
    /// Their name.
    pub name: Option<&'a str>,
    /// Their number in the house's own system.
    pub reference: Option<&'a str>,
    /// A note.
    pub note: Option<&'a str>,
}

/// A person of a list.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Found {
    /// The row that stands for them.
    pub id: PersonId,
    /// Their name, or empty.
    pub name: String,
    /// Their number, digits, if known.
    pub phone: Option<String>,
    /// Their number in the house's own system, or empty.
    pub reference: String,
}

/// A conversation of a person.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Talk {
    /// Its number.
    pub id: ConversationId,
    /// With which sender.
    pub sender: String,
    /// Open or closed.
    pub state: ConversationState,
    /// Title of the campaign that it came of.
    pub campaign: Option<String>,
    /// Who has or had it.
    pub assignee: Option<String>,
    /// When it was opened.
    pub opened_at: UnixMs,
    /// When something was last written.
    pub last_at: UnixMs,
    /// When it was closed.
    pub closed_at: Option<UnixMs>,
}

/// What a file says of one person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Said {
    /// Who.
    pub id: PersonId,
    /// The name; empty: the file says none.
    pub name: String,
    /// The house's own number; empty: the file says none.
    pub reference: String,
}

/// Keeps what a person of ours says of the person for whom `root` stands.
pub async fn set(tx: &mut Tx, root: PersonId, said: &ClientChange<'_>, (by, at): (&str, UnixMs)) -> Result<()> {
    if let Some(name) = said.name {
        on_tx!(tx, |conn| sqlx::query(NAME).bind(root).bind(name).execute(conn).await.map(drop))?;
    }
    on_tx!(tx, |conn| sqlx::query(SET)
        .bind(root)
        .bind(said.reference)
        .bind(said.note)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// Keeps what a file says; people are named once.
pub async fn set_all(tx: &mut Tx, said: &[Said], at: UnixMs, by: &str) -> Result<()> {
    let (names, references, rows) = (NAMES.of_tx(tx), REFERENCES.of_tx(tx), json(said));
    on_tx!(tx, |conn| sqlx::query(names).bind(&rows).execute(conn).await.map(drop))?;
    on_tx!(tx, |conn| sqlx::query(references).bind(&rows).bind(at).bind(by).execute(conn).await.map(drop))?;
    Ok(())
}

/// What the house says of the person for whom `root` stands.
pub async fn of(store: &Store, root: PersonId) -> Result<Client> {
    let found: Option<Client> = on!(&store.read, |pool| sqlx::query_as(OF).bind(root).fetch_optional(pool).await)?;
    Ok(found.unwrap_or_default())
}

/// People by name, number or reference, the latest known first.
pub async fn find(store: &Store, wanted: &Wanted, before: Option<PersonId>, limit: i64) -> Result<Vec<Found>> {
    let way = if matches!(store.read, Db::Sqlite(_)) { Way::Glob } else { Way::Expression };
    let [one, two, three, four] = wanted.patterns(way);
    let numbers: Vec<String> = wanted.numbers.iter().map(|digits| format!("%{digits}%")).collect();
    let (sql, numbers, before) = (FIND.of(&store.read), json(&numbers), before.map_or(i64::MAX, |id| id.0));
    Ok(on!(&store.read, |pool| sqlx::query_as(sql)
        .bind(&one)
        .bind(&two)
        .bind(&three)
        .bind(&four)
        .bind(&numbers)
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await?))
}

/// Conversations of the person for whom `root` stands, the latest first.
pub async fn conversations(store: &Store, root: PersonId, limit: i64) -> Result<Vec<Talk>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(CONVERSATIONS).bind(root).bind(limit).fetch_all(pool).await?))
}
