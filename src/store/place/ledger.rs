//! The rows of the ledger: taken by the claim, kept and freed as messages go on.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::FromRow;

use super::{is_limited, lock};
use crate::domain::id::{MessageId, PersonId, RunId};
use crate::domain::money::Micros;
use crate::domain::tier::{KEPT, OPEN};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, Tx, json, on, on_tx};

/// Of each message: the row that stands for its person, and what sending it takes. 0: no place (a free text, or the
/// person's window is open for as long as the request may take); 1: the person holds one already; 2: a new one.
const NEEDS: Dialects = Dialects {
    sqlite: "SELECT m.id, COALESCE(p.linked_to, p.id) AS person_id, CASE
            WHEN m.category = 'service' THEN 0
            WHEN EXISTS (SELECT 1 FROM conversation AS c
                WHERE c.person_id = COALESCE(p.linked_to, p.id) AND c.sender = m.sender AND c.window_until > $4) THEN 0
            WHEN EXISTS (SELECT 1 FROM place AS q
                WHERE q.portfolio = $2 AND q.person_id = COALESCE(p.linked_to, p.id) AND q.until_at > $3) THEN 1
            ELSE 2 END AS need
        FROM message AS m JOIN person AS p ON p.id = m.person_id
        WHERE m.id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT m.id, COALESCE(p.linked_to, p.id) AS person_id, CAST(CASE
            WHEN m.category = 'service' THEN 0
            WHEN EXISTS (SELECT 1 FROM conversation AS c
                WHERE c.person_id = COALESCE(p.linked_to, p.id) AND c.sender = m.sender AND c.window_until > $4) THEN 0
            WHEN EXISTS (SELECT 1 FROM place AS q
                WHERE q.portfolio = $2 AND q.person_id = COALESCE(p.linked_to, p.id) AND q.until_at > $3) THEN 1
            ELSE 2 END AS BIGINT) AS need
        FROM message AS m JOIN person AS p ON p.id = m.person_id
        WHERE m.id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};
const TAKE: Dialects = Dialects {
    sqlite: "INSERT INTO place (message_id, foreign_id, portfolio, person_id, until_at)
        SELECT r.value ->> 'message', '', $2, r.value ->> 'person', $3 FROM json_each($1) AS r WHERE TRUE
        ON CONFLICT (message_id, foreign_id) DO UPDATE SET portfolio = excluded.portfolio,
            person_id = excluded.person_id, until_at = excluded.until_at",
    postgres: "INSERT INTO place (message_id, foreign_id, portfolio, person_id, until_at)
        SELECT r.message, '', $2, r.person, $3 FROM json_to_recordset($1::json) AS r (message bigint, person bigint)
        ON CONFLICT (message_id, foreign_id) DO UPDATE SET portfolio = excluded.portfolio,
            person_id = excluded.person_id, until_at = excluded.until_at",
};
const MORE: &str = "UPDATE portfolio SET taken = taken + $2 WHERE name = $1";
const HOLDERS: &str = "SELECT DISTINCT person_id FROM place WHERE portfolio = $1 AND until_at > $2 AND person_id > $3
    ORDER BY person_id LIMIT $4";
/// Queued messages of these people, found by the people: the queue may hold a million others. The conditions on sender
/// and run are written so that no index on them is chosen.
const OF_PEOPLE: Dialects = Dialects {
    sqlite: "SELECT m.id, m.run_id, m.market, m.estimated FROM message AS m
        WHERE m.person_id IN (SELECT p.id FROM person AS p WHERE p.id IN (SELECT r.value FROM json_each($1) AS r)
                UNION ALL SELECT p.id FROM person AS p WHERE p.linked_to IN (SELECT r.value FROM json_each($1) AS r))
            AND m.state = 'queued' AND +m.sender = $2 AND m.due_at <= $3
            AND +m.run_id IN (SELECT r.value FROM json_each($4) AS r)
        ORDER BY m.priority, m.due_at, m.id LIMIT $5",
    postgres: "SELECT m.id, m.run_id, m.market, m.estimated FROM message AS m
        WHERE m.person_id IN (
                SELECT p.id FROM person AS p
                WHERE p.id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
                UNION ALL SELECT p.id FROM person AS p
                WHERE p.linked_to IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value)))
            AND m.state = 'queued' AND m.sender || '' = $2 AND m.due_at <= $3
            AND m.run_id + 0 IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($4::json) AS r (value))
        ORDER BY m.priority, m.due_at, m.id LIMIT $5 FOR UPDATE OF m SKIP LOCKED",
};
const LIVE: Dialects = Dialects {
    sqlite: "SELECT message_id FROM place WHERE foreign_id = '' AND until_at > $2
        AND message_id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT message_id FROM place WHERE foreign_id = '' AND until_at > $2
        AND message_id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};
