use std::time::Duration;

use axum::http::StatusCode;
use recado::clock::Clock;
use recado::sandbox::{Delivery, sign};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::sandbox::{
    ACCOUNT, APP_SECRET, Receiver, SENDER, TUESDAY, TestSandbox, fate, items, quiet_sandbox, reminder, sandbox_config,
    start_sandbox,
};

#[tokio::test]
async fn webhooks_are_signed_over_their_raw_bytes_and_escaped() {
    let receiver = Receiver::start().await;
    let sandbox = start_sandbox(sandbox_config(&receiver.url), Clock::fixed(TUESDAY)).await;
    sandbox.get(&format!("/{ACCOUNT}")).await;
    sandbox.get(&format!("/{SENDER}?fields=display_phone_number")).await;
    sandbox.deliver();
    let wrote = json!({"from": "5491155550123", "to": SENDER, "text": "¿Mañana a las 9? 👍"});
    assert_eq!(sandbox.post("/_sandbox/reply", &wrote).await.0, 200);
    let posts = receiver.wait_for(1).await;
    let post = &posts[0];
    assert_eq!(post.signature, sign(APP_SECRET, &post.body));
    assert!(post.body.is_ascii(), "letters beyond ASCII travel as \\u escapes");
    let body: Value = serde_json::from_slice(&post.body).expect("JSON");
    assert_ne!(post.signature, sign(APP_SECRET, body.to_string().as_bytes()), "written again it is other bytes");
    let value = &body["entry"][0]["changes"][0]["value"];
    assert_eq!((&body["entry"][0]["id"], &value["metadata"]["phone_number_id"]), (&json!(ACCOUNT), &json!(SENDER)));
    assert_eq!(value["messages"][0]["text"]["body"], "¿Mañana a las 9? 👍");
    assert_eq!(value["contacts"][0]["wa_id"], "5491155550123");
    assert!(value["messages"][0]["timestamp"].is_string());
    let handshake = receiver.handshakes();
    assert!(handshake[0].contains("hub.mode=subscribe") && handshake[0].contains("hub.challenge="), "{handshake:?}");
}

#[tokio::test]
async fn a_webhook_not_answered_with_200_comes_again_after_one_second_and_then_two() {
    let receiver = Receiver::start().await;
    receiver.answer(StatusCode::NO_CONTENT);
    let sandbox = start_sandbox(sandbox_config(&receiver.url), Clock::fixed(TUESDAY)).await;
    sandbox.get(&format!("/{SENDER}")).await;
    sandbox.post("/_sandbox/reply", &json!({"from": "5491155550123", "to": SENDER, "text": "Hola"})).await;
    let begin = Instant::now();
    for (after, count) in [(0, 1), (900, 0), (1_200, 1), (1_300, 0), (3_300, 1), (3_400, 0)] {
        let posts = sandbox.sandbox.step(begin + Duration::from_millis(after), TUESDAY, 10);
        assert_eq!(posts.len(), count, "after {after} ms");
        for post in posts {
            sandbox.sandbox.post(post).await;
        }
    }
    let came = receiver.received();
    assert!(came.windows(2).all(|w| w[0].body == w[1].body), "the same bytes each time");
    assert_eq!(sandbox.stats().await["webhooks"], json!({"sent": 0, "failed": 3, "retried": 2}));
    sandbox.clock.advance(Duration::from_hours(7 * 24));
    for post in sandbox.sandbox.step(begin + Duration::from_mins(1), sandbox.clock.now(), 10) {
        sandbox.sandbox.post(post).await;
    }
    let later = sandbox.sandbox.step(begin + Duration::from_hours(1), sandbox.clock.now(), 10);
    assert!(later.is_empty(), "after seven days of its clock it is lost");
}

async fn send_many(sandbox: &TestSandbox, count: usize) {
    for no in 0..count {
        let (status, answer) = sandbox.send(&reminder(&format!("+549115556{no:04}"), &format!("r1.test.{no}.1"))).await;
        assert_eq!(status, 200, "{answer}");
    }
}

#[tokio::test]
async fn updates_travel_in_batches_out_of_order_and_sometimes_twice() {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.delivery = Delivery { batch: 10, duplicates: 0.05, late: 0.1, early: 0.0, missing_ids: 0.0, off: false };
    config.throughput = std::num::NonZeroU32::new(10_000).expect("not 0");
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    send_many(&sandbox, 300).await;
    let bodies = sandbox.pass_all();
    let sizes: Vec<usize> = bodies.iter().map(|b| items(std::slice::from_ref(b), "statuses").len()).collect();
    assert!(sizes.iter().all(|n| (1..=10).contains(n)) && sizes.iter().any(|n| *n > 1), "{sizes:?}");
    let statuses = items(&bodies, "statuses");
    assert!(statuses.len() >= 909, "at least 1 % come twice: {}", statuses.len());
    let fates: Vec<_> = (0..300).map(|no| fate(&bodies, &format!("r1.test.{no}.1"))).collect();
    let all_told = |f: &Vec<String>| ["sent", "delivered", "read"].iter().all(|w| f.iter().any(|s| s == w));
    assert!(fates.iter().all(all_told), "none is lost");
    assert!(fates.iter().any(|f| f[0] != "sent"), "some overtake others");
}

#[tokio::test]
async fn the_price_is_on_delivered_and_sometimes_missing_from_sent() {
    let sandbox = quiet_sandbox().await;
    send_many(&sandbox, 60).await;
    let statuses = items(&sandbox.pass_all(), "statuses");
    let priced = |word: &str| {
        let of_word: Vec<&Value> = statuses.iter().filter(|s| s["status"] == word).collect();
        (of_word.iter().filter(|s| s.get("pricing").is_some()).count(), of_word.len())
    };
    assert_eq!(priced("delivered"), (60, 60));
    assert_eq!(priced("read"), (0, 60));
    let (with, all) = priced("sent");
    assert!(with > 0 && with < all, "{with} of {all}");
    let price = json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"});
    assert!(statuses.iter().all(|s| s.get("pricing").is_none_or(|p| *p == price)));
    assert!(statuses.iter().all(|s| s.get("conversation").is_none()));
}

#[tokio::test]
async fn a_status_can_come_before_the_answer_to_the_send() {
    let receiver = Receiver::start().await;
    let mut config = sandbox_config(&receiver.url);
    config.delivery.early = 1.0;
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    sandbox.deliver();
    // The handshake costs the first webhook some time; from then on none is needed.
    sandbox.get(&format!("/{SENDER}")).await;
    sandbox.post("/_sandbox/reply", &json!({"from": "5491155550123", "to": SENDER, "text": "Hola"})).await;
    receiver.wait_for(1).await;
    let mut overtaken = 0;
    for no in 0..5 {
        let (_, answer) = sandbox.send(&reminder(&format!("+549115555020{no}"), &format!("r1.test.{no}.1"))).await;
        let answered_at = Instant::now();
        let id = answer["messages"][0]["id"].as_str().expect("an id").to_owned();
        let told = |p: &crate::support::sandbox::Received| {
            let body: Value = serde_json::from_slice(&p.body).expect("JSON");
            p.at < answered_at && items(&[body], "statuses").iter().any(|s| s["id"] == id.as_str())
        };
        overtaken += usize::from(receiver.received().iter().any(told));
    }
    assert!(overtaken > 0);
}
