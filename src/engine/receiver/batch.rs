//! Applying a batch of events in one unit of work.

mod account;
mod again;
mod arrivals;
mod clicked;
mod earlier;
mod ledgers;
mod locate;
mod news;
mod talks;
mod tapped;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::{answers, learn, receipts};
use crate::config::Sender;
use crate::domain::event::{
    Echo, Identity, IdentityChange, Preference, Receipt, ReceiptStatus, Reply, ReplyContent, UserAction, WebhookEvent,
};
use crate::domain::failure::FailureClass;
use crate::domain::fill::Content;
use crate::domain::id::{MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::engine::holds::{self, TEMPLATE_POLL};
use crate::engine::{Engine, EngineError};
use crate::inbox::reply::{self, Came, Desk, told_at};
use crate::inbox::{echo, preference};
use crate::store::Tx;
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};
use crate::store::receipt::{self, ReceiptChange, Standing};
use crate::store::{home, window};

use arrivals::Arrivals;
use news::News;

pub(super) use told::Told;

/// A receipt with the account and the time it came in by.
struct Incoming {
    account: String,
    received_at: UnixMs,
    receipt: Receipt,
}

impl Incoming {
    fn at(&self) -> UnixMs {
        told_at(self.receipt.at, self.received_at)
    }
}

/// What a person does, with the sender it was done to.
enum Personal {
    Reply(Reply),
    Echo(Echo),
    Preference(Preference),
    IdentityChange(IdentityChange),
    Action(UserAction),
}

/// Events to apply together.
pub(super) struct Batch<'a> {
    engine: &'a Engine,
    now: UnixMs,
    receipts: Vec<Incoming>,
    personal: Vec<(&'a Sender, UnixMs, Personal)>,
    news: News,
    told: Told,
}

impl<'a> Batch<'a> {
    pub(super) fn new(engine: &'a Engine, now: UnixMs) -> Self {
        Self { engine, now, receipts: Vec::new(), personal: Vec::new(), news: News::default(), told: Told::default() }
    }

