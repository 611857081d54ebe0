//! `[limits]`: when a run stops by itself, and by what its canary is judged. The same keys in `recado.toml`, for every
//! campaign, and in a campaign file, for its own runs.

use super::checks;
use super::toml_file::{Table, Value};
use crate::domain::breaker::{self, Limit};
use crate::domain::canary;

/// Longer would be no canary any more.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// The breakers' keys.
pub fn breakers(table: &mut Table<'_, '_>) -> breaker::Wanted {
    let window = table.get("pause_window").and_then(|v| count(&v));
    breaker::Wanted {
        window,
        at_least: table.get("pause_at_least").and_then(|v| within(&v, window)),
        first: table.get("pause_when_first_fail").and_then(|v| within(&v, window)),
        failing: table.get("pause_when_failing").and_then(|v| limit(&v)),
        in_review: table.get("pause_when_in_review").and_then(|v| limit(&v)),
    }
}

/// The canary's keys.
pub fn canary(table: &mut Table<'_, '_>) -> canary::Wanted {
    canary::Wanted {
        wait: table.get("canary_wait").and_then(|v| {
            let wait = v.parsed(checks::length)?;
            if wait.is_zero() || wait > LONGEST_WAIT {
                v.refuse("must be a length of time up to \"168h\"");
            }
            Some(wait)
        }),
        delivered: table.get("canary_delivered").and_then(|v| v.parsed(share)),
        failed: table.get("canary_failed").and_then(|v| v.parsed(share)),
        opted_out: table.get("canary_opted_out").and_then(|v| v.parsed(share)),
    }
}

fn limit(value: &Value<'_, '_>) -> Option<Limit> {
    value.parsed(|text| Limit::parse(text).ok_or("must be a share, as \"25%\", or \"never\""))
}

fn share(text: &str) -> Result<u8, &'static str> {
    breaker::percent(text).ok_or("must be a share from \"1%\" to \"100%\"")
}

/// A number of messages that is reached within `window`: with more, the run would never be paused.
fn within(value: &Value<'_, '_>, window: Option<u32>) -> Option<u32> {
    let (n, window) = (count(value)?, window.unwrap_or(breaker::WINDOW));
    if n > window {
        value.refuse(&format!("is more than the {window} messages of \"pause_window\": it would never be reached"));
    }
    Some(n)
}

fn count(value: &Value<'_, '_>) -> Option<u32> {
    let n = value.integer()?;
    let fits = u32::try_from(n).ok().filter(|n| (1..=1_000).contains(n));
    if fits.is_none() {
        value.refuse("must be a number of messages, 1 to 1000");
    }
    fits
}
