//! The ad or post that a message came from, as each provider tells it: Meta flat (cloud-api.md 3.5), Zenvia with a `source`
//! (gupshup-zenvia.md 2.5), Gupshup as Meta (1.7).

use serde_json::Value;

use super::loose;
use crate::domain::event::Referral;

/// Longest text of an ad that is kept.
const LONGEST: usize = 1_024;

/// What `told` says; `None`: nothing.
pub(super) fn read(told: &Value) -> Option<Referral> {
    let source = told.get("source").filter(|s| s.is_object()).unwrap_or(&Value::Null);
    let of = |flat: &str, inner: &str| {
        let found = loose::some_text(told, flat).or_else(|| loose::some_text(source, inner));
        found.map(|text| text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>())
    };
    let referral = Referral {
        kind: of("source_type", "type").unwrap_or_default().to_ascii_lowercase(),
        id: of("source_id", "id"),
        headline: of("headline", "headline"),
        body: of("body", "body"),
        url: of("source_url", "url"),
    };
    (!referral.says_nothing()).then_some(referral)
}
