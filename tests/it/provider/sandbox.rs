//! The adapter against the sandbox, which shares no code with it: two readings of one documentation meet on the wire.

use recado::clock::Clock;
use recado::domain::answer::Answer;
use recado::domain::callback::{ButtonPayload, CallbackData};
use recado::domain::event::{MediaKind, Preference, Receipt, ReceiptStatus, Reply, ReplyContent, WebhookEvent};
use recado::domain::fill::{ButtonFill, Fill, Value};
use recado::domain::id::MessageId;
use recado::domain::recipient::Recipient;
use recado::domain::template::Template;
use recado::provider::{Body, Provider, SendRequest};
use recado::sandbox::sign;

use super::{SENDER, callback, provider};
use crate::support::sandbox::{APP_SECRET, TUESDAY, TestSandbox, sandbox_config, start_sandbox};

struct Met {
    sandbox: TestSandbox,
    provider: Provider,
}

/// A sandbox that takes any template, and an adapter that talks to it.
async fn meet() -> Met {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.any_template = true;
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let provider = provider(&sandbox.base_url());
    Met { sandbox, provider }
}

fn value(name: &str, text: &str) -> Value {
    Value { name: name.to_owned(), text: text.to_owned() }
}

fn reminder() -> Fill {
    let body = vec![value("1", "Ana"), value("2", "Laboratorio"), value("3", "martes, 14:30")];
    Fill { body, ..Fill::default() }
}

impl Met {
    async fn template(&self, name: &str, language: &str) -> Template {
        self.provider.template(name, language).await.expect("an answer").unwrap_or_else(|| panic!("{name} is missing"))
    }

    /// Sends `template` as message `message` to the person whose number ends in `digits`.
    async fn send(&self, message: i64, digits: &str, template: &Template, fill: &Fill) -> Answer {
        let to = Recipient::parse(&format!("549115555{digits}")).expect("a number");
        let callback = CallbackData { message: MessageId(message), ..callback() };
        let request = SendRequest { sender_ref: SENDER, to: &to, callback, body: Body::Template { template, fill } };
        self.provider.send(&request).await
    }

    /// Everything that the sandbox posts until nothing is left to happen. Nothing of it may be strange to the adapter.
    fn events(&self) -> Vec<WebhookEvent> {
        let read = |body: serde_json::Value| {
            let body = body.to_string();
            let signature = sign(APP_SECRET, body.as_bytes());
            assert!(self.provider.is_authentic(Some(&signature), body.as_bytes()), "{body}");
            self.provider.read_webhook(body.as_bytes()).expect("JSON")
        };
        let events: Vec<WebhookEvent> = self.sandbox.pass_all().into_iter().flat_map(read).collect();
        let strange = events.iter().find(|e| matches!(e, WebhookEvent::Unhandled { .. }));
        assert!(strange.is_none(), "{strange:?}");
        events
    }
}

fn receipts(events: &[WebhookEvent], message: i64) -> Vec<&Receipt> {
    let receipts = events.iter().filter_map(|e| if let WebhookEvent::Receipt(r) = e { Some(r) } else { None });
    receipts.filter(|r| r.callback.as_ref().is_some_and(|c| c.message == MessageId(message))).collect()
}

/// What the person whose number ends in `digits` said.
fn replies<'a>(events: &'a [WebhookEvent], digits: &str) -> Vec<&'a Reply> {
    let replies = events.iter().filter_map(|e| if let WebhookEvent::Reply(r) = e { Some(r) } else { None });
    replies.filter(|r| r.from.wa_id.as_ref().is_some_and(|id| id.ends_with(digits))).collect()
}

