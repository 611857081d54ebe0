//! The one place where a conversation's state changes: the row is locked, what happened is judged by the table of
//! [`domain::conversation`](crate::domain::conversation), and what follows is written. A conversation that ends leaves its
//! transcript with its ticket, in the same unit of work.

use std::time::Duration;

use super::{Conversation, ConversationState};
use crate::domain::conversation::{Event, Phase, next};
use crate::domain::id::{ConversationId, TicketId, UserId};
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Tx, on_tx, ticket};

const HOLD: Dialects = Dialects {
    sqlite:
        "SELECT id, person_id, account, sender, state, assignee, assigned_at, team, bot, returned_from, previous_id,
                 ticket_id, origin_message_id, campaign_id, run_id, opened_at, last_at, waiting_since, window_until,
                 close_after, closed_at, closed_by
             FROM conversation WHERE id = $1",
    postgres:
        "SELECT id, person_id, account, sender, state, assignee, assigned_at, team, bot, returned_from, previous_id,
                   ticket_id, origin_message_id, campaign_id, run_id, opened_at, last_at, waiting_since, window_until,
                   close_after, closed_at, closed_by
               FROM conversation WHERE id = $1 FOR UPDATE",
};

const KEEP: &str =
    "UPDATE conversation SET state = $2, waiting_since = $3, window_until = $4, last_at = $5, closed_at = $6,
        closed_by = $7, assignee = $8, assigned_at = $9, team = $10, bot = $11, returned_from = $12, close_after = $13,
        ticket_id = $14
    WHERE id = $1";

/// What happens to a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening<'a> {
    /// The person wrote something that needs an answer, and can be written to until then.
    Asked {
        /// End of the window.
        window_until: UnixMs,
    },
    /// The person wrote something that needs none.
    Heard {
        /// End of the window.
        window_until: UnixMs,
    },
    /// An agent answered; one that nobody had is theirs from then on.
    Answered {
        /// Who.
        agent: UserId,
        /// Although a colleague has it, who keeps it.
        anyway: bool,
    },
    /// An agent answered in another system; whose it is stays.
    AnsweredElsewhere,
    /// The bot that has it answered.
    BotAnswered {
        /// The bot.
        bot: &'a str,
    },
    /// An agent sent a template; one that nobody had is theirs from then on.
    Recontacted {
        /// Who.
        agent: UserId,
        /// How long it waits for an answer from now on; `None`: as long as before.
        wait: Option<Duration>,
    },
    /// It is given to a bot.
    ToBot {
        /// The bot.
        bot: &'a str,
    },
    /// The bot wants a person of ours.
    GivenBack,
    /// Somebody of ours ends it.
    Closed {
        /// Who.
        by: &'a str,
    },
    /// The person's word ends it.
    Settled,
    /// It has been quiet for as long as it waits.
    WaitPassed,
    /// Somebody of ours takes it up again.
    Reopened,
    /// What an agent or a bot had written did not arrive.
    NotDelivered,
}

impl Happening<'_> {
    const fn event(self) -> Event {
        match self {
            Self::Asked { .. } => Event::Asked,
            Self::Heard { .. } => Event::Heard,
            Self::Answered { .. } | Self::AnsweredElsewhere => Event::Answered,
            Self::BotAnswered { .. } => Event::BotAnswered,
            Self::Recontacted { .. } => Event::Recontacted,
            Self::ToBot { .. } => Event::ToBot,
            Self::GivenBack => Event::GivenBack,
            Self::Closed { .. } => Event::Closed,
            Self::Settled => Event::Settled,
            Self::WaitPassed => Event::WaitPassed,
            Self::Reopened => Event::Reopened,
            Self::NotDelivered => Event::NotDelivered,
        }
    }
}

impl Conversation {
    /// Where it stands.
    pub const fn phase(&self) -> Phase {
        let is_open = matches!(self.state, ConversationState::Open);
        Phase::of(is_open, self.waiting_since.is_some(), self.bot.is_some())
    }

