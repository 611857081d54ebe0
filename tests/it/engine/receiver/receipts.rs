//! What receipts do to messages.

use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::store::message;
use serde_json::{Value as Json, json};

use crate::inbox::office::{ANA, Office};
use crate::support::stores;

fn status(id: &str, status: &str, callback: Option<String>) -> Json {
    let mut json = json!({ "id": id, "status": status, "timestamp": "1795525205", "recipient_id": ANA });
    if let Some(callback) = callback {
        json["biz_opaque_callback_data"] = json!(callback);
    }
    if status == "failed" {
        json["errors"] = json!([{ "code": 131_026, "title": "Message undeliverable" }]);
    }
    json
}

async fn tell(office: &Office, statuses: Json) {
    office.store_body(json!({ "statuses": statuses })).await;
    office.read().await;
}

async fn state(office: &Office, id: MessageId) -> MessageState {
    message::get(office.store(), id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_delivery_is_charged_once_by_its_pricing_and_releases_the_reservation() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        let mut sent = status(&format!("wamid.{id}"), "sent", None);
        sent["pricing"] = json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility" });
        let delivered = status(&format!("wamid.{id}"), "delivered", None);
        tell(&office, json!([sent, delivered, delivered])).await;
        let found = message::get(&store, id).await.unwrap().unwrap();
        assert_eq!(
            (found.state, found.reserved.0, found.charged.0),
            (MessageState::Delivered, 0, 26_000),
            "{}",
            store.name()
        );
        assert_eq!(office.words("SELECT charged_as FROM message WHERE charged_as IS NOT NULL").await, ["utility"]);
        assert_eq!(office.words("SELECT charged_day FROM message WHERE charged_day IS NOT NULL").await, ["2026-11-24"]);
    }
}

#[tokio::test]
async fn a_failure_releases_the_reservation_and_keeps_the_code() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        tell(&office, json!([status(&format!("wamid.{id}"), "failed", None)])).await;
        let found = message::get(&store, id).await.unwrap().unwrap();
        assert_eq!((found.state, found.reserved.0, found.charged.0), (MessageState::Failed, 0, 0), "{}", store.name());
        assert_eq!(found.failure_code, Some(131_026));
        assert!(found.ended_at.is_some());
    }
}

#[tokio::test]
async fn the_first_receipt_settles_a_doubt() {
    for store in stores().await {
        for (word, expected) in
            [("sent", MessageState::Sent), ("delivered", MessageState::Delivered), ("failed", MessageState::Failed)]
        {
            let office = Office::new(&store);
            let id = office.message(office.run("es_AR", "").await, ANA).await;
            office
                .change(&format!("UPDATE message SET state = 'in_doubt', provider_id = NULL, accepted_at = NULL, undelivered_at = NULL WHERE id = {id}"))
                .await;
            let name = format!("wamid.new{id}");
            tell(&office, json!([status(&name, word, Some(office.callback(id, 1)))])).await;
            let found = message::get(&store, id).await.unwrap().unwrap();
            assert_eq!(found.state, expected, "{} {word}", store.name());
            assert_eq!(found.provider_id, Some(name), "the provider's id is learned");
            let bounded = office
                .numbers(&format!("SELECT COUNT(*) FROM message WHERE id = {id} AND undelivered_at IS NOT NULL"))
                .await;
            assert_eq!(bounded[0] == 1, word == "sent", "{word}: what is on its way has an end");
        }
    }
}

#[tokio::test]
async fn a_receipt_for_a_released_attempt_keeps_the_message_from_leaving_twice() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        office.change(&format!("UPDATE message SET state = 'queued', end_reason = 'in_doubt' WHERE id = {id}")).await;
        tell(&office, json!([status("wamid.late", "delivered", Some(office.callback(id, 1)))])).await;
        assert_eq!(state(&office, id).await, MessageState::Delivered, "{}", store.name());
    }
}

#[tokio::test]
async fn what_a_receipt_says_of_an_earlier_attempt_on_its_way_or_failed_touches_that_attempt_only() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = tried_twice(&office, "accepted").await;
        for (word, attempt) in [("sent", "sent"), ("failed", "failed")] {
            tell(&office, json!([status("wamid.first", word, Some(office.callback(id, 1)))])).await;
            assert_eq!(state(&office, id).await, MessageState::Accepted, "{}", store.name());
            assert_eq!(office.words("SELECT state FROM attempt").await, [attempt]);
        }
    }
}

