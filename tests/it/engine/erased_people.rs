//! Whoever was erased stops nothing: files that meet their rows, or name them again, are handled by the rules. And one
//! campaign's fault holds no other up.

use std::path::Path;
use std::time::Duration;

use recado::domain::exclusion::ExclusionReason;
use recado::domain::id::RunId;
use recado::engine::planner::Planner;
use recado::engine::results::{Kind, Writer};
use recado::engine::watcher::Watcher;
use recado::engine::{Loaded, StartOutcome};
use recado::intake::audience::{Audience, Line};
use recado::locale::{Language, noted};
use recado::store::suppression::{self, NewSuppression, SuppressionScope};
use recado::store::{campaign, exclusion, run};

use super::feeds::{accounted, apply, clinic, refused, rows};
use super::numbers::made;
use super::stage::{CAMPAIGN, Stage};
use crate::support::stores;

const EVERYTHING: &str = "contains = \"everything ahead\"";

pub async fn erase(stage: &Stage, number: &str) {
    let id = stage.engine.person_of(number).await.unwrap().unwrap().expect("somebody").id;
    stage.engine.erase_person(id).await.unwrap().unwrap();
}

/// The number that the row of this id has.
pub fn number_of(audience: &str, id: &str) -> String {
    let line = audience.lines().find(|line| line.starts_with(&format!("{id},"))).expect("a row");
    line.split(',').nth(2).expect("a number").to_owned()
}

#[tokio::test]
async fn a_feed_goes_on_after_one_of_its_people_was_erased_and_heeds_what_they_wanted() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30"), ("C", "28/11/2026 09:00")]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 2);
        let person = stage.engine.person_of(&number_of(&first, "B")).await.unwrap().unwrap().unwrap();
        let mut tx = store.begin().await.unwrap();
        let wish = NewSuppression {
            person: person.id,
            scope: SuppressionScope::All,
            source: "ana",
            note: "",
            at: stage.clock.now(),
            by: "ana",
        };
        suppression::add(&mut tx, &wish).await.unwrap();
        tx.commit().await.unwrap();
        for id in ["A", "B"] {
            erase(&stage, &number_of(&first, id)).await;
        }
        // The sheet and the taking up meet their old rows, and their new ones.
        let second = first.replace("28/11/2026 09:00", "28/11/2026 10:00");
        let version = stage.load("clinic", &campaign, &second).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert!(sheet.can_start(), "{} {:?}", store.name(), sheet.blockers);
        let left_out = [(ExclusionReason::AlreadySent, 1), (ExclusionReason::Suppressed, 1)];
        assert_eq!(sheet.excluded, left_out.into(), "{}", store.name());
        assert_eq!(apply(&stage, &campaign, &second).await, run, "{}", store.name());
        let out = exclusion::counts(&store, run).await.unwrap();
        assert_eq!(out, left_out, "{}: a wish outlives the erasure, and nothing goes twice", store.name());
        assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
        accounted(&stage, run).await;
        // Another appointment of whoever was erased is another message.
        let third = second.replace("25/11/2026 09:00", "27/11/2026 09:00");
        apply(&stage, &campaign, &third).await;
        let waiting = format!("SELECT COUNT(*) FROM message WHERE run_id = {run} AND state = 'queued'");
        assert_eq!(super::count(&store, &waiting).await, 2, "{}: A at its new time, and C", store.name());
        accounted(&stage, run).await;
    }
}

#[tokio::test]
async fn a_number_that_was_corrected_is_told_once_also_after_the_one_before_or_its_own_was_erased() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
        apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 2);
        let (before, other) = (number_of(&first, "A"), "+5491155559999");
        let corrected = first.replace(&before, other);
        erase(&stage, &before).await;
        apply(&stage, &campaign, &corrected).await;
        assert_eq!(stage.sender().drain().await, 1, "{}: the number now was told nothing yet", store.name());
        erase(&stage, other).await;
        // The number before would be told a second time, and so would the one now.
        for (again, day) in [(corrected, 28), (first, 29)] {
            apply(&stage, &campaign, &format!("{again}C,Ana,+5491155558888,{day}/11/2026 09:00\n")).await;
            assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
        }
    }
}

