//! Templates for one-time codes, samples of headers and quotas of the management API at the Cloud API.

use recado::clock::Clock;
use recado::domain::answer::Answer;
use recado::domain::fill::{Fill, Value};
use recado::domain::template::code::{CodeApp, CodeTerms, CodeWay};
use recado::domain::template::draft::Draft;
use recado::domain::template::{Button, Category, Header, TemplateStatus};
use recado::provider::{Body, Provider, ProviderError, QuotaState, Sample, SendRequest, TemplateAnswer};
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{SENDER, WABA, account, callback, cloud_api, person, provider};
use crate::support::sandbox::{TUESDAY, TestSandbox, sandbox_config, start_sandbox};

fn code(name: &str, terms: CodeTerms) -> Draft {
    let draft = json!({"name": name, "language": "es_AR", "category": "authentication"});
    Draft { code: Some(terms), ..serde_json::from_value(draft).expect("a draft") }
}

async fn sandbox() -> (TestSandbox, Provider) {
    let sandbox = start_sandbox(sandbox_config("http://127.0.0.1:1/"), Clock::fixed(TUESDAY)).await;
    let provider = provider(&sandbox.base_url());
    (sandbox, provider)
}

async fn made(provider: &Provider, draft: &Draft) -> TemplateAnswer {
    provider.create_template(draft).await.expect("an answer")
}

#[tokio::test]
async fn every_way_of_a_one_time_code_is_made_as_the_reference_has_it_and_read_again() {
    let app = CodeApp { package_name: "com.example.app".to_owned(), signature_hash: "K8a/AINcGX7".to_owned() };
    for (way, apps) in
        [(CodeWay::CopyCode, vec![]), (CodeWay::OneTap, vec![app.clone()]), (CodeWay::ZeroTap, vec![app])]
    {
        let (sandbox, provider) = sandbox().await;
        let terms =
            CodeTerms { way, apps, security_advice: true, good_for_minutes: Some(5), label: "Copiar".to_owned() };
        let answer = made(&provider, &code("a_code", terms)).await;
        assert!(
            matches!(&answer, TemplateAnswer::Done(done) if done.category == Some(Category::Authentication)),
            "{answer:?}"
        );
        sandbox.pass(1, 1);
        let read = provider.template("a_code", "es_AR").await.unwrap().unwrap();
        assert_eq!((read.status, read.category), (TemplateStatus::Approved, Category::Authentication), "{way:?}");
        assert_eq!(read.buttons, [Button::OneTimeCode { text: "Copiar".to_owned() }]);
        assert!(read.body.contains("{{1}}") && read.footer.is_some_and(|f| f.contains('5')), "{way:?}");
        assert_eq!(read.time_to_live_s, Some(600), "ten minutes unless it says otherwise");
    }
}

#[tokio::test]
async fn a_code_goes_into_text_and_button_and_is_refused_where_it_is_none() {
    let (sandbox, provider) = sandbox().await;
    made(&provider, &code("a_code", CodeTerms::default())).await;
    sandbox.pass(1, 1);
    let template = provider.template("a_code", "es_AR").await.unwrap().unwrap();
    for (text, fits) in [("493817", true), ("1234567890123456", false)] {
        let fill = Fill { body: vec![Value { name: "1".to_owned(), text: text.to_owned() }], ..Fill::default() };
        let to = person();
        let body = Body::Template { template: &template, fill: &fill };
        let answer = provider.send(&SendRequest { sender_ref: SENDER, to: &to, callback: callback(), body }).await;
        assert_eq!(matches!(answer, Answer::Accepted(_)), fits, "{answer:?}");
    }
}

#[tokio::test]
async fn a_sample_is_uploaded_in_two_steps_and_makes_a_header() {
    let (sandbox, provider) = sandbox().await;
    let bytes = b"%PDF-1.7 invented".to_vec();
    let sample = Sample { name: "resultado de análisis.pdf".to_owned(), bytes };
    let TemplateAnswer::Done(done) = provider.upload_sample(sample.clone()).await.unwrap() else { panic!("refused") };
    let draft = |handle: &str| {
        let draft = json!({"name": "results", "language": "es_AR", "category": "utility", "body": "Sus resultados.",
            "header": {"kind": "document", "sample": handle}});
        serde_json::from_value::<Draft>(draft).expect("a draft")
    };
    let refused = made(&provider, &draft("nobody's")).await;
    assert!(matches!(refused, TemplateAnswer::Refused { code: 2_388_273, .. }), "{refused:?}");
    assert!(matches!(made(&provider, &draft(&done.provider_id)).await, TemplateAnswer::Done(_)));
    sandbox.pass(1, 1);
    let read = provider.template("results", "es_AR").await.unwrap().unwrap();
    assert_eq!((read.status, read.header), (TemplateStatus::Approved, Some(Header::Document)));

    let mut bare = account(&sandbox.base_url());
    cloud_api(&mut bare).app_id = None;
    let answer = Provider::connect(&bare).unwrap().upload_sample(sample).await.unwrap();
    assert_eq!(answer, TemplateAnswer::Unfit { code: "template_sample_no_app" });
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_not_asked_again_before_its_time_and_sends_go_on() {
    let server = MockServer::start().await;
    let usage = json!({WABA: [{"type": "whatsapp_business_management", "call_count": 100,
        "estimated_time_to_regain_access": 7}]});
    let over = ResponseTemplate::new(400)
        .insert_header("X-Business-Use-Case-Usage", usage.to_string())
        .set_body_json(json!({"error": {"message": "(#80007) Rate limit issues", "code": 80_007}}));
    let listed = Mock::given(method("GET")).and(path(format!("/{WABA}/message_templates")));
    listed.respond_with(over).expect(1).mount(&server).await;
    let taken = super::fixture("answers/accepted.json");
    let sent = Mock::given(method("POST")).and(path(format!("/{SENDER}/messages")));
    sent.respond_with(ResponseTemplate::new(200).set_body_string(taken)).expect(1).mount(&server).await;
    let provider = provider(&server.uri());
    assert_eq!(provider.quota(), None);
    assert!(matches!(provider.templates().await, Err(ProviderError::Refused { code: 80_007, .. })));
    assert_eq!(provider.quota(), Some(QuotaState { percent: 100, wait_minutes: 7 }));
    for _ in 0..3 {
        assert!(matches!(provider.templates().await, Err(ProviderError::Later { minutes: 7 })));
    }
    let to = person();
    let body = Body::Text { body: "hola", quoted: None };
    let answer = provider.send(&SendRequest { sender_ref: SENDER, to: &to, callback: callback(), body }).await;
    assert!(matches!(answer, Answer::Accepted(_)), "sends are not of this quota: {answer:?}");
}

#[tokio::test]
async fn what_a_template_should_be_billed_as_is_read_from_the_list() {
    let (sandbox, provider) = sandbox().await;
    provider.templates().await.unwrap();
    let announced =
        json!({"name": "appointment_reminder", "language": "es_AR", "category": "MARKETING", "announced": true});
    let (status, told) = sandbox.post("/_sandbox/template", &announced).await;
    assert_eq!(status, 200, "{told}");
    let read = provider.template("appointment_reminder", "es_AR").await.unwrap().unwrap();
    assert_eq!((read.category, read.announced), (Category::Utility, Some(Category::Marketing)));
}
