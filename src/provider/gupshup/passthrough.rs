//! Templates in Meta's own form (gupshup-zenvia.md 1.4): Gupshup hands them on without comparing them with its list and
//! without asking for an opt-in. Whatever is wrong comes later as an event, as with its own form.

use serde_json::Value;

use crate::provider::SendRequest;
use crate::provider::cloud_api::payload;

/// Where it is, below `base_url`; partners alone have it.
pub(super) const PATH: &str = "/partner/app/{app_id}/v3/message";

/// The body. Gupshup says nothing of a reference that comes back, and need not take what it does not know.
pub(super) fn of(request: &SendRequest<'_>) -> Value {
    let mut body = payload::of(request);
    if let Some(object) = body.as_object_mut() {
        object.remove("biz_opaque_callback_data");
    }
    // Gupshup's numbers are digits.
    if let Some(digits) = body["to"].as_str().map(|to| to.trim_start_matches('+').to_owned()) {
        body["to"] = Value::from(digits);
    }
    body
}
