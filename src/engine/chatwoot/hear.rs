//! What is said there, taken up here.

use serde::Deserialize;
use tracing::{info, warn};

use super::files::There;
use super::mirror::SOURCES;
use super::{Broken, Connector, wait};
use crate::domain::change::Change;
use crate::domain::event::ReplyContent;
use crate::domain::free::Free;
use crate::domain::id::ConversationId;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::engine::{AnswerOutcome, EngineError};
use crate::inbox::{Inbox, Seen};
use crate::locale::problem;
use crate::provider::chatwoot::ChatwootError;
use crate::store::audit::{self, Deed};
use crate::store::chatwoot::{self, Heard, Mirror};
use crate::store::conversation::{self, ConversationState};
use crate::store::{Store, StoreError};

/// Tries of one thing that was said; then it is left.
const MOST_TRIES: i64 = 12;

/// Tries of a message with files: whatever comes after it waits for it.
const FILE_TRIES: i64 = 4;

/// A webhook of an API inbox, as far as it matters (developers.chatwoot.com: `message_created`, `conversation_status_changed`).
/// A message names its account and its inbox; a conversation its inbox alone, as `inbox_id`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    event: String,
    id: Option<i64>,
    content: Option<String>,
    message_type: serde_json::Value,
    private: bool,
    source_id: Option<String>,
    conversation: Option<Of>,
    account: Option<Of>,
    inbox: Option<Of>,
    inbox_id: Option<i64>,
    sender: Option<Sender>,
    /// Some kinds have nothing to say of themselves.
    attachments: Vec<Option<There>>,
}

#[derive(Deserialize)]
struct Of {
    id: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Sender {
    name: Option<String>,
}

impl Said {
    /// Whether it speaks of this inbox. Numbers of conversations are counted by account, so that those of another account,
    /// whose webhooks may come to the same address, are other people's. What a conversation says of itself names no account
    /// and is only a reason to ask there.
    fn is_of(&self, (account, inbox): (i64, i64)) -> bool {
        let of_account = match &self.account {
            Some(of) => of.id == account,
            None => self.event != "message_created",
        };
        let named = self.inbox.as_ref().map(|of| of.id).or(self.inbox_id);
        of_account && named.is_none_or(|named| named == inbox)
    }

    /// The conversation there of which it speaks.
    fn place(&self) -> Option<i64> {
        match self.event.as_str() {
            "message_created" => self.conversation.as_ref().map(|of| of.id),
            "conversation_status_changed" => self.id,
            _ => None,
        }
    }

    /// Whether a Recado wrote it, this one or another on the same inbox.
    fn is_a_recados(&self) -> bool {
        self.source_id.as_deref().is_some_and(|source| source.starts_with(SOURCES))
    }

    /// By its word, or by its number in older versions.
    fn is_outgoing(&self) -> bool {
        self.message_type.as_str() == Some("outgoing") || self.message_type.as_i64() == Some(1)
    }

    fn files(&self) -> Vec<There> {
        self.attachments.iter().map(|there| there.clone().unwrap_or_default()).collect()
    }

    fn author(&self) -> String {
        let name = self.sender.as_ref().and_then(|sender| sender.name.as_deref()).unwrap_or_default();
        format!("{} (Chatwoot)", name.replace('\0', "")).trim_start().to_owned()
    }
}

/// Keeps what a webhook of the inbox `name` said, to be taken up behind whatever was said of the same conversation before.
///
/// # Errors
/// The store.
pub async fn keep(store: &Store, name: &str, body: &str, at: UnixMs) -> Result<(), StoreError> {
    let place = serde_json::from_str::<Said>(body).ok().and_then(|said| said.place());
    chatwoot::hear(store, name, (body, place.unwrap_or_default()), at).await
}

impl Connector {
    /// Takes up one thing that was said.
    pub(super) async fn hear(&self, heard: &Heard) -> Result<(), EngineError> {
        let store = &self.engine.store;
        match self.take_up(heard).await {
            Ok(()) => chatwoot::heard_done(store, heard.id).await?,
            Err(Broken::Here(cause)) => return Err(cause),
            Err(Broken::There(why)) if heard.tries + 1 < MOST_TRIES => {
                info!(why = %why, "what Chatwoot said cannot be taken up yet");
                let next = self.engine.clock.now().plus(wait(heard.tries));
                chatwoot::heard_later(store, heard.id, next).await?;
            }
            Err(Broken::There(why)) => {
                warn!(why = %why, "what Chatwoot said is left: it could not be taken up");
                chatwoot::heard_done(store, heard.id).await?;
            }
        }
        Ok(())
    }

