//! Erasing a person: rows stay where figures depend on them (counts, costs), without anything that names anybody.

use sqlx::FromRow;

use super::super::suppression::SuppressionScope;
use super::super::{Dialects, Result, Store, Tx, erased, json, on, on_tx};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::{ConversationId, PersonId, RunId};
use crate::domain::time::UnixMs;

const BUSY: &str = "SELECT COUNT(*) FROM message WHERE state = 'claimed'
    AND person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const CANCEL: &str =
    "UPDATE message SET state = 'cancelled', ended_at = $2, waiting_for = NULL, end_reason = NULL, reserved = 0
    WHERE state = 'queued' AND person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
/// Nobody can be written to any more.
const CLOSE: &str =
    "UPDATE conversation SET state = 'closed', closed_at = $2, closed_by = '', waiting_since = NULL, bot = NULL
    WHERE state = 'open' AND person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const NO_WINDOW: &str = "UPDATE conversation SET window_until = NULL
    WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const CONVERSATIONS: &str = "SELECT c.id FROM conversation AS c
    WHERE c.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1) ORDER BY c.id";
const PROVIDER_IDS: &str = "SELECT provider_id FROM message WHERE provider_id IS NOT NULL
        AND person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)
    UNION SELECT a.provider_id FROM attempt AS a JOIN message AS m ON m.id = a.message_id WHERE a.provider_id IS NOT NULL
        AND m.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const ATTEMPTS: &str = "UPDATE attempt SET provider_id = NULL, failure_detail = NULL WHERE message_id IN
    (SELECT m.id FROM message AS m WHERE m.person_id IN
        (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1))";
/// The key is made of the number; another one is as unique.
const MESSAGES: &str = "UPDATE message SET recipient = '', name = '', content = '{\"kind\":\"text\",\"body\":\"\"}',
        external_id = NULL, first_id = NULL, key = 'erased:' || id, provider_id = NULL, failure_detail = NULL, happens_at = NULL
    WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const ENTRIES: &str =
    "UPDATE entry SET content = '{\"kind\":\"text\",\"body\":\"\"}', provider_id = NULL, quoted = NULL, referral = NULL
    WHERE conversation_id IN
    (SELECT c.id FROM conversation AS c WHERE c.person_id IN
        (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1))";
/// Their files go right afterwards.
const MEDIA: &str = "DELETE FROM media WHERE conversation_id IN
    (SELECT c.id FROM conversation AS c WHERE c.person_id IN
        (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1))";
/// What a ticket was about and what was said stays nowhere; that there was one does.
const TICKET_EVENTS: &str = "DELETE FROM ticket_event WHERE ticket_id IN
    (SELECT t.id FROM ticket AS t WHERE t.person_id IN
        (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1))";
const TICKETS: &str = "UPDATE ticket SET subject = '', external_id = NULL WHERE person_id IN
    (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const CLIENT: &str =
    "DELETE FROM client WHERE person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const CONSENTS: &str = "DELETE FROM consent WHERE person_id IN
    (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const SUPPRESSED: &str = "SELECT DISTINCT s.scope FROM suppression AS s WHERE s.lifted_at IS NULL
    AND s.person_id IN (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const SUPPRESSIONS: &str = "DELETE FROM suppression WHERE person_id IN
    (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
/// What was told outside of them is told to nobody again.
const OUTGOING: &str = "DELETE FROM outgoing_event WHERE person_id IN
    (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)";
const PERSON: &str = "UPDATE person SET phone = NULL, wa_id = NULL, bsuid = NULL, username = NULL, name = NULL
    WHERE id = $1 OR linked_to = $1";
const ORPHANS: Dialects = Dialects {
    sqlite: "DELETE FROM orphan_receipt WHERE provider_id IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "DELETE FROM orphan_receipt WHERE provider_id IN
        (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))",
};
const ORPHANS_NAMING: &str = "DELETE FROM orphan_receipt WHERE receipt LIKE '%' || $1 || '%'";
/// One that was not taken up yet is: what it says is sent first.
const CHATWOOT_NAMING: &str = "DELETE FROM chatwoot_heard WHERE state = 'done' AND body LIKE '%' || $1 || '%'";
const KEYS_NAMING: &str = "DELETE FROM idempotency WHERE response LIKE '%' || $1 || '%'";
const EXCLUSIONS: &str = "SELECT x.run_id, x.revision, x.row_no, x.recipient, x.reason, x.detail, k.title AS campaign, r.started_at,
        v.definition FROM exclusion AS x
    JOIN run AS r ON r.id = x.run_id JOIN version AS v ON v.id = r.version_id JOIN campaign AS k ON k.id = r.campaign_id
    WHERE (x.run_id, x.revision, x.row_no) > ($1, $2, $3)
        AND REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(x.recipient, ' ', ''), '-', ''), '(', ''), ')', ''), '.', '') LIKE '%' || $4
    ORDER BY x.run_id, x.revision, x.row_no LIMIT 1000";