    /// Makes it `agent`'s from `at` on.
    fn give(&mut self, agent: UserId, at: UnixMs) {
        if self.assignee != Some(agent) {
            (self.assignee, self.assigned_at) = (Some(agent), Some(at));
        }
        self.returned_from = None;
    }

    /// Whether what happens may happen to it, besides what its phase says.
    fn allows(&self, what: Happening<'_>, at: UnixMs) -> bool {
        match what {
            Happening::Answered { agent, anyway } => anyway || self.assignee.is_none_or(|owner| owner == agent),
            Happening::BotAnswered { bot } => self.bot.as_deref() == Some(bot),
            Happening::WaitPassed => i128::from(self.last_at.0) + i128::from(self.close_after) <= i128::from(at.0),
            _ => true,
        }
    }

    /// Puts it into `phase` and writes down what comes with it.
    fn follow(&mut self, phase: Phase, what: Happening<'_>, at: UnixMs) {
        let closes = !phase.is_open() && self.state == ConversationState::Open;
        self.state = if phase.is_open() { ConversationState::Open } else { ConversationState::Closed };
        self.waiting_since = if phase.waits() { Some(self.waiting_since.unwrap_or(at)) } else { None };
        match what {
            Happening::Asked { window_until } | Happening::Heard { window_until } => {
                self.last_at = self.last_at.max(at);
                self.window_until = self.window_until.max(Some(window_until));
            }
            Happening::Answered { agent, .. } | Happening::Recontacted { agent, .. } => {
                self.last_at = self.last_at.max(at);
                if self.assignee.is_none() {
                    self.give(agent, at);
                }
            }
            Happening::BotAnswered { .. } | Happening::AnsweredElsewhere => self.last_at = self.last_at.max(at),
            Happening::ToBot { bot } => {
                self.bot = Some(bot.to_owned());
                (self.assignee, self.assigned_at, self.returned_from) = (None, Some(at), None);
            }
            Happening::GivenBack => (self.bot, self.assigned_at) = (None, None),
            Happening::Reopened => self.last_at = at,
            Happening::Closed { .. } | Happening::Settled | Happening::WaitPassed | Happening::NotDelivered => {}
        }
        if let Happening::Recontacted { wait: Some(wait), .. } = what {
            self.close_after = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        }
        if closes {
            let by = if let Happening::Closed { by } = what { by } else { "" };
            (self.closed_at, self.closed_by, self.bot) = (Some(at), Some(by.to_owned()), None);
        } else if phase.is_open() {
            (self.closed_at, self.closed_by) = (None, None);
        }
    }
}

/// Something happens to a conversation. Returns how it stands afterwards; `None`: it cannot happen to it as it stands.
pub async fn step(tx: &mut Tx, id: ConversationId, what: Happening<'_>, at: UnixMs) -> Result<Option<Conversation>> {
    let Some(mut conversation) = hold(tx, id).await? else { return Ok(None) };
    let was_open = conversation.state == ConversationState::Open;
    let follows = next(conversation.phase(), what.event()).filter(|_| conversation.allows(what, at));
    let Some(phase) = follows else { return Ok(None) };
    conversation.follow(phase, what, at);
    keep(tx, &conversation).await?;
    if was_open && !phase.is_open() {
        ticket::file_transcript(tx, &conversation, at).await?;
    }
    Ok(Some(conversation))
}

