//! Everything the sandbox knows, behind one lock.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::agenda::{Agenda, Due};
use super::config::{Delivery, SandboxConfig};
use super::dice::Dice;
use super::emitter::WebhookPost;
use super::fault::Fault;
use super::gupshup::Apps;
use super::hook::Update;
use super::ledger::Ledger;
use super::limit::{Bucket, Pair, Quota, Reached};
use super::media::Media;
use super::people::People;
use super::pricing::FreeService;
use super::registry::Registry;
use super::review::Review;
use super::sample::Samples;
use super::subscription::Subscription;
use super::template::Templates;
use super::zenvia;
use crate::domain::time::UnixMs;

/// Meta's customer service window.
const WINDOW: Duration = Duration::from_hours(24);
/// Pairs that owe nothing are forgotten when there are this many.
const PAIRS_KEPT: usize = 100_000;

/// Something to come.
pub(super) enum Event {
    /// The next step in the story of the send at this place.
    Next(usize),
    /// An update held back or doubled.
    Post(Update),
    /// A POST is tried again.
    Retry(WebhookPost),
    /// The review of the template with this id ends.
    Reviewed(String),
    /// The pause of the template with this id ends.
    Unpaused(String),
    /// Gupshup looks whether the app's receiver still answers.
    Check(String),
    /// Something at Zenvia.
    Zenvia(zenvia::Later),
}

/// A number and a person.
pub(super) type Talk = (String, String);

/// The state of the simulation.
pub(super) struct World {
    pub seed: u64,
    pub any_template: bool,
    pub people: People,
    pub review: Review,
    pub delivery: Delivery,
    pub dice: Dice,
    pub registry: Registry,
    pub templates: Templates,
    pub ledger: Ledger,
    /// What is Zenvia's alone.
    pub zenvia: zenvia::Hub,
    pub agenda: Agenda<Event>,
    /// Updates waiting for a POST.
    pub outbox: VecDeque<Update>,
    /// POSTs whose time to be tried again has come.
    pub again: VecDeque<WebhookPost>,
    pub faults: Vec<Fault>,
    pub media: BTreeMap<String, Media>,
    /// Business-scoped user ids of people who have been heard of, with their numbers.
    pub users: HashMap<String, String>,
    /// How the endpoint for marketing behaves.
    pub marketing: super::standing::Marketing,
    /// Seconds by which the time that answers tell is ahead.
    pub ahead: i64,
    /// Messages of people marked as read, and whether somebody was seen writing.
    pub marked: Vec<(String, bool)>,
    /// Files uploaded so far.
    pub uploads: u64,
    /// Scheme, host and port at which it answers.
    pub place: String,
    pub samples: Samples,
    pub subscriptions: HashMap<String, Subscription>,
    pub free_service: FreeService,
    pub gupshup: Apps,
    pub reached: HashMap<String, Reached>,
    pub quotas: HashMap<String, Quota>,
    /// Account and person who want no marketing.
    pub stopped: HashSet<Talk>,
    /// Ids of messages from people, which can be marked as read.
    pub inbound: HashSet<String>,
    /// How often a person was sent a template: the turn decides, so that another try may fall otherwise.
    pub turns: HashMap<Talk, u32>,
    buckets: HashMap<String, Bucket>,
    pairs: HashMap<Talk, Pair>,
    windows: HashMap<Talk, UnixMs>,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(config: &SandboxConfig) -> Self {
        Self {
            seed: config.seed,
            any_template: config.any_template,
            people: config.people,
            review: config.review,
            delivery: config.delivery,
            dice: Dice::seeded(config.seed),
            registry: Registry::new(config),
            zenvia: zenvia::Hub::new(config.zenvia.clone(), &Templates::samples()),
            templates: Templates::samples(),
            ledger: Ledger::new(),
            agenda: Agenda::new(),
            outbox: VecDeque::new(),
            again: VecDeque::new(),
            faults: Vec::new(),
            media: BTreeMap::new(),
            users: HashMap::new(),
            marketing: super::standing::Marketing::default(),
            ahead: 0,
            marked: Vec::new(),
            uploads: 0,
            place: "http://127.0.0.1".to_owned(),
            samples: Samples::default(),
            subscriptions: HashMap::new(),
            free_service: FreeService::default(),
            gupshup: Apps::with_wallet(config.gupshup.wallet),
            reached: HashMap::new(),
            quotas: HashMap::new(),
            stopped: HashSet::new(),
            inbound: HashSet::new(),
            turns: HashMap::new(),
            buckets: HashMap::new(),
            pairs: HashMap::new(),
            windows: HashMap::new(),
        }
    }

    /// The bucket of number `sender`.
    pub fn bucket(&mut self, sender: &str, real: Instant) -> Option<&mut Bucket> {
        if !self.buckets.contains_key(sender) {
            let throughput = self.registry.known_number(sender)?.throughput;
            self.buckets.insert(sender.to_owned(), Bucket::full(throughput, real));
        }
        self.buckets.get_mut(sender)
    }

    /// The number's throughput has changed: its bucket begins anew.
    pub fn forget_bucket(&mut self, sender: &str) {
        self.buckets.remove(sender);
    }

    /// Whether the pair limit lets another message through; takes its place if so.
    pub fn take_pair(&mut self, talk: Talk, real: Instant) -> bool {
        if self.pairs.len() >= PAIRS_KEPT {
            self.pairs.retain(|_, pair| !pair.is_paid_back(real));
        }
        if let Some(pair) = self.pairs.get_mut(&talk) {
            return pair.take(real);
        }
        self.pairs.insert(talk, Pair::first(real));
        true
    }

    /// Whether the person has written to the number in the last 24 h.
    pub fn has_window(&self, talk: &Talk, now: UnixMs) -> bool {
        self.windows.get(talk).is_some_and(|wrote| now.since(*wrote) < WINDOW)
    }

    /// The person has written to the number.
    pub fn open_window(&mut self, talk: Talk, now: UnixMs) {
        self.windows.insert(talk, now);
    }

    /// Lets an update out: at once, a moment later, or twice.
    pub fn emit(&mut self, update: Update, real: Instant) {
        if self.dice.chance(self.delivery.duplicates) {
            let later = real + self.dice.span(50, 3_000);
            self.agenda.add(Due::Real(later), Event::Post(update.clone()));
        }
        if self.dice.chance(self.delivery.late) {
            let later = real + self.dice.span(200, 3_000);
            self.agenda.add(Due::Real(later), Event::Post(update));
        } else {
            self.outbox.push_back(update);
        }
    }
}
