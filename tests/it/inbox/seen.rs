//! What a person writes while somebody of ours closes or decides is not closed away unseen.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use recado::domain::id::{ConversationId, EntryId, UserId};
use recado::domain::role::Role;
use recado::engine::{AnswerOutcome, Author};
use recado::inbox::assign::{HandOver, Onward, Reach};
use recado::inbox::{Acted, Inbox, Seen};
use recado::store::conversation::{self, ConversationState};
use recado::store::idempotency::Once;
use recado::store::token;
use serde_json::json;

use super::office::{ANA, NOW, Office, REPLIES, typed};
use crate::support::{in_every_order, stores};
use crate::web::site::Site;

/// The inbox of whoever has seen the thread as far as `last`.
fn having_seen(office: &Office, last: Option<EntryId>) -> Inbox {
    office.inbox.clone().having(Seen { last, anyway: false })
}

/// The newest line of any thread.
async fn newest(office: &Office) -> EntryId {
    EntryId(office.numbers("SELECT MAX(id) FROM entry").await[0])
}

/// How a conversation stands, and whether somebody waits in it.
async fn stands(office: &Office, id: ConversationId) -> (ConversationState, bool) {
    let found = conversation::get(office.store(), id).await.unwrap().unwrap();
    (found.state, found.waiting_since.is_some())
}

#[tokio::test]
async fn what_came_in_after_the_last_line_that_was_seen_keeps_a_conversation_open() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", REPLIES).await;
        let message = office.message(run, ANA).await;
        office.writes(ANA, "hola").await;
        let id = office.conversations().await[0].id;
        let seen = newest(&office).await;
        office.writes(ANA, "espere, una cosa más").await;
        let behind = having_seen(&office, Some(seen));
        assert_eq!(behind.close(id, "ana", NOW).await.unwrap(), Acted::Unseen, "{}", store.name());
        let decided = behind.set_outcome(id, Some(message), "confirmed", "ana", NOW).await.unwrap();
        assert_eq!((decided, office.outcomes(message).await.len()), (Acted::Unseen, 0), "{}", store.name());
        assert_eq!(stands(&office, id).await, (ConversationState::Open, true), "{}", store.name());
        let up_to_date = having_seen(&office, Some(newest(&office).await));
        assert_eq!(up_to_date.close(id, "ana", NOW).await.unwrap(), Acted::Done, "{}", store.name());
    }
}

#[tokio::test]
async fn whoever_does_not_say_what_was_seen_closes_nothing_that_waits_and_nobody_has_looked_at() {
    for store in stores().await {
        let office = Office::new(&store);
        let ana = office.user("ana").await;
        office.writes(ANA, "hola").await;
        let id = office.conversations().await[0].id;
        let blind = having_seen(&office, None);
        assert_eq!(blind.close(id, "crm", NOW).await.unwrap(), Acted::Unseen, "{}", store.name());
        assert_eq!(stands(&office, id).await, (ConversationState::Open, true), "{}", store.name());
        conversation::seen(&store, ana, id, newest(&office).await).await.unwrap();
        office.writes(ANA, "¿hay alguien?").await;
        assert_eq!(blind.close(id, "crm", NOW).await.unwrap(), Acted::Unseen, "{}", store.name());
        conversation::seen(&store, ana, id, newest(&office).await).await.unwrap();
        assert_eq!(blind.close(id, "crm", NOW).await.unwrap(), Acted::Done, "{}", store.name());
    }
}

#[tokio::test]
async fn of_closing_and_writing_at_the_same_instant_the_person_is_left_waiting_in_every_order() {
    for store in stores().await {
        let office = Office::new(&store);
        for n in 0..12 {
            let phone = format!("54911555579{n:02}");
            office.writes(&phone, "hola").await;
            let id = office.conversations().await.pop().unwrap().id;
            let hers = having_seen(&office, Some(newest(&office).await));
            let (closed, _) = in_every_order(n, hers.close(id, "ana", NOW), office.writes(&phone, "espere")).await;
            let closed = closed.unwrap();
            assert!(n % 4 != 0 || closed == Acted::Done, "{}, round {n}: {closed:?}", store.name());
            assert!(n % 4 != 1 || closed == Acted::Unseen, "{}, round {n}: {closed:?}", store.name());
            let last = office.conversations().await.pop().unwrap().id;
            assert_eq!(stands(&office, last).await, (ConversationState::Open, true), "{}, round {n}", store.name());
        }
    }
}

