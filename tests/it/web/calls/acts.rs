//! By hand, doubts, the do-not-send list, holds, conversations, costs: everything accepted acts.

use std::time::Duration;

use recado::domain::id::{ConversationId, MessageId};
use recado::domain::message::MessageState;
use recado::domain::role::Role;
use recado::domain::tier::KEPT;
use recado::domain::time::UnixMs;
use recado::engine::tier;
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};
use recado::store::{conversation, user};
use reqwest::Method;
use serde_json::{Value, json};

use crate::engine::force;
use crate::engine::stage::{CAMPAIGN, TUESDAY, people};
use crate::support::stores;
use crate::web::daemon::{Site, told};

fn by_hand() -> Value {
    json!({"sender": "front", "to": "+54 9 11 5555-0123", "template": "reminder", "language": "es_AR",
        "values": {"1": "Ana"}, "agent": "diego"})
}

#[tokio::test]
async fn a_message_by_hand_goes_once_per_key_and_opens_its_agents_conversation() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let diego = user::add(&store, "diego", Role::Agent, None, UnixMs(1)).await.unwrap().unwrap();
        let sent = site.post_once(Role::Agent, "/api/v1/messages", "k", &by_hand()).await;
        assert_eq!(sent.status, 201, "{} {:?}", store.name(), sent.body);
        let again = site.post_once(Role::Agent, "/api/v1/messages", "k", &by_hand()).await;
        assert_eq!((again.status, &again.body), (201, &sent.body));
        let mut other = by_hand();
        other["values"]["1"] = json!("Eva");
        let mismatch = site.post_once(Role::Agent, "/api/v1/messages", "k", &other).await;
        assert_eq!((mismatch.status, &mismatch.body["type"]), (422, &json!("/api/docs#problem-key_reused")));

        let path = format!("/api/v1/conversations/{}", sent.body["conversation"]);
        let conversation = site.get(Role::Agent, &path).await.body;
        assert_eq!(
            (&conversation["assignee"], &conversation["person"]["phone"]),
            (&json!(diego), &json!("5491155550123"))
        );
        assert_eq!(conversation["thread"][0]["shown"]["text"]["body"], "Hola Ana, le esperamos.");
        assert_eq!(conversation["thread"].as_array().unwrap().len(), 1);
        let listed = site.get(Role::Agent, "/api/v1/conversations?list=all&limit=1").await.body;
        assert_eq!(listed["items"][0]["id"], sent.body["conversation"]);
        let shut = site.post(Role::Agent, &format!("{path}/answer"), &json!({"text": "Hola", "agent": "diego"})).await;
        assert_eq!((shut.status, &shut.body["errors"][0]["code"]), (422, &json!("window_closed")));
        let close = json!({"agent": "diego"});
        assert_eq!(site.post(Role::Agent, &format!("{path}/close"), &close).await.body["state"], "closed");
        assert_eq!(site.post(Role::Agent, &format!("{path}/close"), &close).await.status, 409);
    }
}

#[tokio::test]
async fn a_refused_message_names_its_fields_and_gives_its_key_back() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        user::add(&store, "diego", Role::Agent, None, UnixMs(1)).await.unwrap();
        user::add(&store, "eva", Role::Finance, None, UnixMs(1)).await.unwrap();
        for (change, field) in [
            (("to", json!("12")), "to"),
            (("to", json!("11 5555-0100")), "to"),
            (("cost_centre", json!("x".repeat(201))), "cost_centre"),
            (("sender", json!("back")), "sender"),
            (("language", json!("fr")), "template"),
            (("values", json!({})), "values.1"),
            (("values", json!({"1": "Ana", "2": "Eva"})), "values.2"),
            (("agent", json!("eva")), "agent"),
            (("agent", Value::Null), "agent"),
        ] {
            let mut body = by_hand();
            body[change.0] = change.1;
            let refused = site.post_once(Role::Agent, "/api/v1/messages", "k", &body).await;
            assert_eq!(
                (refused.status, &refused.body["errors"][0]["field"]),
                (422, &json!(field)),
                "{:?}",
                refused.body
            );
        }
        assert_eq!(site.post_once(Role::Agent, "/api/v1/messages", "k", &by_hand()).await.status, 201);
    }
}

