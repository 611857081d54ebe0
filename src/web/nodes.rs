//! The nodes that share the store, as gauges for Prometheus.

use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::domain::node::Node;
use crate::domain::time::UnixMs;

type Count = Gauge<i64, AtomicI64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    node: String,
}

/// How many nodes are known, since when each is silent, and for how many senders it sends.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeGauges {
    known: Count,
    silent: Family<Of, Count>,
    senders: Family<Of, Count>,
}

impl NodeGauges {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("nodes", "Nodes that share the store, silent ones among them", Count::clone(&self.known));
        registry.register("node_heard_seconds", "Seconds since a node was last heard of", self.silent.clone());
        registry.register("node_senders", "Senders that a node sends for", self.senders.clone());
    }

    /// As they stand at `now`.
    pub(super) fn set(&self, nodes: &[Node], now: UnixMs) {
        self.known.set(nodes.len() as i64);
        self.silent.clear();
        self.senders.clear();
        for node in nodes {
            let of = Of { node: node.label.clone() };
            self.silent.get_or_create(&of).set(now.since(node.seen_at).as_secs() as i64);
            self.senders.get_or_create(&of).set(node.leads().len() as i64);
        }
    }
}
