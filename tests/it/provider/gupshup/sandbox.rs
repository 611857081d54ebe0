//! The adapter against the sandbox's Gupshup: two implementations that share nothing but the documentation.

use recado::clock::Clock;
use recado::config::access::GupshupCredentials;
use recado::domain::answer::Answer;
use recado::domain::event::{Receipt, ReceiptStatus, ReplyContent, WebhookEvent};
use recado::domain::fill::{Fill, Value};
use recado::domain::recipient::Recipient;
use recado::domain::template::Template;
use recado::provider::{Body, Provider, SendRequest};
use serde_json::json;

use super::{NUMBER, account, key, provider};
use crate::provider::callback;
use crate::support::sandbox::{TUESDAY, TestSandbox, sandbox_config, start_sandbox};

pub async fn start(change: impl FnOnce(&mut recado::sandbox::SandboxConfig)) -> (TestSandbox, String) {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.provider = recado::sandbox::SandboxProvider::Gupshup;
    change(&mut config);
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let url = format!("http://{}", sandbox.address);
    (sandbox, url)
}

fn fill(values: &[&str]) -> Fill {
    let body = values.iter().enumerate();
    let body = body.map(|(i, text)| Value { name: (i + 1).to_string(), text: (*text).to_owned() }).collect();
    Fill { body, ..Fill::default() }
}

async fn send(provider: &Provider, template: &Template, to: &str, values: &[&str]) -> Answer {
    let to = Recipient::parse(to).unwrap();
    let fill = fill(values);
    let body = Body::Template { template, fill: &fill };
    provider.send(&SendRequest { sender_ref: NUMBER, to: &to, callback: callback(), body }).await
}

async fn reminder(provider: &Provider) -> Template {
    provider.template("appointment_reminder", "es_AR").await.unwrap().expect("a sample")
}

/// Every event of `bodies`, as the adapter reads them.
fn events(provider: &Provider, bodies: &[serde_json::Value]) -> Vec<WebhookEvent> {
    bodies.iter().flat_map(|body| provider.read_webhook(body.to_string().as_bytes()).unwrap()).collect()
}

fn receipts(events: &[WebhookEvent]) -> Vec<&Receipt> {
    events.iter().filter_map(|e| if let WebhookEvent::Receipt(receipt) = e { Some(receipt) } else { None }).collect()
}

const VALUES: [&str; 3] = ["Ana", "Centro", "martes"];

