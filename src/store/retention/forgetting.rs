//! What names people goes after its time, a window of numbers at a time. What figures stand on stays: states, times, costs,
//! outcomes, and that a row was left out.

use serde::{Deserialize, Serialize};

use super::super::{Result, Store, on, setting};
use crate::domain::time::UnixMs;

/// Rows of one step.
const STEP: i64 = 1_000;

/// Steps of one sweep.
const STEPS: usize = 10;

/// Once all is looked through, it is looked through again after this.
const REST: std::time::Duration = std::time::Duration::from_hours(24);

/// What is walked through: the statements take the window's two ends, and what is old; the last tells the first row that is
/// old and had to stay, and whether the window holds any that are.
struct Walk {
    name: &'static str,
    acts: &'static [&'static str],
    look: &'static str,
    last: &'static str,
}

/// How far a walk is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Place {
    at: i64,
    /// The first row that had to stay.
    #[serde(default)]
    stayed: Option<i64>,
    /// Nothing is looked at before.
    #[serde(default)]
    rests_until: i64,
}

const TEXTS_OF_MESSAGES: &str =
    "UPDATE message SET content = '{\"kind\":\"text\",\"body\":\"\"}', failure_detail = NULL
    WHERE id > $1 AND id <= $2 AND created_at < $3 AND COALESCE(happens_at, 0) < $3 AND COALESCE(ended_at, 0) < $3
        AND state IN ('failed', 'excluded', 'expired', 'undelivered', 'cancelled', 'delivered', 'read') AND reserved = 0
        AND content <> '{\"kind\":\"text\",\"body\":\"\"}'
        AND NOT EXISTS (SELECT 1 FROM conversation AS c WHERE c.person_id = message.person_id AND c.state = 'open')";
const TEXTS_LEFT: &str = "SELECT MIN(CASE WHEN content <> '{\"kind\":\"text\",\"body\":\"\"}' THEN id END), COUNT(*)
    FROM message WHERE id > $1 AND id <= $2 AND created_at < $3";
const LAST_MESSAGE: &str = "SELECT COALESCE(MAX(id), 0) FROM message";

const TEXTS_OF_ENTRIES: &str = "UPDATE entry SET content = '{\"kind\":\"text\",\"body\":\"\"}'
    WHERE id > $1 AND id <= $2 AND at < $3 AND content NOT IN ('null', '{\"kind\":\"text\",\"body\":\"\"}')
        AND NOT EXISTS (SELECT 1 FROM conversation AS c WHERE c.id = entry.conversation_id AND c.state = 'open')";
const ENTRIES_LEFT: &str =
    "SELECT MIN(CASE WHEN content NOT IN ('null', '{\"kind\":\"text\",\"body\":\"\"}') THEN id END), COUNT(*)
    FROM entry WHERE id > $1 AND id <= $2 AND at < $3";
const LAST_ENTRY: &str = "SELECT COALESCE(MAX(id), 0) FROM entry";

/// What a closed case was about and what was said in it; that there was one stays.
const TEXTS_OF_TICKETS: &str = "UPDATE ticket SET subject = '' WHERE id > $1 AND id <= $2 AND created_at < $3
    AND state = 'closed' AND closed_at < $3 AND subject <> ''";
const TEXTS_OF_TIMELINES: &str = "DELETE FROM ticket_event WHERE ticket_id > $1 AND ticket_id <= $2
    AND EXISTS (SELECT 1 FROM ticket AS t WHERE t.id = ticket_event.ticket_id AND t.state = 'closed' AND t.closed_at < $3)";
const TICKETS_LEFT: &str = "SELECT MIN(CASE WHEN subject <> '' THEN id END), COUNT(*)
    FROM ticket WHERE id > $1 AND id <= $2 AND created_at < $3";
const LAST_TICKET: &str = "SELECT COALESCE(MAX(id), 0) FROM ticket";

/// What another system calls a closed case.
const ROWS_OF_TICKETS: &str = "UPDATE ticket SET external_id = NULL WHERE id > $1 AND id <= $2 AND created_at < $3
    AND state = 'closed' AND closed_at < $3 AND external_id IS NOT NULL";
