//! Templates as listed by the provider.

use recado::domain::template::{Button, Category, Header, ParameterFormat, Template, TemplateQuality, TemplateStatus};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{WABA, fixture, provider};

fn page(file: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(fixture(file))
}

/// A server with the two recorded pages.
async fn two_pages() -> MockServer {
    let server = MockServer::start().await;
    let list = || {
        Mock::given(method("GET")).and(path(format!("/{WABA}/message_templates"))).and(query_param("limit", "100")).and(
            query_param(
                "fields",
                "id,name,language,status,category,components,parameter_format,message_send_ttl_seconds,rejected_reason,quality_score,correct_category",
            ),
        )
    };
    let first = list().and(query_param_is_missing("after"));
    first.respond_with(page("templates/page_1.json")).mount(&server).await;
    list().and(query_param("after", "MjQZD")).respond_with(page("templates/page_2.json")).mount(&server).await;
    server
}

async fn quirks() -> Vec<Template> {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(page("templates/quirks.json")).expect(1).mount(&server).await;
    provider(&server.uri()).templates().await.expect("an answer")
}

fn named<'a>(templates: &'a [Template], name: &str) -> &'a Template {
    templates.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("{name} is missing"))
}

#[tokio::test]
async fn templates_are_read_page_by_page_and_what_is_no_template_loses_no_other() {
    let server = two_pages().await;
    let templates = provider(&server.uri()).templates().await.unwrap();
    let names: Vec<&str> = templates.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["spring_sale", "appointment_reminder", "a_code"]);
    let sale = Template {
        provider_id: "1387372356726668".to_owned(),
        name: "spring_sale".to_owned(),
        language: "es_AR".to_owned(),
        category: Category::Marketing,
        status: TemplateStatus::Approved,
        format: ParameterFormat::Positional,
        header: Some(Header::Image),
        body: "Hi {{1}}, {{2}} off.".to_owned(),
        footer: Some("Reply BAJA".to_owned()),
        buttons: vec![
            Button::Url { text: "Shop".to_owned(), url: "https://x.example/{{1}}".to_owned() },
            Button::QuickReply { text: "Stop".to_owned() },
            Button::CopyCode { text: "Copy offer code".to_owned() },
            Button::Other { text: "Call".to_owned() },
        ],
        time_to_live_s: None,
        announced: None,
        quality: Some(TemplateQuality::Green),
        parameters_unknown: false,
        offer: None,
        cards: Vec::new(),
        examples: [("1", "Ana"), ("2", "20%"), ("button.0", "a"), ("button.2", "SAVE20")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .to_vec(),
    };
    assert_eq!(templates[0], sale);
    let reminder = &templates[1];
    assert_eq!(reminder.provider_id, "1689556908129835");
    assert_eq!((reminder.category, reminder.format), (Category::Utility, ParameterFormat::Named));
    assert_eq!(reminder.header, Some(Header::Text { text: "Hola {{first_name}}".to_owned() }));
    assert_eq!(reminder.time_to_live_s, Some(3_600));
    assert!(matches!(&templates[2].buttons[0], Button::OneTimeCode { .. }), "{:?}", templates[2].buttons);
}

#[tokio::test]
async fn one_template_is_found_by_its_whole_name_and_language() {
    let server = two_pages().await;
    let provider = provider(&server.uri());
    let found = provider.template("a_code", "es_AR").await.unwrap();
    assert_eq!(found.map(|t| t.provider_id), Some("3".to_owned()));
    for (name, language) in [("spring", "es_AR"), ("spring_sale", "es")] {
        assert_eq!(provider.template(name, language).await.unwrap(), None, "{name} {language}");
    }
    let asked = server.received_requests().await.unwrap();
    assert!(asked[0].url.query().unwrap().contains("name=a_code&language=es_AR"), "{}", asked[0].url);
}

#[tokio::test]
async fn a_cursor_that_no_longer_holds_starts_the_list_again() {
    let server = MockServer::start().await;
    let expired = serde_json::json!({"error": {"message": "Invalid cursor", "code": 131_059, "fbtrace_id": "A"}});
    let first = Mock::given(query_param_is_missing("after"));
    first.respond_with(page("templates/page_1.json")).expect(2).mount(&server).await;
    let gone = ResponseTemplate::new(400).set_body_json(expired);
    let cursor = || Mock::given(query_param("after", "MjQZD"));
    cursor().respond_with(gone).up_to_n_times(1).with_priority(1).mount(&server).await;
    cursor().respond_with(page("templates/page_2.json")).mount(&server).await;
    assert_eq!(provider(&server.uri()).templates().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_list_that_never_ends_is_left() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(page("templates/page_1.json")).expect(2).mount(&server).await;
    assert_eq!(provider(&server.uri()).templates().await.unwrap().len(), 4);
}

#[tokio::test]
async fn every_status_word_says_whether_the_template_can_be_sent() {
    let templates = quirks().await;
    let other = |word: &str| TemplateStatus::Other(word.to_owned());
    for (name, status) in [
        ("status_pending", TemplateStatus::Pending),
        ("status_rejected", TemplateStatus::Rejected),
        ("status_paused", TemplateStatus::Paused),
        ("status_disabled", TemplateStatus::Disabled),
        ("status_reinstated", TemplateStatus::Approved),
        ("status_unarchived", TemplateStatus::Approved),
        ("status_in_appeal", other("in_appeal")),
        ("status_flagged", other("flagged")),
        ("status_archived", other("archived")),
        ("status_limit_exceeded", other("limit_exceeded")),
        ("status_locked", other("locked")),
        ("status_pending_deletion", other("pending_deletion")),
        ("status_deleted", other("deleted")),
        ("status_of_tomorrow", other("of_tomorrow")),
        ("lower_case", TemplateStatus::Approved),
        ("carousel", other("not available yet: carousel without cards")),
        ("limited_time", TemplateStatus::Approved),
        ("location_header", TemplateStatus::Approved),
        ("gif_header", TemplateStatus::Approved),
        ("flow_button", TemplateStatus::Approved),
    ] {
        assert_eq!(named(&templates, name).status, status, "{name}");
    }
}

#[tokio::test]
async fn what_a_template_does_not_tell_is_taken_on_the_safe_side() {
    let templates = quirks().await;
    let format = |name| named(&templates, name).format;
    assert_eq!(format("no_format_positional"), ParameterFormat::Positional);
    assert_eq!(format("no_format_named"), ParameterFormat::Named);
    assert_eq!(format("lower_case"), ParameterFormat::Named);
    assert_eq!(named(&templates, "lower_case").buttons, [Button::QuickReply { text: "Sí".to_owned() }]);
    assert_eq!(named(&templates, "language_with_dash").language, "en_US");
    assert_eq!(named(&templates, "category_of_tomorrow").category, Category::Marketing);
    let ttl = |name| named(&templates, name).time_to_live_s;
    assert_eq!(ttl("ttl_forever"), None);
    assert_eq!(ttl("ttl_marketing"), None, "Meta honours it only on another endpoint");
    assert_eq!(ttl("ttl_authentication"), Some(600));
    let unknown: Vec<_> = templates.iter().filter(|t| t.parameters_unknown).map(|t| t.name.as_str()).collect();
    assert_eq!(unknown, ["nothing_known"]);
    let code = &named(&templates, "one_time_code").buttons[0];
    assert_eq!(code, &Button::OneTimeCode { text: "Copiar".to_owned() });
}
