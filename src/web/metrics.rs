//! Figures for Prometheus: counters kept as things happen, gauges counted when asked for.

use std::sync::atomic::{AtomicI64, AtomicU64};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::domain::message::MessageState;
use crate::engine::tier;
use crate::store::view::pulse::{self, Pulse};

use super::error::WebError;
use super::state::WebState;
use super::tier::Tiers;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

/// What became of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Received {
    account: String,
    result: &'static str,
}

type Count = Gauge<i64, AtomicI64>;

/// Every figure and its registry.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    webhooks: Family<Received, Counter<u64, AtomicU64>>,
    messages: Family<InState, Count>,
    due: Count,
    webhooks_waiting: Count,
    holds: Count,
    conversations_waiting: Count,
    tiers: Tiers,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("recado");
        let webhooks = Family::default();
        let messages = Family::default();
        let (due, webhooks_waiting, holds, conversations_waiting) = Default::default();
        registry.register("webhooks", "Webhooks by account and what became of them", webhooks.clone());
        registry.register("messages", "Messages in the store by state", Family::clone(&messages));
        registry.register("queue_due", "Messages in line whose time has come", Count::clone(&due));
        registry.register("webhooks_waiting", "Webhooks stored and not yet read", Count::clone(&webhooks_waiting));
        registry.register("holds", "Holds in force", Count::clone(&holds));
        registry.register(
            "conversations_waiting",
            "Conversations whose person waits for an answer",
            Count::clone(&conversations_waiting),
        );
        let tiers = Tiers::default();
        tiers.register(&mut registry);
        Self { registry, webhooks, messages, due, webhooks_waiting, holds, conversations_waiting, tiers }
    }
}

impl Metrics {
    /// Lets other parts add figures of their own before the daemon begins to answer.
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// A webhook was stored (`stored`), not authentic (`refused`) or too large (`too_large`).
    pub(super) fn webhook(&self, account: &str, result: &'static str) {
        self.webhooks.get_or_create(&Received { account: account.to_owned(), result }).inc();
    }

    fn set(&self, pulse: &Pulse) {
        for state in MessageState::ALL {
            let n = pulse.messages.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n);
            self.messages.get_or_create(&InState { state: state.as_str() }).set(n);
        }
        self.due.set(pulse.due);
        self.webhooks_waiting.set(pulse.webhooks_waiting);
        self.holds.set(pulse.holds);
        self.conversations_waiting.set(pulse.conversations_waiting);
    }
}

/// The page that Prometheus reads.
pub async fn metrics(State(state): State<WebState>) -> Result<Response, WebError> {
    let pulse = pulse::take(state.store(), state.now()).await?;
    state.metrics.set(&pulse);
    state.metrics.tiers.set(&tier::standings(&state.engine).await?);
    let mut text = String::new();
    encode(&mut text, &state.metrics.registry)
        .map_err(|e| WebError::Unexpected("the metrics cannot be written", Box::new(e)))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}