#[tokio::test]
async fn a_template_is_accepted_and_its_whole_life_is_told_by_one_id_in_both_shapes() {
    for version in [2, 3] {
        let (sandbox, url) = start(|config| config.gupshup.version = version).await;
        let provider = provider(&url);
        let template = reminder(&provider).await;
        let Answer::Accepted(accepted) = send(&provider, &template, "5491155550123", &VALUES).await else {
            panic!("not accepted")
        };
        let events = events(&provider, &sandbox.pass_all());
        let receipts = receipts(&events);
        assert!(receipts.iter().all(|r| r.provider_id == accepted.provider_id), "{receipts:?}");
        let words: Vec<ReceiptStatus> = receipts.iter().map(|r| r.status).collect();
        use ReceiptStatus::{Accepted, Delivered, Other, Read, Sent};
        for word in [Accepted, Sent, Delivered, Read, Other] {
            assert!(words.contains(&word), "version {version}: {words:?}");
        }
        let first = receipts.iter().find(|r| r.status == Accepted).unwrap();
        assert!(first.other_id.as_deref().unwrap().starts_with("wamid."), "{first:?}");
        assert_eq!((first.of_template, first.wa_id.as_deref()), (Some(true), Some("5491155550123")));
        let bill = receipts.iter().find(|r| r.status == Other).unwrap().pricing.clone().unwrap();
        assert_eq!((&*bill.kind, &*bill.category, bill.billable), ("regular", "utility", Some(true)));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_message_comes_later_with_its_code() {
    let (sandbox, url) = start(|config| config.gupshup.wallet = Some(60_000)).await;
    let provider = provider(&url);
    let template = reminder(&provider).await;
    let unknown = Template { provider_id: "nobody".to_owned(), ..template.clone() };
    let cases = [
        (&template, "5491155559901", &VALUES[..], 1_002),
        (&template, "5491155550124", &VALUES[..2], 132_000),
        (&unknown, "5491155550125", &VALUES[..], 4_003),
    ];
    for (template, to, values, code) in cases {
        let Answer::Accepted(accepted) = send(&provider, template, to, values).await else { panic!("{code}") };
        let events = events(&provider, &sandbox.pass_all());
        let receipts = receipts(&events);
        assert_eq!(receipts.len(), 1, "{code}: {receipts:?}");
        assert_eq!(receipts[0].failure.as_ref().unwrap().code, code);
        assert_eq!((&receipts[0].provider_id, &receipts[0].other_id), (&accepted.provider_id, &None));
    }
    for (to, code) in [("5491155550126", None), ("5491155550127", None), ("5491155550128", Some(1_003))] {
        send(&provider, &template, to, &VALUES).await;
        let events = events(&provider, &sandbox.pass_all());
        let failed = receipts(&events).iter().find_map(|r| r.failure.as_ref().map(|f| f.code));
        assert_eq!(failed, code, "{to}");
    }
    let (status, told) = sandbox.post("/_sandbox/wallet", &json!({"add": 10})).await;
    assert_eq!(status, 200, "{told}");
    send(&provider, &template, "5491155550129", &VALUES).await;
    let events = events(&provider, &sandbox.pass_all());
    assert!(receipts(&events).iter().all(|r| r.failure.is_none()));
}

#[tokio::test]
async fn a_tap_brings_our_payload_and_names_the_message_by_the_id_of_its_answer() {
    for version in [2, 3] {
        let (sandbox, url) = start(|config| config.gupshup.version = version).await;
        let provider = provider(&url);
        let template = reminder(&provider).await;
        let Answer::Accepted(accepted) = send(&provider, &template, "5491155559908", &VALUES).await else {
            panic!("not accepted")
        };
        let events = events(&provider, &sandbox.pass_all());
        let reply = events.iter().find_map(|e| if let WebhookEvent::Reply(r) = e { Some(r) } else { None }).unwrap();
        let ReplyContent::Button { payload: Some(payload), .. } = &reply.content else { panic!("{reply:?}") };
        assert_eq!((payload.message, payload.index), (callback().message, 0));
        assert_eq!(reply.quoted.as_deref(), Some(accepted.provider_id.as_str()), "version {version}");
    }
}

#[tokio::test]
async fn late_events_name_whatsapps_id_alone() {
    let (sandbox, url) = start(|config| config.delivery.missing_ids = 1.0).await;
    let provider = provider(&url);
    let template = reminder(&provider).await;
    send(&provider, &template, "5491155550123", &VALUES).await;
    let events = events(&provider, &sandbox.pass_all());
    let receipts = receipts(&events);
    let enqueued = receipts.iter().find(|r| r.status == ReceiptStatus::Accepted).unwrap();
    let read = receipts.iter().find(|r| r.status == ReceiptStatus::Read).unwrap();
    assert_eq!((Some(&read.provider_id), &read.other_id), (enqueued.other_id.as_ref(), &None));
}

#[tokio::test]
async fn tokens_that_expire_are_fetched_from_the_sandbox_and_the_wallet_is_read_with_them() {
    let (sandbox, url) = start(|config| config.gupshup.wallet = Some(12_500_000)).await;
    for id in [None, Some("p1".to_owned())] {
        let (email, client_secret) = ("ops@example.org".to_owned(), "s3cret".into());
        let credentials = GupshupCredentials::Partner { id, email, client_secret, url: url.parse().unwrap() };
        let provider = Provider::connect(&account(&url, credentials, None)).unwrap();
        assert_eq!(provider.wallet().await.unwrap().unwrap().balance.0, 12_500_000);
        assert_eq!(sandbox.delete("/_sandbox/tokens").await.0, 200);
        // The refused token is given up, and the question asked again with another.
        assert_eq!(provider.wallet().await.unwrap().unwrap().balance.0, 12_500_000);
        assert_eq!(provider.sender_status("").await.unwrap().tier.as_deref(), Some("UNLIMITED"));
    }
    let nobody = Provider::connect(&account(&url, key(), None)).unwrap();
    assert!(nobody.wallet().await.unwrap().is_ok(), "anybody's own key is good");
}

#[tokio::test]
async fn a_template_made_over_the_wire_is_reviewed_by_the_clock_and_its_event_tells() {
    let (sandbox, url) = start(|_| ()).await;
    let provider = provider(&url);
    // The app exists once it has sent.
    send(&provider, &reminder(&provider).await, "5491155550123", &VALUES).await;
    sandbox.pass(60, 0);
    let client = crate::support::sandbox::plain_client();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("elementName", "nuevo"),
            ("languageCode", "es_AR"),
            ("category", "UTILITY"),
            ("content", "Hola {{1}}, gracias."),
            ("example", "Hola Ana, gracias."),
            ("templateType", "TEXT"),
            ("vertical", "turnos"),
        ])
        .finish();
    let made = client.post(format!("{url}/wa/app/SaludCenter/template")).header("apikey", "k");
    let made = made.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
    assert_eq!(made.status(), 200);
    let events = events(&provider, &sandbox.pass(0, 1));
    assert!(events.iter().any(|e| matches!(e, WebhookEvent::Template(news) if news.name == "nuevo")), "{events:?}");
}

#[tokio::test]
async fn a_number_that_whatsapp_writes_otherwise_is_told_beside_the_receipts() {
    let (sandbox, url) = start(|_| {}).await;
    let provider = provider(&url);
    let template = reminder(&provider).await;
    send(&provider, &template, "541155550123", &VALUES).await;
    let told = sandbox.pass_all();
    let kinds: Vec<&str> = told.iter().filter_map(|body| body["payload"]["type"].as_str()).collect();
    assert!(kinds.contains(&"mismatch"), "{kinds:?}");
    let events = events(&provider, &told);
    let other = receipts(&events).into_iter().find(|r| r.status == ReceiptStatus::Other && r.pricing.is_none());
    assert_eq!(other.and_then(|r| r.wa_id.as_deref()), Some("5491155550123"));
}

#[tokio::test]
async fn an_error_under_a_good_status_is_a_refusal() {
    let (sandbox, url) = start(|_| {}).await;
    let provider = provider(&url);
    let template = reminder(&provider).await;
    sandbox.post("/_sandbox/faults", &json!({"kind": "good_error", "rate": 1.0, "when": "after"})).await;
    let answer = send(&provider, &template, "5491155550123", &VALUES).await;
    assert!(matches!(&answer, Answer::Refused(failure) if failure.code == 400), "{answer:?}");
    assert_eq!(sandbox.stats().await["accepted"], 0);
}
