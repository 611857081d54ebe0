//! Messages: what is sent to whom, and how far it came. A row holds the latest attempt; what earlier attempts came to
//! lies in the table `attempt`. The claim, the settlement and the janitor's chores are submodules.

mod again;
mod answered;
mod chore;
mod claim;
mod doubt;
mod earlier;
mod evidence;
mod reached;
mod reprice;
mod retry;
mod service;
mod settle;
mod standing;
mod suspect;
mod unbar;

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, Store, StoreError, Tx, on, on_tx};
use crate::domain::fill::Content;
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId};
use crate::domain::kind::Priority;
use crate::domain::message::MessageState;
use crate::domain::money::Micros;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;

pub use again::{Again, earlier_failures, failures_of, try_again};
pub(super) use answered::decline_like;
pub use answered::{answers, decline};
pub use chore::{cancel, expire, give_up_undelivered, let_go_of_left_doubts, lose_claims};
pub use claim::{Bounds, Claim, Claimed, Places, Purse, Taken, Terms, Turn, claim, claim_within, windows};
pub use doubt::{
    Doubt, DoubtFilter, LEFT, Life, Stake, What, adopt, doubt_ids, doubts, in_flight, leave_doubt, release_doubt,
    release_unsent, stakes, vouch_doubt,
};
pub use earlier::{gone_before, gone_page, gone_to};
pub use evidence::{
    Neighbours, OldDoubt, answers_in_doubt, downtimes, earlier_attempts, neighbours, old_doubts, resent, up_since,
    was_down, was_in_review,
};
pub use reached::{Left, Reached, left_since, reached_since, roots};
pub use reprice::{
    Left as LeftInMarket, LeftInLine, keep_text, left_by_market, left_in, left_of, rebill, reprice, stale_markets,
};
pub use retry::{Failed, RetryTerms, failed, failed_numbers, retry};
pub use service::services_since;
pub use settle::{PutBack, Settled, Settlement, Verdict, settle};
pub use standing::{
    Renamed, Renewal, Unnamed, mark_of, name, named, planned_for, planned_since, rename, renew, take_back, unnamed,
    waiting,
};
pub use suspect::{Reserved, Suspect, suspect, suspects};
pub use unbar::{left_out, unbar};

/// One statement of 1,000 rows keeps a write transaction under 20 ms.
pub const MAX_INSERT: usize = 1_000;

const INSERT: Dialects = Dialects {
    sqlite: "WITH r AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO message (run_id, campaign_id, row_no, key, person_id, recipient, name, account, sender, priority, content,
            conversation_id, author, route, cost_centre, external_id, happens_at, timezone, created_at, revision, first_revision, state,
            due_at, latest_at, market, category, currency, estimated)
        SELECT r.value ->> 'run_id', r.value ->> 'campaign_id', r.value ->> 'row_no', r.value ->> 'key', r.value ->> 'person_id',
            r.value ->> 'recipient', r.value ->> 'name', r.value ->> 'account', r.value ->> 'sender', r.value ->> 'priority',
            r.value ->> 'content', r.value ->> 'conversation_id', r.value ->> 'author', r.value ->> 'route',
            r.value ->> 'cost_centre', r.value ->> 'external_id', r.value ->> 'happens_at', r.value ->> 'timezone',
            r.value ->> 'created_at', r.value ->> 'revision', r.value ->> 'revision', 'queued', r.value ->> 'due_at', r.value ->> 'latest_at', r.value ->> 'market',
            r.value ->> 'category', r.value ->> 'currency', r.value ->> 'estimated'
        FROM r WHERE TRUE ON CONFLICT (run_id, key) DO NOTHING RETURNING id, row_no",
    postgres: "INSERT INTO message (run_id, campaign_id, row_no, key, person_id, recipient, name, account, sender, priority, content,
            conversation_id, author, route, cost_centre, external_id, happens_at, timezone, created_at, revision, first_revision, state,
            due_at, latest_at, market, category, currency, estimated)
        SELECT r.run_id, r.campaign_id, r.row_no, r.key, r.person_id, r.recipient, r.name, r.account, r.sender, r.priority,
            r.content, r.conversation_id, r.author, r.route, r.cost_centre, r.external_id, r.happens_at, r.timezone,
            r.created_at, r.revision, r.revision, 'queued', r.due_at, r.latest_at, r.market, r.category, r.currency, r.estimated
        FROM json_to_recordset($1::json) AS r (run_id bigint, campaign_id bigint, row_no bigint, key text, person_id bigint,
            recipient text, name text, account text, sender text, priority bigint, content text, conversation_id bigint,
            author text, route text, cost_centre text, external_id text, happens_at bigint, timezone text, created_at bigint,
            revision bigint, due_at bigint, latest_at bigint, market text, category text, currency text, estimated bigint)
        ON CONFLICT (run_id, key) DO NOTHING RETURNING id, row_no",
};
const GET: &str = "SELECT id, run_id, campaign_id, row_no, person_id, recipient, name, account, sender, priority, content,
        conversation_id, author, test_of, route, cost_centre, external_id, happens_at, timezone, created_at, state, due_at, latest_at,
        waiting_for, end_reason, ended_at, attempt, claimed_at, doubt_at, provider_id, accepted_at, sent_at, delivered_at,
        read_at, failure_code, failure_detail, market, category, currency, estimated, reserved, charged
    FROM message WHERE id = $1";

