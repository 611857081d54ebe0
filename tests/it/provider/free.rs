//! What is written freely within the window: its body at each provider, and its limits, by table.

use recado::domain::failure::Dialect;
use recado::domain::free::{self, Free};
use recado::domain::recipient::Recipient;
use recado::provider::{Body, FileAt, Provider, SendRequest};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{callback, person};

fn table(part: &str) -> Vec<Value> {
    let text = std::fs::read_to_string("tests/fixtures/free.json").unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all[part].as_array().unwrap().clone()
}

/// What reaches the provider of `case`; `None`: nothing does.
async fn sent(provider: impl Fn(&str) -> Provider, case: &Value, is_link: bool, to: &Recipient) -> Option<Vec<u8>> {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(200).set_body_string("{}"))
        .mount(&server)
        .await;
    let free: Free = serde_json::from_value(case["message"].clone()).unwrap();
    let file = &case["file"];
    let text = |key: &str| file[key].as_str().unwrap_or_default();
    let at = if is_link {
        FileAt::Link { link: text("link"), mime_type: text("mime_type") }
    } else {
        FileAt::Id(text("id"))
    };
    let body = Body::Free { free: &free, quoted: case["quoted"].as_str(), file: (!file.is_null()).then_some(at) };
    let request = SendRequest { sender_ref: "5491155550100", to, callback: callback(), body };
    provider(&server.uri()).send(&request).await;
    server.received_requests().await.unwrap().pop().map(|request| request.body)
}

#[tokio::test]
async fn every_kind_goes_out_as_the_table_says_at_each_provider() {
    let cases = table("sends");
    assert!(cases.len() >= 15);
    for case in cases {
        let meta = sent(super::provider, &case, false, &person()).await.unwrap();
        let mut meta: Value = serde_json::from_slice(&meta).unwrap();
        let object = meta.as_object_mut().unwrap();
        for key in ["messaging_product", "recipient_type", "to", "biz_opaque_callback_data"] {
            assert!(object.remove(key).is_some(), "{key}");
        }
        assert_eq!(meta, case["cloud_api"], "{}", case["name"]);

        let form = sent(super::gupshup::provider, &case, true, &person()).await;
        let message = form.map(|form| {
            let mut fields = url::form_urlencoded::parse(&form);
            let message = fields.find(|(key, _)| key == "message").unwrap().1.into_owned();
            let plain = message.replace(&callback().to_string(), "CALLBACK");
            serde_json::from_str::<Value>(&plain).unwrap()
        });
        assert_eq!(message.unwrap_or(Value::Null), case["gupshup"], "{}", case["name"]);

        let zenvia = sent(super::zenvia::provider, &case, true, &person()).await;
        let zenvia = zenvia.map(|body| serde_json::from_slice::<Value>(&body).unwrap());
        let content = zenvia.as_ref().map_or(Value::Null, |body| body["contents"][0].clone());
        assert_eq!(content, case["zenvia"], "{}", case["name"]);
        let quoted = zenvia.map_or(Value::Null, |body| body["idRef"].clone());
        assert_eq!(quoted, if content.is_null() { Value::Null } else { case["quoted"].clone() }, "{}", case["name"]);
    }
}

#[test]
fn limits_are_the_tables() {
    for case in table("limits") {
        let free: Free = serde_json::from_value(case["message"].clone()).unwrap();
        for through in case["through"].as_array().unwrap() {
            let dialect = match through.as_str().unwrap() {
                "cloud_api" => Dialect::CloudApi,
                "gupshup" => Dialect::Gupshup,
                _ => Dialect::Zenvia,
            };
            let problems = free::problems(&free, dialect);
            let first = problems.first().map(|p| {
                let what = p.args.iter().find(|(key, _)| key.as_str() == "what").map(|(_, what)| what.as_str());
                format!("{} {}", p.code, what.unwrap_or_default()).trim().to_owned()
            });
            assert_eq!(json!(first), case["problem"], "{} {through}: {problems:?}", case["name"]);
        }
    }
}

#[test]
fn whatever_the_table_sends_is_within_the_limits() {
    for case in table("sends") {
        let free: Free = serde_json::from_value(case["message"].clone()).unwrap();
        for (through, dialect) in
            [("cloud_api", Dialect::CloudApi), ("gupshup", Dialect::Gupshup), ("zenvia", Dialect::Zenvia)]
        {
            assert_eq!(
                free::problems(&free, dialect).is_empty(),
                !case[through].is_null(),
                "{} {through}",
                case["name"]
            );
        }
    }
}

#[tokio::test]
async fn a_person_without_a_number_is_written_to_by_their_id_at_meta_alone() {
    let to = Recipient::parse("AR.13491208655302741918").unwrap();
    let case = &table("sends")[0];
    let meta: Value = serde_json::from_slice(&sent(super::provider, case, false, &to).await.unwrap()).unwrap();
    assert_eq!((&meta["recipient"], &meta["to"]), (&json!("AR.13491208655302741918"), &Value::Null));
    assert_eq!(sent(super::gupshup::provider, case, true, &to).await, None);
    assert_eq!(sent(super::zenvia::provider, case, true, &to).await, None);
}
