//! What people answered, in the campaign's folder: soon, and by itself.

use std::time::Duration;

use recado::engine::results::Writer;
use recado::store::outcome::{self, Certainty, NewOutcome};

use super::results::{ran, read};
use super::stage::Stage;
use crate::support::stores;

#[tokio::test]
async fn what_somebody_answered_is_in_the_folders_file_at_the_next_look_and_nothing_else_is_written_for_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = ran(&stage).await;
        let out = stage.engine.config.campaigns_dir.join("clinic").join("out");
        let mut writer = Writer::new(stage.engine.clone());
        assert_eq!(writer.step().await.unwrap(), 1, "{}", store.name());
        let before = read(&out.join("outcomes.csv"));
        let message = stage.stub.seen.lock().unwrap()[0].message;
        let decides = async |outcome: &str| {
            let at = stage.clock.now();
            let new = NewOutcome { message, entry: None, outcome, certainty: Certainty::Set, set_by: "ana", at };
            let mut tx = store.begin().await.unwrap();
            outcome::add(&mut tx, &new).await.unwrap();
            tx.commit().await.unwrap();
        };
        decides("not_now").await;
        std::fs::remove_file(out.join(format!("results-run-{}.csv", run.id))).unwrap();
        assert_eq!(writer.step().await.unwrap(), 1, "{}", store.name());
        let after = read(&out.join("outcomes.csv"));
        assert!(after != before && after.contains(";not_now"), "{}: {after}", store.name());
        assert!(!out.join(format!("results-run-{}.csv", run.id)).exists(), "the rest has its own time");
        assert_eq!(writer.step().await.unwrap(), 0, "{}: nothing is new", store.name());
        // A correction much later too.
        stage.clock.advance(Duration::from_hours(24 * 5));
        super::change(&store, "UPDATE run SET state = 'closed', closed_at = 1795525300000").await;
        writer.step().await.unwrap();
        decides("cancelled").await;
        assert_eq!(writer.step().await.unwrap(), 1, "{}", store.name());
        assert!(read(&out.join("outcomes.csv")).contains(";cancelled"), "{}", store.name());
    }
}
