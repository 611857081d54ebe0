//! The forecast against what happens: the production dispatcher, stepped with a clock that moves on as the pace would.

mod course;
mod seeds;

use std::time::Duration;

use recado::domain::forecast::{Forecast, LimitedBy};
use recado::domain::id::RunId;
use recado::domain::time::UnixMs;
use recado::engine::{Engine, forecast, tier};
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};

use super::stage::{CAMPAIGN, SENDER, Stage, TUESDAY, people};
use crate::support::stores;
pub use course::others;
use course::{A_CLAIM, in_small_claims, pass, play, play_from, slowly};

async fn told(engine: &Engine, run: RunId) -> Forecast {
    told_from(engine, SENDER, run).await
}

async fn told_from(engine: &Engine, sender: &str, run: RunId) -> Forecast {
    let all = forecast::of_sender(engine, sender).await.unwrap();
    *all.get(&run).unwrap_or_else(|| panic!("{all:?}"))
}

/// How long a claim's messages take.
const CLAIM: Duration = Duration::from_secs(A_CLAIM as u64);

/// The likely end is within 5 % of how long it takes, and that is half an hour at least.
fn assert_near(told: &Forecast, ended: UnixMs, of: &str) {
    let (likely, took) = (told.likely.unwrap(), ended.since(TUESDAY));
    assert!(took >= Duration::from_mins(30), "{of}: {took:?}");
    let off = (likely.0 - ended.0).unsigned_abs();
    assert!(off * 20 <= took.as_millis() as u64, "{of}: told {likely:?}, ended {ended:?}");
    let (low, high) = (told.low.unwrap().minus(CLAIM), told.high.unwrap().plus(CLAIM));
    assert!(low <= ended && ended <= high, "{of}: {told:?}, ended {ended:?}");
}

#[tokio::test]
async fn a_run_limited_by_its_senders_speed_ends_when_it_was_told() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        slowly(&stage.engine).await;
        let run = stage.run("one", CAMPAIGN, &people(1_900)).await;
        let forecast = told(&stage.engine, run).await;
        assert_eq!(forecast.limited_by, LimitedBy::Rate);
        let ended = play(&stage, &[run]).await;
        assert_near(&forecast, ended[0], store.name());
    }
}

#[tokio::test]
async fn runs_that_share_a_sender_end_when_each_was_told() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        slowly(&stage.engine).await;
        let promotion = CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender");
        let first = stage.run("first", &promotion, &people(1_200)).await;
        let second = stage.run("second", &promotion, &others(5_000, 700)).await;
        let urgent = stage.run("urgent", CAMPAIGN, &others(9_000, 500)).await;
        let runs = [first, second, urgent];
        let mut forecasts = Vec::new();
        for run in runs {
            forecasts.push(told(&stage.engine, run).await);
        }
        let ended = play(&stage, &runs).await;
        assert_near(&forecasts[0], ended[0], store.name());
        assert_near(&forecasts[1], ended[1], store.name());
        let urgent = (forecasts[2].likely.unwrap().0 - ended[2].0).abs();
        assert!(urgent <= 2 * A_CLAIM as i64 * 1_000, "one claim more or less: {urgent} ms, {}", store.name());
        assert!(ended[2] < ended[1] && ended[1] < ended[0], "{ended:?}");
    }
}

#[tokio::test]
async fn a_run_limited_by_the_messaging_limit_ends_when_it_was_told() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), "[portfolio.meta]\ntier = 150\nreserve = \"20%\"\n").await;
        tier::begin(&stage.engine).await.unwrap();
        slowly(&stage.engine).await;
        let run = stage.run("one", CAMPAIGN, &people(300)).await;
        let forecast = told(&stage.engine, run).await;
        assert_eq!(forecast.limited_by, LimitedBy::Tier);
        // The places of this morning free one after the other.
        let again = stage.run("two", CAMPAIGN, &others(5_000, 100)).await;
        let both = told(&stage.engine, run).await;
        assert!(both.likely > forecast.likely, "another run takes places too");
        let later = told(&stage.engine, again).await;
        let ended = play(&stage, &[run, again]).await;
        assert_near(&both, ended[0], store.name());
        assert_near(&later, ended[1], store.name());
    }
}

