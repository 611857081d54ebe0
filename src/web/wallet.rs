//! How the prepaid wallets stand, as gauges for Prometheus.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::engine::wallet::WalletStanding;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    account: String,
    currency: String,
}

type Gauges = Family<Of, Gauge<f64, AtomicU64>>;

/// What a wallet held when it was read, and what is missing for everything in line.
#[derive(Clone, Debug, Default)]
pub(super) struct WalletGauges {
    balance: Gauges,
    recharge: Gauges,
}

impl WalletGauges {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("wallet_balance", "What a wallet held when it was last read", self.balance.clone());
        registry.register("wallet_recharge", "What is missing for everything in line to go out", self.recharge.clone());
    }

    pub(super) fn set(&self, standings: &[WalletStanding]) {
        for gauges in [&self.balance, &self.recharge] {
            gauges.clear();
        }
        for standing in standings {
            let of = Of { account: standing.account.clone(), currency: standing.currency.clone() };
            let number = |amount: &str| amount.parse().unwrap_or_default();
            self.balance.get_or_create(&of).set(number(&standing.balance));
            self.recharge.get_or_create(&of).set(standing.recharge.as_deref().map_or(0.0, number));
        }
    }
}
