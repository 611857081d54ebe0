//! Zenvia's API v2 under `/v2`: sends, subscriptions, templates, and the webhooks that follow (gupshup-zenvia.md 2).
//!
//! People, templates and the ledger are the sandbox's own; the wire, the rules of delivery and the review are Zenvia's.

mod api;
mod delivery;
mod event;
mod send;
mod subscription;
mod template;

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

pub(super) use api::router;
use delivery::Post;
pub(super) use delivery::deliver;
use subscription::Subscription;
use template::Template;

use super::ledger::{Deed, Wait};
use super::template::Templates;
use super::world::Event;

/// How Zenvia behaves where its documentation leaves it open, and where tests need it quicker (`[zenvia]`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZenviaSettings {
    /// Seconds between two tries of an event, real time.
    pub retry_s: f64,
    /// Tries of an event, after which it is lost for good.
    pub tries: u32,
    /// Sends that would be rejected later are refused at once instead.
    pub strict: bool,
    /// Share of the statuses without the `message` object, as in older events; times without fractions then.
    pub old_shape: f64,
    /// Share of the failures that name no cause.
    pub no_causes: f64,
    /// Whether setting the status of a subscription that was switched off to `ACTIVE` revives it.
    pub patch_revives: bool,
    /// Hours of the sandbox's clock after which a message that reached no phone is told as not delivered.
    pub gives_up_h: u64,
    /// Requests must be signed with this.
    pub signing_secret: Option<SecretString>,
}

impl Default for ZenviaSettings {
    fn default() -> Self {
        Self {
            retry_s: 30.0,
            tries: 30,
            strict: false,
            old_shape: 0.05,
            no_causes: 0.0,
            patch_revives: true,
            gives_up_h: 12,
            signing_secret: None,
        }
    }
}

impl ZenviaSettings {
    fn retry(&self) -> Duration {
        Duration::try_from_secs_f64(self.retry_s).unwrap_or(Duration::from_secs(30))
    }

    /// Each share with its key in `sandbox.toml`.
    pub(super) fn shares(&self) -> [(&'static str, f64); 2] {
        [("zenvia.old_shape", self.old_shape), ("zenvia.no_causes", self.no_causes)]
    }
}

/// WhatsApp's code of a message whose time to live has passed.
const EXPIRED: i64 = 131_043;

/// What happens later at Zenvia.
pub(super) enum Later {
    /// An event held back, or a second time.
    Post(Post),
    /// The review of the template with this id goes one step on.
    Reviewed(String),
}

/// What Zenvia knows besides what the whole sandbox knows.
pub(super) struct Hub {
    settings: ZenviaSettings,
    /// Sender ids used with Zenvia: what becomes of their messages is told in its words.
    senders: HashSet<String>,
    subscriptions: Vec<Subscription>,
    templates: Vec<Template>,
    /// Events to be posted.
    outbox: VecDeque<Post>,
    /// Messages of which an event with their reference has been taken.
    pub told: HashSet<String>,
}

impl Hub {
    /// A hub that has the sample campaigns' templates.
    pub fn new(settings: ZenviaSettings, samples: &Templates) -> Self {
        Self {
            settings,
            senders: HashSet::new(),
            subscriptions: Vec::new(),
            templates: template::samples(samples),
            outbox: VecDeque::new(),
            told: HashSet::new(),
        }
    }

    /// Whether `sender` is Zenvia's.
    pub fn has(&self, sender: &str) -> bool {
        self.senders.contains(sender)
    }

    /// What becomes of a message that reaches no phone.
    pub fn gives_up(&self) -> [(Wait, Deed); 1] {
        let wait = Duration::from_hours(self.settings.gives_up_h);
        [(Wait::Clock(wait), Deed::Failed(EXPIRED))]
    }

    /// Something that was put off falls due.
    pub fn happen(&mut self, later: Later, now: crate::domain::time::UnixMs) -> Option<(super::agenda::Due, Event)> {
        match later {
            Later::Post(post) => {
                self.outbox.push_back(post);
                None
            }
            Later::Reviewed(id) => self.review(&id, now),
        }
    }
}

/// A random id in the form of a UUID.
fn new_id() -> String {
    let id = hex::encode(rand::random::<u128>().to_be_bytes());
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
}

/// An instant as Zenvia writes it, with or without fractions of a second.
fn time(at: crate::domain::time::UnixMs, with_millis: bool) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    if with_millis { format!("{instant:.3}") } else { format!("{instant:.0}") }
}
