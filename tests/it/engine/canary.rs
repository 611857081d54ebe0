//! The canary: a share goes first, spread over the file; its receipts decide whether the rest follows.

use std::time::Duration;

use axum::http::Method;
use recado::domain::id::RunId;
use recado::domain::role::Role;
use recado::domain::run::RunState;
use recado::engine::{canary, waiting};
use recado::locale::Language;
use recado::store::canary::CanaryState;
use recado::store::suppression::{self, NewSuppression, SuppressionScope};
use recado::store::{Db, Store, run};
use serde_json::json;

use super::stage::{CAMPAIGN, Stage, people, sender};
use crate::support::stores;
use crate::web::site::Site;

const HALF_AN_HOUR: Duration = Duration::from_mins(30);

fn with(canary: &str) -> String {
    format!("{CAMPAIGN}[limits]\ncanary = {canary}\n")
}

async fn state(stage: &Stage, id: RunId) -> CanaryState {
    canary::standing(&stage.engine, id).await.unwrap().unwrap().state
}

async fn numbers(store: &Store, sql: &'static str, run: RunId) -> Vec<i64> {
    match &store.write {
        Db::Sqlite(pool) => sqlx::query_scalar(sql).bind(run).fetch_all(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(sql).bind(run).fetch_all(pool).await.unwrap(),
    }
}

/// Lets the canary leave; all of a second's worth is due by then.
async fn first(stage: &Stage) -> usize {
    stage.clock.advance(Duration::from_secs(2));
    let left = stage.sender().drain().await;
    stage.janitor().await;
    left
}

#[tokio::test]
async fn a_share_goes_first_and_the_rest_follows_when_its_receipts_are_good_whatever_is_restarted_between() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", &with("\"10%\""), &people(100)).await;
        assert_eq!(first(&stage).await, 10, "{}", store.name());
        let rows = numbers(&store, "SELECT row_no FROM message WHERE run_id = $1 AND state <> 'queued'", id).await;
        assert!(rows.iter().any(|row| *row > 50) && rows.iter().any(|row| *row <= 50), "a sample: {rows:?}");
        let why = waiting::run(&stage.engine, id).await.unwrap().unwrap();
        assert_eq!((why.code.as_str(), why.until), ("canary", Some(stage.clock.now().plus(HALF_AN_HOUR))));
        assert!(why.sentence(Language::En).starts_with("The first 10 messages have left"), "{why:?}");

        let restarted = stage.restarted(store.dir.path()).await;
        assert_eq!(sender(&restarted).drain().await, 0, "{}", store.name());
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen[..8], "delivered", None).await;
        stage.janitor().await;
        assert_eq!(state(&stage, id).await, CanaryState::Waiting, "eight in ten are told, {}", store.name());
        stage.receipts(&seen[8..9], "delivered", None).await;
        stage.janitor().await;
        let told = canary::standing(&stage.engine, id).await.unwrap().unwrap();
        assert_eq!((told.state, told.figures.sent, told.figures.delivered), (CanaryState::Passed, 10, 9));
        assert_eq!(told.judged_at, Some(stage.clock.now()));
        assert!(stage.own_deeds().await.contains(&("canary.pass".to_owned(), format!("run {id}"))));
        assert_eq!(sender(&restarted).drain().await, 90, "{}", store.name());
    }
}

#[tokio::test]
async fn a_bad_canary_pauses_the_run_with_the_figures_and_a_person_may_let_the_rest_follow() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", &with("10"), &people(60)).await;
        assert_eq!(first(&stage).await, 10, "{}", store.name());
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen[..7], "delivered", None).await;
        stage.receipts(&seen[7..10], "failed", Some(131_026)).await;
        stage.janitor().await;
        let paused = run::get(&store, id).await.unwrap().unwrap();
        assert_eq!((paused.state, paused.paused_by.as_deref()), (RunState::Paused, Some("recado")), "{}", store.name());
        let why = paused.paused_for();
        assert_eq!((why.len(), why[0].code.as_str()), (1, "canary_failed"));
        let sentence = waiting::run(&stage.engine, id).await.unwrap().unwrap().sentence(Language::En);
        assert!(sentence.contains("Of the 10 that went first, 3 failed (30 %; the limit is 15 %)"), "{sentence}");
        assert_eq!(state(&stage, id).await, CanaryState::Stopped);

        stage.engine.resume(id, "ana").await.unwrap();
        assert_eq!(state(&stage, id).await, CanaryState::Overruled, "{}", store.name());
        assert_eq!(stage.sender().drain().await, 50);
    }
}

