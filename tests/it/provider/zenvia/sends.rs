//! The exact bodies of sends, and how requests prove themselves.

use recado::domain::answer::Answer;
use recado::domain::failure::Failure;
use recado::domain::fill::Fill;
use recado::domain::template::Template;
use recado::provider::{Body, Provider, SendRequest};
use serde::Deserialize;
use serde_json::Value;
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{SENDER, TOKEN, account, callback, fixture, hello, person, provider};

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    told: String,
    template: Option<Template>,
    #[serde(default)]
    fill: Fill,
    text: Option<String>,
    quoted: Option<String>,
    expect: Option<Value>,
    missing: Option<String>,
}

async fn server() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v2/channels/whatsapp/messages"))
        .and(header("X-API-TOKEN", TOKEN))
        .and(header("Content-Type", "application/json"))
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"id":"3f1c"}"#))
        .mount(&server)
        .await;
    server
}

async fn only_request(server: &MockServer) -> Request {
    let mut requests = server.received_requests().await.expect("recording is on");
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[tokio::test]
async fn every_send_has_the_body_that_the_table_says() {
    let cases: Vec<Case> = fixture("sends.json");
    assert!(cases.len() >= 15);
    for case in cases {
        let server = server().await;
        let to = person();
        let body = match (&case.template, &case.text) {
            (Some(template), _) => Body::Template { template, fill: &case.fill },
            (None, text) => Body::Text { body: text.as_deref().expect("a text"), quoted: case.quoted.as_deref() },
        };
        let request = SendRequest { sender_ref: SENDER, to: &to, callback: callback(), body };
        let answer = provider(&format!("{}/v2/", server.uri())).send(&request).await;
        if let Some(missing) = case.missing {
            let detail = format!("the template's field \"{missing}\" has no value");
            assert_eq!(answer, Answer::Refused(Failure { code: 400, detail }), "{}", case.told);
            assert!(server.received_requests().await.expect("recording is on").is_empty(), "{}", case.told);
            continue;
        }
        assert!(matches!(answer, Answer::Accepted(_)), "{}: {answer:?}", case.told);
        let sent: Value = only_request(&server).await.body_json().expect("JSON");
        assert_eq!(Some(sent), case.expect, "{}", case.told);
    }
}

#[tokio::test]
async fn requests_are_signed_only_where_the_token_asks_for_it() {
    let plain = server().await;
    provider(&format!("{}/v2", plain.uri())).send(&hello(&person())).await;
    assert!(!only_request(&plain).await.headers.contains_key("x-api-signature"));
    let signed = MockServer::start().await;
    Mock::given(header_exists("X-API-Signature"))
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"id":"3f1c"}"#))
        .expect(1)
        .mount(&signed)
        .await;
    let with_secret = account(&format!("{}/v2", signed.uri()), "signing_secret = \"s3cret\"");
    Provider::connect(&with_secret).expect("an account").send(&hello(&person())).await;
    let request = only_request(&signed).await;
    let signature = request.headers["x-api-signature"].to_str().expect("text");
    assert_eq!(signature.len(), 44, "SHA-256 in base64: {signature}");
    let date = request.headers["date"].to_str().expect("text");
    assert!(date.ends_with(" GMT"), "{date}");
}
