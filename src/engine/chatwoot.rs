//! Conversations shown and answered in Chatwoot.
//!
//! What changes here marks a conversation (a trigger writes it, the outbox's gathering finds it); one look then compares
//! what is here with what is there and tells the difference, step by step, each kept before the next. A look that breaks off
//! is taken again from where it stopped. What is said there comes in by webhook, is kept before it is answered 200, and is
//! taken up in its order. Of one conversation everything goes in its order; different ones go beside each other (`lanes`).

mod files;
mod hear;
mod lanes;
mod mirror;
mod words;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::{error, info};

use super::{Engine, EngineError};
use crate::config::ChatwootInbox;
use crate::domain::outgoing::THREAD;
use crate::domain::time::UnixMs;
use crate::provider::chatwoot::{Chatwoot, ChatwootError};
use crate::store::outgoing::{event, wish};
use crate::store::{StoreError, Tx, chatwoot};

pub use hear::keep;
use mirror::Told;

/// Wait after the first failure, and how often that doubles.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const DOUBLINGS: i64 = 8;

/// What listeners to conversations are called.
const LISTENER: &str = "chatwoot:";

/// Why something could not be told there, or taken up from there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// Chatwoot.
    #[error("{0}")]
    There(#[from] ChatwootError),
    /// Recado.
    #[error(transparent)]
    Here(#[from] EngineError),
}

impl From<StoreError> for Broken {
    fn from(cause: StoreError) -> Self {
        Self::Here(cause.into())
    }
}

/// One inbox.
#[derive(Clone, Debug)]
pub struct Connector {
    engine: Engine,
    config: ChatwootInbox,
    there: Chatwoot,
    /// Conversations there of which something is being taken up.
    hearing: Arc<Mutex<BTreeSet<i64>>>,
}

impl Connector {
    /// The configured inboxes; one whose client cannot be built is left out, and the log says so.
    pub fn all(engine: &Engine) -> Vec<Self> {
        let connected = engine.config.chatwoot.values().filter_map(|config| match Chatwoot::connect(config) {
            Ok(there) => {
                let (engine, config) = (engine.clone(), config.clone());
                Some(Self { engine, config, there, hearing: Arc::default() })
            }
            Err(cause) => {
                let error = &cause as &dyn std::error::Error;
                error!(error, chatwoot.name = config.name, "Chatwoot inbox {} cannot be used", config.name);
                None
            }
        });
        connected.collect()
    }

    /// Tells what changed in one conversation, which is reserved.
    async fn tell(&self, mirror: &chatwoot::Mirror) -> Result<(), EngineError> {
        let (store, id) = (&self.engine.store, mirror.conversation_id);
        match self.mirror(mirror).await {
            Ok(Told::All) => chatwoot::done(store, mirror, self.engine.clock.now()).await?,
            Ok(Told::Part) => chatwoot::goes_on(store, id, self.engine.clock.now()).await?,
            Err(Broken::Here(cause)) => return Err(cause),
            Err(Broken::There(why)) => {
                info!(conversation.id = %id, why = %why, "conversation {id} could not be told to Chatwoot yet");
                let next = self.engine.clock.now().plus(wait(mirror.tries));
                chatwoot::failed(store, id, next, &why.to_string()).await?;
            }
        }
        Ok(())
    }
}

/// The wait after so many tries in vain.
fn wait(tries: i64) -> Duration {
    FIRST_WAIT * 2_u32.pow(u32::try_from(tries.clamp(0, DOUBLINGS)).unwrap_or_default())
}

/// Makes the triggers write what the configured inboxes follow, and shows there what is open already. Once, before they run.
///
/// # Errors
/// The store.
pub async fn begin(engine: &Engine) -> Result<(), StoreError> {
    let now = engine.clock.now();
    let mut tx = engine.store.begin().await?;
    for listener in wish::listeners(&mut tx, LISTENER).await? {
        let is_there = listener.strip_prefix(LISTENER).is_some_and(|name| engine.config.chatwoot.contains_key(name));
        if !is_there {
            wish::set(&mut tx, &listener, &BTreeSet::new()).await?;
        }
    }
    for inbox in engine.config.chatwoot.values() {
        wish::set(&mut tx, &format!("{LISTENER}{}", inbox.name), &BTreeSet::from([THREAD.to_owned()])).await?;
        chatwoot::want_open(&mut tx, &inbox.name, &inbox.account, now).await?;
    }
    tx.commit().await
}

/// Something changed in these conversations.
pub(super) async fn want(
    engine: &Engine,
    tx: &mut Tx,
    threads: &[event::Event],
    now: UnixMs,
) -> Result<(), EngineError> {
    let all: BTreeSet<i64> = threads.iter().filter_map(|event| event.conversation_id).collect();
    let all: Vec<i64> = all.into_iter().collect();
    if all.is_empty() {
        return Ok(());
    }
    for inbox in engine.config.chatwoot.values() {
        chatwoot::want(tx, (&inbox.name, &inbox.account), &all, now).await?;
    }
    Ok(())
}
