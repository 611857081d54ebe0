//! What stops a sender, a template or an account at providers that tell of it afterwards: a hold, and nothing fails.

use std::sync::Arc;

use recado::domain::id::RunId;
use recado::engine::receiver::Receiver;
use recado::store::Store;
use recado::store::hold::{self, HoldCause, HoldScope};
use serde_json::json;

use super::purses::{Till, campaign};
use super::silent_provider::{Silent, told};
use super::stage::{CAMPAIGN, Stage, people, sender_of};
use crate::support::stores;

type Stop = (i64, HoldScope, HoldCause);

/// Meta's codes that both pass on (gupshup-zenvia.md 1.11, 2.7): spam, payment, lock, policy, registration, templates.
const METAS: [Stop; 9] = [
    (131_048, HoldScope::Sender, HoldCause::Refused),
    (133_010, HoldScope::Sender, HoldCause::Refused),
    (131_042, HoldScope::Account, HoldCause::Refused),
    (131_031, HoldScope::Account, HoldCause::Refused),
    (368, HoldScope::Account, HoldCause::Refused),
    (132_001, HoldScope::Template, HoldCause::Deleted),
    (132_007, HoldScope::Template, HoldCause::Quality),
    (132_015, HoldScope::Template, HoldCause::Quality),
    (132_016, HoldScope::Template, HoldCause::Quality),
];

/// Gupshup's own.
const GUPSHUPS: [Stop; 6] = [
    (1_003, HoldScope::Account, HoldCause::Wallet),
    (1_004, HoldScope::Account, HoldCause::Refused),
    (1_005, HoldScope::Template, HoldCause::Quality),
    (1_007, HoldScope::Template, HoldCause::Quality),
    (4_003, HoldScope::Template, HoldCause::Deleted),
    (4_005, HoldScope::Template, HoldCause::Quality),
];

/// One more message waits again, and the one hold there is is that; then somebody lifts it.
async fn stopped(stage: &Stage, run: RunId, (code, scope, cause): Stop, waiting: i64) {
    let store: &Store = &stage.engine.store;
    let open = hold::open(store).await.unwrap();
    assert_eq!(open.len(), 1, "{code}: {open:?}");
    assert_eq!((open[0].scope, open[0].cause, open[0].code), (scope, cause, Some(code)));
    let states = stage.states(run).await;
    assert_eq!((states.get("queued"), states.get("failed")), (Some(&waiting), None), "{code}: {states:?}");
    stage.engine.lift_hold(open[0].id, "ana").await.unwrap();
}

#[tokio::test]
async fn what_gupshup_tells_of_a_stop_holds_what_it_stops_and_its_message_waits() {
    for store in stores().await {
        let till = Till::with(900_000).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        let all: Vec<Stop> = METAS.into_iter().chain(GUPSHUPS).collect();
        let run = stage.run("turnos", &campaign("reminder", "reminder"), &people(all.len())).await;
        assert_eq!(sender_of(&stage.engine, "gup").drain().await, all.len());
        for (no, stop) in (1..).zip(all) {
            let event = json!({"app": "Rig", "timestamp": stage.clock.now().0, "version": 2, "type": "message-event",
                "payload": {"id": format!("gs-{no}"), "type": "failed",
                    "payload": {"code": stop.0, "reason": "no"}}});
            let (body, now) = (event.to_string(), stage.clock.now());
            stage.engine.keep_webhook("gup", body.as_bytes(), now).await.unwrap();
            let receiver = Receiver::new(stage.engine.clone(), Arc::default());
            while receiver.step().await.unwrap() > 0 {}
            stopped(&stage, run, stop, no).await;
        }
    }
}

#[tokio::test]
async fn what_zenvia_tells_of_a_stop_holds_what_it_stops_and_its_message_waits() {
    for store in stores().await {
        let zenvia = Silent::listening().await;
        let stage = Stage::with(&store, store.dir.path(), &zenvia.config()).await;
        let campaign = CAMPAIGN.replace("\"front\"", "\"mao\"");
        let run = stage.run("turnos", &campaign, &people(METAS.len() + 1)).await;
        sender_of(&stage.engine, "mao").drain().await;
        let seen = zenvia.seen.lock().unwrap().clone();
        for ((no, stop), reference) in (1..).zip(METAS).zip(&seen[1..]) {
            let cause = json!({"channelErrorCode": stop.0.to_string(), "reason": "no", "details": "no"});
            let status = json!({"code": "REJECTED", "timestamp": "2026-11-24T13:00:02Z", "causes": [cause]});
            told(&stage.engine, reference, status).await;
            stopped(&stage, run, stop, no).await;
        }
    }
}
