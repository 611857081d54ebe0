//! Several daemons on one PostgreSQL, and a daemon that is killed: real processes, a real provider on this machine.

mod keeping;

use std::time::{Duration, Instant};

use recado::engine::Engine;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::engine::stage::Stage;
use crate::rig::{Audience, Database, Folder, Rig, Server, Setup, crash, free_address};
use crate::support::stores;

#[tokio::test]
async fn a_daemon_killed_during_runs_loses_nothing_and_sends_nothing_twice() {
    for database in Database::both().await {
        let name = database.name();
        let (kills, balance) = crash::crash(database, 4).await;
        assert_eq!((kills, balance.duplicates), (4, 0), "{name}: {balance:?}");
        assert!(balance.lost.is_empty() && balance.wrong.is_empty(), "{name}: {balance:?}");
        assert_eq!(balance.settleable, 0, "{name}: taken, told of, and still in doubt: {balance:?}");
        assert!(balance.accepted > 500, "{name}: {balance:?}");
    }
}

#[tokio::test]
async fn half_a_request_does_not_keep_a_daemon_from_stopping_well() {
    let mut rig = Rig::start(Setup::new(Database::Sqlite)).await;
    let url = rig.daemon_url();
    let mut half = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    half.write_all(b"POST /webhooks/meta HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{").await.unwrap();
    // It is being read once another, begun later, has its answer.
    rig.get("/api/v1/campaigns").await;
    assert!(rig.stop_daemon().await, "{}", rig.log());
    drop(half);
}

#[tokio::test]
async fn a_daemon_killed_during_runs_at_zenvia_loses_nothing_and_sends_nothing_twice() {
    let database = Database::Sqlite;
    let (kills, balance) = crash::crash_at_zenvia(database, 3).await;
    assert_eq!((kills, balance.duplicates), (3, 0), "{balance:?}");
    assert!(balance.lost.is_empty() && balance.wrong.is_empty(), "{balance:?}");
    assert_eq!(balance.settleable, 0, "taken, told of, and still in doubt: {balance:?}");
    assert!(balance.accepted > 500, "{balance:?}");
    let told = ["delivered", "read"].iter().filter_map(|state| balance.states.get(*state)).sum::<usize>();
    assert!(told > 300, "receipts come through the subscriptions: {balance:?}");
}

#[tokio::test]
async fn a_killed_database_server_costs_a_pause_and_nothing_else() {
    let Some(server) = Server::start().await else { return };
    let balance = crash::server_killed(&server, Duration::from_secs(2)).await;
    assert_eq!((balance.duplicates, balance.planned), (0, 1_500), "{balance:?}");
    assert!(balance.lost.is_empty() && balance.wrong.is_empty(), "{balance:?}");
}

#[tokio::test]
async fn two_daemons_never_share_a_sender_and_one_takes_over_what_the_other_leaves() {
    let Some(database) = Database::postgres().await else { return };
    let setup = Setup { senders: vec!["back", "front"], ..Setup::new(database) };
    let sandbox = ["--any-template", "--quiet", "--throughput", "40"].map(str::to_owned).to_vec();
    let mut rig = Rig::start(Setup { sandbox, ..setup }).await;
    let another = rig.start_another().await;
    let audience = |from| Audience { people: 900, from };
    let runs = [
        rig.start_campaign(&Folder::new("one", "reminder", "front", audience(0))).await,
        rig.start_campaign(&Folder::new("two", "reminder", "back", audience(5_000))).await,
    ];
    // Long enough for the second to have asked for its share.
    while !another.log_tail().contains("this node sends for") {
        assert!(rig.left(&runs).await.waiting > 0, "the second sends for nothing: {}", another.log_tail());
        sleep(Duration::from_millis(100)).await;
    }
    let first = rig.log();
    assert!(first.contains("this node no longer sends for"), "the first lets go of a share: {first}");
    another.kill().await;
    let started = Instant::now();
    while rig.left(&runs).await.waiting > 0 {
        assert!(started.elapsed() < Duration::from_mins(2), "{:?} {}", rig.left(&runs).await, rig.log());
        sleep(Duration::from_millis(500)).await;
    }
    let balance = rig.balance(&runs).await;
    assert_eq!((balance.planned, balance.duplicates), (1_800, 0), "{balance:?}");
    assert_eq!((balance.lost.len(), balance.accepted + balance.in_doubt >= 1_800), (0, true), "{balance:?}");
}

