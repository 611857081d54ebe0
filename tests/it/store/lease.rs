//! Who sends for a sender, and how many share the work.

use std::time::Duration;

use recado::domain::time::UnixMs;
use recado::store::lease::{self, Node};

use crate::support::stores;

const NOW: UnixMs = UnixMs(1_000_000);
const LEASE: Duration = Duration::from_secs(15);

fn node<'a>(name: &'a str, home: &'a str) -> Node<'a> {
    Node { name, home }
}

#[tokio::test]
async fn a_node_that_starts_again_on_its_data_directory_is_one_node_and_has_its_leases() {
    for store in stores().await {
        let dead = NOW.minus(LEASE);
        assert_eq!(lease::beat(&store, node("first", "a"), NOW, dead).await.unwrap(), 1);
        assert_eq!(lease::beat(&store, node("other", "b"), NOW, dead).await.unwrap(), 2);
        assert!(lease::take(&store, "front", node("first", "a"), NOW, NOW.plus(LEASE)).await.unwrap());
        // Killed, and started again at once: three times over it is still one of two.
        for name in ["second", "third", "fourth"] {
            assert_eq!(lease::beat(&store, node(name, "a"), NOW, dead).await.unwrap(), 2, "{}", store.name());
            assert!(lease::take(&store, "front", node(name, "a"), NOW, NOW.plus(LEASE)).await.unwrap());
        }
        assert!(!lease::take(&store, "front", node("other", "b"), NOW, NOW.plus(LEASE)).await.unwrap());
    }
}

#[tokio::test]
async fn what_a_dead_node_held_is_free_when_its_lease_has_run_out() {
    for store in stores().await {
        assert!(lease::take(&store, "front", node("first", "a"), NOW, NOW.plus(LEASE)).await.unwrap());
        let later = NOW.plus(LEASE + Duration::from_millis(1));
        assert!(!lease::take(&store, "front", node("other", "b"), NOW.plus(LEASE), later).await.unwrap());
        assert!(lease::take(&store, "front", node("other", "b"), later, later).await.unwrap(), "{}", store.name());
        lease::beat(&store, node("first", "a"), NOW, UnixMs(0)).await.unwrap();
        assert_eq!(lease::beat(&store, node("other", "b"), later, later.minus(LEASE)).await.unwrap(), 1);
    }
}
