//! Trouble at Gupshup that says nothing of a message (500): tried again only where nothing speaks against it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use recado::domain::retry::Help;
use recado::engine::receiver::Receiver;
use serde_json::{Value, json};

use super::change;
use super::purses::{Till, campaign};
use super::stage::{Stage, people, sender_of};
use crate::support::stores;

/// Gupshup tells of a message, by its own id or, once WhatsApp has taken it, by WhatsApp's.
async fn becomes(stage: &Stage, gs: &str, (word, is_taken): (&str, bool), payload: Value) {
    let mut told = json!({"type": word, "payload": payload});
    if is_taken {
        told["id"] = json!(format!("wamid.{gs}"));
        told["gsId"] = json!(gs);
    } else {
        told["id"] = json!(gs);
    }
    let told =
        json!({"app": "Rig", "timestamp": stage.clock.now().0, "version": 2, "type": "message-event", "payload": told});
    stage.engine.keep_webhook("gup", told.to_string().as_bytes(), stage.clock.now()).await.unwrap();
    let receiver = Receiver::new(stage.engine.clone(), Arc::default());
    while receiver.step().await.unwrap() > 0 {}
}

#[tokio::test]
async fn trouble_at_gupshup_is_tried_again_only_where_nothing_else_was_told_of_the_message() {
    let trouble = || json!({"code": 500, "reason": "r"});
    for store in stores().await {
        let till = Till::with(5_000).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        let run = stage.run("turnos", &campaign("reminder", "reminder"), &people(6)).await;
        assert_eq!(sender_of(&stage.engine, "gup").drain().await, 6, "{}", store.name());
        // Nothing but that: once more.
        becomes(&stage, "gs-1", ("failed", false), trouble()).await;
        // Taken by WhatsApp, which its id tells; taken and passed on; trouble told under WhatsApp's id alone; passed on, told
        // under Gupshup's own alone.
        becomes(&stage, "gs-2", ("enqueued", false), json!({"whatsappMessageId": "wamid.gs-2", "type": "template"}))
            .await;
        becomes(&stage, "gs-2", ("failed", false), trouble()).await;
        becomes(&stage, "gs-3", ("sent", true), json!({"ts": stage.clock.now().0})).await;
        becomes(&stage, "gs-3", ("failed", true), trouble()).await;
        becomes(&stage, "gs-4", ("failed", true), trouble()).await;
        becomes(&stage, "gs-6", ("sent", false), json!({"ts": stage.clock.now().0})).await;
        becomes(&stage, "gs-6", ("failed", false), trouble()).await;
        let states = stage.states(run).await;
        assert_eq!((states.get("queued"), states.get("failed")), (Some(&1), Some(&4)), "{states:?} {}", store.name());
        // What was told before the trouble comes after it: it is not sent again.
        becomes(&stage, "gs-5", ("failed", false), trouble()).await;
        assert_eq!(stage.states(run).await.get("queued"), Some(&2), "{}", store.name());
        becomes(&stage, "gs-5", ("sent", true), json!({"ts": stage.clock.now().0})).await;
        let states = stage.states(run).await;
        assert_eq!((states.get("queued"), states.get("sent")), (Some(&1), Some(&1)), "{states:?} {}", store.name());
        stage.clock.advance(Duration::from_mins(5));
        assert_eq!(sender_of(&stage.engine, "gup").drain().await, 1, "{}", store.name());
        becomes(&stage, "gs-7", ("failed", false), trouble()).await;
        stage.clock.advance(Duration::from_mins(5));
        assert_eq!(sender_of(&stage.engine, "gup").drain().await, 0, "once, {}", store.name());
    }
}

#[tokio::test]
async fn what_people_may_have_got_is_tried_again_only_where_it_is_named() {
    for store in stores().await {
        let till = Till::with(5_000).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        let run = stage.run("turnos", &campaign("reminder", "reminder"), &people(5)).await;
        assert_eq!(sender_of(&stage.engine, "gup").drain().await, 5, "{}", store.name());
        for (n, code) in [(1, 500), (2, 500), (3, 4_002), (4, 131_000)] {
            let failed = format!(
                "UPDATE message SET state = 'failed', failure_code = {code}, reserved = 0 WHERE provider_id = 'gs-{n}'"
            );
            change(&store, &failed).await;
        }
        let sheet = stage.engine.retry_sheet(run).await.unwrap();
        let worth: Vec<_> = sheet.groups.iter().map(|group| (group.code, group.again, group.help)).collect();
        let unsure = [(500, 2, Help::Unsure), (4_002, 1, Help::Unsure)];
        assert_eq!(worth, [(131_000, 1, Help::Likely), unsure[0], unsure[1]], "{}", store.name());
        let usual = sheet.by_default();
        assert_eq!((&usual, sheet.unsure(&usual)), (&BTreeSet::from([131_000]), (0, 3)));
        let named = BTreeSet::from([131_000, 500]);
        assert_eq!((sheet.total(&named).0, sheet.unsure(&named)), (3, (2, 1)), "{}", store.name());
        assert_eq!(stage.engine.retry(run, &named).await.unwrap(), Some(3), "{}", store.name());
    }
}
