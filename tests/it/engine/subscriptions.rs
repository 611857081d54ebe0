//! Subscriptions that stop, and accounts that are examined: against a provider that really switches them off.

use std::collections::BTreeSet;
use std::time::Duration;

use recado::clock::Clock;
use recado::engine::doctor::{self, Verdict};
use recado::engine::subscriptions::{self, Tender};
use recado::locale::Language;
use recado::provider::SubscriptionState;
use reqwest::Method;
use serde_json::{Value, json};

use super::alerts::{Ear, LASTS, SECRET, alerts};
use super::stage::{Stage, TUESDAY};
use crate::support::sandbox::{TestSandbox, sandbox_config, start_sandbox};
use crate::support::stores;

const WEBHOOK: &str = "http://127.0.0.1:9/webhooks/zenvia/0123456789abcdef01234567";

async fn sandbox() -> TestSandbox {
    start_sandbox(sandbox_config("http://127.0.0.1:1/"), Clock::fixed(TUESDAY)).await
}

/// An account at `sandbox` beside the stage's own.
fn account(sandbox: &TestSandbox, more: &str) -> String {
    format!(
        r#"
[account.zenvia]
provider              = "zenvia"
base_url              = "http://{}/v2"
currency              = "USD"
timezone              = "UTC"
api_token             = "token"
webhook_secret        = "0123456789abcdef01234567"
webhook_header_secret = "header-secret"
{more}
[sender.mao]
account = "zenvia"
number  = "+5511955550199"
"#,
        sandbox.address
    )
}

async fn subscribed(sandbox: &TestSandbox) -> Vec<Value> {
    let request = sandbox.request(Method::GET, "/v2/subscriptions").header("X-API-TOKEN", "token");
    request.send().await.expect("an answer").json().await.expect("a list")
}

async fn switch_off(sandbox: &TestSandbox, id: &str) {
    let path = format!("/v2/subscriptions/{id}");
    let request = sandbox.request(Method::PATCH, &path).header("X-API-TOKEN", "token");
    let answer = request.json(&json!({"status": "INACTIVE"})).send().await.expect("an answer");
    assert!(answer.status().is_success());
}

#[tokio::test]
async fn a_subscription_that_stops_is_noticed_told_and_brought_back() {
    for store in stores().await {
        let sandbox = sandbox().await;
        let (ear, url) = Ear::listen().await;
        let more = format!("[alerts]\nwebhook = \"{url}\"\nwebhook_secret = \"{SECRET}\"\n{}", account(&sandbox, ""));
        let stage = Stage::with(&store, store.dir.path(), &more).await;
        let (tender, mut told) = (Tender::new(stage.engine.clone()), alerts(&stage.engine));
        assert_eq!(tender.step().await.unwrap(), 1);
        let made = subscribed(&sandbox).await;
        let events: BTreeSet<&str> = made.iter().map(|s| s["eventType"].as_str().unwrap()).collect();
        assert_eq!(events, BTreeSet::from(["MESSAGE", "MESSAGE_STATUS"]), "{}", store.name());
        for one in &made {
            assert_eq!(one["webhook"], json!({"url": WEBHOOK, "headers": {"x-recado-webhook": "header-secret"}}));
        }
        assert_eq!(tender.step().await.unwrap(), 0, "a minute has not passed");
        stage.later(LASTS, &mut told).await;
        assert_eq!(ear.said(), [], "one that was just made is no trouble");

        switch_off(&sandbox, made[0]["id"].as_str().unwrap()).await;
        stage.clock.advance(Duration::from_mins(2));
        assert_eq!(tender.step().await.unwrap(), 1);
        let look = subscriptions::last(&stage.engine, "zenvia").await.unwrap().unwrap();
        assert_eq!(look.worst, Some(SubscriptionState::Inactive));
        assert!(subscribed(&sandbox).await.iter().all(|s| s["status"] == "ACTIVE"), "brought back at once");
        stage.later(Duration::ZERO, &mut told).await;
        stage.later(LASTS, &mut told).await;
        assert_eq!(ear.said().last().unwrap(), &("alert.began".to_owned(), "webhook_ailing".to_owned()));

        stage.clock.advance(Duration::from_mins(2));
        tender.step().await.unwrap();
        stage.later(Duration::ZERO, &mut told).await;
        stage.later(LASTS, &mut told).await;
        assert_eq!(ear.said().last().unwrap(), &("alert.ended".to_owned(), "webhook_ailing".to_owned()));
    }
}

