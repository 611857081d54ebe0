//! Messages a reply may be the answer to, with what their campaign said about replies when they were made: a run that
//! was corrected since has another template and file now. Tests wait for no reply.

use sqlx::FromRow;

use super::{Dialects, Result, Tx, json, on_tx};
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;

const BY_ID: &str =
    "SELECT m.id, m.run_id, m.campaign_id, m.row_no, m.person_id, m.recipient, m.name, m.account, m.sender,
        m.content, m.conversation_id, m.author, m.route, m.cost_centre, m.timezone, m.state,
        COALESCE(m.accepted_at, m.claimed_at, m.created_at) AS reached_at, r.starter, m.test_of,
        COALESCE((SELECT f.template FROM correction AS f WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), r.template) AS template,
        COALESCE((SELECT w.definition FROM correction AS f JOIN version AS w ON w.id = f.version_id
            WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), v.definition) AS definition
    FROM message AS m LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN version AS v ON v.id = r.version_id
    WHERE m.id = $1";

const BY_PROVIDER_ID: &str =
    "SELECT m.id, m.run_id, m.campaign_id, m.row_no, m.person_id, m.recipient, m.name, m.account, m.sender,
        m.content, m.conversation_id, m.author, m.route, m.cost_centre, m.timezone, m.state,
        COALESCE(m.accepted_at, m.claimed_at, m.created_at) AS reached_at, r.starter, m.test_of,
        COALESCE((SELECT f.template FROM correction AS f WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), r.template) AS template,
        COALESCE((SELECT w.definition FROM correction AS f JOIN version AS w ON w.id = f.version_id
            WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), v.definition) AS definition
    FROM message AS m LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN version AS v ON v.id = r.version_id
    WHERE m.id = COALESCE((SELECT k.id FROM message AS k WHERE k.provider_id = $1 ORDER BY k.id LIMIT 1),
        (SELECT a.message_id FROM attempt AS a WHERE a.provider_id = $1 ORDER BY a.message_id LIMIT 1))";

const RECENT: Dialects = Dialects {
    sqlite: "SELECT m.id, m.run_id, m.campaign_id, m.row_no, m.person_id, m.recipient, m.name, m.account, m.sender,
                 m.content, m.conversation_id, m.author, m.route, m.cost_centre, m.timezone, m.state,
                 COALESCE(m.accepted_at, m.claimed_at, m.created_at) AS reached_at, r.starter, m.test_of,
        COALESCE((SELECT f.template FROM correction AS f WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), r.template) AS template,
        COALESCE((SELECT w.definition FROM correction AS f JOIN version AS w ON w.id = f.version_id
            WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), v.definition) AS definition
             FROM message AS m LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN version AS v ON v.id = r.version_id
             WHERE m.person_id IN (SELECT value FROM json_each($1)) AND m.sender = $2
                 AND m.state IN ('claimed', 'accepted', 'in_review', 'sent', 'delivered', 'read', 'undelivered', 'in_doubt')
                 AND m.claimed_at > $3 AND m.claimed_at <= $4 AND m.test_of IS NULL
             ORDER BY m.id DESC LIMIT 20",
    postgres: "SELECT m.id, m.run_id, m.campaign_id, m.row_no, m.person_id, m.recipient, m.name, m.account, m.sender,
                   m.content, m.conversation_id, m.author, m.route, m.cost_centre, m.timezone, m.state,
                   COALESCE(m.accepted_at, m.claimed_at, m.created_at) AS reached_at, r.starter, m.test_of,
        COALESCE((SELECT f.template FROM correction AS f WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), r.template) AS template,
        COALESCE((SELECT w.definition FROM correction AS f JOIN version AS w ON w.id = f.version_id
            WHERE f.run_id = m.run_id AND f.last_message >= m.id ORDER BY f.id LIMIT 1), v.definition) AS definition
               FROM message AS m LEFT JOIN run AS r ON r.id = m.run_id LEFT JOIN version AS v ON v.id = r.version_id
               WHERE m.person_id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json)) AND m.sender = $2
                   AND m.state IN ('claimed', 'accepted', 'in_review', 'sent', 'delivered', 'read', 'undelivered', 'in_doubt')
                   AND m.claimed_at > $3 AND m.claimed_at <= $4 AND m.test_of IS NULL
               ORDER BY m.id DESC LIMIT 20",
};

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

/// The message `id`.
pub async fn by_id(tx: &mut Tx, id: MessageId) -> Result<Option<Candidate>> {
    Ok(on_tx!(tx, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?))
}

/// The message, one of whose attempts has this provider's id.
pub async fn by_provider_id(tx: &mut Tx, provider_id: &str) -> Result<Option<Candidate>> {
    Ok(on_tx!(tx, |c| sqlx::query_as(BY_PROVIDER_ID).bind(provider_id).fetch_optional(c).await?))
}

/// The last messages of `sender` to any of `people` that may have reached them between two instants, newest first.
pub async fn recent(
    tx: &mut Tx,
    people: &[PersonId],
    sender: &str,
    since: UnixMs,
    until: UnixMs,
) -> Result<Vec<Candidate>> {
    let (sql, people) = (RECENT.of_tx(tx), json(people));
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(&people).bind(sender).bind(since).bind(until).fetch_all(c).await?))
}
