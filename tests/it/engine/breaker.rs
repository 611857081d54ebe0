//! Breakers: a run whose answers and receipts speak against it is paused with the figures, and begins anew when resumed.

use recado::clock::Clock;
use recado::domain::id::RunId;
use recado::domain::problem::Problem;
use recado::domain::run::RunState;
use recado::engine::planner::Planner;
use recado::engine::{Loaded, StartOutcome, waiting};
use recado::locale::Language;
use recado::sandbox::Review;
use recado::store::run;
use recado::store::{Db, Store};

use super::stage::{CAMPAIGN, Does, Stage, TUESDAY, engine, people, sender, states};
use crate::support::sandbox::{sandbox_config, start_sandbox};
use crate::support::stores;

async fn paused_for(stage: &Stage, id: RunId) -> Vec<Problem> {
    let run = run::get(&stage.engine.store, id).await.unwrap().unwrap();
    assert_eq!(run.state == RunState::Paused, run.paused_by.is_some());
    run.paused_for()
}

fn args(problem: &Problem) -> Vec<(&str, &str)> {
    problem.args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn limits(more: &str) -> String {
    format!("{CAMPAIGN}[limits]\n{more}\n")
}

/// `n` answers, of which every `nth` is this code.
fn every(nth: usize, n: usize, code: i64) -> Vec<Does> {
    (1..=n).map(|i| if i % nth == 0 { Does::Says(400, code) } else { Does::Accepts }).collect()
}

#[tokio::test]
async fn a_run_whose_first_messages_all_fail_for_one_cause_is_paused_at_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(400)).await;
        stage.stub.always(Does::Says(400, 132_000));
        let mut sender = stage.sender();
        sender.drain().await;
        assert!(stage.stub.count() < 300, "{} of 400 were tried, {}", stage.stub.count(), store.name());
        let why = paused_for(&stage, id).await;
        assert_eq!(why[0].code, "pause_all_failed", "{}", store.name());
        assert!(stage.own_deeds().await.contains(&("run.pause".to_owned(), format!("run {id}"))));
        let told = waiting::run(&stage.engine, id).await.unwrap().unwrap();
        assert_eq!(told.code, "paused_itself");
        for (language, words) in
            [(Language::En, "fills in more or fewer blanks"), (Language::Es, "espacios"), (Language::Pt, "espaços")]
        {
            let sentence = told.sentence(language);
            assert!(sentence.contains(words) && !sentence.contains('{'), "{sentence}");
        }
    }
}

#[tokio::test]
async fn a_run_of_which_a_quarter_fails_is_paused_with_the_figures_and_begins_anew_when_resumed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(400)).await;
        let mut sender = stage.sender();
        stage.stub.next(every(4, 400, 132_012));
        sender.drain().await;
        let why = paused_for(&stage, id).await;
        assert_eq!(why[0].code, "pause_failing", "{}", store.name());
        let figures = args(&why[0]);
        assert!(figures.contains(&("percent", "25")) && figures.contains(&("failure", "132012")), "{figures:?}");
        let tried = stage.stub.count();
        assert!((50..400).contains(&tried), "{tried}");
        assert_eq!(sender.drain().await, 0, "nothing more leaves");

        assert!(stage.engine.resume(id, "ana").await.unwrap());
        assert_eq!(paused_for(&stage, id).await, []);
        stage.stub.forget();
        assert_eq!(sender.drain().await, 400 - tried, "what failed before the resume counts no more");
        stage.janitor().await;
        assert_eq!(run::get(&store, id).await.unwrap().unwrap().state, RunState::Running, "{}", store.name());
    }
}

#[tokio::test]
async fn what_receipts_tell_counts_and_late_ones_of_before_a_resume_do_not() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(200)).await;
        let mut sender = stage.sender();
        sender.drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen[..60], "delivered", None).await;
        stage.receipts(&seen[60..79], "failed", Some(131_008)).await;
        assert_eq!(paused_for(&stage, id).await, [], "19 of 79 are 24 %, {}", store.name());
        stage.receipts(&seen[79..81], "failed", Some(131_008)).await;
        assert_eq!(paused_for(&stage, id).await[0].code, "pause_failing", "{}", store.name());
        stage.clock.advance(std::time::Duration::from_secs(1));
        stage.engine.resume(id, "ana").await.unwrap();
        stage.receipts(&seen[81..200], "failed", Some(131_008)).await;
        assert_eq!(paused_for(&stage, id).await, [], "they left before it was resumed, {}", store.name());
    }
}

