//! Files that are still being written when they are looked at.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use recado::engine::watcher::Watcher;
use recado::store::{campaign, run};

use super::feeds::{feed, folder_of, plan, rows};
use super::stage::Stage;
use crate::support::{TestStore, stores};

const AHEAD: &str = "everything ahead";

/// A daemon that takes a file when nobody has written to it for half a minute.
async fn still(store: &TestStore) -> Stage {
    Stage::with(store, store.dir.path(), "[campaigns]\nquiet = \"30s\"").await
}

/// Such a daemon with the folder of a campaign whose files bring everything ahead.
async fn watched(store: &TestStore) -> (Stage, PathBuf) {
    let stage = still(store).await;
    let folder = folder_of(&stage, &feed(AHEAD));
    (stage, folder)
}

#[tokio::test]
async fn a_file_whose_writer_pauses_is_taken_when_it_is_whole_and_told_of_if_it_grows_then() {
    let store = stores().await.remove(0);
    let (stage, folder) = watched(&store).await;
    let mut watcher = Watcher::new(stage.engine.clone());
    let (all, begun) = (rows(&[("A", "26/11/2026 09:00"), ("B", "26/11/2026 10:00")]), Instant::now());
    let half = all.len() - all.lines().last().unwrap().len() - 1;
    let append = |text: &str| {
        let file = std::fs::File::options().append(true).create(true).open(folder.join("turnos-1.csv"));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    };
    let mut looks = async |from: u64, to: u64| {
        let mut loaded = 0;
        for second in (from..=to).step_by(2) {
            loaded += watcher.step_at(begun + Duration::from_secs(second)).await.unwrap();
            plan(&stage).await;
        }
        loaded
    };
    append(&all[..half]);
    assert_eq!(looks(0, 28).await, 0, "a pause of half a minute");
    append(&all[half..]);
    assert_eq!(looks(30, 58).await, 0, "counted anew from the last piece");
    assert_eq!(looks(60, 62).await, 1);
    let run = run::open(&store).await.unwrap()[0].id;
    assert_eq!(stage.states(run).await, [("queued", 2)].into());
    let problem = async || campaign::by_name(&store, "clinic").await.unwrap().unwrap().problem;
    assert_eq!(problem().await, None);
    let used = std::fs::File::options().append(true).open(folder.join("used/turnos-1.csv"));
    used.unwrap().write_all(all.lines().last().unwrap().as_bytes()).unwrap();
    looks(64, 66).await;
    assert!(problem().await.unwrap().contains("used_grew"));
}

#[tokio::test]
async fn a_file_that_a_program_keeps_open_is_told_of_once_and_taken_when_it_is_closed() {
    let store = stores().await.remove(0);
    let (stage, folder) = watched(&store).await;
    let begun = Instant::now();
    let mut watcher = Watcher::new(stage.engine.clone());
    let mut looks = async |from: u64, to: u64| {
        let mut loaded = 0;
        for second in (from..=to).step_by(2) {
            loaded += watcher.step_at(begun + Duration::from_secs(second)).await.unwrap();
            stage.clock.advance(Duration::from_secs(2));
            plan(&stage).await;
        }
        loaded
    };
    let problem = async || campaign::by_name(&store, "clinic").await.unwrap().and_then(|clinic| clinic.problem);
    let mut writer = std::fs::File::create(folder.join("turnos-1.csv")).unwrap();
    writer.write_all(rows(&[("A", "26/11/2026 09:00")]).as_bytes()).unwrap();
    // Where the system does not tell who has a file open, it is taken and nothing is told.
    let is_told = looks(0, 60).await == 0;
    assert_eq!(problem().await, None, "not yet");
    looks(62, 180).await;
    let said = problem().await.unwrap_or_default();
    if is_told {
        assert!(said.contains("file_open") && said.contains("turnos-1.csv"), "{said}");
        assert!(said.contains("2026-11-24 10:00 (America/Argentina/Buenos_Aires)"), "{said}");
        let mut news = stage.engine.changes.subscribe();
        looks(182, 400).await;
        assert_eq!(problem().await.as_deref(), Some(said.as_str()));
        assert!(news.try_recv().is_err(), "told once");
    }
    drop(writer);
    assert_eq!(looks(402, 410).await > 0, is_told);
    assert_eq!(problem().await, None);
    // One that goes while it is open leaves nothing to be told.
    let held = std::fs::File::create(folder.join("turnos-2.csv")).unwrap();
    looks(412, 600).await;
    assert_eq!(problem().await.is_some(), is_told);
    std::fs::remove_file(folder.join("turnos-2.csv")).unwrap();
    looks(602, 606).await;
    assert_eq!(problem().await, None);
    drop(held);
}

#[tokio::test]
async fn what_page_and_api_put_into_a_folder_is_whole_at_once_and_what_is_dropped_there_waits() {
    let store = stores().await.remove(0);
    let (stage, campaign) = (still(&store).await, feed(AHEAD));
    let (begun, mut watcher) = (Instant::now(), Watcher::new(stage.engine.clone()));
    let mut looks = async |from: u64, to: u64| {
        let mut loaded = 0;
        for second in (from..=to).step_by(2) {
            loaded += watcher.step_at(begun + Duration::from_secs(second)).await.unwrap();
            plan(&stage).await;
        }
        loaded
    };
    let first = rows(&[("A", "26/11/2026 09:00")]).into_bytes();
    stage.engine.load_campaign("clinic", &campaign, Some(("turnos-1.csv", first)), "ana").await.unwrap();
    assert_eq!(looks(0, 2).await, 1, "two looks");
    assert_eq!(run::open(&store).await.unwrap().len(), 1, "it has begun");
    let folder = stage.engine.config.campaigns_dir.join("clinic");
    std::fs::write(folder.join("turnos-2.csv"), rows(&[("A", "26/11/2026 09:00"), ("B", "26/11/2026 10:00")])).unwrap();
    assert_eq!(looks(4, 32).await, 0, "not before it has been still");
    assert!(looks(34, 40).await > 0);
}

#[tokio::test]
async fn a_file_of_the_bytes_of_an_earlier_one_is_applied_and_filed_away() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let folder = folder_of(&stage, &feed("only changes"));
        let mut watcher = Watcher::new(stage.engine.clone());
        let (usual, moved) = (rows(&[("A", "26/11/2026 09:00")]), rows(&[("A", "27/11/2026 09:00")]));
        for (name, text) in [("turnos-1.csv", &usual), ("turnos-2.csv", &moved), ("turnos-3.csv", &usual)] {
            std::fs::write(folder.join(name), text).unwrap();
            stage.clock.advance(Duration::from_mins(1));
            for _ in 0..4 {
                watcher.step().await.unwrap();
                plan(&stage).await;
            }
            assert!(folder.join("used").join(name).exists(), "{} {name}", store.name());
        }
        let run = &run::open(&store).await.unwrap()[0];
        assert_eq!(run.revision, 3, "{}", store.name());
    }
}
