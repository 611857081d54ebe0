//! Whom to phone when files hold changes alone.

use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::engine::results::Kind;
use recado::store::run;
use recado::store::view::result;

use super::feeds::{apply, clinic, rows};
use super::force;
use super::stage::Stage;
use crate::support::stores;

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
        let target = store.dir.path().join("phone.csv");
        let run = run::get(&store, id).await.unwrap().unwrap();
        stage.engine.make_result(&run, Kind::Phone, &target).await.unwrap();
        let text = std::fs::read_to_string(&target).unwrap();
        let listed: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').nth(2)).collect();
        assert_eq!(listed, ["A", "C"], "{} {text}", store.name());
        assert!(text.contains("2026-11-27 10:30") && !text.contains("09:45"), "{text}");
    }
}
