//! A clinic's fortnight on one clock: a file every hour, some of them wrong; appointments that come, move and go; closed
//! hours, a holiday, Monday at seven, two children on one phone. What was sent, to whom, when and for which time is
//! compared with a small model that knows the rules and nothing of how Recado keeps them.

mod agenda;
mod model;

use std::path::Path;
use std::time::Duration;

use recado::domain::fill::Content;
use recado::domain::time::UnixMs;
use recado::engine::planner::Planner;
use recado::engine::watcher::Watcher;
use recado::store::message::{self, named};
use recado::store::{campaign, exclusion, run};
use serde_json::json;

use super::stage::{Stage, TUESDAY};
use crate::support::{TestStore, stores};
use agenda::{Agenda, Flaw};
use model::{Model, Sent};

/// Hours of a fortnight.
const HOURS: i64 = 14 * 24;
/// The Monday after, at 8:00 in Buenos Aires.
const MONDAY: UnixMs = UnixMs(TUESDAY.0 + (6 * 24 - 2) * 3_600_000);

const CAMPAIGN: &str = r#"
kind     = "reminder"
sender   = "front"
file     = "turnos*.csv"
contains = "everything ahead"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
start    = "by itself"
[template]
name     = "reminder"
language = "es_AR"
[columns]
id   = "turno"
when = "fecha"
only = "{{ estado != 'cancelado' }}"
[variables]
1 = "{{ paciente }}, {{ when }}"
[schedule]
send   = "24h before"
latest = "2h before"
[schedule.hours]
mon-fri  = "09:00-20:00"
sat      = "09:00-13:00"
holidays = ["2026-12-08"]
[replies]
typed = { "cancelled" = ["cancelo"] }
"#;

/// What has left, in the order in which it did.
async fn sent(stage: &Stage, from: usize) -> Vec<Sent> {
    let seen = stage.stub.seen.lock().unwrap()[from..].to_vec();
    let mut all = Vec::new();
    for callback in seen {
        let message = stage.message(callback.message).await;
        let Content::Template { fill, .. } = message.content().unwrap() else { panic!("a template") };
        let text = fill.body[0].text.clone();
        let (id, tells) = (message.external_id.unwrap(), message.happens_at.unwrap());
        all.push(Sent { id, phone: format!("+{}", message.recipient), tells, text, at: stage.clock.now() });
    }
    all
}

/// Two looks find a file whole, and what the folder says is done.
async fn look(stage: &Stage, watcher: &mut Watcher) {
    for _ in 0..2 {
        watcher.step().await.unwrap();
    }
    while Planner::new(stage.engine.clone()).step().await.unwrap() {}
}

/// Sends what is due, and lets it arrive; what left, in order.
async fn send(stage: &Stage) -> Vec<Sent> {
    let before = stage.stub.count();
    // A new one each time: within one, two messages to a person are some real seconds apart.
    stage.sender().drain().await;
    let sent = sent(stage, before).await;
    let seen = stage.stub.seen.lock().unwrap()[before..].to_vec();
    if !seen.is_empty() {
        stage.receipts(&seen, "delivered", None).await;
        stage.janitor().await;
    }
    sent
}

/// The person of `id` answers to the last message about it that they will not come.
async fn cancels(stage: &Stage, id: &str, no: usize) {
    let seen = stage.stub.seen.lock().unwrap().clone();
    for callback in seen.iter().rev() {
        let message = message::get(&stage.engine.store, callback.message).await.unwrap().unwrap();
        if message.external_id.as_deref() != Some(id) {
            continue;
        }
        let quoted = format!("wamid.{}.{}", callback.message, callback.attempt);
        let at = (stage.clock.now().0 / 1000).to_string();
        let answer = json!({"from": message.recipient, "id": format!("wamid.in.{no}"), "timestamp": at, "type": "text",
            "text": {"body": "cancelo"}, "context": {"from": "5491155550100", "id": quoted}});
        let contact = json!({"wa_id": message.recipient, "profile": {"name": "Ana"}});
        stage.told("messages", json!({"contacts": [contact], "messages": [answer]})).await;
        return;
    }
    panic!("{id} has got nothing to answer");
}

/// Writes the hour's file: half of it at first, as exports come.
async fn export(watcher: &mut Watcher, folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), &text[..text.len() / 2]).unwrap();
    watcher.step().await.unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}

/// Only while the clinic works: at night its system writes nothing, and nothing may leave.
fn is_at_work(hour: i64) -> bool {
    let (day, hour) = ((hour + 8) / 24 % 7, (hour + 8) % 24);
    match day {
        // Monday is the first day.
        5 => (8..=13).contains(&hour),
        6 => false,
        _ => (8..=20).contains(&hour),
    }
}

/// One test each, so that they run beside each other.
#[tokio::test]
async fn a_clinics_fortnight() {
    fortnight(stores().await.remove(0)).await;
}

