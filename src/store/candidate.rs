//! Messages a reply may be the answer to, with what their campaign said about replies when they were made: a run that
//! was corrected since has another template and file now. Tests wait for no reply.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, Tx, json, on_tx};
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;

/// What a [`Candidate`] is read from, beside what was asked for, and where from.
macro_rules! candidate {
    ($asked:literal, $from:literal) => {
        concat!(
            "SELECT ",
            $asked,
            "m.id, m.run_id, m.campaign_id, m.row_no, m.person_id, m.recipient, m.name, m.account, m.sender,
                m.content, m.conversation_id, m.author, m.route, m.cost_centre, m.timezone, m.state,
                COALESCE(m.accepted_at, m.claimed_at, m.created_at) AS reached_at, r.starter, m.test_of,
                COALESCE((SELECT f.template FROM correction AS f WHERE f.run_id = m.run_id AND f.last_message >= m.id
                    ORDER BY f.id LIMIT 1), r.template) AS template,
                COALESCE((SELECT w.definition FROM correction AS f JOIN version AS w ON w.id = f.version_id
                    WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), v.definition) AS definition
            ",
            $from
        )
    };
}

const BY_ID: Dialects = Dialects {
    sqlite: candidate!(
        "",
        "FROM message AS m LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN version AS v ON v.id = r.version_id
             WHERE m.id IN (SELECT value FROM json_each($1))"
    ),
    postgres: candidate!(
        "",
        "FROM message AS m LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN version AS v ON v.id = r.version_id
               WHERE m.id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))"
    ),
};

const BY_PROVIDER_ID: Dialects = Dialects {
    sqlite: candidate!(
        "q.value AS asked, ",
        "FROM json_each($1) AS q CROSS JOIN message AS m LEFT JOIN run AS r ON r.id = m.run_id
            LEFT JOIN version AS v ON v.id = r.version_id
        WHERE m.id = COALESCE((SELECT k.id FROM message AS k WHERE k.provider_id = q.value ORDER BY k.id LIMIT 1),
            (SELECT a.message_id FROM attempt AS a WHERE a.provider_id = q.value ORDER BY a.message_id LIMIT 1))"
    ),
    postgres: candidate!(
        "q.value AS asked, ",
        "FROM json_array_elements_text($1::json) AS q (value) JOIN message AS m
            ON m.id = COALESCE((SELECT k.id FROM message AS k WHERE k.provider_id = q.value ORDER BY k.id LIMIT 1),
                (SELECT a.message_id FROM attempt AS a WHERE a.provider_id = q.value ORDER BY a.message_id LIMIT 1))
            LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN version AS v ON v.id = r.version_id"
    ),
};

/// By the person: SQLite, left to itself, reads everything that the sender has let go in the time (the unary plus keeps that
/// index out of it; 4 ms a reply after 6,000 messages).
const RECENT: Dialects = Dialects {
    sqlite: candidate!(
        "q.value ->> 'asked' AS asked, ",
        "FROM json_each($1) AS q CROSS JOIN message AS m LEFT JOIN run AS r ON r.id = m.run_id
            LEFT JOIN version AS v ON v.id = r.version_id
        WHERE m.id IN (SELECT k.id FROM message AS k
            WHERE k.person_id = q.value ->> 'person' AND +k.sender = q.value ->> 'sender'
                AND k.state IN ('claimed', 'accepted', 'in_review', 'sent', 'delivered', 'read', 'undelivered', 'in_doubt')
                AND k.claimed_at > q.value ->> 'since' AND k.claimed_at <= q.value ->> 'until' AND k.test_of IS NULL
            ORDER BY k.id DESC LIMIT 20)"
    ),
    postgres: candidate!(
        "q.asked, ",
        "FROM json_to_recordset($1::json) AS q (asked bigint, person bigint, sender text, since bigint, until bigint)
            CROSS JOIN LATERAL (SELECT k.id FROM message AS k
                WHERE k.person_id = q.person AND k.sender = q.sender
                    AND k.state IN ('claimed', 'accepted', 'in_review', 'sent', 'delivered', 'read', 'undelivered', 'in_doubt')
                    AND k.claimed_at > q.since AND k.claimed_at <= q.until AND k.test_of IS NULL
                ORDER BY k.id DESC LIMIT 20) AS l
            JOIN message AS m ON m.id = l.id LEFT JOIN run AS r ON r.id = m.run_id
            LEFT JOIN version AS v ON v.id = r.version_id"
    ),
};

