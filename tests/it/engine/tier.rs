//! The messaging limit on the engine's way: who waits, why, until when, and who goes first.

use std::time::Duration;

use recado::clock::Clock;
use recado::domain::id::RunId;
use recado::domain::tier::{KEPT, Limit};
use recado::engine::planner::Planner;
use recado::engine::receiver::Receiver;
use recado::engine::{Engine, Loaded, StartOutcome, tier, waiting};
use recado::locale::Language;
use recado::sandbox::Tier;
use recado::store::{place, run};

use super::stage::{CAMPAIGN, Stage, TUESDAY, engine, people, sender, sender_of, states};
use crate::support::sandbox::{TestSandbox, sandbox_config, start_sandbox};
use crate::support::stores;

const BACK: &str =
    "[sender.back]\naccount = \"meta\"\nphone_number_id = \"206540352242922\"\nnumber = \"+5491155550200\"\n";

/// `[portfolio.meta]` of the account that names none, with a second sender.
fn portfolio(keys: &str) -> String {
    format!("{BACK}[portfolio.meta]\n{keys}\n")
}

/// Lets the clock pass a little, so that what is asked rarely is asked again, and sends what goes.
async fn later(stage: &Stage, sender: &mut super::stage::Sender) -> usize {
    stage.clock.advance(Duration::from_secs(2));
    sender.drain().await
}

#[tokio::test]
async fn a_run_waits_at_the_limit_with_the_time_the_next_place_frees_and_goes_on_then() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), &portfolio("tier = 20\nreserve = \"10%\"")).await;
        tier::begin(&stage.engine).await.unwrap();
        let run = stage.run("one", CAMPAIGN, &people(30)).await;
        let mut sender = stage.sender();
        assert_eq!(sender.drain().await, 18, "two are left for others, {}", store.name());
        let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
        assert_eq!((why.code.as_str(), why.until), ("tier_reserve", Some(TUESDAY.plus(KEPT))), "{}", store.name());
        for language in Language::ALL {
            let sentence = why.sentence(language);
            assert!(sentence.contains("18") && sentence.contains("20") && sentence.contains(" 2 "), "{sentence}");
        }
        let standing = tier::standing(&stage.engine, "meta").await.unwrap().unwrap();
        assert_eq!((standing.limit, standing.taken, standing.reserve, standing.free), (Some(20), 18, 2, 0));
        assert_eq!(later(&stage, &mut sender).await, 0);
        stage.clock.advance(KEPT);
        assert_eq!(sender.drain().await, 12, "{}", store.name());
        assert_eq!(stage.states(run).await["accepted"], 30);
        assert_eq!(stage.stub.count(), 30);
    }
}

#[tokio::test]
async fn two_senders_of_a_portfolio_and_a_restart_share_one_limit() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), &portfolio("tier = 20")).await;
        tier::begin(&stage.engine).await.unwrap();
        let far = people(60).lines().skip(31).fold("nombre,telefono\n".to_owned(), |all, line| all + line + "\n");
        let (one, two) = (
            stage.run("one", CAMPAIGN, &people(30)).await,
            stage.run("two", &CAMPAIGN.replace("\"front\"", "\"back\""), &far).await,
        );
        let (mut front, mut back) = (stage.sender(), sender_of(&stage.engine, "back"));
        // The slow one has eight permits at once.
        let first = back.step().await;
        assert!(first > 0 && first < 20);
        assert_eq!(front.drain().await, 20 - first, "{}", store.name());
        let again = stage.restarted(store.dir.path()).await;
        tier::begin(&again).await.unwrap();
        let (mut front, mut back) = (sender(&again), sender_of(&again, "back"));
        assert_eq!((front.drain().await, back.drain().await), (0, 0), "{}", store.name());
        let sent = states(&store, one).await["accepted"] + states(&store, two).await["accepted"];
        assert_eq!((sent, stage.stub.count()), (20, 20), "{}", store.name());
    }
}

