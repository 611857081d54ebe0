//! A number that was corrected between two files of a feed: who is told, and what the files that people get back say of it.

use std::path::Path;
use std::time::Duration;

use recado::domain::id::RunId;
use recado::engine::StartOutcome;
use recado::engine::results::Kind;
use recado::store::outcome::{self, Certainty, NewOutcome};
use recado::store::{amendment, run};
use serde_json::json;

use super::feeds::{accounted, apply, clinic, rows};
use super::stage::Stage;
use crate::support::stores;

const EVERYTHING: &str = "contains = \"everything ahead\"";

/// The file with another number for the row of that id.
fn with_number(file: &str, id: &str, number: &str) -> String {
    let line = |line: &str| match line.split(',').collect::<Vec<_>>().as_slice() {
        [of, name, _, at] if *of == id => format!("{of},{name},{number},{at}\n"),
        _ => format!("{line}\n"),
    };
    file.lines().map(line).collect()
}

pub(super) async fn made(stage: &Stage, id: RunId, kind: Kind, dir: &Path) -> String {
    let run = run::get(&stage.engine.store, id).await.unwrap().unwrap();
    let target = dir.join("made.csv");
    stage.engine.make_result(&run, kind, &target).await.unwrap();
    std::fs::read_to_string(&target).unwrap()
}

/// The line of that id.
fn of<'t>(text: &'t str, id: &str) -> &'t str {
    text.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap_or_else(|| panic!("{id}: {text}"))
}

async fn answers(stage: &Stage, at: usize, word: &str) {
    let mut tx = stage.engine.store.begin().await.unwrap();
    let (message, at) = (stage.stub.seen.lock().unwrap()[at].message, stage.clock.now());
    let said = NewOutcome { message, entry: None, outcome: word, certainty: Certainty::Certain, set_by: "", at };
    outcome::add(&mut tx, &said).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn whoever_has_the_corrected_number_is_reminded_and_the_files_say_which_number_each_message_went_to() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30"), ("C", "25/11/2026 09:45")]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 3);
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "read", None).await;
        answers(&stage, 1, "confirmed").await;
        let before = stage.stub.values.lock().unwrap().clone();
        stage.clock.advance(Duration::from_mins(20));

        // A has not answered; B has, from the number before.
        let second = with_number(&with_number(&first, "A", "+5491155556299"), "B", "+5491155556298");
        let version = stage.load("clinic", &campaign, &second).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        let told = sheet.changes.clone().unwrap();
        assert_eq!((told.number, told.elsewhere, told.already_sent, told.added), (1, 1, 1, 0), "{told:?}");
        assert_eq!((&*told.number_rows, &*told.elsewhere_rows, sheet.messages), (&[1][..], &[2][..], Some(1)));
        let text = recado::preflight::text(&sheet, recado::locale::Language::Es);
        assert!(text.contains("A un número corregido") && text.contains("Enviados al número anterior"), "{text}");

        apply(&stage, &campaign, &second).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        let (to, _) = stage.stub.values.lock().unwrap().last().cloned().unwrap();
        assert_eq!(to, "+5491155556299", "{}", store.name());
        let done = amendment::get(&store, run, 2).await.unwrap().unwrap().figures;
        assert_eq!((done.added, done.same, done.already_sent, done.left_out), (1, 0, 1, 1), "{done:?}");

        let own = made(&stage, run, Kind::Own, store.dir.path()).await;
        let (a, b) = (of(&own, "A"), of(&own, "B"));
        assert!(a.contains("+5491155556299") && a.contains(&format!("antes (al {}): Leído", before[0].0)), "{a}");
        assert!(b.contains("+5491155556298") && b.contains(&format!("Fue al {}.", before[1].0)), "{b}");
        assert!(b.contains(",Leído,") && b.ends_with(",Confirmó"), "{b}");
        // What happened today stands beside the number that it happened with.
        let day = made(&stage, run, Kind::Day, store.dir.path()).await;
        let of_a: Vec<&str> = day.lines().filter(|line| line.starts_with("A,")).collect();
        assert_eq!(of_a.len(), 2, "{day}");
        assert!(of_a[0].contains(&before[0].0) && of_a[1].contains("6299"), "{} {day}", store.name());

        // The same file with names written otherwise changes nothing for either, and neither does going back.
        apply(&stage, &campaign, &second.replace("Ana", "ANA")).await;
        apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
    }
}

