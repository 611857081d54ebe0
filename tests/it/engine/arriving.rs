//! Campaigns that come while the folders are being looked at.

use recado::engine::watcher::Watcher;
use recado::store::campaign;

use super::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

/// Enough for some of them to come at the wrong moment.
const CAMPAIGNS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_comes_between_the_look_and_the_list_is_not_taken_for_removed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let mut watcher = Watcher::new(stage.engine.clone());
        let coming = async {
            for n in 0..CAMPAIGNS {
                stage.load(&format!("come-{n}"), CAMPAIGN, &people(1)).await;
            }
        };
        tokio::pin!(coming);
        loop {
            tokio::select! {
                biased;
                () = &mut coming => break,
                _ = async { loop { watcher.step().await.unwrap(); } } => {}
            }
        }
        let gone: Vec<_> =
            campaign::list(&store).await.unwrap().into_iter().filter(|c| c.removed_at.is_some()).collect();
        assert!(gone.is_empty(), "{}: {} of {CAMPAIGNS}", store.name(), gone.len());
    }
}
