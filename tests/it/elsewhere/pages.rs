//! Outgoing webhooks on the page and in the API, and Chatwoot's way in.

use axum::http::{Method, StatusCode};
use recado::domain::role::Role;
use recado::engine::outgoing::Outgoing;
use recado::store::audit;
use recado::store::outgoing::endpoint::{self, NewEndpoint};
use serde_json::{Value, json};

use super::hook::Hook;
use crate::inbox::office::{ANA, NOW, Office};
use crate::support::stores;
use crate::web::site::Site;

async fn deeds(site: &Site) -> Vec<String> {
    let mut lines = audit::page(&site.store, i64::MAX, "", "", 100).await.unwrap();
    lines.reverse();
    lines.into_iter().map(|line| line.action).filter(|action| action.starts_with("endpoint")).collect()
}

/// The secret that a page shows.
fn secret(body: &str) -> &str {
    let (_, rest) = body.split_once("data-test=\"secret\">").unwrap();
    rest.split('<').next().unwrap()
}

#[tokio::test]
async fn an_administrator_makes_changes_and_removes_an_endpoint_on_the_page() {
    for site in Site::all().await {
        let admin = site.visitor(Role::Admin).await;
        let fields = [("name", "clinic"), ("url", "https://hooks.example.org/a"), ("kind", "reply.received")];
        let made = site.post("/outgoing", &admin, &fields).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        let first = secret(&made.body).to_owned();
        assert!(first.starts_with("whsec_"));
        let list = site.get("/outgoing", Some(&admin)).await;
        assert!(list.body.contains("hooks.example.org") && !list.body.contains(&first), "it is shown once");
        let rotated = site.post("/outgoing/1/secret", &admin, &[]).await;
        assert_ne!(secret(&rotated.body), first);
        let kinds = [("url", "https://hooks.example.org/b"), ("kind", "reply.received"), ("kind", "hold.begun")];
        assert_eq!(site.post("/outgoing/1", &admin, &kinds).await.status, StatusCode::SEE_OTHER);
        let page = site.get("/outgoing/1", Some(&admin)).await;
        assert!(page.body.contains("hooks.example.org/b"));
        assert_eq!(site.post("/outgoing/1/off", &admin, &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(site.post("/outgoing/1/off", &admin, &[]).await.status, StatusCode::CONFLICT);
        assert_eq!(site.post("/outgoing/1/on", &admin, &[]).await.status, StatusCode::SEE_OTHER);
        let range = [("from", "2026-11-24T10:00"), ("to", "2026-11-24T09:00")];
        assert_eq!(site.post("/outgoing/1/again", &admin, &range).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(site.post("/outgoing/1/remove", &admin, &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(site.get("/outgoing/1", Some(&admin)).await.status, StatusCode::NOT_FOUND);
        let expected = ["add", "secret", "change", "off", "on", "remove"].map(|deed| format!("endpoint.{deed}"));
        assert_eq!(deeds(&site).await, expected);
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_endpoint_is_said_in_words() {
    let site = Site::new().await;
    let token = site.token(Role::Admin).await;
    for (body, word) in [
        (json!({"name": "a", "url": "http://hooks.example.org", "events": ["reply.received"]}), "endpoint_url"),
        (json!({"name": "a", "url": "https://hooks.example.org", "events": []}), "endpoint_kinds"),
        (json!({"name": "a", "url": "https://hooks.example.org", "events": ["reply.sent"]}), "endpoint_kind"),
        (json!({"name": " ", "url": "https://hooks.example.org", "events": ["reply.received"]}), "endpoint_name"),
    ] {
        let answer = site.call(Method::POST, "/api/v1/endpoints", &token, &body.to_string(), None).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{word}");
        assert!(answer.body.contains(word), "{}", answer.body);
    }
}

#[tokio::test]
async fn programs_make_and_change_endpoints_and_see_deliveries() {
    let site = Site::new().await;
    let token = site.token(Role::Admin).await;
    let body = json!({"name": "crm", "url": "https://hooks.example.org", "events": ["hold.begun"]}).to_string();
    let made = site.call(Method::POST, "/api/v1/endpoints", &token, &body, None).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert!(made.json()["secret"].as_str().unwrap().starts_with("whsec_"));
    let again = site.call(Method::POST, "/api/v1/endpoints", &token, &body, None).await;
    assert!(again.body.contains("endpoint_taken"));
    let change = json!({"active": false, "events": ["hold.ended"]}).to_string();
    let changed = site.call(Method::POST, "/api/v1/endpoints/1", &token, &change, None).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    let one = site.call(Method::GET, "/api/v1/endpoints/1", &token, "", None).await.json();
    assert_eq!(
        (&one["active"], &one["events"], &one["url"]),
        (&json!(false), &json!(["hold.ended"]), &json!("https://hooks.example.org"))
    );
    assert_eq!(one.get("secret"), None::<&Value>);
    let list = site.call(Method::GET, "/api/v1/endpoints/1/deliveries?state=given_up", &token, "", None).await;
    assert_eq!(list.json(), json!({"items": [], "next": null}));
    let range = json!({"from": 0, "to": 5}).to_string();
    let told = site.call(Method::POST, "/api/v1/endpoints/1/again", &token, &range, None).await;
    assert_eq!(told.json(), json!({"deliveries": 0}));
    assert_eq!(site.call(Method::DELETE, "/api/v1/endpoints/1", &token, "", None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(site.call(Method::GET, "/api/v1/endpoints/1", &token, "", None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_delivery_and_a_range_of_time_are_told_again_from_the_page() {
    for store in stores().await {
        let office = Office::new(&store);
        let site = Site::over(&office.engine);
        let admin = site.visitor(Role::Admin).await;
        let (hook, url) = Hook::listen().await;
        let kinds = std::iter::once("reply.received".to_owned()).collect();
        let new = NewEndpoint { name: "clinic", url: &url, kinds: &kinds, by: "ana", at: NOW };
        endpoint::add(&store, &new, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").await.unwrap().unwrap();
        let tell = async || {
            let mut outgoing = Outgoing::new(office.engine.clone());
            while outgoing.step().await.unwrap() > 0 || outgoing.landing().await {}
        };
        office.writes(ANA, "Hola").await;
        tell().await;
        let id = hook.header(0, "webhook-id");
        let page = site.get("/outgoing/1", Some(&admin)).await.body;
        assert!(page.contains("data-test=\"again\"") && page.contains("reply.received"), "{page}");
        let again = site.post("/outgoing/1/deliveries/1/again", &admin, &[]).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{} {}", store.name(), again.body);
        tell().await;
        let day = [("from", "2026-11-24T00:00"), ("to", "2026-11-25T00:00")];
        assert_eq!(site.post("/outgoing/1/again", &admin, &day).await.status, StatusCode::SEE_OTHER);
        tell().await;
        assert_eq!(hook.kinds(), ["reply.received"; 3], "{}", store.name());
        assert_eq!((hook.header(1, "webhook-id"), hook.header(2, "webhook-id")), (id.clone(), id));
        assert_eq!(deeds(&site).await, ["endpoint.again", "endpoint.again"], "{}", store.name());
    }
}
