//! What an agent finds at the desk: who has a conversation, what can be decided, what is uncertain, one template by hand.

use axum::http::{Method, StatusCode};
use recado::domain::id::{ConversationId, MessageId, RunId};
use recado::domain::message::MessageState;
use recado::domain::role::Role;
use recado::store::{conversation, message, presence, user};
use serde_json::json;

use super::site::{Site, Visitor};
use super::tickets::sends;
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::engine::{change, force};
use crate::support::stores;

const ANSWERS: &str = "[replies]\nbuttons = { \"Quiero\" = { outcome = \"interested\" }, \"Basta\" = { outcome = \"opted_out\" } }\ntyped = { \"call_me\" = [\"llamar\"] }\n";

/// The person of the first row writes, and a conversation waits.
pub(super) async fn writes(stage: &Stage) -> ConversationId {
    let at = (stage.clock.now().0 / 1000).to_string();
    let reply = json!({"from": "5491150000000", "id": "wamid.in", "timestamp": at, "type": "text", "text": {"body": "¿qué es?"}});
    stage.told("messages", json!({"contacts": [{"wa_id": "5491150000000"}], "messages": [reply]})).await;
    ConversationId(1)
}

pub(super) async fn colleague(site: &Site, name: &str) -> Visitor {
    let id = user::add(&site.store, name, Role::Agent, None, site.clock.now()).await.unwrap().unwrap();
    let cookie = recado::store::session::begin(&site.store, id, site.clock.now()).await.unwrap();
    let found = recado::store::session::find(&site.store, &cookie, site.clock.now()).await.unwrap().unwrap();
    Visitor { cookie, csrf: found.csrf }
}

/// What the form of the page carries to be sent once.
fn once(page: &str) -> String {
    let from = page.find("name=\"once\" value=\"").expect("the form has a key") + "name=\"once\" value=\"".len();
    page[from..].split('"').next().unwrap().to_owned()
}

async fn by_hand(site: &Site, who: &Visitor, key: &str, name: &str) -> super::site::Answer {
    let fields = [
        ("sender", "front"),
        ("template", "reminder|es_AR"),
        ("to", "+54 9 11 5555-0123"),
        ("name", "1"),
        ("value", name),
        ("once", key),
    ];
    site.post("/send", who, &fields).await
}

#[tokio::test]
async fn the_outcomes_of_the_campaigns_file_can_be_chosen_and_those_of_reminders_only_there() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let campaign = CAMPAIGN.replace("kind     = \"reminder\"", "kind     = \"resume_contact\"") + ANSWERS;
        stage.run("one", &campaign, &people(1)).await;
        stage.sender().drain().await;
        let id = writes(&stage).await;
        let ana = site.visitor(Role::Agent).await;
        let page = site.get(&format!("/conversations/{id}"), Some(&ana)).await.body;
        for (word, there) in [("interested", true), ("call_me", true), ("confirmed", false), ("opted_out", false)] {
            assert_eq!(page.contains(&format!("data-test=\"set-{word}\"")), there, "{} {word}", store.name());
        }
        let set = [("outcome", "call_me")];
        assert_eq!(site.post(&format!("/conversations/{id}/outcome"), &ana, &set).await.status, StatusCode::SEE_OTHER);
        let told = site
            .call(Method::GET, &format!("/api/v1/conversations/{id}"), &site.token(Role::Agent).await, "", None)
            .await
            .json();
        assert_eq!((&told["outcome"], &told["outcomes"]), (&"call_me".into(), &json!(["interested", "call_me"])));
    }
}

#[tokio::test]
async fn a_colleagues_conversation_is_taken_over_before_it_is_closed_decided_or_handed_on() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        stage.run("one", CAMPAIGN, &people(1)).await;
        stage.sender().drain().await;
        let id = writes(&stage).await;
        let (ana, diego) = (site.visitor(Role::Agent).await, colleague(&site, "diego").await);
        let path = format!("/conversations/{id}");
        for _ in 0..3 {
            assert_eq!(site.post(&format!("{path}/claim"), &ana, &[]).await.status, StatusCode::SEE_OTHER);
        }
        let lines = recado::store::audit::page(&store, i64::MAX, "agent", "", 10).await.unwrap();
        let taken = lines.iter().filter(|l| l.action == "conversation.claim").count();
        assert_eq!(taken, 1, "{}: whoever has it takes nothing: {lines:?}", store.name());
        let me = user::by_name(&store, "diego").await.unwrap().unwrap().id.to_string();
        let to = format!("user:{me}");
        for (act, fields) in [
            ("close", vec![]),
            ("outcome", vec![("outcome", "confirmed")]),
            ("assign", vec![("to", to.as_str())]),
            ("claim", vec![]),
            ("claim", vec![("from", me.as_str())]),
        ] {
            let status = site.post(&format!("{path}/{act}"), &diego, &fields).await.status;
            assert_eq!(status, StatusCode::CONFLICT, "{} {act}", store.name());
        }
        let page = site.get(&path, Some(&diego)).await.body;
        assert!(page.contains("data-test=\"take-over\">Take over from agent<"), "{page}");
        let from = user::by_name(&store, "agent").await.unwrap().unwrap().id.to_string();
        let took = site.post(&format!("{path}/claim"), &diego, &[("from", &from)]).await;
        assert_eq!(took.status, StatusCode::SEE_OTHER, "{}", store.name());
        assert_eq!(site.post(&format!("{path}/close"), &diego, &[]).await.status, StatusCode::SEE_OTHER);
        let lines = recado::store::audit::page(&store, i64::MAX, "diego", "", 10).await.unwrap();
        assert!(lines.iter().any(|l| l.action == "conversation.take_over" && l.detail == "from agent"), "{lines:?}");
    }
}

