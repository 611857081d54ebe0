//! What the recorded answers to a send mean.

use std::time::Duration;

use ThrottleScope::{Message, Pair, Sender};
use recado::domain::answer::{Acceptance, Answer, StopScope, ThrottleScope};
use recado::domain::failure::Failure;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{fixture, hello, person, provider};

/// Status, body and what it means.
struct Case {
    file: &'static str,
    status: u16,
    usage: Option<&'static str>,
    expect: Answer,
}

fn case(file: &'static str, status: u16, expect: Answer) -> Case {
    Case { file, status, usage: None, expect }
}

fn accepted(id: &str, wa_id: Option<&str>, bsuid: Option<&str>, in_review: bool) -> Answer {
    Answer::Accepted(Acceptance {
        provider_id: id.to_owned(),
        wa_id: wa_id.map(str::to_owned),
        bsuid: bsuid.map(str::to_owned),
        in_review,
    })
}

fn failure(code: i64, detail: &str) -> Failure {
    Failure { code, detail: detail.to_owned() }
}

fn throttled(scope: ThrottleScope, seconds: u64, failure: Failure) -> Answer {
    Answer::Throttled { scope, retry_after: Duration::from_secs(seconds), failure }
}

fn unknown(reason: &str) -> Answer {
    Answer::Unknown { reason: reason.to_owned(), pause: None }
}

impl Case {
    async fn check(&self) {
        let server = MockServer::start().await;
        let mut response =
            ResponseTemplate::new(self.status).set_body_raw(fixture(&format!("answers/{}", self.file)), "text/plain");
        if let Some(usage) = self.usage {
            response = response.insert_header("X-Business-Use-Case-Usage", usage);
        }
        Mock::given(method("POST")).respond_with(response).expect(1).mount(&server).await;
        let answer = provider(&server.uri()).send(&hello(&person())).await;
        assert_eq!(answer, self.expect, "{} with HTTP {}", self.file, self.status);
    }
}

async fn check(cases: Vec<Case>) {
    for case in cases {
        case.check().await;
    }
}

#[tokio::test]
async fn an_answer_with_a_message_id_is_an_acceptance() {
    let wa_id = Some("5491155550123");
    check(vec![
        case("accepted.json", 200, accepted("wamid.HBgNNTQ5MTE1NTU1MDEyMxUCABEYEjA5", wa_id, None, false)),
        case("held.json", 200, accepted("wamid.HELD", wa_id, None, true)),
        case("accepted_free_form.json", 200, accepted("wamid.TEXT", Some("551155550123"), None, false)),
        case("accepted_hidden_phone.json", 200, accepted("wamid.HIDDEN", None, Some("AR.134912086553027"), false)),
    ])
    .await;
}

#[tokio::test]
async fn a_limit_slows_the_sender_or_the_pair() {
    let rate = failure(130_429, "(#130429) Rate limit hit: Cloud API message throughput has been reached.");
    let pair = failure(
        131_056,
        "(#131056) (Business Account, Consumer Account) pair rate limit hit: Message failed to send because there \
         were too many messages sent from this phone number to the same phone number in a short period of time.",
    );
    let quota = failure(80_007, "(#80007) There have been too many calls to this WhatsApp Business account.");
    let deleted =
        failure(133_015, "(#133015) Please wait a few minutes before attempting to register this phone number");
    let syncing = failure(134_101, "(#134101) Template is still syncing");
    let usage = r#"{"102290129340398":[{"type":"whatsapp","call_count":100,"estimated_time_to_regain_access":9}]}"#;
    check(vec![
        // The HTTP status does not count: mocks of others answer 403 or 429.
        case("130429.json", 400, throttled(Sender, 1, rate.clone())),
        case("130429.json", 403, throttled(Sender, 1, rate.clone())),
        case("130429.json", 500, throttled(Sender, 1, rate)),
        case("131056.json", 400, throttled(Pair, 6, pair)),
        case("80007.json", 400, throttled(Sender, 300, quota.clone())),
        Case { file: "80007.json", status: 400, usage: Some(usage), expect: throttled(Sender, 540, quota) },
        case("133015.json", 400, throttled(Message, 300, deleted)),
        case("134101.json", 400, throttled(Message, 600, syncing)),
    ])
    .await;
}

fn stopped(scope: StopScope, code: i64, detail: &str) -> Answer {
    Answer::Stopped { scope, failure: failure(code, detail) }
}

fn refused(code: i64, detail: &str) -> Answer {
    Answer::Refused(failure(code, detail))
}

#[tokio::test]
async fn a_wide_refusal_stops_its_scope() {
    let no_template = "(#132001) Template name does not exist in the translation: template name (spring_sale) does \
                       not exist in es_AR";
    let no_number = "Unsupported post request. Object with ID '106540352242922' does not exist, cannot be loaded due \
                     to missing permissions, or does not support this operation.";
    let expired = "Error validating access token: Session has expired on Friday, 20-Nov-26.";
    check(vec![
        case("132001.json", 404, stopped(StopScope::Template, 132_001, no_template)),
        case("133010.json", 400, stopped(StopScope::Sender, 133_010, "(#133010) The account is not registered")),
        case("100_33.json", 400, stopped(StopScope::Sender, 33, no_number)),
        case("190.json", 401, stopped(StopScope::Account, 190, expired)),
    ])
    .await;
}

#[tokio::test]
async fn a_narrow_refusal_fails_the_message_alone() {
    let undeliverable = "(#131026) Message undeliverable: Message Undeliverable.";
    let count = "(#132000) Number of parameters does not match the expected number of params: body: number of \
                 localizable_params (1) does not match the expected number of params (2)";
    let value = "(#131009) Parameter value is not valid: Parameter 'to' is not a phone number";
    check(vec![
        case("131026.json", 400, refused(131_026, undeliverable)),
        // An error object counts whatever the HTTP status says.
        case("131026.json", 200, refused(131_026, undeliverable)),
        case("132000.json", 400, refused(132_000, count)),
        case("error_data_text.json", 400, refused(131_009, value)),
    ])
    .await;
}

#[tokio::test]
async fn an_answer_that_says_neither_yes_nor_no_leaves_the_message_in_doubt() {
    check(vec![
        case("2.json", 503, unknown("HTTP 503, code 2")),
        case("131000.json", 500, unknown("HTTP 500, code 131000")),
        case("gateway.html", 502, unknown("HTTP 502 with a body that is not JSON")),
        case("gateway.html", 404, unknown("HTTP 404 with a body that is not JSON")),
        case("truncated.txt", 200, unknown("HTTP 200 with a body that is not JSON")),
        case("no_id.json", 200, unknown("HTTP 200 with neither a message id nor an error")),
        case("error_without_code.json", 503, unknown("HTTP 503 with neither a message id nor an error")),
        case("accepted.json", 500, unknown("HTTP 500 with neither a message id nor an error")),
    ])
    .await;
}

#[tokio::test]
async fn a_code_of_tomorrow_is_judged_by_the_http_status() {
    let told = || failure(999_001, "(#999001) A code of tomorrow");
    let account = || Answer::Stopped { scope: StopScope::Account, failure: told() };
    check(vec![
        case("unknown_code.json", 400, Answer::Refused(told())),
        case("unknown_code.json", 404, Answer::Refused(told())),
        case("unknown_code.json", 401, account()),
        case("unknown_code.json", 403, account()),
        case("unknown_code.json", 500, unknown("HTTP 500, code 999001")),
        case("unknown_code_transient.json", 400, unknown("HTTP 400, code 999002")),
        case("unknown_code_transient.json", 403, unknown("HTTP 403, code 999002")),
    ])
    .await;
}
