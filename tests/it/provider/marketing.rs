//! By which of Meta's two endpoints a template goes: as configured, and as its errors say.

use std::time::Duration;

use recado::domain::answer::{Answer, ThrottleScope};
use recado::domain::fill::Fill;
use recado::domain::template::{Category, ParameterFormat, Template, TemplateStatus};
use recado::provider::{Body, Provider, SendRequest};
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{SENDER, account, callback, cloud_api, person};

fn template(name: &str, category: Category) -> Template {
    Template {
        provider_id: name.to_owned(),
        name: name.to_owned(),
        language: "es_AR".to_owned(),
        category,
        status: TemplateStatus::Approved,
        format: ParameterFormat::Positional,
        header: None,
        body: "Hola".to_owned(),
        footer: None,
        buttons: Vec::new(),
        time_to_live_s: None,
        announced: None,
        quality: None,
        parameters_unknown: false,
        offer: None,
        cards: Vec::new(),
        examples: Vec::new(),
    }
}

/// An account whose endpoint `path` refuses everything with `code`; the other takes everything.
async fn refusing(at: &str, code: i64) -> MockServer {
    let server = MockServer::start().await;
    for endpoint in ["messages", "marketing_messages"] {
        let answer = if endpoint == at {
            let error = json!({"message": "no", "type": "OAuthException", "code": code, "fbtrace_id": "t"});
            ResponseTemplate::new(400).set_body_json(json!({"error": error}))
        } else {
            ResponseTemplate::new(200).set_body_json(json!({"messages": [{"id": "wamid.X"}]}))
        };
        let to = path(format!("/{SENDER}/{endpoint}"));
        Mock::given(method("POST")).and(to).respond_with(answer).mount(&server).await;
    }
    server
}

async fn send(provider: &Provider, template: &Template) -> Answer {
    let to = person();
    let fill = Fill::default();
    let body = Body::Template { template, fill: &fill };
    provider.send(&SendRequest { sender_ref: SENDER, to: &to, callback: callback(), body }).await
}

fn wanting(server: &MockServer, marketing: bool) -> Provider {
    let mut account = account(&server.uri());
    cloud_api(&mut account).marketing_messages = marketing;
    Provider::connect(&account).unwrap()
}

/// The endpoints that were asked, in order.
async fn asked(server: &MockServer) -> Vec<String> {
    let all = server.received_requests().await.unwrap();
    all.iter().map(|r| r.url.path().rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn each_refusal_that_names_the_other_endpoint_leads_there_in_an_attempt_of_its_own() {
    // Configured for its own endpoint, which refuses; what it learns, and whether another template goes there too.
    for (marketing, at, code, others_too) in [
        (false, "messages", 131_063, true),
        (false, "messages", 131_061, false),
        (true, "marketing_messages", 131_055, false),
        (true, "marketing_messages", 134_100, false),
        (true, "marketing_messages", 134_101, false),
        (true, "marketing_messages", 134_102, false),
    ] {
        let server = refusing(at, code).await;
        let provider = wanting(&server, marketing);
        let promo = template("promo", Category::Marketing);
        let Answer::Throttled { scope: ThrottleScope::Message, retry_after, failure } = send(&provider, &promo).await
        else {
            panic!("{code} is no try that was certainly not accepted")
        };
        assert_eq!((retry_after, failure.code), (Duration::from_secs(1), code));
        assert!(matches!(send(&provider, &promo).await, Answer::Accepted(_)), "{code}");
        let other = send(&provider, &template("other", Category::Marketing)).await;
        assert_eq!(matches!(other, Answer::Accepted(_)), others_too, "{code}: {other:?}");
        let asked = asked(&server).await;
        assert_eq!((asked.len(), asked[0].as_str()), (3, at), "one request an attempt: {asked:?}");
        assert_ne!(asked[1], asked[0], "{code}");
    }
}

#[tokio::test]
async fn only_marketing_goes_by_the_marketing_endpoint() {
    let server = refusing("nowhere", 0).await;
    let provider = wanting(&server, true);
    send(&provider, &template("promo", Category::Marketing)).await;
    send(&provider, &template("turno", Category::Utility)).await;
    send(&wanting(&server, false), &template("promo", Category::Marketing)).await;
    assert_eq!(asked(&server).await, ["marketing_messages", "messages", "messages"]);
    // A refusal that says nothing of the endpoint changes none.
    let server = refusing("messages", 131_026).await;
    let provider = wanting(&server, false);
    let promo = template("promo", Category::Marketing);
    for _ in 0..2 {
        assert!(matches!(send(&provider, &promo).await, Answer::Refused(_)));
    }
    assert_eq!(asked(&server).await, ["messages", "messages"]);
}
