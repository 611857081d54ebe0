//! Posts the webhooks: signed, many updates at a time, in no order, again and again until the receiver says 200.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use secrecy::ExposeSecret;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use super::agenda::Due;
use super::config::SandboxProvider;
use super::hook;
use super::signature::sign;
use super::subscription::Subscription;
use super::world::{Event, World};
use super::{Sandbox, gupshup, handshake};
use crate::domain::time::UnixMs;

/// Real time the receiver has to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Real time before the first retry; it doubles from there.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// Longest real time between two tries.
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// Time of the sandbox's clock after which an update is lost.
const GIVEN_UP: Duration = Duration::from_hours(7 * 24);
/// POSTs at a time. Meta says that they come beside each other and not how many (cloud-api.md 3.2); with few, what a receiver takes
/// in a second is how long one of its answers takes, whatever it could do.
const CONNECTIONS: usize = 256;
/// Real time the loop waits at least between two rounds, so that updates gather.
const PACE: Duration = Duration::from_millis(5);
/// Real time the loop waits at most, since a clock may change its speed.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// A POST to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebhookPost {
    /// Where it goes.
    pub url: Url,
    /// What it says.
    pub body: Vec<u8>,
    /// Value of `X-Hub-Signature-256`; empty: its provider signs nothing.
    pub signature: String,
    /// How often it was tried.
    tries: u32,
    /// When it was tried first, on the sandbox's clock.
    since: UnixMs,
}

/// Posts to this machine over plain HTTP: no proxy, no redirect, and no certificate to trust.
pub(super) fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT);
    builder.tls_backend_preconfigured(tls).build().expect("the settings above are valid")
}

/// The loop: lets things happen when they are due and posts what comes of it.
pub(super) async fn deliver(sandbox: &Sandbox, stop: &CancellationToken) {
    let mut posts = FuturesUnordered::new();
    // Only Meta shakes hands.
    let mut has_shaken_hands = sandbox.0.config.provider != SandboxProvider::CloudApi;
    while !stop.is_cancelled() {
        let free = CONNECTIONS - posts.len();
        let ready = sandbox.step(Instant::now(), sandbox.0.clock.now(), free);
        if !ready.is_empty() && !has_shaken_hands {
            has_shaken_hands = true;
            shake_hands(sandbox).await;
        }
        posts.extend(ready.into_iter().map(|post| sandbox.post(post)));
        let idle = sandbox.idle_for();
        tokio::select! {
            () = stop.cancelled() => break,
            Some(()) = posts.next(), if !posts.is_empty() => {}
            () = async { tokio::join!(sandbox.0.wake.notified(), tokio::time::sleep(PACE)); } => {}
            () = tokio::time::sleep(idle), if posts.len() < CONNECTIONS => {}
        }
    }
}

/// A webhook that does not know the token is told to the operator; it gets its updates all the same, since a sandbox
/// is also used with receivers that never heard of handshakes.
async fn shake_hands(sandbox: &Sandbox) {
    let config = &sandbox.0.config;
    if handshake::verify(&sandbox.0.client, config.webhook.url(), &config.verify_token).await {
        info!("the webhook answered the handshake");
    } else {
        warn!("the webhook did not answer the handshake: is the verify token the same on both sides?");
    }
}

impl Sandbox {
    /// Lets everything happen that is due by the real instant `real` and the clock's `now`; at most `free` POSTs to be
    /// made. The loop of [`Sandbox::deliver`] calls it, and so do tests, which need not wait.
    pub fn step(&self, real: Instant, now: UnixMs, free: usize) -> Vec<WebhookPost> {
        let mut world = self.world();
        world.let_happen(real, now);
        let mut ready = Vec::new();
        while ready.len() < free {
            let again = world.again.pop_front();
            match again.or_else(|| self.next_batch(&mut world, now)) {
                Some(post) => ready.push(post),
                None => break,
            }
        }
        ready
    }

