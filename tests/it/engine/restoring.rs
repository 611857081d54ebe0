//! A store that may be a copy of another that sends.

use std::time::Duration;

use recado::domain::callback::CallbackData;
use recado::domain::doubt::{Reason, Verdict};
use recado::domain::id::MessageId;
use recado::domain::time::UnixMs;
use recado::engine::janitor::Janitor;
use recado::engine::takeover::{Original, Place, outlook, take_over};
use recado::engine::{DoubtSettlement, StartOutcome};
use recado::store::hold::{self, HoldCause, HoldScope};
use recado::store::home::{self, Doubtful};
use recado::store::message::{self, DoubtFilter};
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
    let why = doubtful(store, None, now).await.expect("it may be a copy");
    home::hold(store, why, None, now).await.unwrap();
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
        // The daemon that hears of it found a store on which another had run until an hour before.
        let (ran, began) = (UnixMs(1_795_521_600_000), UnixMs(1_795_525_200_000));
        home::begins(&store, Some(ran), began, Duration::from_secs(2)).await.unwrap();
        office.store_body(json!({ "statuses": [told] })).await;
        office.read().await;
        let holds = hold::open(&store).await.unwrap();
        assert_eq!(holds.len(), 1, "{}", store.name());
        assert_eq!(home::held_since(&store).await.unwrap(), Some(ran), "what left before the restoration is not known");
        let said = recado::engine::waiting::held(&holds[0]).sentence(recado::locale::Language::En);
        assert!(said.contains("messages that this database has never made"), "{said}");
        assert_eq!((holds[0].scope, holds[0].cause), (HoldScope::Store, HoldCause::Restored));
    }
}

/// A copy of a store whose original went on: ten people, three of them written to before the copy was made.
async fn copied(stage: &Stage, original: &crate::support::TestStore) -> (Store, recado::domain::id::RunId) {
    stage.janitor().await;
    let campaign = format!("{CAMPAIGN}[schedule]\nat = \"2026-11-24 10:00\"\n");
    let run = stage.run("one", &campaign, &people(10)).await;
    let mut sender = stage.sender();
    sender.dispatcher = sender.dispatcher.with_slots(3);
    sender.next_claim().await;
    if home::copy_to(original, &original.dir.path().join("copy.db")).await.unwrap() {
        return (store::open("sqlite:copy.db", original.dir.path()).await.unwrap(), run);
    }
    setting::write(original, "copy", "1").await.unwrap();
    (Store::clone(original), run)
}

#[tokio::test]
async fn what_the_original_may_have_sent_since_is_told_and_put_in_doubt_and_its_receipts_settle_it() {
    for original in stores().await {
        let stage = Stage::new(&original, original.dir.path()).await;
        let (copy, run) = copied(&stage, &original).await;
        let later = Duration::from_mins(20);
        stage.clock.advance(later);
        let address = format!("http://{}", stage.address());
        let restored = engine(&copy, original.dir.path(), ("node2", &address, ""), stage.clock.clone()).await;
        home::hold(&copy, Doubtful::Copy, Some(TUESDAY), TUESDAY.plus(later)).await.unwrap();
        Janitor::new(restored.clone()).step().await.unwrap();

        let place = Place { store: &copy, config: &restored.config, cards: &restored.cards, now: stage.clock.now() };
        let told = outlook(place).await.unwrap();
        assert_eq!(told.last_ran, Some(TUESDAY), "not the held daemon's own heartbeat, {}", original.name());
        assert_eq!((told.stakes.messages, told.stakes.people), (7, 7), "{}", original.name());
        assert!(told.stakes.worst["USD"].0 > 0);

        let taken = take_over(place, Original::MayHaveSent, "ana").await.unwrap();
        assert_eq!((taken.in_doubt, taken.paused), (7, 0), "{}", original.name());
        let seen = stage.stub.count();
        sender(&restored).drain().await;
        assert_eq!(stage.stub.count(), seen, "nothing is sent twice, {}", original.name());

        // However well everything else goes, the rule does not decide what left from the original.
        stage.clock.advance(Duration::from_hours(3));
        Janitor::new(restored.clone()).step().await.unwrap();
        let doubts = message::doubts(&copy, &DoubtFilter::default(), MessageId(0), 20).await.unwrap();
        assert_eq!(doubts.len(), 7, "{}", original.name());
        let why = recado::engine::doubt::why(&restored, &doubts).await.unwrap();
        assert!(why.values().all(|verdict| *verdict == Verdict::Ask(Reason::Restored)), "{why:?}");

        let (instance, message, attempt) = (restored.instance.clone(), doubts[0].id, doubts[0].attempt);
        stage.receipts_at(&restored, &[CallbackData { instance, message, attempt }], "delivered").await;
        let ids: Vec<MessageId> = doubts[1..].iter().map(|doubt| doubt.id).collect();
        assert_eq!(restored.settle_doubts(&ids, DoubtSettlement::SendAgain).await.unwrap(), 6);
        sender(&restored).drain().await;
        let states = super::stage::states(&copy, run).await;
        assert_eq!((states["delivered"], states["accepted"]), (1, 9), "{states:?} {}", original.name());
    }
}

