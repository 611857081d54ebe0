//! From a queued message to a settled one, and the promises on the way.

use std::time::Duration;

use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::engine::DoubtSettlement;
use recado::engine::dispatcher::Look;
use recado::store::hold;
use recado::store::message::{DoubtFilter, doubts, get};

use super::stage::{CAMPAIGN, DOUBTFUL, Does, Stage, people, sender, states};
use crate::support::stores;

#[tokio::test]
async fn a_run_goes_out_and_every_answer_is_settled() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(25)).await;
        let mut sender = stage.sender();
        while sender.step().await > 0 {}
        assert_eq!(stage.states(run).await, [("accepted", 25)].into(), "{}", store.name());
        assert_eq!(stage.stub.count(), 25);
    }
}

#[tokio::test]
async fn no_transaction_spans_a_provider_call() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(1)).await;
        stage.stub.next([Does::Waits]);
        let mut sender = stage.sender();
        let write = async {
            stage.stub.request().await;
            // SQLite has one connection that writes: it is free while the provider thinks.
            let begun = tokio::time::timeout(Duration::from_secs(2), store.begin()).await;
            stage.stub.release();
            begun.expect("nobody holds the database").unwrap();
        };
        tokio::join!(sender.step(), write);
    }
}

#[tokio::test]
async fn a_claim_is_committed_before_its_request_is_written() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.stub.next([Does::Waits]);
        let mut sender = stage.sender();
        let look = async {
            stage.stub.request().await;
            let states = states(&store, run).await;
            stage.stub.release();
            states
        };
        let (_, during) = tokio::join!(sender.step(), look);
        assert_eq!(during, [("claimed", 1)].into(), "{}", store.name());
    }
}

#[tokio::test]
async fn at_most_the_free_slots_are_claimed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(10)).await;
        let sender = sender(&stage.engine);
        let dispatcher = sender.dispatcher.with_slots(3);
        let Look::Claimed(open) = dispatcher.look().await.unwrap() else { panic!("nothing was claimed") };
        let mut open = dispatcher.pass(open).await;
        assert_eq!(open.len(), 3, "{}", store.name());
        assert!(matches!(dispatcher.look().await.unwrap(), Look::NoSlot));
        assert_eq!(stage.states(run).await, [("claimed", 3), ("queued", 7)].into());
        dispatcher.depart(open.pop().unwrap()).await;
        let Look::Claimed(more) = dispatcher.look().await.unwrap() else { panic!("a slot is free again") };
        let more = dispatcher.pass(more).await;
        assert_eq!(more.len(), 1);
    }
}

#[tokio::test]
async fn what_a_dead_process_had_claimed_is_in_doubt_and_never_sent_again_by_itself() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        let died = stage.sender();
        assert_eq!(died.dispatcher.step().await.unwrap(), 2, "both were accepted, neither was settled");
        drop(died);
        let engine = stage.restarted(store.dir.path()).await;
        let mut sender = sender(&engine);
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("claimed", 2)].into(), "an answer could still come");
        stage.clock.advance(DOUBTFUL);
        stage.janitor().await;
        assert_eq!(sender.step().await, 0);
        assert_eq!(stage.states(run).await, [("in_doubt", 2)].into(), "{}", store.name());
        assert_eq!(stage.stub.count(), 2);
    }
}

#[tokio::test]
async fn a_person_settles_doubts() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        stage.stub.next([Does::Says(500, 131_000), Does::Says(500, 131_000)]);
        let mut sender = stage.sender();
        sender.step().await;
        assert_eq!(stage.states(run).await, [("in_doubt", 2)].into(), "{}", store.name());
        let found = doubts(&store, &DoubtFilter::default(), MessageId(0), 10).await.unwrap();
        let in_doubt: Vec<MessageId> = found.iter().map(|d| d.id).collect();
        let settle = |ids: Vec<MessageId>, how| {
            let engine = stage.engine.clone();
            async move { engine.settle_doubts(&ids, how).await.unwrap() }
        };
        assert_eq!(settle(in_doubt[..1].to_vec(), DoubtSettlement::SendAgain).await, 1);
        assert_eq!(settle(in_doubt.clone(), DoubtSettlement::Leave).await, 1, "the other one only");
        // A person takes longer than the pair limit's seconds, which are real: another dispatcher knows nothing of them.
        stage.sender().step().await;
        assert_eq!(stage.states(run).await, [("accepted", 1), ("cancelled", 1)].into());
        assert_eq!(stage.message(in_doubt[0]).await.attempt, 2);
    }
}

