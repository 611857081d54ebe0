//! A template that the provider has no more while a run sends with it: one hold, told once, with what ends it.

use std::time::Duration;

use recado::engine::holds::TEMPLATE_POLL;
use recado::engine::waiting;
use recado::locale::Language;
use recado::store::Store;
use recado::store::hold::{self, Hold, HoldCause, HoldEnd};
use recado::store::template;
use serde_json::json;

use super::alerts::{Ear, LASTS, alerts, stage};
use super::stage::{CAMPAIGN, Does, Stage, people, reminder};
use crate::support::stores;

const SOON: Duration = Duration::from_secs(5);

/// A run of two whose template is gone at the provider, as the first message finds out.
async fn refused(stage: &Stage) -> recado::domain::id::RunId {
    stage.engine.sync_templates("meta").await.unwrap();
    let run = stage.run("turnos", CAMPAIGN, &people(2)).await;
    *stage.stub.template.lock().unwrap() = json!([]);
    stage.stub.next([Does::Says(404, 132_001), Does::Says(404, 132_001)]);
    stage.sender().drain().await;
    assert_eq!(stage.states(run).await, [("queued", 2)].into());
    run
}

async fn the_hold(store: &Store) -> Hold {
    let mut open = hold::open(store).await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

/// What was said of stops; that the campaign begins late is another thing.
fn of_holds(ear: &Ear) -> Vec<String> {
    ear.sentences().into_iter().filter(|said| !said.starts_with("Campaign ")).collect()
}

#[tokio::test]
async fn a_template_that_is_gone_under_a_run_is_one_hold_and_told_once_with_what_ends_it() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let run = refused(&stage).await;
        let first = the_hold(&store).await;
        assert_eq!((first.cause, first.code, first.ends()), (HoldCause::Deleted, Some(132_001), HoldEnd::Itself));
        stage.later(SOON, &mut alerts).await;
        assert_eq!(stage.later(LASTS, &mut alerts).await, 1, "{}", store.name());
        let said = ear.sentences().remove(0);
        assert!(
            said.starts_with("Stopped: template “reminder” (es_AR) of account meta. WhatsApp says that it has"),
            "{said}"
        );
        // The list says the same, and so does every later look at the template: nothing more is told, and no end is named.
        for _ in 0..3 {
            stage.engine.sync_templates("meta").await.unwrap();
            assert_eq!(the_hold(&store).await.id, first.id, "{}", store.name());
            stage.clock.advance(TEMPLATE_POLL);
            stage.janitor().await;
            stage.later(LASTS, &mut alerts).await;
            assert_eq!(of_holds(&ear).len(), 1, "{}: {:?}", store.name(), of_holds(&ear));
            let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
            assert_eq!((why.code.as_str(), why.until), ("hold_deleted", None), "{}", store.name());
        }
        assert_eq!(template::get(&store, "meta", "reminder", "es_AR").await.unwrap(), None, "{}", store.name());
        *stage.stub.template.lock().unwrap() = reminder();
        stage.engine.sync_templates("meta").await.unwrap();
        assert_eq!(hold::open(&store).await.unwrap(), [], "it is there again, {}", store.name());
        stage.later(SOON, &mut alerts).await;
        stage.later(LASTS, &mut alerts).await;
        let told = of_holds(&ear);
        assert!(told.len() == 2 && told[1].starts_with("Goes on: template"), "{}: {told:?}", store.name());
        stage.sender().drain().await;
        assert_eq!(stage.states(run).await, [("accepted", 2)].into(), "{}", store.name());
    }
}

#[tokio::test]
async fn another_word_on_the_same_template_is_the_same_stop_for_whoever_is_told() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        refused(&stage).await;
        stage.later(SOON, &mut alerts).await;
        assert_eq!(stage.later(LASTS, &mut alerts).await, 1);
        // It is there after all, and paused: what holds it now says so, and nobody hears that it goes on.
        let mut paused = reminder();
        paused["status"] = json!("PAUSED");
        *stage.stub.template.lock().unwrap() = paused;
        stage.engine.sync_templates("meta").await.unwrap();
        assert_eq!(the_hold(&store).await.cause, HoldCause::Quality, "{}", store.name());
        stage.later(SOON, &mut alerts).await;
        assert_eq!(stage.later(LASTS, &mut alerts).await, 0, "{}: {:?}", store.name(), ear.sentences());
    }
}

#[tokio::test]
async fn when_nothing_uses_what_is_gone_any_more_the_hold_ends_at_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = refused(&stage).await;
        stage.janitor().await;
        the_hold(&store).await;
        stage.engine.cancel(run, "ana").await.unwrap();
        stage.janitor().await;
        assert_eq!(hold::open(&store).await.unwrap(), [], "{}", store.name());
    }
}

#[test]
fn every_provider_that_has_a_code_for_it_says_the_same() {
    for code in [132_001, 4_003] {
        assert_eq!(HoldCause::of_template(code), HoldCause::Deleted);
    }
    for code in [132_015, 132_016, 4_005, 1_005] {
        assert_eq!(HoldCause::of_template(code), HoldCause::Quality, "{code}");
    }
    for language in Language::ALL {
        let hold = |code| Hold {
            id: recado::domain::id::HoldId(1),
            scope: hold::HoldScope::Template,
            scope_key: "meta/reminder/es_AR".to_owned(),
            cause: HoldCause::Deleted,
            code,
            word: String::new(),
            until_at: None,
            created_at: recado::domain::time::UnixMs(0),
        };
        let told = [Some(132_001), None].map(|code| waiting::held(&hold(code)).sentence(language));
        assert!(told[0].contains("132001") && !told[1].contains('(') && !told[1].contains('{'), "{told:?}");
    }
}
