use std::collections::BTreeMap;

use recado::clock::Clock;
use recado::sandbox::People;
use serde_json::{Value, json};

use crate::support::sandbox::{
    SENDER, TUESDAY, TestSandbox, fate, items, quiet_sandbox, reminder, sandbox_config, start_sandbox,
};

async fn send_to(sandbox: &TestSandbox, last_four: &str) -> Vec<Value> {
    let (status, answer) = sandbox.send(&reminder(&format!("+549115555{last_four}"), "r1.test.1.1")).await;
    assert_eq!(status, 200, "{answer}");
    sandbox.pass_all()
}

#[tokio::test]
async fn numbers_of_people_who_cannot_be_reached_fail_with_their_code() {
    for (last_four, code) in [("9901", 131_026), ("9902", 131_049), ("9903", 130_472), ("9904", 131_050)] {
        let sandbox = quiet_sandbox().await;
        let bodies = send_to(&sandbox, last_four).await;
        let statuses = items(&bodies, "statuses");
        assert_eq!(statuses.len(), 1, "{last_four}");
        assert_eq!((&statuses[0]["status"], &statuses[0]["errors"][0]["code"]), (&json!("failed"), &json!(code)));
        assert_eq!(statuses[0].get("recipient_user_id"), None);
        assert_eq!(statuses[0].get("pricing"), None);
        assert!(items(&bodies, "contacts").is_empty(), "a failed status has no contacts");
        let (_, listed) = sandbox.get("/_sandbox/messages").await;
        assert_eq!((&listed["data"][0]["fate"], &listed["data"][0]["code"]), (&json!("failed"), &json!(code)));
    }
}

#[tokio::test]
async fn a_phone_that_is_off_is_sent_to_and_that_is_all() {
    assert_eq!(fate(&send_to(&quiet_sandbox().await, "9905").await, "r1.test.1.1"), ["sent"]);
}

#[tokio::test]
async fn a_message_can_be_read_without_a_word_of_its_delivery() {
    let bodies = send_to(&quiet_sandbox().await, "9906").await;
    assert_eq!(fate(&bodies, "r1.test.1.1"), ["sent", "read"]);
    assert_eq!(
        items(&bodies, "statuses")[1]["pricing"]["category"],
        "utility",
        "then the read status carries the price"
    );
}

#[tokio::test]
async fn people_answer_by_text_button_opt_out_or_voice_and_quote_the_message() {
    for (last_four, kind) in [("9907", "text"), ("9908", "button"), ("9909", "text"), ("9910", "audio")] {
        let sandbox = quiet_sandbox().await;
        let bodies = send_to(&sandbox, last_four).await;
        assert_eq!(fate(&bodies, "r1.test.1.1"), ["sent", "delivered", "read"], "{last_four}");
        let wamid = items(&bodies, "statuses")[0]["id"].clone();
        let answers = items(&bodies, "messages");
        assert_eq!(answers.len(), 1, "{last_four}");
        let answer = &answers[0];
        assert_eq!((&answer["type"], &answer["from"]), (&json!(kind), &json!(format!("549115555{last_four}"))));
        assert_eq!(answer["context"]["id"], wamid, "{last_four}");
        match last_four {
            "9908" => assert_eq!(answer["button"], json!({"text": "Confirmo", "payload": "r1.test.1.1.yes"})),
            "9909" => {
                assert!(
                    ["BAJA", "No me manden más mensajes"].contains(&answer["text"]["body"].as_str().expect("text"))
                );
            }
            "9910" => assert_eq!(answer["audio"]["voice"], true),
            _ => assert!(!answer["text"]["body"].as_str().expect("text").is_empty()),
        }
    }
}

#[tokio::test]
async fn quiet_people_receive_and_read_and_nothing_else() {
    let sandbox = quiet_sandbox().await;
    for no in 0..50 {
        sandbox.send(&reminder(&format!("+549115556{no:04}"), &format!("r1.test.{no}.1"))).await;
    }
    let bodies = sandbox.pass_all();
    for no in 0..50 {
        assert_eq!(fate(&bodies, &format!("r1.test.{no}.1")), ["sent", "delivered", "read"]);
    }
    assert!(items(&bodies, "messages").is_empty());
}

