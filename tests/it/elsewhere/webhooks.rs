//! Outgoing webhooks: what is told, in which order, how long it is tried, and what replaying does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use recado::domain::id::{DeliveryId, EndpointId};
use recado::domain::outgoing;
use recado::domain::template::TemplateStatus;
use recado::domain::ticket::Priority;
use recado::engine::outgoing::{Outgoing, sign};
use recado::store::conversation::{Hand, hand};
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};
use recado::store::outgoing::delivery::{self, DeliveryState};
use recado::store::outgoing::endpoint::{self, NewEndpoint};
use recado::store::ticket::{NewTicket, TicketChange};
use recado::store::{Store, template};
use serde_json::{Value, json};

use super::hook::Hook;
use crate::inbox::office::{ANA, NOW, Office, REPLIES};
use crate::support::stores;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// An endpoint that hears `kinds`; none: everything.
async fn endpoint(store: &Store, url: &str, kinds: &[&str]) -> EndpointId {
    endpoint_named(store, "clinic", url, kinds).await
}

async fn endpoint_named(store: &Store, name: &str, url: &str, kinds: &[&str]) -> EndpointId {
    let kinds: BTreeSet<String> = if kinds.is_empty() {
        outgoing::kinds().into_iter().collect()
    } else {
        kinds.iter().map(|kind| (*kind).to_owned()).collect()
    };
    let new = NewEndpoint { name, url, kinds: &kinds, by: "ana", at: NOW };
    endpoint::add(store, &new, SECRET).await.unwrap().unwrap()
}

/// Everything that can be told now is.
async fn tell(office: &Office) {
    let mut outgoing = Outgoing::new(office.engine.clone());
    while outgoing.step().await.unwrap() > 0 || outgoing.landing().await {}
}

async fn receipt(office: &Office, id: &str, status: &str) {
    let mut told = json!({ "id": id, "status": status, "timestamp": "1795525205", "recipient_id": ANA });
    if status == "failed" {
        told["errors"] = json!([{ "code": 131_026, "title": "Message undeliverable" }]);
    }
    office.store_body(json!({ "statuses": [told] })).await;
    office.read().await;
}

/// One event of each kind that a day brings.
async fn a_day(office: &Office) {
    let store = office.store();
    let eva = office.user("eva").await;
    let run = office.run("es_AR", REPLIES).await;
    office.change("UPDATE campaign SET name = 'turnos'").await;
    let message = office.message(run, ANA).await;
    let id = format!("wamid.{message}");
    for status in ["sent", "delivered", "read"] {
        receipt(office, &id, status).await;
    }
    office.taps(ANA, message, "Confirmo").await;
    office.writes(ANA, "¿Tengo que ir en ayunas?").await;
    let conversation = office.conversations().await[0].id;
    let to = Hand::Give { agent: Some(eva), team: Some("recepcion") };
    let mut tx = store.begin().await.unwrap();
    hand(&mut tx, conversation, to, office.clock.now()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let (person, by) = (office.conversations().await[0].person_id, ("eva", office.clock.now()));
    let reference = Some(("his", "4711"));
    let (subject, priority) = ("Estudio de sangre", Priority::Normal);
    let new = NewTicket { subject, person, priority, assignee: None, reference };
    let opened = office.inbox.open_ticket(&new, by).await.unwrap().unwrap();
    let urgent = TicketChange { priority: Some(Priority::High), ..TicketChange::default() };
    office.inbox.change_ticket(opened.id, urgent, by).await.unwrap().unwrap();
    office.inbox.close(conversation, "eva", office.clock.now()).await.unwrap();
    office.writes("5491155550999", "Hola").await;
    let other = office.message(run, "5491155550777").await;
    receipt(office, &format!("wamid.{other}"), "failed").await;
    for state in ["in_review", "undelivered", "expired", "cancelled", "excluded", "in_doubt"] {
        let sql = format!(
            "UPDATE message SET state = '{state}', failure_code = NULL, ended_at = {} WHERE id = {other}",
            NOW.0
        );
        office.change(&sql).await;
    }
    let (scope, scope_key, cause) = (HoldScope::Account, "meta".to_owned(), HoldCause::Refused);
    let new = NewHold { scope, scope_key, cause, code: Some(131_042), until_at: None };
    hold::place(store, &new, office.clock.now()).await.unwrap();
    let open = hold::open(store).await.unwrap().remove(0);
    hold::lift(store, &open, office.clock.now(), "ana").await.unwrap();
    let mut known = crate::inbox::office::template("es_AR");
    template::save(store, "meta", &known, NOW).await.unwrap();
    known.status = TemplateStatus::Paused;
    template::save(store, "meta", &known, NOW).await.unwrap();
}

/// The first example of each kind; ids of what people wrote differ from run to run.
fn examples(bodies: &[Value]) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for body in bodies {
        let mut body = body.clone();
        if let Some(id) = body["data"].get_mut("provider_id") {
            *id = json!("wamid.in1");
        }
        all.entry(body["type"].as_str().unwrap().to_owned()).or_insert(body);
    }
    all
}

