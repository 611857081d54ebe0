//! Zenvia's surface of the sandbox, and that the adapter, which shares no code with it, understands it.

use std::time::Duration;

use recado::clock::Clock;
use recado::config::Config;
use recado::domain::answer::Answer;
use recado::domain::callback::{CallbackData, Instance};
use recado::domain::event::{ReceiptStatus, ReplyContent, WebhookEvent};
use recado::domain::failure::Failure;
use recado::domain::fill::{ButtonFill, Fill, Value as Filled};
use recado::domain::id::MessageId;
use recado::domain::recipient::Recipient;
use recado::domain::template::{Category, Template, TemplateStatus};
use recado::provider::{Body, Provider, SendRequest, SubscriptionState, Zenvia};
use recado::sandbox::SandboxConfig;
use reqwest::Method;
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::sandbox::{TUESDAY, TestSandbox, sandbox_config, start_sandbox};

const SENDER: &str = "5491155550100";

/// A quiet sandbox; `change` sets it otherwise.
async fn sandbox(change: impl FnOnce(&mut SandboxConfig)) -> TestSandbox {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.zenvia.old_shape = 0.0;
    config.zenvia.retry_s = 0.05;
    change(&mut config);
    start_sandbox(config, Clock::fixed(TUESDAY)).await
}

fn connect(sandbox: &TestSandbox, more: &str) -> Provider {
    let source = format!(
        r#"
[server]
listen     = "127.0.0.1:0"
public_url = "http://127.0.0.1:1"
data_dir   = "."
[account.zenvia]
provider              = "zenvia"
base_url              = "http://{}/v2"
currency              = "USD"
timezone              = "UTC"
api_token             = "token"
webhook_secret        = "0123456789abcdef01234567"
webhook_header_secret = "header-secret"
{more}
"#,
        sandbox.address
    );
    let config =
        Config::parse(&source, "recado.toml", std::path::Path::new("/"), &std::collections::BTreeMap::default());
    Provider::connect(&config.expect("a configuration").accounts["zenvia"]).expect("an adapter")
}

fn zenvia(provider: &Provider) -> &Zenvia {
    match provider {
        Provider::Zenvia(zenvia) => zenvia,
        other => panic!("{other:?}"),
    }
}

fn callback(message: i64) -> CallbackData {
    CallbackData { instance: Instance::parse("test").expect("a name"), message: MessageId(message), attempt: 1 }
}

