//! What the answers to a send mean.

use std::collections::BTreeMap;
use std::time::Duration;

use recado::domain::answer::{Acceptance, Answer, StopScope, ThrottleScope};
use recado::domain::failure::Failure;
use serde::Deserialize;
use serde_json::Value;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{fixture, hello, person, provider};

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    told: String,
    status: u16,
    /// A text is sent as it is.
    body: Value,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    expect: Expected,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    accepted: Option<String>,
    refused: Option<i64>,
    stopped: Option<String>,
    throttled: Option<String>,
    unknown: Option<String>,
    seconds: u64,
    code: i64,
    detail: String,
}

impl Expected {
    fn answer(self) -> Answer {
        let failure = |code| Failure { code, detail: self.detail.clone() };
        if let Some(provider_id) = self.accepted {
            return Answer::Accepted(Acceptance { provider_id, wa_id: None, bsuid: None, in_review: false });
        }
        if let Some(reason) = self.unknown {
            return Answer::Unknown { reason, pause: None };
        }
        if let Some(code) = self.refused {
            return Answer::Refused(failure(code));
        }
        if let Some(scope) = self.stopped {
            let scope = match scope.as_str() {
                "template" => StopScope::Template,
                "sender" => StopScope::Sender,
                "account" => StopScope::Account,
                other => panic!("{other}"),
            };
            return Answer::Stopped { scope, failure: failure(self.code) };
        }
        assert_eq!(self.throttled.as_deref(), Some("sender"));
        let retry_after = Duration::from_secs(self.seconds);
        Answer::Throttled { scope: ThrottleScope::Sender, retry_after, failure: failure(self.code) }
    }
}

#[tokio::test]
async fn every_recorded_answer_means_what_the_table_says() {
    let cases: Vec<Case> = fixture("answers.json");
    assert!(cases.len() >= 30);
    for case in cases {
        let server = MockServer::start().await;
        let body = case.body.as_str().map_or_else(|| case.body.to_string(), str::to_owned);
        let mut response = ResponseTemplate::new(case.status).set_body_raw(body, "text/plain");
        for (name, value) in &case.headers {
            response = response.insert_header(name.as_str(), value.as_str());
        }
        Mock::given(method("POST")).respond_with(response).expect(1).mount(&server).await;
        let answer = provider(&server.uri()).send(&hello(&person())).await;
        assert_eq!(answer, case.expect.answer(), "{}", case.told);
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_lets_nothing_leave() {
    let answer = provider("http://127.0.0.1:9/v2").send(&hello(&person())).await;
    assert!(matches!(&answer, Answer::NotSent { reason } if reason == "no connection"), "{answer:?}");
}
