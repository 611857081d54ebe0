//! Templates created, edited, deleted and reviewed.

use recado::domain::template::draft::Draft;
use recado::domain::template::{Category, TemplateStatus};
use recado::provider::{TemplateAnswer, TemplateDone};
use serde::Deserialize;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{TOKEN, fixture, provider};

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    told: String,
    draft: Draft,
    expect: Value,
}

async fn answering(verb: &str, at: &str, response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let mock = Mock::given(method(verb)).and(path(at)).and(header("X-API-TOKEN", TOKEN)).respond_with(response);
    mock.expect(1).mount(&server).await;
    server
}

#[tokio::test]
async fn every_draft_is_asked_for_as_the_table_says_and_edited_likewise() {
    let cases: Vec<Case> = fixture("drafts.json");
    let made = json!({"id": "t-1", "status": "WAITING_REVIEW", "category": "UTILITY"});
    let done = TemplateAnswer::Done(TemplateDone {
        provider_id: "t-1".to_owned(),
        status: Some(TemplateStatus::Pending),
        category: Some(Category::Utility),
    });
    for case in cases {
        let server = answering("POST", "/templates", ResponseTemplate::new(200).set_body_json(&made)).await;
        let told = provider(&server.uri()).create_template(&case.draft).await.expect("an answer");
        assert_eq!(told, done, "{}", case.told);
        let asked: Value = server.received_requests().await.expect("recording is on")[0].body_json().expect("JSON");
        assert_eq!(asked, case.expect, "{}", case.told);

        let server = answering("PATCH", "/templates/t-1", ResponseTemplate::new(200).set_body_json(&made)).await;
        let (draft, provider) = (&case.draft, provider(&server.uri()));
        let mut old =
            serde_json::from_value::<Vec<recado::domain::template::Template>>(fixture("templates.expected.json"))
                .expect("templates")
                .remove(0);
        old.provider_id = "t-1".to_owned();
        assert_eq!(provider.edit_template(&old, draft).await.expect("an answer"), done, "{}", case.told);
        let asked: Value = server.received_requests().await.expect("recording is on")[0].body_json().expect("JSON");
        let mut expected = case.expect;
        for fixed in ["name", "channel", "senderId"] {
            expected.as_object_mut().expect("an object").remove(fixed);
        }
        assert_eq!(asked, expected, "{}", case.told);
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_zenvias_words_and_too_many_calls_wait() {
    let drafts: Vec<Case> = fixture("drafts.json");
    let refusal = json!({"code": "VALIDATION_ERROR", "message": "Validation error",
        "details": [{"code": "x", "path": "$.components.body.text", "message": "is too long"}]});
    for (response, expected) in [
        (
            ResponseTemplate::new(400).set_body_json(refusal),
            TemplateAnswer::Refused {
                code: 400,
                said: "Validation error; $.components.body.text: is too long".to_owned(),
            },
        ),
        (ResponseTemplate::new(429).insert_header("Retry-After", "90"), TemplateAnswer::Later { minutes: 2 }),
    ] {
        let server = answering("POST", "/templates", response).await;
        assert_eq!(provider(&server.uri()).create_template(&drafts[0].draft).await.expect("an answer"), expected);
    }
    let server = answering("POST", "/templates", ResponseTemplate::new(502).set_body_string("<html>")).await;
    assert!(provider(&server.uri()).create_template(&drafts[0].draft).await.is_err());
}

#[tokio::test]
async fn a_deletion_needs_no_answer() {
    let server = answering("DELETE", "/templates/t-approval", ResponseTemplate::new(204)).await;
    let old = serde_json::from_value::<Vec<recado::domain::template::Template>>(fixture("templates.expected.json"))
        .expect("templates")
        .remove(0);
    let told = provider(&server.uri()).delete_template(&old).await.expect("an answer");
    assert_eq!(told, TemplateAnswer::Done(TemplateDone::default()));
}

#[tokio::test]
async fn reviewers_comments_are_the_reason_of_a_refusal() {
    let items: Value = fixture("templates.json");
    let server = answering("GET", "/templates", ResponseTemplate::new(200).set_body_json(&items)).await;
    let listed = provider(&server.uri()).catalogue().await.expect("a list");
    let of = |id: &str| listed.iter().find(|l| l.template.provider_id == id).expect("it is there");
    assert_eq!(of("t-rejected").reason, "O texto promete um prêmio");
    assert_eq!((of("t-whole").reason.as_str(), of("t-whole").quality.as_str()), ("", "green"));
}
