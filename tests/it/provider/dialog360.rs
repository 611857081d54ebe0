//! The Cloud API by way of 360dialog: what differs, by table.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use recado::config::{Account, Config};
use recado::domain::answer::{Acceptance, Answer, StopScope, ThrottleScope};
use recado::domain::failure::Failure;
use recado::domain::fill::{Fill, Value as Filled};
use recado::domain::recipient::Recipient;
use recado::domain::template::TemplateStatus;
use recado::provider::{Body, Provider, SendRequest};
use serde::Deserialize;
use serde_json::Value;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{hello, person};

fn configured(base_url: &str, more: &str) -> Result<Account, String> {
    let source = format!(
        r#"
[server]
listen     = "127.0.0.1:0"
public_url = "https://recado.example.org"
data_dir   = "."
[account.d360]
provider              = "cloud_api"
through               = "360dialog"
base_url              = "{base_url}"
currency              = "USD"
timezone              = "UTC"
access_token          = "key-of-the-number"
webhook_secret        = "0123456789abcdef01234567"
webhook_header_secret = "header-secret"
{more}
"#
    );
    let config = Config::parse(&source, "recado.toml", Path::new("/"), &BTreeMap::new());
    config.map(|config| config.accounts["d360"].clone()).map_err(|error| error.to_string())
}

fn provider(base_url: &str) -> Provider {
    Provider::connect(&configured(base_url, "").expect("a configuration")).expect("an account")
}

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    told: String,
    status: u16,
    body: Value,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    accepted: Option<String>,
    refused: Option<i64>,
    stopped: Option<i64>,
    throttled: Option<i64>,
    unknown: Option<String>,
    #[serde(default)]
    seconds: u64,
    detail: Option<String>,
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(Path::new("tests/fixtures/dialog360").join(name)).expect("a fixture")
}

impl Expected {
    /// The answer, where the provider's own words are `detail`.
    fn answer(&self, detail: &str) -> Answer {
        let failure = |code| Failure { code, detail: self.detail.clone().unwrap_or_else(|| detail.to_owned()) };
        if let Some(id) = &self.accepted {
            let (provider_id, wa_id) = (id.clone(), Some("5491155550123".to_owned()));
            return Answer::Accepted(Acceptance { provider_id, wa_id, bsuid: None, in_review: false });
        }
        if let Some(reason) = &self.unknown {
            return Answer::Unknown { reason: reason.clone(), pause: None };
        }
        match (self.refused, self.stopped, self.throttled) {
            (Some(code), ..) => Answer::Refused(failure(code)),
            (_, Some(code), _) => Answer::Stopped { scope: StopScope::Account, failure: failure(code) },
            (.., Some(code)) => {
                let retry_after = Duration::from_secs(self.seconds);
                Answer::Throttled { scope: ThrottleScope::Sender, retry_after, failure: failure(code) }
            }
            _ => panic!("no expectation"),
        }
    }
}

#[tokio::test]
async fn every_recorded_answer_means_what_the_table_says() {
    let cases: Vec<Case> = serde_json::from_str(&fixture("answers.json")).expect("JSON");
    for case in cases {
        let server = MockServer::start().await;
        let body = case.body.as_str().map_or_else(|| case.body.to_string(), str::to_owned);
        let mut response = ResponseTemplate::new(case.status).set_body_raw(body, "text/plain");
        for (name, value) in &case.headers {
            response = response.insert_header(name.as_str(), value.as_str());
        }
        // No version, no number: the key alone says which number it is.
        Mock::given(method("POST"))
            .and(path("/messages"))
            .and(header("D360-API-KEY", "key-of-the-number"))
            .respond_with(response)
            .expect(1)
            .mount(&server)
            .await;
        let answer = provider(&server.uri()).send(&hello(&person())).await;
        let said = case.body["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(answer, case.expect.answer(said), "{}", case.told);
        let sent = &server.received_requests().await.expect("recording is on")[0];
        assert!(!sent.headers.contains_key("authorization"), "{}", case.told);
        assert_eq!(sent.body_json::<Value>().expect("JSON")["messaging_product"], "whatsapp");
    }
}

#[tokio::test]
async fn templates_are_listed_by_offset_under_their_own_name() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v1/configs/templates"))
        .and(header("D360-API-KEY", "key-of-the-number"))
        .and(query_param("offset", "0"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(fixture("templates.json"), "application/json"))
        .mount(&server)
        .await;
    let provider = provider(&server.uri());
    let all = provider.templates().await.expect("a list");
    let told: Vec<_> = all.iter().map(|t| (t.name.as_str(), t.status.clone())).collect();
    let expected = [("appointment_reminder", TemplateStatus::Approved), ("promo", TemplateStatus::Rejected)];
    assert_eq!(told, expected);
    assert!(provider.template("promo", "pt_BR").await.expect("a list").is_some());
    assert_eq!(provider.sender_status("1").await.expect("the key is taken").throughput, None);
}

#[test]
fn webhooks_prove_themselves_by_secret_and_header_and_nothing_is_signed() {
    let account = configured("https://waba-v2.360dialog.io", "").expect("a configuration");
    let key = account.access.webhook_key().expect("a key");
    let header = |name: &str| (name == "x-recado-webhook").then_some("header-secret");
    assert_eq!(key.missing("0123456789abcdef01234567", header, None), None);
    assert_eq!(key.missing("0123456789abcdef01234567", |_| None, None), Some("header"));
    let provider = provider("http://127.0.0.1:9");
    assert!(!provider.is_authentic(Some("sha256=00"), b"{}"));
    assert_eq!(provider.handshake("subscribe", "", "1"), None);
}

#[test]
fn metas_own_secrets_have_no_place_there() {
    for (more, problem) in [
        ("app_secret = \"x\"", "unknown key \"app_secret\""),
        ("verify_token = \"x\"", "unknown key \"verify_token\""),
        ("waba_id = \"me\"", "\"waba_id\" must be an id of digits"),
    ] {
        let error = configured("https://waba-v2.360dialog.io", more).expect_err(more);
        assert!(error.contains(problem), "{error}");
    }
}

#[tokio::test]
async fn the_sandbox_speaks_it_with_the_key_of_the_number_and_paths_without_ids() {
    let sandbox = crate::support::sandbox::quiet_sandbox().await;
    let provider = provider(&sandbox.base_url());
    let template = provider.template("appointment_reminder", "es_AR").await.unwrap().expect("a sample");
    assert_eq!(template.status, TemplateStatus::Approved);
    let value = |no: usize| Filled { name: no.to_string(), text: "Ana".to_owned() };
    let fill = Fill { body: (1..=template.body_parameters().len()).map(value).collect(), ..Fill::default() };
    let to = Recipient::parse("5491155550123").unwrap();
    let body = Body::Template { template: &template, fill: &fill };
    let request = SendRequest { sender_ref: "", to: &to, callback: super::callback(), body };
    let answer = provider.send(&request).await;
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
}
