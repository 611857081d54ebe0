//! Files that change: the standing run of a campaign, what each new file does to it, and when it asks first.

use std::path::PathBuf;
use std::time::Duration;

use recado::domain::id::{RunId, VersionId};
use recado::domain::message::MessageState;
use recado::engine::planner::Planner;
use recado::engine::results::{Kind, Made};
use recado::engine::watcher::Watcher;
use recado::engine::{Loaded, StartOutcome, TestOutcome, TestSend};
use recado::locale::Language;
use recado::preflight::{Sheet, Shown};
use recado::store::idempotency::Once;
use recado::store::message::named;
use recado::store::{amendment, campaign, exclusion, run};

use super::change;
use super::stage::{CAMPAIGN, Stage};
use crate::support::stores;

/// Reminders a day before, with ids.
pub fn clinic(more: &str) -> String {
    let head =
        CAMPAIGN.replace("country ", &format!("{more}\ncountry ")).replace("{{ nombre }}", "{{ nombre }} {{ when }}");
    format!("{head}[columns]\nid = \"id\"\nwhen = \"turno\"\n[schedule]\nsend = \"24h before\"\n")
}

/// The same, which begins by itself with the files of its folder, and what those contain.
pub fn feed(contains: &str) -> String {
    clinic(&format!("contains = \"{contains}\"\nstart = \"by itself\"")).replace("people.csv", "turnos*.csv")
}

/// The folder of such a campaign, which has no file yet.
pub fn folder_of(stage: &Stage, campaign: &str) -> PathBuf {
    let folder = stage.engine.config.campaigns_dir.join("clinic");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("campaign.toml"), campaign).unwrap();
    folder
}

/// A row for each of `id nombre turno`, all with numbers of their own.
pub fn rows(all: &[(&str, &str)]) -> String {
    let row = |(id, at): &(&str, &str)| {
        let number: u32 = id.bytes().map(u32::from).fold(0, |n, b| (n * 31 + b) % 1_000);
        format!("{id},Ana,+54911555{number:05},{at}\n")
    };
    format!("id,nombre,telefono,turno\n{}", all.iter().map(row).collect::<String>())
}

pub async fn plan(stage: &Stage) {
    while Planner::new(stage.engine.clone()).step().await.unwrap() {}
}

pub async fn apply(stage: &Stage, campaign: &str, audience: &str) -> RunId {
    let version = stage.load("clinic", campaign, audience).await;
    let StartOutcome::Started(run) = stage.engine.start(version, "ana").await.unwrap() else {
        panic!("{:?}", stage.engine.start(version, "ana").await)
    };
    plan(stage).await;
    accounted(stage, run).await;
    run
}

/// Rows read = messages + exclusions, of the file taken up last.
pub async fn accounted(stage: &Stage, id: RunId) {
    let store = &stage.engine.store;
    let run = run::get(store, id).await.unwrap().unwrap();
    let messages = named(store, id, run.revision).await.unwrap();
    let excluded: i64 = exclusion::counts(store, id).await.unwrap().iter().map(|(_, n)| n).sum();
    assert_eq!(run.rows_read, Some(messages + excluded), "{} {excluded}", store.write.name());
    let done = amendment::get(store, id, run.revision).await.unwrap().unwrap().figures;
    let all = done.added + done.changed + done.same + done.already_sent + done.left_out;
    assert_eq!((done.rows_read, all), (messages + excluded, messages + excluded), "{done:?}");
}

pub async fn refused(stage: &Stage, version: VersionId) -> Vec<String> {
    match stage.engine.start(version, "ana").await.unwrap() {
        StartOutcome::Refused(problems) => problems.into_iter().map(|p| p.code).collect(),
        other => panic!("{other:?}"),
    }
}

const EVERYTHING: &str = "contains = \"everything ahead\"";

