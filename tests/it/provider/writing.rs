//! Templates created, edited and deleted: what goes out, and what each answer means.

use std::collections::BTreeMap;

use recado::domain::template::draft::{Draft, DraftButton, DraftHeader};
use recado::domain::template::{Category, ParameterFormat, Template, TemplateStatus};
use recado::provider::{ProviderError, TemplateAnswer, TemplateDone};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{WABA, provider};

fn draft(format: ParameterFormat) -> Draft {
    let (header, body, examples) = match format {
        ParameterFormat::Named => {
            ("Hola {{first_name}}", "Tu descuento es {{pct}} hoy.", [("first_name", "Ana"), ("pct", "20%")])
        }
        ParameterFormat::Positional => ("Hola {{1}}", "Tu {{2}} de {{1}} está lista.", [("1", "Ana"), ("2", "cita")]),
    };
    Draft {
        name: "spring_sale".to_owned(),
        language: "es_AR".to_owned(),
        category: Category::Marketing,
        format,
        header: Some(DraftHeader::Text { text: header.to_owned() }),
        body: body.to_owned(),
        footer: Some("Responda BAJA para salir".to_owned()),
        buttons: vec![
            DraftButton::QuickReply { text: "No más".to_owned() },
            DraftButton::Url {
                text: "Ver".to_owned(),
                url: "https://x.example/{{1}}".to_owned(),
                example: "https://x.example/p".to_owned(),
            },
            DraftButton::PhoneNumber { text: "Llamar".to_owned(), phone_number: "+5491155550100".to_owned() },
            DraftButton::CopyCode { example: "SAVE20".to_owned() },
        ],
        examples: examples.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<BTreeMap<_, _>>(),
        time_to_live_s: Some(43_200),
        code: None,
        offer: None,
        cards: Vec::new(),
    }
}

async fn sent(server: &MockServer) -> Value {
    let requests = server.received_requests().await.unwrap();
    serde_json::from_slice(&requests.last().unwrap().body).unwrap()
}

#[tokio::test]
async fn a_creation_is_written_as_the_reference_has_it() {
    let buttons = json!({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "No más"},
        {"type": "URL", "text": "Ver", "url": "https://x.example/{{1}}", "example": ["https://x.example/p"]},
        {"type": "PHONE_NUMBER", "text": "Llamar", "phone_number": "+5491155550100"},
        {"type": "COPY_CODE", "example": "SAVE20"}]});
    for (format, word, header, body) in [
        (
            ParameterFormat::Named,
            "named",
            json!({"header_text_named_params": [{"param_name": "first_name", "example": "Ana"}]}),
            json!({"body_text_named_params": [{"param_name": "pct", "example": "20%"}]}),
        ),
        (
            ParameterFormat::Positional,
            "positional",
            json!({"header_text": ["Ana"]}),
            json!({"body_text": [["Ana", "cita"]]}),
        ),
    ] {
        let server = MockServer::start().await;
        let answer = json!({"id": "57", "status": "PENDING", "category": "MARKETING"});
        let created = Mock::given(method("POST")).and(path(format!("/{WABA}/message_templates")));
        created.respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&server).await;
        let draft = draft(format);
        let done = provider(&server.uri()).create_template(&draft).await.unwrap();
        let expected = TemplateDone {
            provider_id: "57".to_owned(),
            status: Some(TemplateStatus::Pending),
            category: Some(Category::Marketing),
        };
        assert_eq!(done, TemplateAnswer::Done(expected));
        let Some(DraftHeader::Text { text }) = &draft.header else { panic!("a text") };
        let components = json!([{"type": "HEADER", "format": "TEXT", "text": text, "example": header},
            {"type": "BODY", "text": draft.body, "example": body}, {"type": "FOOTER", "text": "Responda BAJA para salir"},
            buttons]);
        assert_eq!(
            sent(&server).await,
            json!({"name": "spring_sale", "language": "es_AR", "category": "MARKETING", "parameter_format": word,
                "message_send_ttl_seconds": 43_200, "components": components})
        );
    }
}