#[tokio::test]
async fn a_clinics_fortnight_on_the_other_database() {
    let mut all = stores().await;
    if all.len() > 1 {
        fortnight(all.remove(1)).await;
    }
}

async fn fortnight(store: TestStore) {
    let stage = Stage::new(&store, store.dir.path()).await;
    stage.clock.advance(Duration::from_millis((MONDAY.0 - TUESDAY.0) as u64));
    let folder = stage.engine.config.campaigns_dir.join("clinic");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("campaign.toml"), CAMPAIGN).unwrap();
    let mut watcher = Watcher::new(stage.engine.clone());
    let (mut agenda, mut model) = (Agenda::new(MONDAY), Model::default());
    let (mut answers, mut flaws) = (0, 0);
    for hour in 0..HOURS {
        if !is_at_work(hour) {
            stage.clock.advance(Duration::from_hours(1));
            continue;
        }
        let now = stage.clock.now();
        agenda.at(hour);
        let flaw = Flaw::of(hour);
        let (rows, text) = (agenda.rows(now), agenda.file(now, flaw));
        export(&mut watcher, &folder, &format!("turnos-{hour:03}.csv"), &text).await;
        look(&stage, &mut watcher).await;
        let asked = campaign::by_name(&store, "clinic").await.unwrap().unwrap().problem;
        assert_eq!(asked.is_some(), flaw != Flaw::None, "{} {flaw:?} at hour {hour}: {asked:?}", store.name());
        if flaw == Flaw::None {
            model.file(now, &rows);
        } else {
            flaws += 1;
        }
        for after in [0, 57] {
            stage.clock.advance(Duration::from_mins(after));
            // Before the hour is over only where it is the last one that is open.
            if after > 0 && !matches!((hour + 8) % 24, 12 | 19) {
                continue;
            }
            let now = stage.clock.now();
            let (mut is, mut ought) = (send(&stage).await, model.send(now));
            is.sort();
            ought.sort();
            assert_eq!(is, ought, "{} hour {hour} and {after} minutes", store.name());
        }
        for id in agenda.cancelling(hour) {
            answers += 1;
            cancels(&stage, id, answers).await;
            model.declined(id);
        }
        stage.clock.advance(Duration::from_mins(3));
    }
    check_the_end(&stage, &model, flaws, answers).await;
}

async fn check_the_end(stage: &Stage, model: &Model, flaws: usize, answers: usize) {
    let store = &stage.engine.store;
    let known = campaign::by_name(store, "clinic").await.unwrap().unwrap();
    let runs = run::of_campaign(store, known.id, 10).await.unwrap();
    assert_eq!(runs.len(), 1, "one run for the whole fortnight");
    let messages = named(store, runs[0].id, runs[0].revision).await.unwrap();
    let excluded: i64 = exclusion::counts(store, runs[0].id).await.unwrap().iter().map(|(_, n)| n).sum();
    assert_eq!(runs[0].rows_read, Some(messages + excluded));
    assert!(flaws >= 5 && answers >= 2, "{flaws} {answers}");
    // The fortnight had everything in it that it is about.
    let told = model.told();
    assert!(told.len() > 60, "{}", told.len());
    for (what, id, times) in [
        ("moved after the reminder", "moved-late", 2),
        ("moved before the reminder", "moved-early", 1),
        ("moved and moved back, both told", "there-and-back", 3),
        ("moved and moved back before it was told", "back-in-time", 1),
        ("removed in time", "removed", 0),
        ("its status is cancelled", "status", 0),
        ("the patient cancelled, then the clinic moved it", "answered", 1),
        ("Monday at seven", "monday-seven", 1),
        ("the day after the holiday", "after-holiday", 1),
        ("one child", "child-1", 1),
        ("the other child", "child-2", 1),
        ("booked too late", "too-late", 0),
        ("booked late", "late", 1),
    ] {
        let got = told.iter().filter(|sent| sent.id == id).count();
        assert_eq!(got, times, "{what}");
    }
    let one = |id: &str| told.iter().find(|sent| sent.id == id).unwrap();
    // As a person at the clinic would write it down.
    assert_eq!(one("monday-seven").text, "Ana, lunes 7 de diciembre, 07:00");
    assert_eq!(one("monday-seven").at.to_string(), "2026-12-05T15:57:00Z", "on Saturday, just before it closes at one");
    assert_eq!(one("after-holiday").at.to_string(), "2026-12-07T22:57:00Z", "on the evening before the holiday");
    let (first, second) = (one("child-1"), one("child-2"));
    assert_eq!(first.phone, second.phone);
    assert_eq!(first.text, "Tomás, jueves 10 de diciembre, 10:00");
    assert_eq!(second.text, "Lucía, jueves 10 de diciembre, 10:30");
}