/// Whose a conversation becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hand<'a> {
    /// An agent takes one that nobody or a bot has, or keeps their own.
    Claim(UserId),
    /// An agent takes it over from the colleague who has it.
    TakeOver {
        /// Who.
        agent: UserId,
        /// From whom.
        from: UserId,
    },
    /// Whoever has it, it is this agent's or this team's now; an agent leaves it with its team.
    Give {
        /// The agent; `None`: nobody yet.
        agent: Option<UserId>,
        /// The team; `None` with an agent: as before.
        team: Option<&'a str>,
    },
    /// Whoever has it cannot sign in any more: it is the team's.
    Gone {
        /// What the row said when it was found.
        assignee: UserId,
        /// The team, where it has none.
        team: Option<&'a str>,
    },
    /// Whoever has had it since then and said nothing loses it to the team.
    Silent {
        /// What the row said when it was judged.
        assignee: UserId,
        /// The team, where it has none.
        team: Option<&'a str>,
    },
}

/// Changes whose an open conversation is. Returns how it stands afterwards; `None`: it is closed, or it is somebody else's
/// by now.
pub async fn hand(tx: &mut Tx, id: ConversationId, to: Hand<'_>, at: UnixMs) -> Result<Option<Conversation>> {
    let Some(mut c) = hold(tx, id).await?.filter(|c| c.state == ConversationState::Open) else { return Ok(None) };
    let allowed = match to {
        Hand::Claim(agent) => c.assignee.is_none_or(|owner| owner == agent),
        Hand::TakeOver { from: had, .. } | Hand::Gone { assignee: had, .. } => c.assignee == Some(had),
        Hand::Give { .. } => true,
        Hand::Silent { assignee, .. } => c.assignee == Some(assignee) && c.waiting_since.is_some(),
    };
    if !allowed {
        return Ok(None);
    }
    // Whoever takes it takes it from the bot too.
    if c.bot.is_some() {
        let Some(phase) = next(c.phase(), Event::TakenBack) else { return Ok(None) };
        c.bot = None;
        c.waiting_since = c.waiting_since.filter(|_| phase.waits());
    }
    match to {
        Hand::Claim(agent) | Hand::TakeOver { agent, .. } => c.give(agent, at),
        Hand::Give { agent, team } => {
            (c.assignee, c.assigned_at, c.returned_from) = (agent, agent.map(|_| at), None);
            c.team = if agent.is_some() && team.is_none() { c.team } else { team.map(str::to_owned) };
        }
        Hand::Gone { assignee, team } | Hand::Silent { assignee, team } => {
            (c.assignee, c.assigned_at, c.returned_from) = (None, None, Some(assignee));
            c.team = c.team.or_else(|| team.map(str::to_owned));
        }
    }
    keep(tx, &c).await?;
    Ok(Some(c))
}

/// Links a conversation to a ticket. What was said in one that has ended goes to it at once. Returns how it stands
/// afterwards; `None`: there is no such conversation.
pub async fn link(tx: &mut Tx, id: ConversationId, to: TicketId, at: UnixMs) -> Result<Option<Conversation>> {
    let Some(mut conversation) = hold(tx, id).await? else { return Ok(None) };
    conversation.ticket_id = Some(to);
    keep(tx, &conversation).await?;
    if conversation.state == ConversationState::Closed {
        ticket::file_transcript(tx, &conversation, at).await?;
    }
    Ok(Some(conversation))
}

/// The conversation `id`, which nobody else changes until the unit of work ends.
pub async fn hold(tx: &mut Tx, id: ConversationId) -> Result<Option<Conversation>> {
    let sql = HOLD.of_tx(tx);
    Ok(on_tx!(tx, |c| sqlx::query_as(sql).bind(id).fetch_optional(c).await?))
}

async fn keep(tx: &mut Tx, to: &Conversation) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(KEEP)
        .bind(to.id)
        .bind(to.state)
        .bind(to.waiting_since)
        .bind(to.window_until)
        .bind(to.last_at)
        .bind(to.closed_at)
        .bind(&to.closed_by)
        .bind(to.assignee)
        .bind(to.assigned_at)
        .bind(&to.team)
        .bind(&to.bot)
        .bind(to.returned_from)
        .bind(to.close_after)
        .bind(to.ticket_id)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