#[tokio::test]
async fn each_event_is_told_as_the_documentation_shows_it() {
    let page = std::fs::read_to_string("docs/webhooks.md").unwrap();
    let blocks = page.split("```json\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let shown: Vec<Value> = blocks.map(|block| serde_json::from_str(block).unwrap()).collect();
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        endpoint(&store, &url, &[]).await;
        a_day(&office).await;
        tell(&office).await;
        let told = examples(&hook.bodies());
        let kinds: BTreeSet<String> = told.keys().cloned().collect();
        assert_eq!(kinds, outgoing::kinds().into_iter().collect(), "{}: every kind has its day", store.name());
        for example in &shown {
            let kind = example["type"].as_str().unwrap();
            assert_eq!(&told[kind], example, "{} {kind}: {:#}", store.name(), json!(told));
        }
        let documented: BTreeSet<&str> = shown.iter().filter_map(|body| body["type"].as_str()).collect();
        let missing = kinds.iter().filter(|kind| !kind.starts_with("message.") && !documented.contains(kind.as_str()));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new(), "{:#}", json!(told));
        assert!(kinds.iter().all(|kind| page.contains(&format!("`{kind}`"))), "every kind has its line");
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_written() {
    for store in stores().await {
        let office = Office::new(&store);
        a_day(&office).await;
        assert_eq!(office.numbers("SELECT COUNT(*) FROM outgoing_event").await, [0], "{}", store.name());
        let (hook, url) = Hook::listen().await;
        let id = endpoint(&store, &url, &["outcome.set"]).await;
        let message = office.message(office.run("es_AR", REPLIES).await, "5491155550124").await;
        office.taps("5491155550124", message, "Confirmo").await;
        tell(&office).await;
        assert_eq!(hook.kinds(), ["outcome.set"]);
        endpoint::turn_off(&store, id, NOW, "ana").await.unwrap();
        office.taps("5491155550124", message, "Cancelar").await;
        assert_eq!(office.numbers("SELECT COUNT(*) FROM outgoing_event WHERE gathered_at IS NULL").await, [0]);
    }
}

#[tokio::test]
async fn an_event_is_written_in_the_unit_of_work_of_what_it_tells_or_not_at_all() {
    for store in stores().await {
        let office = Office::new(&store);
        let (_, url) = Hook::listen().await;
        endpoint(&store, &url, &["hold.begun"]).await;
        let mut tx = store.begin().await.unwrap();
        let (scope, scope_key, cause) = (HoldScope::Store, String::new(), HoldCause::Person);
        let new = NewHold { scope, scope_key, cause, code: None, until_at: None };
        hold::place_in(&mut tx, &new, NOW).await.unwrap();
        drop(tx);
        assert_eq!(office.numbers("SELECT COUNT(*) FROM outgoing_event").await, [0], "{}", store.name());
        hold::place(&store, &new, NOW).await.unwrap();
        assert_eq!(office.numbers("SELECT COUNT(*) FROM outgoing_event").await, [1]);
    }
}

#[tokio::test]
async fn posts_are_signed_and_carry_the_same_id_at_every_try() {
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        let id = endpoint(&store, &url, &["reply.received"]).await;
        hook.next.lock().unwrap().push_back(500);
        office.writes(ANA, "Hola").await;
        tell(&office).await;
        assert_eq!(hook.kinds().len(), 1, "{}", store.name());
        office.clock.advance(Duration::from_secs(6));
        tell(&office).await;
        assert_eq!(hook.header(0, "webhook-id"), hook.header(1, "webhook-id"));
        assert!(hook.header(0, "webhook-id").starts_with("evt_ours0_"));
        let body = hook.heard.lock().unwrap()[1].1.clone();
        let at = hook.header(1, "webhook-timestamp");
        let now = recado::domain::time::UnixMs(at.parse::<i64>().unwrap() * 1_000);
        let signed = sign::headers(&[SECRET], &hook.header(1, "webhook-id"), now, &body).unwrap();
        assert_eq!(signed["webhook-signature"], hook.header(1, "webhook-signature").as_str());
        let line = delivery::page(&store, id, DeliveryId(i64::MAX), "", 10).await.unwrap().remove(0);
        assert_eq!((line.state, line.tries, line.status), (DeliveryState::Delivered, 2, Some(204)));
    }
}