#[tokio::test]
async fn the_page_comes_back_with_what_was_written_meanwhile_and_the_api_says_so() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", REPLIES).await;
        office.message(run, ANA).await;
        office.writes(ANA, "¿a qué hora?").await;
        let id = office.conversations().await[0].id;
        let site = Site::over(&office.engine);
        let agent = site.visitor(Role::Agent).await;
        let path = format!("/conversations/{id}");
        let seen = newest(&office).await.to_string();
        let page = site.get(&path, Some(&agent)).await.body;
        let carried = format!("name=\"seen\" value=\"{seen}\"");
        assert!(page.matches(&carried).count() >= 2, "closing and deciding carry it: {page}");
        assert!(!page.contains("data-test=\"unseen\""), "{page}");

        office.writes(ANA, "espere, una cosa más").await;
        for (act, fields) in
            [("close", vec![("seen", &*seen)]), ("outcome", vec![("outcome", "confirmed"), ("seen", &*seen)])]
        {
            let back = site.post(&format!("{path}/{act}"), &agent, &fields).await;
            assert_eq!(back.leads_to(), format!("{path}?since={seen}"), "{} {act}: {}", store.name(), back.body);
        }
        let shown = site.get(&format!("{path}?since={seen}"), Some(&agent)).await.body;
        let apart = shown.split("data-test=\"unseen\"").nth(1).expect("it is shown apart");
        assert!(apart.split("</section>").next().unwrap().contains("espere, una cosa más"), "{shown}");

        let token = site.token(Role::Agent).await;
        let close =
            async |body: String| site.call(Method::POST, &format!("/api/v1{path}/close"), &token, &body, None).await;
        let told = close(json!({"seen": seen.parse::<i64>().unwrap()}).to_string()).await;
        let expected = (StatusCode::CONFLICT, json!("/api/docs#problem-written_meanwhile"));
        assert_eq!((told.status, told.json()["type"].clone()), expected, "{}", store.name());
        assert_eq!(stands(&office, id).await, (ConversationState::Open, true), "{}", store.name());
        let latest = newest(&office).await.to_string();
        let done = site.post(&format!("{path}/close"), &agent, &[("seen", &latest)]).await;
        assert_eq!(done.leads_to(), "/conversations?done=closed", "{}: {}", store.name(), done.body);
    }
}

const SHOP: &str = "106540352242923";

/// In the shop nobody is here before 13:00, and whoever writes is told so.
const AWAY: &str = r#"
hours = "tarde"
[hours.tarde]
timezone = "America/Argentina/Buenos_Aires"
mon-sun  = "13:00-18:00"
away     = { es = "Ahora no hay nadie." }
"#;

/// The first line of a conversation.
async fn first(office: &Office, id: ConversationId) -> Option<EntryId> {
    let sql = format!("SELECT MIN(id) FROM entry WHERE conversation_id = {id}");
    Some(EntryId(office.numbers(&sql).await[0]))
}

/// Answers as an agent who has seen the thread as far as `last`.
async fn answer(office: &Office, id: ConversationId, by: (UserId, &str), last: Option<EntryId>) -> AnswerOutcome {
    let author = Author { id: by.0, name: by.1.to_owned(), once: Once::default(), by: None };
    office.engine.answer(id, "ya le digo", &author, Seen { last, anyway: false }).await.unwrap()
}

#[tokio::test]
async fn what_answers_by_itself_is_no_colleagues_answer_and_a_colleagues_is() {
    for store in stores().await {
        let office = Office::with(&store, AWAY);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        // Out of hours, and a confirmation.
        office.reply_to(SHOP, ANA, typed("hola")).await;
        let id = office.conversations().await[0].id;
        let blind = having_seen(&office, None);
        assert_eq!(blind.close(id, "crm", NOW).await.unwrap(), Acted::Unseen, "{}: nobody has looked", store.name());
        office.reply_to(SHOP, ANA, typed("BAJA")).await;
        assert_eq!(office.answers().await.len(), 2, "{}", store.name());
        let seen = first(&office, id).await;
        office.change(&format!("UPDATE conversation SET state = 'open', closed_at = NULL WHERE id = {id}")).await;
        let sent = answer(&office, id, (ana, "ana"), seen).await;
        assert!(matches!(sent, AnswerOutcome::Sent(_)), "{}: {sent:?}", store.name());
        let behind = answer(&office, id, (diego, "diego"), seen).await;
        assert_eq!(behind, AnswerOutcome::Overtaken, "{}", store.name());
    }
}

#[tokio::test]
async fn what_a_bot_says_is_no_colleagues_answer_and_what_it_gave_back_has_nobody_read() {
    for store in stores().await {
        let office = Office::new(&store);
        let ana = office.user("ana").await;
        token::add(&store, "luz", Role::Bot, NOW, NOW.plus(Duration::from_hours(100))).await.unwrap();
        office.writes(ANA, "hola").await;
        let id = office.conversations().await[0].id;
        let how = |to| HandOver { by: "luz", pen: "bot:luz", of: Reach::All, to, note: "", at: NOW };
        office.inbox.hand_over(id, &Onward::Bot("luz".to_owned()), &how("bot:luz")).await.unwrap();
        let greeted = office.engine.answer_as_bot(id, "Soy Luz.", "luz", &Once::default()).await.unwrap();
        assert!(matches!(greeted, AnswerOutcome::Sent(_)), "{}: {greeted:?}", store.name());
        assert!(office.inbox.give_back(id, Some("luz"), &how("")).await.unwrap(), "{}", store.name());
        let blind = having_seen(&office, None);
        assert_eq!(blind.close(id, "crm", NOW).await.unwrap(), Acted::Unseen, "{}", store.name());
        let sent = answer(&office, id, (ana, "ana"), first(&office, id).await).await;
        assert!(matches!(sent, AnswerOutcome::Sent(_)), "{}: {sent:?}", store.name());
    }
}