const FORGET_EXCLUSION: &str = "UPDATE exclusion SET recipient = '', name = '', external_id = NULL, detail = ''
    WHERE run_id = $1 AND revision = $2 AND row_no = $3";

/// Characters of a number's end by which exclusions are looked for; the rest is compared by who knows countries.
const ENDS: usize = 6;

/// An exclusion whose number may be theirs.
#[derive(Clone, Debug, FromRow)]
pub struct Excluded {
    /// Of which run.
    pub run_id: RunId,
    /// Of a standing run, of which of its files.
    pub revision: i64,
    /// Which row.
    pub row_no: i64,
    /// The phone cell as it stands.
    pub recipient: String,
    /// Why it was left out.
    pub reason: ExclusionReason,
    /// A word and perhaps a fact more.
    pub detail: String,
    /// Title of the campaign.
    pub campaign: String,
    /// When the run was started.
    pub started_at: UnixMs,
    /// The campaign's file, which says in which country.
    pub definition: String,
}

/// What was erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Erasure {
    /// A message is leaving for them this moment.
    Busy,
    /// It is done; these ids of theirs at providers may stand in raw webhooks.
    Done {
        /// The provider's ids of their messages.
        provider_ids: Vec<String>,
        /// Their conversations, which say nothing any more.
        conversations: Vec<ConversationId>,
    },
}

/// Erases the rows of the person for whom `root` stands; `ids` are their numbers and ids. What they must not get, and what they
/// had got, is kept as hashes.
pub async fn erase(tx: &mut Tx, root: PersonId, ids: &[String], at: UnixMs) -> Result<Erasure> {
    let busy: i64 = on_tx!(tx, |conn| sqlx::query_scalar(BUSY).bind(root).fetch_one(conn).await)?;
    if busy > 0 {
        return Ok(Erasure::Busy);
    }
    let provider_ids: Vec<String> =
        on_tx!(tx, |conn| sqlx::query_scalar(PROVIDER_IDS).bind(root).fetch_all(conn).await)?;
    let scopes: Vec<SuppressionScope> =
        on_tx!(tx, |conn| sqlx::query_scalar(SUPPRESSED).bind(root).fetch_all(conn).await)?;
    for scope in scopes {
        erased::keep(tx, ids, scope, at).await?;
    }
    for sql in [CANCEL, CLOSE] {
        on_tx!(tx, |conn| sqlx::query(sql).bind(root).bind(at).execute(conn).await.map(drop))?;
    }
    erased::keep_sent(tx, root, at).await?;
    let conversations: Vec<ConversationId> =
        on_tx!(tx, |conn| sqlx::query_scalar(CONVERSATIONS).bind(root).fetch_all(conn).await)?;
    let all = [ATTEMPTS, MESSAGES, ENTRIES, MEDIA, TICKET_EVENTS, TICKETS, CLIENT, CONSENTS, SUPPRESSIONS, OUTGOING];
    for sql in all.into_iter().chain([NO_WINDOW, PERSON]) {
        on_tx!(tx, |conn| sqlx::query(sql).bind(root).execute(conn).await.map(drop))?;
    }
    let (sql, list) = (ORPHANS.of_tx(tx), json(&provider_ids));
    on_tx!(tx, |conn| sqlx::query(sql).bind(&list).execute(conn).await.map(drop))?;
    for id in ids {
        for sql in [ORPHANS_NAMING, CHATWOOT_NAMING, KEYS_NAMING] {
            on_tx!(tx, |conn| sqlx::query(sql).bind(id).execute(conn).await.map(drop))?;
        }
    }
    Ok(Erasure::Done { provider_ids, conversations })
}

/// Where an exclusion stands: its run, the file of a standing run (0: the only one), the row.
pub type ExcludedAt = (RunId, i64, i64);

/// Exclusions whose number ends like `digits`, after a row.
pub async fn exclusions(store: &Store, digits: &str, after: ExcludedAt) -> Result<Vec<Excluded>> {
    let end = &digits[digits.len().saturating_sub(ENDS)..];
    Ok(on!(&store.read, |pool| sqlx::query_as(EXCLUSIONS)
        .bind(after.0)
        .bind(after.1)
        .bind(after.2)
        .bind(end)
        .fetch_all(pool)
        .await)?)
}

/// Takes the person out of an exclusion; that the row was left out stays.
pub async fn forget_exclusion(store: &Store, (run, revision, row): ExcludedAt) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FORGET_EXCLUSION)
        .bind(run)
        .bind(revision)
        .bind(row)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}
