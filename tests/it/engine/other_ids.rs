//! Ids of a feed that change their form, and ids that stand for several people.

use std::time::Duration;

use recado::store::{Store, campaign, run};

use super::feeds::{apply, clinic, refused};
use super::stage::Stage;
use crate::support::stores;

/// Rows of `id name phone`, the last five digits of it, at one time each.
fn file(all: &[(&str, &str, u32, &str)]) -> String {
    let row = |(id, name, phone, at): &(&str, &str, u32, &str)| format!("{id},{name},+54911555{phone:05},{at}\n");
    format!("id,nombre,telefono,turno\n{}", all.iter().map(row).collect::<String>())
}

const NEAR: &str = "25/11/2026 09:00";
const FAR: &str = "27/11/2026 09:00";

/// Messages of the campaign's run that have one of these ids.
async fn known_by(store: &Store, name: &str, ids: &str) -> i64 {
    let of = campaign::by_name(store, name).await.unwrap().unwrap().id;
    let run = run::of_campaign(store, of, 1).await.unwrap()[0].id;
    let sql = format!("SELECT COUNT(*) FROM message WHERE run_id = {run} AND external_id IN ({ids})");
    super::count(store, &sql).await
}

#[tokio::test]
async fn ids_that_lost_their_zeros_send_nothing_twice_and_are_told() {
    for store in stores().await {
        for (at, contains) in ["", "contains = \"only changes\"", "contains = \"everything ahead\""].iter().enumerate()
        {
            let dir = store.dir.path().join(at.to_string());
            std::fs::create_dir_all(&dir).unwrap();
            let stage = Stage::new(&store, &dir).await;
            let campaign = clinic(contains);
            let base = at as u32 * 100;
            let rows = |ids: [&str; 4]| {
                // Two children share the first phone.
                file(&[
                    (ids[0], "Ana", base + 1, NEAR),
                    (ids[1], "Eva", base + 1, NEAR),
                    (ids[2], "Leo", base + 2, NEAR),
                    (ids[3], "Rui", base + 3, FAR),
                ])
            };
            let name = format!("clinic{at}");
            let take = async |audience: &str| {
                let version = stage.load(&name, &campaign, audience).await;
                let sheet = stage.engine.sheet(version).await.unwrap();
                stage.engine.start(version, "ana").await.unwrap();
                super::feeds::plan(&stage).await;
                sheet
            };
            let before = stage.stub.count();
            take(&rows(["001", "002", "003", "004"])).await;
            // The second child's message follows some seconds after the first's.
            stage.sender().drain().await;
            stage.clock.advance(Duration::from_secs(10));
            stage.sender().drain().await;
            assert_eq!(stage.stub.count() - before, 3, "{}", store.name());
            let sheet = take(&rows(["1", "2", "3", "4"])).await;
            let told = sheet.warnings.iter().find(|w| w.code == "feed_ids_rewritten").expect("it is told");
            let said = recado::locale::problem(recado::locale::Language::En, told);
            assert!(said.starts_with("4 ids in the column “id”") && said.contains("“001” is now “1”"), "{said}");
            assert_eq!(sheet.messages, Some(1), "{:?}", sheet.changes);
            assert!(sheet.can_start(), "{:?}", sheet.blockers);
            assert_eq!(stage.sender().drain().await, 0, "{} {contains}", store.name());
            assert_eq!(known_by(&store, &name, "'1', '2', '3', '4'").await, 4, "answers and later files go by them");
            // The old ids again, and one appointment that moves under its new id.
            take(&rows(["001", "002", "003", "004"])).await;
            take(&rows(["1", "2", "3", "4"]).replace(FAR, "28/11/2026 09:00")).await;
            assert_eq!(stage.sender().drain().await, 0, "{} {contains}", store.name());
            stage.clock.advance(Duration::from_hours(80));
            assert_eq!(stage.sender().drain().await, 1, "{} {contains}", store.name());
            assert_eq!(stage.stub.count() - before, 4);
        }
    }
}

#[tokio::test]
async fn the_first_file_is_asked_about_ids_that_stand_for_two_people_as_later_ones_are() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"only changes\"");
        let one = file(&[("1", "Ana", 1, NEAR), ("1", "Eva", 2, FAR)]);
        let version = stage.load("clinic", &campaign, &one).await;
        assert_eq!(refused(&stage, version).await, ["first_ids"], "{}", store.name());
        // A workbook's numbers beyond what a number holds are all the same.
        let rounded = one.replace("\n1,", "\n70102000000000000000,");
        let version = stage.load("clinic", &campaign, &rounded).await;
        assert_eq!(refused(&stage, version).await, ["first_ids"], "{}", store.name());
        // Also where both have the same time.
        let at_once = one.replace(FAR, NEAR);
        let version = stage.load("clinic", &campaign, &at_once).await;
        assert_eq!(refused(&stage, version).await, ["first_ids"], "{}", store.name());
        // Where everybody gets it at one time, nothing is taken back by an id.
        let once = clinic("").replace("send = \"24h before\"", "at = \"2026-11-24 12:00\"");
        let version = stage.load("once", &once, &one).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert_eq!(
            (sheet.messages, sheet.blockers),
            (Some(2), Vec::new()),
            "{} {:?}",
            store.name(),
            sheet.excluded_examples
        );
        // One person's two appointments may share an id.
        let same = file(&[("1", "Ana", 1, NEAR), ("1", "Ana", 1, FAR)]);
        let run = apply(&stage, &campaign, &same).await;
        assert!(run::get(&store, run).await.unwrap().is_some());
        let version = stage.load("clinic", &campaign, &one).await;
        assert!(refused(&stage, version).await.contains(&"feed_ids".to_owned()), "{}", store.name());
    }
}
