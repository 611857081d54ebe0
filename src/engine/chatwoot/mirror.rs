//! What is here, told there.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use super::{Broken, Connector, words};
use crate::domain::id::{ConversationId, EntryId};
use crate::domain::media::MediaState;
use crate::engine::{EngineError, aside};
use crate::provider::chatwoot::{ChatwootError, NewContact, NewConversation, NewFile, NewLine};
use crate::store::chatwoot::{self, Mirror, MirrorLine};
use crate::store::conversation::{self, Bubble, Conversation, ConversationState};
use crate::store::entry::Direction;
use crate::store::media;

/// An attachment that is still being fetched is waited for so long.
const PATIENCE: Duration = Duration::from_mins(1);

/// Chatwoot's usual limit of a file, in bytes.
const LARGEST: u64 = 40 * 1024 * 1024;

/// Calls of one look: whoever has more to catch up on goes on when others had their turn.
const CALLS: usize = 20;

/// How the names of lines there begin that any Recado wrote.
pub(super) const SOURCES: &str = "recado:";

/// How much of what differs was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// All of it.
    All,
    /// As much as one look may.
    Part,
}

impl Connector {
    /// Tells what differs in one conversation, the oldest line first.
    pub(super) async fn mirror(&self, mirror: &Mirror) -> Result<Told, Broken> {
        let id = mirror.conversation_id;
        let Some(here) = conversation::get(&self.engine.store, id).await? else { return Ok(Told::All) };
        // What needed nobody from its beginning to its end is no work for anybody there either.
        if mirror.remote_id.is_none() && here.state == ConversationState::Closed {
            return Ok(Told::All);
        }
        let (remote, mut state, campaign) = self.place(mirror, &here).await?;
        // In this order: what is being taken up from there comes into the thread as a line that is known.
        let thread = conversation::thread(&self.engine.store, id).await?;
        let known = chatwoot::lines(&self.engine.store, id).await?;
        let known: BTreeMap<EntryId, MirrorLine> = known.into_iter().map(|line| (line.entry_id, line)).collect();
        let mut calls = 0;
        for line in thread {
            if calls >= CALLS {
                return Ok(Told::Part);
            }
            let there = known.get(&line.id);
            let there = if let Some(there) = there.and_then(|there| there.remote_id) {
                there
            } else {
                calls += 1;
                let written = self.write((id, remote), &line, there.is_some(), campaign.as_deref()).await?;
                if line.direction == Direction::In && state != "open" {
                    // What a person writes opens it there by itself.
                    "open".clone_into(&mut state);
                    chatwoot::set_state(&self.engine.store, id, &state).await?;
                }
                written
            };
            let told = known.get(&line.id).map_or("", |line| line.told.as_str());
            calls += usize::from(self.ticks(&line, (remote, there), told).await?);
        }
        let wanted = if here.state == ConversationState::Open { "open" } else { "resolved" };
        let differs = match wanted {
            "open" => state == "resolved",
            _ => state != "resolved",
        };
        if differs {
            self.there.set_state(remote, wanted).await?;
            chatwoot::set_state(&self.engine.store, id, wanted).await?;
        }
        Ok(Told::All)
    }

    /// The conversation's number and state there, and its campaign; contact and conversation are made where they are not
    /// there yet.
    async fn place(&self, mirror: &Mirror, here: &Conversation) -> Result<(i64, String, Option<String>), Broken> {
        let store = &self.engine.store;
        let panel = conversation::panel(store, here.id).await?;
        let campaign = panel.as_ref().and_then(|panel| panel.campaign_title.clone());
        if let Some(remote) = mirror.remote_id {
            return Ok((remote, mirror.remote_state.clone().unwrap_or_else(|| "open".to_owned()), campaign));
        }
        let key = format!("recado-{}-{}", self.engine.instance.as_str(), here.person_id);
        let phone = panel.as_ref().and_then(|panel| panel.phone.as_ref()).map(|digits| format!("+{digits}"));
        let name = panel.map(|panel| panel.name).filter(|name| !name.is_empty());
        let name = name.or_else(|| phone.clone()).unwrap_or_else(|| key.clone());
        let contact = if let Some(contact) = mirror.contact_id {
            contact
        } else {
            let contact = self.there.contact(&NewContact { key: key.clone(), name, phone }).await?;
            chatwoot::set_contact(store, here.id, contact).await?;
            contact
        };
        let page = self.engine.config.server.public_url.as_str().trim_end_matches('/');
        let url = format!("{page}/conversations/{}", here.id);
        let ours = format!("{}-{}", self.engine.instance.as_str(), here.id);
        let new = NewConversation { contact, source: key, key: ours, campaign: campaign.clone(), url };
        let (remote, state) = self.there.conversation(&new).await?;
        chatwoot::set_remote(store, here.id, remote, &state).await?;
        Ok((remote, state, campaign))
    }