    /// Adds the events of a body. Returns why it is to be kept for later, where something of it cannot be applied yet.
    pub(super) fn add(&mut self, account: &str, received_at: UnixMs, events: &[WebhookEvent]) -> Option<&'static str> {
        let mut problem = None;
        for event in events {
            let (sender_ref, personal) = match event.clone() {
                WebhookEvent::Receipt(receipt) => {
                    *self.told.receipts.entry((account.to_owned(), receipt.status)).or_default() += 1;
                    self.receipts.push(Incoming { account: account.to_owned(), received_at, receipt });
                    continue;
                }
                WebhookEvent::Template(_)
                | WebhookEvent::TemplateNote(_)
                | WebhookEvent::Category(_)
                | WebhookEvent::Account(_)
                | WebhookEvent::Unhandled { .. } => {
                    self.news.add((account, received_at), event.clone());
                    continue;
                }
                WebhookEvent::Reply(mut reply) => {
                    clean(&mut reply.from);
                    (reply.sender_ref.clone(), Personal::Reply(reply))
                }
                WebhookEvent::Echo(mut echo) => {
                    clean(&mut echo.to);
                    (echo.sender_ref.clone(), Personal::Echo(echo))
                }
                WebhookEvent::Preference(mut preference) => {
                    clean(&mut preference.person);
                    (preference.sender_ref.clone(), Personal::Preference(preference))
                }
                WebhookEvent::IdentityChange(mut change) => {
                    clean(&mut change.old);
                    clean(&mut change.new);
                    (change.sender_ref.clone(), Personal::IdentityChange(change))
                }
                WebhookEvent::UserAction(mut action) => {
                    clean(&mut action.person);
                    (action.sender_ref.clone(), Personal::Action(action))
                }
            };
            // Whose account has one number alone does not say which.
            let of = |s: &&Sender| s.account == account && (sender_ref.is_empty() || s.phone_number_id == sender_ref);
            match self.engine.config.senders.values().find(of) {
                Some(sender) => {
                    if matches!(personal, Personal::Reply(_)) {
                        *self.told.written.entry(sender.name.clone()).or_default() += 1;
                    }
                    self.personal.push((sender, received_at, personal));
                }
                None => problem = Some("written to a number that is not in the configuration"),
            }
        }
        problem
    }

    /// Applies everything.
    pub(super) async fn apply(mut self, tx: &mut Tx) -> Result<Told, EngineError> {
        self.receipts.extend(tapped::receipts(tx, self.engine, &self.personal).await?);
        if !self.receipts.is_empty() {
            self.apply_receipts(tx).await?;
        }
        self.apply_personal(tx).await?;
        self.news.apply(tx, self.engine, &mut self.told, self.now).await?;
        Ok(self.told)
    }

    /// In the order in which it came; replies that come one after the other are taken together.
    async fn apply_personal(&mut self, tx: &mut Tx) -> Result<(), EngineError> {
        let mut replies = Vec::new();
        for (sender, received_at, personal) in std::mem::take(&mut self.personal) {
            if let Personal::Reply(reply) = personal {
                replies.push((sender, received_at, reply));
                continue;
            }
            self.take_replies(tx, std::mem::take(&mut replies)).await?;
            match personal {
                Personal::Reply(_) => {}
                Personal::Echo(echo) => self.take_echo(tx, (sender, received_at), &echo).await?,
                Personal::Preference(told) => preference::take(tx, &told, received_at).await?,
                Personal::IdentityChange(told) => preference::change(tx, &told, received_at).await?,
                Personal::Action(told) => self.told.runs.extend(clicked::keep(tx, sender, &told, received_at).await?),
            }
        }
        self.take_replies(tx, replies).await
    }

    async fn take_replies(
        &mut self,
        tx: &mut Tx,
        mut replies: Vec<(&Sender, UnixMs, Reply)>,
    ) -> Result<(), EngineError> {
        if replies.is_empty() {
            return Ok(());
        }
        locate::quoted_by_own_ids(tx, &mut replies).await?;
        let (config, instance) = (&self.engine.config, &self.engine.instance);
        let came = |(sender, received_at, reply)| Came { desk: Desk { config, instance, sender, received_at }, reply };
        let came: Vec<Came<'_>> = replies.iter().map(|(sender, at, reply)| came((*sender, *at, reply))).collect();
        let taken = reply::take_all(tx, &came).await?;
        for (taken, came) in taken.into_iter().zip(&came).filter_map(|(taken, came)| Some((taken?, came))) {
            self.told.conversations.insert(taken.conversation);
            self.told.attachments |= matches!(came.reply.content, ReplyContent::Media(_));
            if let Some(answer) = taken.answer {
                self.told.answers |= answers::queue(tx, self.engine, answer, self.now).await?.is_some();
            }
        }
        Ok(())
    }

    async fn take_echo(
        &mut self,
        tx: &mut Tx,
        (sender, received_at): (&Sender, UnixMs),
        echo: &Echo,
    ) -> Result<(), EngineError> {
        let (config, instance) = (&self.engine.config, &self.engine.instance);
        let desk = Desk { config, instance, sender, received_at };
        let Some(conversation) = echo::take(tx, &desk, echo).await? else { return Ok(()) };
        self.told.conversations.insert(conversation);
        self.told.attachments |= matches!(echo.content, ReplyContent::Media(_));
        Ok(())
    }

    async fn apply_receipts(&mut self, tx: &mut Tx) -> Result<(), EngineError> {
        let mut receipts = std::mem::take(&mut self.receipts);
        locate::by_own_ids(tx, &mut receipts, self.now).await?;
        let located = locate::locate(tx, &self.engine.instance, &receipts).await?;
        let ids = located.messages();
        let before = receipt::standings(tx, &ids).await?;
        let mut after: BTreeMap<MessageId, Standing> = before.iter().map(|s| (s.id, s.clone())).collect();
        let attempts = earlier::of(tx, &located, &after).await?;
        let mut arrivals = Arrivals::read(tx, &after).await?;
        let mut learned: Vec<(PersonId, &Receipt)> = Vec::new();
        let mut earlier: Vec<(MessageId, i64, &Incoming)> = Vec::new();
        let mut orphans = located.foreign;
        for (place, (message, attempt)) in located.ours {
            let incoming = &receipts[place];
            match after.get_mut(&message) {
                Some(standing) if standing.attempt == attempt => {
                    arrivals.note(standing, attempt, incoming);
                    receipts::apply(standing, &incoming.receipt, incoming.at());
                    // What is only taken still goes by the number as we wrote it.
                    if incoming.receipt.status != ReceiptStatus::Accepted {
                        learned.push((standing.person_id, &incoming.receipt));
                    }
                }
                Some(standing) if attempt < standing.attempt => {
                    arrivals.note(standing, attempt, incoming);
                    earlier.push((message, attempt, incoming));
                    // An attempt that was given up has reached the person after all: no other opens.
                    let earlier = attempts.get(&(message, attempt));
                    if receipts::reached_after_all(standing.state, earlier, incoming.receipt.status) {
                        receipts::reach(standing, &incoming.receipt, incoming.at());
                    }
                }
                // An attempt or a message we have not made: this store is older than the receipt, a copy restored.
                _ => {
                    self.told.holds |= home::hold_in(tx, home::Doubtful::Foreign, self.now).await?;
                    orphans.push(locate::orphan(incoming, false));
                }
            }
        }
        locate::keep(tx, &orphans, located.unknown, &receipts).await?;
        let changed = self.changed(&before, after, &mut arrivals);
        self.write(tx, changed.clone()).await?;
        self.told.holds |= ledgers::follow(tx, self.engine, (&before, &changed), self.now).await?;
        ledgers::foreign(tx, self.engine, &receipts, self.now).await?;
        earlier::apply(tx, attempts, &earlier).await?;
        arrivals.keep(tx).await?;
        learn::ids(tx, &learned, self.now).await?;
        Ok(())
    }

    /// The standings that differ from before, with what they cost.
    fn changed(
        &self,
        before: &[Standing],
        mut after: BTreeMap<MessageId, Standing>,
        arrivals: &mut Arrivals,
    ) -> Vec<ReceiptChange> {
        let mut changes = Vec::new();
        for old in before {
            let Some(mut standing) = after.remove(&old.id) else { continue };
            let zone = self.engine.config.accounts.get(&standing.account).map(|a| a.timezone.clone());
            let (cards, zone) = (&self.engine.cards, zone.unwrap_or(TimeZone::UTC));
            receipts::book(&mut standing, cards, &zone);
            arrivals.book(&mut standing, cards, &zone);
            if standing != *old {
                let is_renamed = standing.provider_id != old.provider_id;
                changes.push(ReceiptChange { was: old.state, is_renamed, standing });
            }
        }
        changes
    }

    async fn write(&mut self, tx: &mut Tx, mut changes: Vec<ReceiptChange>) -> Result<(), EngineError> {
        if changes.is_empty() {
            return Ok(());
        }
        let runs: BTreeSet<RunId> = changes.iter().map(|c| c.standing.run_id).collect();
        let runs: Vec<RunId> = runs.into_iter().filter(|run| *run != RunId::BY_HAND).collect();
        let templates = templates(tx, &changes, &runs).await?;
        for change in &mut changes {
            let standing = &mut change.standing;
            let released = change.was == MessageState::InReview && standing.state == MessageState::Sent;
            if (standing.undelivered_at.is_none() || released) && !standing.state.is_settled() {
                let life = templates.get(&standing.run_id).and_then(receipts::life_of);
                let begins = if released { standing.sent_at } else { standing.claimed_at };
                standing.undelivered_at = begins.map(|at| receipts::undelivered_at(at, life));
            }
        }
        receipt::apply(tx, &changes).await?;
        let said: Vec<_> = changes.iter().filter_map(receipts::told).collect();
        self.told.failing.extend(window::note(tx, &said, self.now).await?);
        let failed = |c: &&ReceiptChange| c.standing.state == MessageState::Failed && c.was != MessageState::Failed;
        let failed: Vec<&Standing> = changes.iter().filter(failed).map(|c| &c.standing).collect();
        learn::refusals(tx, self.engine, &failed, self.now).await?;
        for standing in &failed {
            self.hold(tx, standing, templates.get(&standing.run_id)).await?;
        }
        again::put_back(tx, self.engine, &failed, self.now).await?;
        self.told.runs.extend(runs);
        self.told.conversations.extend(talks::changed(tx, &changes, &failed, self.now).await?);
        Ok(())
    }

    /// Stops what a failure says is wrong beyond this message.
    async fn hold(&mut self, tx: &mut Tx, failed: &Standing, template: Option<&Snapshot>) -> Result<(), EngineError> {
        let code = failed.failure_code.unwrap_or_default();
        let (scope, scope_key, cause) = match self.engine.errors_of(&failed.account).class_of(code) {
            Some(FailureClass::HoldAccount) => {
                (HoldScope::Account, failed.account.clone(), HoldCause::of_refusal(code))
            }
            Some(FailureClass::HoldSender) => (HoldScope::Sender, failed.sender.clone(), HoldCause::Refused),
            Some(FailureClass::StopCountry) => {
                let Some(key) = holds::country_key(&failed.account, &failed.recipient) else { return Ok(()) };
                (HoldScope::Country, key, HoldCause::Refused)
            }
            Some(FailureClass::HoldTemplate) => {
                let Some(template) = template else { return Ok(()) };
                let content = receipt::content(tx, failed.id).await?;
                let template = template.of(language_of(&content).as_deref());
                let key = hold::template_key(&failed.account, &template.name, &template.language);
                (HoldScope::Template, key, HoldCause::of_template(code))
            }
            _ => return Ok(()),
        };
        let until_at = cause.is_of_template().then(|| self.now.plus(TEMPLATE_POLL));
        let new = NewHold { scope, scope_key, cause, code: Some(code), until_at };
        self.told.holds |= hold::place_in(tx, &new, self.now).await?;
        Ok(())
    }
}