#[tokio::test]
async fn a_campaign_started_by_hand_takes_another_file_after_an_erasure() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let audience = "nombre,telefono\nAna,+5491155550123\nEva,+5491155550124\n";
        let run = stage.run("turnos", CAMPAIGN, audience).await;
        assert_eq!(stage.sender().drain().await, 2);
        erase(&stage, "+5491155550123").await;
        stage.clock.advance(Duration::from_hours(1));
        stage.engine.cancel(run, "ana").await.unwrap();
        let version = stage.load("turnos", CAMPAIGN, &format!("{audience}Luz,+5491155550125\n")).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert_eq!((sheet.messages, &sheet.already_sent), (Some(1), &[(run, 2)].into()), "{} {sheet:?}", store.name());
        let started = stage.engine.start(version, "ana").await.unwrap();
        let StartOutcome::Started(next) = started else { panic!("{}: {started:?}", store.name()) };
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        assert_eq!(run::get(&store, next).await.unwrap().unwrap().rows_read, Some(3), "{}", store.name());
    }
}

#[tokio::test]
async fn nobody_is_to_be_phoned_who_cannot_be_named() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
        let run = apply(&stage, &clinic(EVERYTHING), &first).await;
        assert_eq!(stage.sender().drain().await, 2);
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "failed", Some(131_026)).await;
        assert_eq!(made(&stage, run, Kind::Phone, store.dir.path()).await.lines().count(), 3, "{}", store.name());
        erase(&stage, &number_of(&first, "A")).await;
        let left = made(&stage, run, Kind::Phone, store.dir.path()).await;
        assert!(left.lines().count() == 2 && left.contains(&number_of(&first, "B")), "{} {left}", store.name());
    }
}

#[tokio::test]
async fn a_campaign_that_fails_holds_up_no_other() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let first = rows(&[("A", "26/11/2026 09:00")]);
        apply(&stage, &clinic(EVERYTHING), &first).await;
        // What is stored of it cannot be read any more.
        super::change(&store, "UPDATE message SET recipient = 'x'").await;
        let write = |name: &str, definition: &str, audience: &str| {
            let folder = stage.engine.config.campaigns_dir.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("campaign.toml"), definition).unwrap();
            std::fs::write(folder.join("people.csv"), audience).unwrap();
        };
        write("clinic", &clinic(EVERYTHING), &first.replace("09:00", "10:00"));
        write("other", CAMPAIGN, "nombre,telefono\nEva,+5491155550124\n");
        let mut watcher = Watcher::new(stage.engine.clone());
        let looks = [watcher.step().await.is_err(), watcher.step().await.is_err(), watcher.step().await.is_err()];
        assert_eq!(looks, [false, true, true], "{}", store.name());
        assert!(campaign::by_name(&store, "other").await.unwrap().is_some(), "{}", store.name());
        let clinic = campaign::by_name(&store, "clinic").await.unwrap().unwrap();
        assert!(
            clinic.problem.is_some_and(|note| noted(Language::En, &note).contains("fault of its own")),
            "{}",
            store.name()
        );
        super::change(&store, "UPDATE message SET recipient = '5491155550001'").await;
        assert!(watcher.step().await.is_ok(), "{}", store.name());
    }
}

#[tokio::test]
async fn one_id_of_two_people_is_asked_about_before_a_feed_takes_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[
            ("A", "26/11/2026 09:00"),
            ("B", "26/11/2026 10:00"),
            ("C", "26/11/2026 11:00"),
            ("D", "26/11/2026 12:00"),
            ("E", "26/11/2026 13:00"),
        ]);
        apply(&stage, &campaign, &first).await;
        let mistyped = first.replace("\nB,", "\nC,");
        let version = stage.load("clinic", &campaign, &mistyped).await;
        assert_eq!(refused(&stage, version).await, ["feed_ids"], "{}", store.name());
        let sheet = stage.engine.sheet(version).await.unwrap();
        let told = sheet.blockers.iter().find(|p| p.code == "feed_ids").unwrap();
        let shown = ["id", "row", "other"].map(|name| told.args.iter().find(|(k, _)| k == name).unwrap().1.as_str());
        assert_eq!(shown, ["C", "2", "3"], "{}", store.name());
    }
}

/// Lines of a file that name the digits, workbooks too.
fn names(path: &Path, digits: &str) -> bool {
    let cells = Audience::open(path).map(|audience| {
        let cells = audience.lines().unwrap().map(|line| match line {
            Line::Cells(cells) | Line::Unreadable(_, cells) => cells.join(" "),
        });
        cells.collect::<String>()
    });
    let digits_of = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let bytes = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    digits_of(bytes).contains(digits) || digits_of(cells.unwrap_or_default()).contains(digits)
}

