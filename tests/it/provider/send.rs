//! The exact bodies of sends.

use recado::domain::fill::{ButtonFill, Fill, HeaderFill, Value};
use recado::domain::template::{Button, Category, Header, ParameterFormat, Template, TemplateStatus};
use recado::provider::{Body, SendRequest};
use serde_json::{Value as Json, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{SENDER, callback, fixture, person, provider};

/// The body that reaches the provider, which must be a POST to the sender's messages with our token.
async fn sent(body: Body<'_>) -> Json {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(format!("/v26.0/{SENDER}/messages")))
        .and(header("Authorization", "Bearer EAAinventedtoken"))
        .and(header("Content-Type", "application/json"))
        .respond_with(ResponseTemplate::new(200).set_body_string(fixture("answers/accepted.json")))
        .expect(1)
        .mount(&server)
        .await;
    let to = person();
    let request = SendRequest { sender_ref: SENDER, to: &to, callback: callback(), body };
    provider(&format!("{}/v26.0/", server.uri())).send(&request).await;
    server.received_requests().await.expect("recording is on")[0].body_json().expect("JSON")
}

fn template(format: ParameterFormat, header: Option<Header>, body: &str, buttons: Vec<Button>) -> Template {
    Template {
        provider_id: "1".to_owned(),
        name: "spring_sale".to_owned(),
        language: "es_AR".to_owned(),
        category: Category::Marketing,
        status: TemplateStatus::Approved,
        format,
        header,
        body: body.to_owned(),
        footer: None,
        buttons,
        time_to_live_s: None,
        announced: None,
        quality: None,
        parameters_unknown: false,
        offer: None,
        cards: Vec::new(),
        examples: Vec::new(),
    }
}

fn value(name: &str, text: &str) -> Value {
    Value { name: name.to_owned(), text: text.to_owned() }
}

fn link(link: &str) -> HeaderFill {
    HeaderFill::Link { link: link.to_owned() }
}

fn quick_reply(text: &str) -> Button {
    Button::QuickReply { text: text.to_owned() }
}

fn url(text: &str) -> Button {
    Button::Url { text: text.to_owned(), url: "https://x.example/{{1}}".to_owned() }
}

/// The components of a template send.
async fn components(template: &Template, fill: &Fill) -> Json {
    sent(Body::Template { template, fill }).await["template"]["components"].clone()
}

#[tokio::test]
async fn a_template_goes_out_whole_with_positional_parameters_and_every_kind_of_button() {
    let other = Button::Other { text: "Llamar".to_owned() };
    let copy = Button::CopyCode { text: "Copiar".to_owned() };
    let buttons = vec![quick_reply("Sí"), quick_reply("No"), url("Ver"), other, copy];
    let template = template(ParameterFormat::Positional, Some(Header::Image), "Hola {{2}}: {{1}}", buttons);
    let fill = Fill {
        header: Some(link("https://x.example/banner.jpg")),
        // In the order of the text, as the campaign file gives them.
        body: vec![value("2", "Ana"), value("1", "20%"), value("10", "diez")],
        buttons: vec![
            ButtonFill { index: 4, text: "VERANO26".to_owned() },
            ButtonFill { index: 2, text: "promo?c=9001".to_owned() },
        ],
        ..Fill::default()
    };
    let expected = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+5491155550123", "type": "template",
        "biz_opaque_callback_data": "r1.h8k2mm.42.1",
        "template": {"name": "spring_sale", "language": {"code": "es_AR"}, "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://x.example/banner.jpg"}}]},
            {"type": "body", "parameters": [
                {"type": "text", "text": "20%"}, {"type": "text", "text": "Ana"}, {"type": "text", "text": "diez"}]},
            {"type": "button", "sub_type": "quick_reply", "index": "0",
                "parameters": [{"type": "payload", "payload": "b1.h8k2mm.42.0"}]},
            {"type": "button", "sub_type": "quick_reply", "index": "1",
                "parameters": [{"type": "payload", "payload": "b1.h8k2mm.42.1"}]},
            {"type": "button", "sub_type": "url", "index": "2",
                "parameters": [{"type": "text", "text": "promo?c=9001"}]},
            {"type": "button", "sub_type": "copy_code", "index": "4",
                "parameters": [{"type": "coupon_code", "coupon_code": "VERANO26"}]},
        ]},
    });
    assert_eq!(sent(Body::Template { template: &template, fill: &fill }).await, expected);
}