    fn next_batch(&self, world: &mut World, now: UnixMs) -> Option<WebhookPost> {
        let url = loop {
            let first = world.outbox.front()?;
            match world.subscriptions.get(&first.account) {
                None => break self.0.config.webhook.url().clone(),
                Some(Subscription::Elsewhere(url)) => break url.url().clone(),
                // Nobody listens: Meta drops the update.
                Some(Subscription::Ended) => world.outbox.pop_front(),
            };
        };
        let most = self.0.config.delivery.batch;
        let size = if world.dice.chance(0.7) { most } else { 1 + world.dice.below(most) };
        let account = world.outbox.front()?.account.clone();
        // An app that has sent nothing yet is one all the same where nothing but Gupshup is played.
        if world.gupshup.is_app(&account) || self.0.config.provider == SandboxProvider::Gupshup {
            let update = world.outbox.pop_front()?;
            let Some(body) = gupshup::event::body(&update, world, self.0.config.gupshup.version, now) else {
                return self.next_batch(world, now);
            };
            return Some(WebhookPost { url, body, signature: String::new(), tries: 0, since: now });
        }
        let same_way = world.outbox.iter().take(size).take_while(|u| u.account == account).count();
        let mut updates: Vec<_> = world.outbox.drain(..same_way).collect();
        world.dice.shuffle(&mut updates);
        let body = hook::body(updates, &world.registry, now.0.div_euclid(1000));
        let signature = sign(self.0.config.app_secret.expose_secret(), &body);
        Some(WebhookPost { url, body, signature, tries: 0, since: now })
    }

    /// Makes the POST; anything but 200 is tried again later, until seven days of the clock have passed.
    pub async fn post(&self, mut post: WebhookPost) {
        let mut request = self.0.client.post(post.url.clone());
        for (name, value) in self.own_headers() {
            request = request.header(name, value);
        }
        if !post.signature.is_empty() {
            request = request.header("X-Hub-Signature-256", &post.signature);
        }
        let request = request.header("Content-Type", "application/json").body(post.body.clone());
        let is_taken = request.send().await.is_ok_and(|answer| answer.status() == reqwest::StatusCode::OK);
        let mut world = self.world();
        let stats = &mut world.ledger.stats.webhooks;
        stats.retried += u64::from(post.tries > 0);
        if is_taken {
            stats.sent += 1;
            return;
        }
        stats.failed += 1;
        post.tries += 1;
        if self.0.clock.now().since(post.since) >= GIVEN_UP {
            warn!("seven days have passed: a webhook is lost");
            return;
        }
        let wait = FIRST_RETRY.saturating_mul(1 << (post.tries - 1).min(6)).min(LONGEST_RETRY);
        world.agenda.add(Due::Real(Instant::now() + wait), Event::Retry(post));
    }

    /// What webhooks bring beside a signature, or where nobody signs: 360dialog passes Meta's on with it.
    pub(super) fn own_headers(&self) -> Vec<(&str, &str)> {
        let header = self.0.config.gupshup.header.as_ref();
        header.map(|(name, value)| (name.as_str(), value.expose_secret())).into_iter().collect()
    }

    /// Real time until the next thing is due.
    fn idle_for(&self) -> Duration {
        let world = self.world();
        if !world.again.is_empty() || !world.outbox.is_empty() {
            return PACE;
        }
        let (real, clock) = world.agenda.next();
        let real = real.map(|at| at.saturating_duration_since(Instant::now()));
        let clock = clock.map(|at| self.0.clock.real_span(at.since(self.0.clock.now())));
        let wait = real.into_iter().chain(clock).min().unwrap_or(LONGEST_WAIT);
        wait.clamp(PACE, LONGEST_WAIT)
    }
}

impl World {
    fn let_happen(&mut self, real: Instant, now: UnixMs) {
        while let Some(event) = self.agenda.take_due(real, now) {
            match event {
                Event::Next(place) => self.go_on(place, real, now),
                Event::Post(update) => self.outbox.push_back(update),
                Event::Retry(post) => self.again.push_back(post),
                Event::Reviewed(id) => self.end_review(&id, real),
                Event::Unpaused(id) => self.end_pause(&id, real),
                Event::Check(app) => self.check(&app, real, now),
                Event::Zenvia(later) => {
                    if let Some((due, event)) = self.zenvia.happen(later, now) {
                        self.agenda.add(due, event);
                    }
                }
            }
        }
    }
}
