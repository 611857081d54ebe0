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

#[tokio::test(flavor = "multi_thread")]
async fn whoever_starts_a_campaign_at_the_same_instant_as_others_only_one_run_begins() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        for campaign in ["one", "two", "three", "four", "five", "six"] {
            let version = stage.load(campaign, CAMPAIGN, &people(1)).await;
            let starts = (0..8).map(|_| {
                let engine = stage.engine.clone();
                tokio::spawn(async move { engine.start(version, "ana").await.unwrap() })
            });
            let told = futures::future::join_all(starts).await;
            let begun = told.iter().filter(|told| matches!(told, Ok(StartOutcome::Started(_)))).count();
            assert_eq!(begun, 1, "{}: {told:?}", store.name());
        }
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

/// What the provider has of each run that was sent out whole.
async fn sent_out(stage: &Stage, name: &str, campaign: &str, audience: &str) -> (RunId, usize) {
    let before = stage.stub.count();
    let run = stage.run(name, campaign, audience).await;
    stage.sender().drain().await;
    stage.janitor().await;
    (run, stage.stub.count() - before)
}

async fn close(stage: &Stage, run: RunId) {
    assert!(stage.engine.cancel(run, "ana").await.unwrap());
}

#[tokio::test]
async fn a_file_that_comes_again_with_a_row_more_sends_that_row_alone() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let promotion = CAMPAIGN.replace("kind     = \"reminder\"", "kind     = \"promotion\"");
        let (first, sent) = sent_out(&stage, "promo", &promotion, &people(1)).await;
        assert_eq!(sent, 1);
        close(&stage, first).await;
        let version = stage.load("promo", &promotion, &people(2)).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert_eq!((sheet.messages, sheet.already_sent), (Some(1), [(first, 1)].into()), "{}", store.name());
        let (second, sent) = sent_out(&stage, "promo", &promotion, &people(2)).await;
        assert_eq!(sent, 1, "{}", store.name());
        let left = exclusion::list(&store, second, 0, 10).await.unwrap();
        assert_eq!(left.len(), 1);
        let told = (left[0].row_no, left[0].reason.as_str(), left[0].name.as_str(), left[0].detail.clone());
        assert_eq!(told, (1, "already_sent", "Ana", format!("sent_in_run: {first}")));
        close(&stage, second).await;
        let (_, sent) = sent_out(&stage, "again", &promotion, &people(2)).await;
        assert_eq!(sent, 2, "a campaign folder of another name sends to them anyway");
    }
}

#[tokio::test]
async fn what_failed_or_was_cancelled_does_not_count_as_sent() {
    use recado::domain::message::MessageState;
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let (run, _) = sent_out(&stage, "one", CAMPAIGN, &people(4)).await;
        let sent: Vec<_> = stage.stub.seen.lock().unwrap().iter().map(|c| c.message).collect();
        let states = [MessageState::Failed, MessageState::Cancelled, MessageState::Expired];
        for (id, state) in sent.into_iter().zip(states) {
            super::force(&store, id, state).await;
        }
        close(&stage, run).await;
        let (_, sent) = sent_out(&stage, "one", CAMPAIGN, &people(5)).await;
        assert_eq!(sent, 4, "three that got nothing and one that is new, {}", store.name());
    }
}

#[tokio::test]
async fn without_ids_another_time_of_the_same_person_is_another_message() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = CAMPAIGN.replace("{{ nombre }}", "{{ nombre }}, {{ when | time }}");
        let at = |times: &[&str]| {
            let rows = times.iter().map(|time| format!("Ana,+5491155550001,{time}\n"));
            format!("nombre,telefono,turno\n{}", rows.collect::<String>())
        };
        let campaign = format!("{campaign}[columns]\nwhen = \"turno\"\n");
        let (first, _) = sent_out(&stage, "one", &campaign, &at(&["25/11/2026 10:00"])).await;
        close(&stage, first).await;
        let (second, sent) = sent_out(&stage, "one", &campaign, &at(&["25/11/2026 11:00"])).await;
        assert_eq!(sent, 1, "{}", store.name());
        close(&stage, second).await;
        let version = stage.load("one", &campaign, &at(&["25/11/2026 10:00", "25/11/2026 11:00"])).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert_eq!((sheet.messages, sheet.excluded.values().sum::<i64>()), (Some(0), 2), "{}", store.name());
    }
}

