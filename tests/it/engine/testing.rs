//! "Send me a test": a row to one's own number, through the gates, outside of all that is counted.

use std::time::Duration;

use recado::domain::id::{RunId, VersionId};
use recado::engine::{Beginner, TestOutcome, TestSend};
use recado::locale::Language;
use recado::store::cost::{self, CostKey, CostQuery};
use recado::store::idempotency::Once;
use recado::store::{draft, message, suppression, version};
use serde_json::json;

use super::stage::{CAMPAIGN, Stage};
use crate::support::stores;

const AUDIENCE: &str = "nombre,telefono\nAna,+5491150000001\nEva,123\n";

fn test(version: VersionId, row: i64) -> TestSend<'static> {
    TestSend { version, row, to: "11 5555 0123", once: None, language: Language::En }
}

async fn codes(stage: &Stage, test: TestSend<'_>) -> Vec<String> {
    match stage.engine.send_test(test, "ana", &Once::default()).await.unwrap() {
        TestOutcome::Refused(problems) => problems.into_iter().map(|p| p.code).collect(),
        TestOutcome::Sent { .. } => Vec::new(),
    }
}

#[tokio::test]
async fn a_test_shows_the_row_on_ones_own_phone_and_counts_nowhere_but_in_its_own_line_of_the_costs() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("turnos", CAMPAIGN, AUDIENCE).await;
        let TestOutcome::Sent { message: Some(id), to } =
            stage.engine.send_test(test(version, 1), "ana", &Once::default()).await.unwrap()
        else {
            panic!("refused")
        };
        assert_eq!(to.with_plus(), "+5491155550123", "a local number is completed");
        assert_eq!(stage.sender().drain().await, 1);
        assert_eq!(stage.stub.values.lock().unwrap()[0], ("+5491155550123".to_owned(), "Ana".to_owned()));
        let sent = stage.message(id).await;
        assert_eq!((sent.run_id, sent.author.as_str(), sent.name.as_str()), (RunId::BY_HAND, "ana", ""));
        assert!(sent.test_of.is_some(), "{}", store.name());

        // It is not "already sent" to anybody, takes no turn of at_most, and starts nothing.
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert_eq!((sheet.messages, sheet.already_sent.len()), (Some(1), 0));
        let people = [sent.person_id];
        let reached = message::reached_since(&store, &people, stage.clock.now().minus(Duration::from_hours(1)));
        assert!(reached.await.unwrap().is_empty());

        let day = "2026-11-24".to_owned();
        let (from_at, before_at) =
            (stage.clock.now().minus(Duration::from_hours(24)), stage.clock.now().plus(Duration::from_hours(24)));
        let query = CostQuery {
            by: vec![CostKey::Campaign],
            from_day: day,
            before_day: "2026-12-01".to_owned(),
            from_at,
            before_at,
        };
        let lines = cost::report(&store, &query).await.unwrap();
        assert_eq!(lines.iter().map(|l| l.keys[0].as_str()).collect::<Vec<_>>(), ["test:turnos"], "{}", store.name());
    }
}

#[tokio::test]
async fn a_tapped_button_of_a_test_decides_nothing() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("turnos", CAMPAIGN, AUDIENCE).await;
        let TestOutcome::Sent { message: Some(id), .. } =
            stage.engine.send_test(test(version, 1), "ana", &Once::default()).await.unwrap()
        else {
            panic!("refused")
        };
        stage.sender().drain().await;
        let at = (stage.clock.now().0 / 1000).to_string();
        stage
            .told(
                "messages",
                json!({"contacts": [{"wa_id": "5491155550123", "profile": {"name": "Ana"}}],
            "messages": [{"from": "5491155550123", "id": "wamid.in1", "timestamp": at, "type": "text",
                "text": {"body": "STOP"}, "context": {"id": format!("wamid.{id}.1")}}]}),
            )
            .await;
        let outcomes = recado::store::view::tally::answers(&store, RunId::BY_HAND).await.unwrap();
        assert!(outcomes.outcomes.is_empty(), "{} {:?}", store.name(), outcomes.outcomes);
        // Who says so gets no promotions, also when it was a test that they answered.
        assert_eq!(suppression::phones(&store, true).await.unwrap().len(), 1, "{}", store.name());
    }
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused_with_the_reason_and_ten_an_hour_are_enough() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("turnos", CAMPAIGN, AUDIENCE).await;
        assert_eq!(codes(&stage, test(version, 2)).await, ["test_row_left_out"], "{}", store.name());
        assert_eq!(codes(&stage, test(version, 3)).await, ["test_no_row"]);
        assert_eq!(codes(&stage, TestSend { to: "12", ..test(version, 1) }).await, ["number_why"]);
        let form = TestSend { once: Some("form1"), ..test(version, 1) };
        for _ in 0..3 {
            assert!(codes(&stage, form).await.is_empty(), "the same form again is the same test");
        }
        for _ in 0..9 {
            assert!(codes(&stage, test(version, 1)).await.is_empty());
        }
        assert_eq!(codes(&stage, test(version, 1)).await, ["test_too_many"]);
        stage.clock.advance(Duration::from_mins(61));
        assert!(codes(&stage, test(version, 1)).await.is_empty(), "{}", store.name());
    }
}

#[tokio::test]
async fn a_test_has_the_templates_usual_values_and_custom_ones() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let usual = stage.usual_values("{{ saludo }} {{ client_name }}").await;
        let version = stage.load("turnos", &usual, AUDIENCE).await;
        let TestOutcome::Sent { message: Some(_), .. } =
            stage.engine.send_test(test(version, 1), "ana", &Once::default()).await.unwrap()
        else {
            panic!("refused")
        };
        assert_eq!(stage.sender().drain().await, 1);
        assert_eq!(stage.stub.values.lock().unwrap()[0].1, "Buen día Ana", "{}", store.name());
    }
}

#[tokio::test]
async fn a_row_is_looked_at_on_the_page_with_the_usual_values_and_read_as_the_file_says() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let usual = stage.usual_values("{{ saludo }} {{ client_name }}").await;
        let usual = usual.replace("[template]", "[reading]\ndelimiter = \"|\"\n[template]");
        let version =
            stage.load("turnos", &usual, "nombre|telefono\nAna;B|+5491150000001\nEva;C|+5491150000002\n").await;
        let campaign = version::get(&store, version).await.unwrap().unwrap().campaign_id;
        let draft = stage.engine.edit_draft(campaign, Beginner { name: "ana", once: &Once::default() }).await.unwrap();
        let draft = draft::get(&store, draft).await.unwrap().unwrap();
        let shown = stage.engine.preview(&draft, 1).await.unwrap();
        let text = shown.text.unwrap_or_else(|| panic!("{:?}", shown.problems)).body;
        assert_eq!(text, "Hola Buen día Ana;B, le esperamos.", "{}", store.name());
        assert_eq!(shown.cells, ["Ana;B", "+5491150000001"], "{}", store.name());
    }
}
