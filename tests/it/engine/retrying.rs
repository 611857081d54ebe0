//! Failed messages that a person has tried again.

mod invariant;

use std::collections::BTreeSet;
use std::time::Duration;

use recado::domain::exclusion::ExclusionReason;
use recado::domain::id::RunId;
use recado::domain::retry::Help;
use recado::domain::time::UnixMs;
use recado::engine::receiver::Receiver;
use recado::engine::retry::RetrySheet;
use recado::store::run;
use serde_json::{Value, json};

use super::change;
use super::stage::{CAMPAIGN, Does, Stage, people};
use crate::support::stores;

/// A webhook says `status` of the `nth` request that came, and is read.
pub async fn tell(stage: &Stage, nth: usize, status: &str, at: UnixMs) {
    tell_of(stage, nth, (status, 131_026), at).await;
}

async fn tell_of(stage: &Stage, nth: usize, (status, code): (&str, i64), at: UnixMs) {
    let callback = stage.stub.seen.lock().unwrap()[nth].clone();
    let mut told: Value = json!({ "id": format!("wamid.{}.{}", callback.message, callback.attempt), "status": status,
        "timestamp": (at.0 / 1000).to_string(),
        "biz_opaque_callback_data": callback.to_string() });
    if status == "failed" {
        told["errors"] = json!([{ "code": code, "title": "no" }]);
    }
    let value = json!({ "messaging_product": "whatsapp", "statuses": [told],
        "metadata": { "display_phone_number": "5491155550100", "phone_number_id": "106540352242922" } });
    let body = json!({ "object": "whatsapp_business_account", "entry": [
        { "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] }] });
    stage.engine.keep_webhook("meta", body.to_string().as_bytes(), at).await.unwrap();
    let receiver = Receiver::new(stage.engine.clone(), std::sync::Arc::default());
    while receiver.step().await.unwrap() > 0 {}
}

async fn sheet(stage: &Stage, run: RunId) -> RetrySheet {
    stage.engine.retry_sheet(run).await.unwrap()
}

async fn retry(stage: &Stage, run: RunId, codes: &[i64]) -> Option<u64> {
    stage.engine.retry(run, &codes.iter().copied().collect()).await.unwrap()
}

/// A run of four: two that failed for a cause that passes, two whose number cannot be reached; closed.
async fn closed(stage: &Stage) -> RunId {
    let run = stage.run("one", CAMPAIGN, &people(4)).await;
    stage.sender().drain().await;
    let at = stage.clock.now();
    for nth in 0..2 {
        tell_of(stage, nth, ("failed", 131_026), at).await;
    }
    change(&stage.engine.store, "UPDATE message SET state = 'failed', failure_code = 131000, ended_at = claimed_at, reserved = 0 WHERE state = 'accepted'").await;
    stage.janitor().await;
    assert_eq!(run::get(&stage.engine.store, run).await.unwrap().unwrap().state.as_str(), "closed");
    run
}

#[tokio::test]
async fn failures_are_grouped_by_cause_with_what_another_try_is_worth_and_costs() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = closed(&stage).await;
        let sheet = sheet(&stage, run).await;
        let told: Vec<_> = sheet.groups.iter().map(|g| (g.code, g.n, g.again, g.help)).collect();
        assert_eq!(told, [(131_000, 2, 2, Help::Likely), (131_026, 2, 2, Help::No)], "{}", store.name());
        assert_eq!(sheet.by_default(), BTreeSet::from([131_000]));
        let (n, cost) = sheet.total(&sheet.by_default());
        let (low, high) = (cost.low.unwrap(), cost.high.unwrap());
        // 85 % of two at the rate of a utility template, and two at the worst it may be billed as.
        assert_eq!((n, low.to_string().as_str(), high.to_string().as_str()), (2, "0.0442", "0.1236"));
        assert_eq!(sheet.currency, "USD");
    }
}

#[tokio::test]
async fn a_retry_opens_the_run_again_and_one_more_attempt_of_what_was_chosen() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = closed(&stage).await;
        stage.clock.advance(Duration::from_mins(5));
        assert_eq!(retry(&stage, run, &[131_000]).await, Some(2), "{}", store.name());
        assert_eq!(retry(&stage, run, &[131_000]).await, Some(0), "they are in line already");
        let open = run::get(&store, run).await.unwrap().unwrap();
        assert_eq!((open.state.as_str(), open.closed_at, open.sent_out_at), ("running", None, None));
        assert_eq!(stage.states(run).await, [("failed", 2), ("queued", 2)].into());
        stage.sender().drain().await;
        assert_eq!(stage.states(run).await, [("accepted", 2), ("failed", 2)].into(), "{}", store.name());
        let seen = stage.stub.seen.lock().unwrap().clone();
        assert_eq!(seen.iter().filter(|callback| callback.attempt == 2).count(), 2);
        for nth in 4..6 {
            tell(&stage, nth, "delivered", stage.clock.now()).await;
        }
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("delivered", 2), ("failed", 2)].into());
        assert_eq!(run::get(&store, run).await.unwrap().unwrap().state.as_str(), "closed", "{}", store.name());
    }
}