#[tokio::test]
async fn while_a_secret_is_changed_both_sign_and_then_the_new_one_alone() {
    let store = stores().await.swap_remove(0);
    let office = Office::new(&store);
    let (hook, url) = Hook::listen().await;
    let id = endpoint(&store, &url, &["reply.received"]).await;
    endpoint::rotate(&store, id, &sign::draw(), NOW.plus(Duration::from_hours(24))).await.unwrap();
    office.writes(ANA, "Hola").await;
    tell(&office).await;
    assert_eq!(hook.header(0, "webhook-signature").split(' ').count(), 2);
    office.advance(25);
    office.writes(ANA, "¿Hola?").await;
    tell(&office).await;
    assert_eq!(hook.header(1, "webhook-signature").split(' ').count(), 1);
}

#[tokio::test]
async fn what_is_of_one_conversation_is_told_in_order_and_others_do_not_wait_for_it() {
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        endpoint(&store, &url, &["reply.received"]).await;
        hook.next.lock().unwrap().push_back(503);
        office.writes(ANA, "uno").await;
        tell(&office).await;
        office.writes(ANA, "dos").await;
        office.writes("5491155550999", "otra").await;
        tell(&office).await;
        let texts = || hook.bodies().iter().map(|b| b["data"]["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(), ["uno", "otra"], "{}", store.name());
        office.clock.advance(Duration::from_secs(6));
        tell(&office).await;
        assert_eq!(texts(), ["uno", "otra", "uno", "dos"]);
    }
}

#[tokio::test]
async fn a_dead_process_leaves_nothing_untold() {
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        let id = endpoint(&store, &url, &["reply.received"]).await;
        office.writes(ANA, "Hola").await;
        hook.answers(Some(500));
        tell(&office).await;
        hook.answers(None);
        // It died after it had reserved the post, before any note.
        let until = office.clock.now().plus(Duration::from_secs(30));
        let due = delivery::due(&store, id, NOW.plus(Duration::from_hours(1)), 1).await.unwrap().remove(0);
        let mine = delivery::reserve(&store, vec![due.clone()], until).await.unwrap();
        assert_eq!(mine, std::slice::from_ref(&due), "{}", store.name());
        assert_eq!(delivery::reserve(&store, vec![due], until).await.unwrap(), [], "nobody else posts it meanwhile");
        tell(&office).await;
        assert_eq!(hook.kinds().len(), 1, "{}", store.name());
        office.clock.advance(Duration::from_secs(31));
        tell(&office).await;
        assert_eq!(hook.kinds().len(), 2);
    }
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_for_days_is_switched_off_and_goes_on_where_it_stopped() {
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        let id = endpoint(&store, &url, &["reply.received"]).await;
        hook.answers(Some(500));
        office.writes(ANA, "uno").await;
        for _ in 0..11 {
            tell(&office).await;
            office.advance(10);
            // Somebody else writes, so that something is due.
            office.writes("5491155550999", "más").await;
        }
        tell(&office).await;
        let off = endpoint::get(&store, id).await.unwrap().unwrap();
        assert_eq!(off.off_by.as_deref(), Some(endpoint::ITSELF), "{}: {off:?}", store.name());
        let said = office.words("SELECT action FROM audit WHERE actor = 'recado' AND action LIKE 'endpoint%'").await;
        assert_eq!(said, ["endpoint.off"]);
        let before = hook.kinds().len();
        office.writes(ANA, "dos").await;
        tell(&office).await;
        assert_eq!(hook.kinds().len(), before, "it is told nothing");
        hook.answers(None);
        assert!(endpoint::turn_on(&store, id).await.unwrap());
        office.advance(24);
        tell(&office).await;
        // What different people wrote goes side by side.
        let told = hook.bodies().split_off(before);
        let hers = told.iter().find(|body| body["data"]["from"] == format!("+{ANA}")).unwrap();
        assert_eq!(hers["data"]["text"], "uno", "what waited goes first");
    }
}

