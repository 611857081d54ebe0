//! Credentials that expire and are fetched anew.

use std::time::Duration;

use recado::config::Access;
use recado::config::access::GupshupCredentials;
use recado::domain::answer::{Answer, StopScope};
use recado::provider::{Body, Provider, SendRequest};
use serde_json::{Value, json};
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{APP_ID, NUMBER, account, key};
use crate::provider::{callback, person};

fn partner(server: &MockServer, id: Option<&str>, life: Duration) -> Provider {
    let url = server.uri().parse().unwrap();
    let (email, client_secret) = ("ops@example.org".to_owned(), "s3cret".into());
    let credentials = GupshupCredentials::Partner { id: id.map(str::to_owned), email, client_secret, url };
    let mut account = account(&server.uri(), credentials, None);
    let Access::Gupshup(access) = &mut account.access else { panic!("another provider") };
    access.wire.token_life = life;
    Provider::connect(&account).unwrap()
}

async fn answers(server: &MockServer, verb: &str, at: &str, (name, value): (&str, &str), body: Value, times: u64) {
    let mock = Mock::given(method(verb)).and(path(at));
    let mock = if name.is_empty() { mock } else { mock.and(header(name, value)) };
    mock.respond_with(ResponseTemplate::new(200).set_body_json(body)).expect(times).mount(server).await;
}

async fn send(provider: &Provider) -> Answer {
    let to = person();
    let body = Body::Text { body: "Hola", quoted: None };
    provider.send(&SendRequest { sender_ref: NUMBER, to: &to, callback: callback(), body }).await
}

fn submitted() -> Value {
    json!({"status": "submitted", "messageId": "g1"})
}

#[tokio::test]
async fn the_older_login_leads_to_a_token_of_the_app_which_is_kept() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/partner/account/login"))
        .and(body_string("email=ops%40example.org&password=s3cret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"token": "jwt"})))
        .expect(1)
        .mount(&server)
        .await;
    let app_token = json!({"status": "success", "token": {"token": "sk_1", "active": true}});
    answers(&server, "GET", &format!("/partner/app/{APP_ID}/token"), ("token", "jwt"), app_token, 1).await;
    let to = format!("/partner/app/{APP_ID}/msg");
    answers(&server, "POST", &to, ("authorization", "sk_1"), submitted(), 2).await;
    let provider = partner(&server, None, Duration::from_hours(22));
    for _ in 0..2 {
        assert!(matches!(send(&provider).await, Answer::Accepted(_)));
    }
}

#[tokio::test]
async fn a_universal_token_leads_to_one_of_the_app_and_both_are_fetched_anew_when_they_are_old() {
    let server = MockServer::start().await;
    let token = |t: &str| json!({"token": t});
    answers(&server, "POST", "/partner/p1/auth/token", ("", ""), token("ut"), 2).await;
    let at = format!("/partner/app/{APP_ID}/token");
    answers(&server, "POST", &at, ("authorization", "Bearer ut"), token("uat"), 2).await;
    let to = format!("/partner/app/{APP_ID}/msg");
    answers(&server, "POST", &to, ("authorization", "Bearer uat"), submitted(), 2).await;
    let provider = partner(&server, Some("p1"), Duration::ZERO);
    for _ in 0..2 {
        assert!(matches!(send(&provider).await, Answer::Accepted(_)));
    }
}

#[tokio::test]
async fn credentials_that_are_refused_stop_the_account_and_nothing_is_sent() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(401)).expect(1).mount(&server).await;
    let provider = partner(&server, None, Duration::from_hours(22));
    let answer = send(&provider).await;
    assert!(matches!(answer, Answer::Stopped { scope: StopScope::Account, .. }), "{answer:?}");
}

#[tokio::test]
async fn where_no_token_is_to_be_had_nothing_was_sent() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(503)).expect(1).mount(&server).await;
    let answer = send(&partner(&server, None, Duration::from_hours(22))).await;
    assert!(matches!(answer, Answer::NotSent { .. }), "{answer:?}");
}

#[test]
fn no_credential_is_shown_when_printed_and_one_that_no_header_carries_is_refused() {
    let connect = |credentials| Provider::connect(&account("http://127.0.0.1:9", credentials, None));
    let printed = format!("{:?}", connect(key()).unwrap());
    assert!(!printed.contains("invented-key"), "{printed}");
    let error = connect(GupshupCredentials::AppToken("s3cret\n".into())).unwrap_err();
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}
