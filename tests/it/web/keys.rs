//! A request that died, and its repetition with the same key: whenever the death came, what is made is made once.

use std::task::Poll;

use axum::http::{Method, StatusCode};
use recado::domain::id::{ConversationId, MessageId};
use recado::domain::role::Role;
use recado::engine::{AnswerOutcome, Author, Seen};
use recado::store::idempotency::{self, Key, Once, Reservation};
use recado::store::{Db, Store, StoreError, user};
use serde_json::json;

use super::site::{Site, Visitor};
use super::thread::{TEAMS, desk, hidden};
use crate::engine::change;
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

/// The daemon died after the work was committed, before its answer was kept.
const UNANSWERED: &str = "UPDATE idempotency SET status = NULL, response = NULL, holder = 'dead'";

/// The same request under another key, of which nothing was committed before the daemon died.
const BEGUN: &str = "INSERT INTO idempotency (actor, route, key, request, holder, created_at)
    SELECT actor, route, 'k2', request, 'dead', created_at FROM idempotency WHERE key = 'k1'";

/// How many messages, lines of threads, tickets and lines of their timelines there are.
async fn made(store: &Store) -> (i64, i64, i64, i64) {
    const ALL: &str =
        "SELECT (SELECT COUNT(*) FROM message), (SELECT COUNT(*) FROM entry), (SELECT COUNT(*) FROM ticket),
        (SELECT COUNT(*) FROM ticket_event)";
    match &store.write {
        Db::Sqlite(pool) => sqlx::query_as(ALL).fetch_one(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_as(ALL).fetch_one(pool).await.unwrap(),
    }
}

#[tokio::test]
async fn what_was_made_under_a_key_before_a_crash_is_answered_and_not_made_again() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        desk(&stage, &site).await;
        site.visitor(Role::Admin).await;
        let token = site.token(Role::Admin).await;
        let by_hand = json!({"sender": "front", "to": "+54 9 11 5555-0123", "template": "reminder", "language": "es_AR",
            "values": {"1": "Eva"}, "agent": "agent"});
        let everything = [
            ("/conversations/1/answer", json!({"text": "Hola", "agent": "agent"})),
            ("/conversations/1/note", json!({"text": "llamar"})),
            ("/messages", by_hand),
            ("/tickets", json!({"subject": "Estudio", "phone": "+54 9 11 5555-0123"})),
            ("/tickets", json!({"subject": "Factura", "conversation": 1})),
            ("/tickets/1/note", json!({"text": "avisada"})),
            ("/campaigns/one/test", json!({"row": 1, "to": "+54 9 11 5555-0199"})),
            ("/conversations/1/assign", json!({"user": "admin", "note": "pide factura", "agent": "agent"})),
        ];
        for (n, (path, body)) in everything.into_iter().enumerate() {
            let (path, body, key) = (format!("/api/v1{path}"), body.to_string(), format!("k{n}"));
            let before = made(&store).await;
            let first = site.call(Method::POST, &path, &token, &body, Some(&key)).await;
            assert!(first.status.is_success(), "{} {path} {}", store.name(), first.body);
            let after = made(&store).await;
            assert_ne!(before, after, "{} {path}", store.name());
            change(&store, UNANSWERED).await;
            for _ in 0..2 {
                let again = site.call(Method::POST, &path, &token, &body, Some(&key)).await;
                assert_eq!((again.status, &again.body), (first.status, &first.body), "{} {path}", store.name());
                assert_eq!(again.headers["idempotency-replayed"], "true", "{} {path}", store.name());
            }
            assert_eq!(made(&store).await, after, "{} {path}", store.name());
        }
    }
}

#[tokio::test]
async fn a_start_repeated_after_a_crash_is_told_its_run() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let version = stage.load("one", CAMPAIGN, &people(2)).await;
        let token = site.token(Role::Marketing).await;
        let (path, body) = ("/api/v1/campaigns/one/start", json!({"version": version}).to_string());
        let first = site.call(Method::POST, path, &token, &body, Some("k1")).await;
        assert_eq!(first.status, StatusCode::CREATED, "{} {}", store.name(), first.body);
        change(&store, UNANSWERED).await;
        // There is another file by now.
        stage.load("one", CAMPAIGN, &people(3)).await;
        let again = site.call(Method::POST, path, &token, &body, Some("k1")).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{}", store.name());
        let other = site.call(Method::POST, path, &token, &body, Some("k2")).await;
        assert!(other.status.is_client_error(), "{} {}", store.name(), other.body);
    }
}

