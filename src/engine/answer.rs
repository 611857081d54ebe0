//! An agent's answer: free text within the window, ahead of every campaign.

use tracing::info;

use super::{Engine, EngineError};
use crate::billing::{estimate, market};
use crate::domain::change::Change;
use crate::domain::fill::Content;
use crate::domain::id::{CampaignId, ConversationId, EntryId, MessageId, RunId};
use crate::domain::kind::Priority;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::engine::hand::Author;
use crate::inbox;
use crate::store::conversation::{self, Conversation, Happening};
use crate::store::message::{self, NewMessage};
use crate::store::{StoreError, Tx, entry, person};

/// WhatsApp's limit of a text, in characters.
const LONGEST: usize = 4_096;

/// What an agent answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Answer<'a> {
    /// The text.
    pub text: &'a str,
    /// The line of the thread that it quotes.
    pub quote: Option<EntryId>,
}

impl<'a> From<&'a str> for Answer<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, quote: None }
    }
}

/// What became of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnswerOutcome {
    /// It is in line, ahead of every campaign.
    Sent(MessageId),
    /// A colleague answered while this was written; nothing was sent.
    Overtaken,
    /// It cannot be sent.
    Refused(Problem),
}

/// What whoever answers had before their eyes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// The last line of the thread when they began to write; `None`: nobody knows, and nothing is compared.
    pub last: Option<EntryId>,
    /// Send it although a colleague has answered since, or has the conversation. Whose it is stays.
    pub anyway: bool,
}