#[tokio::test]
async fn the_provider_says_the_limit_and_it_changes_live_and_outlives_a_restart() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), &portfolio("tier = \"UNLIMITED\"")).await;
        tier::begin(&stage.engine).await.unwrap();
        let run = stage.run("one", CAMPAIGN, &people(300)).await;
        let mut sender = stage.sender();
        let before = sender.step().await;
        assert!(0 < before && before < 250, "{before}");
        *stage.stub.tier.lock().unwrap() = Some("TIER_250");
        assert!(sender.dispatcher.ask_grant().await);
        sender.drain().await;
        assert_eq!(stage.stub.count(), 250, "those sent before the limit came count, {}", store.name());
        let again = stage.restarted(store.dir.path()).await;
        tier::begin(&again).await.unwrap();
        let kept = place::get(&store, "meta").await.unwrap().unwrap();
        assert_eq!((kept.limit(), kept.told.as_deref()), (Limit::People(250), Some("250")), "{}", store.name());
        *stage.stub.tier.lock().unwrap() = Some("TIER_UNLIMITED");
        assert!(sender.dispatcher.ask_grant().await);
        sender.drain().await;
        assert_eq!(stage.states(run).await["accepted"], 300, "{}", store.name());
    }
}

#[tokio::test]
async fn promotions_leave_room_for_reminders_of_the_next_day_and_reminders_do_not() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), &portfolio("tier = 20")).await;
        tier::begin(&stage.engine).await.unwrap();
        let at = |hours: u32| {
            let due = TUESDAY.plus(Duration::from_hours(1) * hours);
            let local = due.in_zone(&jiff::tz::TimeZone::get("America/Argentina/Buenos_Aires").unwrap());
            format!("{CAMPAIGN}[schedule]\nat = \"{}\"\n", local.strftime("%Y-%m-%d %H:%M"))
        };
        let soon = stage.run("soon", &at(5), &people(15)).await;
        // Beyond a day nobody keeps room.
        let others = |from: usize, n: usize| {
            people(from + n).lines().skip(1 + from).fold("nombre,telefono\n".to_owned(), |all, line| all + line + "\n")
        };
        stage.run("far", &at(30), &others(100, 10)).await;
        let promotion = CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender");
        let run = stage.run("promotion", &promotion, &others(200, 20)).await;
        let mut sender = stage.sender();
        assert_eq!(sender.drain().await, 5, "{}", store.name());
        let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
        assert_eq!(why.code, "tier_reminders", "{}", store.name());
        stage.clock.advance(Duration::from_hours(6));
        assert_eq!(sender.drain().await, 15, "{}", store.name());
        assert_eq!(stage.states(soon).await["accepted"], 15, "{}", store.name());
    }
}

#[tokio::test]
async fn without_a_limit_no_place_is_written() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        tier::begin(&stage.engine).await.unwrap();
        stage.run("one", CAMPAIGN, &people(5)).await;
        assert_eq!(stage.sender().drain().await, 5);
        assert!(!place::is_limited(&store));
        assert!(place::held_until(&store, "meta", TUESDAY).await.unwrap().is_empty(), "{}", store.name());
        let standing = tier::standing(&stage.engine, "meta").await.unwrap().unwrap();
        assert_eq!(standing.limit, None);
    }
}

/// Another installation's message to `person` has come to `status`.
fn foreign(person: usize, status: &str) -> serde_json::Value {
    let to = format!("54911{:08}", 50_000_000 + person);
    serde_json::json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [
        {"field": "messages", "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "5491155550100", "phone_number_id": "106540352242922"},
            "statuses": [{"id": format!("wamid.other{person}"), "status": status,
                "timestamp": (TUESDAY.0 / 1_000).to_string(), "recipient_id": to,
                "biz_opaque_callback_data": "r1.elsewhere.7.1"}]}}]}]})
}