const REFERENCES_LEFT: &str = "SELECT MIN(CASE WHEN external_id IS NOT NULL THEN id END), COUNT(*)
    FROM ticket WHERE id > $1 AND id <= $2 AND created_at < $3";

/// The key is made of the number; another one is as unique.
const ROWS_OF_MESSAGES: &str = "UPDATE message SET recipient = '', name = '', external_id = NULL, key = 'gone:' || id,
        content = '{\"kind\":\"text\",\"body\":\"\"}', provider_id = NULL, failure_detail = NULL, happens_at = NULL
    WHERE id > $1 AND id <= $2 AND created_at < $3 AND COALESCE(happens_at, 0) < $3 AND COALESCE(ended_at, 0) < $3
        AND state IN ('failed', 'excluded', 'expired', 'undelivered', 'cancelled', 'delivered', 'read') AND reserved = 0
        AND recipient <> ''
        AND NOT EXISTS (SELECT 1 FROM conversation AS c WHERE c.person_id = message.person_id AND c.state = 'open')";
const ROWS_OF_ATTEMPTS: &str = "UPDATE attempt SET provider_id = NULL, failure_detail = NULL
    WHERE message_id > $1 AND message_id <= $2 AND provider_id IS NOT NULL
        AND EXISTS (SELECT 1 FROM message AS m WHERE m.id = attempt.message_id AND m.recipient = '' AND m.created_at < $3)";
const ROWS_LEFT: &str = "SELECT MIN(CASE WHEN recipient <> '' THEN id END), COUNT(*)
    FROM message WHERE id > $1 AND id <= $2 AND created_at < $3";

/// Whoever was not met for so long; who must be left alone is known as before.
const CONSENTS_OF_PEOPLE: &str = "DELETE FROM consent WHERE person_id > $1 AND person_id <= $2 AND at < $3
    AND NOT EXISTS (SELECT 1 FROM message AS m WHERE m.person_id = consent.person_id AND m.recipient <> '')";
const PEOPLE: &str = "UPDATE person SET phone = NULL, wa_id = NULL, bsuid = NULL, username = NULL, name = NULL
    WHERE id > $1 AND id <= $2 AND created_at < $3
        AND (phone IS NOT NULL OR wa_id IS NOT NULL OR bsuid IS NOT NULL OR username IS NOT NULL OR name IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM message AS m WHERE m.person_id = person.id AND m.recipient <> '')
        AND NOT EXISTS (SELECT 1 FROM conversation AS c WHERE c.person_id = person.id AND c.last_at >= $3)
        AND NOT EXISTS (SELECT 1 FROM consent AS k WHERE k.person_id = person.id)
        AND NOT EXISTS (SELECT 1 FROM suppression AS s WHERE s.person_id = person.id AND s.lifted_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM ticket AS h WHERE h.person_id = person.id AND h.state <> 'closed')
        AND NOT EXISTS (SELECT 1 FROM place AS t WHERE t.person_id = person.id)";
/// Who stays is looked at again with the next walk.
const PEOPLE_LEFT: &str =
    "SELECT MIN(CASE WHEN phone IS NOT NULL OR wa_id IS NOT NULL OR bsuid IS NOT NULL THEN id END), COUNT(*)
    FROM person WHERE id > $1 AND id <= $2 AND created_at < $3";
const LAST_PERSON: &str = "SELECT COALESCE(MAX(id), 0) FROM person";

const NEXT_RUN: &str = "SELECT MIN(id) FROM run WHERE id > $1 AND closed_at < $2";
const EXCLUSIONS: &str = "UPDATE exclusion SET recipient = '', name = '', external_id = NULL, detail = '', happens_at = NULL
    WHERE run_id = $1 AND row_no IN (SELECT x.row_no FROM exclusion AS x
        WHERE x.run_id = $1 AND (x.recipient <> '' OR x.name <> '' OR x.external_id IS NOT NULL) ORDER BY x.row_no LIMIT $2)";

