//! Whom to phone when files hold changes alone.

use recado::domain::id::{MessageId, RunId};
use recado::domain::message::MessageState;
use recado::engine::results::Kind;
use recado::store::run;
use recado::store::view::result;

use super::feeds::{apply, clinic, rows};
use super::force;
use super::stage::Stage;
use crate::support::{TestStore, stores};

/// The list of whom to phone, as it stands in its file.
async fn phone_list(stage: &Stage, store: &TestStore, id: RunId) -> String {
    let run = run::get(store, id).await.unwrap().unwrap();
    let target = store.dir.path().join("phone.csv");
    stage.engine.make_result(&run, Kind::Phone, &target).await.unwrap();
    std::fs::read_to_string(&target).unwrap()
}

/// Whose appointments are on it.
fn listed(text: &str) -> Vec<String> {
    text.lines().skip(1).filter_map(|line| line.split(',').nth(2).map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_earlier_files_of_changes_named_is_phoned_about_once_and_as_it_is_now() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"only changes\"");
        let first = [("A", "26/11/2026 09:00"), ("B", "26/11/2026 09:30"), ("C", "26/11/2026 09:45")];
        let id = apply(&stage, &campaign, &rows(&first)).await;
        let planned = result::of_run(&store, (id, 0), MessageId(0), 10).await.unwrap();
        for told in &planned {
            let state =
                if told.external_id.as_deref() == Some("C") { MessageState::Sent } else { MessageState::Failed };
            force(&store, told.id, state).await;
        }
        // B has moved and waits for its new time; C failed after it had moved; D is new.
        apply(
            &stage,
            &campaign,
            &rows(&[("B", "27/11/2026 10:00"), ("C", "27/11/2026 10:30"), ("D", "27/11/2026 11:00")]),
        )
        .await;
        let moved = result::of_run(&store, (id, 0), planned.last().unwrap().id, 10).await.unwrap();
        let of_c = moved.iter().find(|told| told.external_id.as_deref() == Some("C")).unwrap();
        force(&store, of_c.id, MessageState::Undelivered).await;
        let text = phone_list(&stage, &store, id).await;
        assert_eq!(listed(&text), ["A", "C"], "{} {text}", store.name());
        assert!(text.contains("2026-11-27 10:30") && !text.contains("09:45"), "{text}");
    }
}

#[tokio::test]
async fn what_an_earlier_file_of_changes_left_out_is_told_until_a_later_one_speaks_of_it_or_it_is_over() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"only changes\"");
        let bad = |id: &str, at: &str| format!("{id},Ana,nada,{at}\n");
        let first = rows(&[("A", "26/11/2026 09:00")])
            + &bad("B", "27/11/2026 09:00")
            + &bad("C", "27/11/2026 09:30")
            + &bad("D", "25/11/2026 08:00");
        let id = apply(&stage, &campaign, &first).await;
        let listed = async || listed(&phone_list(&stage, &store, id).await);
        assert_eq!(listed().await, ["D", "B", "C"], "{}", store.name());
        // Another row of the same number, and one of those left out with a phone by now.
        apply(&stage, &campaign, &(rows(&[("C", "27/11/2026 09:30")]) + &bad("E", "27/11/2026 10:00"))).await;
        assert_eq!(listed().await, ["D", "B", "E"], "{}", store.name());
        stage.clock.advance(std::time::Duration::from_hours(24));
        apply(&stage, &campaign, &rows(&[("F", "28/11/2026 09:30")])).await;
        assert_eq!(listed().await, ["B", "E"], "{}", store.name());
        let kept = format!("SELECT COUNT(*) FROM exclusion WHERE run_id = {id}");
        assert_eq!(super::count(&store, &kept).await, 2, "what is over is forgotten");
    }
}

#[tokio::test]
async fn whoever_was_moved_and_moved_back_before_that_was_told_is_phoned_all_the_same() {
    moved_and_back(|row| row.replace("26/11/2026 09:00", "27/11/2026 10:00")).await;
}

#[tokio::test]
async fn whoever_got_another_number_and_the_first_again_is_phoned_all_the_same() {
    moved_and_back(|row| row.replace("+54911555", "+54911444")).await;
}

/// `change` is made to one of two people's rows, and taken back before anything left.
async fn moved_and_back(change: fn(String) -> String) {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"only changes\"");
        let first = rows(&[("A", "26/11/2026 09:00"), ("B", "26/11/2026 09:30")]);
        let id = apply(&stage, &campaign, &first).await;
        for told in result::of_run(&store, (id, 0), MessageId(0), 10).await.unwrap() {
            force(&store, told.id, MessageState::Undelivered).await;
        }
        let listed = async || listed(&phone_list(&stage, &store, id).await);
        apply(&stage, &campaign, &change(rows(&[("A", "26/11/2026 09:00")]))).await;
        assert_eq!(listed().await, ["B"], "what is new is still to be told, {}", store.name());
        apply(&stage, &campaign, &rows(&[("A", "26/11/2026 09:00")])).await;
        let states = stage.states(id).await;
        assert_eq!((states["cancelled"], states.get("queued")), (1, None), "{} {states:?}", store.name());
        assert_eq!(listed().await, ["A", "B"], "{}", store.name());
    }
}
