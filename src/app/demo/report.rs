//! What a demo ends with.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::DemoError;
use crate::store::summary::Summary;

/// The JSON of `demo --exit-when-done --json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// Runs, all closed.
    pub runs: i64,
    /// Messages of those runs.
    pub messages: i64,
    /// Rows left out.
    pub excluded: i64,
    /// Messages per state.
    pub states: BTreeMap<String, i64>,
    /// Messages the provider accepted twice. Must be 0.
    pub duplicates: i64,
    /// Rows that became nothing. Must be 0.
    pub lost: i64,
    /// Conversations, those that closed by themselves included.
    pub conversations: i64,
    /// Messages per outcome.
    pub outcomes: BTreeMap<String, i64>,
    /// What was charged, per currency, as a decimal.
    pub charged: BTreeMap<String, String>,
    /// Real seconds from the start to the last run's end.
    pub seconds: u64,
}

impl Report {
    pub(super) fn new(summary: &Summary, duplicates: i64, took: Duration) -> Self {
        Self {
            runs: summary.runs,
            messages: summary.messages(),
            excluded: summary.exclusions,
            states: summary.states.clone(),
            duplicates,
            lost: summary.lost(),
            conversations: summary.conversations,
            outcomes: summary.outcomes.clone(),
            charged: summary.charged.iter().map(|(currency, sum)| (currency.clone(), sum.to_string())).collect(),
            seconds: took.as_secs(),
        }
    }

    /// Nothing twice, nothing lost.
    pub fn is_right(&self) -> bool {
        self.duplicates == 0 && self.lost == 0
    }
}

/// What the provider's side counted, which knows nothing of our store.
pub(super) async fn duplicates(stats: &str) -> Result<i64, DemoError> {
    #[derive(Deserialize)]
    struct Stats {
        duplicates: i64,
    }
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let stats: Stats = client.get(stats).send().await?.error_for_status()?.json().await?;
    Ok(stats.duplicates)
}
