//! An agent's answer: free text within the window, ahead of every campaign.

use tracing::info;

use super::media::Same;
use super::{Engine, EngineError};
use crate::billing::{market, service};
use crate::config::{MarkRead, Sender};
use crate::domain::change::Change;
use crate::domain::failure::Dialect;
use crate::domain::fill::Content;
use crate::domain::free::{self, Free, is_blank};
use crate::domain::id::{CampaignId, ConversationId, EntryId, MediaId, MessageId, RunId};
use crate::domain::kind::Priority;
use crate::domain::money::Micros;
use crate::domain::problem::Problem;
use crate::domain::recipient::Recipient;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::engine::hand::Author;
use crate::inbox::reply::AUTOMATIC;
use crate::inbox::{self, Seen};
use crate::store::audit::{self, Deed};
use crate::store::conversation::{self, Conversation, ConversationState, Happening};
use crate::store::idempotency::Once;
use crate::store::message::{self, NewMessage};
use crate::store::{StoreError, Tx, entry, media, person, reading};

/// WhatsApp's limit of a text, in characters.
const LONGEST: usize = 4_096;

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

/// What an agent answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// What.
    pub free: Free,
    /// The line of the thread that is quoted, or reacted to.
    pub quoted: Option<EntryId>,
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self { free: Free::text(text), quoted: None }
    }
}

impl Engine {
    /// Sends an agent's text in a conversation, while its window is open. An unowned conversation becomes the agent's.
    /// What was written while a colleague's answer went out is not sent.
    pub async fn answer(
        &self,
        id: ConversationId,
        text: &str,
        by: &Author,
        seen: Seen,
    ) -> Result<AnswerOutcome, EngineError> {
        self.reply(id, text.into(), by, seen).await
    }

    /// Sends whatever needs no template, by the same rules.
    pub async fn reply(
        &self,
        id: ConversationId,
        mut reply: Reply,
        by: &Author,
        seen: Seen,
    ) -> Result<AnswerOutcome, EngineError> {
        let refused = |problem| Ok(AnswerOutcome::Refused(problem));
        if let Some(message) = by.once.made()? {
            return Ok(AnswerOutcome::Sent(message));
        }
        let found = conversation::get(&self.store, id).await?;
        let found = found.ok_or(EngineError::Unknown { what: "conversation" })?;
        let (sender, account) = self.way_out(&found.sender).map_err(|_| EngineError::Unknown { what: "sender" })?;
        let through = account.access.kind().dialect();
        if let Some(problem) = self.complete(id, &mut reply.free, sender, through).await? {
            return refused(problem);
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let found = conversation::by_id(&mut tx, id).await?;
        let conversation = found.ok_or(EngineError::Unknown { what: "conversation" })?;
        if conversation.window_until.is_none_or(|until| until <= now) {
            return refused(no_window(&mut tx, &conversation).await?);
        }
        let quoted = match reply.quoted {
            Some(line) => entry::quotable(&mut tx, id, line).await?,
            None => None,
        };
        if quoted.is_none() && (reply.quoted.is_some() || matches!(reply.free, Free::Reaction { .. })) {
            return refused(Problem::new("answer_quotes_nothing", &[]));
        }
        let attached = reply.free.attached().map(|attached| attached.media);
        let message =
            match self.new_answer(&mut tx, &conversation, content(reply.free, quoted), (&by.name, now)).await? {
                Ok(message) => message,
                Err(problem) => return refused(problem),
            };
        if let Some(not) = theirs(&mut tx, id, by, (seen, now)).await? {
            return Ok(not);
        }
        note_claim(&mut tx, &conversation, by, now).await?;
        let Some(message) = line_up(&mut tx, id, (message, attached), (&by.name, now)).await? else {
            return refused(Problem::new("attachment_gone", &[]));
        };
        if account.reading.mark != MarkRead::Never {
            reading::want(&mut tx, id).await?;
        }
        by.once.settle(&mut tx, &message).await?;
        tx.commit().await?;
        info!(message.id = %message, conversation.id = %id, "message {message} answers conversation {id}");
        self.tell(Change::Conversation(id));
        self.wake.notify_waiters();
        Ok(AnswerOutcome::Sent(message))
    }

    /// Completes what is to be sent, and uploads its file; why it cannot be sent.
    pub(super) async fn complete(
        &self,
        id: ConversationId,
        free: &mut Free,
        sender: &Sender,
        through: Dialect,
    ) -> Result<Option<Problem>, EngineError> {
        if let Free::Text { body } = free {
            let text = body.trim().to_owned();
            if let Some(why) = unfit(&text) {
                return Ok(Some(why));
            }
            *body = text;
            return Ok(None);
        }
        let gone = || Ok(Some(Problem::new("attachment_gone", &[])));
        let mut file = None;
        if let Free::Attachment(attached) = free {
            let found = media::to_send(&self.store, attached.media, id).await?;
            let Some(found) = found.filter(|found| found.message_id.is_none()) else { return gone() };
            attached.kind = Some(found.kind);
            attached.filename = Some(found.filename.clone()).filter(|name| !name.is_empty());
            attached.caption = attached.caption.take().filter(|caption| !is_blank(caption));
            let mime_type = media::sent_as(&self.store, attached.media).await?;
            let (Some(hash), Some(mime_type)) = (found.hash, mime_type) else { return gone() };
            file = Some((hash, mime_type, found.filename));
        }
        if let Some(problem) = free::problems(free, through).into_iter().next() {
            return Ok(Some(problem));
        }
        let Some((hash, mime_type, filename)) = &file else { return Ok(None) };
        let same = Same { hash, mime_type, filename };
        Ok(self.place_file(sender, same).await?.err())
    }

    /// Sends the text of the bot that has a conversation, while its window is open: once under `once`.
    pub async fn answer_as_bot(
        &self,
        id: ConversationId,
        text: &str,
        bot: &str,
        once: &Once,
    ) -> Result<AnswerOutcome, EngineError> {
        if let Some(message) = once.made()? {
            return Ok(AnswerOutcome::Sent(message));
        }
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
        let message = match self.new_answer(&mut tx, &conversation, content, (&author, now)).await? {
            Ok(message) => message,
            Err(problem) => return Ok(AnswerOutcome::Refused(problem)),
        };
        let message = message::insert(&mut tx, message).await?;
        inbox::write_out(&mut tx, id, message, &author, now).await?;
        once.settle(&mut tx, &message).await?;
        tx.commit().await?;
        info!(message.id = %message, conversation.id = %id, "message {message} of a bot answers conversation {id}");
        self.tell(Change::Conversation(id));
        self.wake.notify_waiters();
        Ok(AnswerOutcome::Sent(message))
    }

    pub(super) async fn new_answer(
        &self,
        tx: &mut Tx,
        conversation: &Conversation,
        content: Content,
        (author, now): (&str, UnixMs),
    ) -> Result<Result<NewMessage, Problem>, EngineError> {
        let (_, account) = self.way_out(&conversation.sender).map_err(|_| EngineError::Unknown { what: "sender" })?;
        // Somebody who was erased has no number any more.
        let Some((recipient, name)) = person::reached_at(tx, conversation.person_id).await? else {
            return Ok(Err(Problem::new("person_erased", &[])));
        };
        let to = Recipient::parse(&recipient).ok_or(StoreError::Corrupt { what: "person.phone" })?;
        if to.phone().is_none() && account.access.kind().dialect() != Dialect::CloudApi {
            return Ok(Err(Problem::new("person_without_number", &[])));
        }
        let market = market::of_recipient(&to);
        let from = (account, conversation.sender.as_str());
        let price = match content {
            // Reactions cost nothing (cloud-api.md 7.1).
            Content::Free { free: Free::Reaction { .. }, .. } => Micros::default(),
            _ => service::estimate(tx, &self.cards, from, market.as_str(), now).await?,
        };
        Ok(Ok(NewMessage {
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
            content: NewMessage::content_of(&content),
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
            estimated: price,
        }))
    }
}

/// As it is kept with its message.
pub(super) fn content(free: Free, quoted: Option<String>) -> Content {
    match free {
        Free::Text { body } => Content::Text { body, quoted },
        free => Content::Free { free, quoted },
    }
}

/// Why no free text goes out: nobody is left to write to, or the person has not written for long.
async fn no_window(tx: &mut Tx, conversation: &Conversation) -> Result<Problem, EngineError> {
    let is_there = person::reached_at(tx, conversation.person_id).await?.is_some();
    Ok(Problem::new(if is_there { "window_closed" } else { "person_erased" }, &[]))
}

/// Puts a message in line and shows it in the thread. `None`: its file was sent with another meanwhile, or is gone.
async fn line_up(
    tx: &mut Tx,
    id: ConversationId,
    (message, attached): (NewMessage, Option<MediaId>),
    (author, now): (&str, UnixMs),
) -> Result<Option<MessageId>, EngineError> {
    let message = message::insert(tx, message).await?;
    if let Some(attached) = attached
        && !media::sent(tx, attached, message).await?
    {
        return Ok(None);
    }
    inbox::write_out(tx, id, message, author, now).await?;
    Ok(Some(message))
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
        return if open { Ok(None) } else { Ok(Some(not_theirs(tx, id).await?)) };
    }
    if let Some(last) = seen.last
        && entry::is_answered_since(tx, id, last, (&by.name, AUTOMATIC)).await?
    {
        return Ok(Some(AnswerOutcome::Overtaken));
    }
    if own { Ok(None) } else { Ok(Some(not_theirs(tx, id).await?)) }
}

