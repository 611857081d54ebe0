//! The Chatwoot connector, against a Chatwoot on this machine.

mod beside;
mod files;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use recado::engine::Engine;
use recado::engine::chatwoot::{self as engine, Connector};
use recado::engine::outgoing::Outgoing;
use recado::store::conversation::ConversationState;
use serde_json::json;

use super::woot::{Fault, TOKEN, Woot};
use crate::inbox::office::{ANA, Office, REPLIES};
use crate::support::{TestStore, stores};

async fn office(store: &TestStore) -> (Office, Arc<Woot>) {
    let (office, woot) = unconnected(store).await;
    engine::begin(&office.engine).await.unwrap();
    (office, woot)
}

/// The inbox is in the configuration, and nothing was told yet.
async fn unconnected(store: &TestStore) -> (Office, Arc<Woot>) {
    let (woot, url) = Woot::listen().await;
    let more = format!(
        "[chatwoot.clinic]\nbase_url = \"{url}\"\naccount_id = 1\ninbox_id = 5\napi_token = \"{TOKEN}\"\n\
         webhook_secret = \"a_secret_of_some_length_0\"\naccount = \"meta\"\nlanguage = \"es\"\n"
    );
    // The configuration ends inside of a sender's table.
    (Office::with(store, &format!("\n{more}")), woot)
}

/// Everything that can be told or taken up now is, by a process that starts now.
async fn settle(office: &Office, woot: &Woot) {
    settle_all(&office.engine, woot).await;
}

async fn settle_all(all: &Engine, woot: &Woot) {
    loop {
        let said = std::mem::take(&mut *woot.said.lock().unwrap());
        for body in &said {
            engine::keep(&all.store, "clinic", &body.to_string(), all.clock.now()).await.unwrap();
        }
        let mut done = said.len();
        done += Outgoing::new(all.clone()).step().await.unwrap();
        for connector in Connector::all(all) {
            done += connector.step().await.unwrap();
        }
        if done == 0 {
            return;
        }
    }
}

async fn receipt(office: &Office, message: i64, status: &str) {
    let sql = format!("UPDATE message SET state = '{status}', attempt = 1, accepted_at = 1 WHERE id = {message}");
    office.change(&sql).await;
}

#[tokio::test]
async fn a_conversation_goes_both_ways() {
    for store in stores().await {
        let (office, woot) = office(&store).await;
        let run = office.run("es_AR", REPLIES).await;
        let message = office.message(run, ANA).await;
        office.writes(ANA, "¿Tengo que ir en ayunas?").await;
        settle(&office, &woot).await;
        let contact = woot.contacts.lock().unwrap()[0].clone();
        assert_eq!(contact["phone_number"], format!("+{ANA}"), "{}", store.name());
        let there = woot.conversations.lock().unwrap()[0].clone();
        assert_eq!((&there["inbox_id"], &there["custom_attributes"]["recado_campaign"]), (&json!(5), &json!("Turnos")));
        let template = "> Campaña «Turnos»\n\nHola Ana, mañana es su turno.\n\n[Confirmo] [Cancelar]";
        assert_eq!(woot.thread(100), [template, "< ¿Tengo que ir en ayunas?"]);
        receipt(&office, message.0, "delivered").await;
        woot.agent_writes(100, "Sí, ocho horas.", false);
        woot.agent_writes(100, "Preguntó por el ayuno", true);
        settle(&office, &woot).await;
        let sent = office.words("SELECT content FROM message WHERE author = 'Lucía (Chatwoot)'").await;
        assert_eq!(sent.len(), 1);
        assert!(sent[0].contains("Sí, ocho horas."));
        assert_eq!(office.words("SELECT author FROM entry WHERE direction = 'note'").await, ["Lucía (Chatwoot)"]);
        assert_eq!(office.conversations().await[0].waiting_since, None, "nobody waits any more");
        assert_eq!(woot.thread(100).len(), 4, "nothing comes back");
        assert_eq!(woot.statuses(100)[0], "delivered");
        let answer = office.numbers("SELECT id FROM message WHERE author = 'Lucía (Chatwoot)'").await[0];
        receipt(&office, answer, "read").await;
        settle(&office, &woot).await;
        assert_eq!(woot.statuses(100)[1], "read");
        let audited = "SELECT action FROM audit WHERE actor = 'chatwoot:clinic' ORDER BY id";
        assert_eq!(office.words(audited).await, ["conversation.answer"], "{}", store.name());
        office.inbox.close(office.conversations().await[0].id, "eva", office.clock.now()).await.unwrap();
        settle(&office, &woot).await;
        woot.agent_writes(100, "Y traiga la orden.", false);
        settle(&office, &woot).await;
        let expected = ["conversation.answer", "conversation.reopen", "conversation.answer"];
        assert_eq!(office.words(audited).await, expected, "{}", store.name());
    }
}