/// The stream's text until it says `words`.
async fn until(stream: &mut reqwest::Response, words: &str) -> String {
    let mut told = String::new();
    while !told.contains(words) {
        let piece = stream.chunk().await.unwrap().expect("the stream goes on");
        told.push_str(&String::from_utf8_lossy(&piece));
    }
    told
}

#[tokio::test]
async fn what_a_person_writes_to_one_node_is_on_the_screens_of_another_within_two_seconds() {
    let Some(database) = Database::postgres().await else { return };
    let sandbox = ["--any-template", "--quiet"].map(str::to_owned).to_vec();
    let mut rig = Rig::start(Setup { sandbox, ..Setup::new(database) }).await;
    let at = free_address();
    let another = rig.start_another_at(at).await;
    rig.start_campaign(&Folder::new("one", "reminder", "front", Audience { people: 1, from: 0 })).await;
    while rig.stats().await.accepted < 1 {
        sleep(Duration::from_millis(50)).await;
    }
    let mut screen = rig.events(&format!("http://{at}")).await;
    // The sandbox posts to the first; the second has only heard of it.
    let reply = json!({"from": "5491110000000", "to": "106540352240000", "text": "¿Puedo ir más tarde?"});
    rig.sandbox_post("/_sandbox/reply", &reply).await;
    let told = timeout(Duration::from_secs(2), until(&mut screen, "\"conversation\"")).await;
    assert!(told.is_ok(), "the other node's pages were not told: {}", another.log_tail());
    another.kill().await;
}

#[tokio::test]
async fn what_changes_at_one_node_is_told_at_the_others_once_and_goes_no_further() {
    use recado::app::relay::{Mouth, pass_on};
    use recado::domain::change::{Change, News};
    use recado::domain::id::ConversationId;
    use recado::store::changes::Ear;

    let Some(store) = stores().await.into_iter().find(|store| store.name() == "postgres") else { return };
    let stage = Stage::new(&store, store.dir.path()).await;
    let there = stage.restarted(store.dir.path()).await;
    let ear = |engine: &Engine| {
        let (instance, node) = (engine.instance.clone(), engine.node.clone());
        let store = engine.store.clone();
        async move { Ear::open(&store, &instance, &node).await.unwrap().expect("there may be other nodes") }
    };
    let (mut own, mut heard) = (ear(&stage.engine).await, ear(&there).await);
    let (mut mouth, mut there_mouth) = (Mouth::new(stage.engine.clone()), Mouth::new(there.clone()));
    let mut pages = there.changes.subscribe();
    for id in [7, 8, 7] {
        stage.engine.inbound.add("front", 2);
        stage.engine.changes.send(News::here(Change::Conversation(ConversationId(id)))).unwrap();
    }
    let first = mouth.wait().await.unwrap();
    mouth.tell(first).await.unwrap();
    let told = timeout(Duration::from_secs(10), heard.next()).await.unwrap().unwrap();
    assert_eq!(told.changes, [7, 8].map(|id| Change::Conversation(ConversationId(id))), "each once");
    pass_on(&there, told);
    let told = timeout(Duration::from_secs(10), heard.next()).await.unwrap().unwrap();
    pass_on(&there, told);
    let paces = [&stage.engine, &there].map(|engine| engine.inbound.drain("front"));
    assert_eq!(paces, [6, 6], "what people write counts whichever node has the sender");
    assert_eq!(there.inbound.untold(), std::collections::BTreeMap::new(), "what was heard is not told on");
    assert_eq!(pages.recv().await.unwrap(), News::elsewhere(Change::Conversation(ConversationId(7))));
    there.changes.send(News::here(Change::Holds)).unwrap();
    assert_eq!(there_mouth.wait().await, Some(Change::Holds), "what was heard is not told on");
    there_mouth.tell(Change::Holds).await.unwrap();
    let back = timeout(Duration::from_secs(10), own.next()).await.unwrap().unwrap();
    assert_eq!(back.changes, [Change::Holds], "a node does not hear itself");
    // Whoever could not follow says so instead of guessing.
    for id in 0..2_000 {
        drop(stage.engine.changes.send(News::here(Change::Conversation(ConversationId(id)))));
    }
    let first = mouth.wait().await.unwrap();
    mouth.tell(first).await.unwrap();
    let told = timeout(Duration::from_secs(10), heard.next()).await.unwrap().unwrap();
    assert_eq!(told.changes, [Change::All]);
}
