//! The loops themselves: stop, drain, outage.

use std::time::Duration;

use recado::engine::dispatcher::Dispatcher;
use recado::engine::settler::Settler;
use recado::store::{hold, run};
use tokio_util::sync::CancellationToken;

use super::stage::{CAMPAIGN, SENDER, Stage, people};
use crate::support::stores;

#[tokio::test]
async fn the_loop_sends_everything_and_a_stop_settles_what_is_in_flight() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(300)).await;
        let (settler, settled) = Settler::new(stage.engine.clone());
        let dispatcher = Dispatcher::new(stage.engine.clone(), SENDER, settled).unwrap();
        let stop = CancellationToken::new();
        let watch = async {
            while stage.stub.count() < 200 {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        tokio::join!(dispatcher.run(stop.clone()), settler.run(), watch);
        let states = stage.states(id).await;
        let accepted = states["accepted"];
        assert!(accepted >= 200 && !states.contains_key("claimed"), "{} {states:?}", store.name());
        assert_eq!(accepted as usize, stage.stub.count());
        assert_eq!(run::counts(&store, id).await.unwrap().iter().map(|(_, n)| n).sum::<i64>(), 300);
    }
}

#[tokio::test]
async fn an_outage_is_a_hold_that_probes_and_lifts_itself() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(6)).await;
        stage.stub.down();
        let mut sender = stage.sender();
        sender.step().await;
        assert_eq!(stage.states(id).await, [("queued", 6)].into(), "{}", store.name());
        let open = hold::open(&store).await.unwrap();
        assert_eq!(open[0].cause, hold::HoldCause::Outage);
        stage.clock.advance(Duration::from_secs(31));
        stage.janitor().await;
        assert_eq!(hold::open(&store).await.unwrap().len(), 1, "it is still down");
        stage.stub.up().await;
        stage.clock.advance(Duration::from_mins(2));
        stage.janitor().await;
        assert!(hold::open(&store).await.unwrap().is_empty());
        sender.step().await;
        assert_eq!(stage.states(id).await, [("accepted", 6)].into());
    }
}