#[tokio::test]
async fn people_who_cannot_be_reached_count_only_beyond_what_is_plausible() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        for (name, nth, paused) in [("third", 3, false), ("half", 2, true)] {
            let id = stage.run(name, CAMPAIGN, &people(300)).await;
            stage.stub.next(every(nth, 300, 131_026));
            stage.sender().drain().await;
            assert_eq!(!paused_for(&stage, id).await.is_empty(), paused, "{name} {}", store.name());
            stage.stub.forget();
            stage.engine.cancel(id, "ana").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_cap_of_whatsapps_own_pauses_nothing() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(80)).await;
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "failed", Some(131_049)).await;
        assert_eq!(paused_for(&stage, id).await, [], "{}", store.name());
    }
}

#[tokio::test]
async fn a_share_in_review_pauses_the_run() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(300)).await;
        stage.stub.next((1..=300).map(|i| if i % 4 == 0 { Does::Reviews } else { Does::Accepts }));
        stage.sender().drain().await;
        let why = paused_for(&stage, id).await;
        assert_eq!(why[0].code, "pause_in_review", "{}", store.name());
        assert!(args(&why[0]).contains(&("limit", "20")));
    }
}

#[tokio::test]
async fn the_campaign_decides_before_the_installation_and_the_installation_before_the_usual() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), "[limits]\npause_when_failing = \"40%\"").await;
        for (name, more, paused) in [
            ("installation", "", false),
            ("own", "pause_when_failing = \"30%\"", true),
            ("never", "pause_when_failing = \"never\"", false),
        ] {
            let id = stage.run(name, &limits(more), &people(120)).await;
            stage.stub.next(every(3, 120, 132_012));
            stage.sender().drain().await;
            assert_eq!(!paused_for(&stage, id).await.is_empty(), paused, "{name} {}", store.name());
            stage.stub.forget();
            stage.engine.cancel(id, "ana").await.unwrap();
        }
    }
}

async fn change(store: &Store, sql: &'static str) {
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
    }
}

#[tokio::test]
async fn what_a_daemon_that_died_did_not_look_at_is_looked_at_by_the_next() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(80)).await;
        change(
            &store,
            "INSERT INTO run_window (run_id, at, answers, in_review, receipts)
                SELECT id, 0, '{\"n\":40,\"failed\":{\"132000\":40}}', 0, '{\"n\":0,\"failed\":{}}' FROM run",
        )
        .await;
        stage.janitor().await;
        assert_eq!(paused_for(&stage, id).await[0].code, "pause_all_failed", "{}", store.name());
    }
}

#[tokio::test]
async fn what_a_person_writes_when_pausing_is_kept_as_it_is() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.engine.pause(id, "ana", "archivo «viejo»").await.unwrap();
        let told = waiting::run(&stage.engine, id).await.unwrap().unwrap();
        assert_eq!(told.sentence(Language::Es), "Pausado por ana: archivo «viejo».", "{}", store.name());
    }
}

#[tokio::test]
async fn a_run_that_the_provider_on_this_machine_holds_for_review_is_paused() {
    for store in stores().await {
        let mut settings = sandbox_config("http://127.0.0.1:1/");
        settings.throughput = std::num::NonZeroU32::new(1_000).unwrap();
        settings.review = Review { share: 0.4, ..Review::default() };
        let sandbox = start_sandbox(settings, Clock::fixed(TUESDAY)).await;
        let engine = engine(&store, store.dir.path(), ("node1", &sandbox.base_url(), ""), Clock::fixed(TUESDAY)).await;
        let campaign = CAMPAIGN.replacen("\"reminder\"\nlanguage", "\"appointment_reminder\"\nlanguage", 1)
            + "2 = \"Laboratorio\"\n3 = \"martes\"\n";
        let file = Some(("people.csv", people(400).into_bytes()));
        let Loaded::Version { version, .. } = engine.load_campaign("one", &campaign, file, "ana").await.unwrap() else {
            panic!("{campaign}")
        };
        let started = engine.start(version, "ana").await.unwrap();
        let StartOutcome::Started(id) = started else { panic!("{started:?}") };
        while Planner::new(engine.clone()).step().await.unwrap() {}
        sender(&engine).drain().await;
        let run = run::get(&store, id).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Paused, "{}", store.name());
        assert_eq!(run.paused_for()[0].code, "pause_in_review", "{}", store.name());
        let states = states(&store, id).await;
        assert!(states["in_review"] > 10 && states["queued"] > 100, "{states:?}");
    }
}
