use std::num::NonZeroU32;
use std::time::Duration;

use recado::clock::Clock;
use recado::sandbox::Tier;
use serde_json::json;

use crate::support::sandbox::{SENDER, TUESDAY, quiet_sandbox, reminder, sandbox_config, start_sandbox};

const NOWHERE: &str = "http://127.0.0.1:1/";

#[tokio::test]
async fn more_than_the_throughput_is_130429() {
    let mut config = sandbox_config(NOWHERE);
    config.throughput = NonZeroU32::new(1).expect("not 0");
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let codes = burst(&sandbox, 3).await;
    assert!(codes.contains(&130_429), "{codes:?}");
    assert_eq!(codes[0], 0, "one second of burst");
}

async fn burst(sandbox: &crate::support::sandbox::TestSandbox, count: usize) -> Vec<i64> {
    let mut codes = Vec::new();
    for no in 0..count {
        let (_, answer) = sandbox.send(&reminder(&format!("+549115555{no:04}"), &format!("r1.test.{no}.1"))).await;
        codes.push(answer["error"]["code"].as_i64().unwrap_or_default());
    }
    codes
}

#[tokio::test]
async fn inbound_messages_count_in_the_throughput() {
    let mut config = sandbox_config(NOWHERE);
    config.throughput = NonZeroU32::new(2).expect("not 0");
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    sandbox.get(&format!("/{SENDER}")).await;
    for no in 0..4 {
        let wrote = json!({"from": format!("549115555010{no}"), "to": SENDER, "text": "Hola"});
        assert_eq!(sandbox.post("/_sandbox/reply", &wrote).await.0, 200);
    }
    assert_eq!(burst(&sandbox, 1).await, [130_429], "people have used up the second");
}

#[tokio::test]
async fn more_than_a_burst_of_45_to_one_person_is_131056() {
    let sandbox = quiet_sandbox().await;
    for no in 0..45 {
        let (status, answer) = sandbox.send(&reminder("+5491155550123", &format!("r1.test.{no}.1"))).await;
        assert_eq!(status, 200, "{no}: {answer}");
    }
    let (_, refused) = sandbox.send(&reminder("+541155550123", "r1.test.99.1")).await;
    assert_eq!(refused["error"]["code"], 131_056, "both ways of writing the number are one person");
    assert_eq!(sandbox.send(&reminder("+5491155550124", "r1.test.100.1")).await.0, 200, "others are not concerned");
}

#[tokio::test]
async fn the_tier_counts_people_reached_in_a_rolling_day_of_its_clock() {
    let mut config = sandbox_config(NOWHERE);
    config.tier = Tier::People(2);
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let send = async |last_four: &str, no: u32| {
        let body = reminder(&format!("+549115555{last_four}"), &format!("r1.test.{no}.1"));
        sandbox.send(&body).await.1["error"]["code"].as_i64().unwrap_or_default()
    };
    assert_eq!(send("0001", 1).await, 0);
    assert_eq!(send("9901", 2).await, 0);
    assert_eq!(send("0003", 3).await, 131_048, "two places are taken");
    assert_eq!(send("0001", 4).await, 0, "a person already reached costs nothing");
    sandbox.pass(30, 0);
    assert_eq!(send("0003", 5).await, 0, "a failure has freed its place");
    let wrote = json!({"from": "5491155550004", "to": SENDER, "text": "Hola"});
    sandbox.post("/_sandbox/reply", &wrote).await;
    assert_eq!(send("0004", 6).await, 0, "within the window the tier does not count");
    assert_eq!(send("0005", 7).await, 131_048);
    sandbox.clock.advance(Duration::from_hours(25));
    assert_eq!(send("0005", 8).await, 0, "a day later the places are free");
    assert_eq!(sandbox.stats().await["rejected"], json!({"131048": 2}));
}