#[tokio::test]
async fn a_bots_answer_is_sent_once_although_it_gave_the_conversation_back_meanwhile() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        desk(&stage, &site).await;
        let (mine, hour) = (site.token(Role::Bot).await, std::time::Duration::from_hours(1));
        let now = site.clock.now();
        let (_, agent) = recado::store::token::add(&store, "desk", Role::Agent, now, now.plus(hour)).await.unwrap();
        let given = site.call(Method::POST, "/api/v1/conversations/1/bot", &agent, r#"{"bot":"test"}"#, None).await;
        assert_eq!(given.status, StatusCode::OK, "{} {}", store.name(), given.body);
        let (answer, back) = ("/api/v1/bot/conversations/1/answer", "/api/v1/bot/conversations/1/back");
        let first = site.call(Method::POST, answer, &mine, r#"{"text":"¿Qué día?"}"#, Some("k1")).await;
        assert_eq!(first.status, StatusCode::CREATED, "{} {}", store.name(), first.body);
        let gave = site.call(Method::POST, back, &mine, r#"{"note":"pide una persona"}"#, Some("k2")).await;
        assert_eq!(gave.status, StatusCode::OK, "{} {}", store.name(), gave.body);
        let after = made(&store).await;
        change(&store, UNANSWERED).await;
        let again = site.call(Method::POST, answer, &mine, r#"{"text":"¿Qué día?"}"#, Some("k1")).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{}", store.name());
        let again = site.call(Method::POST, back, &mine, r#"{"note":"pide una persona"}"#, Some("k2")).await;
        assert_eq!((again.status, &again.body), (gave.status, &gave.body), "{}", store.name());
        assert_eq!(made(&store).await, after, "{}", store.name());
    }
}

#[tokio::test]
async fn a_key_whose_work_was_never_committed_is_taken_up_again() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        desk(&stage, &site).await;
        let token = site.token(Role::Agent).await;
        let (path, body) = ("/api/v1/conversations/1/answer", r#"{"text":"Hola","agent":"agent"}"#);
        let other = site.call(Method::POST, path, &token, body, Some("k1")).await;
        assert_eq!(other.status, StatusCode::CREATED, "{} {}", store.name(), other.body);
        change(&store, BEGUN).await;
        let before = made(&store).await;
        let done = site.call(Method::POST, path, &token, body, Some("k2")).await;
        assert_eq!(done.status, StatusCode::CREATED, "{} {}", store.name(), done.body);
        assert_ne!(done.body, other.body);
        let again = site.call(Method::POST, path, &token, body, Some("k2")).await;
        assert_eq!(again.body, done.body, "{}", store.name());
        assert_eq!(made(&store).await, (before.0 + 1, before.1 + 1, before.2, before.3), "{}", store.name());
    }
}

#[tokio::test]
async fn a_form_repeated_after_a_crash_leads_to_the_same_and_makes_nothing_twice() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (_, ana) = desk(&stage, &site).await;
        let by_hand = vec![
            ("sender", "front"),
            ("template", "reminder|es_AR"),
            ("to", "+54 9 11 5555-0123"),
            ("name", "1"),
            ("value", "Eva"),
        ];
        let everything = [
            ("/conversations/1/answer", vec![("text", "Hola")]),
            ("/conversations/1/note", vec![("text", "llamar")]),
            ("/send", by_hand),
            ("/tickets", vec![("subject", "Estudio"), ("phone", "11 5555-0123"), ("priority", "high")]),
            ("/tickets/1/note", vec![("text", "avisada")]),
            ("/conversations/1/ticket", vec![("subject", "Factura")]),
        ];
        for (path, mut fields) in everything {
            fields.push(("once", "form"));
            let before = made(&store).await;
            let first = site.post(path, &ana, &fields).await;
            assert_eq!(first.status, StatusCode::SEE_OTHER, "{} {path} {}", store.name(), first.body);
            let after = made(&store).await;
            assert_ne!(before, after, "{} {path}", store.name());
            change(&store, UNANSWERED).await;
            let again = site.post(path, &ana, &fields).await;
            assert_eq!((again.status, again.leads_to()), (first.status, first.leads_to()), "{} {path}", store.name());
            assert_eq!(made(&store).await, after, "{} {path}", store.name());
        }
    }
}

#[tokio::test]
async fn pages_give_notes_and_tickets_a_key_and_other_words_are_another_form() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, ana) = desk(&stage, &site).await;
        let page = site.get(&format!("/conversations/{id}"), Some(&ana)).await.body;
        let once = hidden(page.split("id=\"note\"").nth(1).unwrap(), "once");
        let before = made(&store).await;
        for text in ["uno", "uno", "dos"] {
            let noted = site.post(&format!("/conversations/{id}/note"), &ana, &[("text", text), ("once", &once)]).await;
            assert_eq!(noted.leads_to(), format!("/conversations/{id}?done=noted"), "{}", noted.body);
        }
        assert_eq!(made(&store).await.1, before.1 + 2, "{}", store.name());
        let page = site.get("/tickets", Some(&ana)).await.body;
        let once = hidden(&page, "once");
        for subject in ["uno", "uno", "dos"] {
            let fields = [("subject", subject), ("phone", "11 5555-0123"), ("once", &*once)];
            assert_eq!(site.post("/tickets", &ana, &fields).await.status, StatusCode::SEE_OTHER);
        }
        assert_eq!(made(&store).await.2, 2, "{}", store.name());
        let page = site.get("/tickets/1", Some(&ana)).await.body;
        let fields = [("text", "avisada"), ("once", &*hidden(&page, "once"))];
        for _ in 0..2 {
            assert_eq!(site.post("/tickets/1/note", &ana, &fields).await.leads_to(), "/tickets/1?done=noted");
        }
        assert_eq!(site.get("/tickets/1", Some(&ana)).await.body.matches("avisada").count(), 1, "{}", store.name());
    }
}

