//! Every send that was accepted, and the counts the control endpoints report.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use super::people::Act;
use crate::domain::callback::CallbackData;
use crate::domain::time::UnixMs;

/// How far a message has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    Accepted,
    Sent,
    Delivered,
    Read,
    Failed(i64),
}

/// What happens to a message next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// Gupshup has it in its queue.
    Enqueued,
    Sent,
    Delivered,
    Read,
    Failed(i64),
    Answers {
        act: Act,
        quotes: bool,
    },
}

/// How long until then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wait {
    Real(Duration),
    Clock(Duration),
}

/// The template of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct TemplateUse {
    pub name: String,
    pub language: String,
}

/// An accepted send.
pub(super) struct Message {
    /// Its id.
    pub wamid: String,
    /// Gupshup's id, where it came by Gupshup.
    pub gs_id: Option<String>,
    /// WABA id, or the app's name.
    pub account: String,
    /// Phone number id, or the number's digits.
    pub sender: String,
    /// The recipient as typed.
    pub to: String,
    /// The person's WhatsApp id.
    pub wa_id: String,
    /// `None`: text within the window.
    pub template: Option<TemplateUse>,
    /// What it is billed as, in the words of `pricing.category`.
    pub category: String,
    /// Components of the template, or the text object, as JSON.
    pub params: String,
    /// `biz_opaque_callback_data`.
    pub callback: Option<String>,
    /// When it was accepted.
    pub at: UnixMs,
    /// How far it has come.
    pub progress: Progress,
    /// It was sent outside a window: its person takes a place of the tier.
    pub counts_in_tier: bool,
    /// A delivered or read status has carried the price.
    pub was_priced: bool,
    /// Gupshup has told that it is in its queue.
    pub was_enqueued: bool,
    /// What is still to come.
    pub story: VecDeque<(Wait, Deed)>,
}

impl Message {
    /// As `/_sandbox/messages` lists it.
    pub fn listed(&self) -> Value {
        let (fate, code) = match self.progress {
            Progress::Accepted => ("accepted", None),
            Progress::Sent => ("sent", None),
            Progress::Delivered => ("delivered", None),
            Progress::Read => ("read", None),
            Progress::Failed(code) => ("failed", Some(code)),
        };
        json!({
            "id": self.wamid, "gs_id": self.gs_id, "account": self.account, "sender": self.sender, "to": self.to, "wa_id": self.wa_id,
            "template": self.template, "params": serde_json::from_str::<Value>(&self.params).unwrap_or_default(),
            "callback_data": self.callback, "time": self.at.to_string(), "fate": fate, "code": code,
        })
    }
}

/// Counts of `/_sandbox/stats`.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Stats {
    /// Sends accepted.
    pub accepted: u64,
    /// Distinct messages among them.
    pub unique: u64,
    /// Sends accepted while an earlier accepted one of the same message had not failed.
    pub duplicates: u64,
    /// Sends refused, by code.
    pub rejected: BTreeMap<i64, u64>,
    /// POSTs to the webhook.
    pub webhooks: WebhookStats,
}

/// Counts of POSTs to the webhook.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize)]
pub(super) struct WebhookStats {
    /// Answered with 200.
    pub sent: u64,
    /// Answered otherwise, or not at all.
    pub failed: u64,
    /// Tried again.
    pub retried: u64,
}

/// All accepted sends, in order.
pub(super) struct Ledger {
    pub stats: Stats,
    messages: Vec<Message>,
    by_wamid: HashMap<String, usize>,
    /// Message (callback data without its attempt) to how many accepted sends of it have not failed.
    alive: HashMap<String, u32>,
    /// Random per process: ids never come twice, not even from a sandbox started again.
    nonce: u64,
    next_id: u64,
}

impl Ledger {
    /// Nothing accepted yet.
    pub fn new() -> Self {
        Self {
            stats: Stats::default(),
            messages: Vec::new(),
            by_wamid: HashMap::new(),
            alive: HashMap::new(),
            nonce: rand::random(),
            next_id: 0,
        }
    }

    /// A fresh message id, of the person with `wa_id`.
    pub fn new_wamid(&mut self, wa_id: &str) -> String {
        self.next_id += 1;
        let mut bytes = vec![0x1c, 0x18, wa_id.len() as u8];
        bytes.extend_from_slice(wa_id.as_bytes());
        bytes.extend_from_slice(&[0x15, 0x02, 0x00, 0x11, 0x18, 0x12]);
        bytes.extend_from_slice(format!("{:016X}{:08X}", self.nonce, self.next_id).as_bytes());
        bytes.push(0);
        format!("wamid.{}", STANDARD.encode(bytes))
    }

    /// A fresh id as Gupshup has them.
    pub fn new_uuid(&mut self) -> String {
        self.next_id += 1;
        let (high, low) = (self.nonce >> 32, self.nonce & 0xffff);
        format!("{high:08x}-{low:04x}-4{:03x}-8000-{:012x}", (self.nonce >> 16) & 0xfff, self.next_id)
    }

    /// Books an accepted send: its place.
    pub fn accept(&mut self, message: Message) -> usize {
        self.stats.accepted += 1;
        match message.callback.as_deref().map(without_attempt) {
            None => self.stats.unique += 1,
            Some(key) => match self.alive.get_mut(&key) {
                None => {
                    self.stats.unique += 1;
                    self.alive.insert(key, 1);
                }
                Some(alive) => {
                    self.stats.duplicates += u64::from(*alive > 0);
                    *alive += 1;
                }
            },
        }
        self.by_wamid.insert(message.wamid.clone(), self.messages.len());
        self.messages.push(message);
        self.messages.len() - 1
    }

    /// Books a failure, after which the same message may be sent again.
    pub fn fail(&mut self, place: usize, code: i64) {
        let Some(message) = self.messages.get_mut(place) else { return };
        message.progress = Progress::Failed(code);
        let key = message.callback.as_deref().map(without_attempt);
        if let Some(alive) = key.and_then(|key| self.alive.get_mut(&key)) {
            *alive = alive.saturating_sub(1);
        }
    }

    /// Books a refusal.
    pub fn refuse(&mut self, code: i64) {
        *self.stats.rejected.entry(code).or_default() += 1;
    }

    /// The send at `place`.
    pub fn get(&self, place: usize) -> Option<&Message> {
        self.messages.get(place)
    }

    /// The same, to change.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut Message> {
        self.messages.get_mut(place)
    }

    /// The place of the send with this id.
    pub fn find(&self, wamid: &str) -> Option<usize> {
        self.by_wamid.get(wamid).copied()
    }

    /// Person and sender of the newest message that was read.
    pub fn last_read(&self) -> Option<(String, String)> {
        let message = self.messages.iter().rev().find(|message| message.progress == Progress::Read)?;
        Some((message.wa_id.clone(), message.sender.clone()))
    }

    /// The place of the last template `sender` sent to `wa_id`.
    pub fn last_template(&self, sender: &str, wa_id: &str) -> Option<usize> {
        self.messages.iter().rposition(|m| m.sender == sender && m.wa_id == wa_id && m.template.is_some())
    }

    /// Up to `limit` sends from place `from`.
    pub fn page(&self, from: usize, limit: usize) -> &[Message] {
        let from = from.min(self.messages.len());
        &self.messages[from..(from + limit).min(self.messages.len())]
    }
}

/// What names the message: our callback data without its attempt; anything else as it is.
fn without_attempt(callback: &str) -> String {
    match CallbackData::parse(callback) {
        Some(data) => format!("{}.{}", data.instance.as_str(), data.message),
        None => format!("={callback}"),
    }
}