#[tokio::test]
async fn runs_of_two_senders_that_share_a_messaging_limit_end_when_each_was_told() {
    let more = "[sender.back]\naccount = \"meta\"\nphone_number_id = \"106540352242923\"\nnumber = \"+5491155550101\"\n\
        throughput = 1000\n[portfolio.meta]\ntier = 150\n";
    let from_back = CAMPAIGN.replace("= \"front\"", "= \"back\"");
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), more).await;
        tier::begin(&stage.engine).await.unwrap();
        slowly(&stage.engine).await;
        let front = stage.run("front", CAMPAIGN, &people(250)).await;
        let alone = told(&stage.engine, front).await;
        let back = stage.run("back", &from_back, &others(5_000, 100)).await;
        let (one, other) = (told(&stage.engine, front).await, told_from(&stage.engine, "back", back).await);
        assert_eq!((one.limited_by, other.limited_by), (LimitedBy::Tier, LimitedBy::Tier), "{}", store.name());
        // What the other sender takes is missing for a whole day.
        let later = one.likely.unwrap().since(alone.likely.unwrap());
        assert!(later > Duration::from_hours(23), "{alone:?} {one:?}");
        let ended = play_from(&stage, &["front", "back"], &[front, back]).await;
        assert_near(&one, ended[0], store.name());
        assert_near(&other, ended[1], store.name());
    }
}

#[tokio::test]
async fn on_the_way_the_forecast_knows_the_places_that_are_held_and_the_people_who_hold_them() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), "[portfolio.meta]\ntier = 100\n").await;
        tier::begin(&stage.engine).await.unwrap();
        slowly(&stage.engine).await;
        let run = stage.run("one", CAMPAIGN, &people(180)).await;
        let whole = told(&stage.engine, run).await;
        stage.sender().drain().await;
        stage.clock.advance(Duration::from_hours(9));
        let half = told(&stage.engine, run).await;
        let off = (half.likely.unwrap().0 - whole.likely.unwrap().0).unsigned_abs();
        assert!(off <= 120_000, "{whole:?} {half:?}");
        // Whoever was reached this morning costs nothing.
        let same = stage.run("same", CAMPAIGN, &people(90)).await;
        let at_once = told(&stage.engine, same).await;
        let took = at_once.likely.unwrap().since(stage.clock.now());
        assert!(took <= Duration::from_secs(91), "{took:?} {}", store.name());
    }
}

#[tokio::test]
async fn while_a_run_sends_whom_the_provider_put_off_is_reckoned_with_once_more_and_not_twice() {
    let promotion = CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender");
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.stub.template.lock().unwrap()["category"] = "MARKETING".into();
        slowly(&stage.engine).await;
        let run = stage.run("one", &promotion, &people(400)).await;
        let (mut front, mut on_the_way) = (in_small_claims(stage.sender()), Vec::new());
        while stage.stub.count() < 400 {
            let before = stage.stub.count();
            pass(&stage.clock, std::slice::from_mut(&mut front), async || stage.stub.count()).await;
            let one = stage.stub.seen.lock().unwrap()[before].clone();
            stage.receipts(&[one], "failed", Some(131_049)).await;
            if stage.stub.count() >= 100 {
                on_the_way.push(told(&stage.engine, run).await);
            }
        }
        let ended = play(&stage, &[run]).await[0];
        assert_eq!(stage.stub.count(), 420, "{}: one of each claim is tried again, once", store.name());
        assert!(on_the_way.len() >= 15, "it was asked while it sent");
        for forecast in on_the_way {
            assert_near(&forecast, ended, store.name());
        }
    }
}

