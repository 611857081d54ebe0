//! Files that are still being written when they are looked at.

use std::io::Write;
use std::time::{Duration, Instant};

use recado::engine::watcher::Watcher;
use recado::store::{campaign, run};

use super::feeds::{clinic, plan, rows};
use super::stage::Stage;
use crate::support::stores;

#[tokio::test]
async fn a_file_whose_writer_pauses_is_taken_when_it_is_whole_and_told_of_if_it_grows_then() {
    let store = stores().await.remove(0);
    let stage = Stage::with(&store, store.dir.path(), "[campaigns]\nquiet = \"30s\"").await;
    let folder = stage.engine.config.campaigns_dir.join("clinic");
    std::fs::create_dir_all(&folder).unwrap();
    let campaign =
        clinic("contains = \"everything ahead\"\nstart = \"by itself\"").replace("people.csv", "turnos*.csv");
    std::fs::write(folder.join("campaign.toml"), campaign).unwrap();
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
