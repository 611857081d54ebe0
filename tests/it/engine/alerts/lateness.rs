//! Campaigns that begin late: told once, with the cause, by every way, and once when they have begun.

use std::time::Duration;

use recado::domain::id::RunId;
use recado::domain::time::UnixMs;
use recado::engine::alerts::Alerts;
use recado::engine::planner::Planner;
use recado::engine::waiting;
use recado::locale::{self, Language};
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};
use recado::store::{Store, alert, campaign, message};

use super::{Ear, LASTS, alerts, lift, stage};
use crate::engine::stage::{CAMPAIGN, Stage, TUESDAY, people};
use crate::support::stores;

/// Ten past ten of the campaign's clock: ten minutes after the stage's now.
const AT: &str = "[schedule]\nat = \"2026-11-24 10:10\"\n";

/// When that is.
fn at() -> UnixMs {
    TUESDAY.plus(Duration::from_mins(10))
}

/// Keys of what is late after a look `by` later.
async fn late(stage: &Stage, alerts: &mut Alerts, by: Duration) -> Vec<String> {
    stage.later(by, alerts).await;
    let open = alert::open(&stage.engine.store).await.unwrap();
    let late = open.into_iter().filter(|alert| alert.gone_at.is_none() && alert.key.starts_with("start_late:"));
    late.map(|alert| alert.key).collect()
}

/// What was said of late campaigns.
fn said(ear: &Ear) -> Vec<String> {
    ear.sentences().into_iter().filter(|said| said.starts_with("Campaign ")).collect()
}

async fn run(stage: &Stage) -> RunId {
    stage.run("one", &format!("{CAMPAIGN}{AT}"), &people(2)).await
}

/// Looks until whatever is due has been told.
async fn until_told(stage: &Stage, alerts: &mut Alerts) {
    for _ in 0..3 {
        stage.later(LASTS, alerts).await;
    }
}

async fn place(store: &Store, scope: HoldScope, key: &str, cause: HoldCause) {
    let new = NewHold { scope, scope_key: key.to_owned(), cause, code: None, until_at: None };
    hold::place(store, &new, TUESDAY).await.unwrap();
}

#[tokio::test]
async fn a_run_whose_time_came_while_the_daemon_was_down_is_told_though_it_went_out_at_once() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        run(&stage).await;
        let back = at().plus(Duration::from_mins(43));
        message::was_down(&store, TUESDAY.plus(Duration::from_mins(1)), back).await.unwrap();
        stage.clock.advance(back.since(TUESDAY));
        stage.sender().drain().await;
        let mut alerts = alerts(&stage.engine);
        assert_eq!(late(&stage, &mut alerts, Duration::ZERO).await.len(), 1, "{}", store.name());
        until_told(&stage, &mut alerts).await;
        let begun = "Campaign one begins late. It should have begun at 2026-11-24 10:10 \
                     (America/Argentina/Buenos_Aires), while Recado was not running; it has gone out since Recado \
                     runs again.";
        assert_eq!(said(&ear), [begun], "{}", store.name());
        stage.later(Duration::from_mins(20), &mut alerts).await;
        until_told(&stage, &mut alerts).await;
        assert_eq!(said(&ear).len(), 2, "{}: begun once, ended once: {:?}", store.name(), said(&ear));
        assert_eq!(late(&stage, &mut alerts, Duration::from_hours(1)).await, [""; 0]);
    }
}

#[tokio::test]
async fn what_counts_as_late_is_as_the_configuration_says_and_five_minutes_where_it_says_nothing() {
    for (more, told) in
        [("", [false, true, true]), ("late = \"1m\"\n", [true; 3]), ("late = \"8m\"\n", [false, false, true])]
    {
        for store in stores().await {
            let stage = Stage::with(&store, store.dir.path(), &format!("[alerts]\n{more}")).await;
            let mut alerts = alerts(&stage.engine);
            place(&store, HoldScope::Sender, "front", HoldCause::Person).await;
            run(&stage).await;
            stage.later(Duration::from_mins(10), &mut alerts).await;
            // Two, seven and eleven minutes after its time.
            for (minutes, told) in [2, 5, 4].into_iter().zip(told) {
                let found = late(&stage, &mut alerts, Duration::from_mins(minutes)).await;
                assert_eq!(!found.is_empty(), told, "{more}, {minutes} more minutes, {}", store.name());
            }
        }
    }
}

