//! The adapter and the sandbox, which share no code, understand each other.

use recado::config::{Access, Account, CloudApiAccess};
use recado::domain::answer::Answer;
use recado::domain::callback::{CallbackData, Instance};
use recado::domain::event::{ReceiptStatus, ReplyContent, WebhookEvent};
use recado::domain::fill::{Fill, Value};
use recado::domain::id::MessageId;
use recado::domain::recipient::Recipient;
use recado::domain::template::TemplateStatus;
use recado::provider::{Body, Provider, SendRequest};

use crate::support::sandbox::{ACCOUNT, APP_SECRET, SENDER, TestSandbox, VERIFY_TOKEN, quiet_sandbox};

fn connect(sandbox: &TestSandbox) -> Provider {
    let account = Account {
        name: "meta".to_owned(),
        access: Access::CloudApi(CloudApiAccess {
            app_id: Some("9001".to_owned()),
            through: recado::config::Through::Meta,
            webhook: None,
            marketing_messages: false,
            waba_id: ACCOUNT.to_owned(),
            access_token: "token".into(),
            app_secret: APP_SECRET.into(),
            verify_token: VERIFY_TOKEN.into(),
        }),
        base_url: sandbox.base_url().parse().expect("a URL"),
        portfolio: None,
        currency: recado::domain::money::Currency::parse("USD").expect("a currency"),
        timezone: jiff::tz::TimeZone::UTC,
        errors: recado::domain::failure::Table::default(),
        reading: recado::config::Reading::default(),
        template_languages: Vec::new(),
        template_words_per_variable: 2,
    };
    Provider::connect(&account).expect("an adapter")
}

#[tokio::test]
async fn a_reminder_goes_out_through_the_adapter_and_its_answer_comes_back() {
    let sandbox = quiet_sandbox().await;
    let provider = connect(&sandbox);
    assert_eq!(provider.templates().await.expect("a list").len(), 3);
    assert_eq!(provider.sender_status(SENDER).await.expect("a status").throughput, Some(80));
    let template = provider.template("appointment_reminder", "es_AR").await.expect("a list").expect("the template");
    assert_eq!(template.status, TemplateStatus::Approved);
    let body = ["Ana", "Laboratorio Norte", "martes 24 de noviembre, 14:30"];
    let body =
        body.iter().zip(1..).map(|(text, no)| Value { name: no.to_string(), text: (*text).to_owned() }).collect();
    let callback =
        CallbackData { instance: Instance::parse("test").expect("a name"), message: MessageId(7), attempt: 1 };
    let request = SendRequest {
        sender_ref: SENDER,
        to: &Recipient::parse("5491155559908").expect("a number"),
        callback: callback.clone(),
        body: Body::Template { template: &template, fill: &Fill { body, ..Fill::default() } },
    };
    let answer = provider.send(&request).await;
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");

    let mut told = Vec::new();
    for hour in 0..24 {
        let real = tokio::time::Instant::now() + std::time::Duration::from_secs(15 * hour);
        sandbox.clock.advance(std::time::Duration::from_hours(1));
        for post in sandbox.sandbox.step(real, sandbox.clock.now(), 100) {
            assert!(provider.is_authentic(Some(&post.signature), &post.body));
            told.extend(provider.read_webhook(&post.body).expect("a webhook"));
        }
    }
    let mut statuses = Vec::new();
    let mut taps = Vec::new();
    for event in told {
        match event {
            WebhookEvent::Receipt(receipt) => {
                assert_eq!(receipt.callback.as_ref(), Some(&callback));
                statuses.push(receipt.status);
            }
            WebhookEvent::Reply(reply) => taps.push(reply.content),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(statuses, [ReceiptStatus::Sent, ReceiptStatus::Delivered, ReceiptStatus::Read]);
    let [ReplyContent::Button { text, payload: Some(payload) }] = taps.as_slice() else { panic!("{taps:?}") };
    assert_eq!((text.as_str(), payload.message, payload.index), ("Confirmo", MessageId(7), 0));
}