/// A message whose second attempt stands so; the first is in doubt.
async fn tried_twice(office: &Office, stands: &str) -> MessageId {
    let id = office.message(office.run("es_AR", "").await, ANA).await;
    let own = if stands == "claimed" { "NULL" } else { "'wamid.second'" };
    let sql = format!("UPDATE message SET attempt = 2, state = '{stands}', provider_id = {own} WHERE id = {id}");
    office.change(&sql).await;
    office
        .change(&format!("INSERT INTO attempt (message_id, no, state, provider_id, claimed_at, ended_at) VALUES ({id}, 1, 'in_doubt', NULL, 1, 2)"))
        .await;
    id
}

#[tokio::test]
async fn an_earlier_attempt_that_arrived_after_all_counts_for_the_message_and_is_charged_once() {
    for store in stores().await {
        for stands in ["claimed", "accepted", "sent", "undelivered", "failed"] {
            let office = Office::new(&store);
            let id = tried_twice(&office, stands).await;
            let first = format!("wamid.first{id}");
            let mut delivered = status(&first, "delivered", Some(office.callback(id, 1)));
            delivered["pricing"] =
                json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility" });
            tell(&office, json!([delivered])).await;
            let found = message::get(&store, id).await.unwrap().unwrap();
            let facts = (found.state, found.reserved.0, found.charged.0, found.failure_code);
            assert_eq!(facts, (MessageState::Delivered, 0, 26_000, None), "{stands} {}", store.name());
            assert!(found.delivered_at.is_some());
            let own = if stands == "claimed" { None } else { Some("wamid.second".to_owned()) };
            assert_eq!(found.provider_id, own, "{stands}: the latest keeps its name");
            let attempts = format!("SELECT state FROM attempt WHERE message_id = {id}");
            assert_eq!(office.words(&attempts).await, ["delivered"]);
            // Read by its id alone; and what becomes of the latest takes nothing away.
            tell(&office, json!([status(&first, "read", None)])).await;
            tell(&office, json!([status("wamid.second", "failed", Some(office.callback(id, 2)))])).await;
            let found = message::get(&store, id).await.unwrap().unwrap();
            assert_eq!((found.state, found.charged.0), (MessageState::Read, 26_000), "{stands} {}", store.name());
            assert_eq!(office.words(&attempts).await, ["read"]);
        }
    }
}

#[tokio::test]
async fn two_attempts_that_both_arrived_are_both_paid_for_in_whatever_order_that_is_told() {
    for store in stores().await {
        for order in [[1, 2], [2, 1]] {
            for together in [true, false] {
                let office = Office::new(&store);
                let id = tried_twice(&office, "sent").await;
                let told = |attempt: i64| {
                    let (name, category, at) = match attempt {
                        1 => (format!("wamid.first{id}"), "marketing", "1795525205"),
                        _ => ("wamid.second".to_owned(), "utility", "1795611605"),
                    };
                    let mut delivered = status(&name, "delivered", Some(office.callback(id, attempt)));
                    delivered["timestamp"] = json!(at);
                    delivered["pricing"] =
                        json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": category });
                    delivered
                };
                let told = order.map(told).to_vec();
                if together {
                    tell(&office, json!(told)).await;
                } else {
                    for one in &told {
                        tell(&office, json!([one])).await;
                    }
                }
                let what = format!("{order:?} {together} {}", store.name());
                let found = message::get(&store, id).await.unwrap().unwrap();
                assert_eq!(
                    (found.state, found.charged.0, found.reserved.0),
                    (MessageState::Delivered, 87_800, 0),
                    "{what}"
                );
                let booked = format!("SELECT charged_as || ' ' || charged_day FROM message WHERE id = {id}");
                assert_eq!(office.words(&booked).await, ["marketing 2026-11-24"], "of the first, {what}");
                let each = format!("SELECT charged FROM arrival WHERE message_id = {id} ORDER BY no");
                assert_eq!(office.numbers(&each).await, [61_800, 26_000], "{what}");
                // Told again, read, and without a price: nothing more is paid.
                tell(&office, json!([told[0], told[1], status("wamid.second", "read", None)])).await;
                let found = message::get(&store, id).await.unwrap().unwrap();
                assert_eq!((found.state, found.charged.0), (MessageState::Read, 87_800), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn of_two_attempts_only_what_arrived_is_paid_for() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = tried_twice(&office, "accepted").await;
        let mut first = status("wamid.first", "sent", Some(office.callback(id, 1)));
        first["pricing"] =
            json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "marketing" });
        let second = status("wamid.second", "delivered", Some(office.callback(id, 2)));
        tell(&office, json!([first, second])).await;
        let charged = async || message::get(&store, id).await.unwrap().unwrap().charged.0;
        assert_eq!(charged().await, 26_000, "the second, at what its template is billed as, {}", store.name());
        // The first arrives after all: at the price that it was sent with.
        tell(&office, json!([status("wamid.first", "delivered", Some(office.callback(id, 1)))])).await;
        assert_eq!(charged().await, 87_800, "{}", store.name());
    }
}

#[tokio::test]
async fn a_receipt_before_the_answer_waits_for_its_message() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        office.change(&format!("UPDATE message SET state = 'claimed', provider_id = NULL WHERE id = {id}")).await;
        tell(&office, json!([status("wamid.early", "delivered", None)])).await;
        assert_eq!(state(&office, id).await, MessageState::Claimed, "{}", store.name());
        assert_eq!(office.words("SELECT state FROM orphan_receipt").await, ["waiting"]);
        office
            .change(&format!("UPDATE message SET state = 'accepted', provider_id = 'wamid.early' WHERE id = {id}"))
            .await;
        office.read().await;
        assert_eq!(state(&office, id).await, MessageState::Delivered, "{}", store.name());
        assert_eq!(office.words("SELECT state FROM orphan_receipt").await, ["matched"]);
    }
}