const TEXTS: [Walk; 3] = [
    Walk { name: "texts", acts: &[TEXTS_OF_MESSAGES], look: TEXTS_LEFT, last: LAST_MESSAGE },
    Walk { name: "entries", acts: &[TEXTS_OF_ENTRIES], look: ENTRIES_LEFT, last: LAST_ENTRY },
    Walk { name: "tickets", acts: &[TEXTS_OF_TIMELINES, TEXTS_OF_TICKETS], look: TICKETS_LEFT, last: LAST_TICKET },
];
const ROWS: [Walk; 3] = [
    Walk { name: "rows", acts: &[ROWS_OF_MESSAGES, ROWS_OF_ATTEMPTS], look: ROWS_LEFT, last: LAST_MESSAGE },
    Walk { name: "people", acts: &[CONSENTS_OF_PEOPLE, PEOPLE], look: PEOPLE_LEFT, last: LAST_PERSON },
    Walk { name: "references", acts: &[ROWS_OF_TICKETS], look: REFERENCES_LEFT, last: LAST_TICKET },
];

/// Empties what messages said and people wrote before `before`.
pub(super) async fn texts(store: &Store, before: UnixMs, now: UnixMs) -> Result<()> {
    for walk in &TEXTS {
        walk.go(store, before, now).await?;
    }
    Ok(())
}

/// Empties whom messages went to, and whose rows were left out, before `before`.
pub(super) async fn rows(store: &Store, before: UnixMs, now: UnixMs) -> Result<()> {
    for walk in &ROWS {
        walk.go(store, before, now).await?;
    }
    exclusions(store, before, now).await
}

async fn exclusions(store: &Store, before: UnixMs, now: UnixMs) -> Result<()> {
    let mut place = Place::read(store, "exclusions").await?;
    if place.rests_until > now.0 {
        return Ok(());
    }
    for _ in 0..STEPS {
        let run: Option<i64> =
            on!(&store.read, |pool| sqlx::query_scalar(NEXT_RUN).bind(place.at).bind(before).fetch_one(pool).await)?;
        let Some(run) = run else {
            place = Place { rests_until: now.plus(REST).0, ..Place::default() };
            break;
        };
        let done = on!(&store.write, |pool| sqlx::query(EXCLUSIONS)
            .bind(run)
            .bind(STEP)
            .execute(pool)
            .await
            .map(|r| r.rows_affected()))?;
        if done < STEP.unsigned_abs() {
            place.at = run;
        }
    }
    place.write(store, "exclusions").await
}

impl Walk {
    async fn go(&self, store: &Store, before: UnixMs, now: UnixMs) -> Result<()> {
        let mut place = Place::read(store, self.name).await?;
        if place.rests_until > now.0 {
            return Ok(());
        }
        let last: i64 = on!(&store.read, |pool| sqlx::query_scalar(self.last).fetch_one(pool).await)?;
        for _ in 0..STEPS {
            let until = (place.at + STEP).min(last);
            for act in self.acts {
                on!(&store.write, |pool| sqlx::query(*act)
                    .bind(place.at)
                    .bind(until)
                    .bind(before)
                    .execute(pool)
                    .await
                    .map(drop))?;
            }
            let (stayed, old): (Option<i64>, i64) = on!(&store.write, |pool| sqlx::query_as(self.look)
                .bind(place.at)
                .bind(until)
                .bind(before)
                .fetch_one(pool)
                .await)?;
            place.stayed = place.stayed.or(stayed);
            // Numbers grow with time: after a window in which nothing is old nothing is.
            if until >= last || old == 0 {
                let at = place.stayed.map_or(place.at, |stayed| stayed - 1);
                place = Place { at, stayed: None, rests_until: now.plus(REST).0 };
                break;
            }
            place.at = until;
        }
        place.write(store, self.name).await
    }
}

impl Place {
    async fn read(store: &Store, name: &str) -> Result<Self> {
        let text = setting::read(store, &format!("retention.{name}")).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    async fn write(self, store: &Store, name: &str) -> Result<()> {
        setting::write(store, &format!("retention.{name}"), &super::super::json(&self)).await
    }
}
