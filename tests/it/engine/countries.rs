//! Countries that may not be written to: what is left out for them, by name, until a person opens them.

use recado::domain::run::RunState;
use recado::store::hold::{self, HoldCause, HoldScope};
use recado::store::run;

use super::accounts::holds;
use super::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

#[tokio::test]
async fn a_country_that_may_not_be_written_to_leaves_the_rest_of_it_out_by_name() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let brazilians: Vec<String> = (0..20).map(|i| format!("Ana,+55119{:08}", 80_000_000 + i)).collect();
        let audience = format!("{}{}\n", people(5), brazilians.join("\n"));
        let id = stage.run("one", CAMPAIGN, &audience).await;
        let mut sender = stage.sender();
        *stage.stub.closed.lock().unwrap() = Some("+55");
        sender.dispatcher = sender.dispatcher.with_slots(1);
        sender.drain().await;
        let expected = [("accepted", 5), ("excluded", 19), ("failed", 1)];
        assert_eq!(stage.states(id).await, expected.into(), "{}", store.name());
        assert_eq!(stage.stub.count(), 6, "no request for the rest, {}", store.name());
        assert_eq!(holds(&store).await, [(HoldScope::Country, "meta/BR".to_owned(), HoldCause::Refused)]);
        assert_eq!(run::get(&store, id).await.unwrap().unwrap().state, RunState::Running);
        assert!(stage.engine.retry_sheet(id).await.unwrap().by_default().is_empty(), "not while the country is held");

        *stage.stub.closed.lock().unwrap() = None;
        let held = hold::open(&store).await.unwrap().remove(0);
        assert!(stage.engine.lift_hold(held.id, "ana").await.unwrap());
        sender.drain().await;
        let expected = [("accepted", 24), ("failed", 1)];
        assert_eq!(stage.states(id).await, expected.into(), "what was left out goes on, {}", store.name());
        let codes = stage.engine.retry_sheet(id).await.unwrap().by_default();
        assert_eq!(codes.into_iter().collect::<Vec<_>>(), [130_497], "{}", store.name());
    }
}

#[tokio::test]
async fn a_country_closed_by_a_receipt_is_left_out_too_until_a_person_opens_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let first = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "failed", Some(130_497)).await;
        let open = hold::open(&store).await.unwrap();
        assert_eq!(
            (open[0].scope, open[0].scope_key.as_str(), open[0].code),
            (HoldScope::Country, "meta/AR", Some(130_497))
        );
        stage.janitor().await;
        assert_eq!(run::get(&store, first).await.unwrap().unwrap().state, RunState::Closed, "nothing waits for it");
        let second = stage.run("two", CAMPAIGN, &format!("{}Eva,+5511987654321\n", people(2))).await;
        stage.sender().drain().await;
        assert_eq!(stage.states(second).await, [("accepted", 1), ("excluded", 2)].into(), "{}", store.name());
        stage.janitor().await;
        // One whose latest time has passed meanwhile stays left out.
        let late = "UPDATE message SET latest_at = 1 WHERE id = (SELECT MAX(id) FROM message WHERE state = 'excluded')";
        crate::engine::change(&store, late).await;
        stage.engine.lift_hold(open[0].id, "ana").await.unwrap();
        stage.sender().drain().await;
        assert_eq!(stage.states(second).await, [("accepted", 2), ("excluded", 1)].into(), "{}", store.name());
    }
}

#[tokio::test]
async fn a_check_and_a_retry_leave_out_whose_country_is_held() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let audience = "nombre,telefono\nAna,+5491150000000\nEva,+5511987654321\nLia,+5511987654322\n";
        *stage.stub.closed.lock().unwrap() = Some("+55");
        let run = stage.run("one", CAMPAIGN, audience).await;
        stage.sender().drain().await;
        crate::engine::change(
            &store,
            "UPDATE message SET state = 'failed', failure_code = 131000, end_reason = NULL, ended_at = 1, reserved = 0",
        )
        .await;
        let sheet = stage.engine.retry_sheet(run).await.unwrap();
        let group = &sheet.groups[0];
        let reason = recado::domain::exclusion::ExclusionReason::Unreachable;
        assert_eq!((group.n, group.again, group.left_out.get(&reason)), (3, 1, Some(&2)), "{}", store.name());
        assert_eq!(stage.engine.retry(run, &[131_000].into()).await.unwrap(), Some(1), "{}", store.name());
        let version = stage.load("two", CAMPAIGN, audience).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert_eq!((sheet.messages, sheet.excluded.get(&reason)), (Some(1), Some(&2)), "{}", store.name());
    }
}