impl Engine {
    /// Sends an agent's text in a conversation, while its window is open. An unowned conversation becomes the agent's.
    /// What was written while a colleague's answer went out is not sent.
    pub async fn answer<'a>(
        &self,
        id: ConversationId,
        answer: impl Into<Answer<'a>>,
        by: &Author,
        seen: Seen,
    ) -> Result<AnswerOutcome, EngineError> {
        let answer = answer.into();
        let text = answer.text.trim();
        if let Some(why) = unfit(text) {
            return Ok(AnswerOutcome::Refused(why));
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let found = conversation::by_id(&mut tx, id).await?;
        let conversation = found.ok_or(EngineError::Unknown { what: "conversation" })?;
        if conversation.window_until.is_none_or(|until| until <= now) {
            return Ok(AnswerOutcome::Refused(Problem::new("window_closed", &[])));
        }
        let quoted = match answer.quote {
            Some(entry) => match entry::quotable(&mut tx, id, entry).await? {
                Some(called) => Some(called),
                None => return Ok(AnswerOutcome::Refused(Problem::new("quote_unknown", &[]))),
            },
            None => None,
        };
        let content = Content::Text { body: text.to_owned(), quoted };
        let message = self.text(&mut tx, &conversation, &content, (&by.name, now)).await?;
        if let Some(not) = theirs(&mut tx, id, by, (seen, now)).await? {
            return Ok(not);
        }
        let sent = message::insert_batch(&mut tx, &[message]).await?;
        let (message, _) = *sent.first().ok_or(StoreError::Guard { expected: 1, actual: 0 })?;
        inbox::write_out(&mut tx, id, message, &by.name, now).await?;
        tx.commit().await?;
        info!(message.id = %message, conversation.id = %id, "message {message} answers conversation {id}");
        self.tell(Change::Conversation(id));
        self.wake.notify_waiters();
        Ok(AnswerOutcome::Sent(message))
    }

    /// Sends the text of the bot that has a conversation, while its window is open.
    pub async fn answer_as_bot(&self, id: ConversationId, text: &str, bot: &str) -> Result<AnswerOutcome, EngineError> {
        let text = text.trim();
        if let Some(why) = unfit(text) {
            return Ok(AnswerOutcome::Refused(why));
        }
        let (now, author) = (self.clock.now(), format!("bot:{bot}"));
        let mut tx = self.store.begin().await?;
        let answered = conversation::step(&mut tx, id, Happening::BotAnswered { bot }, now).await?;
        let Some(conversation) = answered else {
            return Ok(AnswerOutcome::Refused(Problem::new("conversation_not_yours", &[])));
        };
        if conversation.window_until.is_none_or(|until| until <= now) {
            return Ok(AnswerOutcome::Refused(Problem::new("window_closed", &[])));
        }
        let content = Content::Text { body: text.to_owned(), quoted: None };
        let message = self.text(&mut tx, &conversation, &content, (&author, now)).await?;
        let sent = message::insert_batch(&mut tx, &[message]).await?;
        let (message, _) = *sent.first().ok_or(StoreError::Guard { expected: 1, actual: 0 })?;
        inbox::write_out(&mut tx, id, message, &author, now).await?;
        tx.commit().await?;
        info!(message.id = %message, conversation.id = %id, "message {message} of a bot answers conversation {id}");
        self.tell(Change::Conversation(id));
        self.wake.notify_waiters();
        Ok(AnswerOutcome::Sent(message))
    }

    pub(super) async fn text(
        &self,
        tx: &mut Tx,
        conversation: &Conversation,
        content: &Content,
        (author, now): (&str, UnixMs),
    ) -> Result<NewMessage, EngineError> {
        let (_, account) = self.way_out(&conversation.sender).map_err(|_| EngineError::Unknown { what: "sender" })?;
        let (recipient, name) = person::reached_at(tx, conversation.person_id)
            .await?
            .ok_or(StoreError::Corrupt { what: "person.phone" })?;
        let phone = Phone::from_international(&recipient).ok_or(StoreError::Corrupt { what: "person.phone" })?;
        let market = market::of(&phone);
        let day = now.day_in(&account.timezone);
        let price = estimate::estimate(&self.cards, account.currency, market.as_str(), Category::Service, &day);
        Ok(NewMessage {
            run_id: RunId::BY_HAND,
            campaign_id: CampaignId::BY_HAND,
            row_no: 0,
            key: unique_key(),
            person_id: conversation.person_id,
            recipient,
            name,
            account: account.name.clone(),
            sender: conversation.sender.clone(),
            priority: Priority::AGENT,
            content: NewMessage::content_of(content),
            conversation_id: Some(conversation.id),
            author: author.to_owned(),
            route: String::new(),
            cost_centre: String::new(),
            external_id: None,
            happens_at: None,
            timezone: account.timezone.iana_name().unwrap_or("UTC").to_owned(),
            created_at: now,
            revision: 0,
            due_at: now,
            latest_at: None,
            market: market.as_str().to_owned(),
            category: Category::Service,
            currency: account.currency.as_str().to_owned(),
            estimated: price.unwrap_or_default(),
        })
    }
}

/// Makes the conversation the author's to answer; what becomes of the answer where it is not.
async fn theirs(
    tx: &mut Tx,
    id: ConversationId,
    by: &Author,
    (seen, now): (Seen, UnixMs),
) -> Result<Option<AnswerOutcome>, EngineError> {
    // The row is locked before the thread is read, so that of two answers at once the second sees the first.
    let own = conversation::answer(tx, id, by.id, now).await?;
    if seen.anyway {
        let open = own || conversation::answer_anyway(tx, id, by.id, now).await?;
        return Ok((!open).then(not_yours));
    }
    if let Some(last) = seen.last
        && entry::is_answered_since(tx, id, last, &by.name).await?
    {
        return Ok(Some(AnswerOutcome::Overtaken));
    }
    Ok((!own).then(not_yours))
}

fn not_yours() -> AnswerOutcome {
    AnswerOutcome::Refused(Problem::new("conversation_not_yours", &[]))
}

/// Why a text cannot be sent.
pub(super) fn unfit(text: &str) -> Option<Problem> {
    let length = text.chars().count();
    let fits = length > 0 && length <= LONGEST && !text.contains('\0');
    (!fits).then(|| Problem::new("answer_length", &[("limit", &LONGEST.to_string())]))
}

/// A key for a message that no row stands for.
pub(super) fn unique_key() -> String {
    format!("h:{:032x}", rand::random::<u128>())
}