#[tokio::test]
async fn what_is_uncertain_outside_a_run_is_settled_in_the_conversation_and_named_in_the_list() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        stage.run("one", CAMPAIGN, &people(1)).await;
        stage.sender().drain().await;
        let id = writes(&stage).await;
        let ana = site.visitor(Role::Agent).await;
        let path = format!("/conversations/{id}");
        site.post(&format!("{path}/answer"), &ana, &[("text", "Le llamo")]).await;
        let answer = MessageId(2);
        force(&store, answer, MessageState::InDoubt).await;
        let page = site.get(&path, Some(&ana)).await.body;
        for how in ["sent", "send_again", "leave"] {
            assert!(page.contains(&format!("data-test=\"doubt-{how}\"")), "{} {how} {page}", store.name());
        }
        change(&store, "UPDATE person SET name = 'Ana Paz'").await;
        change(&store, "UPDATE message SET name = ''").await;
        let list = site.get("/doubt", Some(&site.visitor(Role::Operator).await)).await.body;
        assert!(list.contains("Ana Paz") && list.contains("data-test=\"what\">Answer"), "{list}");
        let token = site.token(Role::Operator).await;
        let told = site.call(Method::GET, "/api/v1/doubt", &token, "", None).await.json()["items"][0].clone();
        assert_eq!((&told["what"], &told["campaign"]), (&"answer".into(), &"Answer".into()), "{told}");
        assert!(told["run"].is_null() && told["row"].is_null() && told["name"] == "Ana Paz", "{told}");

        let leave = [("message", "2"), ("how", "leave")];
        let other = [("message", "999"), ("how", "leave")];
        assert_eq!(site.post(&format!("{path}/doubt"), &ana, &other).await.status, StatusCode::NOT_FOUND);
        assert_eq!(site.post(&format!("{path}/doubt"), &ana, &leave).await.status, StatusCode::SEE_OTHER);
        assert_eq!(site.post(&format!("{path}/doubt"), &ana, &leave).await.status, StatusCode::CONFLICT);
        assert_eq!(stage.message(answer).await.state, MessageState::Cancelled);
        let page = site.get(&path, Some(&ana)).await.body;
        assert!(page.contains("it may have left") && !page.contains("data-test=\"doubt\""), "{page}");
    }
}

#[tokio::test]
async fn what_was_left_in_doubt_says_that_it_may_have_left_in_the_file_too() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let site = Site::over(&stage.engine);
    let run: RunId = stage.run("one", CAMPAIGN, &people(1)).await;
    force(&store, MessageId(1), MessageState::InDoubt).await;
    stage.engine.settle_doubts(&[MessageId(1)], recado::engine::DoubtSettlement::Leave).await.unwrap();
    let operator = site.visitor(Role::Operator).await;
    for path in [format!("/runs/{run}/results.csv"), format!("/runs/{run}/rows")] {
        assert!(site.get(&path, Some(&operator)).await.body.contains("it may have left"), "{path}");
    }
    let token = site.token(Role::Operator).await;
    let told = site.call(Method::GET, "/api/v1/messages/1", &token, "", None).await.json();
    assert!(told["reason_text"].as_str().unwrap().contains("it may have left"), "{told}");
}

#[tokio::test]
async fn a_form_sent_three_times_sends_one_message_and_leads_to_the_same_place() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        stage.load("one", CAMPAIGN, &people(1)).await;
        stage.engine.sheet(recado::domain::id::VersionId(1)).await.unwrap();
        let ana = site.visitor(Role::Agent).await;
        let page = site.get("/send?template=reminder%7Ces_AR", Some(&ana)).await.body;
        let key = once(&page);
        let first = by_hand(&site, &ana, &key, "Ana").await;
        assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
        for _ in 0..2 {
            assert_eq!(by_hand(&site, &ana, &key, "Ana").await.leads_to(), first.leads_to(), "{}", store.name());
        }
        let changed = by_hand(&site, &ana, &key, "Eva").await;
        assert_eq!(changed.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_ne!(once(&changed.body), key, "the page comes back with another key");
        assert_eq!(by_hand(&site, &ana, "", "Ana").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(message::get(&store, MessageId(2)).await.unwrap().is_none(), "{}", store.name());

        // A colleague who writes to the same person does not get the conversation, and is told so.
        let diego = colleague(&site, "diego").await;
        let page = site.get("/send?template=reminder%7Ces_AR", Some(&diego)).await.body;
        let theirs = by_hand(&site, &diego, &once(&page), "Ana").await;
        assert!(theirs.leads_to().ends_with("done=sent_theirs"), "{}", theirs.leads_to());
    }
}