#[tokio::test]
async fn what_is_resolved_there_is_closed_here_and_what_is_closed_here_resolved_there() {
    for store in stores().await {
        let (office, woot) = office(&store).await;
        office.writes(ANA, "Hola").await;
        settle(&office, &woot).await;
        let id = office.conversations().await[0].id;
        woot.agent_sets(100, "resolved");
        settle(&office, &woot).await;
        let closed = office.conversations().await.remove(0);
        assert_eq!((closed.state, closed.closed_by.as_deref()), (ConversationState::Closed, Some("chatwoot:clinic")));
        office.writes(ANA, "Otra cosa").await;
        settle(&office, &woot).await;
        assert_eq!((woot.state(100).as_str(), woot.thread(100).len()), ("open", 2), "{}", store.name());
        office.inbox.close(id, "eva", office.clock.now()).await.unwrap();
        settle(&office, &woot).await;
        assert_eq!(woot.state(100), "resolved");
        office.inbox.reopen(id, office.clock.now()).await.unwrap();
        settle(&office, &woot).await;
        assert_eq!(woot.state(100), "open");
        // An old word comes late: what is there now counts.
        let late = json!({"event": "conversation_status_changed", "id": 100, "status": "resolved"});
        woot.said.lock().unwrap().push(late);
        settle(&office, &woot).await;
        assert_eq!(office.conversations().await[0].state, ConversationState::Open);
        woot.agent_sets(100, "resolved");
        settle(&office, &woot).await;
        woot.agent_sets(100, "open");
        settle(&office, &woot).await;
        assert_eq!(office.conversations().await[0].state, ConversationState::Open);
    }
}

