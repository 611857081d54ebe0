//! Files with other ids than the one before, that nobody looked at before they were taken up.

use std::time::Duration;

use recado::domain::id::RunId;
use recado::engine::watcher::Watcher;
use recado::store::{Store, alert, run};

use super::{Ear, LASTS, alerts, stage};
use crate::engine::feeds::{apply, clinic, plan};
use crate::engine::stage::Stage;
use crate::support::stores;

/// A row for each of `id turno`; their numbers go by their places.
fn rows(all: &[(&str, &str)]) -> String {
    let row = |(no, (id, at)): (usize, &(&str, &str))| format!("{id},Ana,+549115555{no:04},{at}\n");
    format!("id,nombre,telefono,turno\n{}", all.iter().enumerate().map(row).collect::<String>())
}

/// Keys of what is found of ids now.
async fn found(store: &Store) -> Vec<String> {
    let open = alert::open(store).await.unwrap();
    open.into_iter()
        .filter(|alert| alert.gone_at.is_none() && alert.key.starts_with("ids_"))
        .map(|alert| alert.key)
        .collect()
}

/// The folder's next file is taken up.
async fn drop_in(stage: &Stage, watcher: &mut Watcher, name: &str, rows: &str) {
    std::fs::write(stage.engine.config.campaigns_dir.join("clinic").join(name), rows).unwrap();
    for _ in 0..4 {
        watcher.step().await.unwrap();
        plan(stage).await;
    }
}

#[tokio::test]
async fn a_file_with_other_ids_that_is_taken_up_by_itself_is_told_until_the_next_has_the_same() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let folder = stage.engine.config.campaigns_dir.join("clinic");
        std::fs::create_dir_all(&folder).unwrap();
        let definition = clinic("start = \"by itself\"").replace("people.csv", "turnos*.csv");
        std::fs::write(folder.join("campaign.toml"), definition).unwrap();
        let mut watcher = Watcher::new(stage.engine.clone());
        let all = |ids: [&str; 3]| {
            rows(&[(ids[0], "26/11/2026 09:00"), (ids[1], "26/11/2026 10:00"), (ids[2], "26/11/2026 11:00")])
        };
        drop_in(&stage, &mut watcher, "turnos-1.csv", &all(["001", "002", "3"])).await;
        stage.later(LASTS, &mut alerts).await;
        assert_eq!(found(&store).await, [""; 0], "{}", store.name());
        drop_in(&stage, &mut watcher, "turnos-2.csv", &all(["1", "2", "3"])).await;
        stage.later(Duration::ZERO, &mut alerts).await;
        let run = run::open(&store).await.unwrap()[0].id;
        assert_eq!(found(&store).await, [format!("ids_rewritten:{run}")], "{}", store.name());
        stage.later(LASTS, &mut alerts).await;
        let began = format!(
            "The last file of campaign clinic has other ids for 2 of its people and times (run {run}). Nothing is sent \
             twice; see on its page whether the ids are right, as answers and later files go by them. If they are the numbers \
             of the lines, name a column that stays with the appointment, or join several (id = \"Phone + Date + Time\")."
        );
        assert_eq!(ear.sentences(), [began], "{}", store.name());
        drop_in(&stage, &mut watcher, "turnos-3.csv", &all(["1", "2", "3"]).replace("11:00", "11:30")).await;
        stage.later(Duration::ZERO, &mut alerts).await;
        stage.later(LASTS, &mut alerts).await;
        assert_eq!(found(&store).await, [""; 0], "{}", store.name());
        assert_eq!(ear.said().last().unwrap().1, "ids_rewritten");
        assert_eq!(ear.said().len(), 2, "told once, and that it is over");
    }
}

#[tokio::test]
async fn other_ids_of_what_has_gone_are_told_until_somebody_looks_however_the_run_ends() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let folder = stage.engine.config.campaigns_dir.join("clinic");
        std::fs::create_dir_all(&folder).unwrap();
        let definition = clinic("start = \"by itself\"").replace("people.csv", "turnos*.csv");
        std::fs::write(folder.join("campaign.toml"), definition).unwrap();
        let mut watcher = Watcher::new(stage.engine.clone());
        let all =
            |one: &str, other: &str, more: &str| rows(&[(one, "25/11/2026 09:00"), (other, "25/11/2026 09:00")]) + more;
        drop_in(&stage, &mut watcher, "turnos-1.csv", &all("001", "002", "")).await;
        assert_eq!(stage.sender().drain().await, 2, "{}", store.name());
        drop_in(&stage, &mut watcher, "turnos-2.csv", &all("1", "2", "")).await;
        let run = run::open(&store).await.unwrap()[0].id;
        super::super::change(&store, "UPDATE run SET state = 'closed', closed_at = 1795525300000").await;
        stage.later(Duration::ZERO, &mut alerts).await;
        stage.later(LASTS, &mut alerts).await;
        assert_eq!(found(&store).await, [format!("ids_rewritten:{run}")], "{}", store.name());
        assert_eq!(ear.said().len(), 1, "{}", store.name());
        stage.engine.see_ids(RunId(run.0 + 1)).await.unwrap();
        stage.later(LASTS, &mut alerts).await;
        assert_eq!(found(&store).await, [format!("ids_rewritten:{run}")], "{}: another run's page", store.name());
        stage.engine.see_ids(run).await.unwrap();
        stage.later(Duration::ZERO, &mut alerts).await;
        assert_eq!(found(&store).await, [""; 0], "{}", store.name());
        // Rows that are too late by now have ids too.
        super::super::change(&store, "UPDATE run SET state = 'running', closed_at = NULL").await;
        stage.clock.advance(Duration::from_hours(48));
        let next = all("0001", "0002", "9,Rui,+5491155559999,29/11/2026 09:00\n");
        drop_in(&stage, &mut watcher, "turnos-3.csv", &next).await;
        stage.later(Duration::ZERO, &mut alerts).await;
        assert_eq!(found(&store).await, [format!("ids_rewritten:{run}")], "{}", store.name());
    }
}

#[tokio::test]
async fn whoever_saw_the_sheet_of_such_a_file_is_not_told_again() {
    for store in stores().await {
        let (_ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let run = apply(&stage, &clinic(""), &rows(&[("001", "26/11/2026 09:00")])).await;
        let again = apply(&stage, &clinic(""), &rows(&[("1", "26/11/2026 09:00")])).await;
        assert_eq!(run, again);
        assert_eq!(stage.states(run).await, [("queued", 1)].into(), "{}: one appointment", store.name());
        stage.later(LASTS, &mut alerts).await;
        assert_eq!(found(&store).await, [""; 0], "{}", store.name());
    }
}