#[tokio::test]
async fn a_conversation_that_a_template_by_hand_began_has_no_row_and_says_that_nobody_wrote_yet() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let site = Site::over(&stage.engine);
    stage.load("one", CAMPAIGN, &people(1)).await;
    stage.engine.sheet(recado::domain::id::VersionId(1)).await.unwrap();
    let ana = site.visitor(Role::Agent).await;
    let page = site.get("/send?template=reminder%7Ces_AR", Some(&ana)).await.body;
    by_hand(&site, &ana, &once(&page), "Ana").await;
    let page = site.get("/conversations/1", Some(&ana)).await.body;
    assert!(page.contains("The person has not written yet: templates only"), "{page}");
    assert!(!page.contains("<dt>Row</dt>") && page.contains("data-test=\"set-confirmed\""), "{page}");
    assert_eq!(conversation::panel(&store, ConversationId(1)).await.unwrap().unwrap().row_no, None);
}

#[tokio::test]
async fn what_nobody_would_see_is_no_answer_and_no_note() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        stage.run("one", CAMPAIGN, &people(1)).await;
        stage.sender().drain().await;
        let id = writes(&stage).await;
        let ana = site.visitor(Role::Agent).await;
        let path = format!("/conversations/{id}");
        for blank in [" ", "\u{a0}", "\u{200b}\u{a0}", "\u{2800}"] {
            let noted = site.post(&format!("{path}/note"), &ana, &[("text", blank)]).await;
            assert_eq!(noted.status, StatusCode::BAD_REQUEST, "{} {blank:?}: {}", store.name(), noted.body);
            let answered = site.post(&format!("{path}/answer"), &ana, &[("text", blank)]).await;
            assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY, "{} {blank:?}", store.name());
            assert!(message::get(&store, MessageId(2)).await.unwrap().is_none(), "{} {blank:?}", store.name());
        }
    }
}

#[tokio::test]
async fn what_is_not_read_is_told_on_every_page_of_whoever_converses_until_they_have_read_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        stage.run("one", CAMPAIGN, &people(1)).await;
        stage.sender().drain().await;
        let id = writes(&stage).await;
        let (ana, money) = (site.visitor(Role::Agent).await, site.visitor(Role::Finance).await);
        for path in ["/tickets", "/conversations", "/conversations/news"] {
            let page = site.get(path, Some(&ana)).await.body;
            assert!(page.contains("data-unread=\"1\""), "{} {path}: {page}", store.name());
        }
        let costs = site.get("/costs", Some(&money)).await.body;
        assert!(!costs.contains("data-unread"), "{}: nobody's business who does not converse", store.name());
        for path in [format!("/conversations/{id}"), "/tickets".to_owned()] {
            let page = site.get(&path, Some(&ana)).await.body;
            assert!(page.contains("data-unread=\"0\""), "{} {path}: {page}", store.name());
        }
    }
}

#[tokio::test]
async fn a_ticket_that_is_refused_leaves_nobody_behind_who_was_not_known_before() {
    for site in Site::all().await {
        let token = site.token(Role::Agent).await;
        let body = |phone: &str| json!({"subject": "Estudio", "phone": phone, "external": {"id": "E-1"}});
        let opened = sends(&site, &token, "/api/v1/tickets", body("11 5555-0123")).await;
        assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.body);
        let people = async || crate::engine::count(&site.store, "SELECT COUNT(*) FROM person").await;
        let before = people().await;
        let refused = sends(&site, &token, "/api/v1/tickets", body("11 5555-0999")).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        assert_eq!(people().await, before, "{}", site.store.write.name());
    }
}

#[tokio::test]
async fn an_agent_says_through_the_api_whether_they_take_conversations_and_everybody_who_talks_can_see_it() {
    for site in Site::all().await {
        let agent = site.visitor(Role::Agent).await;
        let id = user::by_name(&site.store, "agent").await.unwrap().unwrap().id;
        let request = axum::http::Request::builder().method(Method::POST).uri("/api/v1/me/availability");
        let request = request
            .header("cookie", format!("recado_session={}", agent.cookie))
            .header("x-csrf-token", &agent.csrf)
            .header("content-type", "application/json")
            .body(axum::body::Body::from("{\"state\": \"away\"}"));
        let told = site.send(request.unwrap()).await;
        assert_eq!(told.status, StatusCode::NO_CONTENT, "{}", told.body);
        let known = presence::of(&site.store, id).await.unwrap().unwrap();
        assert_eq!(known.state, presence::Availability::Away);
        let token = site.token(Role::Agent).await;
        let all = site.call(Method::GET, "/api/v1/agents", &token, "", None).await.json();
        assert_eq!((&all["items"][0]["availability"], &all["items"][0]["capacity"]), (&json!("away"), &json!(10)));
        let nobody = sends(&site, &token, "/api/v1/me/availability", json!({"state": "away"})).await;
        assert_eq!(nobody.status, StatusCode::CONFLICT, "a token has no desk");
    }
}
