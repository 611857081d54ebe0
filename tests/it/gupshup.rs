//! Whole installations that send through Gupshup: real processes, a provider on this machine.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::rig::{Audience, Database, Folder, Rig, Setup, crash};

/// Until something has to have happened.
const PATIENCE: Duration = Duration::from_secs(50);

#[tokio::test]
async fn kills_and_lost_answers_at_gupshup_send_nothing_twice_and_what_can_be_settled_is() {
    let database = Database::both().await.swap_remove(0);
    let (kills, balance) = crash::crash_at_gupshup(database, 3).await;
    assert_eq!((kills, balance.duplicates), (3, 0), "{balance:?}");
    assert!(balance.lost.is_empty() && balance.wrong.is_empty(), "{balance:?}");
    assert_eq!(balance.settleable, 0, "taken, told of, and still in doubt: {balance:?}");
    assert!(balance.accepted > 300, "{balance:?}");
}

fn folder(name: &str, from: u32) -> Folder {
    let mut folder = Folder::new(name, "reminder", "front", Audience { people: 150, from });
    folder.of_known_template();
    folder
}

async fn until<T>(rig: &Rig, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} did not happen: {}", rig.log());
        sleep(Duration::from_millis(200)).await;
    }
}

async fn wallet_hold(rig: &Rig) -> Option<Value> {
    let holds = rig.get("/api/v1/holds").await;
    let mut holds = holds["items"].as_array().cloned().unwrap_or_default().into_iter();
    holds.find(|hold| hold["cause"] == "wallet")
}

async fn all_delivered(rig: &Rig, run: i64) -> Option<Value> {
    let told = rig.get(&format!("/api/v1/runs/{run}")).await;
    (told["state"] == "closed").then(|| told["states"].clone())
}

/// A run closes when all have arrived; who reads a moment later is counted later.
fn arrived(states: &Value) -> i64 {
    ["delivered", "read"].iter().filter_map(|state| states[*state].as_i64()).sum()
}

#[tokio::test]
async fn a_wallet_holds_the_account_before_it_runs_dry_and_what_failed_for_it_goes_again_after_the_recharge() {
    let database = Database::both().await.swap_remove(0);
    let more = "[account.gupshup.wire]\nrequests_per_second = 200\n".to_owned();
    let sandbox = ["--quiet", "--throughput", "200", "--wallet", "7"].map(str::to_owned).to_vec();
    let rig = Rig::start(Setup { provider: "gupshup", more, sandbox, ..Setup::new(database) }).await;

    let run = rig.start_campaign(&folder("low", 0)).await;
    let hold = until(&rig, "the hold of a low wallet", async || wallet_hold(&rig).await).await;
    assert_eq!(hold["ends"], "itself", "{hold}");
    let missing = async || rig.get(&format!("/api/v1/runs/{run}")).await["recharge"].as_str().map(str::to_owned);
    let missing = until(&rig, "the word on what is missing", missing).await;
    assert!(missing.starts_with("USD "), "{missing}");
    let wallet = rig.get("/api/v1/wallets").await["items"][0].clone();
    assert_eq!((wallet["account"].as_str(), wallet["currency"].as_str()), (Some("gupshup"), Some("USD")), "{wallet}");
    rig.sandbox_post("/_sandbox/wallet", &json!({"add": 30})).await;
    let states = until(&rig, "the end of the first run", async || all_delivered(&rig, run).await).await;
    assert_eq!(arrived(&states), 150, "nothing failed for want of money: {states}");

    let run = rig.start_campaign(&folder("dry", 5_000)).await;
    rig.sandbox_post("/_sandbox/wallet", &json!({"balance": 0.0})).await;
    let hold = until(&rig, "the hold of an empty wallet", async || wallet_hold(&rig).await).await;
    assert_eq!(hold["code"], 1_003, "{hold}");
    rig.sandbox_post("/_sandbox/wallet", &json!({"add": 60})).await;
    let states = until(&rig, "the end of the second run", async || all_delivered(&rig, run).await).await;
    assert_eq!(arrived(&states), 150, "what had failed for the wallet went again: {states}");
    let balance = rig.balance(&[run]).await;
    assert_eq!((balance.duplicates, balance.lost.len()), (0, 0), "{balance:?}");
}
