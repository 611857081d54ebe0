//! Webhook bodies: each recorded body with the events it holds.

use std::sync::LazyLock;

use proptest::prelude::*;
use recado::domain::event::WebhookEvent;
use recado::provider::{Provider, ProviderError};
use serde_json::{Value, json};

use super::{fixture, fixtures, provider};

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| provider("http://127.0.0.1:9"));

fn events(body: &str) -> Vec<WebhookEvent> {
    PROVIDER.read_webhook(body.as_bytes()).expect("JSON")
}

/// `NAME.json` is a body, `NAME.events.json` what it means. A body without events gets them written, to be looked at.
#[test]
fn every_recorded_body_gives_its_events() {
    let names = std::fs::read_dir(fixtures("webhooks")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut bodies: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).filter(|b| !b.contains('.')).collect();
    bodies.sort();
    assert!(bodies.len() >= 19, "the recorded bodies are missing: {bodies:?}");
    let mut written = Vec::new();
    for body in bodies {
        let read = events(&fixture(&format!("webhooks/{body}.json")));
        let expected = fixtures("webhooks").join(format!("{body}.events.json"));
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
fn what_is_not_json_is_an_error_and_holds_nothing_of_the_body() {
    for body in ["", "hola", "{\"object\":", "<html>"] {
        let error = PROVIDER.read_webhook(body.as_bytes()).unwrap_err();
        assert!(matches!(error, ProviderError::Unreadable { what: "webhook" }), "{error:?}");
    }
}

#[test]
fn bytes_that_are_no_text_cost_only_themselves() {
    let mut body = fixture("webhooks/text_and_taps.json").into_bytes();
    let at = body.windows(8).position(|w| w == b"Confirmo").unwrap();
    body[at] = 0xFF;
    let events = PROVIDER.read_webhook(&body).unwrap();
    assert_eq!(events.len(), 10);
    assert!(serde_json::to_string(&events[0]).unwrap().contains("\u{FFFD}onfirmo"));
}

/// Any JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["1795000000", "AR.1", "wamid.A", "messages", "sent", "failed", "system", "text"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let keys = vec![
            "id",
            "from",
            "type",
            "status",
            "timestamp",
            "errors",
            "code",
            "system",
            "text",
            "body",
            "interactive",
            "reaction",
            "contacts",
            "profile",
            "wa_id",
            "user_id",
            "pricing",
            "context",
            "button",
            "image",
            "order",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(keys), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
        drop(PROVIDER.read_webhook(&body));
    }

    #[test]
    fn a_cut_body_never_panics(at in 0_usize..4096) {
        let body = fixture("webhooks/text_and_taps.json");
        drop(PROVIDER.read_webhook(&body.as_bytes()[..at.min(body.len())]));
    }

    #[test]
    fn arbitrary_json_gives_an_event_for_each_element_and_never_panics(
        statuses in prop::collection::vec(any_json(), 0..4),
        messages in prop::collection::vec(any_json(), 0..4),
        preferences in prop::collection::vec(any_json(), 1..4),
        contacts in any_json(),
    ) {
        let (n, p) = (statuses.len() + messages.len(), preferences.len());
        let body = json!({"object": "whatsapp_business_account", "entry": [{"changes": [
            {"field": "messages", "value": {"contacts": contacts, "statuses": statuses, "messages": messages}},
            {"field": "user_preferences", "value": {"contacts": contacts, "user_preferences": preferences}},
        ]}]});
        // A change with nothing in it is told as well.
        prop_assert_eq!(events(&body.to_string()).len(), n.max(1) + p);
    }
}
