//! What is said in chats is for those who may read conversations, and is nowhere else.

use axum::http::{Method, StatusCode};
use recado::domain::role::{Right, Role};
use recado::web::route::{Route, table};
use serde_json::json;

use super::site::{Answer, Site, Visitor};
use super::thread::{TEAMS, desk, says};
use crate::engine::stage::Stage;
use crate::support::stores;

/// A word of every text that nobody else may read.
const SECRET: &str = "secreto";

/// The path with its placeholders filled by what there is.
fn filled(path: &str, id: &str) -> Vec<String> {
    let files = ["own.csv", "outcomes.csv", "phone.csv"];
    let named = |file: &str| {
        let part = |part: &str| match part {
            "{account}" => "meta".to_owned(),
            "{name}" => "reminder".to_owned(),
            "{language}" => "es_AR".to_owned(),
            "{file}" => file.to_owned(),
            placeholder if placeholder.starts_with('{') => id.to_owned(),
            plain => plain.to_owned(),
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    };
    if path.contains("{file}") { files.map(named).to_vec() } else { vec![named("")] }
}

async fn asks(site: &Site, route: &Route, path: &str, (visitor, token): (&Visitor, &str)) -> Answer {
    if path.starts_with("/api/v1/") {
        site.call(route.method.clone(), path, token, "{}", None).await
    } else if route.method == Method::GET {
        site.get(path, Some(visitor)).await
    } else {
        site.post(path, visitor, &[]).await
    }
}

/// A chat with a secret in an answer, a reply, a caption, a note, a case's subject and transcript, and what an agent noted of
/// the person.
async fn chat(stage: &Stage, site: &Site) {
    let (_, agent) = desk(stage, site).await;
    says(stage, "wamid.in2", json!({"type": "text", "text": {"body": "secreto de la respuesta"}})).await;
    let picture = json!({"id": "1", "mime_type": "image/jpeg", "sha256": "x", "caption": "secreto al pie"});
    says(stage, "wamid.in3", json!({"type": "image", "image": picture})).await;
    for (path, field, text) in [
        ("answer", "text", "secreto contestado"),
        ("note", "text", "secreto anotado"),
        ("ticket", "subject", "secreto del caso"),
        ("assign", "note", "secreto para quien sigue"),
        ("close", "text", ""),
    ] {
        let fields = [(field, text), ("to", "team:recepcion")];
        let done = site.post(&format!("/conversations/1/{path}"), &agent, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{path}: {}", done.body);
    }
    let noted = site.post("/people/1", &agent, &[("note", "secreto de la ficha"), ("reference", "H-1")]).await;
    assert_eq!(noted.status, StatusCode::SEE_OTHER, "{}", noted.body);
    stage.sender().drain().await;
}

#[tokio::test]
async fn what_was_written_in_a_chat_is_on_no_page_and_in_no_answer_of_the_api_for_who_may_not_read_conversations() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        chat(&stage, &site).await;
        let token = site.token(Role::Agent).await;
        let agent = site.visitor(Role::Agent).await;
        let who = (&agent, token.as_str());
        for path in ["/people/1", "/api/v1/people/1", "/api/v1/messages/2", "/tickets/1"] {
            let route = table().into_iter().find(|r| r.method == Method::GET).unwrap();
            let answer = asks(&site, &route, path, who).await;
            assert!(answer.body.contains(SECRET), "an agent reads it: {path}: {}", answer.body);
        }
        for role in Role::ALL.into_iter().filter(|role| !role.may(Right::Converse)) {
            let (visitor, token) = (site.visitor(role).await, site.token(role).await);
            // What changes things comes after everything was looked at as it stands.
            for method in [Method::GET, Method::POST] {
                let walked = |r: &Route| r.method == method && !r.path.ends_with("/events") && r.path != "/sign-out";
                for route in table().into_iter().filter(walked) {
                    for path in ["1", "2", "3"].into_iter().flat_map(|id| filled(route.path, id)) {
                        let answer = asks(&site, &route, &path, (&visitor, &token)).await;
                        assert!(!answer.body.contains(SECRET), "{role:?} {method} {path}: {}", answer.body);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_persons_page_without_chats_still_says_what_campaigns_sent_and_what_became_of_it() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        chat(&stage, &site).await;
        let token = site.token(Role::Marketing).await;
        let told = site.call(Method::GET, "/api/v1/people/1", &token, "", None).await.json();
        let messages = told["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 2, "{} {told}", store.name());
        assert_eq!(messages[0]["text"]["body"], "Hola Ana, le esperamos.", "{told}");
        let answer = &messages[1];
        assert_eq!((&answer["text"], &answer["author"]), (&json!(null), &json!("")), "{told}");
        assert_eq!(answer["state"], "accepted", "{told}");
        let client = &told["client"];
        assert_eq!((&client["reference"], &client["note"]), (&json!("H-1"), &json!("")), "{told}");
        let one = site.call(Method::GET, "/api/v1/messages/2", &token, "", None).await.json();
        assert_eq!((&one["text"], &one["author"]), (&json!(null), &json!("")), "{one}");
        let page = site.get("/people/1", Some(&site.visitor(Role::Marketing).await)).await.body;
        assert!(page.contains("Hola Ana, le esperamos.") && !page.contains("data-test=\"case\""), "{page}");
    }
}
