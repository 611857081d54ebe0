//! How the messaging limits stand, as gauges for Prometheus.

use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::engine::tier::Standing;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    portfolio: String,
}

type Gauges = Family<Of, Gauge<i64, AtomicI64>>;

/// People a portfolio may reach, has reached, and may reach now; nothing for portfolios without a limit.
#[derive(Clone, Debug, Default)]
pub(super) struct Tiers {
    limit: Gauges,
    taken: Gauges,
    free: Gauges,
}

impl Tiers {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("tier_people", "People a portfolio may reach in 24 hours", self.limit.clone());
        registry.register("tier_taken", "People who hold a place in the messaging limit", self.taken.clone());
        registry.register("tier_free", "New people who may be reached now", self.free.clone());
    }

    pub(super) fn set(&self, standings: &[Standing]) {
        for gauges in [&self.limit, &self.taken, &self.free] {
            gauges.clear();
        }
        for standing in standings {
            let Some(limit) = standing.limit else { continue };
            let of = Of { portfolio: standing.portfolio.clone() };
            self.limit.get_or_create(&of).set(limit);
            self.taken.get_or_create(&of).set(standing.taken);
            self.free.get_or_create(&of).set(standing.free);
        }
    }
}
