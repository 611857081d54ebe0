//! What people see of our reading: the blue ticks, and that somebody writes. As each account is configured.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{Engine, EngineError};
use crate::config::{Account, MarkRead};
use crate::domain::id::ConversationId;
use crate::provider::ProviderError;
use crate::store::presence;
use crate::store::reading::{self, Unread};

/// Real time between two looks when nothing wakes it.
const EVERY: Duration = Duration::from_secs(2);

/// Told in one step.
const STEP: i64 = 50;

/// A person sees for 25 s that somebody writes (cloud-api.md 2); it is told again before that is over.
const TYPING_AGAIN: Duration = Duration::from_secs(20);

/// How long an account is left alone whose provider did not answer.
const AWAY: Duration = Duration::from_secs(30);

/// Tells the providers what was read.
#[derive(Debug)]
pub struct Reader {
    engine: Engine,
    /// When it was last told of a conversation that somebody writes in it.
    typing: Mutex<HashMap<ConversationId, Instant>>,
    /// Until when an account is left alone.
    away: Mutex<HashMap<String, Instant>>,
}

impl Reader {
    /// A reader of every account.
    pub fn new(engine: Engine) -> Self {
        Self { engine, typing: Mutex::default(), away: Mutex::default() }
    }

    /// Tells until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Some(Err(cause)) = stop.run_until_cancelled(self.step()).await {
                let error = &cause as &dyn std::error::Error;
                info!(error, "what was read could not be told; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.engine.wake.notified() => {}
                () = sleep(EVERY) => {}
            }
        }
    }

    /// Tells everything that is to be told. Returns how much it was.
    pub async fn step(&self) -> Result<usize, EngineError> {
        let (store, now) = (&self.engine.store, self.engine.clock.now());
        for account in self.engine.config.accounts.values().filter(|a| a.reading.mark == MarkRead::Opened) {
            let seen_since = now.minus(self.engine.clock_span(presence::PRESENT));
            reading::want_opened(store, &account.name, seen_since).await?;
        }
        let mut told = 0;
        for unread in reading::wanted(store, STEP).await? {
            told += usize::from(self.tell(&unread, false).await?);
        }
        let typing_since = now.minus(self.engine.clock_span(presence::TYPING));
        for unread in reading::typed_in(store, typing_since).await? {
            if self.account(&unread).is_some_and(|a| a.reading.typing) && self.is_due(unread.conversation) {
                told += usize::from(self.tell(&unread, true).await?);
            }
        }
        Ok(told)
    }

    fn account(&self, of: &Unread) -> Option<&Account> {
        self.engine.config.accounts.get(&of.account).filter(|account| account.reading.mark != MarkRead::Never)
    }

    /// Whether the person does not see it any more by now.
    fn is_due(&self, id: ConversationId) -> bool {
        let mut typing = self.typing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        typing.retain(|_, at| at.elapsed() < TYPING_AGAIN);
        if typing.contains_key(&id) {
            return false;
        }
        typing.insert(id, Instant::now());
        true
    }

    /// Tells one; false where its provider is away. What the provider refuses is not told again.
    async fn tell(&self, unread: &Unread, typing: bool) -> Result<bool, EngineError> {
        let is_away = {
            let mut away = self.away.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            away.retain(|_, until| Instant::now() < *until);
            away.contains_key(&unread.account)
        };
        let provider = self.account(unread).and_then(|account| self.engine.providers.get(&account.name));
        let sender = self.engine.config.senders.get(&unread.sender);
        if is_away {
            return Ok(false);
        }
        if let (Some(provider), Some(sender)) = (provider, sender) {
            match provider.mark_read(&sender.phone_number_id, &unread.provider_id, typing).await {
                Some(Err(cause @ (ProviderError::Unreachable(_) | ProviderError::Unreadable { .. }))) => {
                    let error = &cause as &dyn std::error::Error;
                    info!(error, account.name = unread.account, "what was read is told later");
                    let mut away = self.away.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    away.insert(unread.account.clone(), Instant::now() + AWAY);
                    return Ok(false);
                }
                Some(Err(cause)) => {
                    let error = &cause as &dyn std::error::Error;
                    info!(error, account.name = unread.account, "what was read is not told");
                }
                Some(Ok(())) | None => {}
            }
        }
        reading::told(&self.engine.store, unread).await?;
        Ok(true)
    }
}