#[tokio::test]
async fn an_edit_leaves_the_category_of_an_approved_template_out_and_a_deletion_names_one_language() {
    let server = MockServer::start().await;
    let yes = || ResponseTemplate::new(200).set_body_json(json!({"success": true}));
    Mock::given(method("POST")).and(path("/57")).respond_with(yes()).mount(&server).await;
    let deleted = Mock::given(method("DELETE")).and(path(format!("/{WABA}/message_templates")));
    let deleted = deleted.and(query_param("name", "spring_sale")).and(query_param("hsm_id", "57"));
    deleted.respond_with(yes()).expect(1).mount(&server).await;
    let draft = draft(ParameterFormat::Positional);
    let old = Template { provider_id: "57".to_owned(), status: TemplateStatus::Approved, ..draft.template() };
    let api = provider(&server.uri());
    assert_eq!(api.edit_template(&old, &draft).await.unwrap(), TemplateAnswer::Done(TemplateDone::default()));
    assert_eq!(sent(&server).await.get("category"), None);
    let rejected = Template { status: TemplateStatus::Rejected, ..old.clone() };
    api.edit_template(&rejected, &draft).await.unwrap();
    assert_eq!(sent(&server).await["category"], "MARKETING");
    assert_eq!(api.delete_template(&old).await.unwrap(), TemplateAnswer::Done(TemplateDone::default()));
}

#[tokio::test]
async fn each_refusal_is_told_apart_from_what_says_nothing_of_the_template() {
    let error = |code: i64, subcode: i64| {
        json!({"error": {"message": "(#100) Invalid parameter", "type": "OAuthException", "code": code,
            "error_subcode": subcode, "error_user_title": "Título", "error_user_msg": "Variables al final", "fbtrace_id": "A"}})
    };
    let refused = |code: i64| Some(TemplateAnswer::Refused { code, said: "Título: Variables al final".to_owned() });
    for (what, status, body, expected) in [
        ("a subcode", 400, error(100, 2_388_299), refused(2_388_299)),
        ("a code", 400, error(100, 0), refused(100)),
        ("a quota", 400, error(80_007, 0), Some(TemplateAnswer::Later { minutes: 0 })),
        (
            "no success",
            200,
            json!({"success": false, "reason": "no"}),
            Some(TemplateAnswer::Refused { code: 0, said: "no".to_owned() }),
        ),
        ("a token", 401, error(190, 463), None),
        ("no right", 403, error(200, 0), None),
        ("a gateway", 502, json!("bad gateway"), None),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .mount(&server)
            .await;
        let answer = provider(&server.uri()).create_template(&draft(ParameterFormat::Named)).await;
        if let Some(expected) = expected {
            assert_eq!(answer.unwrap(), expected, "{what}");
        } else {
            let told = matches!(answer, Err(ProviderError::Refused { .. } | ProviderError::Unreadable { .. }));
            assert!(told, "{what}: {answer:?}");
        }
    }
}

/// The drafts of the newer kinds, each with the components that Meta's guides ask for.
#[tokio::test]
async fn offers_cards_and_catalogs_are_asked_for_as_metas_guides_have_them() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../fixtures/cloud_api/drafts.json")).unwrap();
    assert!(cases.len() >= 4);
    for case in cases {
        let draft: Draft = serde_json::from_value(case["draft"].clone()).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert_eq!(recado::domain::template::rules::check(&draft), [], "{}", case["case"]);
        let server = MockServer::start().await;
        let made =
            ResponseTemplate::new(200).set_body_json(json!({"id": "57", "status": "PENDING", "category": "MARKETING"}));
        Mock::given(method("POST"))
            .and(path(format!("/{WABA}/message_templates")))
            .respond_with(made)
            .mount(&server)
            .await;
        let answer = provider(&server.uri()).create_template(&draft).await.unwrap();
        assert!(matches!(answer, TemplateAnswer::Done(_)), "{answer:?}");
        assert_eq!(sent(&server).await["components"], case["components"], "{}", case["case"]);
        // What was asked for is read again as the same template, and can be written anew.
        let listed = json!({"id": "57", "name": draft.name, "language": draft.language, "status": "REJECTED",
            "category": "MARKETING", "parameter_format": "POSITIONAL", "components": case["components"]});
        let server = MockServer::start().await;
        let page = ResponseTemplate::new(200).set_body_json(json!({"data": [listed]}));
        Mock::given(method("GET"))
            .and(path(format!("/{WABA}/message_templates")))
            .respond_with(page)
            .mount(&server)
            .await;
        let read = provider(&server.uri()).templates().await.unwrap().remove(0);
        let asked = draft.template();
        assert_eq!((&read.offer, read.cards.len()), (&asked.offer, asked.cards.len()), "{}", case["case"]);
        assert_eq!(read.slots(), asked.slots(), "{}", case["case"]);
        assert!(!read.is_beyond_drafts());
        let again = recado::domain::template::draft::of(&read);
        assert_eq!(
            (again.cards.len(), again.offer, again.buttons.len()),
            (draft.cards.len(), draft.offer, draft.buttons.len())
        );
    }
}