#[tokio::test]
async fn a_run_limited_by_its_hours_ends_when_it_was_told() {
    let hours = "[schedule.hours]\ntue-wed = \"09:00-10:20\"\n";
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        slowly(&stage.engine).await;
        let run = stage.run("one", &format!("{CAMPAIGN}{hours}"), &people(1_500)).await;
        let forecast = told(&stage.engine, run).await;
        assert_eq!(forecast.limited_by, LimitedBy::Hours);
        let ended = play(&stage, &[run]).await;
        assert!(ended[0].since(TUESDAY) > Duration::from_hours(22));
        assert_near(&forecast, ended[0], store.name());
    }
}

#[tokio::test]
async fn what_comes_too_late_is_told_before() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        slowly(&stage.engine).await;
        let until = "[schedule]\nuntil = \"2026-11-24 10:20\"\n";
        let run = stage.run("one", &format!("{CAMPAIGN}{until}"), &people(1_500)).await;
        let forecast = told(&stage.engine, run).await;
        play(&stage, &[run]).await;
        let states = stage.states(run).await;
        let expired = states.get("expired").copied().unwrap_or_default();
        assert!(
            (forecast.too_late - expired).abs() <= A_CLAIM as i64,
            "one claim more or less: {forecast:?} {states:?}"
        );
        assert!(expired >= 200, "{states:?}");
    }
}

#[tokio::test]
async fn a_run_that_is_paused_has_no_end_and_one_that_is_held_ends_as_if_it_went_on() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(5)).await;
        let known = async || forecast::of_sender(&stage.engine, SENDER).await.unwrap().contains_key(&run);
        assert!(known().await);
        stage.engine.pause(run, "ana", "").await.unwrap();
        assert!(!known().await, "{}", store.name());
        stage.engine.resume(run, "ana").await.unwrap();
        assert!(known().await);
        let (scope, cause) = (HoldScope::Sender, HoldCause::Quality);
        let new = NewHold { scope, scope_key: SENDER.to_owned(), cause, code: Some(131_048), until_at: None };
        hold::place(&store, &new, TUESDAY).await.unwrap();
        let held = told(&stage.engine, run).await;
        assert!(held.if_it_went_on && held.likely.is_some(), "{}: {held:?}", store.name());
        assert_eq!(held.limited_by, LimitedBy::Rate);
    }
}

#[tokio::test]
async fn a_run_held_until_a_time_ends_that_much_later_and_says_what_limits_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(5)).await;
        let free = told(&stage.engine, run).await;
        let until = TUESDAY.plus(Duration::from_hours(2));
        let (scope, cause) = (HoldScope::Account, HoldCause::Restricted);
        let new = NewHold { scope, scope_key: "meta".to_owned(), cause, code: None, until_at: Some(until) };
        hold::place(&store, &new, TUESDAY).await.unwrap();
        let held = told(&stage.engine, run).await;
        assert_eq!((held.limited_by, held.if_it_went_on), (LimitedBy::Hold, false), "{}: {held:?}", store.name());
        let later = |at: Option<UnixMs>| at.map(|at| at.plus(Duration::from_hours(2)));
        assert_eq!((held.likely, held.low), (later(free.likely), later(free.low)), "{}", store.name());
        // Another hold, whose end nobody knows, leaves only how long it takes.
        super::alerts::hold(&store, &stage).await;
        let held = told(&stage.engine, run).await;
        assert!(held.if_it_went_on, "{held:?}");
        assert_eq!(held.likely, free.likely, "as if it went on now");
    }
}

#[tokio::test]
async fn a_budget_that_does_not_suffice_leaves_messages_in_line() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        // A utility message to Argentina costs 0.0260.
        let limits = "[limits]\nbudget = \"0.30 USD\"\n";
        let run = stage.run("one", &format!("{CAMPAIGN}{limits}"), &people(40)).await;
        let forecast = told(&stage.engine, run).await;
        assert_eq!((forecast.likely, forecast.limited_by), (None, LimitedBy::Budget), "{}", store.name());
        assert!((28..=30).contains(&forecast.left), "{forecast:?}");
    }
}
