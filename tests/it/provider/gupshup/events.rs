//! Webhook bodies: each recorded one with the events it holds.

use std::sync::LazyLock;

use proptest::prelude::*;
use recado::config::access::EventVersion;
use recado::domain::event::WebhookEvent;
use recado::provider::Provider;
use serde_json::{Value, json};

use super::{account, fixture, key, provider};

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| provider("http://127.0.0.1:9"));

/// `NAME.json` is a body, `NAME.events.json` what it means. A body without events gets them written, to be looked at.
#[test]
fn every_recorded_body_gives_its_events() {
    let dir = std::path::Path::new("tests/fixtures/gupshup/webhooks");
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut bodies: Vec<String> =
        names.filter_map(|n| n.strip_suffix(".json").map(str::to_owned)).filter(|n| !n.contains('.')).collect();
    bodies.sort();
    assert!(bodies.len() >= 13, "{bodies:?}");
    let mut written = Vec::new();
    for body in bodies {
        let read = PROVIDER.read_webhook(fixture(&format!("webhooks/{body}.json")).as_bytes()).unwrap();
        let expected = dir.join(format!("{body}.events.json"));
        if expected.exists() {
            let expected: Value = serde_json::from_str(&std::fs::read_to_string(expected).unwrap()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), expected, "{body}");
        } else {
            std::fs::write(&expected, serde_json::to_string_pretty(&read).unwrap() + "\n").unwrap();
            written.push(expected);
        }
    }
    assert!(written.is_empty(), "look at what was written: {written:?}");
}

#[test]
fn where_both_shapes_are_subscribed_messages_count_in_one_of_them_and_the_rest_in_both() {
    let of = |version, body: &str| {
        let provider = Provider::connect(&account("http://127.0.0.1:9", key(), Some(version))).unwrap();
        let events = provider.read_webhook(fixture(&format!("webhooks/{body}.json")).as_bytes()).unwrap();
        events.iter().filter(|event| !matches!(event, WebhookEvent::Unhandled { .. })).count()
    };
    assert_eq!(of(EventVersion::V3, "v2_statuses"), 0);
    assert_eq!(of(EventVersion::V3, "v2_messages"), 0);
    assert_eq!(of(EventVersion::V3, "v2_billing"), 4);
    assert!(of(EventVersion::V3, "v3_statuses") > 0);
    assert_eq!(of(EventVersion::V2, "v3_statuses"), 0);
    assert!(of(EventVersion::V2, "v2_statuses") > 0);
    assert!(of(EventVersion::V2, "v3_other_fields") > 0);
}

/// Any JSON with Gupshup's words in it.
fn any_json() -> impl Strategy<Value = Value> {
    let words = ["failed", "enqueued", "message", "message-event", "text", "1795000000", "wamid.A", "tier-event"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let keys = [
            "type",
            "payload",
            "id",
            "gsId",
            "destination",
            "code",
            "ts",
            "app",
            "entry",
            "changes",
            "value",
            "statuses",
            "messages",
            "sender",
            "phone",
            "references",
            "deductions",
            "category",
        ];
        let object = prop::collection::hash_map(prop::sample::select(keys.to_vec()), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|o| o
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_comes_in_makes_it_panic_or_is_passed_over(payload in any_json(), kind in "[a-z-]{0,12}") {
        let body = json!({"app": "SaludCenter", "type": kind, "payload": payload}).to_string();
        prop_assert_eq!(PROVIDER.read_webhook(body.as_bytes()).unwrap().len(), 1);
        let body = payload.to_string();
        prop_assert!(PROVIDER.read_webhook(body.as_bytes()).is_ok());
    }
}
