//! The two lines in which bodies wait. What people write is behind what people wrote, and not behind the receipts of a run; both
//! have their part in every unit of work.

use std::collections::VecDeque;

use super::Receiver;
use crate::domain::event::WebhookEvent;
use crate::domain::id::WebhookId;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::store::StoreError;
use crate::store::webhook::{self, Line, Webhook};

/// Events applied in one unit of work; of a body with more all are. Longer ones make claims and pages wait on SQLite (400
/// events take 24 ms), shorter ones fall behind: with 150, a thousand replies a second beside a run at a thousand a second
/// were up to 12 s late, and with 400 half a second.
const MAX_EVENTS: usize = 400;

/// The same where the unit before did not hold all that waited: what lies close together, and several receipts of one message,
/// are written once for more of them. Not on PostgreSQL, where the answers of the same messages wait meanwhile: with 2,000 a run
/// that may send 1,000 a second sent 929.
const MAX_EVENTS_BEHIND: usize = 2_000;

/// What people write is at most so much of either: it takes longer than receipts, which always go on beside it.
const MAX_OF_PEOPLE: usize = 300;
const MAX_OF_PEOPLE_BEHIND: usize = 1_100;
const FOR_NEWS: usize = 100;

/// How many receipts take as long as what somebody writes.
const RECEIPTS_A_REPLY: usize = 2;

/// Bodies fetched at a time; what does not fit a unit of work is kept for the next. A body may carry one event or hundreds
/// (of the latter, twenty kilobytes each).
const BODIES: i64 = 80;

/// What waits.
pub(super) struct Waiting {
    people: Fetched,
    news: Fetched,
    /// Whether the last unit of work did not hold all of it.
    is_behind: bool,
}

/// Bodies of a line in the order of their arrival, fetched by the dozen.
struct Fetched {
    line: Line,
    bodies: VecDeque<Incoming>,
    after: WebhookId,
}

/// A body that has been read.
pub(super) struct Incoming {
    pub(super) id: WebhookId,
    pub(super) line: Line,
    pub(super) account: String,
    pub(super) received_at: UnixMs,
    /// `Err`: why it cannot be read, in words without personal data.
    pub(super) events: Result<Vec<WebhookEvent>, &'static str>,
}

impl Waiting {
    pub(super) fn new() -> Self {
        let of = |line| Fetched { line, bodies: VecDeque::new(), after: WebhookId(0) };
        Self { people: of(Line::People), news: of(Line::News), is_behind: false }
    }
}

impl Incoming {
    /// An event is counted for a body that cannot be read, too: it is to be marked.
    fn weight(&self) -> usize {
        self.events.as_ref().map_or(1, Vec::len)
    }
}

impl Engine {
    /// Stores a body as it came from an account's provider, in the line it belongs to. When this returns `Ok`, it survives a
    /// power cut.
    pub async fn keep_webhook(&self, account: &str, body: &[u8], at: UnixMs) -> Result<(), StoreError> {
        let is_of_people = self.events_of(account, body).is_ok_and(|e| e.iter().any(WebhookEvent::is_of_people));
        let line = if is_of_people { Line::People } else { Line::News };
        webhook::store(&self.store, account, line, body, at).await
    }

    /// What a body of an account's provider tells; `Err`: why it cannot be read, in words without personal data.
    fn events_of(&self, account: &str, body: &[u8]) -> Result<Vec<WebhookEvent>, &'static str> {
        let provider = self.providers.get(account).ok_or("the account is not in the configuration")?;
        provider.read_webhook(body).map_err(|_| "not what the provider documents")
    }
}

impl Receiver {
    /// As many of the bodies that wait as fit one unit of work; none: none waits.
    pub(super) async fn read(&self, waiting: &mut Waiting) -> Result<Vec<Incoming>, EngineError> {
        let is_long = waiting.is_behind && self.engine.store.is_of_one_node();
        let (most, of_people) =
            if is_long { (MAX_EVENTS_BEHIND, MAX_OF_PEOPLE_BEHIND) } else { (MAX_EVENTS, MAX_OF_PEOPLE) };
        let mut batch = self.read_line(&mut waiting.people, of_people).await?;
        let events: usize = batch.iter().map(Incoming::weight).sum();
        let left = most.saturating_sub(RECEIPTS_A_REPLY * events).max(FOR_NEWS);
        batch.extend(self.read_line(&mut waiting.news, left).await?);
        waiting.is_behind = !(waiting.people.bodies.is_empty() && waiting.news.bodies.is_empty());
        Ok(batch)
    }

    /// As many as have `most` events together, at least one; none: none waits.
    async fn read_line(&self, waiting: &mut Fetched, most: usize) -> Result<Vec<Incoming>, EngineError> {
        let mut batch: Vec<Incoming> = Vec::new();
        let (mut events, mut is_end) = (0, false);
        loop {
            while let Some(incoming) = waiting.bodies.pop_front() {
                events += incoming.weight();
                if !batch.is_empty() && events > most {
                    waiting.bodies.push_front(incoming);
                    return Ok(batch);
                }
                batch.push(incoming);
            }
            if is_end {
                return Ok(batch);
            }
            let fetched = webhook::waiting(&self.engine.store, waiting.line, waiting.after, BODIES).await?;
            is_end = (fetched.len() as i64) < BODIES;
            waiting.after = fetched.last().map_or(waiting.after, |webhook| webhook.id);
            waiting.bodies.extend(fetched.into_iter().map(|webhook| self.read_one(webhook)));
        }
    }

    fn read_one(&self, webhook: Webhook) -> Incoming {
        let events = self.engine.events_of(&webhook.account, &webhook.body);
        Incoming {
            id: webhook.id,
            line: webhook.line,
            account: webhook.account,
            received_at: webhook.received_at,
            events,
        }
    }
}
