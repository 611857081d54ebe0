//! People as they are: some fail, some answer, some have their phone off. The end lies within what was told.

use std::time::Duration;

use recado::clock::Clock;
use recado::engine::planner::Planner;
use recado::engine::{Loaded, StartOutcome, forecast, tier};
use recado::sandbox::{People, Tier};
use recado::store::Store;

use super::course::{goes_on, in_small_claims, pass, slowly};
use crate::engine::stage::{SENDER, TUESDAY, engine, people, sender, states};
use crate::engine::tier::come_in;
use crate::support::sandbox::{TestSandbox, sandbox_config, start_sandbox};
use crate::support::stores;

const REMINDER: &str = r#"
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

const PROMOTION: &str = r#"
kind     = "promotion"
sender   = "front"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "promo_verao"
language = "pt_BR"
[template.buttons]
0 = { url = "VERAO" }
[variables]
1 = "{{ nombre }}"
2 = "20 %"
"#;

/// A run, and at most how many people it may reach a day.
struct Case {
    campaign: &'static str,
    people: usize,
    tier: Tier,
}

const SEEDS: u64 = 10;

async fn provider(case: &Case, seed: u64, clock: Clock) -> TestSandbox {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    (config.tier, config.seed, config.people) = (case.tier, seed, People::lifelike());
    config.throughput = 1_000.try_into().unwrap();
    start_sandbox(config, clock).await
}

/// What was told before the run began and when it ended, where that is not within.
async fn missed(store: &Store, dir: &std::path::Path, case: &Case, seed: u64) -> Option<String> {
    let clock = Clock::fixed(TUESDAY);
    let sandbox = provider(case, seed, clock.clone()).await;
    let engine = engine(store, dir, ("node1", &sandbox.base_url(), ""), clock.clone()).await;
    tier::begin(&engine).await.unwrap();
    let mut front = in_small_claims(sender(&engine));
    assert!(front.dispatcher.ask_grant().await);
    slowly(&engine).await;
    let audience = ("people.csv", people(case.people).into_bytes());
    let loaded = engine.load_campaign("one", case.campaign, Some(audience), "ana").await.unwrap();
    let Loaded::Version { version, .. } = loaded else { panic!("{loaded:?}") };
    let outcome = engine.start(version, "ana").await.unwrap();
    let StartOutcome::Started(run) = outcome else { panic!("{outcome:?}") };
    while Planner::new(engine.clone()).step().await.unwrap() {}
    let told = forecast::of_sender(&engine, SENDER).await.unwrap()[&run];

    let accepted = async || usize::try_from(sandbox.stats().await["accepted"].as_u64().unwrap()).unwrap();
    let mut ended = TUESDAY;
    loop {
        // What people wrote takes its part of the second.
        clock.advance(Duration::from_secs(engine.inbound.drain(SENDER)));
        let left = pass(&clock, std::slice::from_mut(&mut front), &accepted).await;
        let span = if left > 0 {
            ended = clock.now();
            Duration::ZERO
        } else {
            let wait = goes_on(&engine, run).await.map_or(Duration::from_mins(5), |next| next.since(clock.now()));
            wait.clamp(Duration::from_secs(30), Duration::from_hours(1))
        };
        come_in(&engine, &sandbox.pass_by(60, span)).await;
        let states = states(store, run).await;
        // What fails says so before anything else is said of it.
        if !["queued", "claimed", "accepted", "in_review"].iter().any(|state| states.contains_key(state)) {
            break;
        }
    }
    let within = told.low.unwrap() <= ended && ended <= told.high.unwrap();
    (!within).then(|| format!("seed {seed}: {told:?}, ended {ended:?}"))
}

async fn nine_of_ten(case: &Case) {
    let mut missed_it = Vec::new();
    for seed in 0..SEEDS {
        // The databases take turns.
        let mut all = stores().await;
        let store = all.swap_remove(usize::try_from(seed).unwrap() % all.len());
        missed_it.extend(Box::pin(missed(&store, store.dir.path(), case, seed)).await);
    }
    assert!(missed_it.len() as u64 * 10 <= SEEDS, "{missed_it:?}");
}

#[tokio::test]
async fn with_answers_a_run_limited_by_speed_ends_within_what_was_told() {
    Box::pin(nine_of_ten(&Case { campaign: REMINDER, people: 300, tier: Tier::Unlimited })).await;
}

#[tokio::test]
async fn with_failures_a_run_limited_by_places_ends_within_what_was_told() {
    Box::pin(nine_of_ten(&Case { campaign: PROMOTION, people: 210, tier: Tier::People(100) })).await;
}