#[tokio::test]
async fn whoever_knows_that_nothing_was_sent_since_has_everything_sent() {
    for original in stores().await {
        let stage = Stage::new(&original, original.dir.path()).await;
        let (copy, _) = copied(&stage, &original).await;
        let address = format!("http://{}", stage.address());
        let restored = engine(&copy, original.dir.path(), ("node2", &address, ""), stage.clock.clone()).await;
        home::hold(&copy, Doubtful::Copy, Some(TUESDAY), TUESDAY).await.unwrap();
        let place = Place { store: &copy, config: &restored.config, cards: &restored.cards, now: stage.clock.now() };
        let taken = take_over(place, Original::SentNothing, "ana").await.unwrap();
        assert_eq!((taken.in_doubt, taken.lifted), (0, true));
        let seen = stage.stub.count();
        sender(&restored).drain().await;
        assert_eq!(stage.stub.count(), seen + 7, "{}", original.name());
    }
}

#[tokio::test]
async fn a_run_that_was_being_read_when_the_copy_was_made_waits_for_a_person() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("one", CAMPAIGN, &people(3)).await;
        let StartOutcome::Started(run) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
        home::hold(&store, Doubtful::Moved, Some(TUESDAY), TUESDAY).await.unwrap();
        let hold = hold::open(&store).await.unwrap().remove(0);
        assert!(stage.engine.lift_hold(hold.id, "ana").await.unwrap(), "as the page does it");
        let why = recado::engine::waiting::run(&stage.engine, run).await.unwrap().unwrap();
        assert_eq!((why.code.as_str(), why.because[0].code.as_str()), ("paused_itself", "taken_over_unread"));
        assert!(stage.engine.resume(run, "ana").await.unwrap(), "{}", store.name());
    }
}

/// A store whose first three of ten messages were sent, as it lies then, and again when all ten were.
async fn gone_on(original: &crate::support::TestStore) -> (Stage, recado::domain::id::RunId, std::path::PathBuf) {
    let stage = Stage::new(original, original.dir.path()).await;
    assert_eq!(doubtful(original, None, TUESDAY).await, None);
    stage.janitor().await;
    let run = stage.run("one", CAMPAIGN, &people(10)).await;
    let mut sender = stage.sender();
    sender.dispatcher = sender.dispatcher.with_slots(3);
    sender.next_claim().await;
    let earlier = original.dir.path().join("earlier.db");
    home::copy_to(original, &earlier).await.unwrap();
    drop(sender);
    assert_eq!(stage.states(run).await["accepted"], 3);
    (stage, run, earlier)
}