#[tokio::test]
async fn a_run_that_is_held_at_its_time_is_late_with_the_holds_reason_until_it_begins() {
    for (scope, key, cause) in [
        (HoldScope::Account, "meta", HoldCause::Refused),
        (HoldScope::Template, "meta/reminder/es_AR", HoldCause::Quality),
        (HoldScope::Sender, "front", HoldCause::Person),
    ] {
        for store in stores().await {
            let (ear, url) = Ear::listen().await;
            let stage = stage(&store, store.dir.path(), &url).await;
            let mut alerts = alerts(&stage.engine);
            place(&store, scope, key, cause).await;
            let run = run(&stage).await;
            let quiet = Duration::from_mins(14);
            assert_eq!(late(&stage, &mut alerts, quiet).await, [""; 0], "{} {cause:?}: some grace", store.name());
            assert_eq!(late(&stage, &mut alerts, Duration::from_mins(2)).await.len(), 1, "{} {cause:?}", store.name());
            until_told(&stage, &mut alerts).await;
            let why = waiting::run(&stage.engine, run).await.unwrap().unwrap().sentence(Language::En);
            let told = said(&ear);
            assert_eq!(told.len(), 1, "{} {cause:?}: {told:?}", store.name());
            assert!(told[0].ends_with(&why) && told[0].contains("10:10"), "{told:?} {why}");
            lift(&stage).await;
            stage.sender().drain().await;
            assert_eq!(late(&stage, &mut alerts, Duration::from_mins(1)).await, [""; 0], "{cause:?}");
            until_told(&stage, &mut alerts).await;
            assert_eq!(said(&ear).len(), 2, "{} {cause:?}: {:?}", store.name(), said(&ear));
        }
    }
}

#[tokio::test]
async fn a_campaign_that_starts_by_itself_and_is_refused_at_its_time_is_late_until_it_is_started() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let by_itself = CAMPAIGN.replacen("file ", "start = \"by itself\"\nfile ", 1) + AT;
        let version = stage.load("one", &by_itself, &people(2)).await;
        let paused = r#"[{"code":"template_not_approved","args":[["template","reminder"],["language","es_AR"],["status","paused"]]}]"#;
        campaign::save_problem(&store, "one", paused, stage.clock.now()).await.unwrap();
        let noted = Language::ALL.map(|language| locale::noted(language, paused));
        assert!(noted[0] != noted[1] && noted.iter().all(|said| said.contains("reminder")), "{noted:?}");
        assert_eq!(late(&stage, &mut alerts, Duration::from_mins(9)).await, [""; 0], "its time is still to come");
        let found = late(&stage, &mut alerts, Duration::from_mins(8)).await;
        assert_eq!(found, [format!("start_late:{version}")], "{}", store.name());
        until_told(&stage, &mut alerts).await;
        let told = said(&ear);
        assert_eq!(told.len(), 1, "{} {told:?}", store.name());
        assert!(told[0].contains("10:10") && told[0].contains("its check says no"), "{told:?}");
        assert!(!told[0].contains('[') && !told[0].contains("\"code\""), "{told:?}");
        stage.engine.start(version, "folder").await.unwrap();
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        stage.sender().drain().await;
        until_told(&stage, &mut alerts).await;
        until_told(&stage, &mut alerts).await;
        assert_eq!(said(&ear).len(), 2, "{}: {:?}", store.name(), said(&ear));
    }
}

#[tokio::test]
async fn a_run_that_waits_for_its_hours_or_its_money_or_that_a_person_paused_is_not_late() {
    for store in stores().await {
        let stage = stage(&store, store.dir.path(), "https://hooks.example.org/").await;
        let mut alerts = alerts(&stage.engine);
        let closed = format!("{CAMPAIGN}[schedule.hours]\nmon-fri = \"15:00-20:00\"\noutside = \"later\"\n");
        stage.run("closed", &closed, &people(2)).await;
        let paused = stage.run("paused", CAMPAIGN, &people(2)).await;
        stage.engine.pause(paused, "ana", "lunch").await.unwrap();
        // Its money does not suffice for one: that is said where it is looked for, and is no lateness.
        let poor = stage.run("poor", &format!("{CAMPAIGN}[limits]\nbudget = \"0.01 USD\"\n"), &people(2)).await;
        stage.sender().drain().await;
        let why = waiting::run(&stage.engine, poor).await.unwrap();
        assert_eq!(why.map(|why| why.code).as_deref(), Some("budget"), "{}", store.name());
        for _ in 0..3 {
            let found = late(&stage, &mut alerts, Duration::from_mins(20)).await;
            assert_eq!(found, [""; 0], "{}", store.name());
        }
    }
}