#[tokio::test]
async fn a_run_of_which_nothing_is_tried_again_stays_closed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = closed(&stage).await;
        let before = run::get(&store, run).await.unwrap();
        assert_eq!(retry(&stage, run, &[1]).await, Some(0));
        change(&store, "UPDATE message SET latest_at = claimed_at").await;
        stage.clock.advance(Duration::from_secs(1));
        assert_eq!(retry(&stage, run, &[131_000, 131_026]).await, Some(0), "too late for all");
        assert_eq!(run::get(&store, run).await.unwrap(), before, "{}", store.name());
        assert_eq!(sheet(&stage, run).await.groups[0].left_out, [(ExclusionReason::TooLate, 2)].into());
        change(&store, "UPDATE run SET state = 'cancelled'").await;
        assert_eq!(retry(&stage, run, &[131_000]).await, None, "a cancelled run stays cancelled");
        assert!(!sheet(&stage, run).await.is_open_to_it);
    }
}

#[tokio::test]
async fn nobody_on_the_do_not_send_list_is_part_of_it_and_nobody_whom_another_run_or_attempt_has_reached() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = closed(&stage).await;
        for sql in [
            "INSERT INTO suppression (person_id, scope, source, created_at, created_by)
                SELECT MIN(person_id), 'all', 'agent', 1, 'ana' FROM message WHERE failure_code = 131000",
            "INSERT INTO attempt (message_id, no, state, claimed_at, ended_at)
                SELECT MIN(id), 0, 'sent', 1, 2 FROM message WHERE failure_code = 131026",
            "UPDATE message SET external_id = 'A' WHERE id = (SELECT MAX(id) FROM message)",
            "INSERT INTO message (run_id, campaign_id, row_no, key, person_id, recipient, account, sender, priority, content,
                    external_id, timezone, created_at, state, due_at, market, category, currency, estimated)
                SELECT run_id + 1000, campaign_id, row_no, key, person_id, recipient, account, sender, priority, content,
                    external_id, timezone, created_at, 'delivered', due_at, market, category, currency, estimated
                FROM message WHERE external_id = 'A'",
        ] {
            change(&store, sql).await;
        }
        let sheet = sheet(&stage, run).await;
        let left_out: Vec<_> = sheet.groups.iter().map(|g| (g.again, g.left_out.clone())).collect();
        let (suppressed, sent) = (ExclusionReason::Suppressed, ExclusionReason::AlreadySent);
        assert_eq!(left_out, [(0, [(suppressed, 1), (sent, 1)].into()), (1, [(sent, 1)].into())], "{}", store.name());
        assert_eq!(retry(&stage, run, &[131_000]).await, Some(0));
        assert_eq!(retry(&stage, run, &[131_026]).await, Some(1));
    }
}

#[tokio::test]
async fn an_earlier_attempt_that_arrived_after_all_keeps_the_message_from_leaving_again() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.stub.next([Does::Says(500, 131_000), Does::Says(400, 131_051)]);
        stage.sender().step().await;
        let first = stage.stub.seen.lock().unwrap()[0].message;
        change(&store, "DELETE FROM hold").await;
        stage.engine.settle_doubts(&[first], recado::engine::DoubtSettlement::SendAgain).await.unwrap();
        stage.sender().step().await;
        assert_eq!(stage.states(run).await, [("failed", 1)].into(), "{}", store.name());
        assert_eq!(retry(&stage, run, &[131_051]).await, Some(1));
        tell(&stage, 0, "delivered", stage.clock.now()).await;
        assert_eq!(stage.states(run).await, [("delivered", 1)].into(), "{}", store.name());
        assert_eq!(stage.sender().step().await, 0);
    }
}