#[tokio::test]
async fn what_waits_for_a_number_that_is_taken_back_does_not_go_out() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "28/11/2026 09:30")]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 1);
        let other = with_number(&first, "A", "+5491155556299");
        apply(&stage, &campaign, &other).await;
        assert_eq!(stage.states(run).await["queued"], 2, "{}", store.name());
        let version = stage.load("clinic", &campaign, &first).await;
        let told = stage.engine.sheet(version).await.unwrap().changes.unwrap();
        assert_eq!((told.removed, told.same, told.already_sent), (1, 1, 1), "{told:?}");
        apply(&stage, &campaign, &first).await;
        let states = stage.states(run).await;
        assert_eq!((states["queued"], states["cancelled"]), (1, 1), "{} {states:?}", store.name());
        assert_eq!(stage.sender().drain().await, 0);
        // And once more the other: it was told nothing yet.
        apply(&stage, &campaign, &other).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
    }
}

#[tokio::test]
async fn a_number_that_failed_is_corrected_and_written_to_and_with_leave_one_that_was_told_is_not() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING).replace("send = ", "moved = \"leave\"\nsend = ");
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 2);
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen[..1], "failed", Some(131_026)).await;
        stage.receipts(&seen[1..], "delivered", None).await;
        let both = with_number(&with_number(&first, "A", "+5491155556299"), "B", "+5491155556298");
        apply(&stage, &campaign, &both).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        assert_eq!(stage.stub.values.lock().unwrap().last().unwrap().0, "+5491155556299");
        // Whoever heard nothing because the campaign leaves it so is somebody to phone, at the number that the row has.
        let phone = made(&stage, run, Kind::Phone, store.dir.path()).await;
        assert!(phone.contains("+5491155556298"), "{} {phone}", store.name());
    }
}

#[tokio::test]
async fn appointments_that_are_over_are_the_ones_that_were_reminded() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
        let run = apply(&stage, &campaign, &first).await;
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "read", None).await;
        stage.clock.advance(Duration::from_hours(48));
        let later = first.replace("Ana", "Eva") + "Z,Ivo,+5491155557777,25/11/2026 10:00\n";
        let version = stage.load("clinic", &campaign, &later).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        let excluded: Vec<_> = sheet.excluded.iter().map(|(why, n)| (why.as_str(), *n)).collect();
        assert_eq!(excluded, [("too_late", 1), ("already_sent", 2)], "{}", store.name());
        assert_eq!(sheet.changes.unwrap().already_sent, 2);
        let StartOutcome::Started(_) = stage.engine.start_anyway(version, "ana").await.unwrap() else { panic!() };
        while recado::engine::planner::Planner::new(stage.engine.clone()).step().await.unwrap() {}
        accounted(&stage, run).await;
        let done = amendment::get(&store, run, 2).await.unwrap().unwrap().figures;
        assert_eq!((done.already_sent, done.left_out), (2, 1), "{} {done:?}", store.name());
        let own = made(&stage, run, Kind::Own, store.dir.path()).await;
        assert!(of(&own, "A").contains(",Leído,") && !of(&own, "A").contains("tarde"), "{own}");
        assert!(of(&own, "Z").contains("tarde"), "{own}");
    }
}

#[tokio::test]
async fn whoever_wrote_back_in_words_has_answered_too_and_the_corrected_number_gets_nothing() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00")]);
        apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 1);
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "read", None).await;
        let (to, _) = stage.stub.values.lock().unwrap().last().cloned().unwrap();
        let at = (stage.clock.now().0 / 1000).to_string();
        let reply = json!({"from": &to[1..], "id": "wamid.in", "timestamp": at, "type": "text",
            "text": {"body": "puedo ir más tarde?"}});
        stage.told("messages", json!({"contacts": [{"wa_id": &to[1..]}], "messages": [reply]})).await;
        stage.clock.advance(Duration::from_mins(20));
        apply(&stage, &campaign, &with_number(&first, "A", "+5491155556299")).await;
        assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
    }
}
