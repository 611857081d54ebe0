//! Webhooks that are refused because they do not prove to be the provider's: where nothing else comes, receipts and replies
//! are missing, and whoever runs Recado has to know. Whatever is posted counts in memory and is written down from time to
//! time, so that nobody outside decides how often something is written.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Engine, EngineError};
use crate::domain::time::UnixMs;
use crate::store::refusal;

pub use crate::store::refusal::Refusals as OfAccount;

/// So many in a row are no stray request.
const SEVERAL: i64 = 3;

/// After so long without another they are over: providers try again for longer, but ever more rarely.
const OVER: Duration = Duration::from_hours(6);

/// What has happened at an account's address since it was last written down.
#[derive(Debug, Default)]
struct Streak {
    /// One has been taken; what follows came after it.
    taken: bool,
    refused: Option<OfAccount>,
}

/// What has not been written down yet.
#[derive(Debug)]
pub struct Refusals {
    streaks: Mutex<BTreeMap<String, Streak>>,
    /// Whether any account has refusals, as far as is known; while none has, taking one costs nothing.
    any: AtomicBool,
}

impl Default for Refusals {
    fn default() -> Self {
        // What an earlier process has written down is not known yet.
        Self { streaks: Mutex::default(), any: AtomicBool::new(true) }
    }
}

impl Refusals {
    /// Something posted to the webhook of `account` at `now` is refused; `why` is what it did not bring.
    pub fn refused(&self, account: &str, why: &str, now: UnixMs) {
        self.any.store(true, Ordering::Relaxed);
        let mut streaks = self.streaks();
        let streak = streaks.entry(account.to_owned()).or_default();
        let (account, why) = (account.to_owned(), why.to_owned());
        let since_at = streak.refused.as_ref().map_or(now, |before| before.since_at);
        let n = streak.refused.as_ref().map_or(0, |before| before.n) + 1;
        streak.refused = Some(OfAccount { account, why, n, since_at, last_at: now });
    }

    /// Something that the provider of `account` posted is taken.
    pub fn taken(&self, account: &str) {
        if self.any.load(Ordering::Relaxed) {
            self.streaks().insert(account.to_owned(), Streak { taken: true, refused: None });
        }
    }

    fn streaks(&self) -> MutexGuard<'_, BTreeMap<String, Streak>> {
        self.streaks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down what has happened since the last time.
pub(super) async fn write_down(engine: &Engine) -> Result<(), EngineError> {
    let (store, refusals) = (&engine.store, &engine.refusals);
    let streaks = std::mem::take(&mut *refusals.streaks());
    for (account, streak) in &streaks {
        if streak.taken {
            refusal::forget(store, account).await?;
        }
        if let Some(refused) = &streak.refused {
            refusal::add(store, refused).await?;
        }
    }
    // What comes while this is asked is looked at the next time.
    let any = !refusal::all(store).await?.is_empty() || !refusals.streaks().is_empty();
    refusals.any.store(any, Ordering::Relaxed);
    Ok(())
}

/// The accounts of which everything that comes is refused at `now`.
pub async fn standing(engine: &Engine, now: UnixMs) -> Result<Vec<OfAccount>, EngineError> {
    let over = OVER.max(engine.clock_span(Duration::from_mins(1)));
    let stands = |one: &OfAccount| one.n >= SEVERAL && now.since(one.last_at) < over;
    let ours = |one: &OfAccount| engine.config.accounts.contains_key(&one.account);
    Ok(refusal::all(&engine.store).await?.into_iter().filter(|one| stands(one) && ours(one)).collect())
}
