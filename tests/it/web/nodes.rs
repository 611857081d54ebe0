//! The nodes of one store, as figures, on the page and through the API.

use std::time::Duration;

use axum::http::Method;
use recado::domain::node::LEASE;
use recado::domain::role::Role;
use recado::store::lease::{self, Node};

use super::site::Site;
use crate::engine::stage::Stage;
use crate::support::stores;

#[tokio::test]
async fn nodes_are_figures_and_lines_where_there_can_be_several_and_nothing_where_there_is_one() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let now = stage.clock.now();
        for (home, name, ago) in [("a", "one", 100), ("b", "two", 4)] {
            let node = Node { process: home, home, name };
            lease::beat(&store, node, &["front".to_owned()], now.minus(Duration::from_secs(ago))).await.unwrap();
        }
        let two = Node { process: "b", home: "b", name: "two" };
        assert!(lease::take(&store, "front", two, now, now.plus(LEASE)).await.unwrap());
        let figures = site.get("/metrics", None).await.body;
        let visitor = site.visitor(Role::Operator).await;
        let page = site.get("/doctor", Some(&visitor)).await.body;
        let token = site.token(Role::Operator).await;
        let api = site.call(Method::GET, "/api/v1/doctor", &token, "", None).await.json();
        if store.is_of_one_node() {
            assert!(!figures.contains("recado_node"), "{figures}");
            assert!(!page.contains("data-test=\"nodes\"") && api["nodes"].is_null(), "{api}");
            continue;
        }
        for line in [
            "recado_nodes 2",
            "recado_node_heard_seconds{node=\"one\"} 100",
            "recado_node_heard_seconds{node=\"two\"} 4",
            "recado_node_senders{node=\"one\"} 0",
            "recado_node_senders{node=\"two\"} 1",
        ] {
            assert!(figures.lines().any(|found| found == line), "{line} in {figures}");
        }
        assert!(page.contains("data-test=\"nodes\"") && page.contains("data-code=\"node_silent\""), "{page}");
        assert!(page.contains("Its senders (front) were taken over by two."), "{page}");
        let heard = api["nodes"][1]["heard_at"].as_i64().unwrap();
        assert_eq!((api["nodes"][0]["node"].as_str(), heard), (Some("one"), now.0 - 4_000), "{api}");
        assert_eq!(api["nodes"][0]["findings"][0]["verdict"], "poor");
        assert_eq!(api["nodes"][1]["senders"][0], "front");
    }
}
