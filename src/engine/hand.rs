//! One template to one number by hand; opens a conversation that belongs to whoever sent it.

mod look;
mod values;

use std::time::Duration;

use tracing::{info, warn};

use super::answer::unique_key;
use super::dispatcher::is_marketing;
use super::{Engine, EngineError};
use crate::billing::{estimate, market};
use crate::config::Account;
use crate::domain::change::Change;
use crate::domain::event::Identity;
use crate::domain::failure::Dialect;
use crate::domain::fill::{Content, Fill};
use crate::domain::id::{CampaignId, ConversationId, MessageId, PersonId, RunId, TicketId, UserId};
use crate::domain::kind::{CampaignKind, Priority};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::recipient::Recipient;
use crate::domain::template::{Template, TemplateStatus, edit};
use crate::inbox::{self, ByHand};
use crate::intake::phone_number::{self, Home};
use crate::store::idempotency::Once;
use crate::store::message::{self, NewMessage};
use crate::store::ticket::{self, Misplaced};
use crate::store::{StoreError, identity, person, suppression};

pub use look::HandLook;

/// Shortest and longest time that a template sent by hand may wait for its answer.
pub const WAITS: (Duration, Duration) = (Duration::from_mins(10), Duration::from_hours(90 * 24));

/// Longest name of who pays, in characters: reports are read by people.
const LONGEST_COST_CENTRE: usize = 200;

/// Who sends or answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Author {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// The key under which they do: what was made under it already is not made again.
    pub once: Once,
    /// The program that does it for them, as the audit names it.
    pub by: Option<String>,
}

impl Author {
    /// Who the audit says did it.
    pub(super) fn doer(&self) -> &str {
        self.by.as_deref().unwrap_or(&self.name)
    }
}

/// A template to send by hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandSend {
    /// From which sender.
    pub sender: String,
    /// The number as typed; a local one is completed with the sender's country.
    pub to: String,
    /// Name of the template.
    pub template: String,
    /// Its language.
    pub language: String,
    /// Values by name: the body's parameters, `header` for a header's text or link, `button.N` for the N-th button (from 0),
    /// and what other places of a template are called ([`crate::domain::template::slot::Slot`]).
    pub values: Vec<(String, String)>,
    /// Who pays; may be empty.
    pub cost_centre: String,
    /// How long the conversation waits for an answer before it closes by itself; left out: as for every other.
    pub wait: Option<Duration>,
    /// The ticket that its conversation belongs to.
    pub ticket: Option<TicketId>,
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HandOutcome {
    /// It is in line, ahead of every campaign.
    Sent {
        /// Which message.
        message: MessageId,
        /// The conversation it is in.
        conversation: ConversationId,
    },
    /// These must be mended first.
    Refused(Vec<Problem>),
}

impl Engine {
    /// The international form of a number typed for `sender`, to be shown before anything is sent.
    pub fn international(&self, sender: &str, typed: &str) -> Result<Phone, Problem> {
        let (sender, _) = self.way_out(sender)?;
        let country = phone_number::country_of(&sender.number);
        let home = country.and_then(|country| Home::new(&country, None));
        phone_number::read(typed, home.as_ref()).map_err(|not| not_a_number(typed, not.detail()))
    }

    /// The same of a person: our own senders' numbers are nobody's.
    fn persons_number(&self, sender: &str, typed: &str) -> Result<Phone, Problem> {
        let phone = self.international(sender, typed)?;
        match self.config.senders.values().find(|own| own.number == phone) {
            Some(own) => Err(Problem::new("number_own", &[("number", &phone.with_plus()), ("sender", &own.name)])),
            None => Ok(phone),
        }
    }

    /// Whom a number typed for `sender` reaches, or a business-scoped user id, where its provider writes to those.
    fn recipient(&self, sender: &str, typed: &str) -> Result<Recipient, Problem> {
        let Some(user) = Recipient::user(typed.trim()) else {
            return self.persons_number(sender, typed).map(Recipient::Phone);
        };
        let (_, account) = self.way_out(sender)?;
        if account.access.kind().dialect() == Dialect::CloudApi {
            Ok(user)
        } else {
            Err(Problem::new("person_without_number", &[]))
        }
    }

    /// The person of a business-scoped user id.
    async fn user(&self, id: &str) -> Result<crate::domain::id::PersonId, EngineError> {
        let mut tx = self.store.begin().await?;
        let who = Identity { bsuid: Some(id.to_owned()), ..Identity::default() };
        let known = identity::meet(&mut tx, &who, self.clock.now()).await?;
        tx.commit().await?;
        Ok(known.id)
    }