    /// What a line of ours is called there.
    pub(super) fn source(&self, entry: EntryId) -> String {
        format!("{SOURCES}{}:{entry}", self.engine.instance.as_str())
    }

    /// Writes a line there; its number. One that may be there is looked for before.
    async fn write(
        &self,
        (id, remote): (ConversationId, i64),
        line: &Bubble,
        may_be_there: bool,
        campaign: Option<&str>,
    ) -> Result<i64, Broken> {
        let (store, source) = (&self.engine.store, self.source(line.id));
        chatwoot::begin_line(store, line.id, id).await?;
        let found = if may_be_there { self.there.find(remote, &source).await? } else { None };
        let there = if let Some(there) = found {
            there
        } else {
            let content = words::text(self.config.language, line, campaign);
            let incoming = line.direction == Direction::In;
            let private = line.direction == Direction::Note;
            let is_echo = line.direction == Direction::Out && line.message_id.is_none();
            let file = if incoming || is_echo { self.file(id, line).await? } else { None };
            let new = NewLine { incoming, private, content: &content, source: &source, file };
            self.there.write(remote, &new).await?
        };
        chatwoot::line_is(store, line.id, there).await?;
        Ok(there)
    }

    /// The file that came with a line. One that is still being fetched is waited for a little; what never comes is told by
    /// the line's words.
    async fn file(&self, id: ConversationId, line: &Bubble) -> Result<Option<NewFile>, Broken> {
        let all = media::of_conversation(&self.engine.store, id).await?;
        let Some(found) = all.into_iter().find(|one| one.entry_id == Some(line.id)) else { return Ok(None) };
        if found.state == MediaState::Waiting && self.engine.clock.now().since(line.at) < PATIENCE {
            return Err(ChatwootError::Unreachable("an attachment is still being fetched".to_owned()).into());
        }
        let Some(hash) = found.hash.filter(|_| found.state == MediaState::Here) else { return Ok(None) };
        let Some(kept) = self.engine.media_file(&hash).await?.filter(|kept| kept.size <= LARGEST) else {
            return Ok(None);
        };
        let read = move || {
            let mut bytes = Vec::new();
            let mut file = kept.file;
            file.read_to_end(&mut bytes).map(|_| bytes)
        };
        let unread = |cause| EngineError::File { place: "data directory", cause };
        let bytes = aside(read).await?.map_err(unread)?;
        let name =
            Some(found.filename).filter(|name| !name.is_empty()).unwrap_or_else(|| format!("attachment-{}", found.id));
        Ok(Some(NewFile { name, mime_type: found.mime_type, bytes }))
    }

    /// Says there how a message of ours stands, where that was not said. Whether it was said now.
    async fn ticks(&self, line: &Bubble, place: (i64, i64), told: &str) -> Result<bool, Broken> {
        let Some(ticks) = &line.ticks else { return Ok(false) };
        let Some(status) = words::status(ticks.state).filter(|status| *status != told) else { return Ok(false) };
        let why = (status == "failed").then(|| words::why(self.config.language, ticks));
        match self.there.status(place, status, why.as_deref()).await {
            // Somebody deleted it there.
            Err(gone) if gone.is_gone() => {}
            done => done?,
        }
        chatwoot::told(&self.engine.store, line.id, status).await?;
        Ok(true)
    }
}
