//! Attempts in doubt, and what settles them without a person.

use std::time::Duration;

use recado::domain::doubt::{Reason, Verdict};
use recado::domain::id::{MessageId, RunId};
use recado::engine::DoubtSettlement;
use recado::engine::doubt::why;
use recado::store::message::{self, DoubtFilter, resent};

use super::stage::{CAMPAIGN, Does, Stage, TUESDAY, people};
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
    super::change(&stage.engine.store, sql).await;
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

/// The only doubt there is, and why it stands.
async fn the_doubt(stage: &Stage) -> (MessageId, Verdict) {
    let found = message::doubts(&stage.engine.store, &DoubtFilter::default(), MessageId(0), 10).await.unwrap();
    assert_eq!(found.len(), 1);
    let verdicts = why(&stage.engine, &found).await.unwrap();
    (found[0].id, verdicts[&found[0].id])
}

/// As if nothing had been sent before.
async fn sweep(stage: &Stage) {
    for sql in ["DELETE FROM attempt", "DELETE FROM message", "UPDATE run SET state = 'closed'"] {
        change(stage, sql).await;
    }
}

#[tokio::test]
async fn the_list_says_until_when_a_doubt_waits_or_why_the_rule_cannot_decide() {
    for store in stores().await {
        let promotion = CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender");
        let few = "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE state = 'accepted' ORDER BY id DESC LIMIT 15)";
        let silent = "UPDATE message SET sent_at = NULL WHERE id = (SELECT MAX(id) FROM message)";
        let review = "UPDATE message SET reviewed_at = accepted_at WHERE id = (SELECT MAX(id) FROM message)";
        let before = "UPDATE message SET accepted_at = (SELECT claimed_at FROM message WHERE state = 'in_doubt') WHERE state = 'accepted'";
        let automatic =
            "UPDATE message SET run_id = 0, category = 'service', author = 'automatic' WHERE state = 'in_doubt'";
        let by_hand = "UPDATE message SET run_id = 0 WHERE state = 'in_doubt'";
        for (name, campaign, more, reason) in [
            ("a", CAMPAIGN, RECEIPTS, None),
            ("b", CAMPAIGN, few, Some(Reason::Few)),
            ("c", CAMPAIGN, silent, Some(Reason::Silent)),
            ("d", CAMPAIGN, review, Some(Reason::Review)),
            ("e", CAMPAIGN, before, Some(Reason::NoneAfter)),
            ("f", promotion.as_str(), RECEIPTS, Some(Reason::Campaign)),
            ("g", CAMPAIGN, by_hand, Some(Reason::ByHand)),
            ("h", CAMPAIGN, automatic, None),
        ] {
            let stage = Stage::new(&store, store.dir.path()).await;
            sweep(&stage).await;
            named(&stage, name, campaign).await;
            let (_, young) = the_doubt(&stage).await;
            let until = TUESDAY.plus(Duration::from_mins(30));
            assert_eq!(young, Verdict::Wait(until), "{name} {}", store.name());
            change(&stage, RECEIPTS).await;
            change(&stage, more).await;
            stage.clock.advance(Duration::from_mins(31));
            let expected = reason.map_or(Verdict::Unsent, Verdict::Ask);
            assert_eq!(the_doubt(&stage).await.1, expected, "{name} {}", store.name());
        }
    }
}

#[tokio::test]
async fn what_certainly_never_left_is_at_no_stake_when_a_person_has_it_sent_again() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        one_lost(&stage, &CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender")).await;
        let (id, _) = the_doubt(&stage).await;
        let young = stage.engine.doubt_stakes(&[id]).await.unwrap();
        assert_eq!((young.messages, young.never_left, young.people), (1, 0, 1), "{}", store.name());
        change(&stage, RECEIPTS).await;
        stage.clock.advance(Duration::from_mins(31));
        assert_eq!(the_doubt(&stage).await.1, Verdict::Ask(Reason::Campaign));
        let known = stage.engine.doubt_stakes(&[id]).await.unwrap();
        assert_eq!((known.messages, known.never_left, known.people), (1, 1, 0), "{}", store.name());
        assert!(known.worst.values().all(|amount| amount.0 == 0), "{:?}", known.worst);
    }
}

