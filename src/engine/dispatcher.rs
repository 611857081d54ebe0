//! The dispatcher of one sender: wide gates, claim, gates of the message, pace, send.
//!
//! A claim is committed before any of its requests is written, and no transaction is open while one is. At most the
//! free slots and the pacer's permits are claimed, so that a claim means "leaves now".

mod answer;
mod bill;
mod bounds;
mod file;
mod freeze;
mod frequency;
mod gate;
mod grant;
mod pace;
mod pairs;
mod people;
mod run_facts;
mod scope;
mod slots;
mod wallet;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::media::Found;
use super::{Engine, EngineError, tier};
use crate::config::{Account, Sender};
use crate::domain::callback::CallbackData;
use crate::domain::fill::{Content, Fill};
use crate::domain::id::RunId;
use crate::domain::node::START;
use crate::domain::recipient::Recipient;
use crate::domain::template::Template;
use crate::provider::{Body, Provider, SEND_TIMEOUT, SendRequest};
use crate::store::message::{Claim, Claimed, PutBack, Settlement, Turn, Verdict, claim_within, left_since};

pub use answer::FIRST_PROBE;
use answer::Failures;
use bounds::Keeper;
use gate::Gated;
pub use gate::HOURS;
pub use pace::Pacer;
use pairs::Pairs;
use people::People;
use run_facts::RunFacts;
pub use run_facts::is_marketing;
use slots::{Slot, Slots};

/// A claimed message leaves within this or is put back.
pub const SEND_BY: Duration = Duration::from_secs(1);

/// After `send_by` and the client's time-out, an answer can only have been lost.
const GRACE: Duration = Duration::from_secs(5);

/// More in one claim would hold its transaction too long.
const MAX_CLAIM: usize = 200;

/// How long an idle dispatcher waits before it looks again.
const IDLE: Duration = Duration::from_millis(250);

/// How long it waits after the database failed.
const TROUBLE: Duration = Duration::from_secs(1);

/// Sends the messages of one sender.
#[derive(Debug)]
pub struct Dispatcher {
    engine: Engine,
    sender: Sender,
    account: Account,
    provider: Provider,
    slots: Slots,
    pacer: Pacer,
    pairs: Pairs,
    failures: Failures,
    settled: mpsc::Sender<Settlement>,
    facts: Mutex<BTreeMap<RunId, Arc<RunFacts>>>,
    /// Runs in the order of their turns.
    turns: Mutex<VecDeque<RunId>>,
    /// Keys of the countries whose people get nothing from the account.
    barred: Mutex<BTreeSet<String>>,
    /// Held while a file is uploaded, so that it goes up once.
    uploading: tokio::sync::Mutex<()>,
    /// Places, prices and budgets that claims keep to.
    bounds: tokio::sync::Mutex<Keeper>,
    /// Who waits for an answer, for runs that go by it.
    people: People,
}

/// A claimed message on its way out. Holds its slot until it is settled.
#[derive(Debug)]
pub struct Departure {
    message: Claimed,
    facts: Option<Arc<RunFacts>>,
    gated: Gated,
    send_by: Instant,
    _slot: Slot,
}

impl Departure {
    /// The run's template in the language that `fill` is in.
    fn translation(&self, fill: &Fill) -> Option<&Template> {
        self.facts.as_deref().map(|facts| facts.template.of(fill.language.as_deref()))
    }
}

/// What was claimed at once. Each message has a slot.
#[derive(Debug)]
pub struct Batch {
    messages: Vec<Claimed>,
    slots: Vec<Slot>,
    send_by: Instant,
}

/// What a look for work gave.
#[derive(Debug)]
pub enum Look {
    /// These are claimed and must pass the gates.
    Claimed(Batch),
    /// Nothing is due, or everything due is held.
    Nothing,
    /// Every slot is taken.
    NoSlot,
    /// The pacer grants nothing for now.
    NoPermit,
}

impl Dispatcher {
    /// The dispatcher of `sender`; `None` when the sender, its account or its provider is not configured.
    /// `settled` is an end of the settler's channel.
    pub fn new(engine: Engine, sender: &str, settled: mpsc::Sender<Settlement>) -> Option<Self> {
        let (sender, account) = engine.way_out(sender).ok()?;
        let (sender, account) = (sender.clone(), account.clone());
        let provider = engine.providers.get(&account.name)?.clone();
        let pacer = Pacer::new(sender.throughput);
        let bounds = tokio::sync::Mutex::new(Keeper::new(&engine, &account));
        Some(Self {
            engine,
            bounds,
            sender,
            account,
            provider,
            slots: Slots::for_rate(pacer.most()),
            pacer,
            pairs: Pairs::new(),
            failures: Failures::default(),
            settled,
            facts: Mutex::default(),
            turns: Mutex::default(),
            barred: Mutex::default(),
            uploading: tokio::sync::Mutex::default(),
            people: People::default(),
        })
    }

