//! Posts the events, one a POST, and tries again by Zenvia's rules (gupshup-zenvia.md 2.4).

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Later;
use super::subscription::{Outcome, Standing};
use crate::sandbox::Sandbox;
use crate::sandbox::agenda::Due;
use crate::sandbox::world::{Event, World};

/// Real time the receiver has to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Real time after which a first answer counts as slow.
const SLOW: Duration = Duration::from_secs(1);
/// POSTs at a time.
const CONNECTIONS: usize = 64;
/// Real time between two looks at what is to be posted.
const PACE: Duration = Duration::from_millis(10);

/// An event on its way to a subscription.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::sandbox) struct Post {
    /// The subscription's id.
    pub to: String,
    /// What it says.
    pub body: Value,
    /// How often it was tried.
    pub tries: u32,
}

/// The loop that posts. What falls due is let happen by the sandbox's own loop.
pub(in crate::sandbox) async fn deliver(sandbox: &Sandbox, stop: &CancellationToken) {
    let mut posts = FuturesUnordered::new();
    while !stop.is_cancelled() {
        while posts.len() < CONNECTIONS {
            let Some(post) = sandbox.world().zenvia.outbox.pop_front() else { break };
            posts.push(sandbox.post_event(post));
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(()) = posts.next(), if !posts.is_empty() => {}
            () = tokio::time::sleep(PACE) => {}
        }
    }
}

impl Sandbox {
    /// Makes the POST and counts what became of it; anything but 2xx is tried again, until its tries are used up or the
    /// subscription is switched off.
    async fn post_event(&self, mut post: Post) {
        let request = {
            let world = self.world();
            let Some(to) = world.zenvia.subscriptions.iter().find(|s| s.id == post.to) else { return };
            if to.standing == Standing::Inactive {
                return;
            }
            let mut request = self.0.client.post(to.url.clone()).timeout(TIMEOUT);
            for (name, value) in &to.headers {
                request = request.header(name, value);
            }
            request.json(&post.body)
        };
        let begun = Instant::now();
        let outcome = match request.send().await {
            Ok(answer) if answer.status().is_success() && post.tries == 0 && begun.elapsed() > SLOW => {
                Outcome::TakenSlowly
            }
            Ok(answer) if answer.status().is_success() => Outcome::Taken,
            Err(broken) if broken.is_timeout() => Outcome::TimedOut,
            _ => Outcome::Refused,
        };
        let now = self.0.clock.now();
        let mut world = self.world();
        let stats = &mut world.ledger.stats.webhooks;
        stats.retried += u64::from(post.tries > 0);
        post.tries += 1;
        let is_taken = matches!(outcome, Outcome::Taken | Outcome::TakenSlowly);
        stats.sent += u64::from(is_taken);
        stats.failed += u64::from(!is_taken);
        if let Some(to) = world.zenvia.subscriptions.iter_mut().find(|s| s.id == post.to) {
            to.count(outcome, now);
        }
        if is_taken {
            if let (Some(id), Some(_)) = (post.body["messageId"].as_str(), post.body["message"]["externalId"].as_str())
            {
                world.zenvia.told.insert(id.to_owned());
            }
            return;
        }
        if post.tries >= self.0.config.zenvia.tries {
            warn!("an event was tried {} times and is lost for good", post.tries);
            return;
        }
        let wait = self.0.config.zenvia.retry();
        world.agenda.add(Due::Real(Instant::now() + wait), Event::Zenvia(Later::Post(post)));
    }
}

impl World {
    /// Lets an event out to every subscription that hears it: at once, a moment later, or twice.
    pub(super) fn emit_event(&mut self, kind: &str, direction: &str, body: &Value, real: Instant) {
        let hearers: Vec<String> =
            self.zenvia.subscriptions.iter().filter(|s| s.hears(kind, direction)).map(|s| s.id.clone()).collect();
        for to in hearers {
            let mut body = body.clone();
            body["subscriptionId"] = to.as_str().into();
            let post = Post { to, body, tries: 0 };
            if self.dice.chance(self.delivery.duplicates) {
                let later = real + self.dice.span(50, 3_000);
                self.agenda.add(Due::Real(later), Event::Zenvia(Later::Post(post.clone())));
            }
            if self.dice.chance(self.delivery.late) {
                let later = real + self.dice.span(200, 3_000);
                self.agenda.add(Due::Real(later), Event::Zenvia(Later::Post(post)));
            } else {
                self.zenvia.outbox.push_back(post);
            }
        }
    }
}
