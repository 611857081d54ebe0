//! Sends, answers and lists, by table.

use std::collections::BTreeMap;

use recado::domain::answer::Answer;
use recado::domain::fill::Fill;
use recado::domain::template::{Category, Template, TemplateStatus};
use recado::provider::{Body, Provider, SendRequest};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{NUMBER, account, fixture, key, provider, table};
use crate::provider::{callback, person};

const SUBMITTED: &str = r#"{"status":"submitted","messageId":"g1"}"#;

/// The form that reaches Gupshup at `to`; fields that hold JSON are read.
async fn sent(to: &str, body: Body<'_>) -> Value {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(to))
        .and(header("apikey", "invented-key"))
        .and(header("Content-Type", "application/x-www-form-urlencoded"))
        .respond_with(ResponseTemplate::new(202).set_body_string(SUBMITTED))
        .expect(1)
        .mount(&server)
        .await;
    let to = person();
    let request = SendRequest { sender_ref: NUMBER, to: &to, callback: callback(), body };
    let answer = provider(&server.uri()).send(&request).await;
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
    let body = server.received_requests().await.expect("recording is on")[0].body.clone();
    let fields: BTreeMap<String, Value> = url::form_urlencoded::parse(&body)
        .map(|(key, value)| {
            (
                key.into_owned(),
                serde_json::from_str::<Value>(&value)
                    .ok()
                    .filter(|v| !v.is_number())
                    .unwrap_or_else(|| Value::from(value.into_owned())),
            )
        })
        .collect();
    json!(fields)
}

#[tokio::test]
async fn every_kind_of_template_goes_out_as_the_table_says() {
    for case in table("sends.json") {
        let template: Template = serde_json::from_value(case["template"].clone()).expect("a template");
        let fill: Fill = serde_json::from_value(case["fill"].clone()).expect("a fill");
        let form = sent("/wa/api/v1/template/msg", Body::Template { template: &template, fill: &fill }).await;
        assert_eq!(form, case["form"], "{}", case["name"]);
    }
}

#[tokio::test]
async fn a_text_goes_out_with_the_message_it_answers() {
    let form = sent("/wa/api/v1/msg", Body::Text { body: "¡Hola! 1 & 2", quoted: Some("wamid.IN") }).await;
    let message =
        json!({"type": "text", "text": "¡Hola! 1 & 2", "previewUrl": false, "context": {"msgId": "wamid.IN"}});
    assert_eq!(form["message"], message);
    assert_eq!(form["destination"], "5491155550123");
}

fn words(answer: &Answer) -> String {
    match answer {
        Answer::Accepted(accepted) => format!("accepted {}", accepted.provider_id),
        Answer::Refused(failure) => format!("refused {}", failure.code),
        Answer::Throttled { scope, retry_after, failure } => {
            format!("throttled {scope:?} {} {}", failure.code, retry_after.as_secs())
        }
        Answer::Stopped { scope, failure } => format!("stopped {scope:?} {}", failure.code),
        Answer::NotSent { .. } => "not sent".to_owned(),
        Answer::Unknown { .. } => "unknown".to_owned(),
    }
}

#[tokio::test]
async fn every_answer_means_what_the_table_says() {
    for case in table("answers.json") {
        let server = MockServer::start().await;
        let body = case["body"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        // Some answers are JSON under another type.
        let mut response = ResponseTemplate::new(status).set_body_raw(body, "text/plain");
        for (name, value) in case["headers"].as_object().into_iter().flatten() {
            response = response.insert_header(name.as_str(), value.as_str().unwrap());
        }
        Mock::given(method("POST")).respond_with(response).expect(1).mount(&server).await;
        let to = person();
        let body = Body::Text { body: "Hola", quoted: None };
        let request = SendRequest { sender_ref: NUMBER, to: &to, callback: callback(), body };
        let answer = provider(&server.uri()).send(&request).await;
        assert_eq!(words(&answer), case["means"], "{case}");
    }
}

#[tokio::test]
async fn what_never_connected_was_not_sent() {
    let to = person();
    let body = Body::Text { body: "Hola", quoted: None };
    let request = SendRequest { sender_ref: NUMBER, to: &to, callback: callback(), body };
    assert_eq!(words(&provider("http://127.0.0.1:9").send(&request).await), "not sent");
}

async fn listing(server: &MockServer) -> Provider {
    Mock::given(method("GET"))
        .and(path(format!("/wa/app/{}/template", super::APP_ID)))
        .respond_with(ResponseTemplate::new(200).set_body_string(fixture("templates/list.json")))
        .mount(server)
        .await;
    provider(&server.uri())
}

/// What the list says is written beside it the first time, to be looked at.
#[tokio::test]
async fn templates_are_read_from_their_containers() {
    let server = MockServer::start().await;
    let read = listing(&server).await.templates().await.unwrap();
    let expected = std::path::Path::new("tests/fixtures/gupshup/templates/list.expected.json");
    if !expected.exists() {
        std::fs::write(expected, serde_json::to_string_pretty(&read).unwrap() + "\n").unwrap();
        panic!("look at what was written: {expected:?}");
    }
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(expected).unwrap()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), expected);
}

#[tokio::test]
async fn a_template_is_found_by_name_and_language_and_lives_as_long_as_is_configured() {
    let server = MockServer::start().await;
    let found = listing(&server).await.template("whole", "es_AR").await.unwrap().unwrap();
    assert_eq!(
        (found.category, found.status, found.time_to_live_s),
        (Category::Utility, TemplateStatus::Approved, None)
    );
    let mut account = account(&server.uri(), key(), None);
    let recado::config::Access::Gupshup(access) = &mut account.access else { panic!("another provider") };
    access.wire.utility_life = Some(std::time::Duration::from_hours(12));
    let provider = Provider::connect(&account).unwrap();
    assert_eq!(provider.template("whole", "es-AR").await.unwrap().unwrap().time_to_live_s, Some(43_200));
    assert_eq!(provider.template("plain", "pt_BR").await.unwrap().unwrap().time_to_live_s, None);
    assert_eq!(provider.template("whole", "pt_BR").await.unwrap(), None);
}
