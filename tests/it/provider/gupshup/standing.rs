//! Wallet, health, ratings.

use recado::config::access::GupshupCredentials;
use recado::domain::money::{Currency, Micros};
use recado::provider::{Provider, Wallet};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{APP_ID, account, provider};

async fn says(server: &MockServer, at: &str, body: &Value, times: u64) {
    let response = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("GET")).and(path(at)).respond_with(response).expect(times).mount(server).await;
}

fn partner(server: &MockServer) -> Provider {
    Provider::connect(&account(&server.uri(), GupshupCredentials::AppToken("sk_1".into()), None)).unwrap()
}

#[tokio::test]
async fn a_wallet_is_read_to_the_millionth_on_both_surfaces() {
    let usd = Currency::parse("USD").unwrap();
    let server = MockServer::start().await;
    says(&server, "/sm/api/v2/wallet/balance", &json!({"status": "success", "balance": 4.91}), 1).await;
    let read = provider(&server.uri()).wallet().await.unwrap().unwrap();
    assert_eq!(read, Wallet { currency: usd, balance: Micros(4_910_000), overdraft: Micros(0) });
    let told = json!({"status": "success", "walletResponse":
        {"currency": "USD", "currentBalance": "-1.000001", "overDraftLimit": -20}});
    says(&server, &format!("/partner/app/{APP_ID}/wallet/balance"), &told, 1).await;
    let read = partner(&server).wallet().await.unwrap().unwrap();
    assert_eq!(read, Wallet { currency: usd, balance: Micros(-1_000_001), overdraft: Micros(20_000_000) });
    assert!(provider("http://127.0.0.1:9").wallet().await.unwrap().is_err());
}

#[tokio::test]
async fn tier_and_quality_are_asked_once_a_day_and_events_tell_what_changed_since() {
    let server = MockServer::start().await;
    says(&server, &format!("/partner/app/{APP_ID}/health"), &json!({"status": "success", "healthy": "true"}), 3).await;
    let ratings = json!({"status": "success", "oldLimit": "TIER_1K", "currentLimit": "TIER_10K", "event": "UPGRADE",
        "eventTime": 1, "phoneQuality": "GREEN"});
    says(&server, &format!("/partner/app/{APP_ID}/ratings"), &ratings, 1).await;
    let provider = partner(&server);
    let status = provider.sender_status("").await.unwrap();
    assert_eq!((status.tier.as_deref(), &*status.quality, &*status.status), (Some("10K"), "GREEN", "CONNECTED"));
    assert_eq!(status.throughput, Some(10));
    let event = |what: &str, tier: &str| {
        json!({"app": "SaludCenter", "type": "account-event", "timestamp": 1, "payload":
            {"type": "tier-event", "payload": {"event": what, "oldLimit": "TIER_10K", "currentLimit": tier}}})
    };
    provider.read_webhook(event("FLAGGED", "TIER_10K").to_string().as_bytes()).unwrap();
    assert_eq!(provider.sender_status("").await.unwrap().status, "FLAGGED");
    provider.read_webhook(event("UNFLAGGED", "TIER_1K").to_string().as_bytes()).unwrap();
    let status = provider.sender_status("").await.unwrap();
    assert_eq!((status.tier.as_deref(), &*status.status), (Some("1K"), "CONNECTED"));
}

#[tokio::test]
async fn a_message_is_marked_as_read_where_that_is_documented_or_said() {
    let server = MockServer::start().await;
    let marked = |at: String| {
        let answer = ResponseTemplate::new(200).set_body_json(json!({"status": "success"}));
        Mock::given(method("PUT")).and(path(at)).respond_with(answer).expect(1).mount(&server)
    };
    marked(format!("/wa/app/{APP_ID}/msg/wamid.A%2FB=/read")).await;
    provider(&server.uri()).mark_read("", "wamid.A/B=", false).await.expect("it is documented").unwrap();
    assert!(partner(&server).mark_read("", "wamid.A", false).await.is_none(), "nothing says where");
    marked(format!("/partner/app/{APP_ID}/msg/wamid.A/read")).await;
    let mut configured = account(&server.uri(), GupshupCredentials::AppToken("sk_1".into()), None);
    let recado::config::Access::Gupshup(access) = &mut configured.access else { panic!("another provider") };
    access.wire.read_path = Some("/partner/app/{app_id}/msg/{id}/read".to_owned());
    Provider::connect(&configured).unwrap().mark_read("", "wamid.A", false).await.expect("it is said").unwrap();
}

#[tokio::test]
async fn partners_have_templates_taken_over_and_an_hour_that_is_not_over_is_no_failure() {
    let over = "{\"status\":\"error\",\"message\":\"Too Many Requests\"}";
    for (status, body) in [(202, ""), (200, "{\"status\":\"success\"}"), (429, over)] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        let at = format!("/partner/app/{APP_ID}/template/sync");
        Mock::given(method("GET")).and(path(at)).respond_with(answer).expect(1).mount(&server).await;
        partner(&server).refresh_templates().await.unwrap_or_else(|e| panic!("{status}: {e}"));
        provider(&server.uri()).refresh_templates().await.expect("the self-serve surface is not asked");
    }
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(401).set_body_json(json!({"status": "error", "message": "no"}));
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    assert!(partner(&server).refresh_templates().await.is_err());
}

#[tokio::test]
async fn an_app_without_news_or_that_is_not_live_tells_nothing_of_its_number() {
    let server = MockServer::start().await;
    says(&server, &format!("/partner/app/{APP_ID}/health"), &json!({"status": "success", "healthy": "false"}), 1).await;
    let none = json!({"message": "no event update available", "status": "success"});
    says(&server, &format!("/partner/app/{APP_ID}/ratings"), &none, 1).await;
    let status = partner(&server).sender_status("").await.unwrap();
    assert_eq!((&*status.status, &*status.quality, status.tier), ("", "", None));
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(400).set_body_json(json!({"status": "error", "message": "App is not live."}));
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    assert!(partner(&server).sender_status("").await.is_err());
}