#[tokio::test]
async fn a_message_that_was_turned_away_waits_and_leaves_later() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.stub.next([Does::Says(400, 131_056)]);
        let mut sender = stage.sender();
        sender.step().await;
        assert_eq!(sender.step().await, 0, "the pair limit asks for a wait");
        let id = stage.stub.seen.lock().unwrap()[0].message;
        assert_eq!(stage.message(id).await.waiting_for.as_deref(), Some("pair_limit"), "{}", store.name());
        stage.clock.advance(Duration::from_secs(6));
        // The pair limit's seconds are real: another dispatcher knows nothing of them.
        stage.sender().step().await;
        assert_eq!(stage.states(run).await, [("accepted", 1)].into());
    }
}

#[tokio::test]
async fn a_refusal_of_the_whole_account_holds_it_and_loses_nothing() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(3)).await;
        stage.stub.always(Does::Says(401, 190));
        let mut sender = stage.sender();
        sender.step().await;
        assert_eq!(sender.step().await, 0, "the account is held");
        assert_eq!(stage.states(run).await, [("queued", 3)].into(), "{}", store.name());
        let holds = hold::open(&store).await.unwrap();
        assert_eq!((holds.len(), holds[0].code), (1, Some(190)));
        stage.stub.always(Does::Accepts);
        stage.clock.advance(Duration::from_secs(5));
        assert!(stage.engine.lift_hold(holds[0].id, "ana").await.unwrap());
        sender.step().await;
        assert_eq!(stage.states(run).await, [("accepted", 3)].into());
    }
}

#[tokio::test]
async fn a_refused_message_fails_with_its_code_and_opts_out_who_asked_for_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.stub.next([Does::Says(400, 131_050)]);
        stage.sender().step().await;
        assert_eq!(stage.states(run).await, [("failed", 1)].into(), "{}", store.name());
        let id = stage.stub.seen.lock().unwrap()[0].message;
        let message = stage.message(id).await;
        assert_eq!((message.failure_code, message.reserved.0), (Some(131_050), 0));
        let blocked = recado::store::suppression::blocked(&store, &[message.person_id], true).await.unwrap();
        assert!(blocked.contains(&message.person_id));
    }
}

#[tokio::test]
async fn a_claim_that_comes_too_late_is_put_back_and_not_sent() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let run = stage.run("one", CAMPAIGN, &people(1)).await;
    let mut sender = stage.sender();
    let Look::Claimed(open) = sender.dispatcher.look().await.unwrap() else { panic!("nothing was claimed") };
    let mut open = sender.dispatcher.pass(open).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    sender.dispatcher.depart(open.pop().unwrap()).await;
    sender.settler.step().await;
    assert_eq!(stage.stub.count(), 0);
    assert_eq!(stage.states(run).await, [("queued", 1)].into());
}

#[tokio::test]
async fn a_paused_run_claims_nothing_and_a_cancelled_one_is_over() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        let mut sender = stage.sender();
        assert!(stage.engine.pause(run, "ana", "").await.unwrap());
        assert_eq!(sender.step().await, 0, "{}", store.name());
        assert!(stage.engine.cancel(run, "ana").await.unwrap());
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("cancelled", 2)].into());
        let run = recado::store::run::get(&store, run).await.unwrap().unwrap();
        assert!(run.closed_at.is_some());
    }
}

#[tokio::test]
async fn no_attempt_opens_while_an_earlier_one_may_have_been_accepted_and_has_not_failed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(1)).await;
        let mut sender = stage.sender();
        sender.step().await;
        let id = stage.stub.seen.lock().unwrap()[0].message;
        for state in MessageState::ALL.into_iter().filter(|s| s.may_have_been_accepted()) {
            super::force(&store, id, state).await;
            stage.engine.settle_doubts(&[id], DoubtSettlement::Leave).await.unwrap();
            assert_eq!(sender.step().await, 0, "{} {}", store.name(), state.as_str());
            assert_eq!(get(&store, id).await.unwrap().unwrap().attempt, 1);
        }
        assert_eq!(stage.stub.count(), 1);
    }
}
