//! What people write reaches every open page, however much of it comes at once while messages leave.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use axum::http::header::COOKIE;
use futures::{FutureExt, StreamExt};
use recado::domain::change::{Change, News};
use recado::domain::id::ConversationId;
use recado::domain::role::Role;
use recado::engine::receiver::Receiver;
use recado::inbox::Inbox;
use recado::inbox::assign::{HandOver, Onward, Reach};
use recado::store::{token, user, webhook};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::site::{Site, Visitor};
use crate::engine::gates;
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

/// People who write together, and how often that happens.
const BURST: usize = 100;
const BURSTS: usize = 5;

/// An open page's stream of changes.
async fn page(site: &Site, who: &Visitor) -> BodyDataStream {
    let request = Request::get("/events").header(COOKIE, who.cookies()).body(Body::empty()).unwrap();
    site.open(request).await.into_body().into_data_stream()
}

/// What it has told by now. A task may take only so much at a time before it lets others go on.
async fn told(page: &mut BodyDataStream) -> Vec<Value> {
    let mut text = String::new();
    loop {
        tokio::task::yield_now().await;
        let before = text.len();
        while let Some(Some(piece)) = page.next().now_or_never() {
            text.push_str(&String::from_utf8_lossy(&piece.unwrap()));
        }
        if text.len() == before {
            break;
        }
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

async fn writes(stage: &Stage, no: usize) {
    let from = format!("54911{}", 50_000_000 + no);
    let at = (stage.clock.now().0 / 1000).to_string();
    let reply = json!({"from": from, "id": format!("wamid.in{no}"), "timestamp": at, "type": "text", "text": {"body": "¿hora?"}});
    let metadata = json!({"display_phone_number": "5491155550100", "phone_number_id": "106540352242922"});
    let value = json!({"metadata": metadata, "contacts": [{"wa_id": from}], "messages": [reply]});
    let entry = json!({"id": "102290129340398", "changes": [{"field": "messages", "value": value}]});
    let body = json!({"object": "whatsapp_business_account", "entry": [entry]}).to_string();
    stage.engine.keep_webhook("meta", body.as_bytes(), stage.clock.now()).await.unwrap();
}

#[tokio::test]
async fn a_burst_of_replies_while_a_run_sends_is_taken_up_whole_and_each_is_told_to_the_pages() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let mut ana = page(&site, &site.visitor(Role::Agent).await).await;
        let mut admin = page(&site, &site.visitor(Role::Admin).await).await;
        stage.run("one", CAMPAIGN, &people(600)).await;
        let (mut sender, receiver) = (stage.sender(), Receiver::new(stage.engine.clone(), Arc::new(Notify::new())));
        let (mut on_anas, mut on_admins) = (BTreeSet::new(), BTreeSet::new());
        for burst in 0..BURSTS {
            for no in 0..BURST {
                writes(&stage, burst * BURST + no).await;
                if no % 25 == 0 {
                    sender.step().await;
                }
            }
            while receiver.step().await.unwrap() > 0 {
                sender.step().await;
            }
            for (page, seen) in [(&mut ana, &mut on_anas), (&mut admin, &mut on_admins)] {
                let of_talks = told(page).await.into_iter().filter(|change| change["kind"] == "conversation");
                seen.extend(of_talks.map(|change| change["id"].as_i64().unwrap()));
            }
        }
        sender.drain().await;
        let count = async |sql: &str| crate::engine::count(&store, sql).await;
        assert_eq!(stage.stub.count(), 600, "{}: everything left", store.name());
        assert_eq!(count("SELECT COUNT(*) FROM entry WHERE direction = 'in'").await, 500, "{}", store.name());
        assert_eq!(count("SELECT COUNT(*) FROM conversation WHERE state = 'open'").await, 500, "{}", store.name());
        assert_eq!(webhook::backlog(&store).await.unwrap().count, 0, "{}", store.name());
        assert_eq!((on_anas.len(), on_admins.len()), (500, 500), "{}: each is on each screen", store.name());
    }
}

#[tokio::test]
async fn a_bot_is_told_of_the_conversations_it_has_and_once_when_it_has_one_no_more() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let now = site.clock.now();
        let bot = token::add(&store, "turnero", Role::Bot, now, now.plus(Duration::from_hours(1))).await.unwrap().1;
        let request = Request::get("/api/v1/events").header("authorization", format!("Bearer {bot}"));
        let mut stream = site.open(request.body(Body::empty()).unwrap()).await.into_body().into_data_stream();
        let (id, inbox) =
            (gates::conversation(&store, None).await, Inbox::new(store.clone(), stage.engine.changes.clone()));
        let changes = async |stream: &mut BodyDataStream| {
            stage.engine.changes.send(News::here(Change::Conversation(id))).unwrap();
            stage.engine.changes.send(News::here(Change::All)).unwrap();
            let mut all = Vec::new();
            while !all.contains(&json!({"kind": "all"})) {
                all.extend(told(stream).await);
                tokio::task::yield_now().await;
            }
            all.retain(|change| change["kind"] == "conversation");
            all.len()
        };
        assert_eq!(changes(&mut stream).await, 0, "{}: it was given nothing", store.name());
        let how = HandOver { by: "ana", pen: "ana", of: Reach::All, to: "bot:turnero", note: "", at: now };
        inbox.hand_over(id, &Onward::Bot("turnero".to_owned()), &how).await.unwrap();
        assert_eq!(changes(&mut stream).await, 2, "{}: given, and changed", store.name());
        inbox.give_back(id, None, &how).await.unwrap();
        assert_eq!(changes(&mut stream).await, 1, "{}: it has it no more", store.name());
        assert_eq!(changes(&mut stream).await, 0, "{}", store.name());
    }
}

#[tokio::test]
async fn the_stream_of_somebody_who_is_shut_out_or_has_another_role_ends() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let mut pages = Vec::new();
        for role in [Role::Agent, Role::Operator, Role::Admin] {
            let mut page = page(&site, &site.visitor(role).await).await;
            assert_eq!(told(&mut page).await, [json!(null); 0]);
            pages.push(page);
        }
        let id = async |name: &str| user::by_name(&store, name).await.unwrap().unwrap().id;
        // As the command line does it, in a process of its own.
        user::disable(&store, id("agent").await, site.clock.now()).await.unwrap();
        user::set_role(&store, id("operator").await, Role::Marketing).await.unwrap();
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(2)).await;
        tokio::time::resume();
        let mut admin = pages.pop().unwrap();
        for mut page in pages {
            let ended = tokio::time::timeout(Duration::from_secs(10), page.next()).await;
            assert!(ended.expect("it ends").is_none(), "{}", store.name());
        }
        stage.engine.changes.send(News::here(Change::Conversation(ConversationId(55)))).unwrap();
        assert!(admin.next().await.is_some(), "{}: who may goes on", store.name());
    }
}

#[tokio::test]
async fn a_page_that_could_not_follow_is_told_to_read_everything_anew() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let site = Site::over(&stage.engine);
    let mut page = page(&site, &site.visitor(Role::Agent).await).await;
    for id in 0..3_000 {
        stage.engine.changes.send(News::here(Change::Conversation(ConversationId(id)))).unwrap();
    }
    let told = told(&mut page).await;
    assert_eq!(told.first(), Some(&json!({"kind": "all"})));
    assert_eq!(told.last(), Some(&json!({"kind": "conversation", "id": 2_999})));
}
