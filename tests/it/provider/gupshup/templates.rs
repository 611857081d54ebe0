//! Templates at Gupshup: asked for by table, and their life against the sandbox.

use std::collections::BTreeMap;

use recado::domain::answer::Answer;
use recado::domain::event::WebhookEvent;
use recado::domain::fill::{Fill, Value as Filled};
use recado::domain::template::draft::{Draft, DraftHeader};
use recado::domain::template::{Category, Template, TemplateStatus};
use recado::provider::{Body, Provider, Sample, SendRequest, TemplateAnswer, TemplateDone};
use serde::Deserialize;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::sandbox::start;
use super::{APP_ID, NUMBER, account, fixture, key, provider};
use crate::provider::{callback, person};

#[derive(Deserialize)]
struct Case {
    told: String,
    draft: Draft,
    /// The form; a rule of Gupshup's that the draft breaks instead.
    #[serde(default)]
    form: BTreeMap<String, Value>,
    #[serde(default)]
    unfit: String,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(&fixture("drafts.json")).expect("a list")
}

fn old() -> Template {
    Template { provider_id: "t-1".to_owned(), status: TemplateStatus::Rejected, ..cases()[0].draft.template() }
}

async fn answering(verb: &str, at: &str, response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method(verb)).and(path(at)).respond_with(response).mount(&server).await;
    server
}

async fn form_sent(server: &MockServer) -> BTreeMap<String, Value> {
    let requests = server.received_requests().await.expect("recording is on");
    let fields = url::form_urlencoded::parse(&requests.last().expect("a request").body);
    let read = |(name, text): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let json = (name == "buttons").then(|| serde_json::from_str(&text).ok()).flatten();
        (name.into_owned(), json.unwrap_or_else(|| Value::from(text.into_owned())))
    };
    fields.map(read).collect()
}