fn filled(names: &[(&str, &str)]) -> Vec<Filled> {
    names.iter().map(|(name, text)| Filled { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}

async fn send(provider: &Provider, to: &str, template: &Template, fill: &Fill, message: i64) -> Answer {
    let to = Recipient::parse(to).expect("a number");
    let body = Body::Template { template, fill };
    provider.send(&SendRequest { sender_ref: SENDER, to: &to, callback: callback(message), body }).await
}

async fn reminder(provider: &Provider) -> (Template, Fill) {
    let found = provider.template("appointment_reminder", "es_AR").await.expect("a list").expect("the template");
    let body = filled(&[("1", "Ana"), ("2", "Laboratorio Norte"), ("3", "martes, 14:30")]);
    (found, Fill { body, ..Fill::default() })
}

/// A webhook, and the subscriptions that lead to it.
async fn subscribed(provider: &Provider, status: u16) -> MockServer {
    let hook = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(status)).mount(&hook).await;
    let url = hook.uri().parse().expect("an address");
    let header = Some(("x-recado-webhook", "header-secret"));
    for event in ["MESSAGE_STATUS", "MESSAGE"] {
        zenvia(provider).subscribe(event, &url, header, false).await.expect("subscribed");
    }
    hook
}

async fn posted(hook: &MockServer, at_least: usize) -> Vec<wiremock::Request> {
    for _ in 0..500 {
        let all = hook.received_requests().await.expect("recording is on");
        if all.len() >= at_least {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("fewer than {at_least} events came: {:?}", hook.received_requests().await);
}

fn events(provider: &Provider, posts: &[wiremock::Request]) -> Vec<WebhookEvent> {
    posts.iter().flat_map(|post| provider.read_webhook(&post.body).expect("a webhook")).collect()
}

#[tokio::test]
async fn a_reminder_goes_out_through_the_adapter_and_its_answer_comes_back() {
    let sandbox = sandbox(|_| {}).await;
    let provider = connect(&sandbox, "");
    let hook = subscribed(&provider, 200).await;
    sandbox.deliver();
    assert_eq!(provider.templates().await.expect("a list").len(), 3);
    let (template, fill) = reminder(&provider).await;
    assert_eq!(template.status, TemplateStatus::Approved);
    // This number presses the first button.
    let answer = send(&provider, "5491155559908", &template, &fill, 7).await;
    let Answer::Accepted(accepted) = answer else { panic!("{answer:?}") };
    sandbox.pass_all();
    let posts = posted(&hook, 4).await;
    assert!(posts.iter().all(|post| post.headers["x-recado-webhook"] == "header-secret"));
    let mut statuses = Vec::new();
    let mut taps = Vec::new();
    for event in events(&provider, &posts) {
        match event {
            WebhookEvent::Receipt(receipt) => {
                assert_eq!((receipt.callback, receipt.provider_id), (Some(callback(7)), accepted.provider_id.clone()));
                statuses.push(receipt.status);
            }
            WebhookEvent::Reply(reply) => taps.push(reply),
            other => panic!("{other:?}"),
        }
    }
    statuses.sort();
    assert_eq!(statuses, [ReceiptStatus::Sent, ReceiptStatus::Delivered, ReceiptStatus::Read]);
    let [tap] = taps.as_slice() else { panic!("{taps:?}") };
    assert_eq!((tap.sender_ref.as_str(), tap.quoted.as_deref()), (SENDER, Some(accepted.provider_id.as_str())));
    // The payload was fixed with the template: the quote alone says which message it answers.
    assert_eq!(tap.content, ReplyContent::Button { text: "Confirmo".to_owned(), payload: None });
    let stats = sandbox.stats().await;
    assert_eq!((&stats["accepted"], &stats["duplicates"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn an_address_has_a_field_of_its_own_name() {
    let sandbox = sandbox(|config| config.zenvia.strict = true).await;
    let provider = connect(&sandbox, "");
    let found = provider.template("promo_verao", "pt_BR").await.expect("a list").expect("the template");
    let body = filled(&[("1", "Ana"), ("2", "20%")]);
    let buttons = vec![ButtonFill { index: 0, text: "VERAO20".to_owned() }];
    let whole = Fill { body: body.clone(), buttons, ..Fill::default() };
    assert!(matches!(send(&provider, "5511988887777", &found, &whole, 1).await, Answer::Accepted(_)));
    let without = Fill { body, ..Fill::default() };
    let refused = send(&provider, "5511988887777", &found, &without, 2).await;
    assert!(matches!(refused, Answer::Refused(Failure { code: 400, .. })), "{refused:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_rejected_later_or_at_once_where_the_sandbox_is_strict() {
    for strict in [false, true] {
        let sandbox = sandbox(|config| config.zenvia.strict = strict).await;
        let provider = connect(&sandbox, "");
        let hook = subscribed(&provider, 200).await;
        sandbox.deliver();
        let (template, fill) = reminder(&provider).await;
        let verdict = json!({"name": "appointment_reminder", "language": "es_AR", "status": "PAUSED"});
        sandbox.post("/_sandbox/template", &verdict).await;
        let again = provider.template("appointment_reminder", "es_AR").await.expect("a list").expect("the template");
        assert_eq!(again.status, TemplateStatus::Paused);
        let answer = send(&provider, "5491155550123", &template, &fill, 7).await;
        if strict {
            assert!(matches!(answer, Answer::Stopped { .. }), "{answer:?}");
            continue;
        }
        assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
        sandbox.pass(5, 0);
        let told = events(&provider, &posted(&hook, 1).await);
        let [WebhookEvent::Receipt(receipt)] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(receipt.failure.as_ref().map(|f| f.code), Some(132_015));
    }
}

#[tokio::test]
async fn the_form_is_judged_with_the_path_of_what_is_wrong() {
    let sandbox = sandbox(|_| {}).await;
    let path = "/v2/channels/whatsapp/messages";
    let call = |body: Value, token: bool| {
        let request = sandbox.request(Method::POST, path).json(&body);
        let request = if token { request.header("X-API-TOKEN", "token") } else { request };
        async move {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
        }
    };
    let whole = json!({"from": SENDER, "to": "5491155550123", "contents": [{"type": "text", "text": "Hola"}]});
    let (status, body) = call(whole.clone(), false).await;
    assert_eq!((status, &body["code"]), (401, &json!("AUTHENTICATION_ERROR")));
    for (key, value, wrong) in [
        ("from", json!(""), "$.from"),
        ("from", json!("not a sender"), "$.from"),
        ("to", json!("hello"), "$.to"),
        ("contents", json!([]), "$.contents"),
        ("contents", json!([{"type": "poem"}]), "$.contents[0].type"),
        ("contents", json!([{"type": "text"}]), "$.contents[0].text"),
        ("contents", json!([{"type": "template"}]), "$.contents[0].templateId"),
    ] {
        let mut body = whole.clone();
        body[key] = value;
        let (status, told) = call(body, true).await;
        assert_eq!((status, &told["details"][0]["path"]), (400, &json!(wrong)), "{told}");
    }
}

#[tokio::test]
async fn events_are_tried_again_under_one_id_until_their_tries_are_used_up() {
    let sandbox = sandbox(|config| config.zenvia.tries = 3).await;
    let provider = connect(&sandbox, "");
    let hook = subscribed(&provider, 500).await;
    sandbox.deliver();
    let (template, fill) = reminder(&provider).await;
    // The phone is off: one status for the next hours.
    send(&provider, "5491155559905", &template, &fill, 7).await;
    for _ in 0..6 {
        sandbox.pass(15, 0);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let posts = posted(&hook, 3).await;
    assert_eq!(posts.len(), 3, "and then it is lost");
    let ids: Vec<Value> = posts.iter().map(|post| post.body_json::<Value>().expect("JSON")["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_subscription_that_fails_too_often_degrades_and_is_brought_back() {
    let sandbox = sandbox(|_| {}).await;
    let provider = connect(&sandbox, "");
    let hook = subscribed(&provider, 500).await;
    let url = hook.uri().parse().expect("an address");
    sandbox.deliver();
    let (template, fill) = reminder(&provider).await;
    send(&provider, "5491155559905", &template, &fill, 7).await;
    for _ in 0..40 {
        sandbox.pass(15, 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let states = || async { zenvia(&provider).subscriptions(&url).await.expect("a list") };
    let told = states().await;
    let of = |event: &str| told.iter().find(|one| one.event == event).expect("it is there").clone();
    assert_eq!(of("MESSAGE").state, SubscriptionState::Active, "each has its own counter");
    let degraded = of("MESSAGE_STATUS");
    assert_eq!(degraded.state, SubscriptionState::Degraded);
    zenvia(&provider).reactivate(&degraded, &url, None, false).await.expect("patched");
    assert!(states().await.iter().all(|one| one.state == SubscriptionState::Active));
}

#[tokio::test]
async fn a_third_subscription_to_one_event_is_refused() {
    let sandbox = sandbox(|_| {}).await;
    let provider = connect(&sandbox, "");
    let url = "http://127.0.0.1:1/".parse().expect("an address");
    for is_taken in [true, true, false] {
        assert_eq!(zenvia(&provider).subscribe("MESSAGE", &url, None, false).await.is_ok(), is_taken);
    }
}

#[tokio::test]
async fn signed_requests_are_asked_for_and_recognised() {
    let sandbox = sandbox(|config| config.zenvia.signing_secret = Some("s3cret".into())).await;
    assert!(connect(&sandbox, "").templates().await.is_err());
    assert!(connect(&sandbox, "signing_secret = \"another\"").templates().await.is_err());
    let provider = connect(&sandbox, "signing_secret = \"s3cret\"");
    let (template, fill) = reminder(&provider).await;
    let answer = send(&provider, "5491155550123", &template, &fill, 7).await;
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
}

#[tokio::test]
async fn a_new_template_passes_two_reviews_and_a_refusal_has_a_comment() {
    let sandbox = sandbox(|_| {}).await;
    let provider = connect(&sandbox, "");
    let make = |name: &str| {
        let body = json!({"name": name, "locale": "pt_BR", "channel": "WHATSAPP", "senderId": SENDER,
            "category": "UTILITY", "components": {"body": {"type": "TEXT_TEMPLATE", "text": "Oi {{nome}}!"}},
            "examples": {"nome": "Ana"}});
        sandbox.request(Method::POST, "/v2/templates").header("X-API-TOKEN", "token").json(&body).send()
    };
    assert_eq!(make("Aviso Novo").await.expect("an answer").status(), 200);
    assert_eq!(make("Aviso Novo").await.expect("an answer").status(), 409);
    assert_eq!(make("please reject").await.expect("an answer").status(), 200);
    let status = |name: &'static str| {
        let provider = provider.clone();
        async move { provider.template(name, "pt_BR").await.expect("a list").expect("the template").status }
    };
    assert_eq!(status("aviso_novo").await, TemplateStatus::Pending);
    sandbox.pass_by(0, Duration::from_mins(6));
    assert_eq!(status("aviso_novo").await, TemplateStatus::Pending, "the second review");
    sandbox.pass_by(0, Duration::from_mins(6));
    assert_eq!(status("aviso_novo").await, TemplateStatus::Approved);
    assert_eq!(status("please_reject").await, TemplateStatus::Rejected);
    let request = sandbox.request(Method::GET, "/v2/templates?status=REJECTED").header("X-API-TOKEN", "token");
    let rejected: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(rejected[0]["comments"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_lost_answer_was_taken_and_its_receipts_name_it() {
    let sandbox = sandbox(|_| {}).await;
    let provider = connect(&sandbox, "");
    let hook = subscribed(&provider, 200).await;
    sandbox.deliver();
    let (template, fill) = reminder(&provider).await;
    for (kind, reason) in
        [("lost_answer", "the connection broke before the answer"), ("server_error", "HTTP 500, code 500")]
    {
        sandbox.delete("/_sandbox/faults").await;
        sandbox.post("/_sandbox/faults", &json!({"kind": kind, "rate": 1.0, "when": "after"})).await;
        let answer = send(&provider, "5491155550123", &template, &fill, 7).await;
        assert_eq!(answer, Answer::Unknown { reason: reason.to_owned(), pause: None }, "{kind}");
    }
    sandbox.delete("/_sandbox/faults").await;
    sandbox.post("/_sandbox/faults", &json!({"kind": "throttle", "rate": 1.0})).await;
    let answer = send(&provider, "5491155550123", &template, &fill, 8).await;
    assert!(matches!(answer, Answer::Throttled { .. }), "{answer:?}");
    sandbox.pass_all();
    let told = events(&provider, &posted(&hook, 6).await);
    assert!(told.iter().all(|e| matches!(e, WebhookEvent::Receipt(r) if r.callback == Some(callback(7)))), "{told:?}");
    let stats = sandbox.stats().await;
    assert_eq!((&stats["accepted"], &stats["unique"], &stats["duplicates"]), (&json!(2), &json!(1), &json!(1)));
}

#[tokio::test]
async fn a_template_that_is_billed_as_something_else_says_so_in_the_list() {
    let sandbox = sandbox(|_| ()).await;
    let provider = connect(&sandbox, "");
    let (before, _) = reminder(&provider).await;
    let verdict = json!({"name": before.name, "language": before.language, "category": "MARKETING"});
    sandbox.post("/_sandbox/template", &verdict).await;
    let (after, _) = reminder(&provider).await;
    assert_eq!((before.category, after.category), (Category::Utility, Category::Marketing));
}