#[tokio::test]
async fn what_is_not_there_yet_is_not_closed_away_by_resolving() {
    for store in stores().await {
        let (office, woot) = office(&store).await;
        office.writes(ANA, "Hola").await;
        settle(&office, &woot).await;
        office.writes(ANA, "Espere, una cosa más").await;
        woot.agent_sets(100, "resolved");
        let said = std::mem::take(&mut *woot.said.lock().unwrap());
        for body in &said {
            engine::keep(&store, "clinic", &body.to_string(), office.clock.now()).await.unwrap();
        }
        settle(&office, &woot).await;
        let found = office.conversations().await.remove(0);
        assert_eq!((found.state, found.waiting_since.is_some()), (ConversationState::Open, true), "{}", store.name());
        assert_eq!((woot.state(100).as_str(), woot.thread(100).len()), ("open", 2), "{}", store.name());
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_there() {
    let store = stores().await.swap_remove(0);
    let (office, woot) = office(&store).await;
    office.writes(ANA, "Hola").await;
    settle(&office, &woot).await;
    office.advance(25);
    let late = woot.agent_writes(100, "¿Sigue ahí?", false);
    settle(&office, &woot).await;
    let all = woot.messages.lock().unwrap().clone();
    let said = all.iter().find(|message| message["id"] == late).unwrap();
    assert_eq!(said["status"], "failed");
    assert!(said["external_error"].as_str().unwrap().contains("24"), "{said}");
    assert_eq!(office.words("SELECT author FROM message WHERE author LIKE '%Chatwoot%'").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_same_word_said_twice_is_sent_once() {
    for store in stores().await {
        let (office, woot) = office(&store).await;
        office.writes(ANA, "Hola").await;
        settle(&office, &woot).await;
        woot.agent_writes(100, "Buen día", false);
        let twice = woot.said.lock().unwrap().clone();
        woot.said.lock().unwrap().extend(twice);
        settle(&office, &woot).await;
        let sent = office.numbers("SELECT COUNT(*) FROM message WHERE author = 'Lucía (Chatwoot)'").await;
        assert_eq!(sent, [1], "{}", store.name());
    }
}

#[tokio::test]
async fn what_another_account_or_inbox_or_another_recado_says_is_not_sent_on() {
    for store in stores().await {
        let (office, woot) = office(&store).await;
        office.writes(ANA, "Hola").await;
        settle(&office, &woot).await;
        for (place, other) in [
            ("/account/id", json!(2)),
            ("/account", json!(null)),
            ("/inbox/id", json!(99)),
            ("/source_id", json!("recado:another:1")),
        ] {
            for private in [false, true] {
                woot.agent_writes(100, place, private);
                let mut said = woot.said.lock().unwrap();
                *said.last_mut().unwrap().pointer_mut(place).unwrap() = other.clone();
            }
            settle(&office, &woot).await;
        }
        woot.conversations.lock().unwrap()[0]["status"] = json!("resolved");
        let closed = json!({"event": "conversation_status_changed", "id": 100, "inbox_id": 99, "status": "resolved"});
        woot.said.lock().unwrap().push(closed);
        woot.agent_writes(100, "Buen día", false);
        settle(&office, &woot).await;
        let lines = office.words("SELECT author FROM entry WHERE direction <> 'in'").await;
        assert_eq!(lines, ["Lucía (Chatwoot)"], "{}", store.name());
        let sent = office.words("SELECT content FROM message WHERE author = 'Lucía (Chatwoot)'").await;
        assert!(sent.len() == 1 && sent[0].contains("Buen día"), "{sent:?}");
        assert_eq!(office.conversations().await[0].state, ConversationState::Open, "another inbox closes nothing here");
    }
}

#[tokio::test]
async fn exchanges_that_need_nobody_are_not_shown_there_until_they_do() {
    let store = stores().await.swap_remove(0);
    let (office, woot) = office(&store).await;
    let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
    office.taps(ANA, message, "Confirmo").await;
    settle(&office, &woot).await;
    assert!(woot.conversations.lock().unwrap().is_empty());
    office.writes(ANA, "¿Dónde es?").await;
    settle(&office, &woot).await;
    assert_eq!(woot.thread(100).len(), 4, "with all that was said before");
}

/// One conversation in both directions while calls break before or after they did something.
async fn through(faults: &[Option<Fault>]) {
    let store = stores().await.swap_remove(0);
    let (office, woot) = office(&store).await;
    woot.fails(faults);
    let again = || async {
        for _ in 0..40 {
            settle(&office, &woot).await;
            office.clock.advance(Duration::from_secs(30));
        }
    };
    office.message(office.run("es_AR", REPLIES).await, ANA).await;
    office.writes(ANA, "uno").await;
    again().await;
    office.writes(ANA, "dos").await;
    again().await;
    woot.agent_writes(100, "tres", false);
    again().await;
    woot.agent_sets(100, "resolved");
    again().await;
    let thread = woot.thread(100);
    let texts: Vec<&str> = thread.iter().skip(1).map(String::as_str).collect();
    assert_eq!(texts, ["< uno", "< dos", "> tres"], "{faults:?}");
    assert_eq!((woot.contacts.lock().unwrap().len(), woot.conversations.lock().unwrap().len()), (1, 1), "{faults:?}");
    let sent = office.numbers("SELECT COUNT(*) FROM message WHERE author = 'Lucía (Chatwoot)'").await;
    assert_eq!((sent[0], woot.state(100).as_str()), (1, "resolved"), "{faults:?}");
    assert_eq!(office.conversations().await[0].state, ConversationState::Closed, "{faults:?}");
}

#[tokio::test]
async fn every_call_may_break_once_before_or_after_it_did_something_and_nothing_is_lost_or_doubled() {
    for place in 0..6 {
        for fault in [Fault::Before, Fault::After] {
            let mut faults = vec![None; place];
            faults.push(Some(fault));
            through(&faults).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    // Each fault in a row is waited out longer; after more than these the next stage begins first.
    #[test]
    fn whatever_breaks_the_conversation_is_there_once(picks in proptest::collection::vec(0_u8..3, 0..8)) {
        let faults: Vec<Option<Fault>> = picks.iter().map(|pick| match pick {
            0 => None,
            1 => Some(Fault::Before),
            _ => Some(Fault::After),
        }).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(through(&faults));
    }
}