/// Until when each message keeps its place; 0: it keeps none. One that may still leave or be with the provider for review
/// keeps it without end; one that a person left in doubt, for as long as if it had been accepted when it was left. `$2`
/// is how long a place is kept, `$3` without end. A message that took none is not looked at again, unless it turns out
/// now to have reached somebody outside their window: then it takes one, above the limit if need be.
const REFRESH: Dialects = Dialects {
    sqlite: "INSERT INTO place (message_id, foreign_id, portfolio, person_id, until_at)
        SELECT m.id, '', f.name, COALESCE(p.linked_to, p.id), CASE
            WHEN m.state IN ('claimed', 'in_doubt', 'in_review') THEN $3
            WHEN m.state IN ('accepted', 'sent', 'undelivered') THEN COALESCE(m.accepted_at, m.sent_at, m.claimed_at) + $2
            WHEN m.state IN ('delivered', 'read') AND COALESCE(m.delivered_at, m.read_at) > COALESCE(m.accepted_at, m.claimed_at)
                THEN COALESCE(m.delivered_at, m.read_at) + $2
            WHEN m.state IN ('delivered', 'read') THEN COALESCE(m.accepted_at, m.claimed_at) + $2
            WHEN m.state = 'cancelled' AND m.end_reason = 'in_doubt' THEN m.ended_at + $2
            ELSE 0 END
        FROM message AS m JOIN person AS p ON p.id = m.person_id
            JOIN portfolio_account AS a ON a.account = m.account JOIN portfolio AS f ON f.name = a.portfolio
        WHERE m.id IN (SELECT r.value FROM json_each($1) AS r) AND f.people IS NOT NULL
            AND (EXISTS (SELECT 1 FROM place AS q WHERE q.message_id = m.id AND q.foreign_id = '')
                OR (m.category <> 'service' AND m.claimed_at IS NOT NULL
                    AND m.state IN ('claimed', 'in_doubt', 'in_review', 'accepted', 'sent', 'delivered', 'read')
                    AND NOT EXISTS (SELECT 1 FROM conversation AS c JOIN entry AS e ON e.conversation_id = c.id
                        WHERE c.person_id = COALESCE(p.linked_to, p.id) AND c.sender = m.sender AND e.direction = 'in'
                            AND e.at <= m.claimed_at AND e.at > m.claimed_at - 86400000)))
        ON CONFLICT (message_id, foreign_id) DO UPDATE SET until_at = excluded.until_at, person_id = excluded.person_id
        RETURNING message_id, portfolio, until_at",
    postgres: "INSERT INTO place (message_id, foreign_id, portfolio, person_id, until_at)
        SELECT m.id, '', f.name, COALESCE(p.linked_to, p.id), CASE
            WHEN m.state IN ('claimed', 'in_doubt', 'in_review') THEN $3
            WHEN m.state IN ('accepted', 'sent', 'undelivered') THEN COALESCE(m.accepted_at, m.sent_at, m.claimed_at) + $2
            WHEN m.state IN ('delivered', 'read') AND COALESCE(m.delivered_at, m.read_at) > COALESCE(m.accepted_at, m.claimed_at)
                THEN COALESCE(m.delivered_at, m.read_at) + $2
            WHEN m.state IN ('delivered', 'read') THEN COALESCE(m.accepted_at, m.claimed_at) + $2
            WHEN m.state = 'cancelled' AND m.end_reason = 'in_doubt' THEN m.ended_at + $2
            ELSE 0 END
        FROM message AS m JOIN person AS p ON p.id = m.person_id
            JOIN portfolio_account AS a ON a.account = m.account JOIN portfolio AS f ON f.name = a.portfolio
        WHERE m.id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))
            AND f.people IS NOT NULL
            AND (EXISTS (SELECT 1 FROM place AS q WHERE q.message_id = m.id AND q.foreign_id = '')
                OR (m.category <> 'service' AND m.claimed_at IS NOT NULL
                    AND m.state IN ('claimed', 'in_doubt', 'in_review', 'accepted', 'sent', 'delivered', 'read')
                    AND NOT EXISTS (SELECT 1 FROM conversation AS c JOIN entry AS e ON e.conversation_id = c.id
                        WHERE c.person_id = COALESCE(p.linked_to, p.id) AND c.sender = m.sender AND e.direction = 'in'
                            AND e.at <= m.claimed_at AND e.at > m.claimed_at - 86400000)))
        ON CONFLICT (message_id, foreign_id) DO UPDATE SET until_at = excluded.until_at, person_id = excluded.person_id
        RETURNING message_id, portfolio, until_at",
};
/// Messages that hold a place at `$4` or may, by their ids from `$1` to `$2`.
const HOLDING: &str = "SELECT m.id FROM message AS m JOIN portfolio_account AS a ON a.account = m.account
    WHERE a.portfolio = $3 AND m.id > $1 AND m.id <= $2 AND m.claimed_at IS NOT NULL AND m.category <> 'service'
        AND (m.state IN ('claimed', 'in_doubt', 'in_review') OR m.accepted_at > $4 OR m.sent_at > $4
            OR m.delivered_at > $4 OR m.read_at > $4 OR m.claimed_at > $4 OR m.ended_at > $4)";