#[tokio::test]
async fn every_draft_is_asked_for_as_the_table_says_and_edited_likewise() {
    let made = json!({"status": "success", "template": {"id": "t-1", "status": "PENDING", "category": "UTILITY"}});
    let done = TemplateAnswer::Done(TemplateDone {
        provider_id: "t-1".to_owned(),
        status: Some(TemplateStatus::Pending),
        category: Some(Category::Utility),
    });
    let base = format!("/wa/app/{APP_ID}/template");
    for case in cases() {
        for (verb, at) in [("POST", base.clone()), ("PUT", format!("{base}/t-1"))] {
            let server = answering(verb, &at, ResponseTemplate::new(200).set_body_json(&made)).await;
            let provider = provider(&server.uri());
            let answer = match verb {
                "POST" => provider.create_template(&case.draft).await,
                _ => provider.edit_template(&old(), &case.draft).await,
            };
            let wanted = (!case.unfit.is_empty()).then_some(case.unfit.as_str());
            assert_eq!(provider.unfit(&case.draft), wanted, "told before it is submitted: {}", case.told);
            if !case.unfit.is_empty() {
                let told = matches!(answer, Ok(TemplateAnswer::Unfit { code }) if code == case.unfit);
                assert!(told && server.received_requests().await.unwrap().is_empty(), "{}: {answer:?}", case.told);
                continue;
            }
            assert_eq!(answer.expect("an answer"), done, "{}", case.told);
            let mut form = form_sent(&server).await;
            for fixed in ["vertical", "appId", "enableSample", "elementName", "languageCode"] {
                assert!(form.remove(fixed).is_some(), "{fixed}");
            }
            assert_eq!(form, case.form, "{}", case.told);
        }
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_gupshups_words_also_under_a_good_status() {
    let refusal = json!({"status": "error", "message": "Template Does not exists."});
    let draft = &cases()[0].draft;
    for (response, expected) in [
        (ResponseTemplate::new(400).set_body_json(&refusal), Some((400, "Template Does not exists."))),
        (ResponseTemplate::new(200).set_body_json(&refusal), Some((200, "Template Does not exists."))),
        (ResponseTemplate::new(401).set_body_json(&refusal), None),
        (ResponseTemplate::new(502).set_body_string("<html>"), None),
    ] {
        let server = answering("POST", &format!("/wa/app/{APP_ID}/template"), response).await;
        let answer = provider(&server.uri()).create_template(draft).await;
        match expected {
            Some((code, said)) => {
                assert_eq!(answer.unwrap(), TemplateAnswer::Refused { code, said: said.to_owned() });
            }
            None => assert!(answer.is_err(), "{answer:?}"),
        }
    }
    let slow = ResponseTemplate::new(429).insert_header("Retry-After", "90");
    let server = answering("POST", &format!("/wa/app/{APP_ID}/template"), slow).await;
    assert_eq!(provider(&server.uri()).create_template(draft).await.unwrap(), TemplateAnswer::Later { minutes: 2 });
}

#[tokio::test]
async fn a_partner_deletes_one_language_and_the_self_serve_surface_only_the_last_one() {
    let yes = || ResponseTemplate::new(200).set_body_json(json!({"status": "success"}));
    let partner = recado::config::access::GupshupCredentials::AppToken("sk_invented".into());
    let name = &old().name;
    let server = answering("DELETE", &format!("/partner/app/{APP_ID}/template/{name}/t-1"), yes()).await;
    let at_partner = Provider::connect(&account(&server.uri(), partner, None)).unwrap();
    assert_eq!(at_partner.delete_template(&old()).await.unwrap(), TemplateAnswer::Done(TemplateDone::default()));
    for (languages, allowed) in [(vec!["es_AR"], true), (vec!["es_AR", "pt_BR"], false)] {
        let server = answering("DELETE", &format!("/wa/app/{APP_ID}/template/{name}"), yes()).await;
        let listed: Vec<Value> = languages
            .iter()
            .map(
                |language| json!({"id": language, "elementName": name, "languageCode": language, "status": "APPROVED"}),
            )
            .collect();
        let list = Mock::given(method("GET")).and(path(format!("/wa/app/{APP_ID}/template")));
        list.respond_with(ResponseTemplate::new(200).set_body_json(json!({"templates": listed}))).mount(&server).await;
        let answer = Provider::connect(&account(&server.uri(), key(), None)).unwrap().delete_template(&old()).await;
        let expected = if allowed {
            TemplateAnswer::Done(TemplateDone::default())
        } else {
            TemplateAnswer::Unfit { code: "template_gupshup_languages" }
        };
        assert_eq!(answer.unwrap(), expected);
    }
}

fn draft(name: &str, change: impl FnOnce(&mut Draft)) -> Draft {
    let mut draft = Draft { name: name.to_owned(), ..cases().remove(0).draft };
    change(&mut draft);
    draft
}

#[tokio::test]
async fn a_partner_passes_templates_through_in_metas_form_and_receipts_name_gupshups_id() {
    let (sandbox, url) = start(|_| {}).await;
    let partner = recado::config::access::GupshupCredentials::AppToken("sk_invented".into());
    let mut account = account(&url, partner, None);
    let recado::config::Access::Gupshup(access) = &mut account.access else { panic!("another provider") };
    access.wire.passthrough = true;
    let provider = Provider::connect(&account).unwrap();
    let template = provider.template("appointment_reminder", "es_AR").await.unwrap().expect("a sample");
    let values = ["Ana", "Centro", "martes"].iter().enumerate();
    let body = values.map(|(i, text)| Filled { name: (i + 1).to_string(), text: (*text).to_owned() }).collect();
    let fill = Fill { body, ..Fill::default() };
    let to = person();
    let body = Body::Template { template: &template, fill: &fill };
    let answer = provider.send(&SendRequest { sender_ref: NUMBER, to: &to, callback: callback(), body }).await;
    let Answer::Accepted(accepted) = answer else { panic!("{answer:?}") };
    let told: Vec<WebhookEvent> = sandbox
        .pass_all()
        .iter()
        .flat_map(|body| provider.read_webhook(body.to_string().as_bytes()).unwrap())
        .collect();
    let receipts: Vec<_> =
        told.iter().filter_map(|e| if let WebhookEvent::Receipt(r) = e { Some(r) } else { None }).collect();
    assert!(receipts.len() > 2 && receipts.iter().all(|r| r.provider_id == accepted.provider_id), "{receipts:?}");
    assert!(receipts.iter().all(|r| r.failure.is_none()), "{receipts:?}");
    let server = MockServer::start().await;
    let sent = Mock::given(method("POST")).and(path(format!("/partner/app/{APP_ID}/v3/message")));
    let answer = json!({"messages": [{"id": "g-1"}]});
    sent.respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&server).await;
    let mut account = account;
    account.base_url = server.uri().parse().unwrap();
    let provider = Provider::connect(&account).unwrap();
    let answer = provider.send(&SendRequest { sender_ref: NUMBER, to: &to, callback: callback(), body }).await;
    assert!(matches!(answer, Answer::Accepted(a) if a.provider_id == "g-1"));
    let asked: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    assert_eq!((&asked["to"], &asked["template"]["name"]), (&json!(to.as_str()), &json!("appointment_reminder")));
    assert_eq!(asked.get("biz_opaque_callback_data"), None, "nobody says that it comes back");
}

async fn standing(provider: &Provider, name: &str) -> (TemplateStatus, String) {
    let listed = provider.catalogue().await.unwrap();
    let found = listed.into_iter().find(|l| l.template.name == name).expect("it is there");
    (found.template.status, found.reason)
}

#[tokio::test]
async fn a_template_is_made_reviewed_edited_and_deleted_at_the_sandbox_and_events_tell() {
    let (sandbox, url) = start(|_| {}).await;
    let provider = provider(&url);
    for name in ["welcome", "reject_scam"] {
        let made = provider.create_template(&draft(name, |_| {})).await.unwrap();
        assert!(matches!(made, TemplateAnswer::Done(done) if done.status == Some(TemplateStatus::Pending)));
    }
    let bodies = sandbox.pass(1, 1);
    let told: Vec<WebhookEvent> =
        bodies.iter().flat_map(|body| provider.read_webhook(body.to_string().as_bytes()).unwrap()).collect();
    let rejected = |e: &WebhookEvent| matches!(e, WebhookEvent::TemplateNote(n) if n.name == "reject_scam" && n.reason.as_deref() == Some("scam"));
    let approved = |e: &WebhookEvent| matches!(e, WebhookEvent::Template(n) if n.name == "welcome" && n.status == TemplateStatus::Approved);
    assert!(told.iter().any(rejected) && told.iter().any(approved), "{told:?}");
    assert_eq!(standing(&provider, "reject_scam").await, (TemplateStatus::Rejected, "scam".to_owned()));
    assert_eq!(standing(&provider, "welcome").await.0, TemplateStatus::Approved);

    let known = provider.template("welcome", "es_AR").await.unwrap().unwrap();
    let new = draft("welcome", |d| "Hola {{1}}, ¡qué bueno verle el {{2}}!".clone_into(&mut d.body));
    assert!(matches!(provider.edit_template(&known, &new).await.unwrap(), TemplateAnswer::Done(_)));
    let edited = provider.template("welcome", "es_AR").await.unwrap().unwrap();
    assert_eq!(edited.body, new.body);
    assert_eq!(provider.delete_template(&edited).await.unwrap(), TemplateAnswer::Done(TemplateDone::default()));
    assert_eq!(provider.template("welcome", "es_AR").await.unwrap(), None);
}

#[tokio::test]
async fn a_header_is_reviewed_with_its_uploaded_sample_and_never_without_one() {
    let (sandbox, url) = start(|_| {}).await;
    let provider = provider(&url);
    let picture = Sample { name: "banner.png".to_owned(), bytes: b"\x89PNG\r\n\x1a\nrest".to_vec() };
    let TemplateAnswer::Done(done) = provider.upload_sample(picture.clone()).await.unwrap() else { panic!("refused") };
    let with = |header: Option<DraftHeader>| draft("banner", |d| d.header = header);
    let unknown = with(Some(DraftHeader::Image { sample: "nobody's".to_owned() }));
    assert!(matches!(provider.create_template(&unknown).await.unwrap(), TemplateAnswer::Refused { .. }));
    let known = with(picture.header(&done.provider_id));
    assert!(matches!(provider.create_template(&known).await.unwrap(), TemplateAnswer::Done(_)));
    sandbox.pass(1, 1);
    let read = provider.template("banner", "es_AR").await.unwrap().unwrap();
    assert_eq!((read.status, read.header), (TemplateStatus::Approved, Some(recado::domain::template::Header::Image)));
    let text = Sample { name: "a.txt".to_owned(), bytes: b"text".to_vec() };
    assert_eq!(provider.upload_sample(text).await.unwrap(), TemplateAnswer::Unfit { code: "template_sample_kind" });
}

#[tokio::test]
async fn a_one_time_code_is_made_read_and_sent_twice_in_its_list() {
    let (sandbox, url) = start(|_| {}).await;
    let provider = provider(&url);
    let code = cases().into_iter().find(|case| case.draft.code.is_some()).expect("a code").draft;
    assert!(matches!(provider.create_template(&code).await.unwrap(), TemplateAnswer::Done(_)));
    sandbox.pass(1, 1);
    let read = provider.template(&code.name, "es_AR").await.unwrap().unwrap();
    assert_eq!((read.category, &read.status), (Category::Authentication, &TemplateStatus::Approved));
    let fill = Fill { body: vec![Filled { name: "1".to_owned(), text: "493817".to_owned() }], ..Fill::default() };
    let to = person();
    let body = Body::Template { template: &read, fill: &fill };
    let answer = provider.send(&SendRequest { sender_ref: NUMBER, to: &to, callback: callback(), body }).await;
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
    let (_, sent) = sandbox.get("/_sandbox/messages").await;
    let params: Value = serde_json::from_str(&sent["data"][0]["params"].to_string()).unwrap();
    assert!(params.to_string().contains(r#"["493817","493817"]"#), "{sent}");
    let failed = sandbox.pass_all().iter().any(|body| body.to_string().contains("\"failed\""));
    assert!(!failed);
}