/// Writes down that a conversation became the author's by answering, if it did.
async fn note_claim(tx: &mut Tx, was: &Conversation, by: &Author, now: UnixMs) -> Result<(), EngineError> {
    if was.assignee == Some(by.id) {
        return Ok(());
    }
    let found = conversation::by_id(tx, was.id).await?;
    if found.is_some_and(|found| found.assignee == Some(by.id)) {
        let (subject, detail) = (format!("conversation {}", was.id), "by answering");
        let deed = Deed { actor: by.doer(), action: "conversation.claim", subject: &subject, detail };
        audit::write_in(tx, now, deed).await?;
    }
    Ok(())
}

/// Why nobody but somebody else may write there.
async fn not_theirs(tx: &mut Tx, id: ConversationId) -> Result<AnswerOutcome, EngineError> {
    let found = conversation::by_id(tx, id).await?.filter(|found| found.state == ConversationState::Open);
    let why = match found.map(|found| found.bot) {
        Some(Some(bot)) => Problem::new("conversation_bot_has", &[("bot", &bot)]),
        Some(None) => Problem::new("conversation_colleague_has", &[]),
        None => Problem::new("conversation_closed", &[]),
    };
    Ok(AnswerOutcome::Refused(why))
}

/// Why a text cannot be sent.
pub(super) fn unfit(text: &str) -> Option<Problem> {
    if text.contains('\0') {
        return Some(Problem::new("answer_character", &[]));
    }
    let length = text.chars().count();
    let fits = !is_blank(text) && length <= LONGEST;
    (!fits).then(|| Problem::new("answer_length", &[("limit", &LONGEST.to_string())]))
}

/// A key for a message that no row stands for.
pub(super) fn unique_key() -> String {
    format!("h:{:032x}", rand::random::<u128>())
}
