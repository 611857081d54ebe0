//! Nodes that fall silent, come back, and are forgotten.

use std::time::Duration;

use recado::domain::node::{LEASE, SILENT};
use recado::engine::doctor::Verdict;
use recado::engine::nodes::{self, Forgotten};
use recado::locale::Language;
use recado::store::lease::{self, Node};
use recado::store::{Store, alert};

use super::{Ear, LASTS, alerts, stage};
use crate::engine::stage::Stage;
use crate::support::stores;

const ONE: Node<'static> = Node { process: "p1", home: "aaaa", name: "one" };
const TWO: Node<'static> = Node { process: "p2", home: "bbbb", name: "two" };

/// It says that it is there, and sends for these.
async fn beats(store: &Store, stage: &Stage, node: Node<'_>, led: &[&str]) {
    let (now, led): (_, Vec<String>) = (stage.clock.now(), led.iter().map(|sender| (*sender).to_owned()).collect());
    lease::beat(store, node, &led, now).await.unwrap();
    for sender in &led {
        assert!(lease::take(store, sender, node, now, now.plus(LEASE)).await.unwrap());
    }
}

/// Keys of what is found to be wrong now.
async fn found(store: &Store) -> Vec<String> {
    let open = alert::open(store).await.unwrap();
    open.into_iter().filter(|alert| alert.gone_at.is_none()).map(|alert| alert.key).collect()
}

#[tokio::test]
async fn a_node_that_falls_silent_is_told_with_who_took_over_and_so_is_that_it_is_back_or_forgotten() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        beats(&store, &stage, ONE, &["front"]).await;
        beats(&store, &stage, TWO, &[]).await;
        let nearly = SILENT.checked_sub(Duration::from_secs(1)).unwrap();
        stage.later(nearly, &mut alerts).await;
        assert_eq!(found(&store).await, [""; 0], "{}: a restart takes as long", store.name());
        beats(&store, &stage, TWO, &["front"]).await;
        stage.later(Duration::from_secs(1), &mut alerts).await;
        if store.is_of_one_node() {
            assert_eq!(found(&store).await, [""; 0], "on SQLite there is one node, which nobody misses");
            continue;
        }
        assert_eq!(found(&store).await, ["node_silent:aaaa"]);
        stage.clock.advance(LASTS);
        beats(&store, &stage, TWO, &["front"]).await;
        stage.later(Duration::ZERO, &mut alerts).await;
        let began = "Nothing has been heard of node one since 2026-11-24 13:00 UTC. Its senders (front) were taken over by \
            two. Start it again, or see what it hangs on; if it was taken away for good: recado doctor --forget one.";
        assert_eq!(ear.sentences(), [began]);
        // It is there again.
        beats(&store, &stage, ONE, &[]).await;
        stage.later(Duration::ZERO, &mut alerts).await;
        stage.clock.advance(LASTS);
        beats(&store, &stage, ONE, &[]).await;
        beats(&store, &stage, TWO, &["front"]).await;
        stage.later(Duration::ZERO, &mut alerts).await;
        assert_eq!(ear.sentences()[1..], ["Node one is there again."]);
        // It is gone once more, and for good.
        for _ in 0..2 {
            stage.clock.advance(LASTS);
            beats(&store, &stage, TWO, &["front"]).await;
            stage.later(Duration::ZERO, &mut alerts).await;
        }
        assert!(ear.sentences()[2].contains("It sent for no sender."), "{:?}", ear.sentences());
        assert_eq!(nodes::forget(&stage.engine, "one").await.unwrap(), Forgotten::Done);
        for _ in 0..2 {
            stage.later(Duration::ZERO, &mut alerts).await;
            stage.clock.advance(LASTS);
            beats(&store, &stage, TWO, &["front"]).await;
        }
        stage.later(Duration::ZERO, &mut alerts).await;
        assert_eq!(ear.sentences()[3..], ["Node one is forgotten: it is not missed any more."]);
    }
}

#[tokio::test]
async fn doctor_tells_each_node_and_what_to_do_about_one_that_is_silent() {
    for store in stores().await.into_iter().filter(|store| !store.is_of_one_node()) {
        let stage = stage(&store, store.dir.path(), "https://hooks.example.org/").await;
        beats(&store, &stage, ONE, &["front"]).await;
        beats(&store, &stage, TWO, &[]).await;
        stage.clock.advance(Duration::from_secs(2));
        let told = async || {
            let found = nodes::examine(&stage.engine).await.unwrap();
            for language in Language::ALL {
                for node in &found {
                    let told = node.finding.told(language);
                    assert!(!told.message.contains('{') && told.message.contains(&node.node), "{told:?}");
                    assert_eq!(told.advice.is_some(), told.verdict >= Verdict::Poor, "{told:?}");
                    assert!(told.advice.is_none_or(|advice| !advice.contains('{') && advice.contains("--forget one")));
                }
            }
            let said = |node: nodes::NodeReport| (node.finding.verdict, node.finding.told(Language::En).message);
            found.into_iter().map(said).collect::<Vec<_>>()
        };
        let good = |said: &str| (Verdict::Good, said.to_owned());
        let idle = good("two was heard of 2 s ago and sends for no sender now.");
        assert_eq!(told().await, [good("one was heard of 2 s ago and sends for front."), idle]);
        assert_eq!(nodes::forget(&stage.engine, "one").await.unwrap(), Forgotten::IsHere);
        let known = Forgotten::Unknown(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(nodes::forget(&stage.engine, "nobody").await.unwrap(), known);
        stage.clock.advance(SILENT);
        beats(&store, &stage, TWO, &[]).await;
        let silent = "Nothing has been heard of one since 2026-11-24 13:00 UTC.";
        let orphaned = format!("{silent} Nobody sends for its senders now (front).");
        assert_eq!(told().await[0], (Verdict::Bad, orphaned), "nothing leaves");
        beats(&store, &stage, TWO, &["front"]).await;
        let taken = format!("{silent} Its senders (front) were taken over by two.");
        assert_eq!(told().await[0], (Verdict::Poor, taken));
    }
}