#[tokio::test]
async fn a_file_that_an_older_copy_overwrote_in_place_is_held_and_sends_nothing_twice() {
    let original = stores().await.swap_remove(0);
    let (stage, run, earlier) = gone_on(&original).await;
    stage.sender().drain().await;
    assert_eq!((stage.states(run).await["accepted"], stage.stub.count()), (10, 10));
    original.close().await;
    let dir = original.dir.path();
    // As `cp` and `rsync --inplace` do it: the file stays the same one.
    let file = dir.join("recado.db");
    std::fs::write(&file, std::fs::read(&earlier).unwrap()).unwrap();
    for beside in ["recado.db-wal", "recado.db-shm"] {
        drop(std::fs::remove_file(dir.join(beside)));
    }
    let again = store::open("sqlite:recado.db", dir).await.unwrap();
    // The copy is an ordinary one.
    let recado::store::Db::Sqlite(pool) = &again.write else { panic!() };
    sqlx::query("DELETE FROM setting WHERE key = 'copy'").execute(pool).await.unwrap();
    assert_eq!(doubtful(&again, Some(TUESDAY), TUESDAY).await, Some(Doubtful::Older));
    let restored =
        engine(&again, dir, ("node2", &format!("http://{}", stage.address()), ""), stage.clock.clone()).await;
    sender(&restored).drain().await;
    assert_eq!(stage.stub.count(), 10, "nothing is sent even before anybody has looked");
    let held = hold::open(&again).await.unwrap().remove(0);
    assert_eq!((held.cause, held.scope_key.as_str()), (HoldCause::Restored, "older"));

    assert!(home::take_over(&again, TUESDAY, "ana").await.unwrap());
    assert_eq!(doubtful(&again, Some(TUESDAY), TUESDAY).await, None, "the next start does not ask again");
    sender(&restored).drain().await;
    assert_eq!(stage.stub.count(), 17, "who says that nothing has left has everything sent");
}

#[tokio::test]
async fn a_database_that_goes_back_behind_what_has_left_is_held_by_the_claim_itself() {
    for original in stores().await {
        let (stage, run, _) = gone_on(&original).await;
        // A restoration, as far as the next claim can see it.
        for sql in ["UPDATE sent_mark SET claims = 1", "UPDATE message SET state = 'queued' WHERE id = 1"] {
            crate::engine::change(&original, sql).await;
        }
        assert_eq!(doubtful(&original, None, TUESDAY).await, Some(Doubtful::Older), "{}", original.name());
        let before = stage.states(run).await;
        stage.sender().drain().await;
        assert_eq!((stage.states(run).await, stage.stub.count()), (before, 3), "{}", original.name());
        assert_eq!(hold::open(&original).await.unwrap()[0].scope_key, "older", "{}", original.name());
        assert!(home::take_over(&original, TUESDAY, "ana").await.unwrap());
        stage.sender().drain().await;
        assert_eq!(stage.stub.count(), 11, "{}", original.name());
    }
}

#[tokio::test]
async fn what_one_node_has_sent_another_remembers_and_a_takeover_counts_for_all_of_them() {
    use recado::store::mark;
    for original in stores().await {
        let (_stage, ..) = gone_on(&original).await;
        assert!(mark::learn(&original).await.unwrap());
        crate::engine::change(&original, "UPDATE sent_mark SET claims = 0").await;
        assert!(mark::is_behind(&original).await.unwrap() && !mark::learn(&original).await.unwrap());
        home::take_over(&original, TUESDAY, "ana").await.unwrap();
        crate::engine::change(&original, "UPDATE sent_mark SET claims = claims + 5").await;
        assert!(mark::learn(&original).await.unwrap(), "{}", original.name());
        crate::engine::change(&original, "UPDATE sent_mark SET claims = claims - 1").await;
        assert!(mark::is_behind(&original).await.unwrap(), "what the others have claimed counts, {}", original.name());
    }
}

#[tokio::test]
async fn a_postgresql_database_made_again_from_a_dump_is_another_place() {
    let Some(store) = stores().await.into_iter().find(|store| store.name() == "postgres") else { return };
    assert_eq!(doubtful(&store, None, TUESDAY).await, None);
    for sql in [
        "ALTER TABLE setting RENAME TO setting_before",
        "CREATE TABLE setting AS SELECT * FROM setting_before",
        "ALTER TABLE setting ADD PRIMARY KEY (key)",
    ] {
        crate::engine::change(&store, sql).await;
    }
    assert_eq!(doubtful(&store, None, TUESDAY).await, Some(Doubtful::Moved));
}
