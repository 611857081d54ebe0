//! Whoever opts out gets no promotion, and goes on getting reminders: at load, at sending, and under another number.

use std::time::Duration;

use recado::domain::time::UnixMs;
use recado::engine::StartOutcome;
use recado::engine::planner::Planner;
use recado::preflight::Shown;
use recado::store::suppression;
use serde_json::json;

use super::stage::{CAMPAIGN, Stage};
use crate::support::stores;

/// The same as a promotion.
fn promotion() -> String {
    CAMPAIGN.replacen("\"reminder\"", "\"promotion\"", 1)
}

/// A file with that one person; each name makes it another file.
fn only(name: &str, phone: &str) -> String {
    format!("nombre,telefono\n{name},+{phone}\n")
}

impl Stage {
    async fn writes(&self, phone: &str, text: &str) {
        self.clock.advance(Duration::from_secs(10));
        self.wrote(phone, text, self.clock.now()).await;
    }

    /// What was written at `at` comes now.
    async fn wrote(&self, phone: &str, text: &str, at: UnixMs) {
        let at = (at.0 / 1000).to_string();
        let message = json!({"from": phone, "id": format!("wamid.{phone}.{at}"), "timestamp": at, "type": "text",
            "text": {"body": text}});
        let contact = json!({"wa_id": phone, "profile": {"name": "Ana"}});
        self.told("messages", json!({"contacts": [contact], "messages": [message]})).await;
        // What is answered by itself leaves.
        self.sender().drain().await;
        self.clock.advance(Duration::from_mins(1));
    }

    /// How many requests a run of that file made. One in which nobody is left cannot be started.
    async fn sends(&self, name: &str, campaign: &str, audience: &str) -> usize {
        let before = self.stub.count();
        let version = self.load(name, campaign, audience).await;
        match self.engine.start(version, "ana").await.unwrap() {
            StartOutcome::Started(_) => while Planner::new(self.engine.clone()).step().await.unwrap() {},
            StartOutcome::Refused(problems) => assert_eq!(problems[0].code, "no_messages", "{problems:?}"),
            other => panic!("{other:?}"),
        }
        self.sender().drain().await;
        self.stub.count() - before
    }
}

#[tokio::test]
async fn after_an_opt_out_reminders_go_on_and_promotions_do_not_until_it_is_undone() {
    let (ana, moved) = ("5491150000000", "5491150000777");
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        assert_eq!(stage.sends("first", CAMPAIGN, &only("Ana", ana)).await, 1);
        stage.writes(ana, "BAJA").await;
        assert_eq!(stage.sends("promo", &promotion(), &only("Ana A", ana)).await, 0, "{}", store.name());
        assert_eq!(
            stage.sends("second", CAMPAIGN, &only("Ana B", ana)).await,
            1,
            "a reminder goes on, {}",
            store.name()
        );
        // The opt-out goes with the person to another number.
        let at = (stage.clock.now().0 / 1000).to_string();
        let system = json!({"from": ana, "id": "wamid.S", "timestamp": at, "type": "system",
            "system": {"type": "user_changed_number", "wa_id": moved, "body": "x"}});
        stage.told("messages", json!({"messages": [system]})).await;
        assert_eq!(stage.sends("moved", &promotion(), &only("Ana C", moved)).await, 0, "{}", store.name());
        assert_eq!(stage.sends("third", CAMPAIGN, &only("Ana D", moved)).await, 1, "{}", store.name());
        stage.writes(moved, "ALTA").await;
        assert_eq!(stage.sends("again", &promotion(), &only("Ana E", moved)).await, 1, "{}", store.name());
    }
}

#[tokio::test]
async fn a_word_that_comes_late_does_not_undo_a_newer_one() {
    let ana = "5491150000000";
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let promo = async |name: &str| stage.sends(name, &promotion(), &only(name, ana)).await;
        stage.writes(ana, "BAJA").await;
        let stopped = stage.clock.now();
        stage.wrote(ana, "ALTA", stopped.minus(Duration::from_hours(1))).await;
        assert_eq!(promo("promo-a").await, 0, "an older ALTA, {}", store.name());
        stage.writes(ana, "ALTA").await;
        assert_eq!(promo("promo-b").await, 1, "{}", store.name());
        for (late, hours) in [("BAJA", 1), ("¿me dan de baja?", 2)] {
            let before = stage.stub.count();
            stage.wrote(ana, late, stopped.minus(Duration::from_hours(hours))).await;
            assert_eq!(stage.stub.count(), before, "nobody is told what does not hold, {}", store.name());
            let name = format!("late-{hours}");
            assert_eq!(promo(&name).await, 1, "an older {late}, {}", store.name());
        }
        stage.writes(ana, "BAJA").await;
        assert_eq!(promo("promo-c").await, 0, "{}", store.name());
    }
}

#[tokio::test]
async fn an_alta_that_comes_before_the_older_baja_counts() {
    for store in stores().await {
        let (stage, ana) = (Stage::new(&store, store.dir.path()).await, "5491150000000");
        stage.writes(ana, "ALTA").await;
        stage.wrote(ana, "BAJA", stage.clock.now().minus(Duration::from_hours(1))).await;
        assert!(suppression::list(&store, i64::MAX, 9).await.unwrap().is_empty(), "{}", store.name());
    }
}

#[tokio::test]
async fn an_opt_out_between_load_and_sending_is_obeyed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let two = "nombre,telefono\nAna,+5491150000000\nEva,+5491150000001\n";
        let run = stage.run("promo", &promotion(), two).await;
        let at = (stage.clock.now().0 / 1000).to_string();
        let message = json!({"from": "5491150000000", "id": "wamid.B", "timestamp": at, "type": "text",
            "text": {"body": "Hola, no quiero sus mensajes"}});
        stage.told("messages", json!({"messages": [message]})).await;
        stage.sender().drain().await;
        let states = stage.states(run).await;
        assert_eq!(
            (states.get("excluded"), states.get("accepted")),
            (Some(&1), Some(&1)),
            "{} {states:?}",
            store.name()
        );
    }
}

#[tokio::test]
async fn a_start_with_what_was_shown_is_refused_when_the_do_not_send_list_has_changed_since() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let ana = "5491150000000";
        assert_eq!(stage.sends("first", CAMPAIGN, &only("Ana", ana)).await, 1);
        stage.writes(ana, "BAJA").await;
        let two = "nombre,telefono\nAna,+5491150000000\nEva,+5491150000001\n";
        let version = stage.load("promo", &promotion(), two).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert_eq!(sheet.messages, Some(1), "{}", store.name());
        let shown = Shown::parse(&sheet.shown.unwrap()).unwrap();
        stage.writes(ana, "ALTA").await;
        let StartOutcome::Changed(changes) = stage.engine.start_shown(version, &shown, "ana").await.unwrap() else {
            panic!("started, {}", store.name())
        };
        let codes: Vec<&str> = changes.iter().map(|p| p.code.as_str()).collect();
        assert_eq!(codes, ["shown_suppressed"], "{}", store.name());
        let sheet = stage.engine.sheet(version).await.unwrap();
        let now = Shown::parse(&sheet.shown.unwrap()).unwrap();
        let started = stage.engine.start_shown(version, &now, "ana").await.unwrap();
        assert!(matches!(started, StartOutcome::Started(_)), "{started:?}");
    }
}
