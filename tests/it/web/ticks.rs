//! How far what we wrote has come stands beside it, and what came from the person is played or shown.

use axum::http::Method;
use recado::domain::change::Change;
use recado::domain::id::ConversationId;
use recado::domain::role::Role;
use recado::engine::{Author, HandOutcome, HandSend};
use recado::store::idempotency::Once;
use recado::store::user;
use serde_json::json;

use super::site::Site;
use super::thread::{TEAMS, desk};
use crate::engine::attachments::Desk;
use crate::engine::gates::by_hand;
use crate::engine::stage::Stage;
use crate::support::stores;

/// The bubble of `words`, to its end.
fn bubble<'a>(page: &'a str, words: &str) -> &'a str {
    let from = page.rfind(words).unwrap_or_else(|| panic!("no {words} in {page}"));
    let begin = page[..from].rfind("<div class=\"bubble").unwrap();
    let end = page[from..].find("<div class=\"bubble").map_or(page.len(), |end| from + end);
    &page[begin..end]
}

#[tokio::test]
async fn an_answer_says_whether_it_was_sent_delivered_or_read_and_why_it_was_not() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, ana) = desk(&stage, &site).await;
        let path = format!("/conversations/{id}");
        let says = async |words: &str| bubble(&site.get(&path, Some(&ana)).await.body, words).to_owned();
        site.post(&format!("{path}/answer"), &ana, &[("text", "A las nueve")]).await;
        assert!(
            says("A las nueve").await.contains("◷</span> <span class=\"visually-hidden\">In line"),
            "{}",
            store.name()
        );
        stage.sender().drain().await;
        let sent = stage.stub.seen.lock().unwrap().last().cloned().unwrap();
        for (status, sign, word) in [
            ("sent", "<span class=\"tick\" aria-hidden=\"true\">✓</span>", ">Sent<"),
            ("delivered", "<span class=\"tick\" aria-hidden=\"true\">✓✓</span>", ">Delivered<"),
            ("read", "<span class=\"tick read\" aria-hidden=\"true\">✓✓</span>", ">Read<"),
        ] {
            let mut pages = stage.engine.changes.subscribe();
            stage.receipts(std::slice::from_ref(&sent), status, None).await;
            let shown = says("A las nueve").await;
            assert!(shown.contains(sign) && shown.contains(word), "{} {status}: {shown}", store.name());
            let told = std::iter::from_fn(|| pages.try_recv().ok()).any(|news| news.change == Change::Conversation(id));
            assert!(told, "{} {status} is told to open pages", store.name());
        }
        site.post(&format!("{path}/answer"), &ana, &[("text", "En Maipú")]).await;
        stage.sender().drain().await;
        let sent = stage.stub.seen.lock().unwrap().last().cloned().unwrap();
        stage.receipts(&[sent], "failed", Some(131_026)).await;
        let shown = says("<span class=\"words\">En Maipú").await;
        let why = "Not delivered: this number cannot receive it: it has no WhatsApp, or a very old version";
        assert!(shown.contains(why) && !shown.contains("class=\"tick"), "{} {shown}", store.name());
    }
}

#[tokio::test]
async fn the_ticks_of_a_template_by_hand_are_told_to_the_page_of_the_conversation_it_began() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        site.visitor(Role::Agent).await;
        let id = user::by_name(&store, "agent").await.unwrap().unwrap().id;
        let values = vec![("1".to_owned(), "Ana".to_owned())];
        let send = HandSend { values, ..by_hand("+54 9 11 5000-0042".to_owned()) };
        let by = Author { id, name: "agent".to_owned(), once: Once::default(), by: None };
        let done = stage.engine.send_by_hand(&send, &by).await.unwrap();
        let HandOutcome::Sent { conversation, .. } = done else { panic!("{done:?}") };
        stage.sender().drain().await;
        let sent = stage.stub.seen.lock().unwrap().last().cloned().unwrap();
        let mut pages = stage.engine.changes.subscribe();
        stage.receipts(&[sent], "delivered", None).await;
        let told = std::iter::from_fn(|| pages.try_recv().ok()).any(|n| n.change == Change::Conversation(conversation));
        assert!(told, "{}", store.name());
    }
}

#[tokio::test]
async fn pictures_sounds_films_and_documents_are_shown_played_and_read_in_the_thread() {
    let store = &stores().await[0];
    let desk = Desk::new(store).await;
    let site = Site::over(&desk.engine);
    let ana = site.visitor(Role::Agent).await;
    for what in [json!({"image": true}), json!({"audio": true}), json!({"video": true}), json!({"document": true})] {
        desk.sends(what).await;
    }
    while desk.fetch().await > 0 {}
    let page = site.get("/conversations/1", Some(&ana)).await.body;
    for shown in [
        "<img src=\"/media/1\"",
        "<audio controls preload=\"none\" src=\"/media/2\"",
        "<video controls preload=\"metadata\" src=\"/media/3\"",
        "<a href=\"/media/4\" download>",
        "<iframe src=\"/media/4\"",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let token = site.token(Role::Agent).await;
    let one = ConversationId(1);
    let told = site.call(Method::GET, &format!("/api/v1/conversations/{one}"), &token, "", None).await.json();
    let kinds = told["thread"].as_array().unwrap().iter().filter_map(|line| line["attachment"]["kind"].as_str());
    assert_eq!(kinds.collect::<Vec<_>>(), ["image", "voice", "video", "document"], "{told}");
}
