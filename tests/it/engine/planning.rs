//! Loading, starting, planning, watching.

use recado::domain::id::RunId;
use recado::engine::planner::Planner;
use recado::engine::watcher::Watcher;
use recado::engine::{Loaded, StartOutcome};
use recado::store::{campaign, exclusion, run};

use super::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

const MIXED: &str =
    "nombre,telefono\nAna,+5491155550001\nEva,\nLuz,12\nAna,+5491155550001\n,+5491155550002\nSol,1155550003\n";

async fn accounted(stage: &Stage, id: RunId) -> (i64, i64, i64) {
    let run = run::get(&stage.engine.store, id).await.unwrap().unwrap();
    let messages = run::counts(&stage.engine.store, id).await.unwrap().iter().map(|(_, n)| n).sum();
    let excluded = exclusion::counts(&stage.engine.store, id).await.unwrap().iter().map(|(_, n)| n).sum();
    (run.rows_read.unwrap_or(-1), messages, excluded)
}

#[tokio::test]
async fn every_row_is_accounted_for() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, MIXED).await;
        let (rows, messages, excluded) = accounted(&stage, run).await;
        assert_eq!((rows, messages + excluded), (6, 6), "{}", store.name());
        assert_eq!(messages, 2);
    }
}

#[tokio::test]
async fn planning_that_was_cut_off_goes_on_without_a_hole_or_a_double() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("one", CAMPAIGN, &people(3_500)).await;
        let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!("refused") };
        let planner = Planner::new(stage.engine.clone());
        let some_rows = async {
            while run::get(&store, id).await.unwrap().unwrap().planned_rows == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { _ = planner.step() => panic!("it should have been cut off"), () = some_rows => {} }
        let cut = run::get(&store, id).await.unwrap().unwrap();
        assert!(cut.rows_read.is_none() && cut.planned_rows < 3_500, "{} {}", store.name(), cut.planned_rows);
        let engine = stage.restarted(store.dir.path()).await;
        Planner::new(engine).step().await.unwrap();
        assert_eq!(accounted(&stage, id).await, (3_500, 3_500, 0), "{}", store.name());
    }
}

#[tokio::test]
async fn counters_are_derived_from_rows_never_kept_beside_them() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(3)).await;
        let mut sender = stage.sender();
        sender.step().await;
        let id = stage.stub.seen.lock().unwrap()[0].message;
        super::force(&store, id, recado::domain::message::MessageState::Read).await;
        assert_eq!(stage.states(run).await, [("accepted", 2), ("read", 1)].into(), "{}", store.name());
    }
}

#[tokio::test]
async fn the_same_content_is_one_version_and_is_not_started_twice() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("one", CAMPAIGN, &people(1)).await;
        assert_eq!(stage.load("one", CAMPAIGN, &people(1)).await, version);
        assert!(matches!(stage.engine.start(version, "ana").await.unwrap(), StartOutcome::Started(_)));
        let other = stage.load("one", CAMPAIGN, &people(2)).await;
        for (version, expected) in [(version, "already_started"), (other, "run_open")] {
            let StartOutcome::Refused(problems) = stage.engine.start(version, "ana").await.unwrap() else {
                panic!("{expected}")
            };
            assert_eq!(problems[0].code, expected, "{}", store.name());
        }
    }
}

#[tokio::test]
async fn a_template_that_changed_since_the_check_is_looked_at_again() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let version = stage.load("one", CAMPAIGN, &people(1)).await;
    stage.stub.template.lock().unwrap()["components"][0]["text"] = "Chau {{1}}, no venga.".into();
    let StartOutcome::Refused(problems) = stage.engine.start(version, "ana").await.unwrap() else { panic!("started") };
    assert_eq!(problems[0].code, "template_changed");
    assert!(matches!(stage.engine.start(version, "ana").await.unwrap(), StartOutcome::Started(_)));
}

#[tokio::test]
async fn a_definition_that_cannot_be_read_is_refused_with_its_place_and_not_written() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let bad = CAMPAIGN.replace("language", "langage");
    let Loaded::Refused(problems) = stage.engine.load_campaign("one", &bad, None, "ana").await.unwrap() else {
        panic!("loaded")
    };
    assert!(problems.iter().any(|p| p.args[0].1.contains("did you mean")), "{problems:?}");
    assert!(!stage.engine.config.campaigns_dir.join("one").exists());
}

#[tokio::test]
async fn a_dropped_folder_is_loaded_when_whole_and_starts_by_itself() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let folder = stage.engine.config.campaigns_dir.join("clinic");
        std::fs::create_dir_all(&folder).unwrap();
        let campaign = CAMPAIGN.replace("country ", "start = \"by itself\"\ncountry ");
        std::fs::write(folder.join("campaign.toml"), campaign).unwrap();
        std::fs::write(folder.join("people.csv"), people(1)).unwrap();
        let mut watcher = Watcher::new(stage.engine.clone());
        assert_eq!(watcher.step().await.unwrap(), 0, "it may still be being written");
        std::fs::write(folder.join("people.csv"), people(2)).unwrap();
        assert_eq!(watcher.step().await.unwrap(), 0, "it was");
        assert_eq!(watcher.step().await.unwrap(), 1, "{}", store.name());
        let runs = run::open(&store).await.unwrap();
        assert_eq!(runs.len(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
        watcher.step().await.unwrap();
        let paused = run::get(&store, runs[0].id).await.unwrap().unwrap();
        assert_eq!(paused.state, recado::domain::run::RunState::Paused);
        assert!(campaign::by_name(&store, "clinic").await.unwrap().unwrap().removed_at.is_some());
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_dropped_folder_is_noted_with_the_campaign() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let folder = stage.engine.config.campaigns_dir.join("clinic");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("campaign.toml"), CAMPAIGN).unwrap();
    let mut watcher = Watcher::new(stage.engine.clone());
    watcher.step().await.unwrap();
    watcher.step().await.unwrap();
    let problem = campaign::by_name(&store, "clinic").await.unwrap().unwrap().problem.unwrap();
    assert!(problem.contains("people.csv"), "{problem}");
}
