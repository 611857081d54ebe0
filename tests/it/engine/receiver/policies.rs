//! What failures that come by webhook call for: another try, a hold, a number left alone.

use std::time::Duration;

use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::engine::janitor::Janitor;
use recado::store::hold::{self, HoldCause, HoldScope};
use recado::store::message::{self, Message};
use recado::store::suppression;
use serde_json::{Value as Json, json};

use crate::inbox::office::{ANA, Office};
use crate::support::stores;

async fn fails(office: &Office, id: MessageId, code: i64) -> Message {
    let at = (office.clock.now().0 / 1000).to_string();
    let told: Json = json!({ "id": format!("wamid.{id}"), "status": "failed", "timestamp": at, "recipient_id": ANA,
        "errors": [{ "code": code, "title": "no" }] });
    office.store_body(json!({ "statuses": [told] })).await;
    office.read().await;
    message::get(office.store(), id).await.unwrap().unwrap()
}

/// It is sent again: the attempt before is kept, as the claim keeps it.
async fn sent_again(office: &Office, id: MessageId, code: i64) {
    office
        .change(&format!(
            "INSERT INTO attempt (message_id, no, state, provider_id, claimed_at, ended_at, failure_code)
                SELECT id, attempt, 'failed', 'wamid.before', claimed_at, claimed_at, {code} FROM message WHERE id = {id}"
        ))
        .await;
    office
        .change(&format!(
            "UPDATE message SET state = 'accepted', attempt = attempt + 1, end_reason = NULL, failure_code = NULL WHERE id = {id}"
        ))
        .await;
}

#[tokio::test]
async fn a_message_meta_chose_not_to_deliver_is_tried_once_more_after_a_day() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        let again = fails(&office, id, 131_049).await;
        assert_eq!(again.state, MessageState::Queued, "{}", store.name());
        assert_eq!(again.due_at, office.clock.now().plus(Duration::from_hours(24)));
        assert_eq!((again.waiting_for.as_deref(), again.reserved.0), (Some("later"), 0));
        office.advance(24);
        sent_again(&office, id, 131_049).await;
        let ended = fails(&office, id, 131_049).await;
        assert_eq!((ended.state, ended.failure_code), (MessageState::Failed, Some(131_049)));
    }
}

#[tokio::test]
async fn what_the_provider_had_taken_before_it_failed_is_told_late_and_leaves_it_in_line() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        let again = fails(&office, id, 131_049).await;
        let tells = async |wamid: String, status: &str| {
            let at = (office.clock.now().0 / 1000 - 60).to_string();
            let told = json!({ "id": wamid, "status": status, "timestamp": at, "recipient_id": ANA });
            office.store_body(json!({ "statuses": [told] })).await;
            office.read().await;
            message::get(office.store(), id).await.unwrap().unwrap()
        };
        let now = tells(format!("wamid.{id}"), "sent").await;
        assert_eq!((now.state, now.due_at, now.failure_code), (MessageState::Queued, again.due_at, Some(131_049)));
        sent_again(&office, id, 131_049).await;
        office.change(&format!("UPDATE message SET state = 'queued' WHERE id = {id}")).await;
        assert_eq!(tells("wamid.before".to_owned(), "sent").await.state, MessageState::Queued, "{}", store.name());
        assert_eq!(tells("wamid.before".to_owned(), "delivered").await.state, MessageState::Delivered, "it arrived");
    }
}

#[tokio::test]
async fn what_would_be_too_late_by_then_stays_failed_and_so_does_what_cannot_help() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", "").await;
        let late = office.message(run, ANA).await;
        let soon = office.clock.now().plus(Duration::from_hours(23)).0;
        office.change(&format!("UPDATE message SET latest_at = {soon} WHERE id = {late}")).await;
        assert_eq!(fails(&office, late, 131_049).await.state, MessageState::Failed, "{}", store.name());
        for code in [130_472, 131_050, 131_047, 999_999] {
            let id = office.message(run, ANA).await;
            assert_eq!(fails(&office, id, code).await.state, MessageState::Failed, "{code}");
        }
        office.change("UPDATE run SET state = 'cancelled'").await;
        let id = office.message(run, ANA).await;
        assert_eq!(fails(&office, id, 131_049).await.state, MessageState::Failed, "its run is cancelled");
    }
}