/// A message to queue.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NewMessage {
    /// Its run, or [`RunId::BY_HAND`].
    pub run_id: RunId,
    /// Its campaign, or [`CampaignId::BY_HAND`].
    pub campaign_id: CampaignId,
    /// Row of the audience; 1 is the first after the header, 0 for messages without one.
    pub row_no: i64,
    /// Unique within the run.
    pub key: String,
    /// For whom.
    pub person_id: PersonId,
    /// International digits it is sent to.
    pub recipient: String,
    /// Name as the row has it.
    pub name: String,
    /// Account it goes through.
    pub account: String,
    /// Sender it goes from.
    pub sender: String,
    /// Who goes first on the sender.
    pub priority: Priority,
    /// [`Content`] as JSON; see [`NewMessage::content_of`].
    pub content: String,
    /// Conversation it belongs to.
    pub conversation_id: Option<ConversationId>,
    /// Who wrote it, for answers and messages sent by hand.
    pub author: String,
    /// Where its replies go, as the campaign's file says; empty: the sender's default.
    pub route: String,
    /// Who pays.
    pub cost_centre: String,
    /// Identity of its row across files.
    pub external_id: Option<String>,
    /// When what it speaks of happens.
    pub happens_at: Option<UnixMs>,
    /// Zone of the person's clock.
    pub timezone: String,
    /// When it is planned.
    pub created_at: UnixMs,
    /// The file of its standing run that names it; 0 in other runs.
    pub revision: i64,
    /// Not before.
    pub due_at: UnixMs,
    /// Not after.
    pub latest_at: Option<UnixMs>,
    /// Billing market of the number.
    pub market: String,
    /// What it is billed as.
    pub category: Category,
    /// In which currency.
    pub currency: String,
    /// The worst price, in micro-units.
    pub estimated: Micros,
}

impl NewMessage {
    /// `content` as it is stored.
    pub fn content_of(content: &Content) -> String {
        super::json(content)
    }
}

/// A message as a person looks at it.
#[derive(Clone, PartialEq, Debug, FromRow)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its run, or [`RunId::BY_HAND`].
    pub run_id: RunId,
    /// Its campaign, or [`CampaignId::BY_HAND`].
    pub campaign_id: CampaignId,
    /// Row of the audience.
    pub row_no: i64,
    /// For whom.
    pub person_id: PersonId,
    /// International digits it is sent to.
    pub recipient: String,
    /// Name as the row has it.
    pub name: String,
    /// Account.
    pub account: String,
    /// Sender.
    pub sender: String,
    /// Who goes first on the sender.
    pub priority: Priority,
    /// [`Content`] as JSON; see [`Message::content`].
    #[sqlx(rename = "content")]
    content_json: String,
    /// Conversation it belongs to.
    pub conversation_id: Option<ConversationId>,
    /// Who wrote it.
    pub author: String,
    /// The campaign it is a test of, where it is one.
    pub test_of: Option<CampaignId>,
    /// Where its replies go.
    pub route: String,
    /// Who pays.
    pub cost_centre: String,
    /// Identity of its row across files.
    pub external_id: Option<String>,
    /// When what it speaks of happens.
    pub happens_at: Option<UnixMs>,
    /// Zone of the person's clock.
    pub timezone: String,
    /// When it was planned.
    pub created_at: UnixMs,
    /// How far it came.
    pub state: MessageState,
    /// Not before.
    pub due_at: UnixMs,
    /// Not after.
    pub latest_at: Option<UnixMs>,
    /// Name of the gate it waits behind.
    pub waiting_for: Option<String>,
    /// Why it was excluded.
    pub end_reason: Option<String>,
    /// When it ended.
    pub ended_at: Option<UnixMs>,
    /// Number of the latest attempt; 0: none yet.
    pub attempt: i64,
    /// When the latest attempt was claimed.
    pub claimed_at: Option<UnixMs>,
    /// When an answer that has not come makes the claim doubtful.
    pub doubt_at: Option<UnixMs>,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// When the provider took it.
    pub accepted_at: Option<UnixMs>,
    /// When it was sent on.
    pub sent_at: Option<UnixMs>,
    /// When it reached the phone.
    pub delivered_at: Option<UnixMs>,
    /// When it was opened.
    pub read_at: Option<UnixMs>,
    /// The provider's code of the failure.
    pub failure_code: Option<i64>,
    /// The provider's own words; may quote our request, never logged.
    pub failure_detail: Option<String>,
    /// Billing market.
    pub market: String,
    /// What it is billed as.
    pub category: Category,
    /// Currency of the three amounts.
    pub currency: String,
    /// The worst price.
    pub estimated: Micros,
    /// Kept for it now.
    pub reserved: Micros,
    /// What it cost.
    pub charged: Micros,
}

impl Message {
    /// What it is made of. Fails when the stored text is not that.
    pub fn content(&self) -> Result<Content> {
        read_content(&self.content_json)
    }
}

fn read_content(text: &str) -> Result<Content> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: "message.content" })
}

/// Queues up to [`MAX_INSERT`] messages; returns the row numbers and ids of those that are new to their run.
pub async fn insert_batch(tx: &mut Tx, rows: &[NewMessage]) -> Result<Vec<(MessageId, i64)>> {
    debug_assert!(rows.len() <= MAX_INSERT, "the caller cuts its rows into statements");
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, rows) = (INSERT.of_tx(tx), super::json(&rows));
    Ok(on_tx!(tx, |conn| sqlx::query_as(sql).bind(&rows).fetch_all(conn).await)?)
}

/// Queues one message whose key is new.
pub async fn insert(tx: &mut Tx, row: NewMessage) -> Result<MessageId> {
    let queued = insert_batch(tx, &[row]).await?;
    queued.first().map(|(id, _)| *id).ok_or(StoreError::Guard { expected: 1, actual: 0 })
}

/// The message `id`.
pub async fn get(store: &Store, id: MessageId) -> Result<Option<Message>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await)?)
}