/// The language of the translation that a message was made from, where it is not the run's own.
fn language_of(content: &str) -> Option<String> {
    match serde_json::from_str(content).ok()? {
        Content::Template { fill, .. } => fill.language,
        Content::Text { .. } | Content::Free { .. } => None,
    }
}

/// The templates of runs, where a change needs them: on its way without an answer, or failed.
async fn templates(
    tx: &mut Tx,
    changes: &[ReceiptChange],
    runs: &[RunId],
) -> Result<BTreeMap<RunId, Snapshot>, EngineError> {
    let needed = |c: &ReceiptChange| {
        c.standing.state == MessageState::Failed
            || c.was == MessageState::InReview
            || (c.standing.undelivered_at.is_none() && !c.standing.state.is_settled())
    };
    if runs.is_empty() || !changes.iter().any(needed) {
        return Ok(BTreeMap::new());
    }
    let snapshots = receipt::templates(tx, runs).await?;
    Ok(snapshots.into_iter().filter_map(|(run, json)| Some((run, serde_json::from_str(&json).ok()?))).collect())
}

/// PostgreSQL keeps no NUL in a text, and nobody is called so.
fn clean(identity: &mut Identity) {
    for text in [&mut identity.name, &mut identity.username].into_iter().flatten() {
        text.retain(|c| c != '\0');
    }
}
