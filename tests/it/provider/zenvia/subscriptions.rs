//! The subscriptions that bring the webhooks.

use recado::provider::{Subscription, SubscriptionState};
use serde_json::{Value, json};
use url::Url;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{TOKEN, zenvia};

const WEBHOOK: &str = "https://recado.example.org/webhooks/zenvia/0123456789abcdef01234567";

fn webhook() -> Url {
    WEBHOOK.parse().expect("an address")
}

fn item(id: &str, event: &str, status: &str, url: &str) -> Value {
    json!({"id": id, "eventType": event, "webhook": {"url": url, "headers": {}}, "criteria": {"channel": "whatsapp"},
        "status": status, "version": "v2"})
}

fn found(id: &str, event: &str, state: SubscriptionState) -> Subscription {
    Subscription { id: id.to_owned(), event: event.to_owned(), state }
}

async fn with(items: Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/subscriptions"))
        .and(header("X-API-TOKEN", TOKEN))
        .respond_with(ResponseTemplate::new(200).set_body_json(items))
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn ours_are_told_with_their_health_and_what_is_missing() {
    use SubscriptionState::{Active, Degraded, Inactive, Missing};
    let mut sms = item("sms", "MESSAGE", "ACTIVE", WEBHOOK);
    sms["criteria"]["channel"] = json!("sms");
    for (items, expected) in [
        (json!([]), vec![found("", "MESSAGE_STATUS", Missing), found("", "MESSAGE", Missing)]),
        (
            json!([item("a", "MESSAGE_STATUS", "DEGRADED", WEBHOOK), item("b", "MESSAGE", "active", WEBHOOK)]),
            vec![found("a", "MESSAGE_STATUS", Degraded), found("b", "MESSAGE", Active)],
        ),
        (
            json!([
                item("a", "MESSAGE_STATUS", "INACTIVE", WEBHOOK),
                item("x", "MESSAGE", "ACTIVE", "https://others.example/"),
                sms,
                item("c", "CONTACT", "ACTIVE", WEBHOOK)
            ]),
            vec![found("", "MESSAGE", Missing), found("a", "MESSAGE_STATUS", Inactive)],
        ),
    ] {
        let server = with(items).await;
        let told = zenvia(&server.uri(), "").subscriptions(&webhook()).await.expect("a list");
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn one_is_made_with_the_header_that_proves_it() {
    let server = MockServer::start().await;
    let wish = |event: &str, criteria: Value| {
        json!({"eventType": event, "webhook": {"url": WEBHOOK, "headers": {"x-recado-webhook": "header-secret"}},
            "criteria": criteria, "status": "ACTIVE", "version": "v2"})
    };
    for (event, criteria) in [
        ("MESSAGE_STATUS", json!({"channel": "whatsapp"})),
        ("MESSAGE", json!({"channel": "whatsapp", "direction": "IN"})),
        ("MESSAGE", json!({"channel": "whatsapp", "direction": "ALL"})),
    ] {
        Mock::given(method("POST"))
            .and(path("/subscriptions"))
            .and(body_json(wish(event, criteria)))
            .respond_with(ResponseTemplate::new(200).set_body_string("{}"))
            .expect(1)
            .mount(&server)
            .await;
    }
    let zenvia = zenvia(&server.uri(), "");
    let header = Some(("x-recado-webhook", "header-secret"));
    zenvia.subscribe("MESSAGE_STATUS", &webhook(), header, true).await.expect("made");
    zenvia.subscribe("MESSAGE", &webhook(), header, false).await.expect("made");
    zenvia.subscribe("MESSAGE", &webhook(), header, true).await.expect("made");
}

#[tokio::test]
async fn one_that_stopped_is_brought_back_in_the_way_that_is_set() {
    let stopped = found("a b", "MESSAGE", SubscriptionState::Inactive);
    let server = MockServer::start().await;
    for (verb, status, n) in [("PATCH", 200, 1), ("DELETE", 204, 1)] {
        Mock::given(method(verb))
            .and(path("/subscriptions/a%20b"))
            .respond_with(ResponseTemplate::new(status))
            .expect(n)
            .mount(&server)
            .await;
    }
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    zenvia(&server.uri(), "").reactivate(&stopped, &webhook(), None, false).await.expect("patched");
    let replacing = zenvia(&server.uri(), "reactivate = \"replace\"");
    replacing.reactivate(&stopped, &webhook(), None, false).await.expect("replaced");
    let requests = server.received_requests().await.expect("recording is on");
    assert_eq!(requests[0].body_json::<Value>().expect("JSON"), json!({"status": "ACTIVE"}));
}