#[tokio::test]
async fn an_endpoint_that_says_it_is_gone_is_switched_off_at_once() {
    let store = stores().await.swap_remove(0);
    let office = Office::new(&store);
    let (hook, url) = Hook::listen().await;
    let id = endpoint(&store, &url, &["reply.received"]).await;
    hook.answers(Some(410));
    office.writes(ANA, "uno").await;
    tell(&office).await;
    assert!(endpoint::get(&store, id).await.unwrap().unwrap().off_at.is_some());
    assert_eq!(office.words("SELECT detail FROM audit WHERE action = 'endpoint.off'").await, ["it answered gone"]);
}

#[tokio::test]
async fn an_endpoint_that_fails_is_not_tried_with_everything_that_waits() {
    let store = stores().await.swap_remove(0);
    let office = Office::new(&store);
    let (hook, url) = Hook::listen().await;
    endpoint(&store, &url, &["reply.received"]).await;
    hook.answers(Some(500));
    for n in 0..60 {
        office.writes(&format!("54911555{n:05}"), "Hola").await;
    }
    tell(&office).await;
    assert!(hook.kinds().len() <= 16, "{} tries", hook.kinds().len());
    hook.answers(None);
    hook.forget();
    office.advance(1);
    tell(&office).await;
    office.advance(1);
    tell(&office).await;
    assert_eq!(hook.kinds().len(), 60, "each once");
}

#[tokio::test]
async fn one_delivery_or_a_range_of_time_is_told_again_when_a_person_wants_it() {
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        let id = endpoint(&store, &url, &["reply.received"]).await;
        office.writes(ANA, "uno").await;
        tell(&office).await;
        office.advance(1);
        let from = office.clock.now();
        office.writes(ANA, "dos").await;
        office.writes(ANA, "tres").await;
        tell(&office).await;
        hook.forget();
        let all = delivery::page(&store, id, DeliveryId(i64::MAX), "", 10).await.unwrap();
        assert!(delivery::again(&store, id, all[2].id, office.clock.now()).await.unwrap());
        assert!(!delivery::again(&store, EndpointId(id.0 + 1), all[2].id, office.clock.now()).await.unwrap());
        tell(&office).await;
        let texts = || hook.bodies().iter().map(|b| b["data"]["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(), ["uno"], "{}", store.name());
        let now = office.clock.now();
        assert_eq!(delivery::again_between(&store, id, (from, now), true, now).await.unwrap(), 0, "none was given up");
        assert_eq!(delivery::again_between(&store, id, (from, now), false, now).await.unwrap(), 2);
        tell(&office).await;
        assert_eq!(texts(), ["uno", "dos", "tres"]);
    }
}

#[tokio::test]
async fn whoever_is_erased_is_told_to_nobody_again() {
    for store in stores().await {
        let office = Office::new(&store);
        let (_, url) = Hook::listen().await;
        endpoint(&store, &url, &["reply.received"]).await;
        office.writes(ANA, "Hola").await;
        tell(&office).await;
        assert_eq!(office.numbers("SELECT COUNT(*) FROM outgoing_delivery").await, [1]);
        let root = office.person(ANA).await;
        let mut tx = store.begin().await.unwrap();
        recado::store::person::erasure::erase(&mut tx, root, &[ANA.to_owned()], NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(office.numbers("SELECT COUNT(*) FROM outgoing_event").await, [0], "{}", store.name());
        assert_eq!(office.numbers("SELECT COUNT(*) FROM outgoing_delivery").await, [0]);
    }
}

#[tokio::test]
async fn a_store_that_may_be_a_copy_tells_nobody_anything() {
    let store = stores().await.swap_remove(0);
    let office = Office::new(&store);
    let (hook, url) = Hook::listen().await;
    endpoint(&store, &url, &["reply.received"]).await;
    office.writes(ANA, "Hola").await;
    recado::store::home::hold(&store, recado::store::home::Doubtful::Copy, None, NOW).await.unwrap();
    tell(&office).await;
    assert_eq!(hook.kinds().len(), 0);
    let open = hold::open(&store).await.unwrap().remove(0);
    hold::lift(&store, &open, NOW, "ana").await.unwrap();
    tell(&office).await;
    assert_eq!(hook.kinds().len(), 1);
}
