//! A store that may be a copy of another that sends.

use std::time::Duration;

use recado::domain::time::UnixMs;
use recado::store::hold::{self, HoldCause, HoldScope};
use recado::store::home::{self, Doubtful};
use recado::store::{self, Store, setting};
use serde_json::json;

use super::stage::{CAMPAIGN, Stage, TUESDAY, engine, people, sender};
use crate::inbox::office::{ANA, Office};
use crate::support::stores;

const SIX_HOURS: Duration = Duration::from_hours(6);

async fn doubtful(store: &Store, last: Option<UnixMs>, now: UnixMs) -> Option<Doubtful> {
    home::doubtful(store, last, now, SIX_HOURS).await.unwrap()
}

/// What a daemon does at its start.
async fn starts(store: &Store, now: UnixMs) {
    assert!(doubtful(store, None, now).await.is_some());
    hold::place(store, &home::hold_of_all(), now).await.unwrap();
}

#[tokio::test]
async fn a_restored_copy_sends_nothing_until_a_person_says_so() {
    for original in stores().await {
        let stage = Stage::new(&original, original.dir.path()).await;
        assert_eq!(doubtful(&original, None, TUESDAY).await, None, "a first start, {}", original.name());
        let run = stage.run("one", CAMPAIGN, &people(3)).await;
        let copied = home::copy_to(&original, &original.dir.path().join("copy.db")).await.unwrap();
        let copy = if copied {
            store::open("sqlite:copy.db", original.dir.path()).await.unwrap()
        } else {
            // What the dump of a PostgreSQL ends with.
            setting::write(&original, "copy", "1").await.unwrap();
            Store::clone(&original)
        };
        assert_eq!(doubtful(&copy, None, TUESDAY).await, Some(Doubtful::Copy));
        starts(&copy, TUESDAY).await;
        let address = format!("http://{}", stage.address());
        let restored = engine(&copy, original.dir.path(), ("node2", &address, ""), stage.clock.clone()).await;
        sender(&restored).step().await;
        assert_eq!(stage.stub.count(), 0, "{}", original.name());
        let why = recado::engine::waiting::run(&restored, run).await.unwrap().unwrap();
        assert_eq!(why.code, "hold_restored");

        assert!(home::take_over(&copy, TUESDAY, "ana").await.unwrap());
        assert_eq!(doubtful(&copy, None, TUESDAY).await, None);
        sender(&restored).drain().await;
        assert_eq!(stage.stub.count(), 3);
    }
}

#[tokio::test]
async fn a_store_that_lies_elsewhere_is_held_and_lifting_the_hold_takes_it_over() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        assert_eq!(doubtful(&store, None, TUESDAY).await, None);
        setting::write(&store, "home", "another machine").await.unwrap();
        assert_eq!(doubtful(&store, None, TUESDAY).await, Some(Doubtful::Moved), "{}", store.name());
        starts(&store, TUESDAY).await;
        let hold = hold::open(&store).await.unwrap().remove(0);
        assert!(stage.engine.lift_hold(hold.id, "ana").await.unwrap());
        assert_eq!(doubtful(&store, None, TUESDAY).await, None, "the next start does not ask again");
    }
}

#[tokio::test]
async fn a_store_that_lay_still_with_messages_due_is_held() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let (last, later) = (Some(TUESDAY), TUESDAY.plus(SIX_HOURS).plus(Duration::from_secs(1)));
        assert_eq!(doubtful(&store, last, later).await, None, "nothing is due, {}", store.name());
        stage.run("one", CAMPAIGN, &people(1)).await;
        assert_eq!(doubtful(&store, last, TUESDAY.plus(SIX_HOURS)).await, None);
        assert_eq!(doubtful(&store, last, later).await, Some(Doubtful::Stale));
    }
}

#[tokio::test]
async fn a_receipt_of_a_message_this_store_has_never_made_holds_it() {
    for store in stores().await {
        let office = Office::new(&store);
        let id = office.message(office.run("es_AR", "").await, ANA).await;
        let beyond = recado::domain::id::MessageId(id.0 + 1_000);
        let told = json!({ "id": "wamid.beyond", "status": "delivered", "timestamp": "1795525205", "recipient_id": ANA,
            "biz_opaque_callback_data": office.callback(beyond, 1) });
        office.store_body(json!({ "statuses": [told] })).await;
        office.read().await;
        let holds = hold::open(&store).await.unwrap();
        assert_eq!(holds.len(), 1, "{}", store.name());
        assert_eq!((holds[0].scope, holds[0].cause), (HoldScope::Store, HoldCause::Restored));
    }
}