/// Polls the answer so many times, and then drops it: its connection is gone.
async fn cut_off(site: &Site, ana: &Visitor, fields: &[(&str, &str)], polls: u32) {
    let mut left = polls;
    let mut work = Box::pin(site.post("/conversations/1/answer", ana, fields));
    std::future::poll_fn(|context| {
        if left == 0 || work.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

#[tokio::test]
async fn wherever_a_request_is_cut_off_its_repetition_makes_one_message() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (_, ana) = desk(&stage, &site).await;
        let before = made(&store).await;
        for polls in 0..40_u32 {
            let (text, once) = (format!("Hola {polls}"), format!("form{polls}"));
            let fields = [("text", text.as_str()), ("once", once.as_str())];
            cut_off(&site, &ana, &fields, polls).await;
            let again = site.post("/conversations/1/answer", &ana, &fields).await;
            assert_eq!(again.leads_to(), "/conversations/1#answer", "{} {polls} {}", store.name(), again.body);
            let now = made(&store).await;
            let so_far = i64::from(polls) + 1;
            assert_eq!((now.0 - before.0, now.1 - before.1), (so_far, so_far), "{} {polls}", store.name());
        }
    }
}

#[tokio::test]
async fn a_form_sent_again_while_it_is_worked_on_leads_to_the_conversation() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (_, ana) = desk(&stage, &site).await;
        let fields = [("text", "Hola"), ("once", "form")];
        let send = || site.post("/conversations/1/answer", &ana, &fields);
        let (a, b, c) = tokio::join!(send(), send(), send());
        for sent in [a, b, c] {
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{} {}", store.name(), sent.body);
            assert_eq!(sent.leads_to(), "/conversations/1#answer");
        }
        assert!(recado::store::message::get(&store, MessageId(3)).await.unwrap().is_none(), "{}", store.name());
    }
}

const KEY: Key<'static> = Key { actor: "ana", route: "POST /x", key: "k" };

async fn reserved(store: &Store, holder: &str, stage: &Stage) -> Reservation {
    idempotency::reserve(store, KEY, ("request", holder), stage.clock.now()).await.unwrap()
}

#[tokio::test]
async fn whoever_lost_the_key_to_another_cannot_commit_what_they_make() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, _) = desk(&stage, &site).await;
        let agent = user::by_name(&store, "agent").await.unwrap().unwrap();
        let answers = async |once: &Once| {
            let by = Author { id: agent.id, name: agent.name.clone(), once: once.clone(), by: None };
            stage.engine.answer(id, "Hola", &by, Seen::default()).await
        };
        let Reservation::New(slow) = reserved(&store, "one", &stage).await else { panic!("it is new") };
        assert_eq!(reserved(&store, "two", &stage).await, Reservation::Begun { holder: "one".to_owned() });
        let other = idempotency::take_up(&store, KEY, "one", "two").await.unwrap().unwrap();
        assert_eq!(idempotency::take_up(&store, KEY, "one", "three").await.unwrap(), None, "{}", store.name());
        let late = answers(&slow).await.unwrap_err();
        assert!(
            matches!(late, recado::engine::EngineError::Store(StoreError::Guard { .. })),
            "{} {late:?}",
            store.name()
        );
        let AnswerOutcome::Sent(message) = answers(&other).await.unwrap() else { panic!("it is theirs") };
        // The second died too, and the third finds what it made; what the first would keep or give back is not its own.
        slow.forget(&store).await.unwrap();
        slow.finish(&store, 500, "").await.unwrap();
        let third = idempotency::take_up(&store, KEY, "two", "three").await.unwrap().unwrap();
        assert_eq!(answers(&third).await.unwrap(), AnswerOutcome::Sent(message), "{}", store.name());
        third.forget(&store).await.unwrap();
        third.finish(&store, 201, "{}").await.unwrap();
        let done = Reservation::Done { status: 201, response: "{}".to_owned() };
        assert_eq!(reserved(&store, "four", &stage).await, done, "{}", store.name());
        assert_eq!(made(&store).await.0, 2, "{}: {}", store.name(), ConversationId(1));
    }
}

#[tokio::test]
async fn keys_live_by_peoples_time_whatever_the_daemons_clock_says() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let Reservation::New(_) = reserved(&store, "one", &stage).await else { panic!("it is new") };
        let far = stage.clock.now().plus(std::time::Duration::from_hours(1_000));
        recado::store::retention::sweep(&store, &recado::store::retention::Before::default(), far).await.unwrap();
        assert!(matches!(reserved(&store, "two", &stage).await, Reservation::Begun { .. }), "{}", store.name());
        stage.clock.advance(idempotency::KEPT);
        assert!(matches!(reserved(&store, "two", &stage).await, Reservation::New(_)), "{}", store.name());
    }
}
