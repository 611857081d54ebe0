//! Ids that are numbers of lines or of the day, and rows with several phones: who was reminded is reminded once, and an answer is
//! its person's.

use std::collections::BTreeMap;
use std::time::Duration;

use recado::domain::id::{MessageId, RunId};
use recado::domain::message::MessageState;
use recado::engine::planner::Planner;
use recado::engine::results::{Kind, Made};
use recado::engine::{CorrectOutcome, Split, StartOutcome};
use recado::preflight::Sheet;
use recado::store::outcome::{self, Certainty, NewOutcome};
use recado::store::{Store, run};

use super::feeds::{accounted, apply, clinic, plan};
use super::stage::{Stage, sender};
use super::{count, force};
use crate::support::stores;

/// Of whom a row is: the last digits of the number, and the time.
type Person<'a> = (&'a str, u32, &'a str);

/// Rows numbered from 1.
fn lines(people: &[Person<'_>]) -> String {
    let row = |(no, (name, phone, at)): (usize, &Person<'_>)| format!("{},{name},+54911555{phone:05},{at}\n", no + 1);
    format!("id,nombre,telefono,turno\n{}", people.iter().enumerate().map(row).collect::<String>())
}

/// Reminders that say whom they are for, and not when, so that the words alone tell nobody's time.
fn campaign(contains: &str) -> String {
    clinic(contains).replace(" {{ when }}", "")
}

async fn says(store: &Store, message: MessageId, outcome: &str, stage: &Stage) {
    let mut tx = store.begin().await.unwrap();
    let at = stage.clock.now();
    let new = NewOutcome { message, entry: None, outcome, certainty: Certainty::Certain, set_by: "", at };
    outcome::add(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
}

/// How often each number was written to.
fn heard(stage: &Stage) -> BTreeMap<String, usize> {
    let mut heard = BTreeMap::new();
    for (to, _) in stage.stub.values.lock().unwrap().iter() {
        *heard.entry(to.trim_start_matches('+').to_owned()).or_default() += 1;
    }
    heard
}

fn number(phone: u32) -> String {
    format!("54911555{phone:05}")
}

async fn message_to(store: &Store, phone: u32) -> MessageId {
    let sql = format!("SELECT MAX(id) FROM message WHERE recipient = '{}'", number(phone));
    MessageId(count(store, &sql).await)
}

async fn sheet_of(stage: &Stage, campaign: &str, audience: &str) -> Sheet {
    let version = stage.load("clinic", campaign, audience).await;
    stage.engine.sheet(version).await.unwrap()
}

const CONTAINS: [&str; 3] = ["", "contains = \"only changes\"", "contains = \"everything ahead\""];
const NEAR: &str = "25/11/2026 09:00";
const FAR: &str = "27/11/2026 09:00";

/// Three who are reminded at once and two who wait, all of each at one time.
const FIRST: [Person<'_>; 5] = [("Ana", 1, NEAR), ("Eva", 2, NEAR), ("Leo", 3, NEAR), ("Mia", 4, FAR), ("Rui", 5, FAR)];

#[tokio::test]
async fn lines_that_shift_or_are_sorted_anew_remind_nobody_twice_and_lose_nobody() {
    for store in stores().await {
        for (at, contains) in CONTAINS.iter().enumerate() {
            let dir = store.dir.path().join(at.to_string());
            std::fs::create_dir_all(&dir).unwrap();
            let stage = Stage::new(&store, &dir).await;
            let (name, base) = (format!("clinic{at}"), at as u32 * 100);
            let of = |people: &[Person<'_>]| {
                lines(&people.iter().map(|(name, phone, at)| (*name, base + phone, *at)).collect::<Vec<_>>())
            };
            let take = async |audience: &str| {
                let version = stage.load(&name, &campaign(contains), audience).await;
                let sheet = stage.engine.sheet(version).await.unwrap();
                let StartOutcome::Started(run) = stage.engine.start_anyway(version, "ana").await.unwrap() else {
                    panic!("{:?}", sheet.blockers)
                };
                plan(&stage).await;
                accounted(&stage, run).await;
                (run, sheet)
            };
            let said = format!("{} {contains}", store.name());
            take(&of(&FIRST)).await;
            assert_eq!(stage.sender().drain().await, 3, "{said}");
            let leo = message_to(&store, base + 3).await;
            says(&store, leo, "cancelled", &stage).await;

            // The first is gone, then one comes on top, then the order is another.
            let (run, sheet) = take(&of(&FIRST[1..])).await;
            let told = sheet.changes.clone().unwrap();
            assert_eq!((told.number, told.added, told.moved, told.removed), (0, 0, 0, 0), "{said} {told:?}");
            assert_eq!((told.already_sent, told.changed, sheet.messages), (2, 2, Some(2)), "{said} {told:?}");
            assert!(sheet.warnings.iter().any(|w| w.code == "feed_ids_exchanged"), "{said} {:?}", sheet.warnings);
            assert_eq!(stage.sender().drain().await, 0, "{said}");
            let known = format!("SELECT COUNT(*) FROM message WHERE id = {leo} AND external_id = '2'");
            assert_eq!(count(&store, &known).await, 1, "{said}: his answer is told under his id");
            let mut on_top = vec![("Sol", 6, NEAR)];
            on_top.extend(FIRST);
            let (_, sheet) = take(&of(&on_top)).await;
            assert_eq!(sheet.changes.as_ref().map(|told| (told.added, told.number)), Some((1, 0)), "{said}");
            assert_eq!(stage.sender().drain().await, 1, "{said}");
            on_top.reverse();
            take(&of(&on_top)).await;
            assert_eq!(stage.sender().drain().await, 0, "{said}");
            stage.clock.advance(Duration::from_hours(60));
            assert_eq!(stage.sender().drain().await, 2, "{said} {:?}", stage.states(run).await);
            let all: Vec<(String, usize)> = (1..=6).map(|phone| (number(base + phone), 1)).collect();
            let heard = heard(&stage).into_iter().filter(|(to, _)| all.iter().any(|(of, _)| of == to));
            assert_eq!(heard.collect::<Vec<_>>(), all, "{said}");
        }
    }
}

#[tokio::test]
async fn the_next_days_people_with_the_same_numbers_are_reminded_and_an_answer_is_nobody_elses() {
    for store in stores().await {
        for (at, contains) in CONTAINS.iter().enumerate() {
            let dir = store.dir.path().join(at.to_string());
            std::fs::create_dir_all(&dir).unwrap();
            let stage = Stage::new(&store, &dir).await;
            let (name, base) = (format!("clinic{at}"), at as u32 * 100);
            let said = format!("{} {contains}", store.name());
            let take = async |people: &[Person<'_>]| {
                let people: Vec<Person<'_>> = people.iter().map(|(name, n, at)| (*name, base + n, *at)).collect();
                let version = stage.load(&name, &campaign(contains), &lines(&people)).await;
                let sheet = stage.engine.sheet(version).await.unwrap();
                let StartOutcome::Started(run) = stage.engine.start(version, "ana").await.unwrap() else {
                    panic!("{said} {:?}", sheet.blockers)
                };
                plan(&stage).await;
                accounted(&stage, run).await;
                (run, sheet.changes.unwrap_or_default())
            };
            take(&[("Ana", 1, NEAR), ("Eva", 2, NEAR), ("Leo", 3, "25/11/2026 12:00")]).await;
            assert_eq!(stage.sender().drain().await, 2, "{said}");
            says(&store, message_to(&store, base + 2).await, "cancelled", &stage).await;
            let next =
                [("Mia", 11, "27/11/2026 10:00"), ("Rui", 12, "27/11/2026 11:00"), ("Sol", 13, "27/11/2026 12:00")];
            let (run, told) = take(&next).await;
            assert_eq!((told.added, told.number, told.removed, told.already_sent), (3, 0, 0, 0), "{said} {told:?}");
            // Who answers late answers for themselves.
            says(&store, message_to(&store, base + 1).await, "cancelled", &stage).await;
            stage.clock.advance(Duration::from_hours(3));
            assert_eq!(stage.sender().drain().await, 1, "{said}: the one who waits of the first day");
            stage.clock.advance(Duration::from_hours(48));
            assert_eq!(stage.sender().drain().await, 3, "{said} {:?}", stage.states(run).await);
            // And whoever has said it stays out, at another time too.
            says(&store, message_to(&store, base + 12).await, "cancelled", &stage).await;
            let moved = next.map(|(name, n, at)| (name, n, if n == 12 { "28/11/2026 11:00" } else { at }));
            take(&moved).await;
            stage.clock.advance(Duration::from_hours(24));
            assert_eq!(stage.sender().drain().await, 0, "{said}");
        }
    }
}

#[tokio::test]
async fn a_crash_among_lines_that_shifted_leaves_neither_a_hole_nor_a_double() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let campaign = campaign("contains = \"everything ahead\"");
    let letter = |n: u32| char::from(b'a' + (n % 26) as u8);
    let name = |no: u32| format!("An{}{}{}", letter(no / 676), letter(no / 26), letter(no));
    let names: Vec<String> = (0..1_500).map(name).collect();
    let at = |no: usize| if no < 4 { NEAR } else { FAR };
    let people: Vec<Person<'_>> =
        names.iter().enumerate().map(|(no, name)| (name.as_str(), no as u32, at(no))).collect();
    let run = apply(&stage, &campaign, &lines(&people)).await;
    assert_eq!(stage.sender().drain().await, 4);
    let version = stage.load("clinic", &campaign, &lines(&people[1..])).await;
    let StartOutcome::Started(_) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
    let planner = Planner::new(stage.engine.clone());
    let some_rows = async {
        while run::get(&store, run).await.unwrap().unwrap().planned_rows == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { _ = planner.step() => panic!("it should have been cut off"), () = some_rows => {} }
    let engine = stage.restarted(store.dir.path()).await;
    Planner::new(engine.clone()).step().await.unwrap();
    accounted(&stage, run).await;
    let states = stage.states(run).await;
    assert_eq!((states["queued"], states.values().sum::<i64>()), (1_496, 1_500), "{states:?}");
    assert_eq!(sender(&engine).drain().await, 0);
}

/// Rows of `id first second`, all near.
fn two_phones(rows: &[(&str, Option<u32>, Option<u32>)]) -> String {
    let cell = |phone: &Option<u32>| phone.map_or_else(String::new, |n| format!("+54911555{n:05}"));
    let row =
        |(id, one, two): &(&str, Option<u32>, Option<u32>)| format!("{id},Ana,{},{},{NEAR}\n", cell(one), cell(two));
    format!("id,nombre,celular,celular_2,turno\n{}", rows.iter().map(row).collect::<String>())
}

fn with_phones(campaign: &str, phones: &str) -> String {
    campaign.replace("[columns]\n", &format!("[columns]\nphone = {phones}\n"))
}

const IN_ORDER: &str = "[\"celular\", \"celular_2\"]";
const EXCHANGED: &str = "[\"celular_2\", \"celular\"]";

#[tokio::test]
async fn whoever_was_reminded_at_another_of_their_phones_is_not_reminded_again() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = with_phones(&clinic("contains = \"everything ahead\""), IN_ORDER);
        let first = two_phones(&[("A", None, Some(1)), ("B", None, Some(2)), ("C", None, Some(3))]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 3, "{}", store.name());
        // What failed goes to the first number now.
        force(&store, message_to(&store, 3).await, MessageState::Failed).await;
        let filled = two_phones(&[("A", Some(11), Some(1)), ("B", Some(12), Some(2)), ("C", Some(13), Some(3))]);
        let sheet = sheet_of(&stage, &campaign, &filled).await;
        let told = sheet.changes.clone().unwrap();
        assert_eq!((told.number, told.already_sent, told.number_rows), (1, 2, vec![3]), "{}", store.name());
        apply(&stage, &campaign, &filled).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        // The number that was reminded is gone from one of them: it was wrong.
        let corrected = filled.replace(&format!("+{}", number(1)), "");
        apply(&stage, &campaign, &corrected).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        let all = [(number(1), 1), (number(2), 1), (number(3), 1), (number(11), 1), (number(13), 1)];
        assert_eq!(heard(&stage).into_iter().collect::<Vec<_>>(), all, "{}", store.name());
        let (told, target) = (run::get(&store, run).await.unwrap().unwrap(), store.dir.path().join("own.csv"));
        let made = stage.engine.make_result(&told, Kind::Own, &target).await.unwrap();
        assert_eq!(made, Made::Written);
        let own = std::fs::read_to_string(&target).unwrap();
        assert!(!own.contains("sent to the number before"), "{} {own}", store.name());
    }
}

async fn paused_half(stage: &Stage, campaign: &str, audience: &str, gone: usize) -> RunId {
    let run = apply(stage, campaign, audience).await;
    assert_eq!(stage.sender().drain().await, gone);
    assert!(stage.engine.pause(run, "ana", "").await.unwrap());
    run
}

#[tokio::test]
async fn columns_exchanged_by_a_correction_remind_nobody_again_with_the_next_file_either() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = with_phones(&clinic(""), IN_ORDER);
        let first = two_phones(&[("A", Some(1), Some(11)), ("B", Some(2), Some(12))]);
        let far = format!("{first}C,Ana,+{},+{},{FAR}\n", number(3), number(13));
        let run = paused_half(&stage, &campaign, &far, 2).await;
        let exchanged = with_phones(&clinic(""), EXCHANGED);
        let outcome = stage.engine.correct(run, &exchanged, "ana").await.unwrap();
        assert!(matches!(outcome, CorrectOutcome::Corrected(Split { stays: 2, rest: 1 })), "{outcome:?}");
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage).await;
        assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
        let more = format!("{far}D,Ana,+{},+{},{NEAR}\n", number(4), number(14));
        let told = sheet_of(&stage, &exchanged, &more).await.changes.unwrap();
        assert_eq!((told.number, told.added, told.already_sent), (0, 1, 2), "{} {told:?}", store.name());
        apply(&stage, &exchanged, &more).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        stage.clock.advance(Duration::from_hours(60));
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        let all = [(number(1), 1), (number(2), 1), (number(13), 1), (number(14), 1)];
        assert_eq!(heard(&stage).into_iter().collect::<Vec<_>>(), all, "{}", store.name());
    }
}