#[tokio::test]
async fn doubts_are_listed_and_settled_one_by_one_or_all_of_a_run() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let run = site.stage.run("turnos", CAMPAIGN, &people(3)).await;
        let listed = site.get(Role::Operator, &format!("/api/v1/runs/{run}/messages")).await.body;
        for message in listed["items"].as_array().unwrap() {
            force(&store, MessageId(message["id"].as_i64().unwrap()), MessageState::InDoubt).await;
        }
        let doubts = site.get(Role::Operator, "/api/v1/doubt").await.body;
        assert_eq!(doubts["items"].as_array().unwrap().len(), 3, "{}", store.name());
        let one = json!({"messages": [doubts["items"][0]["message"]], "settlement": "leave"});
        assert_eq!(site.post(Role::Operator, "/api/v1/doubt", &one).await.body, json!({"settled": 1}));
        assert_eq!(site.post(Role::Operator, "/api/v1/doubt", &one).await.body, json!({"settled": 0}));
        let rest = json!({"run": run, "settlement": "send_again"});
        assert_eq!(site.post(Role::Operator, "/api/v1/doubt", &rest).await.body, json!({"settled": 2}));
        assert_eq!(site.stage.states(run).await["queued"], 2);
        let left = site.get(Role::Operator, &format!("/api/v1/doubt?run={run}")).await.body;
        assert_eq!(left, json!({"items": [], "next": null}));
    }
}

#[tokio::test]
async fn somebody_is_put_on_the_do_not_send_list_and_taken_off() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let body = json!({"phone": "+54 9 11 5555-0123", "scope": "all", "note": "asked by phone"});
        assert_eq!(site.post(Role::Agent, "/api/v1/suppressions", &body).await.body, json!({"added": true}));
        assert_eq!(site.post(Role::Agent, "/api/v1/suppressions", &body).await.body, json!({"added": false}));
        let line = site.get(Role::Agent, "/api/v1/suppressions").await.body["items"][0].clone();
        assert_eq!((&line["phone"], &line["scope"]), (&json!("5491155550123"), &json!("all")), "{}", store.name());
        let path = format!("/api/v1/suppressions/{}", line["id"]);
        assert_eq!(told(site.request(Role::Agent, Method::DELETE, &path)).await.status, 204);
        assert_eq!(told(site.request(Role::Agent, Method::DELETE, &path)).await.status, 404);
    }
}

#[tokio::test]
async fn a_hold_says_why_and_is_lifted_once() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let new = NewHold {
            scope: HoldScope::Sender,
            scope_key: "front".to_owned(),
            cause: HoldCause::Person,
            code: None,
            until_at: None,
        };
        hold::place(&store, &new, UnixMs(1)).await.unwrap();
        let held = site.get(Role::Finance, "/api/v1/holds").await.body["items"][0].clone();
        assert_eq!((&held["scope"], &held["message"]), (&json!("sender"), &json!("A person has stopped this sender.")));
        assert_eq!(site.post(Role::Operator, "/api/v1/holds/99/lift", &json!({})).await.status, 404);
        let path = format!("/api/v1/holds/{}/lift", held["id"]);
        assert_eq!(site.post_once(Role::Operator, &path, "k", &json!({})).await.status, 204);
        assert_eq!(site.post_once(Role::Operator, &path, "k", &json!({})).await.status, 204, "{}", store.name());
        assert_eq!(site.post(Role::Operator, &path, &json!({})).await.status, 409);
    }
}

#[tokio::test]
async fn a_messaging_limit_says_how_many_are_left_and_when_the_next_place_frees() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        tier::begin(&site.stage.engine).await.unwrap();
        let first = site.get(Role::Finance, "/api/v1/portfolios").await.body["items"][0].clone();
        assert_eq!((&first["portfolio"], &first["limit"]), (&json!("meta"), &json!(null)), "{}", store.name());
        *site.stage.stub.tier.lock().unwrap() = Some("2");
        let mut sender = site.stage.sender();
        assert!(sender.dispatcher.ask_grant().await);
        site.stage.run("turnos", CAMPAIGN, &people(3)).await;
        assert_eq!(sender.drain().await, 2);
        let full = site.get(Role::Finance, "/api/v1/portfolios").await.body["items"][0].clone();
        assert_eq!((&full["limit"], &full["taken"], &full["free"]), (&json!(2), &json!(2), &json!(0)));
        assert_eq!(full["next_frees_at"], json!(TUESDAY.plus(KEPT)), "{}", store.name());
    }
}