#[tokio::test]
async fn a_canary_without_receipts_is_judged_when_its_time_is_over() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", &with("10\ncanary_wait = \"10m\""), &people(60)).await;
        first(&stage).await;
        stage.clock.advance(Duration::from_secs(599));
        stage.janitor().await;
        assert_eq!(state(&stage, id).await, CanaryState::Waiting, "{}", store.name());
        stage.clock.advance(Duration::from_secs(1));
        stage.janitor().await;
        let paused = run::get(&store, id).await.unwrap().unwrap();
        assert_eq!(paused.paused_for()[0].code, "canary_delivered", "{}", store.name());
    }
}

#[tokio::test]
async fn people_who_ask_for_no_more_speak_against_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", &with("10"), &people(60)).await;
        first(&stage).await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        let person = stage.message(seen[0].message).await.person_id;
        let mut tx = store.begin().await.unwrap();
        let (scope, at) = (SuppressionScope::Marketing, stage.clock.now());
        suppression::add(&mut tx, &NewSuppression { person, scope, source: "reply", note: "", at, by: "automatic" })
            .await
            .unwrap();
        tx.commit().await.unwrap();
        stage.receipts(&seen, "delivered", None).await;
        stage.janitor().await;
        let paused = run::get(&store, id).await.unwrap().unwrap();
        assert_eq!(paused.paused_for()[0].code, "canary_opted_out", "{}", store.name());
    }
}

#[tokio::test]
async fn a_canary_is_judged_before_it_makes_the_rest_too_late() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", &with("10"), &people(60)).await;
        let latest = stage.clock.now().plus(Duration::from_mins(20)).0;
        let sql = sqlx::AssertSqlSafe(format!("UPDATE message SET latest_at = {latest}"));
        match &store.write {
            Db::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
            Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        }
        first(&stage).await;
        let told = canary::standing(&stage.engine, id).await.unwrap().unwrap();
        assert_eq!(told.judge_at.map(|at| at.0), Some(latest - 5 * 60_000), "{}", store.name());
    }
}

#[tokio::test]
async fn a_canary_of_everything_decides_nothing() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", &with("50"), &people(50)).await;
        assert_eq!(first(&stage).await, 50, "{}", store.name());
        assert_eq!(canary::standing(&stage.engine, id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_was_refused_or_put_back_makes_room_only_where_it_did_not_leave() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", &with("10"), &people(60)).await;
        stage.stub.next(std::iter::repeat_n(super::stage::Does::Says(400, 130_429), 4));
        stage.clock.advance(Duration::from_secs(2));
        let mut sender = stage.sender();
        sender.drain().await;
        stage.clock.advance(Duration::from_secs(5));
        sender.drain().await;
        stage.janitor().await;
        let left = numbers(&store, "SELECT COUNT(*) FROM message WHERE run_id = $1 AND state = 'accepted'", id).await;
        assert_eq!((left[0], state(&stage, id).await), (10, CanaryState::Waiting), "{}", store.name());
    }
}

#[tokio::test]
async fn the_runs_page_and_the_api_tell_how_the_canary_stands_and_why_the_run_stopped() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", &with("10"), &people(60)).await;
        let site = Site::over(&stage.engine);
        let (ana, token) = (site.visitor(Role::Operator).await, site.token(Role::Operator).await);
        let page = async || site.get(&format!("/runs/{id}"), Some(&ana)).await.body;
        let body = page().await;
        assert!(body.contains("Goes first: 10 messages"), "{body}");
        first(&stage).await;
        let body = page().await;
        assert!(body.contains("First 10 sent, judged") && body.contains("0 delivered"), "{body}");
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "failed", Some(131_008)).await;
        stage.janitor().await;
        let body = page().await;
        assert!(body.contains("First 10 judged") && body.contains("10 failed"), "{body}");
        assert!(body.contains("Stopped by itself: Of the 10 that went first, 0 were delivered"), "{body}");
        let told = site.call(Method::GET, &format!("/api/v1/runs/{id}"), &token, "", None).await.json();
        assert_eq!((&told["canary"]["state"], &told["canary"]["figures"]["failed"]), (&json!("stopped"), &json!(10)));
        assert_eq!(told["paused_for"][0]["code"], "canary_delivered", "{told}");
        assert_eq!(told["paused_for"][1]["code"], "canary_failed", "{told}");
    }
}