#[tokio::test]
async fn each_file_amends_the_one_run_and_what_it_shows_is_what_it_does() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[
            ("A", "26/11/2026 09:00"),
            ("B", "26/11/2026 10:00"),
            ("C", "26/11/2026 11:00"),
            ("D", "26/11/2026 12:00"),
            ("E", "26/11/2026 13:00"),
            ("F", "26/11/2026 14:00"),
            ("G", "27/11/2026 15:00"),
        ]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.states(run).await, [("queued", 7)].into(), "{}", store.name());
        // B is gone, C moved, D has another name, X is new.
        let second = first
            .replace("B,Ana", "X,Ana")
            .replace("26/11/2026 10:00", "26/11/2026 10:30")
            .replace("26/11/2026 11:00", "27/11/2026 11:00")
            .replace("D,Ana", "D,Eva");
        let version = stage.load("clinic", &campaign, &second).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        let told = sheet.changes.clone().expect("changes");
        assert_eq!((told.run, told.planned, sheet.rows_read), (run, 7, Some(7)));
        // The moved one waits, and goes out at its new time: nothing of it is taken back.
        assert_eq!((told.added, told.changed, told.same, told.removed), (1, 2, 4, 1), "{told:?}");
        assert!(sheet.can_start(), "{:?}", sheet.blockers);
        let text = recado::preflight::text(&sheet, Language::En);
        for said in ["What this file changes", "Planned before", "Rows 3, 4", "not in the file any more: 1", "Ids B"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(apply(&stage, &campaign, &second).await, run, "one run per campaign");
        assert_eq!(stage.states(run).await, [("cancelled", 1), ("queued", 7)].into(), "{}", store.name());
        let done = amendment::get(&store, run, 2).await.unwrap().unwrap().figures;
        assert_eq!((done.added, done.changed, done.same, done.removed), (1, 2, 4, 1), "{}", store.name());
        // The first file again is not the same content done twice: it takes all of that back.
        let version = stage.load("clinic", &campaign, &first).await;
        assert_eq!(refused(&stage, stage.load("clinic", &campaign, &second).await).await, ["already_started"]);
        assert_eq!(stage.load("clinic", &campaign, &first).await, version);
        apply(&stage, &campaign, &first).await;
        let states = stage.states(run).await;
        assert_eq!((states["queued"], states["cancelled"]), (7, 1), "{} {states:?}", store.name());
    }
}

#[tokio::test]
async fn what_was_sent_stays_sent_and_a_new_time_is_told_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30"), ("C", "28/11/2026 09:00")]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 2, "both are due at once");
        stage.clock.advance(Duration::from_mins(20));
        let moved = first.replace("25/11/2026 09:00", "25/11/2026 09:45");
        apply(&stage, &campaign, &moved).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        for audience in [&moved.replace("Ana", "Eva"), &moved] {
            apply(&stage, &campaign, audience).await;
            assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
        }
        // Moved back: the person believes the new time.
        apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        apply(&stage, &campaign, &first.replace("Ana", "Eva")).await;
        assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
        assert_eq!(stage.stub.count(), 4);
        // A run with nothing under way ends, and the next file goes on with it.
        let left = campaign.replace("send = ", "moved = \"leave\"\nsend = ");
        apply(&stage, &left, &moved).await;
        assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
        let details = exclusion::list(&store, run, 0, 10).await.unwrap();
        assert_eq!(details.iter().map(|e| e.detail.as_str()).collect::<Vec<_>>(), ["moved_and_left"]);
    }
}

#[tokio::test]
async fn a_run_that_was_closed_goes_on_with_the_next_file() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let run = apply(&stage, &campaign, &rows(&[("A", "25/11/2026 09:00")])).await;
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "delivered", None).await;
        stage.janitor().await;
        let closed = run::get(&store, run).await.unwrap().unwrap();
        assert!(closed.closed_at.is_some(), "{}", store.name());
        let both = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
        assert_eq!(apply(&stage, &campaign, &both).await, run);
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
    }
}

