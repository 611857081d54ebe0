//! Page, list and API say the same of a run that waits, and never that it is sending while nothing may be sent.

use std::time::Duration;

use axum::http::Method;
use recado::domain::id::RunId;
use recado::domain::role::Role;
use recado::engine::StartOutcome;
use recado::engine::planner::Planner;

use super::site::Site;
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

/// The run as page, list of campaigns and API tell it: the state's word of each, and the sentence.
async fn told(site: &Site, run: RunId) -> (Vec<String>, String, serde_json::Value) {
    let operator = site.visitor(Role::Operator).await;
    let page = site.get(&format!("/runs/{run}"), Some(&operator)).await.body;
    let list = site.get("/campaigns", Some(&operator)).await.body;
    let token = site.token(Role::Operator).await;
    let one = site.call(Method::GET, &format!("/api/v1/runs/{run}"), &token, "", None).await.json();
    let all = site.call(Method::GET, "/api/v1/runs", &token, "", None).await.json();
    assert_eq!(one["waiting"], all["items"][0]["waiting"], "{all}");
    let word = |html: &str| {
        let from =
            html.find("data-test=\"status\" data-state=\"").unwrap() + "data-test=\"status\" data-state=\"".len();
        html[from..].split('"').next().unwrap().to_owned()
    };
    let words = vec![word(&page), word(&list), one["state"].as_str().unwrap().to_owned()];
    let why = one["waiting"]["message"].as_str().unwrap_or_default();
    assert!(page.contains(why) && list.contains(why), "{why}");
    (words, page, one)
}

#[tokio::test]
async fn a_run_scheduled_for_later_waits_and_says_until_when_on_page_list_and_api() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let campaign = format!("{CAMPAIGN}[schedule]\nat = \"2026-11-24 12:00\"\n");
        let run = stage.run("one", &campaign, &people(3)).await;
        let (words, page, api) = told(&site, run).await;
        assert_eq!(words, ["waiting"; 3], "{}", store.name());
        assert_eq!(api["waiting"]["code"], "scheduled");
        assert!(page.contains("Waiting: Its time has not come: it goes when its schedule and its hours allow. Until Tue 24 Nov, 12:00 (Buenos Aires)."), "{page}");
        assert!(!page.contains(">Sending<"), "{page}");
        stage.clock.advance(Duration::from_hours(3));
        let (words, _, api) = told(&site, run).await;
        assert_eq!(words, ["running"; 3], "{}", store.name());
        assert!(api["waiting"].is_null(), "{api}");
    }
}

#[tokio::test]
async fn a_run_outside_its_hours_waits() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let site = Site::over(&stage.engine);
    let campaign = format!("{CAMPAIGN}[schedule.hours]\nmon-fri = \"09:00-12:00\"\noutside = \"later\"\n");
    let run = stage.run("one", &campaign, &people(2)).await;
    stage.clock.advance(Duration::from_hours(3));
    stage.sender().step().await;
    let (words, page, api) = told(&site, run).await;
    assert_eq!(words, ["waiting"; 3]);
    assert_eq!(api["waiting"]["code"], "hours");
    assert!(page.contains("Until Wed 25 Nov, 09:00"), "{page}");
}

#[tokio::test]
async fn a_run_that_its_budget_stops_has_no_end_in_sight() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let campaign = format!("{CAMPAIGN}[limits]\nbudget = \"0.10 USD\"\n");
        let run = stage.run("one", &campaign, &people(20)).await;
        stage.sender().drain().await;
        let (words, page, api) = told(&site, run).await;
        assert_eq!(words, ["waiting"; 3], "{}", store.name());
        assert_eq!((&api["waiting"]["code"], &api["forecast"]["limited_by"]), (&"budget".into(), &"budget".into()));
        assert!(api["forecast"]["likely"].is_null(), "{api}");
        assert!(page.contains("No end in sight: the budget is used up"), "{page}");
    }
}

#[tokio::test]
async fn a_run_that_was_just_started_is_preparing_then_sending_and_never_all_sent() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let version = stage.load("one", CAMPAIGN, &people(3)).await;
        let StartOutcome::Started(run) = stage.engine.start(version, "ana").await.unwrap() else { panic!("refused") };
        assert_eq!(told(&site, run).await.0, ["planning"; 3], "{}", store.name());
        stage.janitor().await;
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        // What was counted a moment ago, before a row was read, says nothing about the run now.
        let (words, _, api) = told(&site, run).await;
        assert_eq!((words, &api["messages"]), (vec!["running".to_owned(); 3], &3.into()), "{}", store.name());
    }
}

#[tokio::test]
async fn campaigns_of_one_title_are_told_apart_by_their_folders() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let site = Site::over(&stage.engine);
    for name in ["norte", "sur"] {
        stage.load(name, &format!("title = \"Turnos\"\n{CAMPAIGN}"), &people(2)).await;
    }
    let list = site.get("/campaigns", Some(&site.visitor(Role::Marketing).await)).await.body;
    assert!(list.contains("data-test=\"folder\">norte<") && list.contains("data-test=\"folder\">sur<"), "{list}");
}

#[tokio::test]
async fn what_goes_back_in_line_is_said_beside_what_was_sent() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let run = stage.run("one", CAMPAIGN, &people(3)).await;
        stage.sender().drain().await;
        let one = stage.stub.seen.lock().unwrap()[..1].to_vec();
        stage.receipts(&one, "failed", Some(131_049)).await;
        let (_, page, _) = told(&site, run).await;
        assert!(page.contains("Sent 2 / 3 · one is tried again"), "{} {page}", store.name());
    }
}
