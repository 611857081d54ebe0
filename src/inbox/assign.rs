//! Who gets conversations: by route, dealt out within a team, taken from those who say nothing, handed on, given to bots
//! and back. Each change is judged in the store, with its line of the audit in the same unit of work.

use std::time::Duration;

use crate::config::{Config, Team};
use crate::domain::assign::{Policy, pick};
use crate::domain::conversation::owed_since;
use crate::domain::event::ReplyContent;
use crate::domain::id::{ConversationId, UserId};
use crate::domain::time::UnixMs;
use crate::store::audit::{self, Deed, ITSELF};
use crate::store::conversation::{self, Conversation, Hand, Happening};
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::{Result, Tx, token, turn, user};

use super::Inbox;
use super::routing::Owner;

/// Where a conversation is handed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Onward {
    /// To an agent; its team stays.
    Agent(UserId),
    /// To a team: whoever of it takes it, or gets it in turn.
    Team(String),
    /// To the bot of that name.
    Bot(String),
}

/// Whose conversations somebody hands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Everybody's.
    All,
    /// Nobody's, and those of this agent; `None`: nobody's alone.
    Own(Option<UserId>),
}

impl Reach {
    /// Whether it goes so far as a conversation of `assignee`.
    pub fn includes(self, assignee: Option<UserId>) -> bool {
        match self {
            Self::All => true,
            Self::Own(agent) => assignee.is_none() || assignee == agent,
        }
    }
}

/// Who hands it on, and what the next reads.
#[derive(Clone, Copy, Debug)]
pub struct HandOver<'a> {
    /// Who, as the audit names them.
    pub by: &'a str,
    /// The name under the note.
    pub pen: &'a str,
    /// Whose it may be.
    pub of: Reach,
    /// Where to, in words: a name.
    pub to: &'a str,
    /// What the next reads; empty: nothing.
    pub note: &'a str,
    /// When.
    pub at: UnixMs,
}

/// What became of handing it on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HandedOver {
    /// It is theirs.
    Done,
    /// It is closed.
    Closed,
    /// It is somebody else's by now.
    Others,
    /// There is no bot of that name.
    NoBot,
}

/// Writes down by which route a new conversation found its owner.
pub(super) async fn routed(tx: &mut Tx, id: ConversationId, (owner, route): (&Owner, &str), at: UnixMs) -> Result<()> {
    if owner.agent.is_none() && owner.bot.is_none() {
        return Ok(());
    }
    let (subject, detail) = (format!("conversation {id}"), format!("route {route}"));
    audit::write_in(tx, at, Deed { actor: ITSELF, action: "conversation.route", subject: &subject, detail: &detail })
        .await
}

/// A user, as the audit names them.
pub(super) async fn user_named(tx: &mut Tx, id: UserId) -> Result<String> {
    Ok(user::name_in(tx, id).await?.map_or_else(String::new, |name| format!("user {name}")))
}

impl Inbox {
    /// Hands an open conversation to an agent, a team or a bot, with what the next reads. Whose it is is judged on the locked
    /// row: a colleague who has just taken it over keeps it.
    pub async fn hand_over(&self, id: ConversationId, onward: &Onward, how: &HandOver<'_>) -> Result<HandedOver> {
        if self.once.is_made() {
            return Ok(HandedOver::Done);
        }
        let mut tx = self.store.begin().await?;
        let Some(found) = conversation::hold(&mut tx, id).await? else { return Ok(HandedOver::Closed) };
        if !how.of.includes(found.assignee) {
            return Ok(HandedOver::Others);
        }
        let done = match onward {
            Onward::Agent(agent) => {
                let give = Hand::Give { agent: Some(*agent), team: None };
                conversation::hand(&mut tx, id, give, how.at).await?
            }
            Onward::Team(team) => {
                conversation::hand(&mut tx, id, Hand::Give { agent: None, team: Some(team) }, how.at).await?
            }
            Onward::Bot(bot) if !token::is_bot(&mut tx, bot).await? => return Ok(HandedOver::NoBot),
            Onward::Bot(bot) => conversation::step(&mut tx, id, Happening::ToBot { bot }, how.at).await?,
        };
        if done.is_none() {
            return Ok(HandedOver::Closed);
        }
        self.handed(tx, id, "conversation.assign", how).await?;
        Ok(HandedOver::Done)
    }

    /// A bot wants a person of ours to go on. False: no bot has it, or another one than `bot`.
    pub async fn give_back(&self, id: ConversationId, bot: Option<&str>, how: &HandOver<'_>) -> Result<bool> {
        if self.once.is_made() {
            return Ok(true);
        }
        let mut tx = self.store.begin().await?;
        let Some(found) = conversation::hold(&mut tx, id).await? else { return Ok(false) };
        if bot.is_some() && found.bot.as_deref() != bot {
            return Ok(false);
        }
        if conversation::step(&mut tx, id, Happening::GivenBack, how.at).await?.is_none() {
            return Ok(false);
        }
        self.handed(tx, id, "conversation.from_bot", how).await?;
        Ok(true)
    }