const LAST: &str = "SELECT COALESCE(MAX(id), 0) FROM message";
const READY: &str = "UPDATE portfolio SET ready_at = $2, counts = counts + 1, taken = (
        SELECT COUNT(DISTINCT q.person_id) FROM place AS q WHERE q.portfolio = $1 AND q.until_at > $2)
    WHERE name = $1";
const FOREIGN: &str = "INSERT INTO place (message_id, foreign_id, portfolio, person_id, until_at)
    VALUES (0, $1, $2, $3, $4)
    ON CONFLICT (message_id, foreign_id) DO UPDATE SET until_at = excluded.until_at";
const FOREIGN_UNTIL: &str = "SELECT until_at FROM place WHERE message_id = 0 AND foreign_id = $1";
const GONE: &str = "DELETE FROM place WHERE (message_id, foreign_id) IN (
        SELECT q.message_id, q.foreign_id FROM place AS q WHERE q.until_at <= $1 ORDER BY q.until_at LIMIT 1000)";
const UNLIMITED: &str = "DELETE FROM place WHERE (message_id, foreign_id) IN (
        SELECT q.message_id, q.foreign_id FROM portfolio AS f JOIN place AS q ON q.portfolio = f.name
        WHERE f.people IS NULL LIMIT 1000)";

/// People looked at in one step while the limit is reached.
const STEP: i64 = 1_000;
/// Messages looked at in one step of a rebuild.
const STRIDE: i64 = 5_000;

/// What sending a message takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromRow)]
pub(in crate::store) struct Need {
    /// The message.
    pub id: MessageId,
    /// The row that stands for its person.
    pub person_id: PersonId,
    #[sqlx(rename = "need")]
    takes: i64,
}

impl Need {
    /// Whether it takes a place at all.
    pub const fn counts(&self) -> bool {
        self.takes > 0
    }

    /// Whether it takes a place that its person does not hold yet.
    pub const fn is_new(&self) -> bool {
        self.takes == 2
    }
}

/// What sending each of these messages takes at `now`; a window counts as open when it is until `doubt_at`.
pub(in crate::store) async fn needs(
    tx: &mut Tx,
    portfolio: &str,
    ids: &[MessageId],
    (now, doubt_at): (UnixMs, UnixMs),
) -> Result<BTreeMap<MessageId, Need>> {
    let (sql, ids) = (NEEDS.of_tx(tx), json(ids));
    let found: Vec<Need> = on_tx!(tx, |conn| sqlx::query_as(sql)
        .bind(&ids)
        .bind(portfolio)
        .bind(now)
        .bind(doubt_at)
        .fetch_all(conn)
        .await)?;
    Ok(found.into_iter().map(|need| (need.id, need)).collect())
}

#[derive(Serialize)]
struct Takes {
    message: MessageId,
    person: PersonId,
}

/// Takes a place for each of these messages, `new` of them for people who held none.
pub(in crate::store) async fn take(tx: &mut Tx, portfolio: &str, takes: &[Need], new: i64) -> Result<()> {
    if takes.is_empty() {
        return Ok(());
    }
    let rows: Vec<Takes> = takes.iter().map(|n| Takes { message: n.id, person: n.person_id }).collect();
    let (sql, rows) = (TAKE.of_tx(tx), json(&rows));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&rows).bind(portfolio).bind(OPEN).execute(conn).await.map(drop))?;
    more(tx, portfolio, new).await
}

/// The claim goes by so many people more.
async fn more(tx: &mut Tx, portfolio: &str, people: i64) -> Result<()> {
    if people > 0 {
        on_tx!(tx, |conn| sqlx::query(MORE).bind(portfolio).bind(people).execute(conn).await.map(drop))?;
    }
    Ok(())
}

/// A due message, as far as picking it asks.
#[derive(Clone, Debug, FromRow)]
pub(in crate::store) struct Due {
    pub id: MessageId,
    pub run_id: RunId,
    pub market: String,
    pub estimated: Micros,
}

/// Whose queued messages to look for.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Reached<'a> {
    pub portfolio: &'a str,
    pub sender: &'a str,
    pub runs: &'a [RunId],
    pub now: UnixMs,
    pub limit: usize,
}