#[tokio::test]
async fn after_the_answer_that_they_cancel_nothing_more_is_sent_for_that_id() {
    use recado::store::outcome::{self, Certainty, NewOutcome};
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "28/11/2026 09:00")]);
        let run = apply(&stage, &campaign, &first).await;
        stage.sender().drain().await;
        // The clinic moves it, and before that leaves the person answers to the first message.
        let moved = first.replace("25/11/2026 09:00", "27/11/2026 09:00");
        apply(&stage, &campaign, &moved).await;
        let message = stage.stub.seen.lock().unwrap()[0].message;
        let mut tx = store.begin().await.unwrap();
        let at = stage.clock.now();
        let says =
            |outcome| NewOutcome { message, entry: None, outcome, certainty: Certainty::Certain, set_by: "", at };
        outcome::add(&mut tx, &says("cancelled")).await.unwrap();
        tx.commit().await.unwrap();
        let states = stage.states(run).await;
        assert_eq!((states["excluded"], states["queued"]), (1, 1), "{} {states:?}", store.name());
        apply(&stage, &campaign, &moved.replace("27/11", "28/11")).await;
        assert_eq!(stage.states(run).await["queued"], 1, "{}", store.name());
        stage.clock.advance(Duration::from_hours(72));
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        // An agent sets it right: the last answer counts.
        let mut tx = store.begin().await.unwrap();
        outcome::add(&mut tx, &says("confirmed")).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_looks_wrong_changes_nothing_and_is_applied_when_a_person_says_so() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let all: Vec<(String, String)> =
            (0..10).map(|i| (format!("A{i}"), format!("2{}/11/2026 1{i}:00", 6 + i % 2))).collect();
        let all: Vec<(&str, &str)> = all.iter().map(|(id, at)| (id.as_str(), at.as_str())).collect();
        let whole = rows(&all);
        let run = apply(&stage, &campaign, &whole).await;
        let before = stage.states(run).await;
        let head = "id,nombre,telefono,turno\n";
        let fewer = rows(&[all[0], all[1], all[2], all[3], all[4], all[9], all[8]]);
        let cases = [
            (head.to_owned(), "feed_empty"),
            (format!("{whole}A10,Ana,+549115550"), "feed_unreadable"),
            (whole.replace("telefono", "celular"), "feed_headers"),
            (fewer.clone(), "feed_removes"),
        ];
        for (audience, code) in cases {
            let version = stage.load("clinic", &campaign, &audience).await;
            let codes = refused(&stage, version).await;
            assert!(codes.iter().any(|c| c == code), "{} {code}: {codes:?}", store.name());
            assert_eq!(stage.states(run).await, before, "{code}");
        }
        // Exactly a fifth is no reason to ask; with a limit of their own neither is more.
        let version = stage
            .load(
                "clinic",
                &campaign.clone(),
                &rows(&all[..9].iter().copied().filter(|r| r.0 != "A3").chain([all[9]]).collect::<Vec<_>>()),
            )
            .await;
        assert!(stage.engine.sheet(version).await.unwrap().can_start(), "{}", store.name());
        let settable = format!("{campaign}[limits]\nremoved = \"30%\"\n");
        let version = stage.load("clinic", &settable, &fewer).await;
        assert!(stage.engine.sheet(version).await.unwrap().can_start(), "{}", store.name());
        let version = stage.load("clinic", &campaign, &fewer).await;
        let StartOutcome::Started(again) = stage.engine.start_anyway(version, "ana").await.unwrap() else { panic!() };
        plan(&stage).await;
        assert_eq!(again, run);
        assert_eq!(stage.states(run).await, [("cancelled", 3), ("queued", 7)].into(), "{}", store.name());
    }
}

#[tokio::test]
async fn files_of_a_folder_are_used_in_turn_and_filed_away() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let folder = folder_of(&stage, &feed("only changes"));
        let mut watcher = Watcher::new(stage.engine.clone());
        let drop = |name: &str, text: &str, at: u64| {
            std::fs::write(folder.join(name), text).unwrap();
            let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(at)).unwrap();
        };
        drop("turnos-1.csv", &rows(&[("A", "26/11/2026 09:00")]), 1);
        drop("turnos-2.csv", &rows(&[("B", "26/11/2026 10:00")]), 2);
        drop("turnos-3.csv", &rows(&[("A", "27/11/2026 09:00")]), 3);
        for _ in 0..10 {
            watcher.step().await.unwrap();
            plan(&stage).await;
        }
        let runs = run::open(&store).await.unwrap();
        assert_eq!((runs.len(), runs[0].revision), (1, 3), "{}", store.name());
        assert_eq!(stage.states(runs[0].id).await, [("queued", 2)].into(), "{}", store.name());
        let mut used: Vec<_> =
            std::fs::read_dir(folder.join("used")).unwrap().map(|e| e.unwrap().file_name()).collect();
        used.sort();
        assert_eq!(used, ["turnos-1.csv", "turnos-2.csv", "turnos-3.csv"]);
        let known = campaign::by_name(&store, "clinic").await.unwrap().unwrap();
        assert_eq!(known.problem, None, "a folder without a new file is no problem");
        // Another text for the rows that are known: the campaign file alone changes.
        let campaign =
            std::fs::read_to_string(folder.join("campaign.toml")).unwrap().replace("24h before", "20h before");
        std::fs::write(folder.join("campaign.toml"), campaign).unwrap();
        for _ in 0..4 {
            watcher.step().await.unwrap();
            plan(&stage).await;
        }
        let run = run::get(&store, runs[0].id).await.unwrap().unwrap();
        assert_eq!(run.revision, 4, "{} {:?}", store.name(), campaign::by_name(&store, "clinic").await);
    }
}

#[tokio::test]
async fn a_crash_while_a_file_is_taken_up_leaves_neither_a_hole_nor_a_double() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let campaign = clinic(EVERYTHING);
    let at = |i: usize| format!("2{}/11/2026 {:02}:{:02}", 6 + i % 3, 9 + i % 8, i % 60);
    let all: Vec<(String, String)> = (0..3_000).map(|i| (format!("{i}"), at(i))).collect();
    let pairs: Vec<(&str, &str)> = all.iter().map(|(id, at)| (id.as_str(), at.as_str())).collect();
    let run = apply(&stage, &campaign, &rows(&pairs)).await;
    let version = stage.load("clinic", &campaign, &rows(&pairs[200..])).await;
    let StartOutcome::Started(_) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
    let planner = Planner::new(stage.engine.clone());
    let some_rows = async {
        while run::get(&store, run).await.unwrap().unwrap().planned_rows == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { _ = planner.step() => panic!("it should have been cut off"), () = some_rows => {} }
    let engine = stage.restarted(store.dir.path()).await;
    Planner::new(engine).step().await.unwrap();
    accounted(&stage, run).await;
    let states = stage.states(run).await;
    assert_eq!(states.values().sum::<i64>(), 3_000, "{states:?}");
    assert!(states["cancelled"] > 190, "{states:?}");
}

