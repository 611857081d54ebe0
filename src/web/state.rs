//! What every handler reaches.

use std::ops::Deref;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::time::UnixMs;
use crate::engine::Engine;
use crate::store::{Store, StoreError, audit};

use super::actor::Actor;
use super::forecasts::Forecasts;
use super::metrics::Metrics;
use super::once::Working;
use super::sampler::Sampler;
use super::throttle::Throttle;
use crate::store::password::Turnstile;

/// Shared by all handlers. Every layer of every request has a clone, so that one is a single count: with a count for each of the
/// parts, cloning was a tenth of what webhooks cost.
#[derive(Clone)]
pub struct WebState(Arc<Shared>);

/// What handlers share.
pub struct Shared {
    /// The engine's commands.
    pub engine: Engine,
    /// Woken when a webhook has been stored.
    pub receiver_wake: Arc<Notify>,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// Cancelled when the daemon begins to stop: `/readyz` says no, event streams end.
    pub stopping: CancellationToken,
    /// Whose time sessions, links and tokens live by: people's, also while the daemon's clock runs faster.
    pub people_clock: Clock,
    pub(super) turnstile: Turnstile,
    pub(super) throttle: Throttle,
    pub(super) sampler: Sampler,
    pub(super) forecasts: Forecasts,
    pub(super) working: Working,
}

impl Deref for WebState {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl WebState {
    /// Puts the parts together.
    pub fn new(
        engine: Engine,
        receiver_wake: Arc<Notify>,
        metrics: Arc<Metrics>,
        stopping: CancellationToken,
        people_clock: Clock,
    ) -> Self {
        Self(Arc::new(Shared {
            engine,
            receiver_wake,
            metrics,
            stopping,
            people_clock,
            turnstile: Turnstile::default(),
            throttle: Throttle::default(),
            sampler: Sampler::default(),
            forecasts: Forecasts::default(),
            working: Working::default(),
        }))
    }

    pub(super) fn store(&self) -> &Store {
        &self.engine.store
    }

    pub(super) fn config(&self) -> &Config {
        &self.engine.config
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.engine.clock
    }

    pub(super) fn now(&self) -> UnixMs {
        self.clock().now()
    }

    /// The time by which sessions, links and tokens live.
    pub(super) fn people_now(&self) -> UnixMs {
        self.people_clock.now()
    }

    /// True when the site is reached by https, which is what cookies are told.
    pub(super) fn secure(&self) -> bool {
        self.config().server.public_url.scheme() == "https"
    }

    /// `https://recado.example.org`, as browsers name it.
    pub(super) fn public_origin(&self) -> String {
        self.config().server.public_url.origin().ascii_serialization()
    }

    /// Whose clock pages show where no campaign is in view: the first account's.
    pub(super) fn zone(&self) -> TimeZone {
        self.config().accounts.values().next().map_or(TimeZone::UTC, |a| a.timezone.clone())
    }

    /// Writes down what `actor` did.
    pub(super) async fn audit(
        &self,
        actor: &Actor,
        action: &str,
        subject: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        let of = actor.desk.as_ref().map(|agent| format!("for {agent}"));
        let detail = [detail].into_iter().chain(of.as_deref()).filter(|part| !part.is_empty());
        let detail = detail.collect::<Vec<_>>().join(", ");
        audit::write(self.store(), self.now(), audit::Deed { actor: &actor.name, action, subject, detail: &detail })
            .await
    }
}