    /// Leaves the note and the line of the audit, and ends the unit of work.
    async fn handed(&self, mut tx: Tx, id: ConversationId, action: &str, how: &HandOver<'_>) -> Result<()> {
        if !how.note.is_empty() {
            let content = ReplyContent::Text { body: how.note.to_owned() };
            let author = if how.to.is_empty() { how.pen.to_owned() } else { format!("{} → {}", how.pen, how.to) };
            let line = NewEntry {
                conversation: id,
                direction: Direction::Note,
                content: Some(&content),
                provider_id: None,
                quoted: None,
                message: None,
                certainty: None,
                author: &author,
                at: how.at,
                received_at: how.at,
            };
            entry::add(&mut tx, &line).await?;
        }
        let subject = format!("conversation {id}");
        let deed = Deed { actor: how.by, action, subject: &subject, detail: how.to };
        audit::write_in(&mut tx, how.at, deed).await?;
        self.once.settle(&mut tx, &id).await?;
        tx.commit().await?;
        self.announce(id);
        Ok(())
    }

    /// Deals out the conversations that wait in teams that give them to their agents, those who wait longest first. Two
    /// nodes take turns, so that nobody gets more than they have room for. How many.
    pub async fn deal(&self, config: &Config, now: UnixMs) -> Result<usize> {
        let mut dealt = 0;
        for (name, team) in config.teams.iter().filter(|(_, team)| team.assign != Policy::ByHand) {
            for id in turn::unassigned(&self.store, name).await? {
                if !self.deal_one(id, (name, team), (config.conversations.capacity, now)).await? {
                    break;
                }
                dealt += 1;
            }
        }
        Ok(dealt)
    }

    /// Deals one out. False: nobody of the team has room.
    async fn deal_one(
        &self,
        id: ConversationId,
        (name, team): (&str, &Team),
        (capacity, now): (i64, UnixMs),
    ) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let found = conversation::hold(&mut tx, id).await?;
        let waits = |c: &Conversation| {
            c.assignee.is_none() && c.bot.is_none() && c.waiting_since.is_some() && c.team.as_deref() == Some(name)
        };
        // Somebody was faster: the next one may still be dealt.
        let Some(found) = found.filter(waits) else { return Ok(true) };
        let n = turn::next(&mut tx).await?;
        let agents = turn::agents(&mut tx, name, &team.members, (capacity, now)).await?;
        let Some(agent) = pick(team.assign, &agents, found.returned_from) else { return Ok(false) };
        conversation::hand(&mut tx, id, Hand::Give { agent: Some(agent), team: None }, now).await?;
        turn::took(&mut tx, name, agent, n).await?;
        let (subject, policy) = (format!("conversation {id}"), team.assign.as_str());
        let detail = format!("{}, team {name}, {policy}", user_named(&mut tx, agent).await?);
        let deed = Deed { actor: ITSELF, action: "conversation.deal", subject: &subject, detail: &detail };
        audit::write_in(&mut tx, now, deed).await?;
        tx.commit().await?;
        self.announce(id);
        Ok(true)
    }

    /// Takes conversations from agents and bots who have left the person waiting for too long, and from agents who cannot
    /// sign in any more, and gives them back to their team. How many.
    pub async fn take_from_silent(&self, config: &Config, now: UnixMs) -> Result<usize> {
        let mut taken = 0;
        if let Some(after) = config.conversations.unassign_after {
            for silent in turn::silent(&self.store, now.minus(after)).await? {
                taken += usize::from(self.take_from(config, silent, (Some(after), now)).await?);
            }
        }
        for gone in turn::of_gone(&self.store).await? {
            taken += usize::from(self.take_from(config, gone, (None, now)).await?);
        }
        for id in turn::silent_bots(&self.store, now.minus(config.conversations.bot_silence)).await? {
            let how = HandOver { by: ITSELF, pen: ITSELF, of: Reach::All, to: "", note: "", at: now };
            taken += usize::from(self.give_back(id, None, &how).await?);
        }
        Ok(taken)
    }

    /// Takes one from its agent: because they have been silent for that long, or because they are gone.
    async fn take_from(
        &self,
        config: &Config,
        found: turn::Silent,
        (after, now): (Option<Duration>, UnixMs),
    ) -> Result<bool> {
        let turn::Silent { id, agent } = found;
        let mut tx = self.store.begin().await?;
        let Some(found) = conversation::hold(&mut tx, id).await? else { return Ok(false) };
        // They may have answered, or got it anew, since it was found.
        if let Some(after) = after
            && found.waiting_since.is_none_or(|since| owed_since(since, found.assigned_at) > now.minus(after))
        {
            return Ok(false);
        }
        let team = config.senders.get(&found.sender).and_then(|sender| sender.team.as_deref());
        let hand = match after {
            Some(_) => Hand::Silent { assignee: agent, team },
            None => Hand::Gone { assignee: agent, team },
        };
        if conversation::hand(&mut tx, id, hand, now).await?.is_none() {
            return Ok(false);
        }
        let why = if after.is_some() { "silent" } else { "shut out" };
        let detail = format!("{}, {why}", user_named(&mut tx, agent).await?);
        let subject = format!("conversation {id}");
        let deed = Deed { actor: ITSELF, action: "conversation.unassign", subject: &subject, detail: &detail };
        audit::write_in(&mut tx, now, deed).await?;
        tx.commit().await?;
        self.announce(id);
        Ok(true)
    }
}
