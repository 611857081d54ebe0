//! Budgets: reserved at the claim, released, raised, exceeded by the provider alone.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use recado::domain::id::RunId;
use recado::domain::money::Micros;
use recado::domain::time::UnixMs;
use recado::engine::waiting;
use recado::locale::Language;
use recado::store::hold::{self, HoldCause, HoldScope};
use recado::store::{Store, budget, run};

use super::stage::{CAMPAIGN, Stage, people};
use crate::support::{TestStore, stores};

/// The worst price of a utility template in Argentina: it may be billed as marketing.
const WORST: Micros = Micros(61_800);

fn with_budget(budget: &str) -> String {
    format!("{CAMPAIGN}[limits]\nbudget = \"{budget}\"\n")
}

async fn spent(store: &Store, id: RunId, month: &str) -> budget::Spent {
    let campaign = run::get(store, id).await.unwrap().unwrap().campaign_id;
    budget::spent(store, campaign, month).await.unwrap()
}

#[tokio::test]
async fn a_run_out_of_budget_waits_with_the_figures_and_goes_on_when_it_is_raised() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", &with_budget("0.65 USD"), &people(30)).await;
        let mut sender = stage.sender();
        assert_eq!(sender.drain().await, 10, "{}", store.name());
        assert_eq!(spent(&store, run, "").await.reserved, WORST.times(10), "{}", store.name());
        let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
        assert_eq!((why.code.as_str(), why.until), ("budget", None), "{}", store.name());
        for language in Language::ALL {
            let sentence = why.sentence(language);
            assert!(sentence.contains("0.65 USD") && sentence.contains("0.618 USD"), "{sentence}");
        }
        stage.load("one", &with_budget("1.30 USD"), &people(30)).await;
        stage.clock.advance(Duration::from_secs(2));
        assert_eq!(sender.drain().await, 11, "{}", store.name());
        assert_eq!(stage.states(run).await["queued"], 9, "{}", store.name());
    }
}

#[tokio::test]
async fn what_is_released_is_spent_again() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", &with_budget("0.65 USD"), &people(30)).await;
        let mut sender = stage.sender();
        // Meta's "not on WhatsApp": nothing is charged.
        stage.stub.next(std::iter::repeat_n(super::stage::Does::Says(400, 131_026), 4));
        assert_eq!(sender.step().await, 10, "{}", store.name());
        stage.clock.advance(Duration::from_secs(2));
        assert_eq!(sender.drain().await, 4, "{}", store.name());
        assert_eq!(spent(&store, run, "").await.sum(), WORST.times(10), "{}", store.name());
    }
}

#[tokio::test]
async fn a_monthly_budget_begins_anew_with_the_month_of_the_account() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", &with_budget("0.65 USD per month"), &people(30)).await;
        let mut sender = stage.sender();
        assert_eq!(sender.drain().await, 10, "{}", store.name());
        let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
        // The first of December at midnight in Buenos Aires.
        assert_eq!(why.until, Some(UnixMs(1_796_094_000_000)), "{}", store.name());
        charge_all(&store, run, 61_800, "2026-11-24").await;
        assert_eq!(spent(&store, run, "2026-11").await.charged, WORST.times(10));
        assert_eq!(spent(&store, run, "2026-12").await.sum(), Micros(0));
        stage.clock.advance(Duration::from_hours(24 * 7));
        assert_eq!(sender.drain().await, 10, "{}", store.name());
    }
}

async fn charge_all(store: &Store, run: RunId, amount: i64, day: &str) {
    const CHARGE: &str = "UPDATE message SET state = 'delivered', reserved = 0, charged = $2, charged_day = $3
        WHERE run_id = $1 AND state = 'accepted'";
    match &store.write {
        recado::store::Db::Sqlite(pool) => {
            sqlx::query(CHARGE).bind(run).bind(amount).bind(day).execute(pool).await.unwrap();
        }
        recado::store::Db::Postgres(pool) => {
            sqlx::query(CHARGE).bind(run).bind(amount).bind(day).execute(pool).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_budget_in_another_currency_is_a_blocker() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("one", &with_budget("10 BRL"), &people(1)).await;
        let recado::engine::StartOutcome::Refused(problems) = stage.engine.start(version, "ana").await.unwrap() else {
            panic!("started, {}", store.name())
        };
        assert_eq!(problems[0].code, "budget_currency", "{problems:?}");
    }
}

#[tokio::test]
async fn a_charge_above_the_reservation_is_booked_and_holds_the_run() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", &with_budget("0.65 USD"), &people(30)).await;
        let mut sender = stage.sender();
        assert_eq!(sender.step().await, 10);
        // The rate that was reckoned with was lower than the one that is charged.
        lower_reservations(&store, run).await;
        deliver_one(&stage).await;
        let holds = hold::open(&store).await.unwrap();
        assert_eq!(holds.len(), 1, "{}", store.name());
        let (scope, key, cause) = (holds[0].scope, holds[0].scope_key.as_str(), holds[0].cause);
        assert_eq!((scope, key, cause), (HoldScope::Run, run.to_string().as_str(), HoldCause::Budget));
        let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
        assert_eq!(why.code, "hold_budget", "{}", store.name());
    }
}

