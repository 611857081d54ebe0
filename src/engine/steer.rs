//! Steering runs: pause, resume, cancel, holds.

use tracing::info;

use super::takeover::{Original, Place, take_over};
use super::{Engine, EngineError, holds};
use crate::domain::change::Change;
use crate::domain::id::{HoldId, RunId};
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::locale::{self, Language};
use crate::store::audit::{self, Deed};
use crate::store::hold::{HoldCause, HoldScope};
use crate::store::{Tx, hold, message, run};

/// The code of a person's own words.
const OWN_WORDS: &str = "own_words";

impl Engine {
    /// A person pauses a run, perhaps with a word why; nothing of it is claimed any more. False when it is not planning
    /// or running.
    pub async fn pause(&self, id: RunId, by: &str, why: &str) -> Result<bool, EngineError> {
        let why: &[Problem] = if why.is_empty() { &[] } else { &[Problem::new(OWN_WORDS, &[("words", why)])] };
        let mut tx = self.store.begin().await?;
        let done = run::pause(&mut tx, id, by, why, self.clock.now()).await?;
        tx.commit().await?;
        self.steered(id, done, "paused").await
    }

    /// Pauses a run for what was found, and notes it in the audit as Recado's or the folder's own deed. A person lets it
    /// go on. False when it is not planning or running.
    pub(super) async fn stop(&self, id: RunId, by: &str, why: &[Problem]) -> Result<bool, EngineError> {
        let mut tx = self.store.begin().await?;
        let done = stop_in(&mut tx, id, by, why, self.clock.now()).await?;
        tx.commit().await?;
        self.steered(id, done, "paused").await
    }

    /// Goes on with a paused run. False when it is not paused.
    pub async fn resume(&self, id: RunId, _by: &str) -> Result<bool, EngineError> {
        let done = run::resume(&self.store, id, self.clock.now()).await?;
        self.steered(id, done, "resumed").await
    }

    /// Ends a run and cancels what is queued of it; what has left is not called back. False when it is not open.
    pub async fn cancel(&self, id: RunId, by: &str) -> Result<bool, EngineError> {
        let done = run::cancel(&self.store, id, by).await?;
        if done {
            message::cancel(&self.store, id, self.clock.now()).await?;
        }
        self.steered(id, done, "cancelled").await
    }

    pub(super) async fn steered(&self, id: RunId, done: bool, word: &'static str) -> Result<bool, EngineError> {
        if !done && run::get(&self.store, id).await?.is_none() {
            return Err(EngineError::Unknown { what: "run" });
        }
        if done {
            info!(run.id = %id, "run {id} is {word}");
            self.tell(Change::Run(id));
            self.wake.notify_waiters();
        }
        Ok(done)
    }

    /// Lifts a hold. False when it was lifted already.
    pub async fn lift_hold(&self, id: HoldId, by: &str) -> Result<bool, EngineError> {
        let now = self.clock.now();
        let open = hold::open(&self.store).await?.into_iter().find(|hold| hold.id == id);
        let done = match open {
            // Lifting it says that this store, here, is the one that sends; else it would be held again at the next start.
            Some(hold) if hold.cause == HoldCause::Restored => {
                let place = Place { store: &self.store, config: &self.config, cards: &self.cards, now };
                take_over(place, Original::MayHaveSent, by).await?.lifted
            }
            Some(hold) => {
                let lifted = hold::lift(&self.store, &hold, now, by).await?;
                if lifted && hold.scope == HoldScope::Country {
                    holds::let_country_go_on(self, &hold, now).await?;
                }
                lifted
            }
            None => false,
        };
        if done {
            info!(hold.id = %id, "hold {id} is lifted");
            self.tell(Change::Holds);
            self.wake.notify_waiters();
        }
        Ok(done)
    }
}

/// Pauses a run for what was found, with a line in the audit, as part of the unit of work that found it.
pub(super) async fn stop_in(
    tx: &mut Tx,
    id: RunId,
    by: &str,
    why: &[Problem],
    at: UnixMs,
) -> Result<bool, EngineError> {
    let done = run::pause(tx, id, by, why, at).await?;
    if done {
        let (subject, detail) = (format!("run {id}"), in_english(why));
        let deed = Deed { actor: by, action: "run.pause", subject: &subject, detail: &detail };
        audit::write_in(tx, at, deed).await?;
    }
    Ok(done)
}

/// Problems as the audit keeps them: one sentence a line.
fn in_english(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| locale::problem(Language::En, problem)).collect();
    lines.join("\n")
}
