//! `recado doctor` as an operator runs it: the real binary, with and without a running daemon.

use std::process::Output;

use serde_json::Value;

use crate::rig::{Database, Rig, Setup};

async fn doctor(rig: &Rig, args: &[&str]) -> Output {
    let config = rig.config().display().to_string();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_recado"));
    command.args(["doctor", "--config", &config]).args(args).output().await.expect("the binary starts")
}

fn codes(found: &Value) -> Vec<&str> {
    found["findings"].as_array().expect("a list").iter().map(|f| f["code"].as_str().expect("a word")).collect()
}

#[tokio::test]
async fn doctor_says_what_is_so_with_and_without_a_daemon() {
    for provider in ["cloud_api", "zenvia"] {
        let mut rig = Rig::start(Setup { provider, ..Setup::new(Database::Sqlite) }).await;
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
