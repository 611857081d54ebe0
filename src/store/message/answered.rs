//! What people have answered about appointments of a standing run, and what waits for those who will not come.

use crate::domain::amend::{Answered, who};
use crate::domain::id::{CampaignId, MessageId};
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Store, Tx, on, on_tx};

/// The last answer to each message of these ids, in the order of the answers; the campaign's own index finds them.
const ANSWERS: Dialects = Dialects {
    sqlite: "SELECT m.external_id, m.recipient, m.happens_at, m.name, o.outcome
        FROM message AS m JOIN outcome AS o ON o.message_id = m.id
        WHERE m.campaign_id = $1 AND m.external_id IN (SELECT r.value FROM json_each($2) AS r)
            AND o.id = (SELECT MAX(l.id) FROM outcome AS l WHERE l.message_id = m.id) ORDER BY o.id",
    postgres: "SELECT m.external_id, m.recipient, m.happens_at, m.name, o.outcome
        FROM message AS m JOIN outcome AS o ON o.message_id = m.id
        WHERE m.campaign_id = $1 AND m.external_id IN (SELECT r.value FROM json_array_elements_text($2::json) AS r (value))
            AND o.id = (SELECT MAX(l.id) FROM outcome AS l WHERE l.message_id = m.id) ORDER BY o.id",
};
const DECLINE: Dialects = Dialects {
    sqlite: "UPDATE message SET state = 'excluded', end_reason = 'declined', ended_at = $2, waiting_for = NULL, reserved = 0
        WHERE state = 'queued' AND id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "UPDATE message SET state = 'excluded', end_reason = 'declined', ended_at = $2, waiting_for = NULL, reserved = 0
        WHERE state = 'queued' AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value))",
};
/// Where somebody has just said that they cancel: what waits for the same appointment. Another person's with the same id,
/// where ids are numbers of the day, is another.
const DECLINE_LIKE: &str =
    "UPDATE message SET state = 'excluded', end_reason = 'declined', ended_at = $2, waiting_for = NULL, reserved = 0
    WHERE state = 'queued' AND id IN (SELECT k.id FROM message AS m
        JOIN message AS k ON k.campaign_id = m.campaign_id AND k.external_id = m.external_id
        JOIN run AS r ON r.id = k.run_id
        WHERE m.id = $1 AND m.run_id <> 0 AND k.state = 'queued' AND r.revision > 0
            AND (k.person_id = m.person_id
                OR k.happens_at = m.happens_at AND (LOWER(k.name) = LOWER(m.name) OR k.name = '' OR m.name = '')))";

/// What people have answered to messages with these ids, the last last.
pub async fn answers(store: &Store, campaign: CampaignId, ids: &[&str]) -> Result<Vec<Answered>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, ids) = (ANSWERS.of(&store.read), crate::store::json(&ids));
    let found: Vec<(String, String, Option<UnixMs>, String, String)> =
        on!(&store.read, |pool| sqlx::query_as(sql).bind(campaign).bind(&ids).fetch_all(pool).await)?;
    let answered =
        |(external_id, recipient, happens_at, name, outcome): (String, String, _, String, String)| Answered {
            external_id,
            to: Phone::from_international(&recipient),
            happens_at,
            who: who(&name),
            cancelled: outcome == "cancelled",
        };
    Ok(found.into_iter().map(answered).collect())
}

/// These messages wait, and their people will not come.
pub async fn decline(tx: &mut Tx, ids: &[MessageId], at: UnixMs) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let (sql, ids) = (DECLINE.of_tx(tx), crate::store::json(&ids));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&ids).bind(at).execute(conn).await.map(drop))?;
    Ok(())
}

/// The person of this message will not come: whatever waits about the same appointment is not sent.
pub(in crate::store) async fn decline_like(tx: &mut Tx, id: MessageId, at: UnixMs) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(DECLINE_LIKE).bind(id).bind(at).execute(conn).await.map(drop))?;
    Ok(())
}
