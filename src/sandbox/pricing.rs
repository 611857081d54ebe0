//! What the provider says a message costs.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::domain::time::UnixMs;

/// Service messages a number delivers free of charge in a calendar month, since October 2026.
const FREE_SERVICE_A_MONTH: u32 = 1000;

/// Service messages delivered free, by number and month (UTC).
#[derive(Default)]
pub(super) struct FreeService(HashMap<(String, String), u32>);

impl FreeService {
    /// Counts a service message `sender` delivered at `now`; whether it was free.
    fn take(&mut self, sender: &str, now: UnixMs) -> bool {
        let day = now.day_in(&TimeZone::UTC);
        let month = day.rsplit_once('-').map_or(day.as_str(), |(month, _)| month).to_owned();
        let count = self.0.entry((sender.to_owned(), month)).or_default();
        *count += 1;
        *count <= FREE_SERVICE_A_MONTH
    }

    /// The `pricing` of a delivered message of `category`.
    pub fn price(&mut self, category: &str, sender: &str, now: UnixMs) -> Value {
        let is_free = category == "service" && self.take(sender, now);
        pricing(category, is_free)
    }
}

/// The `pricing` of a message of `category`.
pub(super) fn pricing(category: &str, is_free: bool) -> Value {
    let kind = if is_free { "free_customer_service" } else { "regular" };
    json!({"billable": !is_free, "pricing_model": "PMP", "type": kind, "category": category})
}