#[tokio::test]
async fn the_sample_templates_are_read_and_taken_with_every_kind_of_parameter() {
    let met = meet().await;
    assert_eq!(met.provider.templates().await.unwrap().len(), 3);
    let named = Fill { body: vec![value("agent_name", "Diego"), value("first_name", "Ana")], ..Fill::default() };
    let promotion = Fill {
        body: vec![value("1", "Ana"), value("2", "20%")],
        buttons: vec![ButtonFill { index: 0, text: "VERAO 20".to_owned() }],
        ..Fill::default()
    };
    let unknown = met.template("a_name_nobody_knows", "es_AR").await;
    assert!(unknown.parameters_unknown, "{unknown:?}");
    for (template, fill) in [
        (met.template("appointment_reminder", "es_AR").await, reminder()),
        (met.template("resume_contact", "es_AR").await, named),
        (met.template("promo_verao", "pt_BR").await, promotion),
        (unknown, reminder()),
    ] {
        let answer = met.send(1, "0200", &template, &fill).await;
        assert!(matches!(&answer, Answer::Accepted(a) if !a.in_review), "{}: {answer:?}", template.name);
    }
    let reminder = met.template("appointment_reminder", "es_AR").await;
    let wrong = met.send(1, "0200", &reminder, &Fill::default()).await;
    assert!(matches!(&wrong, Answer::Refused(f) if f.code == 132_000), "{wrong:?}");
}

#[tokio::test]
async fn receipts_carry_our_callback_the_price_and_the_failure() {
    let met = meet().await;
    let template = met.template("appointment_reminder", "es_AR").await;
    let Answer::Accepted(accepted) = met.send(1, "0200", &template, &reminder()).await else { panic!("not accepted") };
    met.send(2, "9901", &template, &reminder()).await;
    let events = met.events();
    let told = receipts(&events, 1);
    let statuses: Vec<ReceiptStatus> = told.iter().map(|r| r.status).collect();
    assert_eq!(statuses, [ReceiptStatus::Sent, ReceiptStatus::Delivered, ReceiptStatus::Read]);
    for receipt in &told {
        assert_eq!((&receipt.provider_id, receipt.sender_ref.as_str()), (&accepted.provider_id, SENDER));
        assert!(receipt.at >= TUESDAY && receipt.wa_id == accepted.wa_id, "{receipt:?}");
    }
    let priced = told.iter().find_map(|r| r.pricing.as_ref()).expect("a delivered message has a price");
    assert_eq!((priced.kind.as_str(), priced.category.as_str()), ("regular", "utility"));
    let failed = receipts(&events, 2);
    assert!(failed.iter().any(|r| r.failure.as_ref().is_some_and(|f| f.code == 131_026)), "{failed:?}");
}

#[tokio::test]
async fn what_people_answer_comes_back_in_recados_words() {
    let met = meet().await;
    let template = met.template("appointment_reminder", "es_AR").await;
    let mut ids = Vec::new();
    for (message, digits) in [(7, "9907"), (8, "9908"), (10, "9910")] {
        let answer = met.send(message, digits, &template, &reminder()).await;
        let Answer::Accepted(accepted) = answer else { panic!("{digits}: {answer:?}") };
        ids.push(accepted.provider_id);
    }
    let events = met.events();
    assert!(matches!(replies(&events, "9907")[0].content, ReplyContent::Text { .. }));
    let tapped = replies(&events, "9908")[0];
    let payload = ButtonPayload { instance: callback().instance, message: MessageId(8), index: 0 };
    let content = ReplyContent::Button { text: "Confirmo".to_owned(), payload: Some(payload) };
    assert_eq!((tapped.quoted.as_ref(), &tapped.content), (Some(&ids[1]), &content));
    let spoken = replies(&events, "9910")[0];
    assert!(matches!(&spoken.content, ReplyContent::Media(m) if m.kind == MediaKind::Voice), "{spoken:?}");
}

#[tokio::test]
async fn an_opt_out_comes_as_a_preference_or_a_reply() {
    let met = meet().await;
    let template = met.template("resume_contact", "es_AR").await;
    let fill = Fill { body: vec![value("agent_name", "Diego"), value("first_name", "Ana")], ..Fill::default() };
    met.send(9, "9909", &template, &fill).await;
    let events = met.events();
    let preference = |e: &WebhookEvent| matches!(e, WebhookEvent::Preference(Preference { stop: true, .. }));
    assert!(events.iter().any(preference) || !replies(&events, "9909").is_empty(), "{events:?}");
}

#[tokio::test]
async fn the_sandbox_tells_how_a_sender_stands() {
    let met = meet().await;
    let status = met.provider.sender_status(SENDER).await.unwrap();
    assert_eq!((status.throughput, status.status.as_str()), (Some(80), "CONNECTED"));
    assert_eq!(status.tier.as_deref(), Some("UNLIMITED"));
}
