//! A provider on this machine: speaks Meta's Cloud API and Gupshup's form API on the wire, enforces their limits, plays
//! the people.
//!
//! Wire facts are those of Meta's public documentation (2025-12 to 2026-10). It shares no code with `provider`, so that
//! one bug cannot hide in both: it has its own signature, its own JSON and its own idea of a template.

mod agenda;
mod choreography;
mod config;
mod config_file;
mod connection;
mod control;
mod dialog360;
mod dice;
mod emitter;
mod fault;
mod free;
mod graph;
mod guard;
mod gupshup;
mod handshake;
mod hook;
mod inbound;
mod ledger;
mod limit;
mod media;
mod node;
mod parameter;
mod people;
mod phone;
mod pricing;
mod refusal;
mod registry;
mod review;
mod sample;
mod send;
mod signature;
mod standing;
mod subscription;
mod template;
mod template_code;
mod template_node;
mod template_review;
mod template_shape;
mod world;
mod zenvia;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use config::{
    Delivery, GupshupSettings, LoopbackUrl, SandboxAccount, SandboxConfig, SandboxError, SandboxNumber,
    SandboxProvider, Tier,
};
pub use config_file::{ConfigFileError, apply as apply_config_file};
pub use emitter::WebhookPost;
pub use people::People;
pub use review::Review;
pub use signature::sign;
pub use zenvia::ZenviaSettings;

use crate::clock::Clock;
use world::World;

/// The simulator. Cloning shares it.
#[derive(Clone)]
pub struct Sandbox(Arc<Parts>);

struct Parts {
    config: SandboxConfig,
    clock: Clock,
    world: Mutex<World>,
    /// Something is due earlier than the delivery loop knows.
    wake: Notify,
    client: reqwest::Client,
}

impl Sandbox {
    /// A sandbox that has seen nothing yet. Everything of a minute or more follows `clock`.
    pub fn new(config: SandboxConfig, clock: Clock) -> Self {
        let world = Mutex::new(World::new(&config));
        Self(Arc::new(Parts { config, clock, world, wake: Notify::new(), client: emitter::client() }))
    }

    /// The Graph endpoints (any version in the path, or none) and the control endpoints under `/_sandbox`. Requests
    /// with a foreign `Host` or `Origin` are refused.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/_sandbox/stats", get(control::stats))
            .route("/_sandbox/messages", get(control::messages))
            .route("/_sandbox/faults", post(control::add_fault).delete(control::clear_faults))
            .route("/_sandbox/reply", post(control::reply))
            .route("/_sandbox/template", post(control::set_template))
            .route("/_sandbox/account", post(standing::set_account))
            .route("/_sandbox/marketing", post(standing::set_marketing))
            .route("/_sandbox/read", get(standing::marked))
            .route("/_sandbox/review", post(review::set_review))
            .route("/_sandbox/number", post(standing::set_number))
            .route("/_sandbox/clock", post(standing::set_clock))
            .route("/_sandbox/wallet", post(gupshup::control_wallet))
            .route("/_sandbox/tokens", delete(gupshup::control_tokens))
            .route("/files/{id}", get(media::open_download))
            .nest("/v2", zenvia::router(self))
            .fallback(graph::answer)
            .layer(axum::extract::DefaultBodyLimit::max(media::MAX_BYTES))
            .layer(axum::middleware::from_fn_with_state(self.clone(), standing::tell_time))
            .layer(axum::middleware::from_fn(guard::own_machine_only))
            .with_state(self.clone())
    }

    /// Answers requests until `stop`, then gives those under way a moment.
    ///
    /// # Errors
    /// Those of the listener.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> std::io::Result<()> {
        if let Ok(address) = listener.local_addr() {
            self.world().place = format!("http://{address}");
        }
        connection::serve(self.router(), listener, stop).await
    }

    /// Lets people receive, read and answer, and posts the webhooks, until `stop`.
    pub async fn deliver(self, stop: CancellationToken) {
        tokio::join!(emitter::deliver(&self, &stop), zenvia::deliver(&self, &stop));
    }

    /// A panic while holding the lock cannot leave the world half-written in a way that matters to a simulator.
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