#[tokio::test]
async fn named_parameters_carry_their_names() {
    let header = Header::Text { text: "Hola {{first_name}}".to_owned() };
    let template = template(ParameterFormat::Named, Some(header), "El {{day}}, {{name}}.", vec![]);
    let fill = Fill {
        header: Some(HeaderFill::Text(value("first_name", "Ana"))),
        body: vec![value("day", "martes"), value("name", "Ana")],
        buttons: vec![],
        ..Fill::default()
    };
    let expected = json!([
        {"type": "header", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Ana"}]},
        {"type": "body", "parameters": [
            {"type": "text", "parameter_name": "day", "text": "martes"},
            {"type": "text", "parameter_name": "name", "text": "Ana"}]},
    ]);
    assert_eq!(components(&template, &fill).await, expected);
}

#[tokio::test]
async fn a_template_without_parameters_has_no_components() {
    let template = template(ParameterFormat::Positional, None, "Hola.", vec![Button::Other { text: "x".to_owned() }]);
    let body = sent(Body::Template { template: &template, fill: &Fill::default() }).await;
    assert_eq!(body["template"], json!({"name": "spring_sale", "language": {"code": "es_AR"}}));
}

#[tokio::test]
async fn a_header_link_goes_out_as_what_the_template_holds() {
    for (kind, address, expected) in [
        (
            Header::Image,
            "https://x.example/a.jpg",
            json!({"type": "image", "image": {"link": "https://x.example/a.jpg"}}),
        ),
        (
            Header::Video,
            "https://x.example/a.mp4",
            json!({"type": "video", "video": {"link": "https://x.example/a.mp4"}}),
        ),
        (
            Header::Document,
            "https://x.example/d/orden.pdf?k=1/2.x",
            json!({"type": "document",
                   "document": {"link": "https://x.example/d/orden.pdf?k=1/2.x", "filename": "orden.pdf"}}),
        ),
        (
            Header::Document,
            "https://x.example/d/9001",
            json!({"type": "document", "document": {"link": "https://x.example/d/9001"}}),
        ),
        (Header::Document, "https://x.example", json!({"type": "document", "document": {"link": "https://x.example"}})),
    ] {
        let template = template(ParameterFormat::Positional, Some(kind), "Hola.", vec![]);
        let fill = Fill { header: Some(link(address)), ..Fill::default() };
        let expected = json!([{"type": "header", "parameters": [expected]}]);
        assert_eq!(components(&template, &fill).await, expected);
    }
}

#[tokio::test]
async fn no_line_break_no_tab_and_no_long_run_of_spaces_leaves_in_a_parameter() {
    let template = template(ParameterFormat::Positional, None, "Hola {{1}}", vec![]);
    for (given, sent) in [
        ("Ana", "Ana"),
        ("Av. 1\r\nPiso\t2", "Av. 1 Piso 2"),
        ("a\n\n\n\nb", "a b"),
        ("a    b", "a    b"),
        ("a         b", "a    b"),
        ("a \n  \t  b", "a    b"),
    ] {
        let fill = Fill { body: vec![value("1", given)], ..Fill::default() };
        let expected = json!([{"type": "body", "parameters": [{"type": "text", "text": sent}]}]);
        assert_eq!(components(&template, &fill).await, expected, "{given:?}");
    }
}

#[tokio::test]
async fn a_url_suffix_is_escaped_only_where_no_url_could_hold_it() {
    let template = template(ParameterFormat::Positional, None, "Hola.", vec![url("Ver")]);
    for (given, sent) in [
        ("promo/a?c=9001&d=%20x#y", "promo/a?c=9001&d=%20x#y"),
        ("Muñoz 1", "Mu%C3%B1oz%201"),
        ("50% off\n", "50%25%20off%0A"),
    ] {
        let fill = Fill { buttons: vec![ButtonFill { index: 0, text: given.to_owned() }], ..Fill::default() };
        let suffix = &components(&template, &fill).await[0]["parameters"][0];
        assert_eq!(suffix, &json!({"type": "text", "text": sent}), "{given:?}");
    }
}

#[tokio::test]
async fn a_template_of_which_nothing_is_known_is_sent_with_what_the_campaign_gives() {
    let mut template = template(ParameterFormat::Positional, None, "", vec![]);
    template.parameters_unknown = true;
    let fill = Fill {
        header: Some(link("https://x.example/a.jpg")),
        body: vec![value("1", "Ana")],
        buttons: vec![ButtonFill { index: 1, text: "x".to_owned() }],
        ..Fill::default()
    };
    let expected = json!([
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://x.example/a.jpg"}}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},
        {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "x"}]},
    ]);
    assert_eq!(components(&template, &fill).await, expected);
    let named = Fill { body: vec![value("first_name", "Ana")], ..Fill::default() };
    let parameter = json!({"type": "text", "parameter_name": "first_name", "text": "Ana"});
    assert_eq!(components(&template, &named).await, json!([{"type": "body", "parameters": [parameter]}]));
}

#[tokio::test]
async fn a_text_goes_out_as_written_and_quotes_what_it_answers() {
    let expected = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+5491155550123", "type": "text",
        "biz_opaque_callback_data": "r1.h8k2mm.42.1",
        "text": {"preview_url": false, "body": "Hola,\nAna"},
    });
    assert_eq!(sent(Body::Text { body: "Hola,\nAna", quoted: None }).await, expected);
    let mut quoting = expected;
    quoting["context"] = json!({"message_id": "wamid.X"});
    assert_eq!(sent(Body::Text { body: "Hola,\nAna", quoted: Some("wamid.X") }).await, quoting);
}