async fn lifelike(seed: u64) -> (BTreeMap<String, u32>, BTreeMap<String, u32>) {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.people = People::lifelike();
    config.throughput = std::num::NonZeroU32::new(10_000).expect("not 0");
    config.seed = seed;
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    for no in 0..600 {
        sandbox.send(&reminder(&format!("+549115556{no:04}"), &format!("r1.test.{no}.1"))).await;
    }
    let bodies = sandbox.pass_all();
    let (mut ends, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    let mut last_words = BTreeMap::new();
    for status in items(&bodies, "statuses") {
        last_words.insert(status["biz_opaque_callback_data"].to_string(), status["status"].clone());
    }
    for word in last_words.into_values() {
        *ends.entry(word.as_str().expect("a word").to_owned()).or_default() += 1;
    }
    for message in items(&bodies, "messages") {
        *kinds.entry(message["type"].as_str().expect("a type").to_owned()).or_default() += 1;
    }
    (ends, kinds)
}

#[tokio::test]
async fn by_chance_most_receive_many_read_some_answer_and_nobody_is_left_without_an_end() {
    let (ends, kinds) = lifelike(7).await;
    let of = |word: &str| ends.get(word).copied().unwrap_or_default();
    assert_eq!(of("delivered") + of("read") + of("failed"), 600, "{ends:?}");
    assert!(of("read") > 350 && of("delivered") > 50 && (1..60).contains(&of("failed")), "{ends:?}");
    assert!(kinds.get("button").is_some_and(|n| *n > 100) && kinds.contains_key("text"), "{kinds:?}");
    assert_eq!(lifelike(7).await, (ends, kinds), "the same seed, the same people");
}

#[tokio::test]
async fn reading_takes_minutes_to_hours_of_the_clock_and_delivery_real_seconds() {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.people = People { reads: 1.0, not_on_whatsapp: 0.0, late: 0.0, ..People::lifelike() };
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    sandbox.send(&reminder("+5491155550123", "r1.test.1.1")).await;
    let mut bodies = sandbox.pass(3, 0);
    assert_eq!(fate(&bodies, "r1.test.1.1"), ["sent"]);
    bodies.extend(sandbox.pass(10, 0));
    assert_eq!(fate(&bodies, "r1.test.1.1"), ["sent", "delivered"]);
    bodies.extend(sandbox.pass(60, 0));
    assert_eq!(fate(&bodies, "r1.test.1.1").len(), 2, "however many real seconds pass");
    bodies.extend(sandbox.pass(0, 3));
    assert_eq!(fate(&bodies, "r1.test.1.1")[2], "read");
}

#[tokio::test]
async fn who_stops_marketing_in_the_app_gets_none_of_it_afterwards() {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.people = People { opts_out: 1.0, ..People::quiet() };
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let promo = |no: u32, round: u32| {
        json!({"messaging_product": "whatsapp", "to": format!("+551195555{no:04}"), "type": "template",
            "biz_opaque_callback_data": format!("r1.test.{round}{no:04}.1"),
            "template": {"name": "promo_verao", "language": {"code": "pt_BR"}, "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "20%"}]},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "V20"}]}]}})
    };
    for no in 0..20 {
        sandbox.send(&promo(no, 1)).await;
    }
    let bodies = sandbox.pass_all();
    let stops = items(&bodies, "user_preferences");
    assert!(!stops.is_empty() && stops.len() < 20, "some in the app, some in words");
    assert!(stops.iter().all(|s| s["value"] == "stop" && s["timestamp"].is_i64()));
    for no in 0..20 {
        sandbox.send(&promo(no, 2)).await;
    }
    let failed = items(&sandbox.pass_all(), "statuses").into_iter().filter(|s| s["errors"][0]["code"] == 131_050);
    assert_eq!(failed.count(), stops.len());
    assert_eq!(sandbox.get(&format!("/{SENDER}")).await.0, 200);
}