    /// Sends one template to one number.
    pub async fn send_by_hand(&self, send: &HandSend, by: &Author) -> Result<HandOutcome, EngineError> {
        match by.once.made()? {
            Some((message, conversation)) => Ok(HandOutcome::Sent { message, conversation }),
            None => self.send_anew(send, by).await,
        }
    }

    async fn send_anew(&self, send: &HandSend, by: &Author) -> Result<HandOutcome, EngineError> {
        let to = match self.recipient(&send.sender, &send.to) {
            Ok(to) => to,
            Err(problem) => return Ok(HandOutcome::Refused(vec![problem])),
        };
        let (_, account) = self.way_out(&send.sender).map_err(|_| EngineError::Unknown { what: "sender" })?;
        let template = match self.sendable_template(account, &send.template, &send.language).await? {
            Ok(template) => template,
            Err(problem) => return Ok(HandOutcome::Refused(vec![problem])),
        };
        let values = match self.values_by_hand((&account.name, &template), to.phone(), &send.values).await? {
            Ok(values) => values,
            Err(problem) => return Ok(HandOutcome::Refused(vec![problem])),
        };
        let (fill, mut problems) = values::fill(&template, &values, &account.timezone);
        problems.extend(out_of_reach(send.wait));
        problems.extend(too_long(&send.cost_centre));
        if !problems.is_empty() {
            return Ok(HandOutcome::Refused(problems));
        }
        if !self.cards.has(account.currency) {
            let currency = account.currency.to_string();
            return Ok(HandOutcome::Refused(vec![Problem::new(
                "no_rate_card",
                &[("currency", &currency), ("account", &account.name)],
            )]));
        }
        let person = match &to {
            Recipient::Phone(phone) => self.person(phone).await?,
            Recipient::User(id) => self.user(id).await?,
        };
        let problems = self.against_by_hand(person, send, &template).await?;
        if !problems.is_empty() {
            return Ok(HandOutcome::Refused(problems));
        }
        let new = self.by_hand(account, send, &to, (template, fill, &by.name));
        self.keep_by_hand(send, by, NewMessage { person_id: person, ..new }).await
    }

    /// Puts it in line and into its conversation, and writes both down under the key it was sent by.
    async fn keep_by_hand(&self, send: &HandSend, by: &Author, new: NewMessage) -> Result<HandOutcome, EngineError> {
        let person = new.person_id;
        let (rules, chat) = (&self.config.conversations, by_hand_to(person, send, by));
        let mut tx = self.store.begin().await?;
        // A colleague, a bot or the person may have been faster since it was asked.
        if let Some(problem) = inbox::may_send(&mut tx, rules, (person, &send.sender), self.clock.now()).await? {
            return Ok(HandOutcome::Refused(vec![problem]));
        }
        if let Some(ticket) = send.ticket
            && let Some((chat, other)) = inbox::chat_of_another(&mut tx, (person, &send.sender), ticket).await?
        {
            return Ok(HandOutcome::Refused(vec![chat_belongs(chat, other)]));
        }
        let message = message::insert(&mut tx, new).await?;
        let conversation = inbox::open_by_hand(&mut tx, rules, &chat, message).await?;
        by.once.settle(&mut tx, &(message, conversation)).await?;
        tx.commit().await?;
        info!(message.id = %message, "message {message} is sent by hand");
        self.tell(Change::Conversation(conversation));
        if let Some(ticket) = send.ticket {
            self.tell(Change::Ticket(ticket));
        }
        self.wake.notify_waiters();
        Ok(HandOutcome::Sent { message, conversation })
    }

    /// What the rules hold against a template to this person now; asked before it is sent, and for the page that offers it.
    async fn against_by_hand(
        &self,
        person: PersonId,
        send: &HandSend,
        template: &Template,
    ) -> Result<Vec<Problem>, EngineError> {
        let marketing = is_marketing(CampaignKind::ResumeContact, template.category);
        let blocked = suppression::blocked(&self.store, &[person], marketing).await?;
        let mut problems = if blocked.is_empty() { Vec::new() } else { vec![Problem::new("suppressed", &[])] };
        let (rules, mut tx) = (&self.config.conversations, self.store.begin().await?);
        problems.extend(inbox::may_send(&mut tx, rules, (person, &send.sender), self.clock.now()).await?);
        if let Some(ticket) = send.ticket
            && let Err(why) = ticket::takes(&mut tx, ticket, person).await?
        {
            let code = match why {
                Misplaced::Unknown => "ticket_unknown",
                // Only where a conversation is linked can it be a colleague's.
                Misplaced::Another | Misplaced::Others | Misplaced::Has(_) => "ticket_another",
            };
            problems.push(Problem::new(code, &[("ticket", &ticket.to_string())]));
        }
        if let Some(ticket) = send.ticket
            && let Some((chat, other)) = inbox::chat_of_another(&mut tx, (person, &send.sender), ticket).await?
        {
            problems.push(chat_belongs(chat, other));
        }
        Ok(problems)
    }

