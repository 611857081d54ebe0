//! How close together, and how often, one person is written to.

use std::time::Duration;

use recado::domain::id::{MessageId, RunId};
use recado::engine::waiting;
use recado::locale::Language;
use recado::store::{Db, Store};

use super::stage::{CAMPAIGN, Stage, TUESDAY, people, sender};
use crate::support::stores;

const IDS: &str = "[columns]\nid = \"id\"\n";
/// Two appointments of one phone.
const TWO: &str = "nombre,telefono,id\nAna,+5491150000000,1\nLuz,+5491150000000,2\n";

fn promotion(at_most: &str, schedule: &str) -> String {
    let kind = CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender");
    format!("{kind}[limits]\nat_most = \"{at_most}\"\n{schedule}")
}

async fn waits(store: &Store, run: RunId) -> Vec<MessageId> {
    const WAITS: &str = "SELECT id FROM message WHERE run_id = $1 AND state = 'queued' ORDER BY id";
    match &store.write {
        Db::Sqlite(pool) => sqlx::query_scalar(WAITS).bind(run).fetch_all(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(WAITS).bind(run).fetch_all(pool).await.unwrap(),
    }
}

async fn link(store: &Store, phone: &str, to: &str) {
    const LINK: &str = "UPDATE person SET linked_to = (SELECT id FROM person WHERE phone = $2) WHERE phone = $1";
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(LINK).bind(phone).bind(to).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(LINK).bind(phone).bind(to).execute(pool).await.unwrap()),
    }
}

#[tokio::test]
async fn two_messages_of_one_person_in_a_run_are_spaced_also_after_a_restart() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", &format!("{CAMPAIGN}{IDS}"), TWO).await;
        let mut first = stage.sender();
        assert_eq!(first.step().await, 2);
        assert_eq!(stage.states(run).await, [("accepted", 1), ("queued", 1)].into(), "{}", store.name());
        let waiting = waits(&store, run).await[0];
        let why = waiting::message(&stage.engine, waiting).await.unwrap().unwrap();
        assert_eq!(why.code, "pair_limit");
        let wait = why.until.unwrap().since(TUESDAY);
        assert!(wait > Duration::from_secs(5) && wait < Duration::from_secs(7), "{wait:?}");

        // The clock of the test stands still in real time: the wait is over for the plan, not for the provider.
        stage.clock.advance(Duration::from_secs(4));
        let mut second = sender(&stage.restarted(store.dir.path()).await);
        second.dispatcher.look_back().await.unwrap();
        stage.clock.advance(Duration::from_secs(3));
        assert_eq!(second.step().await, 1);
        assert_eq!(stage.stub.count(), 1, "the new process remembers what the old one sent");
    }
}

#[tokio::test]
async fn a_second_promotion_of_a_day_waits_for_the_next_across_campaigns_and_through_the_link() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", &promotion("1 promotion per day", ""), &people(2)).await;
        stage.sender().drain().await;
        assert_eq!(stage.stub.count(), 2, "{}", store.name());
        // Another number of one of the two.
        let others = "nombre,telefono\nAna,+5491150000000\nLuz,+5491150000007\nEva,+5491150000008\n";
        let run = stage.run("two", &promotion("1 promotion per day", ""), others).await;
        link(&store, "5491150000007", "5491150000001").await;
        stage.sender().drain().await;
        assert_eq!(stage.states(run).await, [("accepted", 1), ("queued", 2)].into());
        for id in waits(&store, run).await {
            let why = waiting::message(&stage.engine, id).await.unwrap().unwrap();
            // Midnight in Buenos Aires, 14 hours after ten in the morning.
            assert_eq!((why.code.as_str(), why.until), ("frequency", Some(TUESDAY.plus(Duration::from_hours(14)))));
            assert!(why.sentence(Language::Pt).contains("campanha"));
        }
        stage.clock.advance(Duration::from_hours(14));
        stage.sender().drain().await;
        assert_eq!(stage.states(run).await, [("accepted", 3)].into());
    }
}

#[tokio::test]
async fn what_would_wait_past_its_latest_time_ends_and_other_kinds_do_not_count() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("reminder", CAMPAIGN, &people(1)).await;
        stage.sender().drain().await;
        let until = "[schedule]\nuntil = \"2026-11-24 20:00\"\n";
        let first = stage.run("one", &promotion("1 promotion per day", until), &people(1)).await;
        let mut later = stage.sender();
        later.drain().await;
        assert_eq!(stage.states(first).await, [("accepted", 1)].into(), "{}", store.name());
        let second = stage.run("two", &promotion("1 promotion per day", until), &people(1)).await;
        stage.sender().drain().await;
        assert_eq!(stage.states(second).await, [("excluded", 1)].into());
    }
}

#[tokio::test]
async fn a_promotion_that_waits_for_a_conversation_goes_out_when_it_has_ended() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let kind = CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender");
        let campaign = format!("{kind}[limits]\nopen_conversation = \"wait\"\n");
        let talking = super::gates::conversation(&store, Some(Duration::from_hours(1))).await;
        let file = "nombre,telefono\nAna,+5491155550123\n";
        let run = stage.run("one", &campaign, file).await;
        stage.sender().drain().await;
        let id = waits(&store, run).await[0];
        let why = waiting::message(&stage.engine, id).await.unwrap().unwrap();
        assert_eq!(why.code, "open_conversation", "{}", store.name());
        super::gates::close(&store, talking).await;
        stage.clock.advance(Duration::from_mins(5));
        stage.sender().drain().await;
        assert_eq!(stage.states(run).await, [("accepted", 1)].into());
    }
}
