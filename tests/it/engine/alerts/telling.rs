//! Told once, whoever tells, and again only when nobody heard.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use recado::domain::alert::AlertKind;
use recado::store::{Db, alert};
use sha2::Sha256;

use super::{Ear, LASTS, SECRET, alerts, hold, hold_for, lift, stage};
use crate::engine::stage::{CAMPAIGN, Does, people};
use crate::support::stores;

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn what_stands_still_is_told_once_when_it_begins_and_once_when_it_ends_with_the_link() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        hold(&store, &stage).await;
        assert_eq!(stage.later(SOON, &mut alerts).await, 0, "{}: perhaps it passes", store.name());
        assert_eq!(stage.later(LASTS, &mut alerts).await, 1, "{}", store.name());
        for _ in 0..3 {
            assert_eq!(stage.later(LASTS, &mut alerts).await, 0, "once");
        }
        lift(&stage).await;
        assert_eq!(stage.later(SOON, &mut alerts).await, 0, "perhaps it comes back");
        assert_eq!(stage.later(LASTS, &mut alerts).await, 1);
        assert_eq!(stage.later(LASTS, &mut alerts).await, 0);
        let said: Vec<_> = ear.said().into_iter().map(|(what, _)| what).collect();
        assert_eq!(said, ["alert.began", "alert.ended"]);
        let sentences = ear.sentences();
        assert!(sentences[0].starts_with("Stopped: account meta. WhatsApp refuses everything"), "{sentences:?}");
        assert!(sentences[1].starts_with("Goes on: account meta."), "{sentences:?}");
        let (headers, body) = ear.heard.lock().unwrap()[0].clone();
        let told: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(told["data"]["url"], "https://recado.example.org/holds");
        let signed = format!(
            "{}.{}.{body}",
            headers["webhook-id"].to_str().unwrap(),
            headers["webhook-timestamp"].to_str().unwrap()
        );
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap()).unwrap();
        mac.update(signed.as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(headers["webhook-signature"], expected.as_str());
    }
}

#[tokio::test]
async fn a_stop_that_follows_another_is_told_and_so_is_the_end_of_the_first() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        hold_for(&store, &stage, 131_031).await;
        stage.later(SOON, &mut alerts).await;
        stage.later(LASTS, &mut alerts).await;
        lift(&stage).await;
        hold_for(&store, &stage, 131_042).await;
        stage.later(SOON, &mut alerts).await;
        assert_eq!(stage.later(LASTS, &mut alerts).await, 2, "{}", store.name());
        let said = ear.sentences();
        let about = |begins: &str, words: &str| said.iter().any(|s| s.starts_with(begins) && s.contains(words));
        assert!(about("Stopped", "131031") && about("Goes on", "131031"), "{said:?}");
        assert!(about("Stopped", "131042") && !about("Goes on", "131042"), "{said:?}");
    }
}

#[tokio::test]
async fn a_pause_for_another_reason_is_told_and_so_is_that_the_run_had_gone_on() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let run = stage.run("one", CAMPAIGN, &people(900)).await;
        for code in [132_000, 132_012] {
            stage.stub.always(Does::Says(400, code));
            stage.engine.resume(run, "ana").await.unwrap();
            stage.sender().drain().await;
            stage.later(SOON, &mut alerts).await;
            stage.later(LASTS, &mut alerts).await;
        }
        let said = ear.sentences();
        let stopped: Vec<&String> = said.iter().filter(|said| said.contains("has stopped. ")).collect();
        assert_eq!((said.len(), stopped.len()), (3, 2), "{}: {said:?}", store.name());
        assert_ne!(stopped[0], stopped[1], "each with its reason");
        let again = format!("Run {run} (one) went on, and has stopped again for another reason.");
        assert!(said.contains(&again), "{}: {said:?}", store.name());
    }
}

#[tokio::test]
async fn what_passes_soon_is_never_told() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        for _ in 0..4 {
            hold(&store, &stage).await;
            stage.later(SOON, &mut alerts).await;
            lift(&stage).await;
            stage.later(LASTS, &mut alerts).await;
        }
        assert!(ear.said().is_empty() && alert::open(&store).await.unwrap().is_empty(), "{}", store.name());
    }
}

