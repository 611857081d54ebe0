//! Attempts in doubt, and what settles them without a person.

use std::time::Duration;

use recado::domain::id::RunId;
use recado::store::Db;
use recado::store::message::resent;

use super::stage::{CAMPAIGN, Does, Stage, people};
use crate::support::stores;

/// A run of thirty whose answer to the first request is lost, in whichever way.
async fn one_lost(stage: &Stage, campaign: &str) -> RunId {
    named(stage, "one", campaign).await
}

async fn named(stage: &Stage, name: &str, campaign: &str) -> RunId {
    let run = stage.run(name, campaign, &people(30)).await;
    stage.stub.next([Does::Says(500, 131_000)]);
    let mut sender = stage.sender();
    sender.dispatcher = sender.dispatcher.with_slots(1);
    sender.step().await;
    stage.clock.advance(Duration::from_secs(1));
    stage.sender().drain().await;
    assert_eq!(stage.states(run).await, [("accepted", 29), ("in_doubt", 1)].into());
    run
}

async fn change(stage: &Stage, sql: &'static str) {
    match &stage.engine.store.write {
        Db::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
    }
}

const RECEIPTS: &str = "UPDATE message SET sent_at = accepted_at WHERE state = 'accepted'";

#[tokio::test]
async fn what_certainly_never_left_is_sent_again_after_the_time_and_counted_apart() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = one_lost(&stage, CAMPAIGN).await;
        change(&stage, RECEIPTS).await;
        stage.clock.advance(Duration::from_mins(29));
        change(&stage, "DELETE FROM setting WHERE key = 'heartbeat'").await;
        stage.janitor().await;
        assert_eq!(stage.states(run).await["in_doubt"], 1, "not yet, {}", store.name());
        stage.clock.advance(Duration::from_mins(1));
        change(&stage, "DELETE FROM setting WHERE key = 'heartbeat'").await;
        stage.janitor().await;
        assert_eq!(stage.states(run).await["queued"], 1);
        stage.sender().step().await;
        assert_eq!(stage.states(run).await, [("accepted", 30)].into());
        assert_eq!(resent(&store, run).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_missing_receipt_beside_it_a_review_or_a_promotion_leaves_it_to_a_person() {
    for store in stores().await {
        let promotion = CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender");
        let silent = "UPDATE message SET sent_at = NULL WHERE id = (SELECT MAX(id) FROM message)";
        let review = "UPDATE message SET reviewed_at = accepted_at WHERE id = (SELECT MAX(id) FROM message)";
        for (name, campaign, more) in
            [("a", CAMPAIGN, silent), ("b", CAMPAIGN, review), ("c", promotion.as_str(), RECEIPTS)]
        {
            let stage = Stage::new(&store, store.dir.path()).await;
            change(&stage, "DELETE FROM attempt").await;
            change(&stage, "DELETE FROM message").await;
            change(&stage, "UPDATE run SET state = 'closed'").await;
            let run = named(&stage, name, campaign).await;
            change(&stage, RECEIPTS).await;
            change(&stage, more).await;
            stage.clock.advance(Duration::from_mins(31));
            change(&stage, "DELETE FROM setting WHERE key = 'heartbeat'").await;
            stage.janitor().await;
            assert_eq!(stage.states(run).await["in_doubt"], 1, "{more} {}", store.name());
        }
    }
}

#[tokio::test]
async fn after_a_downtime_receipts_get_their_time_anew() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.janitor().await;
        let run = one_lost(&stage, CAMPAIGN).await;
        change(&stage, RECEIPTS).await;
        // Nobody wrote a heartbeat for half an hour.
        stage.clock.advance(Duration::from_mins(31));
        stage.janitor().await;
        assert_eq!(stage.states(run).await["in_doubt"], 1, "{}", store.name());
        for _ in 0..31 {
            stage.clock.advance(Duration::from_mins(1));
            change(&stage, "DELETE FROM setting WHERE key = 'heartbeat'").await;
            stage.janitor().await;
        }
        assert_eq!(stage.states(run).await.get("in_doubt"), None);
    }
}