#[tokio::test]
async fn costs_come_as_json_or_as_a_file_and_templates_as_last_read() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        site.stage.run("turnos", CAMPAIGN, &people(2)).await;
        let costs = site.get(Role::Finance, "/api/v1/costs?by=campaign,market&month=2026-11").await.body;
        assert_eq!((&costs["lines"][0]["open"], &costs["lines"][0]["keys"]["campaign"]), (&json!(2), &json!("turnos")));
        let request =
            site.request(Role::Finance, Method::GET, "/api/v1/costs?month=2026-11").header("accept", "text/csv");
        let file = told(request).await;
        assert!(file.kind.starts_with("text/csv") && file.body.as_str().unwrap().starts_with("campaign,currency"));
        let templates = site.get(Role::Agent, "/api/v1/templates?account=meta&name=reminder").await.body;
        assert_eq!(templates["items"][0]["body"], "Hola {{1}}, le esperamos.");
        assert_eq!(site.get(Role::Agent, "/api/v1/templates?language=fr").await.body["items"], json!([]));
        let me = site.get(Role::Agent, "/api/v1/me").await.body;
        let zone = "America/Argentina/Buenos_Aires";
        assert_eq!(me, json!({"name": "token:agent", "role": "agent", "user": null, "timezone": zone}));
    }
}

#[tokio::test]
async fn a_conversation_is_claimed_answered_once_per_key_and_decided() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        for name in ["diego", "eva"] {
            user::add(&store, name, Role::Agent, None, UnixMs(1)).await.unwrap();
        }
        let sent = site.post(Role::Agent, "/api/v1/messages", &by_hand()).await.body;
        let id = ConversationId(sent["conversation"].as_i64().unwrap());
        let now = site.stage.clock.now();
        let mut tx = store.begin().await.unwrap();
        conversation::wait(&mut tx, id, now, now.plus(Duration::from_hours(24))).await.unwrap();
        tx.commit().await.unwrap();

        let path = format!("/api/v1/conversations/{id}");
        let taken = site.post(Role::Agent, &format!("{path}/claim"), &json!({"agent": "eva"})).await;
        assert_eq!((taken.status, &taken.body["type"]), (409, &json!("/api/docs#problem-conversation_state")));
        let text = json!({"text": "Le esperamos.", "agent": "diego"});
        let answered = site.post_once(Role::Agent, &format!("{path}/answer"), "k", &text).await;
        assert_eq!(answered.status, 201, "{} {:?}", store.name(), answered.body);
        assert_eq!(site.post_once(Role::Agent, &format!("{path}/answer"), "k", &text).await.body, answered.body);
        let decided = site
            .post(Role::Agent, &format!("{path}/outcome"), &json!({"outcome": "confirmed", "agent": "diego"}))
            .await;
        assert_eq!(decided.status, 200, "{:?}", decided.body);
        for word in ["-1", "CONFIRMED", "no_answer", "to_be_read", "opted_out", "raro con espacios", ""] {
            let body = json!({"outcome": word, "agent": "diego"});
            let refused = site.post(Role::Agent, &format!("{path}/outcome"), &body).await;
            assert_eq!((refused.status, &refused.body["type"]), (400, &json!("/api/docs#problem-outcome")), "{word}");
        }
        let told = site.get(Role::Agent, &path).await.body;
        assert_eq!((told["thread"].as_array().unwrap().len(), &told["outcome"]), (2, &json!("confirmed")));
        let message = format!("/api/v1/messages/{}", answered.body["message"]);
        assert_eq!(site.get(Role::Agent, &message).await.body["text"]["body"], "Le esperamos.");
        assert_eq!(site.get(Role::Operator, &message).await.body["text"], Value::Null);
        let mine = site.get(Role::Agent, "/api/v1/conversations?list=mine").await;
        assert_eq!((mine.status, &mine.body["type"]), (409, &json!("/api/docs#problem-needs_person")));
    }
}