/// Messages looked at of one person.
const MOST: usize = 20;

/// A message somebody may be answering.
#[derive(Clone, PartialEq, Debug, FromRow)]
pub struct Candidate {
    /// Which.
    pub id: MessageId,
    /// Its run; [`RunId::BY_HAND`] for one sent by hand and for answers.
    pub run_id: RunId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its row in the audience.
    pub row_no: i64,
    /// Whom it was for.
    pub person_id: PersonId,
    /// The number it went to, digits.
    pub recipient: String,
    /// The name in its row.
    pub name: String,
    /// Name of its account.
    pub account: String,
    /// Name of its sender.
    pub sender: String,
    /// What it is made of, as JSON of [`Content`](crate::domain::fill::Content).
    pub content: String,
    /// The conversation it belongs to, for answers and for templates sent by hand.
    pub conversation_id: Option<ConversationId>,
    /// Who wrote or sent it, where that was a person or an automatic answer.
    pub author: String,
    /// Where replies go: `agent:NAME`, `team:NAME`, `starter`, or empty for the sender's team.
    pub route: String,
    /// Who pays.
    pub cost_centre: String,
    /// The person's time zone.
    pub timezone: String,
    /// Its state.
    pub state: MessageState,
    /// When it was accepted, or at least tried.
    pub reached_at: UnixMs,
    /// The campaign it is a test of, where it is one.
    pub test_of: Option<CampaignId>,
    /// Who started its run.
    pub starter: Option<String>,
    /// Its run's snapshot of the template, as JSON.
    pub template: Option<String>,
    /// Text of its campaign file.
    pub definition: Option<String>,
}

/// A candidate, with what was asked for.
#[derive(FromRow)]
struct Asked<T> {
    asked: T,
    #[sqlx(flatten)]
    candidate: Candidate,
}

/// The message `id`.
pub async fn by_id(tx: &mut Tx, id: MessageId) -> Result<Option<Candidate>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// The messages `ids`, in any order.
pub async fn by_ids(tx: &mut Tx, ids: &[MessageId]) -> Result<Vec<Candidate>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, ids) = (BY_ID.of_tx(tx), json(ids));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?))
}

/// The messages, one of whose attempts has one of these provider's ids.
pub async fn by_provider_ids(tx: &mut Tx, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, Candidate>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (sql, ids) = (BY_PROVIDER_ID.of_tx(tx), json(ids));
    let found: Vec<Asked<String>> = on_tx!(tx, |c| sqlx::query_as(sql).bind(&ids).fetch_all(c).await?);
    Ok(found.into_iter().map(|Asked { asked, candidate }| (asked, candidate)).collect())
}

/// Whose messages are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Reached<'a> {
    /// Every row of one person.
    pub people: &'a [PersonId],
    /// Name of the sender.
    pub sender: &'a str,
    /// Claimed after that.
    pub since: UnixMs,
    /// And not after that.
    pub until: UnixMs,
}

/// The form of one row of a person in the JSON bind.
#[derive(Serialize)]
struct Row<'a> {
    asked: i64,
    person: PersonId,
    sender: &'a str,
    since: UnixMs,
    until: UnixMs,
}

impl<'a> Row<'a> {
    fn of(asked: i64, Reached { people, sender, since, until }: Reached<'a>) -> impl Iterator<Item = Self> {
        people.iter().map(move |person| Row { asked, person: *person, sender, since, until })
    }
}

/// For each of `all`, the last messages that may have reached the person, newest first.
pub async fn recent(tx: &mut Tx, all: &[Reached<'_>]) -> Result<Vec<Vec<Candidate>>> {
    let mut recent: Vec<Vec<Candidate>> = all.iter().map(|_| Vec::new()).collect();
    let rows: Vec<Row<'_>> = (0..).zip(all).flat_map(|(asked, reached)| Row::of(asked, *reached)).collect();
    if rows.is_empty() {
        return Ok(recent);
    }
    let (sql, rows) = (RECENT.of_tx(tx), json(&rows));
    let found: Vec<Asked<i64>> = on_tx!(tx, |c| sqlx::query_as(sql).bind(&rows).fetch_all(c).await?);
    for Asked { asked, candidate } in found {
        if let Some(of) = usize::try_from(asked).ok().and_then(|place| recent.get_mut(place)) {
            of.push(candidate);
        }
    }
    for of in &mut recent {
        of.sort_unstable_by_key(|candidate| std::cmp::Reverse(candidate.id));
        of.truncate(MOST);
    }
    Ok(recent)
}