fn workbook(people: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Agenda").unwrap();
    sheet.write_string(0, 0, "Clínica X").unwrap();
    for (column, title) in (0..).zip(["id", "nombre", "telefono", "turno"]) {
        sheet.write_string(2, column, title).unwrap();
    }
    for (row, (id, name, phone)) in (3..).zip(people) {
        for (column, cell) in (0..).zip([*id, *name, *phone, "26/11/2026 09:00"]) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test]
async fn erasing_reaches_workbooks_and_says_each_time_what_is_left() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let bytes =
            workbook(&[("A", "Ana", "11 5555-0123"), ("B", "Eva", "11 5555-0124"), ("C", "Luz", "11 5555-0125")]);
        let campaign =
            clinic("contains = \"everything ahead\"\narea_code = \"11\"").replace("people.csv", "agenda*.xlsx");
        let brought = Some(("agenda-1.xlsx", bytes.clone()));
        let loaded = stage.engine.load_campaign("clinic", &campaign, brought, "ana").await.unwrap();
        let Loaded::Version { version, .. } = loaded else { panic!("{loaded:?}") };
        let StartOutcome::Started(run) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        stage.clock.advance(Duration::from_hours(24));
        stage.sender().drain().await;
        Writer::new(stage.engine.clone()).step().await.unwrap();
        let folder = stage.engine.config.campaigns_dir.join("clinic");
        std::fs::create_dir_all(folder.join("used")).unwrap();
        std::fs::write(folder.join("used/agenda-0.xlsx"), &bytes).unwrap();
        std::fs::write(folder.join("campaign.toml"), &campaign).unwrap();
        let results = || {
            let files = std::fs::read_dir(folder.join("out")).unwrap().map(|entry| entry.unwrap().path());
            files.collect::<Vec<_>>()
        };
        assert!(results().iter().filter(|path| names(path, "55550123")).count() >= 2, "{:?}", results());

        let id = stage.engine.person_of("+5491155550123").await.unwrap().unwrap().unwrap().id;
        let erased = stage.engine.erase_person(id).await.unwrap().unwrap();
        assert_eq!(erased.rows, 1, "{}", store.name());
        assert!(erased.left.contains(&"clinic/used/agenda-0.xlsx".to_owned()), "{} {:?}", store.name(), erased.left);
        assert!(erased.left.iter().all(|file| !file.starts_with("audiences/")), "{:?}", erased.left);
        for path in results() {
            assert!(!names(&path, "55550123"), "{} {}", store.name(), path.display());
        }
        assert!(results().iter().any(|path| names(path, "55550124")), "{}: the others stay", store.name());
        let kept = std::fs::read_dir(stage.engine.config.server.data_dir.join("audiences")).unwrap();
        let kept: Vec<_> = kept.map(|entry| entry.unwrap().path()).collect();
        assert!(kept.iter().all(|path| !names(path, "55550123")) && kept.iter().any(|path| names(path, "55550125")));
        // Rows kept their places: each of the others is told as before.
        let audience = Audience::open(&kept[0]).unwrap();
        assert_eq!((audience.facts.header_row, audience.facts.sheet.as_deref()), (3, Some("Agenda")));
        assert_eq!(audience.lines().unwrap().count(), 3);
        // Whoever asks again hears what still names them, and nobody is known by the number.
        assert!(stage.engine.person_of("+5491155550123").await.unwrap().unwrap().is_none());
        let again = stage.engine.erase_number("+5491155550123").await.unwrap().unwrap();
        assert_eq!((again.rows, again.left.clone()), (0, erased.left.clone()), "{}", store.name());
        assert_ne!(run, RunId(0));
    }
}

#[tokio::test]
async fn the_outcome_file_has_one_line_for_each_id() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 2);
        super::change(&store, "UPDATE message SET state = 'delivered'").await;
        stage.clock.advance(Duration::from_mins(20));
        apply(&stage, &campaign, &first.replace("25/11/2026 09:00", "25/11/2026 09:45")).await;
        assert_eq!(stage.sender().drain().await, 1);
        super::change(&store, "UPDATE message SET state = 'delivered'").await;
        let target = store.dir.path().join("outcomes.csv");
        let known = run::get(&store, run).await.unwrap().unwrap();
        stage.engine.make_result(&known, Kind::Outcomes, &target).await.unwrap();
        let text = std::fs::read_to_string(&target).unwrap();
        let mut ids: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["A", "B"], "{}: {text}", store.name());
    }
}