#[tokio::test]
async fn the_same_file_in_another_campaign_is_a_warning_that_names_the_earlier() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let run = stage.run("one", CAMPAIGN, &people(2)).await;
    let version = stage.load("two", CAMPAIGN, &people(2)).await;
    let sheet = stage.engine.sheet(version).await.unwrap();
    assert!(sheet.warnings.iter().any(|w| w.code == "same_audience_waits"), "nothing of it has gone out yet");
    stage.sender().drain().await;
    let sheet = stage.engine.sheet(version).await.unwrap();
    let warning = sheet.warnings.iter().find(|w| w.code == "same_audience").expect("a warning");
    let args = [("campaign", "one".to_owned()), ("run", run.to_string())].map(|(k, v)| (k.to_owned(), v));
    assert_eq!(warning.args, args);
    assert!(sheet.can_start());
    let leave = format!("{CAMPAIGN}[limits]\nsent_elsewhere = \"leave them out\"\n");
    let version = stage.load("three", &leave, &people(2)).await;
    let sheet = stage.engine.sheet(version).await.unwrap();
    let told = sheet.warnings.iter().find(|w| w.code == "sent_elsewhere").expect("a warning");
    assert_eq!((sheet.messages, told.args[2].1.as_str()), (Some(0), "2"));
    let anyway = leave.replace("leave them out", "send anyway");
    let sheet = stage.engine.sheet(stage.load("four", &anyway, &people(2)).await).await.unwrap();
    assert!(sheet.messages == Some(2) && sheet.warnings.iter().all(|w| w.code != "same_audience"));
}

#[tokio::test]
async fn a_file_that_a_spreadsheet_saved_again_is_known_in_another_campaign() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let first = "Nombre,Teléfono,Turno,Nota\nAna,+54 9 11 5000-0001,25/11/2026 14:30,\"12,50\"\nEva,+54 9 11 5000-0002,26/11/2026 09:00,007\n";
    let run = stage.run("one", CAMPAIGN, first).await;
    let saved = "nombre;telefono;turno;nota\nAna;5491150000001;2026-11-25 14:30;12.5\nEva;5491150000002;2026-11-26 09:00:00;7\n";
    for (name, audience, is_known) in
        [("two", saved.to_owned(), true), ("three", saved.replace("09:00:00", "09:15:00"), false)]
    {
        let sheet = stage.engine.sheet(stage.load(name, CAMPAIGN, &audience).await).await.unwrap();
        let warning = sheet.warnings.iter().find(|w| w.code == "same_audience_waits");
        assert_eq!(warning.map(|w| w.args[1].1.clone()), is_known.then(|| run.to_string()), "{name}");
    }
}

#[tokio::test]
async fn excluded_rows_keep_the_id_and_the_name_of_the_file() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, "id,nombre,telefono\nA7,=Ana,\nB8,Eva,+5491155550002\n").await;
        let left = exclusion::list(&store, run, 0, 10).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].external_id.as_deref(), left[0].name.as_str()), (Some("A7"), "=Ana"), "{}", store.name());
    }
}

#[tokio::test]
async fn folders_that_are_left_alone_are_named_with_the_reason() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let dir = stage.engine.config.campaigns_dir.clone();
    for name in ["Mayúscula X", "real", "other", ".hidden"] {
        std::fs::create_dir_all(dir.join(name)).unwrap();
    }
    std::fs::write(dir.join("real/campaign.toml"), CAMPAIGN).unwrap();
    std::os::unix::fs::symlink(dir.join("real"), dir.join("linked")).unwrap();
    std::os::unix::fs::symlink(dir.join("real/campaign.toml"), dir.join("other/campaign.toml")).unwrap();
    let found = stage.engine.strangers().await.unwrap();
    let found: Vec<_> = found.iter().map(|p| (p.code.as_str(), p.args[0].1.as_str())).collect();
    assert_eq!(found, [("folder_name", "Mayúscula X"), ("folder_link", "linked"), ("folder_definition", "other")]);
    Watcher::new(stage.engine.clone()).step().await.unwrap();
}

#[tokio::test]
async fn a_campaign_file_of_another_encoding_is_noted_with_its_place() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let folder = stage.engine.config.campaigns_dir.join("clinic");
    std::fs::create_dir_all(&folder).unwrap();
    let latin = encoding_rs::WINDOWS_1252.encode("title = \"campaña\"\n").0.into_owned();
    std::fs::write(folder.join("campaign.toml"), latin).unwrap();
    let mut watcher = Watcher::new(stage.engine.clone());
    watcher.step().await.unwrap();
    watcher.step().await.unwrap();
    let problem = campaign::by_name(&store, "clinic").await.unwrap().unwrap().problem.unwrap();
    assert!(problem.contains("campaign.toml:1:15: ") && problem.contains("as UTF-8"), "{problem}");
}

#[tokio::test]
async fn a_run_that_is_still_being_planned_is_neither_sent_out_nor_closed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("one", CAMPAIGN, &people(2)).await;
        let StartOutcome::Started(run) = stage.engine.start(version, "ana").await.unwrap() else { panic!("refused") };
        let untouched = async || {
            stage.janitor().await;
            let run = run::get(&store, run).await.unwrap().unwrap();
            assert_eq!((run.sent_out_at, run.closed_at), (None, None), "{} {:?}", store.name(), run.state);
        };
        untouched().await;
        stage.engine.pause(run, "ana", "").await.unwrap();
        untouched().await;
        stage.engine.resume(run, "ana").await.unwrap();
        untouched().await;
        // Whatever its state says: what counts is that its rows have been read.
        super::change(&store, "UPDATE run SET state = 'running'").await;
        untouched().await;
    }
}
