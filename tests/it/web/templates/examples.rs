//! What templates were approved with: cards and codes show it, before the review and after it.

use axum::http::{Method, StatusCode};
use recado::domain::role::Role;
use serde_json::{Value, json};

use super::House;
use crate::cli::recado;
use crate::support::stores;

/// Two cards, each with a text and an address that take values.
fn carousel() -> Value {
    let card = |price: &str, end: &str| {
        json!({"header": {"kind": "image", "sample": "4::a"}, "body": "Desde {{1}} hoy.", "examples": {"1": price},
            "buttons": [{"kind": "url", "text": "Ver", "url": "https://x.example/{{1}}",
                "example": format!("https://x.example/{end}")}]})
    };
    json!({"name": "carrusel", "language": "es_AR", "category": "marketing", "body": "Hola {{1}}, mire esto:",
        "examples": {"1": "Ana"}, "cards": [card("$ 9", "te"), card("$ 7", "cafe")]})
}

/// A header and a body that each have a value of their own, and a code.
fn code() -> Value {
    json!({"name": "con_codigo", "language": "es_AR", "category": "marketing", "format": "named",
        "header": {"kind": "text", "text": "Hola {{nombre}}"}, "body": "Hay {{menos}} menos hoy.",
        "examples": {"nombre": "Ana", "menos": "20%"}, "buttons": [{"kind": "copy_code", "example": "SAVE20"}]})
}

impl House {
    async fn submitted(&self, draft: &Value) {
        let sent = json!({"account": "meta", "draft": draft});
        let (status, kept) = self.call(Method::POST, "/api/v1/template-drafts", &sent).await;
        assert_eq!(status, StatusCode::CREATED, "{kept}");
        let (status, told) = self.submit(kept["id"].as_i64().unwrap()).await;
        assert_eq!(status, StatusCode::CREATED, "{told}");
    }
}

#[tokio::test]
async fn cards_and_codes_are_shown_with_what_they_were_approved_with() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        house.submitted(&carousel()).await;
        house.submitted(&code()).await;
        let shown = async || {
            let (cards, code) = (house.one("carrusel").await, house.one("con_codigo").await);
            (cards["sample"].clone(), code["sample"].clone())
        };
        let (cards, code) = shown().await;
        let button = |end: &str| json!([{"text": "Ver", "target": format!("https://x.example/{end}")}]);
        assert_eq!(
            cards["cards"],
            json!([{"header": "[image]", "body": "Desde $ 9 hoy.", "buttons": button("te")},
                {"header": "[image]", "body": "Desde $ 7 hoy.", "buttons": button("cafe")}]),
            "{}",
            store.name()
        );
        assert_eq!(code["buttons"], json!([{"text": "Copy offer code", "target": "SAVE20"}]));
        assert_eq!((&code["header"], &code["body"]), (&json!("Hola Ana"), &json!("Hay 20% menos hoy.")));
        house.pass(1).await;
        house.engine.sync_templates("meta").await.unwrap();
        assert_eq!(house.one("carrusel").await["status"], "approved");
        assert_eq!(shown().await, (cards, code), "as the provider tells it, {}", store.name());

        let visitor = house.site.visitor(Role::Marketing).await;
        let page = house.site.get("/templates/meta/carrusel/es_AR", Some(&visitor)).await.body;
        let text = page.split("id=\"template-text\"").nth(1).unwrap();
        assert_eq!(text.matches("https://x.example/{{1}}").count(), 2, "{text}");
        let sample = page.split("id=\"template-text\"").next().unwrap();
        assert!(sample.contains("https://x.example/cafe") && sample.contains("Desde $ 7 hoy."), "{sample}");
    }
}

#[tokio::test]
async fn what_was_submitted_by_command_is_printed_as_a_person_will_see_it() {
    let stores = stores().await;
    let house = House::open(&stores[0], stores[0].dir.path()).await;
    let url = house.site.listen().await;
    let file = stores[0].dir.path().join("con_codigo.json");
    std::fs::write(&file, code().to_string()).unwrap();
    let args = ["template", "create", file.to_str().unwrap(), "--submit", "--account", "meta"];
    let said = recado(&url, Some(&house.token), &args).await;
    assert!(said.status == 0 && said.out.starts_with("submitted: con_codigo (es_AR)"), "{} {}", said.out, said.err);
    let seen = said.out.split("As it was written").next().unwrap();
    assert!(seen.contains("  Hola Ana\n") && seen.contains("  Hay 20% menos hoy.\n"), "{}", said.out);
    assert!(seen.contains("  [Copy offer code] → SAVE20\n") && !said.out.contains("[]"), "{}", said.out);
    let args = ["template", "create", file.to_str().unwrap(), "--submit", "--account", "meta", "--json"];
    let again = recado(&url, Some(&house.token), &args).await;
    assert_ne!(again.status, 0, "it is there: {}", again.out);
}
