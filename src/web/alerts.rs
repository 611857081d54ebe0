//! What is wrong, as lines of a page and as figures.

use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::domain::alert::AlertKind;
use crate::domain::time::UnixMs;
use crate::engine::alerts::{Detail, Phase};
use crate::store::alert::{self, Alert, WayRow};

use super::error::WebError;
use super::page::Page;
use super::state::WebState;

/// A line of the page.
pub struct AlertLine {
    /// In one sentence.
    pub text: String,
    /// Since when.
    pub since: UnixMs,
    /// Where to look.
    pub path: String,
    /// Ways by which it was told.
    pub told: Vec<String>,
    /// Ways by which it could not be told so far.
    pub untold: Vec<String>,
}

/// What has lasted long enough to be told, oldest first.
pub async fn lines(state: &WebState, p: &Page) -> Result<Vec<AlertLine>, WebError> {
    let (open, ways) = alert::shown(state.store()).await?;
    Ok(open.into_iter().filter(|alert| alert.told_at.is_some()).map(|alert| line(&alert, &ways, p)).collect())
}

fn line(alert: &Alert, ways: &[WayRow], p: &Page) -> AlertLine {
    let detail = Detail::read(&alert.detail);
    let of = |is_told: bool| {
        let ways = ways.iter().filter(|way| way.alert_id == alert.id && way.began_told_at.is_some() == is_told);
        ways.map(|way| p.t(&format!("web.alerts.way.{}", way.way))).collect()
    };
    AlertLine {
        text: detail.sentence(p.language, alert.kind, Phase::Began),
        since: alert.began_at,
        told: of(true),
        untold: of(false),
        path: detail.path,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

/// Alerts that have not ended, by what they are about.
#[derive(Clone, Debug, Default)]
pub(super) struct AlertGauge(Family<OfKind, Gauge<i64, AtomicI64>>);

impl AlertGauge {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("alerts", "Alerts that have not ended, by what they are about", self.0.clone());
    }

    pub(super) fn set(&self, open: &[Alert]) {
        for kind in AlertKind::ALL {
            let n = open.iter().filter(|alert| alert.kind == kind && alert.told_at.is_some()).count();
            self.0.get_or_create(&OfKind { kind: kind.as_str() }).set(n as i64);
        }
    }
}
