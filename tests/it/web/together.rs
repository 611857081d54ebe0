//! Several agents at once in one conversation: nobody answers over a colleague without seeing it.

use axum::http::{Method, StatusCode};
use recado::domain::id::ConversationId;
use recado::domain::role::Role;
use recado::store::{conversation, user};
use serde_json::json;

use super::desk::{colleague, writes};
use super::site::{Site, Visitor};
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::{TestStore, stores};

pub(super) struct Desk {
    pub stage: Stage,
    pub site: Site,
    pub ana: Visitor,
    pub diego: Visitor,
    pub talk: ConversationId,
}

/// One person has been written to and has written back; two agents are there.
pub(super) async fn desk(store: &TestStore) -> Desk {
    let stage = Stage::new(store, store.dir.path()).await;
    let site = Site::over(&stage.engine);
    stage.run("one", CAMPAIGN, &people(1)).await;
    stage.sender().drain().await;
    let talk = writes(&stage).await;
    let (ana, diego) = (site.visitor(Role::Agent).await, colleague(&site, "diego").await);
    Desk { stage, site, ana, diego, talk }
}

/// The last line that a page's form says it has seen.
pub(super) fn seen(page: &str) -> String {
    let from = page.find("id=\"seen\" value=\"").expect("the form knows what was seen") + "id=\"seen\" value=\"".len();
    page[from..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_answer_written_while_a_colleague_answered_is_shown_back_and_goes_out_anyway_on_demand() {
    for store in stores().await {
        let Desk { site, ana, diego, talk, .. } = desk(&store).await;
        let path = format!("/conversations/{talk}");
        let before = seen(&site.get(&path, Some(&ana)).await.body);
        let first = site.post(&format!("{path}/answer"), &diego, &[("text", "Soy Diego"), ("seen", &before)]).await;
        assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
        let fields = [("text", "Soy Ana, le cuento"), ("seen", before.as_str())];
        let back = site.post(&format!("{path}/answer"), &ana, &fields).await;
        assert_eq!(back.status, StatusCode::CONFLICT, "{}", store.name());
        let (notice, form) = back.body.split_once("id=\"answer\"").unwrap();
        assert!(notice.contains("id=\"overtaken\"") && notice.contains("Soy Diego"), "{notice}");
        assert!(form.contains("Soy Ana, le cuento") && form.contains("data-test=\"answer-anyway\""), "{form}");
        let thread = conversation::thread(&store, talk).await.unwrap();
        assert_eq!(thread.iter().filter(|b| b.author == "agent").count(), 0, "nothing of Ana's was sent");

        let anyway = [fields[0], fields[1], ("anyway", "1")];
        let sent = site.post(&format!("{path}/answer"), &ana, &anyway).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{} {}", store.name(), sent.body);
        let thread = conversation::thread(&store, talk).await.unwrap();
        assert_eq!(thread.iter().filter(|b| b.author == "agent").count(), 1);
        let owner = conversation::get(&store, talk).await.unwrap().unwrap().assignee;
        assert_eq!(owner, Some(user::by_name(&store, "diego").await.unwrap().unwrap().id), "it stays Diego's");
    }
}

#[tokio::test]
async fn what_the_person_wrote_meanwhile_or_oneself_holds_no_answer_up() {
    for store in stores().await {
        let Desk { stage, site, ana, talk, .. } = desk(&store).await;
        let path = format!("/conversations/{talk}/answer");
        let before = seen(&site.get(&format!("/conversations/{talk}"), Some(&ana)).await.body);
        let at = (stage.clock.now().0 / 1000).to_string();
        let more = json!({"from": "5491150000000", "id": "wamid.more", "timestamp": at, "type": "text", "text": {"body": "¿hola?"}});
        stage.told("messages", json!({"contacts": [{"wa_id": "5491150000000"}], "messages": [more]})).await;
        for text in ["Buenas", "Le cuento"] {
            let sent = site.post(&path, &ana, &[("text", text), ("seen", &before)]).await;
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{} {text}", store.name());
        }
    }
}

#[tokio::test]
async fn a_program_that_says_what_it_saw_is_told_of_a_conflict() {
    for store in stores().await {
        let Desk { site, diego, talk, .. } = desk(&store).await;
        let token = site.token(Role::Agent).await;
        let path = format!("/api/v1/conversations/{talk}");
        let thread = site.call(Method::GET, &path, &token, "", None).await.json()["thread"].clone();
        let last = thread.as_array().unwrap().iter().map(|b| b["id"].as_i64().unwrap()).max().unwrap();
        site.post(&format!("/conversations/{talk}/answer"), &diego, &[("text", "Soy Diego")]).await;
        let mut body = json!({"text": "Soy un programa", "agent": "agent", "seen": last});
        let path = format!("{path}/answer");
        let told = site.call(Method::POST, &path, &token, &body.to_string(), Some("one")).await;
        assert_eq!(told.status, StatusCode::CONFLICT, "{} {}", store.name(), told.body);
        assert!(told.json()["type"].as_str().unwrap().ends_with("answered_meanwhile"), "{}", told.body);
        body["anyway"] = true.into();
        let told = site.call(Method::POST, &path, &token, &body.to_string(), Some("two")).await;
        assert_eq!(told.status, StatusCode::CREATED, "{} {}", store.name(), told.body);
    }
}

#[tokio::test]
async fn a_program_reads_who_looks_at_a_conversation_and_who_writes_in_it() {
    for store in stores().await {
        let Desk { site, ana, diego, talk, .. } = desk(&store).await;
        let (token, talk) = (site.token(Role::Agent).await, talk.to_string());
        site.post("/conversations/presence", &ana, &[("conversation", &talk)]).await;
        site.post("/conversations/presence", &diego, &[("conversation", &talk), ("typing", "1")]).await;
        let path = format!("/api/v1/conversations/{talk}");
        let told = site.call(Method::GET, &path, &token, "", None).await.json();
        assert_eq!((&told["looking"], &told["typing"]), (&json!(["agent"]), &json!(["diego"])), "{}", store.name());
        let all = site.call(Method::GET, "/api/v1/agents", &token, "", None).await.json();
        let of = |name: &str| all["items"].as_array().unwrap().iter().find(|a| a["name"] == name).unwrap().clone();
        assert_eq!((&of("diego")["looks_at"], &of("diego")["typing"]), (&json!(1), &json!(true)), "{all}");
        assert_eq!((&of("agent")["looks_at"], &of("agent")["typing"]), (&json!(1), &json!(false)));
        site.post("/conversations/presence", &diego, &[("conversation", &talk), ("gone", "1")]).await;
        let told = site.call(Method::GET, &path, &token, "", None).await.json();
        assert_eq!((&told["looking"], &told["typing"]), (&json!(["agent"]), &json!([])), "{}", store.name());
    }
}