#[tokio::test]
async fn a_message_of_the_office_stays_cancelled() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "26/11/2026 09:00")]);
        let run = apply(&stage, &campaign, &first).await;
        assert!(stage.engine.cancel(run, "ana").await.unwrap());
        let next = apply(&stage, &campaign, &first.replace("09:00", "09:30")).await;
        assert_ne!(next, run, "a person ended the run: the next file begins another");
        let _ = MessageState::Queued;
        let Loaded::Version { .. } = stage.engine.load_campaign("clinic", &campaign, None, "ana").await.unwrap() else {
            panic!("the file used last counts")
        };
    }
}

#[tokio::test]
async fn a_mark_binds_to_what_a_file_does_and_not_to_what_leaves_meanwhile() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"only changes\"");
        let run = apply(&stage, &campaign, &rows(&[("A", "25/11/2026 09:00"), ("B", "26/11/2026 10:00")])).await;
        let more = rows(&[("A", "25/11/2026 09:00"), ("B", "26/11/2026 11:00"), ("C", "26/11/2026 12:00")]);
        let version = stage.load("clinic", &campaign, &more).await;
        let mark = |sheet: Sheet| Shown::parse(&sheet.shown.unwrap()).unwrap();
        let shown = mark(stage.engine.sheet(version).await.unwrap());
        stage.clock.advance(Duration::from_mins(1));
        assert_eq!(stage.sender().drain().await, 1, "the first leaves while somebody reads");
        let sheet = stage.engine.sheet(version).await.unwrap();
        assert_eq!(shown.changes(&mark(sheet.clone())), [], "{:?} {:?}", sheet.already_sent, sheet.changes);

        // What it would have changed has been taken from it.
        change(&store, "UPDATE message SET state = 'cancelled', end_reason = 'by_person' WHERE state = 'queued'").await;
        let StartOutcome::Changed(changes) = stage.engine.start_shown(version, &shown, "ana").await.unwrap() else {
            panic!("started")
        };
        assert_eq!(changes.iter().map(|p| p.code.as_str()).collect::<Vec<_>>(), ["shown_diff"], "{}", store.name());
        let now = mark(stage.engine.sheet(version).await.unwrap());
        let started = stage.engine.start_shown(version, &now, "ana").await.unwrap();
        assert_eq!(started, StartOutcome::Started(run), "{}", store.name());
    }
}

#[tokio::test]
async fn a_test_to_oneself_is_no_row_of_a_file() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let version = stage.load("clinic", &campaign, &rows(&[("A", "26/11/2026 09:00")])).await;
        let one = |version| TestSend { version, row: 1, to: "11 5555 0123", once: None, language: Language::En };
        let test = async |version| {
            let sent = stage.engine.send_test(one(version), "ana", &Once::default()).await.unwrap();
            assert!(matches!(sent, TestOutcome::Sent { message: Some(_), .. }), "{sent:?}");
            assert_eq!(stage.sender().drain().await, 1);
        };
        test(version).await;
        let run = apply(&stage, &campaign, &rows(&[("A", "26/11/2026 09:00")])).await;
        let next =
            stage.load("clinic", &campaign, &rows(&[("A", "26/11/2026 10:00"), ("B", "26/11/2026 12:00")])).await;
        let before = stage.engine.sheet(next).await.unwrap().changes.unwrap();
        assert_eq!((before.planned, before.added + before.changed, before.already_sent), (1, 2, 0), "{before:?}");
        test(next).await;
        assert_eq!(stage.engine.sheet(next).await.unwrap().changes.unwrap(), before, "{}", store.name());

        let told = run::get(&store, run).await.unwrap().unwrap();
        for (kind, lines) in [(Kind::Own, 2), (Kind::Outcomes, 1), (Kind::Phone, 1), (Kind::Day, 1)] {
            let target = store.dir.path().join("made.csv");
            let made = stage.engine.make_result(&told, kind, &target).await.unwrap();
            let text = if made == Made::Written { std::fs::read_to_string(&target).unwrap() } else { String::new() };
            assert!(text.lines().count() <= lines && !text.contains("55550123"), "{} {kind:?} {text}", store.name());
        }
    }
}