#[tokio::test]
async fn a_receipt_of_another_installation_is_kept_as_foreign() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        tell(&office, json!([status("wamid.other", "failed", Some(format!("r1.other.{id}.1")))])).await;
        assert_eq!(state(&office, id).await, MessageState::Accepted, "{}", store.name());
        assert_eq!(office.words("SELECT state FROM orphan_receipt").await, ["foreign"]);
    }
}

#[tokio::test]
async fn a_receipt_of_a_message_above_our_highest_is_kept() {
    for store in stores().await {
        let office = Office::new(&store);
        tell(&office, json!([status("wamid.future", "sent", Some("r1.ours0.999999.1".to_owned()))])).await;
        assert_eq!(office.words("SELECT state FROM orphan_receipt").await, ["waiting"], "{}", store.name());
    }
}

#[tokio::test]
async fn codes_that_ask_for_it_put_the_person_on_the_do_not_send_list() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        let mut failed = status(&format!("wamid.{id}"), "failed", None);
        failed["errors"] = json!([{ "code": 131_050, "title": "User stopped marketing" }]);
        tell(&office, json!([failed, failed])).await;
        assert_eq!(office.words("SELECT scope FROM suppression").await, ["marketing"], "{}", store.name());
    }
}

#[tokio::test]
async fn a_receipt_teaches_who_the_person_is() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, "541155550123").await;
        let mut delivered = status(&format!("wamid.{id}"), "delivered", None);
        delivered["recipient_user_id"] = json!("AR.777");
        tell(&office, json!([delivered])).await;
        assert_eq!(office.words("SELECT wa_id FROM person").await, [ANA], "{}", store.name());
        assert_eq!(office.words("SELECT bsuid FROM person").await, ["AR.777"]);
    }
}

#[tokio::test]
async fn receipts_of_one_body_teach_who_many_people_are_and_an_id_of_somebody_else_links_the_two() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", "").await;
        let (mut told, mut twin) = (Vec::new(), Vec::new());
        for (phone, bsuid) in [("5491155550101", "AR.1"), ("5491155550102", "AR.2"), ("5491155550103", "AR.1")] {
            let id = office.message(run, phone).await;
            let mut delivered = status(&format!("wamid.{id}"), "delivered", None);
            delivered["recipient_id"] = json!(phone);
            delivered["recipient_user_id"] = json!(bsuid);
            told.push(delivered);
            twin.push(office.person(phone).await);
        }
        tell(&office, json!(told)).await;
        let known =
            office.words("SELECT phone || ' ' || bsuid FROM person WHERE bsuid IS NOT NULL ORDER BY phone").await;
        assert_eq!(known, ["5491155550101 AR.1", "5491155550102 AR.2"], "{}", store.name());
        let linked = office.numbers("SELECT linked_to FROM person WHERE linked_to IS NOT NULL").await;
        assert_eq!(linked, [twin[0].0], "{}", store.name());
    }
}
