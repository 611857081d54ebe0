//! Accounts whose templates no program can write say so before anybody writes one.

use axum::http::{Method, StatusCode};
use recado::domain::role::Role;
use recado::locale::{Language, say};
use serde_json::{Value, json};

use super::site::Site;
use crate::engine::stage::Stage;
use crate::support::stores;

const DIALOG: &str = "[account.d360]\nprovider = \"cloud_api\"\nthrough = \"360dialog\"\nbase_url = \"http://127.0.0.1:9\"\n\
    currency = \"USD\"\ntimezone = \"UTC\"\naccess_token = \"key\"\nwebhook_secret = \"0123456789abcdef01234567\"\n\
    webhook_header_secret = \"header-secret\"\n";

fn draft(account: &str, body: &str) -> Value {
    json!({"account": account, "draft": {"name": "aviso", "language": "es_AR", "category": "utility", "body": body,
        "examples": {"1": "Ana", "2": "hoy"}}})
}

#[tokio::test]
async fn a_draft_for_such_an_account_is_refused_in_words_and_its_form_offers_the_others() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), DIALOG).await;
        let site = Site::over(&stage.engine);
        let token = site.token(Role::Marketing).await;
        let sent = draft("d360", "Hola {{1}}, su turno es {{2}} a la mañana.").to_string();
        let answer = site.call(Method::POST, "/api/v1/template-drafts", &token, &sent, None).await;
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{told} {}", store.name());
        assert_eq!(told["errors"][0]["code"], "template_not_offered", "{told}");
        for language in Language::ALL {
            let said = say(language, "problem.template_not_offered", &[("account", "d360")]);
            assert!(said.contains("d360") && !said.contains('{'), "{said}");
        }
        let visitor = site.visitor(Role::Marketing).await;
        let form = site.get("/template-drafts", Some(&visitor)).await.body;
        assert!(form.contains("data-test=\"elsewhere\"") && form.contains("d360"), "{form}");
        assert!(form.contains("name=\"account\" value=\"meta\"") && !form.contains("value=\"d360\""), "{form}");
        let fields =
            [("account", "d360"), ("name", "aviso"), ("language", "es_AR"), ("category", "utility"), ("body", "Hola.")];
        let refused = site.post("/template-drafts", &visitor, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
        assert!(refused.body.contains("data-test=\"problems\""), "{}", refused.body);
    }
}

#[tokio::test]
async fn a_text_with_few_words_is_warned_of_and_can_be_submitted() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let token = site.token(Role::Marketing).await;
        let sent = draft("meta", "Hola {{1}}, es {{2}} hs.").to_string();
        let kept: Value =
            serde_json::from_str(&site.call(Method::POST, "/api/v1/template-drafts", &token, &sent, None).await.body)
                .unwrap();
        let path = format!("/api/v1/template-drafts/{}", kept["id"]);
        let told: Value = serde_json::from_str(&site.call(Method::GET, &path, &token, "", None).await.body).unwrap();
        assert_eq!(
            (&told["problems"], &told["warnings"][0]["code"]),
            (&json!([]), &json!("template_few_words")),
            "{told}"
        );
        let visitor = site.visitor(Role::Marketing).await;
        let page = site.get(&format!("/template-drafts/{}", kept["id"]), Some(&visitor)).await.body;
        assert!(page.contains("data-test=\"warnings\"") && !page.contains("data-test=\"problems\""), "{page}");
    }
}