    pub(super) async fn person(&self, to: &Phone) -> Result<PersonId, EngineError> {
        let mut tx = self.store.begin().await?;
        let ids = person::ensure(&mut tx, &[(to.clone(), String::new())], self.clock.now()).await?;
        tx.commit().await?;
        Ok(*ids.first().ok_or(StoreError::Guard { expected: 1, actual: 0 })?)
    }

    pub(super) async fn sendable_template(
        &self,
        account: &Account,
        name: &str,
        language: &str,
    ) -> Result<Result<Template, Problem>, EngineError> {
        let args = [("template", name), ("language", language)];
        let fresh = match self.fresh_template(&account.name, name, language).await {
            Ok(fresh) => fresh,
            Err(EngineError::Provider(cause)) => {
                let error = &cause as &dyn std::error::Error;
                warn!(error, account.name = account.name, "a template could not be read for a message by hand");
                return Ok(Err(Problem::new("template_unread", &args)));
            }
            Err(other) => return Err(other),
        };
        Ok(match fresh {
            None => Err(Problem::new("template_unknown", &args)),
            Some(template) if template.status == TemplateStatus::Approved => Ok(template),
            Some(template) => Err(edit::not_sendable(&template.name, &template.language, &template.status)),
        })
    }

    fn by_hand(
        &self,
        account: &Account,
        send: &HandSend,
        to: &Recipient,
        (template, fill, author): (Template, Fill, &str),
    ) -> NewMessage {
        let now = self.clock.now();
        let market = market::of_recipient(to);
        let day = now.day_in(&account.timezone);
        let category = template.category;
        let price = estimate::estimate(&self.cards, account.currency, market.as_str(), category, &day);
        let content = Content::Template { fill, template: Some(Box::new(template)) };
        NewMessage {
            run_id: RunId::BY_HAND,
            campaign_id: CampaignId::BY_HAND,
            row_no: 0,
            key: unique_key(),
            person_id: PersonId(0),
            recipient: to.as_str().to_owned(),
            name: String::new(),
            account: account.name.clone(),
            sender: send.sender.clone(),
            priority: Priority::AGENT,
            content: NewMessage::content_of(&content),
            conversation_id: None,
            author: author.to_owned(),
            route: String::new(),
            cost_centre: send.cost_centre.clone(),
            external_id: None,
            happens_at: None,
            timezone: account.timezone.iana_name().unwrap_or("UTC").to_owned(),
            created_at: now,
            revision: 0,
            due_at: now,
            latest_at: None,
            market: market.as_str().to_owned(),
            category,
            currency: account.currency.as_str().to_owned(),
            estimated: price.unwrap_or_default(),
        }
    }
}

/// The chat that is open with somebody belongs to another ticket, which keeps it.
fn chat_belongs(chat: ConversationId, other: TicketId) -> Problem {
    Problem::new("chat_of_ticket", &[("conversation", &chat.to_string()), ("ticket", &other.to_string())])
}

/// What is wrong with the time to wait for an answer.
fn out_of_reach(wait: Option<Duration>) -> Option<Problem> {
    wait.filter(|wait| *wait < WAITS.0 || *wait > WAITS.1)?;
    let days = (WAITS.1.as_secs() / 86_400).to_string();
    Some(Problem::new("wait_range", &[("field", "wait"), ("days", &days)]))
}

/// What is wrong with the name of who pays.
fn too_long(cost_centre: &str) -> Option<Problem> {
    let limit = LONGEST_COST_CENTRE.to_string();
    (cost_centre.chars().count() > LONGEST_COST_CENTRE).then(|| Problem::new("cost_centre_long", &[("limit", &limit)]))
}

/// What is wrong with a number that was typed; `detail` is the word for it.
fn not_a_number(typed: &str, detail: &str) -> Problem {
    match (typed.trim(), detail) {
        ("", _) => Problem::new("number_empty", &[]),
        (_, "") => Problem::new("number", &[("number", typed)]),
        (_, detail) => Problem::new("number_why", &[("number", typed), ("detail_key", &format!("detail.{detail}"))]),
    }
}

fn by_hand_to<'a>(person: PersonId, send: &'a HandSend, by: &'a Author) -> ByHand<'a> {
    let (wait, ticket) = (send.wait, send.ticket);
    ByHand { person, sender: send.sender.as_str(), agent: by.id, name: by.doer(), wait, ticket }
}
