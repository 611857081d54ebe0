//! When runs end: reckoned anew at most once in a few seconds while somebody watches, for all runs of a sender at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::forecast::{Forecast, LimitedBy};
use crate::domain::id::RunId;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, forecast};

use super::page::Page;
use super::words::duration;

/// A forecast is this fresh at worst, where reckoning is cheap.
const FRESH: Duration = Duration::from_secs(3);

/// A run that the last reckoning did not know is looked for after this.
const MISSED: Duration = Duration::from_secs(1);

/// Reckoning takes at most this share of the time: one in so many.
const SHARE: u32 = 20;

/// What takes less is said to take so long.
const LEAST: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Reckoned {
    at: Instant,
    took: Duration,
    of: BTreeMap<RunId, Forecast>,
}

impl Reckoned {
    fn serves(&self, run: RunId) -> bool {
        let fresh = if self.of.contains_key(&run) { FRESH } else { MISSED };
        self.at.elapsed() < fresh.max(self.took * SHARE)
    }
}

/// A sender's forecasts; held while they are reckoned, so that a hundred people who watch cost one reckoning.
type Slot = Arc<Mutex<Option<Reckoned>>>;

/// The forecasts by sender.
#[derive(Clone, Debug, Default)]
pub struct Forecasts(Arc<Lock<HashMap<String, Slot>>>);

impl Forecasts {
    /// The forecast of `run`, which leaves from `sender`; `None` when nothing of it is in line.
    pub async fn of(&self, engine: &Engine, sender: &str, run: RunId) -> Result<Option<Forecast>, EngineError> {
        let slot =
            Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(sender.to_owned()).or_default());
        let mut slot = slot.lock().await;
        if let Some(reckoned) = slot.as_ref().filter(|reckoned| reckoned.serves(run)) {
            return Ok(reckoned.of.get(&run).copied());
        }
        let began = Instant::now();
        let of = forecast::of_sender(engine, sender).await?;
        let told = of.get(&run).copied();
        *slot = Some(Reckoned { at: Instant::now(), took: began.elapsed(), of });
        Ok(told)
    }
}

/// `Ends about 18:40 (between 18:30 and 19:05, Buenos Aires time), limited by the messaging limit.`, and what would come
/// too late. Of what is held nobody knows until when, how long it takes from when it goes on.
pub fn sentence(p: &Page, told: &Forecast) -> String {
    let time = |at: UnixMs| p.hour(&at);
    let (why, place) = (p.t(&format!("limited_by.{}", told.limited_by.as_str())), p.place());
    let mut said = match (told.low, told.likely, told.high) {
        (_, Some(likely), _) if told.if_it_went_on => {
            let span = duration(p.language, likely.since(p.now).max(LEAST));
            p.say("web.ends_if", &[("span", &span), ("why", &why)])
        }
        (Some(low), Some(likely), Some(high)) if time(low) == time(high) => {
            p.say("web.ends_at", &[("t", &time(likely)), ("place", &place), ("why", &why)])
        }
        (Some(low), Some(likely), Some(high)) => {
            let (t, low, high) = (time(likely), time(low), time(high));
            p.say("web.ends_between", &[("t", &t), ("low", &low), ("high", &high), ("place", &place), ("why", &why)])
        }
        (_, Some(likely), None) => p.say("web.ends_perhaps", &[("t", &time(likely)), ("place", &place), ("why", &why)]),
        _ if told.limited_by == LimitedBy::Budget => p.n("web.ends_never_budget", told.left),
        _ => p.say("web.ends_never", &[("n", &p.number(told.left)), ("why", &why)]),
    };
    if let Some(hours) = told.tried_again_h.filter(|_| !told.if_it_went_on) {
        said = format!("{said} {}", p.say("web.ends_again", &[("hours", &hours.to_string())]));
    }
    if told.by_people {
        said = format!("{said} {}", p.t("preflight.by_people"));
    }
    if told.too_late > 0 {
        said = format!("{said} {}", p.n("web.ends_too_late", told.too_late));
    }
    said
}