#[tokio::test]
async fn a_restart_tells_nothing_twice_and_several_nodes_tell_once() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut first = alerts(&stage.engine);
        let other = stage.restarted(store.dir.path()).await;
        let mut second = alerts(&other);
        hold(&store, &stage).await;
        stage.later(SOON, &mut first).await;
        second.step().await.unwrap();
        stage.clock.advance(LASTS);
        let (one, two) = tokio::join!(first.step(), second.step());
        assert_eq!(one.unwrap() + two.unwrap(), 1, "{}", store.name());
        let mut restarted = alerts(&stage.engine);
        assert_eq!(stage.later(LASTS, &mut restarted).await, 0);
        lift(&stage).await;
        stage.later(SOON, &mut restarted).await;
        stage.clock.advance(LASTS);
        let (one, two) = tokio::join!(restarted.step(), second.step());
        assert_eq!(one.unwrap() + two.unwrap(), 1, "{}", store.name());
        assert_eq!(ear.said().len(), 2);
    }
}

#[tokio::test]
async fn whoever_does_not_hear_is_told_again_later_and_not_for_ever() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        ear.answers(500);
        hold(&store, &stage).await;
        stage.later(SOON, &mut alerts).await;
        assert_eq!(stage.later(LASTS, &mut alerts).await, 0);
        assert_eq!(stage.later(Duration::from_secs(1), &mut alerts).await, 0, "not at once");
        assert_eq!(ear.said().len(), 1);
        let way = alert::ways(&store).await.unwrap().remove(0);
        assert_eq!((way.tries, way.failure.as_deref()), (1, Some("answered with status 500")), "{}", store.name());
        for _ in 0..20 {
            stage.later(Duration::from_hours(2), &mut alerts).await;
        }
        assert_eq!(ear.said().len(), 12, "{}", store.name());
        let ids: std::collections::BTreeSet<_> = ear
            .heard
            .lock()
            .unwrap()
            .iter()
            .map(|(h, _)| h["webhook-id"].clone().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(ids.len(), 1, "every try is the same message");
        assert_eq!(alert::ways(&store).await.unwrap()[0].next_at, None);
    }
}

#[tokio::test]
async fn an_end_is_told_only_where_the_beginning_was() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        ear.answers(500);
        hold(&store, &stage).await;
        stage.later(SOON, &mut alerts).await;
        stage.later(LASTS, &mut alerts).await;
        lift(&stage).await;
        ear.answers(200);
        stage.later(Duration::ZERO, &mut alerts).await;
        for _ in 0..5 {
            assert_eq!(stage.later(Duration::from_hours(1), &mut alerts).await, 0, "{}", store.name());
        }
    }
}

/// Lets nothing more be written, by filling what is left of the table's pages.
async fn fill(store: &recado::store::Store) {
    let Db::Sqlite(pool) = &store.write else { panic!("SQLite") };
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(pool).await.unwrap();
    let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    sqlx::query(limit).execute(pool).await.unwrap();
    for size in [500, 50, 1] {
        let full =
            "INSERT INTO alert (key, kind, detail, began_at, ended_at) VALUES ('', 'hold', $1, 0, 4611686018427387904)";
        while sqlx::query(full).bind("x".repeat(size)).execute(pool).await.is_ok() {}
    }
}

async fn make_room(store: &recado::store::Store) {
    let Db::Sqlite(pool) = &store.write else { panic!("SQLite") };
    sqlx::query("PRAGMA max_page_count = 1000000").execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_though_nothing_can_be_written_and_its_end_too() {
    let store = stores().await.swap_remove(0);
    let (ear, url) = Ear::listen().await;
    let stage = stage(&store, store.dir.path(), &url).await;
    let mut alerts = alerts(&stage.engine);
    fill(&store).await;
    let full_since = stage.clock.now();
    store.note_full(full_since);
    assert_eq!(stage.later(SOON, &mut alerts).await, 0);
    assert_eq!(alert::shown(&store).await.unwrap().0[0].told_at, None, "it may pass");
    assert_eq!(stage.later(LASTS, &mut alerts).await, 1);
    for _ in 0..5 {
        assert_eq!(stage.later(Duration::from_hours(1), &mut alerts).await, 0, "once");
    }
    assert!(alert::open(&store).await.unwrap().is_empty(), "it could not be written down");
    let (shown, ways) = alert::shown(&store).await.unwrap();
    assert_eq!((shown.len(), shown[0].kind, shown[0].began_at), (1, AlertKind::DiskFull, full_since));
    assert!(shown[0].told_at.is_some() && ways[0].began_told_at.is_some(), "whoever looks sees it and who was told");
    make_room(&store).await;
    store.note_room();
    stage.later(SOON, &mut alerts).await;
    stage.later(SOON, &mut alerts).await;
    assert_eq!(stage.later(LASTS, &mut alerts).await, 1);
    assert!(alert::shown(&store).await.unwrap().0.is_empty());
    let told = |what: &str| (what.to_owned(), "disk_full".to_owned());
    assert_eq!(ear.said(), [told("alert.began"), told("alert.ended")]);
}
