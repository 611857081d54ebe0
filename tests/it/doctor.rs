//! `recado doctor` as an operator runs it: the real binary, with and without a running daemon.

use std::process::Output;

use serde_json::Value;

use crate::rig::{Database, Rig, Setup};

/// The rig's one account and number.
const NUMBERS: &str = r#"
[[account]]
id     = "102290129340398"
tokens = ["any"]
[[account.number]]
id     = "106540352240000"
number = "+54 9 11 5555-0100"
"#;

async fn doctor(rig: &Rig, args: &[&str]) -> Output {
    let config = rig.config().display().to_string();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_recado"));
    command.args(["doctor", "--config", &config]).args(args).output().await.expect("the binary starts")
}

fn codes(found: &Value) -> Vec<&str> {
    found["findings"].as_array().expect("a list").iter().map(|f| f["code"].as_str().expect("a word")).collect()
}

fn aspects(found: &Value) -> Vec<&str> {
    found["findings"].as_array().expect("a list").iter().map(|f| f["aspect"].as_str().expect("a word")).collect()
}

#[tokio::test]
async fn doctor_reads_the_wallet_of_an_account_that_has_one() {
    let sandbox = ["--wallet", "3"].map(str::to_owned).to_vec();
    let rig = Rig::start(Setup { provider: "gupshup", sandbox, ..Setup::new(Database::Sqlite) }).await;
    let told: Value = serde_json::from_slice(&doctor(&rig, &["--json"]).await.stdout).expect("JSON");
    let account = &told["accounts"][0];
    assert!(aspects(account).contains(&"wallet") && codes(account).contains(&"wallet_low"), "{told}");
    let low = account["findings"].as_array().expect("a list").iter().find(|f| f["code"] == "wallet_low");
    let advice = low.and_then(|low| low["advice"].as_str());
    assert!(advice.is_some_and(|advice| advice.contains("Recharge")), "{told}");
}

#[tokio::test]
async fn doctor_says_that_the_clock_is_wrong_and_by_how_much() {
    let rig = Rig::start(Setup::new(Database::Sqlite)).await;
    for (ahead, code) in [(90, "clock_behind"), (-90, "clock_ahead"), (0, "clock_good")] {
        rig.sandbox_post("/_sandbox/clock", &serde_json::json!({ "ahead": ahead })).await;
        let told: Value = serde_json::from_slice(&doctor(&rig, &["--json"]).await.stdout).expect("JSON");
        let account = &told["accounts"][0];
        assert!(codes(account).contains(&code), "{ahead}: {told}");
        let clock = account["findings"].as_array().expect("a list").iter().find(|f| f["aspect"] == "clock");
        let clock = clock.expect("a line about the clock");
        assert_eq!(clock["verdict"], if ahead == 0 { "good" } else { "bad" }, "{clock}");
        assert_eq!(clock["advice"].is_string(), ahead != 0, "{clock}");
    }
}

#[tokio::test]
async fn doctor_says_what_is_so_with_and_without_a_daemon() {
    for provider in ["cloud_api", "zenvia"] {
        // A sandbox that knows its number as the configuration has it; Zenvia tells of none.
        let dir = tempfile::tempdir().expect("a directory");
        let known = dir.path().join("numbers.toml");
        std::fs::write(&known, NUMBERS).expect("written");
        let config = ["--config".to_owned(), known.display().to_string()].to_vec();
        let sandbox = if provider == "cloud_api" { config } else { Vec::new() };
        let mut rig = Rig::start(Setup { sandbox, provider, ..Setup::new(Database::Sqlite) }).await;
        let mut with = doctor(&rig, &["--json"]).await;
        // The subscriptions are made in the first second.
        for _ in 0..20 {
            if with.status.success() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            with = doctor(&rig, &["--json"]).await;
        }
        let text = String::from_utf8_lossy(&with.stdout).into_owned();
        assert_eq!(with.status.code(), Some(0), "{provider}: {text}{}", String::from_utf8_lossy(&with.stderr));
        let told: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&told["well"], &told["accounts"][0]["provider"]), (&true.into(), &provider.into()));
        for code in ["credentials_good", "webhook_good", "subscription_active", "currency_good", "clock_good"] {
            assert!(codes(&told["accounts"][0]).contains(&code), "{provider} {code}: {told}");
        }
        assert_eq!(told["accounts"][0]["senders"].as_array().map(Vec::len), Some(1), "{told}");
        // Everything that can be wrong is on one screen.
        let account = aspects(&told["accounts"][0]);
        for aspect in ["credentials", "webhook", "subscription", "templates", "currency", "clock"] {
            assert!(account.contains(&aspect), "{provider} {aspect}: {told}");
        }
        let sender = aspects(&told["accounts"][0]["senders"][0]);
        for aspect in ["number", "standing", "quality", "throughput", "tier"] {
            assert!(sender.contains(&aspect), "{provider} {aspect}: {told}");
        }
        assert!(rig.stop_daemon().await);
        let without = doctor(&rig, &[]).await;
        let text = String::from_utf8_lossy(&without.stdout).into_owned();
        assert_eq!(without.status.code(), Some(1), "{provider}: {text}");
        assert!(text.contains("Nothing answers at") && text.contains("→ Start the daemon"), "{text}");
        assert!(!text.contains("0123456789abcdef"), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_configuration_and_an_unknown_account_are_wrong_usage() {
    let rig = Rig::start(Setup::new(Database::Sqlite)).await;
    assert_eq!(doctor(&rig, &["--account", "nobody"]).await.status.code(), Some(2));
    let nowhere = tokio::process::Command::new(env!("CARGO_BIN_EXE_recado"))
        .args(["doctor", "--config", "/nowhere/recado.toml"])
        .output()
        .await
        .expect("the binary starts");
    assert_eq!(nowhere.status.code(), Some(2));
}

#[tokio::test]
async fn doctor_tells_the_node_of_a_daemon_on_postgresql_and_forgets_none_that_is_there() {
    let Some(database) = Database::postgres().await else { return };
    let more = "[sender.back]\naccount = \"meta\"\nphone_number_id = \"7\"\nnumber = \"+5491155550177\"\n".to_owned();
    let mut rig = Rig::start(Setup { more, ..Setup::new(database) }).await;
    let told =
        async |rig: &Rig| -> Value { serde_json::from_slice(&doctor(rig, &["--json"]).await.stdout).expect("JSON") };
    let mut found = told(&rig).await;
    // Its leases are taken in the first second.
    for _ in 0..20 {
        if found["nodes"][0]["senders"].as_array().is_some_and(|senders| senders.len() == 2) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        found = told(&rig).await;
    }
    let node = &found["nodes"][0];
    assert_eq!(
        (node["senders"].clone(), codes(node)),
        (serde_json::json!(["back", "front"]), vec!["node_here"]),
        "{found}"
    );
    let name = node["node"].as_str().expect("a name");
    let refused = doctor(&rig, &["--forget", name]).await;
    let text = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!((refused.status.code(), text.contains("stop it first")), (Some(1), true), "{text}");
    assert_eq!(doctor(&rig, &["--forget", "nobody"]).await.status.code(), Some(2));
    assert!(rig.stop_daemon().await);
    assert!(told(&rig).await["nodes"].is_null(), "it said goodbye");
}