#[tokio::test]
async fn what_a_person_has_sent_again_is_not_counted_as_the_rules() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = one_lost(&stage, CAMPAIGN).await;
        let (id, _) = the_doubt(&stage).await;
        let stakes = stage.engine.doubt_stakes(&[id]).await.unwrap();
        assert_eq!((stakes.messages, stakes.people), (1, 1));
        assert!(stakes.worst["USD"] >= stage.message(id).await.estimated, "the worst price, {}", store.name());
        assert_eq!(stage.engine.settle_doubts(&[id], DoubtSettlement::SendAgain).await.unwrap(), 1);
        stage.sender().step().await;
        assert_eq!(stage.states(run).await, [("accepted", 30)].into());
        assert_eq!(resent(&store, run).await.unwrap(), 0, "{}", store.name());
        assert_eq!(stage.engine.doubt_stakes(&[id]).await.unwrap().messages, 0);
    }
}

#[tokio::test]
async fn what_a_person_says_was_sent_ends_like_any_accepted_message_and_is_never_sent_again() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.stub.template.lock().unwrap()["message_send_ttl_seconds"] = 3600.into();
        let run = one_lost(&stage, CAMPAIGN).await;
        let (id, _) = the_doubt(&stage).await;
        assert_eq!(stage.engine.settle_doubts(&[id], DoubtSettlement::Sent).await.unwrap(), 1);
        assert_eq!(stage.engine.settle_doubts(&[id], DoubtSettlement::Sent).await.unwrap(), 0);
        assert_eq!(stage.message(id).await.accepted_at, Some(TUESDAY));
        assert!(stage.message(id).await.reserved.0 > 0, "it may still cost");
        stage.clock.advance(Duration::from_hours(2));
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("accepted", 29), ("undelivered", 1)].into(), "{}", store.name());
        let ended = stage.message(id).await;
        assert_eq!((ended.reserved.0, ended.attempt), (0, 1));
        stage.clock.advance(Duration::from_secs(2));
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("undelivered", 30)].into(), "their lives began a second later");
    }
}

#[tokio::test]
async fn what_is_left_in_doubt_keeps_its_reservation_until_no_receipt_can_come() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.stub.template.lock().unwrap()["message_send_ttl_seconds"] = 3600.into();
        one_lost(&stage, CAMPAIGN).await;
        let (id, _) = the_doubt(&stage).await;
        assert_eq!(stage.engine.settle_doubts(&[id], DoubtSettlement::Leave).await.unwrap(), 1);
        stage.janitor().await;
        assert!(stage.message(id).await.reserved.0 > 0, "{}", store.name());
        stage.clock.advance(Duration::from_hours(2) + Duration::from_secs(1));
        stage.janitor().await;
        assert_eq!(stage.message(id).await.reserved.0, 0, "{}", store.name());
    }
}

#[tokio::test]
async fn what_a_person_left_in_doubt_is_not_sent_by_the_campaigns_next_run_either() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        one_lost(&stage, CAMPAIGN).await;
        let (id, _) = the_doubt(&stage).await;
        assert_eq!(stage.engine.settle_doubts(&[id], DoubtSettlement::Leave).await.unwrap(), 1);
        change(&stage, "UPDATE run SET state = 'closed', closed_at = 1").await;
        let again = stage.run("one", CAMPAIGN, &people(31)).await;
        stage.sender().drain().await;
        assert_eq!(stage.states(again).await, [("accepted", 1)].into(), "only who is new, {}", store.name());
        assert_eq!(stage.stub.count(), 31, "{}", store.name());
    }
}

#[tokio::test]
async fn what_is_in_review_is_kept_and_lives_from_its_release_on() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.stub.template.lock().unwrap()["message_send_ttl_seconds"] = 600.into();
        stage.stub.next([Does::Reviews]);
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.sender().step().await;
        assert_eq!(stage.states(run).await, [("in_review", 1)].into(), "{}", store.name());
        stage.clock.advance(Duration::from_hours(20));
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("in_review", 1)].into(), "a review is waited for");
        let at = stage.clock.now();
        super::retrying::tell(&stage, 0, "sent", at).await;
        stage.clock.advance(Duration::from_mins(70));
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("sent", 1)].into(), "{}", store.name());
        stage.clock.advance(Duration::from_secs(1));
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("undelivered", 1)].into(), "{}", store.name());
    }
}
