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
use crate::engine::{nodes, tier, wallet};
use crate::store::view::pulse::{self, Pulse};
use crate::store::{Store, alert};

use super::alerts::AlertGauge;
use super::error::WebError;
use super::nodes::NodeGauges;
use super::state::WebState;
use super::tier::Tiers;
use super::wallet::WalletGauges;

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

/// What became of a try to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignIn {
    way: &'static str,
    result: &'static str,
}

/// A request of the API by its route's template: a path could hold what is nobody's business.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: String,
    route: String,
    status: u16,
}

type Count = Gauge<i64, AtomicI64>;

/// Every figure and its registry.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    webhooks: Family<Received, Counter<u64, AtomicU64>>,
    sign_ins: Family<SignIn, Counter<u64, AtomicU64>>,
    calls: Family<Call, Counter<u64, AtomicU64>>,
    viewers: Count,
    messages: Family<InState, Count>,
    due: Count,
    webhooks_waiting: Count,
    holds: Count,
    conversations_waiting: Count,
    tiers: Tiers,
    wallets: WalletGauges,
    alerts: AlertGauge,
    /// Where several nodes may share the store.
    nodes: Option<NodeGauges>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("recado");
        let (webhooks, sign_ins, calls, messages) = Default::default();
        let (viewers, due, webhooks_waiting, holds, conversations_waiting) = Default::default();
        registry.register("webhooks", "Webhooks by account and what became of them", Family::clone(&webhooks));
        registry.register("sign_ins", "Tries to sign in by way and what became of them", Family::clone(&sign_ins));
        registry.register("api_requests", "Requests of the API by method, route and status", Family::clone(&calls));
        registry.register("live_viewers", "Open streams of changes", Count::clone(&viewers));
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
        let wallets = WalletGauges::default();
        wallets.register(&mut registry);
        let alerts = AlertGauge::default();
        alerts.register(&mut registry);
        Self {
            registry,
            webhooks,
            sign_ins,
            calls,
            viewers,
            messages,
            due,
            webhooks_waiting,
            holds,
            conversations_waiting,
            tiers,
            wallets,
            alerts,
            nodes: None,
        }
    }
}

impl Metrics {
    /// The figures of a daemon on `store`.
    pub fn of(store: &Store) -> Self {
        let mut metrics = Self::default();
        if !store.is_of_one_node() {
            let nodes = NodeGauges::default();
            nodes.register(&mut metrics.registry);
            metrics.nodes = Some(nodes);
        }
        metrics
    }

    /// Lets other parts add figures of their own before the daemon begins to answer.
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// A webhook was stored (`stored`), not authentic (`refused`) or too large (`too_large`).
    pub(super) fn webhook(&self, account: &str, result: &'static str) {
        self.webhooks.get_or_create(&Received { account: account.to_owned(), result }).inc();
    }

    /// Somebody tried to sign in by `password` or `link`: `right`, `wrong`, or `slowed` after too many wrong tries.
    pub(super) fn sign_in(&self, way: &'static str, result: &'static str) {
        self.sign_ins.get_or_create(&SignIn { way, result }).inc();
    }

    /// A request of the API was answered.
    pub(super) fn call(&self, method: &str, route: &str, status: u16) {
        self.calls.get_or_create(&Call { method: method.to_owned(), route: route.to_owned(), status }).inc();
    }

    /// Somebody watches, for as long as the returned value lives.
    pub(super) fn viewer(&self) -> Viewer {
        self.viewers.inc();
        Viewer(Count::clone(&self.viewers))
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

/// Somebody who watches what changes.
pub(super) struct Viewer(Count);

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The page that Prometheus reads.
pub async fn metrics(State(state): State<WebState>) -> Result<Response, WebError> {
    let pulse = pulse::take(state.store(), state.now()).await?;
    state.metrics.set(&pulse);
    state.metrics.tiers.set(&tier::standings(&state.engine).await?);
    state.metrics.wallets.set(&wallet::standings(&state.engine).await?);
    state.metrics.alerts.set(&alert::shown(state.store()).await?.0);
    if let Some(gauges) = &state.metrics.nodes {
        gauges.set(&nodes::known(&state.engine).await?, state.engine.clock.unscaled().now());
    }
    let mut text = String::new();
    encode(&mut text, &state.metrics.registry)
        .map_err(|e| WebError::Unexpected("the metrics cannot be written", Box::new(e)))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}
