//! Who sends for which sender while nodes come, die and go: keepers, stepped by a clock that moves only when it is told.

use std::time::Duration;

use recado::app::leases::Keeper;
use recado::app::lifecycle::Lifecycle;
use recado::domain::node::{LEASE, RENEW};
use recado::domain::time::UnixMs;
use recado::engine::Engine;
use recado::engine::settler::Settler;
use recado::store::{Store, lease};

use crate::engine::stage::Stage;
use crate::support::stores;

const BACK: &str = "[sender.back]\naccount = \"meta\"\nphone_number_id = \"106540352242923\"\n\
    number = \"+5491155550101\"\n";

fn keeper(engine: &Engine, home: &str, life: &Lifecycle) -> Keeper {
    let (_, settled) = Settler::new(engine.clone());
    Keeper::new(engine.clone(), settled, Duration::ZERO, home, life.clone())
}

/// Two nodes on one store, each with a sender.
async fn two(stage: &Stage, store: &Store, dir: &std::path::Path, lives: [&Lifecycle; 2]) -> (Keeper, Keeper) {
    let other = stage.restarted(dir).await;
    let (mut one, mut two) = (keeper(&stage.engine, "one", lives[0]), keeper(&other, "two", lives[1]));
    one.step().await.unwrap();
    assert_eq!(one.leads(), ["back", "front"], "{}: alone it sends for all", store.write.name());
    two.step().await.unwrap();
    one.step().await.unwrap();
    two.step().await.unwrap();
    assert_eq!((one.leads(), two.leads()), (vec!["back".to_owned()], vec!["front".to_owned()]));
    (one, two)
}

/// Homes of the nodes that are known.
async fn homes(store: &Store) -> Vec<String> {
    lease::known(store).await.unwrap().into_iter().map(|node| node.home).collect()
}

#[tokio::test]
async fn what_a_dead_node_sent_for_is_taken_over_at_the_instant_its_lease_has_ended() {
    for later in [0, 700, 1_900, 2_999].map(Duration::from_millis) {
        for store in stores().await {
            let stage = Stage::with(&store, store.dir.path(), BACK).await;
            let life = Lifecycle::default();
            let (mut one, mut two) = two(&stage, &store, store.dir.path(), [&life, &life]).await;
            one.step().await.unwrap();
            let died: UnixMs = stage.clock.now();
            stage.clock.advance(later);
            let mut looks = 0;
            while two.leads().len() < 2 {
                two.step().await.unwrap();
                assert!(two.pause() <= RENEW && !two.pause().is_zero(), "{:?}", two.pause());
                if two.leads().len() < 2 {
                    stage.clock.advance(two.pause());
                }
                looks += 1;
            }
            let took = stage.clock.now().since(died);
            let soon = LEASE + Duration::from_millis(1);
            assert!(LEASE < took && took <= soon, "{}: {took:?} after it was last heard of", store.name());
            assert!(looks <= 7, "{looks} looks");
            life.stop();
        }
    }
}

#[tokio::test]
async fn a_node_that_stops_in_order_says_goodbye_and_one_of_which_a_part_died_is_missed() {
    for store in stores().await {
        for died in [false, true] {
            let stage = Stage::with(&store, store.dir.path(), BACK).await;
            let (life, other) = (Lifecycle::default(), Lifecycle::default());
            let (one, mut two) = two(&stage, &store, store.dir.path(), [&life, &other]).await;
            if died {
                life.start("fragile", async {});
                life.soft().cancelled().await;
            } else {
                life.stop();
            }
            one.leave().await;
            let known = if died { vec!["one", "two"] } else { vec!["two"] };
            assert_eq!(homes(&store).await, known, "{}", store.name());
            two.step().await.unwrap();
            assert_eq!(two.leads(), ["back", "front"], "{}: at once, either way", store.name());
            two.leave().await;
            lease::forget_all(&store).await.unwrap();
            other.stop();
        }
    }
}
