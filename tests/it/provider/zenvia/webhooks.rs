//! Webhook bodies: each recorded body with the events it holds.

use proptest::prelude::*;
use recado::domain::event::WebhookEvent;
use recado::provider::{Provider, ProviderError};
use serde_json::Value;

use super::{fixture, fixtures, provider};

fn read(provider: &Provider, body: &[u8]) -> Vec<WebhookEvent> {
    provider.read_webhook(body).expect("JSON")
}

/// `NAME.json` is a body, `NAME.events.json` what it means. A body without events gets them written, to be looked at.
#[test]
fn every_recorded_body_gives_its_events() {
    let provider = provider("http://127.0.0.1:9");
    let names = std::fs::read_dir(fixtures("webhooks")).expect("a folder");
    let names = names.map(|entry| entry.expect("a file").file_name().into_string().expect("a name"));
    let mut bodies: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).filter(|b| !b.contains('.')).collect();
    bodies.sort();
    assert!(bodies.len() >= 14, "the recorded bodies are missing: {bodies:?}");
    let mut written = Vec::new();
    for body in bodies {
        let whole: Value = fixture(&format!("webhooks/{body}.json"));
        let events = serde_json::to_value(read(&provider, whole.to_string().as_bytes())).expect("JSON");
        let expected = fixtures("webhooks").join(format!("{body}.events.json"));
        if expected.exists() {
            assert_eq!(events, fixture::<Value>(&format!("webhooks/{body}.events.json")), "{body}");
        } else {
            std::fs::write(&expected, serde_json::to_string_pretty(&events).expect("JSON") + "\n").expect("written");
            written.push(expected);
        }
    }
    assert!(written.is_empty(), "look at what was written: {written:?}");
}

#[test]
fn what_is_not_json_is_an_error_and_holds_nothing_of_the_body() {
    let provider = provider("http://127.0.0.1:9");
    for body in ["", "oi", "{\"type\":", "<html>"] {
        let error = provider.read_webhook(body.as_bytes()).unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable { what: "webhook" }), "{error:?}");
    }
}

#[test]
fn nothing_signs_a_webhook_of_zenvias() {
    let provider = provider("http://127.0.0.1:9");
    assert!(!provider.is_authentic(Some("sha256=00"), b"{}"));
    assert_eq!(provider.handshake("subscribe", "", "1"), None);
}

/// Any JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof!["MESSAGE", "MESSAGE_STATUS", "IN", "OUT", "whatsapp", "text", "file"].prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let key = prop_oneof![
            "type",
            "channel",
            "message",
            "messageStatus",
            "code",
            "causes",
            "channelErrorCode",
            "contents",
            "id",
            "from",
            "to",
            "externalId",
            "timestamp",
            "visitor",
            "direction"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..8).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_breaks_the_reading(body in any_json()) {
        let provider = provider("http://127.0.0.1:9");
        let events = read(&provider, body.to_string().as_bytes());
        let count = body.as_array().map_or(1, Vec::len);
        prop_assert!(events.len() >= count, "nothing is dropped without a word");
    }
}
