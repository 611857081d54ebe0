//! Campaigns with `every`: begun by their time, caught up once, ended by `until`.

use std::time::Duration;

use recado::domain::run::RunState;
use recado::domain::time::UnixMs;
use recado::engine::StartOutcome;
use recado::engine::planner::Planner;
use recado::engine::recurring::Recurring;
use recado::store::run;

use super::stage::{CAMPAIGN, Stage, TUESDAY, people};
use crate::support::stores;

fn every(times: &str, more: &str) -> String {
    format!("{CAMPAIGN}[schedule]\nevery = \"{times}\"\n{more}")
        .replace("\"reminder\"\nsender", "\"resume_contact\"\nsender")
}

async fn tick(stage: &Stage) -> usize {
    let begun = Recurring::new(stage.engine.clone()).step().await.unwrap().len();
    while Planner::new(stage.engine.clone()).step().await.unwrap() {}
    stage.sender().drain().await;
    stage.janitor().await;
    begun
}

#[tokio::test]
async fn each_time_begins_a_run_that_sends_to_everybody() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("weekly", &every("0 9 * * MON-FRI", ""), &people(2)).await;
        let StartOutcome::Scheduled(at) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
        // Tuesday 10:00 there: Wednesday at 9:00.
        assert_eq!(at, TUESDAY.plus(Duration::from_hours(23)));
        assert_eq!(tick(&stage).await, 0, "{}", store.name());
        for expected in [2, 4, 6] {
            stage.clock.advance(Duration::from_hours(24));
            assert_eq!((tick(&stage).await, stage.stub.count()), (1, expected), "{}", store.name());
            assert_eq!(tick(&stage).await, 0, "once a time");
        }
        // Saturday and Sunday are no times of it.
        stage.clock.advance(Duration::from_hours(24));
        assert_eq!(tick(&stage).await, 0, "{}", store.name());
        let StartOutcome::Refused(problems) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
        assert_eq!(problems[0].code, "already_started");
    }
}

#[tokio::test]
async fn the_sheet_says_how_often_it_comes_and_what_all_of_it_costs() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let told = async |name: &str, more: &str| {
        let version = stage.load(name, &every("0 9 * * MON-FRI", more), &people(2)).await;
        stage.engine.sheet(version).await.unwrap()
    };
    let sheet = told("ends", "until = \"2026-12-01 20:00\"\n").await;
    assert_eq!(sheet.starts_at, Some(TUESDAY.plus(Duration::from_hours(23))), "not when it is started");
    let problem = sheet.warnings.iter().find(|w| w.code == "repeats_until").expect("a warning");
    let high = sheet.cost.high.unwrap();
    let said = recado::locale::problem(recado::locale::Language::En, problem);
    assert!(said.starts_with("It begins 5 times, first at 2026-11-25 09:00, last before 2026-12-01 20:00"), "{said}");
    assert_eq!(problem.args[4].1, format!("USD {:.4}", high.0 as f64 * 5.0 / 1e6), "{high:?}");
    assert!(told("goes-on", "").await.warnings.iter().any(|w| w.code == "repeats"));
}

#[tokio::test]
async fn times_that_were_missed_are_caught_up_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("daily", &every("0 9 * * *", ""), &people(1)).await;
        stage.engine.start(version, "ana").await.unwrap();
        stage.clock.advance(Duration::from_hours(24 * 5));
        let engine = stage.restarted(store.dir.path()).await;
        assert_eq!(Recurring::new(engine.clone()).step().await.unwrap().len(), 1, "{}", store.name());
        assert!(Recurring::new(engine.clone()).step().await.unwrap().is_empty());
        let known = recado::store::campaign::by_name(&store, "daily").await.unwrap().unwrap();
        let next = engine.next_run(known.id).await.unwrap();
        assert_eq!(next, Some(TUESDAY.plus(Duration::from_hours(24 * 5 + 23))));
    }
}

#[tokio::test]
async fn a_time_waits_while_the_run_before_is_being_sent_and_a_pause_holds_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("daily", &every("0 9 * * *", ""), &people(1)).await;
        stage.engine.start(version, "ana").await.unwrap();
        stage.clock.advance(Duration::from_hours(24));
        let first = Recurring::new(stage.engine.clone()).step().await.unwrap()[0];
        stage.engine.pause(first, "ana", "").await.unwrap();
        stage.clock.advance(Duration::from_hours(48));
        assert_eq!(tick(&stage).await, 0, "{}", store.name());
        stage.engine.resume(first, "ana").await.unwrap();
        tick(&stage).await;
        assert_eq!(run::get(&store, first).await.unwrap().unwrap().state, RunState::Running);
        assert_eq!(tick(&stage).await, 1, "sent out is enough, {}", store.name());
        assert_eq!(stage.stub.count(), 2);
    }
}

#[tokio::test]
async fn past_until_nothing_begins_and_a_person_ends_it_before() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let until = "until = \"2026-11-26 20:00\"\n";
        let version = stage.load("daily", &every("0 9 * * *", until), &people(1)).await;
        stage.engine.start(version, "ana").await.unwrap();
        stage.clock.advance(Duration::from_hours(24 * 7));
        assert_eq!(tick(&stage).await, 0, "a time missed past until expires, {}", store.name());
        let known = recado::store::campaign::by_name(&store, "daily").await.unwrap().unwrap();
        assert_eq!(stage.engine.next_run(known.id).await.unwrap(), None);
        let version = stage.load("other", &every("0 9 * * *", ""), &people(1)).await;
        stage.engine.start(version, "ana").await.unwrap();
        let other = recado::store::campaign::by_name(&store, "other").await.unwrap().unwrap();
        assert!(stage.engine.end_recurring(other.id).await.unwrap());
        assert!(!stage.engine.end_recurring(other.id).await.unwrap());
        stage.clock.advance(Duration::from_hours(48));
        assert_eq!(tick(&stage).await, 0);
        assert!(stage.clock.now() > UnixMs(0));
    }
}

#[tokio::test]
async fn times_that_meet_while_it_is_closed_send_to_everybody_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let hours = "until = \"2026-11-30 20:00\"\n[schedule.hours]\nmon-fri = \"08:00-20:00\"\n";
        let version = stage.load("daily", &every("0 3 * * *", hours), &people(2)).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        // Wednesday to Friday and Monday; Saturday's and Sunday's wait for Monday's.
        let repeats = sheet.repeats.as_ref().expect("it comes again");
        assert_eq!((repeats.times, repeats.met), (4, 2), "{}", store.name());
        assert!(sheet.warnings.iter().any(|w| w.code == "repeats_meet"), "{:?}", sheet.warnings);
        stage.engine.start(version, "ana").await.unwrap();
        let mut sent = Vec::new();
        // Tuesday 10:00 there, and then each hour until Monday evening.
        for hour in 1..=154 {
            stage.clock.advance(Duration::from_hours(1));
            let before = stage.stub.count();
            tick(&stage).await;
            if stage.stub.count() > before {
                sent.push((hour, stage.stub.count() - before));
            }
        }
        assert_eq!(sent, [(22, 2), (46, 2), (70, 2), (142, 2)], "{}", store.name());
    }
}