    async fn take_up(&self, heard: &Heard) -> Result<(), Broken> {
        let Ok(said) = serde_json::from_str::<Said>(&heard.body) else { return Ok(()) };
        if !said.is_of((self.config.account_id, self.config.inbox_id)) {
            return Ok(());
        }
        let Some(remote) = said.place() else { return Ok(()) };
        let mirror = chatwoot::by_remote(&self.engine.store, &self.config.name, remote).await?;
        let Some(mirror) = mirror else {
            // It may be being made right now, by the call whose answer names it.
            let early = ChatwootError::Unreachable("the conversation is not known yet".to_owned());
            return if heard.tries == 0 { Err(early.into()) } else { Ok(()) };
        };
        if said.event == "message_created" {
            self.message(&mirror, remote, (&said, heard.tries + 1 >= FILE_TRIES)).await
        } else {
            self.state(&mirror, remote).await
        }
    }

    async fn message(&self, mirror: &Mirror, remote: i64, (said, is_last): (&Said, bool)) -> Result<(), Broken> {
        let Some(id) = said.id.filter(|_| said.is_outgoing()) else { return Ok(()) };
        if said.is_a_recados() || chatwoot::is_known(&self.engine.store, mirror.conversation_id, id).await? {
            return Ok(());
        }
        let text = said.content.as_deref().unwrap_or_default().trim();
        if said.private {
            return self.note(mirror, id, (text, &said.author())).await;
        }
        let Some(why) = self.answer(mirror.conversation_id, id, (text, said, is_last)).await? else { return Ok(()) };
        let why = problem(self.config.language, &why);
        Ok(self.there.status((remote, id), "failed", Some(&why)).await?)
    }

    /// Sends what an agent wrote there; why it cannot be sent.
    async fn answer(
        &self,
        conversation: ConversationId,
        id: i64,
        (text, said, is_last): (&str, &Said, bool),
    ) -> Result<Option<Problem>, Broken> {
        let author = said.author();
        // What could not be sent anyway is not fetched.
        if let Some(why) = self.engine.window_from_elsewhere(conversation).await? {
            return Ok(Some(why));
        }
        let parts = if said.attachments.is_empty() {
            vec![Free::text(text)]
        } else {
            match self.parts(conversation, (text, &said.files()), &author, is_last).await? {
                Ok(parts) => parts,
                Err(why) => return Ok(Some(why)),
            }
        };
        let of = (self.config.name.as_str(), id);
        Ok(match self.engine.answer_from_elsewhere(conversation, parts, &author, of).await? {
            AnswerOutcome::Refused(why) => Some(why),
            AnswerOutcome::Sent(_) | AnswerOutcome::Overtaken => None,
        })
    }

    async fn note(&self, mirror: &Mirror, id: i64, (text, author): (&str, &str)) -> Result<(), Broken> {
        if text.is_empty() || text.contains('\0') {
            return Ok(());
        }
        let content = ReplyContent::Text { body: text.to_owned() };
        let of = (self.config.name.as_str(), id);
        Ok(self.engine.note_from_elsewhere(mirror.conversation_id, &content, author, of).await?)
    }

    /// What there is said of a state may be old by the time it comes: what it is now counts.
    async fn state(&self, mirror: &Mirror, remote: i64) -> Result<(), Broken> {
        let (store, id) = (&self.engine.store, mirror.conversation_id);
        let known = chatwoot::lines(store, id).await?;
        let now_there = self.there.state(remote).await?;
        if mirror.remote_state.as_deref() == Some(&now_there) {
            return Ok(());
        }
        chatwoot::set_state(store, id, &now_there).await?;
        let Some(here) = conversation::get(store, id).await? else { return Ok(()) };
        let (by, at) = (format!("chatwoot:{}", self.config.name), self.engine.clock.now());
        // Whoever resolves it there has seen what was written there.
        let last = known.iter().filter(|line| line.remote_id.is_some()).map(|line| line.entry_id).max();
        let seen = Seen { last: Some(last.unwrap_or_default()), anyway: false };
        let inbox = Inbox::new(store.clone(), self.engine.changes.clone()).having(seen);
        let (done, action) = match (now_there.as_str(), here.state) {
            ("resolved", ConversationState::Open) => (inbox.close(id, &by, at).await?.is_done(), "conversation.close"),
            ("open", ConversationState::Closed) => (inbox.reopen(id, at).await?, "conversation.reopen"),
            _ => return Ok(()),
        };
        if !done {
            return Ok(());
        }
        let subject = format!("conversation {id}");
        audit::write(store, at, Deed { actor: &by, action, subject: &subject, detail: "" }).await?;
        self.engine.tell(Change::Conversation(id));
        Ok(())
    }
}