    /// The same with this many slots.
    #[must_use]
    pub fn with_slots(self, slots: usize) -> Self {
        Self { slots: Slots::new(slots), ..self }
    }

    /// Claims and sends until `stop`; then lets what has left be answered, and returns.
    pub async fn run(self, stop: CancellationToken) {
        // One batch waits at the gates while the next is claimed.
        let (claims, claimed) = mpsc::channel(1);
        let (hand, passed) = mpsc::channel(MAX_CLAIM);
        Box::pin(self.begin(&stop)).await;
        tokio::join!(
            self.claim_until(&stop, claims),
            self.pass_all(claimed, hand),
            self.send_all(passed),
            self.ask_grant_until(&stop),
            self.failures.tick_until(&stop)
        );
        info!(sender.name = self.sender.name, "sender {} has stopped sending", self.sender.name);
    }

    /// One look for work, sent and handed to the settler to the last message. Returns how many were claimed.
    pub async fn step(&self) -> Result<usize, EngineError> {
        let Look::Claimed(batch) = self.look().await? else { return Ok(0) };
        let passed = self.pass(batch).await;
        let mut flight: FuturesUnordered<_> = passed.into_iter().map(|departure| self.depart(departure)).collect();
        let mut done = 0;
        while flight.next().await.is_some() {
            done += 1;
        }
        Ok(done)
    }

    async fn claim_until(&self, stop: &CancellationToken, claims: mpsc::Sender<Batch>) {
        while !stop.is_cancelled() {
            let pause = match self.look().await {
                Ok(Look::Claimed(batch)) => {
                    // The other end lives until this one is dropped.
                    drop(claims.send(batch).await);
                    continue;
                }
                Ok(Look::Nothing) => IDLE,
                Ok(Look::NoSlot) => pace::SHORTEST_GAP,
                Ok(Look::NoPermit) => self.pacer.gap(),
                Err(cause) => {
                    let error = &cause as &dyn std::error::Error;
                    error!(error, sender.name = self.sender.name, "sender {} cannot claim", self.sender.name);
                    TROUBLE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.engine.wake.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn pass_all(&self, mut claimed: mpsc::Receiver<Batch>, hand: mpsc::Sender<Departure>) {
        while let Some(batch) = claimed.recv().await {
            for departure in self.pass(batch).await {
                // The other end lives until this one is dropped.
                drop(hand.send(departure).await);
            }
        }
    }

    async fn send_all(&self, mut claimed: mpsc::Receiver<Departure>) {
        let mut flight = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(departure) = claimed.recv() => flight.push(self.depart(departure)),
                Some(()) = flight.next() => {}
                else => break,
            }
        }
    }

    /// What limits this sender is known before the first claim, as far as the provider answers soon.
    async fn begin(&self, stop: &CancellationToken) {
        while let Err(cause) = self.look_back().await {
            {
                let error = &cause as &dyn std::error::Error;
                error!(error, sender.name = self.sender.name, "what was sent before cannot be read; trying again");
            }
            if stop.run_until_cancelled(sleep(TROUBLE)).await.is_none() {
                return;
            }
        }
        let asked = tokio::time::timeout(START, self.ask_grant());
        let _ = stop.run_until_cancelled(asked).await;
    }

    /// Reads what earlier processes have left: the tier's ledger and the people written to lately.
    pub async fn look_back(&self) -> Result<(), EngineError> {
        tier::begin(&self.engine).await?;
        let now = self.engine.clock.now();
        let since = now.minus(self.engine.clock_span(Pairs::MEMORY));
        for left in left_since(&self.engine.store, &self.sender.name, since).await? {
            self.pairs.remember(left.root, self.engine.clock.real_span(now.since(left.at)));
        }
        Ok(())
    }

    /// Looks for work: claims at most the free slots, the permits granted now, and 200.
    pub async fn look(&self) -> Result<Look, EngineError> {
        let mut slots = self.slots.free(MAX_CLAIM);
        if slots.is_empty() {
            return Ok(Look::NoSlot);
        }
        let runs = self.open_runs().await?;
        let (runs, affordable) = self.paid_for(runs).await?;
        slots.truncate(affordable);
        if runs.is_empty() || slots.is_empty() {
            return Ok(Look::Nothing);
        }
        self.pacer.owe(self.engine.inbound.drain(&self.sender.name));
        let permits = self.pacer.take(slots.len());
        if permits == 0 {
            return Ok(Look::NoPermit);
        }
        slots.truncate(permits);
        let send_by = Instant::now() + SEND_BY;
        let claimed = self.claim(&runs, slots.len()).await?;
        if claimed.is_empty() {
            self.pacer.give_back(permits);
            return Ok(Look::Nothing);
        }
        self.next_turn();
        for message in &claimed {
            self.people.took(message.run_id, 1);
        }
        self.pacer.give_back(permits - claimed.len());
        Ok(Look::Claimed(Batch { messages: claimed, slots, send_by }))
    }

    /// What the gates say of a batch. Where they cannot be asked, all of it goes back in line.
    pub async fn pass(&self, batch: Batch) -> Vec<Departure> {
        let Batch { mut messages, slots, send_by } = batch;
        let gated = match gate::decide(self, &mut messages).await {
            Ok(gated) => gated,
            Err(cause) => {
                let error = &cause as &dyn std::error::Error;
                error!(error, sender.name = self.sender.name, "the gates of {} cannot be asked", self.sender.name);
                messages.iter().map(|message| Gated::put_back(message, self.put_back())).collect()
            }
        };
        self.pacer.give_back(gated.iter().filter(|gated| gated.stopped.is_some()).count());
        let departures = messages.into_iter().zip(gated).zip(slots).map(|((message, gated), slot)| Departure {
            facts: self.facts_of(message.run_id),
            message,
            gated,
            send_by,
            _slot: slot,
        });
        departures.collect()
    }

    /// Claims at most `limit` messages of `runs`, within the places and the money there are.
    async fn claim(&self, runs: &[Turn], limit: usize) -> Result<Vec<Claimed>, EngineError> {
        let now = self.engine.clock.now();
        let doubtful = self.engine.clock_span(SEND_BY + SEND_TIMEOUT + GRACE);
        let (sender, by, doubt_at) = (self.sender.name.as_str(), self.engine.node.as_str(), now.plus(doubtful));
        let wanted = Claim { sender, runs, limit, by, at: now, doubt_at };
        let facts: Vec<_> = runs.iter().map(|turn| (*turn, self.facts_of(turn.run))).collect();
        let mut keeper = self.bounds.lock().await;
        keeper.prepare(&self.engine, &self.account, &facts, now).await?;
        let began = self.engine.clock.now();
        let taken = claim_within(&self.engine.store, &wanted, &keeper.bounds(now)).await?;
        keeper.learn(&taken, began, self.engine.clock.now());
        Ok(taken.messages)
    }

    fn facts_of(&self, run: RunId) -> Option<Arc<RunFacts>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).get(&run).cloned()
    }