async fn lower_reservations(store: &Store, run: RunId) {
    const LOWER: &str = "UPDATE message SET reserved = 1000 WHERE run_id = $1 AND state = 'accepted'";
    match &store.write {
        recado::store::Db::Sqlite(pool) => drop(sqlx::query(LOWER).bind(run).execute(pool).await.unwrap()),
        recado::store::Db::Postgres(pool) => drop(sqlx::query(LOWER).bind(run).execute(pool).await.unwrap()),
    }
}

async fn deliver_one(stage: &Stage) {
    let callback = stage.stub.seen.lock().unwrap()[0].to_string();
    receipt(stage, &callback, "delivered").await;
}

/// The provider says this of the message that has this callback data.
async fn receipt(stage: &Stage, callback: &str, status: &str) {
    let failed = if status == "failed" {
        serde_json::json!([{"code": 131_026, "title": "no"}])
    } else {
        serde_json::json!(null)
    };
    let body = serde_json::json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [
        {"field": "messages", "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "5491155550100", "phone_number_id": "106540352242922"},
            "statuses": [{"id": format!("wamid.{callback}"), "status": status, "errors": failed, "timestamp": "1795525300",
                "biz_opaque_callback_data": callback,
                "pricing": {"billable": true, "pricing_model": "PMP", "type": "regular", "category": if callback.ends_with(['1', '3']) { "marketing" } else { "utility" }}}]}}]}]});
    stage.engine.keep_webhook("meta", body.to_string().as_bytes(), stage.clock.now()).await.unwrap();
    let receiver = recado::engine::receiver::Receiver::new(stage.engine.clone(), std::sync::Arc::default());
    while receiver.step().await.unwrap() > 0 {}
}

/// What happens to a run with a budget.
#[derive(Clone, Debug)]
enum Op {
    Step,
    Refuse(usize),
    /// Of the message sent as that one.
    Deliver(usize),
    Fail(usize),
    Pass,
    Restart,
    Raise,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        5 => Just(Op::Step),
        2 => (1..4_usize).prop_map(Op::Refuse),
        6 => (0..40_usize).prop_map(Op::Deliver),
        3 => (0..40_usize).prop_map(Op::Fail),
        2 => Just(Op::Pass),
        1 => Just(Op::Restart),
        1 => Just(Op::Raise),
    ];
    prop::collection::vec(op, 4..24)
}

async fn play(stage: &Stage, store: &TestStore, case: usize, ops: &[Op]) -> Result<(), TestCaseError> {
    let (name, mut cents) = (format!("case{case}"), 65);
    let file = |cents: i64| with_budget(&format!("0.{cents} USD"));
    let run = stage.run(&name, &file(cents), &people(40)).await;
    let from = stage.stub.count();
    let mut sender = stage.sender();
    for op in ops {
        let mut claimed = 0;
        let sent = |n: &usize| {
            let seen = stage.stub.seen.lock().unwrap();
            (seen.len() > from).then(|| seen[from + n % (seen.len() - from)].to_string())
        };
        match op {
            Op::Step => claimed = sender.step().await,
            Op::Refuse(n) => stage.stub.next(std::iter::repeat_n(super::stage::Does::Says(400, 131_026), *n)),
            Op::Deliver(n) | Op::Fail(n) => {
                let Some(callback) = sent(n) else { continue };
                let status = if matches!(op, Op::Deliver(_)) { "delivered" } else { "failed" };
                receipt(stage, &callback, status).await;
            }
            Op::Pass => stage.clock.advance(Duration::from_secs(2)),
            Op::Restart => sender = stage.sender(),
            Op::Raise => {
                cents = (cents + 7).min(99);
                stage.load(&name, &file(cents), &people(40)).await;
            }
        }
        let sum = spent(store, run, "").await.sum();
        // The provider may deliver, and charge, what it had called failed: then nothing more is claimed.
        prop_assert!(
            claimed == 0 || sum <= Micros(cents * 10_000),
            "{sum} of 0.{cents} after {op:?}, {}",
            store.name()
        );
    }
    stage.engine.cancel(run, "ana").await.unwrap();
    Ok(())
}

#[test]
fn charged_plus_reserved_never_exceeds_a_budget_at_any_claim() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stages = runtime.block_on(async {
        let mut all = Vec::new();
        for store in stores().await {
            let stage = Stage::new(&store, store.dir.path()).await;
            all.push((store, stage));
        }
        all
    });
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    runner
        .run(&ops(), |ops| {
            case.set(case.get() + 1);
            for (store, stage) in &stages {
                runtime.block_on(play(stage, store, case.get(), &ops))?;
            }
            Ok(())
        })
        .unwrap();
}