/// Due messages of people who hold a place, one step of people after the person `after`; and where the next step begins.
pub(in crate::store) async fn reached(tx: &mut Tx, of: Reached<'_>, after: PersonId) -> Result<(Vec<Due>, PersonId)> {
    let people: Vec<PersonId> = on_tx!(tx, |conn| sqlx::query_scalar(HOLDERS)
        .bind(of.portfolio)
        .bind(of.now)
        .bind(after)
        .bind(STEP)
        .fetch_all(conn)
        .await)?;
    let whole = people.len() as i64 == STEP;
    let next = people.last().copied().filter(|_| whole).unwrap_or_default();
    let (sql, people, runs) = (OF_PEOPLE.of_tx(tx), json(&people), json(of.runs));
    let found = on_tx!(tx, |conn| sqlx::query_as(sql)
        .bind(&people)
        .bind(of.sender)
        .bind(of.now)
        .bind(&runs)
        .bind(of.limit as i64)
        .fetch_all(conn)
        .await)?;
    Ok((found, next))
}

/// The state of these messages has changed in this unit of work: their places follow it. Costs nothing while no portfolio
/// is limited.
pub async fn refresh(store: &Store, tx: &mut Tx, ids: &[MessageId], now: UnixMs) -> Result<()> {
    if ids.is_empty() || !is_limited(store) {
        return Ok(());
    }
    let ids = json(ids);
    let (live, refresh) = (LIVE.of_tx(tx), REFRESH.of_tx(tx));
    let live: Vec<MessageId> = on_tx!(tx, |conn| sqlx::query_scalar(live).bind(&ids).bind(now).fetch_all(conn).await)?;
    let live: BTreeSet<MessageId> = live.into_iter().collect();
    let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    let after: Vec<(MessageId, String, UnixMs)> =
        on_tx!(tx, |conn| sqlx::query_as(refresh).bind(&ids).bind(kept).bind(OPEN).fetch_all(conn).await)?;
    let mut again: BTreeMap<String, i64> = BTreeMap::new();
    for (id, portfolio, until) in after {
        if until > now && !live.contains(&id) {
            *again.entry(portfolio).or_default() += 1;
        }
    }
    for (portfolio, people) in again {
        more(tx, &portfolio, people).await?;
    }
    Ok(())
}

/// A message of another installation on the same portfolio.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// The provider's id of it.
    pub id: String,
    /// Name of the portfolio.
    pub portfolio: String,
    /// The row that stands for its person.
    pub person: PersonId,
    /// Until when it takes a place: [`UnixMs`] 0 for one that failed.
    pub until: UnixMs,
}

/// Another installation's message takes a place, keeps it longer, or lets it go.
pub async fn foreign(tx: &mut Tx, of: &Foreign, now: UnixMs) -> Result<()> {
    let before: Option<UnixMs> =
        on_tx!(tx, |conn| sqlx::query_scalar(FOREIGN_UNTIL).bind(&of.id).fetch_optional(conn).await)?;
    // Receipts come in any order: the later instant counts. What failed was not received.
    let until = if of.until == UnixMs(0) { of.until } else { before.unwrap_or_default().max(of.until) };
    on_tx!(tx, |conn| sqlx::query(FOREIGN)
        .bind(&of.id)
        .bind(&of.portfolio)
        .bind(of.person)
        .bind(until)
        .execute(conn)
        .await
        .map(drop))?;
    let was_live = before.is_some_and(|until| until > now);
    more(tx, &of.portfolio, i64::from(until > now && !was_live)).await
}

/// Gathers the places of a portfolio from its messages of the last 24 h, in small steps, and lets the claim begin.
pub async fn rebuild(store: &Store, portfolio: &str, now: UnixMs) -> Result<()> {
    let last: i64 = on!(&store.write, |pool| sqlx::query_scalar(LAST).fetch_one(pool).await)?;
    let mut from = 0;
    while from < last {
        let ids: Vec<MessageId> = on!(&store.read, |pool| sqlx::query_scalar(HOLDING)
            .bind(from)
            .bind(from + STRIDE)
            .bind(portfolio)
            .bind(now.minus(KEPT))
            .fetch_all(pool)
            .await)?;
        for step in ids.chunks(500) {
            let mut tx = store.begin().await?;
            refresh(store, &mut tx, step, now).await?;
            tx.commit().await?;
        }
        from += STRIDE;
    }
    let mut tx = store.begin().await?;
    lock(&mut tx, portfolio).await?;
    on_tx!(&mut tx, |conn| sqlx::query(READY).bind(portfolio).bind(now).execute(conn).await.map(drop))?;
    tx.commit().await
}

/// Removes a step of the places that count no more, and of those of portfolios that are not limited any more.
pub async fn purge(store: &Store, now: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(GONE).bind(now).execute(pool).await.map(drop))?;
    on!(&store.write, |pool| sqlx::query(UNLIMITED).execute(pool).await.map(drop))?;
    Ok(())
}
