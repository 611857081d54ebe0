//! Conversations go to Chatwoot beside each other: what hangs there, and what is old, keeps nobody waiting who writes now.

use std::future::Future;
use std::time::Duration;

use recado::engine::chatwoot::{self as engine, Connector};
use recado::engine::outgoing::Outgoing;
use serde_json::json;

use super::{office, settle, unconnected};
use crate::inbox::office::{ANA, Office};
use crate::support::stores;

/// A hang is noticed after this, before the client would give up by itself.
const PATIENCE: Duration = Duration::from_secs(10);
const BEA: &str = "5491155550201";
const CARO: &str = "5491155550202";
/// Conversations with old lines at the same time, and the lines of one turn.
const BEHIND: usize = 4;
const TURN: usize = 20;

/// Somebody writes several lines at once.
async fn writes_all(office: &Office, from: &str, lines: impl Iterator<Item = String>) {
    let at = (office.clock.now().0 / 1000).to_string();
    let message = |(n, line): (usize, String)| {
        json!({ "id": format!("wamid.{from}.{n}"), "from": from, "timestamp": at,
        "type": "text", "text": { "body": line } })
    };
    office.store_body(json!({ "messages": lines.enumerate().map(message).collect::<Vec<_>>() })).await;
    office.read().await;
}

/// What changed here is to be told.
async fn gather(office: &Office) {
    while Outgoing::new(office.engine.clone()).step().await.unwrap() > 0 {}
}

/// Everything due is told and taken up, as far as that goes, until `done`. Something of it never ends.
async fn until(office: &Office, done: impl Future<Output = ()>) {
    let connector = Connector::all(&office.engine).pop().unwrap();
    let work = async {
        tokio::select! {
            told = connector.step() => panic!("something hangs: {told:?}"),
            () = done => {}
        }
    };
    tokio::time::timeout(PATIENCE, work).await.expect("what hangs holds up the rest");
}

#[tokio::test]
async fn a_conversation_that_hangs_there_holds_up_no_other_and_each_keeps_its_order() {
    for store in stores().await {
        let (office, woot) = office(&store).await;
        office.writes(ANA, "uno").await;
        settle(&office, &woot).await;
        woot.hangs_at("cuelga");
        office.writes(ANA, "esto cuelga").await;
        office.writes(ANA, "y esto espera").await;
        writes_all(&office, BEA, (0..5).map(|n| format!("Bea {n}"))).await;
        office.writes(CARO, "Soy Caro").await;
        gather(&office).await;
        until(&office, woot.until(|all| all.len() == 1 + 5 + 1)).await;
        let said = woot.texts();
        let beas: Vec<&str> = said.iter().map(String::as_str).filter(|text| text.starts_with("Bea")).collect();
        assert_eq!(beas, ["Bea 0", "Bea 1", "Bea 2", "Bea 3", "Bea 4"], "{}", store.name());
        assert!(said.iter().any(|text| text == "Soy Caro"), "{}: {said:?}", store.name());
    }
}

#[tokio::test]
async fn what_was_open_before_the_inbox_was_connected_holds_up_nobody_who_writes_now() {
    for store in stores().await {
        let (office, woot) = unconnected(&store).await;
        for n in 0..12 {
            office.writes(&format!("54911555503{n:02}"), "de antes").await;
        }
        engine::begin(&office.engine).await.unwrap();
        woot.hangs_at("de antes");
        for n in 0..3 {
            office.writes(&format!("54911555504{n:02}"), "de ahora").await;
        }
        gather(&office).await;
        until(&office, woot.until(|all| all == ["de ahora"; 3])).await;
        let hanging = *woot.hanging.lock().unwrap();
        assert!(hanging <= BEHIND, "{}: {hanging} old ones at once", store.name());
    }
}

#[tokio::test]
async fn who_has_much_to_catch_up_on_lets_others_have_their_turn() {
    for store in stores().await {
        let (office, woot) = unconnected(&store).await;
        for n in 0..BEHIND {
            let lines = (0..TURN).map(|line| format!("{n}: {line}")).chain(["cuelga".to_owned()]);
            writes_all(&office, &format!("54911555503{n:02}"), lines).await;
        }
        office.writes(BEA, "la última").await;
        engine::begin(&office.engine).await.unwrap();
        woot.hangs_at("cuelga");
        // What goes on later is later than what has not had a turn yet.
        office.clock.advance(Duration::from_secs(1));
        until(&office, woot.until(|all| all.len() == BEHIND * TURN + 1)).await;
        let said = woot.texts();
        assert!(said.iter().any(|text| text == "la última"), "{}", store.name());
        for n in 0..BEHIND {
            let of: Vec<&String> = said.iter().filter(|text| text.starts_with(&format!("{n}:"))).collect();
            let expected: Vec<String> = (0..TURN).map(|line| format!("{n}: {line}")).collect();
            assert!(of.into_iter().eq(&expected), "{}", store.name());
        }
    }
}

#[tokio::test]
async fn what_is_said_there_of_one_conversation_does_not_wait_for_what_is_asked_of_another() {
    for store in stores().await {
        let (office, woot) = office(&store).await;
        office.writes(ANA, "Hola").await;
        settle(&office, &woot).await;
        office.writes(BEA, "Buenas").await;
        settle(&office, &woot).await;
        woot.agent_sets(100, "resolved");
        woot.agent_writes(100, "Detrás de lo que cuelga", false);
        woot.agent_writes(101, "Buen día, Bea", false);
        woot.hangs_at("100");
        let said = std::mem::take(&mut *woot.said.lock().unwrap());
        for body in said {
            engine::keep(&store, "clinic", &body.to_string(), office.clock.now()).await.unwrap();
        }
        let sent = || office.words("SELECT content FROM message WHERE author = 'Lucía (Chatwoot)'");
        let is_sent = async {
            while sent().await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        until(&office, is_sent).await;
        let sent = sent().await;
        assert!(sent.len() == 1 && sent[0].contains("Buen día, Bea"), "{}: {sent:?}", store.name());
    }
}