#[tokio::test]
async fn one_that_does_not_revive_is_made_anew_where_that_is_set() {
    let store = &stores().await[0];
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.zenvia.patch_revives = false;
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let stage = Stage::with(store, store.dir.path(), &account(&sandbox, "reactivate = \"replace\"")).await;
    let tender = Tender::new(stage.engine.clone());
    tender.step().await.unwrap();
    let before = subscribed(&sandbox).await;
    switch_off(&sandbox, before[0]["id"].as_str().unwrap()).await;
    stage.clock.advance(Duration::from_mins(2));
    tender.step().await.unwrap();
    let after = subscribed(&sandbox).await;
    assert!(after.len() == 2 && after.iter().all(|s| s["status"] == "ACTIVE"), "{after:?}");
    assert!(after.iter().all(|s| s["id"] != before[0]["id"]), "{after:?}");
}

#[tokio::test]
async fn subscriptions_that_a_person_keeps_are_never_made() {
    let store = &stores().await[0];
    let sandbox = sandbox().await;
    let stage = Stage::with(store, store.dir.path(), &account(&sandbox, "subscriptions = \"watch\"")).await;
    Tender::new(stage.engine.clone()).step().await.unwrap();
    assert!(subscribed(&sandbox).await.is_empty());
    let look = subscriptions::last(&stage.engine, "zenvia").await.unwrap().unwrap();
    assert_eq!(look.worst, Some(SubscriptionState::Missing));
}

#[tokio::test]
async fn every_account_and_sender_is_examined_with_what_to_do() {
    for store in stores().await {
        let sandbox = sandbox().await;
        let stage = Stage::with(&store, store.dir.path(), &account(&sandbox, "")).await;
        let verdict = json!({"name": "promo_verao", "language": "pt_BR", "status": "PAUSED"});
        sandbox.post("/_sandbox/template", &verdict).await;
        let reports = doctor::examine(&stage.engine, Some("zenvia")).await.unwrap();
        let [report] = reports.as_slice() else { panic!("{reports:?}") };
        let codes: Vec<(&str, &str, Verdict)> =
            report.findings.iter().map(|f| (f.aspect, f.code.as_str(), f.verdict)).collect();
        let expected = [
            ("credentials", "credentials_good", Verdict::Good),
            ("clock", "clock_good", Verdict::Good),
            ("currency", "currency_good", Verdict::Good),
            ("webhook", "webhook_unreachable", Verdict::Bad),
            ("subscription", "subscription_missing", Verdict::Bad),
            ("subscription", "subscription_missing", Verdict::Bad),
            ("templates", "templates_sendable", Verdict::Good),
            ("templates", "template_paused", Verdict::Poor),
        ];
        assert_eq!(codes, expected, "{}", store.name());
        let [sender] = report.senders.as_slice() else { panic!("{report:?}") };
        let codes: Vec<&str> = sender.findings.iter().map(|f| f.code.as_str()).collect();
        let expected = ["number_unknown", "standing_unknown", "quality_unknown", "throughput_good", "tier_unknown"];
        assert_eq!(codes, expected, "{}", store.name());
        assert_eq!(report.worst(), Verdict::Bad);
        for finding in report.findings.iter().chain(&sender.findings) {
            for language in recado::locale::Language::ALL {
                let told = finding.told(language);
                assert!(!told.message.contains('{') && !told.message.contains("doctor."), "{told:?}");
                assert_eq!(told.advice.is_some(), finding.verdict >= Verdict::Poor, "{told:?}");
                assert!(!told.message.contains("0123456789abcdef"), "the secret of an address is not shown: {told:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_provider_that_refuses_or_is_gone_is_told_with_what_to_do() {
    let store = &stores().await[0];
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.zenvia.signing_secret = Some("s3cret".into());
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let stage = Stage::with(store, store.dir.path(), &account(&sandbox, "")).await;
    let found = |reports: &[doctor::AccountReport]| -> Vec<String> {
        reports[0].findings.iter().map(|f| f.code.clone()).collect()
    };
    let refused = doctor::examine(&stage.engine, Some("zenvia")).await.unwrap();
    assert_eq!(found(&refused)[0], "credentials_refused");
    stage.stub.down();
    let gone = doctor::examine(&stage.engine, Some("meta")).await.unwrap();
    let codes = found(&gone);
    assert_eq!((codes[0].as_str(), codes[1].as_str()), ("credentials_unreachable_here", "clock_unknown"), "{codes:?}");
    let (told, port) = (gone[0].findings[0].told(Language::En), stage.stub.address().port().to_string());
    assert!(told.message.contains(&port) && !told.advice.unwrap().contains("https"), "{}", told.message);
}