#[tokio::test]
async fn other_installations_people_count_whether_the_limit_was_there_or_comes_later() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), &portfolio("tier = \"UNLIMITED\"")).await;
        tier::begin(&stage.engine).await.unwrap();
        come_in(&stage.engine, &[foreign(0, "sent"), foreign(1, "sent"), foreign(1, "failed")]).await;
        assert!(place::held_until(&store, "meta", TUESDAY).await.unwrap().is_empty());
        *stage.stub.tier.lock().unwrap() = Some("3");
        let mut sender = stage.sender();
        assert!(sender.dispatcher.ask_grant().await);
        let until = TUESDAY.plus(KEPT);
        assert_eq!(place::held_until(&store, "meta", TUESDAY).await.unwrap(), [until], "{}", store.name());
        come_in(&stage.engine, &[foreign(2, "delivered")]).await;
        assert_eq!(place::held_until(&store, "meta", TUESDAY).await.unwrap(), [until; 2], "{}", store.name());
        // Whom the others have reached costs nothing, and one more fits.
        stage.run("one", CAMPAIGN, &people(9)).await;
        assert_eq!(sender.drain().await, 3, "{}", store.name());
    }
}

const LABORATORY: &str = r#"
kind     = "reminder"
sender   = "front"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "appointment_reminder"
language = "es_AR"
[variables]
1 = "{{ nombre }}"
2 = "Norte"
3 = "mañana"
"#;

/// Bodies of the sandbox's webhooks come in and are taken up.
pub async fn come_in(engine: &Engine, bodies: &[serde_json::Value]) {
    for body in bodies {
        engine.keep_webhook("meta", body.to_string().as_bytes(), engine.clock.now()).await.unwrap();
    }
    let receiver = Receiver::new(engine.clone(), std::sync::Arc::default());
    while receiver.step().await.unwrap() > 0 {}
}

async fn start(engine: &Engine, audience: &str) -> RunId {
    let file = Some(("people.csv", audience.as_bytes().to_vec()));
    let Loaded::Version { version, .. } = engine.load_campaign("lab", LABORATORY, file, "ana").await.unwrap() else {
        panic!("refused")
    };
    let outcome = engine.start(version, "ana").await.unwrap();
    let StartOutcome::Started(id) = outcome else { panic!("{outcome:?}") };
    while Planner::new(engine.clone()).step().await.unwrap() {}
    id
}

/// A provider that grants 250 people a day.
async fn provider_of_250(clock: Clock) -> TestSandbox {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.tier = Tier::People(250);
    config.throughput = 1_000.try_into().unwrap();
    start_sandbox(config, clock).await
}

#[tokio::test]
async fn seven_hundred_people_at_a_tier_of_250_take_three_days_and_no_send_is_refused() {
    for store in stores().await {
        let clock = Clock::fixed(TUESDAY);
        let sandbox = provider_of_250(clock.clone()).await;
        let engine = engine(&store, store.dir.path(), ("node1", &sandbox.base_url(), ""), clock).await;
        tier::begin(&engine).await.unwrap();
        let mut front = sender(&engine);
        assert!(front.dispatcher.ask_grant().await);
        let run = start(&engine, &people(700)).await;
        let mut days = Vec::new();
        for hour in 0..75 {
            let sent = front.drain().await;
            if sent > 0 {
                days.push((hour / 24, sent));
            }
            come_in(&engine, &sandbox.pass(60, 1)).await;
        }
        let stats = sandbox.stats().await;
        assert_eq!(stats["rejected"], serde_json::json!({}), "{} {stats}", store.name());
        assert_eq!(
            (stats["accepted"].as_i64(), stats["duplicates"].as_i64()),
            (Some(700), Some(0)),
            "{}",
            store.name()
        );
        assert_eq!(states(&store, run).await.get("queued"), None, "{days:?} {}", store.name());
        let of_day = |day| days.iter().filter(|(d, _)| *d == day).map(|(_, n)| n).sum::<usize>();
        assert_eq!(of_day(0), 250, "all that is allowed is used: {days:?}");
        assert!(run::get(&store, run).await.unwrap().is_some());
    }
}