#[tokio::test]
async fn a_paused_template_holds_its_rows_until_the_provider_sends_it_again() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        let template = crate::inbox::office::template("es_AR");
        recado::store::template::save(&store, "meta", &template, office.clock.now()).await.unwrap();
        let waiting = fails(&office, id, 132_015).await;
        assert_eq!(waiting.state, MessageState::Queued, "nothing has failed for good, {}", store.name());
        let holds = hold::open(&store).await.unwrap();
        assert_eq!((holds.len(), holds[0].scope, holds[0].cause), (1, HoldScope::Template, HoldCause::Quality));

        let news = |event: &str| {
            json!({ "event": event, "message_template_id": 1, "message_template_name": "appointment",
            "message_template_language": "es-AR", "reason": "NONE" })
        };
        office.store_body_of("106540352242922", "message_template_status_update", news("FLAGGED")).await;
        office.read().await;
        assert_eq!(hold::open(&store).await.unwrap().len(), 1, "a warning lifts nothing");
        office.store_body_of("106540352242922", "message_template_status_update", news("APPROVED")).await;
        office.read().await;
        assert_eq!(hold::open(&store).await.unwrap(), []);
        office.store_body_of("106540352242922", "message_template_status_update", news("PAUSED")).await;
        office.read().await;
        assert_eq!(hold::open(&store).await.unwrap().len(), 1);
        let kept = recado::store::template::get(&store, "meta", "appointment", "es_AR").await.unwrap().unwrap();
        assert_eq!(kept.status, recado::domain::template::TemplateStatus::Paused);
    }
}

#[tokio::test]
async fn an_account_that_cannot_pay_is_held_and_an_outage_that_ends_does_not_release_it() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        assert_eq!(fails(&office, id, 131_042).await.state, MessageState::Queued, "{}", store.name());
        let outage = hold::NewHold {
            scope: HoldScope::Sender,
            scope_key: "lab".to_owned(),
            cause: HoldCause::Outage,
            code: None,
            until_at: Some(office.clock.now()),
        };
        assert!(hold::place(&store, &outage, office.clock.now()).await.unwrap());
        let refused = hold::NewHold { cause: HoldCause::Refused, code: Some(131_048), until_at: None, ..outage };
        assert!(hold::place(&store, &refused, office.clock.now()).await.unwrap(), "a second cause is kept too");
        Janitor::new(office.engine.clone()).step().await.unwrap();
        let causes: Vec<HoldCause> = hold::open(&store).await.unwrap().iter().map(|hold| hold.cause).collect();
        assert_eq!(causes, [HoldCause::Refused, HoldCause::Refused]);
    }
}

#[tokio::test]
async fn a_number_that_cannot_be_reached_twice_is_left_alone_until_it_writes() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", "").await;
        let (first, second) = (office.message(run, ANA).await, office.message(run, ANA).await);
        let person = office.person(ANA).await;
        let is_blocked = async || !suppression::blocked(&store, &[person], false).await.unwrap().is_empty();
        fails(&office, first, 131_026).await;
        assert!(!is_blocked().await, "once is chance, {}", store.name());
        fails(&office, second, 131_026).await;
        assert!(is_blocked().await);
        office.writes(ANA, "hola").await;
        assert!(!is_blocked().await, "whoever writes can be reached");

        let third = office.message(run, ANA).await;
        fails(&office, third, 131_026).await;
        assert!(is_blocked().await);
        suppression::lapse(&store, office.clock.now().plus(Duration::from_hours(61 * 24))).await.unwrap();
        assert!(!is_blocked().await, "it lasts its time and no longer");
    }
}

#[tokio::test]
async fn news_of_what_is_granted_makes_the_dispatcher_ask() {
    for store in stores().await {
        let office = Office::new(&store);
        let asked = office.engine.limits_changed.notified();
        let value = json!({ "display_phone_number": "5491155550100", "event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED" });
        office.store_body_of("106540352242922", "phone_number_quality_update", value).await;
        office.read().await;
        assert!(futures::FutureExt::now_or_never(asked).is_some(), "{}", store.name());
    }
}