    /// Sends one claimed message, or settles what a gate decided, and hands the settlement on.
    pub async fn depart(&self, departure: Departure) {
        let verdict = match &departure.gated.stopped {
            Some(verdict) => verdict.clone(),
            // No request starts after `send_by`: the claim's promise is what makes doubt short and certain.
            None if Instant::now() > departure.send_by => {
                self.pairs.undo(departure.gated.root);
                self.put_back()
            }
            None => self.send(&departure).await,
        };
        let message = &departure.message;
        let at = self.engine.clock.now();
        let settlement =
            Settlement { id: message.id, attempt: message.attempt, person: message.person_id, at, verdict };
        if self.settled.send(settlement).await.is_err() {
            error!(message.id = %message.id, "the settler is gone; message {} will be in doubt", message.id);
        }
    }

    fn put_back(&self) -> Verdict {
        Verdict::PutBack(PutBack { due_at: self.engine.clock.now(), waiting_for: None, turned_away: None })
    }

    async fn send(&self, departure: &Departure) -> Verdict {
        let message = &departure.message;
        let Some(to) = Recipient::parse(&message.recipient) else { return answer::unsendable() };
        let placed = match self.files_of(departure).await {
            Ok(placed) => placed,
            Err(verdict) => {
                self.pairs.undo(departure.gated.root);
                return verdict;
            }
        };
        let body = match &message.content {
            Content::Text { body, quoted } => Body::Text { body, quoted: quoted.as_deref() },
            Content::Free { free, quoted } => {
                Body::Free { free, quoted: quoted.as_deref(), file: placed.attached.as_ref().map(Found::at) }
            }
            Content::Template { fill, template } => match template.as_deref().or(departure.translation(fill)) {
                Some(template) => Body::Template { template, fill: placed.shown.as_ref().unwrap_or(fill) },
                None => return answer::unsendable(),
            },
        };
        let (instance, attempt) = (self.engine.instance.clone(), message.attempt);
        let callback = CallbackData { instance, message: message.id, attempt };
        let request = SendRequest { sender_ref: &self.sender.phone_number_id, to: &to, callback, body };
        let answer = self.provider.send(&request).await;
        self.obey(departure, answer).await
    }
}
