use serde_json::{Value, json};

use crate::support::sandbox::{ACCOUNT, SENDER, TestSandbox, quiet_sandbox, reminder};

fn template(no: usize) -> Value {
    reminder(&format!("+549115555{no:04}"), &format!("r1.test.{no}.1"))
}

/// A sandbox that knows the account and its number.
async fn known() -> TestSandbox {
    let sandbox = quiet_sandbox().await;
    sandbox.get(&format!("/{ACCOUNT}?fields=currency")).await;
    sandbox.get(&format!("/{SENDER}")).await;
    sandbox
}

/// What the webhook tells in `field`.
fn told(bodies: &[Value], field: &str) -> Vec<Value> {
    let entries = bodies.iter().flat_map(|body| body["entry"].as_array().unwrap());
    let changes = entries.flat_map(|entry| entry["changes"].as_array().unwrap());
    changes.filter(|change| change["field"] == field).map(|change| change["value"].clone()).collect()
}

#[tokio::test]
async fn an_account_is_restricted_for_a_while_and_the_webhook_tells() {
    let sandbox = known().await;
    let (status, done) = sandbox.post("/_sandbox/account", &json!({"standing": "restricted", "hours": 2})).await;
    assert_eq!((status, done), (200, json!({"accounts": [ACCOUNT]})));
    let (_, refused) = sandbox.send(&template(1)).await;
    assert_eq!(refused["error"]["code"], 368);
    let news = told(&sandbox.pass(1, 0), "account_update");
    assert_eq!(news[0]["event"], "ACCOUNT_RESTRICTION");
    assert_eq!(news[0]["restriction_info"][0]["restriction_type"], "RESTRICTED_BIZ_INITIATED_MESSAGING");
    assert_eq!(news[0]["restriction_info"][0]["expiration"], 1_795_514_400 + 2 * 3_600);
    sandbox.pass(1, 2);
    assert_eq!(sandbox.send(&template(1)).await.0, 200, "it ends by itself");
}

#[tokio::test]
async fn accounts_are_switched_off_locked_or_not_paid_for_until_they_are_freed() {
    let sandbox = known().await;
    for (no, (standing, code)) in [("disabled", 368), ("locked", 131_031), ("unpaid", 131_042)].into_iter().enumerate()
    {
        sandbox.post("/_sandbox/account", &json!({"account": ACCOUNT, "standing": standing})).await;
        assert_eq!(sandbox.send(&template(no)).await.1["error"]["code"], code, "{standing}");
        sandbox.post("/_sandbox/account", &json!({"account": ACCOUNT, "standing": "ok"})).await;
        assert_eq!(sandbox.send(&template(no)).await.0, 200, "{standing}");
    }
    sandbox.post("/_sandbox/account", &json!({"standing": "violation"})).await;
    assert_eq!(sandbox.send(&template(9)).await.0, 200, "a warning refuses nothing");
    let events: Vec<Value> =
        told(&sandbox.pass(1, 0), "account_update").into_iter().map(|v| v["event"].clone()).collect();
    assert_eq!(events.len(), 5, "{events:?}");
    assert_eq!(events[4], "ACCOUNT_VIOLATION");
}

#[tokio::test]
async fn a_number_that_many_people_block_is_refused_its_templates() {
    let sandbox = known().await;
    let (status, done) = sandbox.post("/_sandbox/number", &json!({"number": SENDER, "spam": true})).await;
    assert_eq!((status, &done["number"]), (200, &json!(SENDER)));
    assert_eq!(sandbox.send(&template(1)).await.1["error"]["code"], 131_048);
    sandbox.post("/_sandbox/number", &json!({"number": SENDER, "spam": false})).await;
    assert_eq!(sandbox.send(&template(1)).await.0, 200);
}

#[tokio::test]
async fn a_tier_changes_while_it_runs_and_countries_are_closed() {
    let sandbox = known().await;
    sandbox.post("/_sandbox/account", &json!({"tier": "1", "closed": ["55"]})).await;
    assert_eq!(
        told(&sandbox.pass(1, 0), "business_capability_update")[0]["max_daily_conversations_per_business"],
        "TIER_1"
    );
    let node = sandbox.get(&format!("/{SENDER}?fields=whatsapp_business_manager_messaging_limit")).await.1;
    assert_eq!(node["whatsapp_business_manager_messaging_limit"], "TIER_1");
    assert_eq!(sandbox.send(&template(1)).await.0, 200);
    assert_eq!(sandbox.send(&template(2)).await.1["error"]["code"], 131_048, "one person a day");
    let brazil = reminder("+5511955550123", "r1.test.3.1");
    assert_eq!(sandbox.send(&brazil).await.1["error"]["code"], 130_497);
}

#[tokio::test]
async fn a_number_is_flagged_and_given_more_throughput() {
    let sandbox = known().await;
    sandbox.post("/_sandbox/number", &json!({"number": SENDER, "status": "FLAGGED", "quality": "RED"})).await;
    let node = sandbox.get(&format!("/{SENDER}?fields=status,quality_rating")).await.1;
    assert_eq!((&node["status"], &node["quality_rating"]), (&json!("FLAGGED"), &json!("RED")));
    sandbox.post("/_sandbox/number", &json!({"number": SENDER, "status": "CONNECTED", "throughput": 1000})).await;
    let node = sandbox.get(&format!("/{SENDER}?fields=throughput")).await.1;
    assert_eq!(node["throughput"]["level"], "HIGH");
    let events: Vec<Value> =
        told(&sandbox.pass(1, 0), "phone_number_quality_update").into_iter().map(|v| v["event"].clone()).collect();
    assert_eq!(events, ["FLAGGED", "THROUGHPUT_UPGRADE"]);
}

#[tokio::test]
async fn a_template_is_billed_as_something_else() {
    let sandbox = known().await;
    let wish = json!({"name": "appointment_reminder", "language": "es_AR", "category": "MARKETING"});
    assert_eq!(sandbox.post("/_sandbox/template", &wish).await.1["category"], "MARKETING");
    let news = told(&sandbox.pass(1, 0), "template_category_update");
    assert_eq!((&news[0]["previous_category"], &news[0]["new_category"]), (&json!("UTILITY"), &json!("MARKETING")));
}

#[tokio::test]
async fn what_makes_no_sense_is_400() {
    let sandbox = known().await;
    for (path, wish) in [
        ("account", json!({"standing": "happy"})),
        ("account", json!({"account": "1", "standing": "ok"})),
        ("account", json!({"tier": "-1"})),
        ("number", json!({"number": "1"})),
        ("number", json!({})),
        ("template", json!({"name": "appointment_reminder", "language": "es_AR"})),
        ("template", json!({"name": "appointment_reminder", "language": "es_AR", "category": "FREE"})),
    ] {
        assert_eq!(sandbox.post(&format!("/_sandbox/{path}"), &wish).await.0, 400, "{path} {wish}");
    }
}

#[tokio::test]
async fn templates_are_held_for_review_and_released_or_dropped() {
    let sandbox = known().await;
    for (wrong, why) in [(json!({"share": 2}), "from 0 to 1"), (json!({"shares": 1}), "unknown field")] {
        let (status, said) = sandbox.post("/_sandbox/review", &wrong).await;
        assert!(status == 400 && said["error"].as_str().unwrap().contains(why), "{said}");
    }
    for (no, dropped, fate) in [(1, 0.0, "read"), (2, 1.0, "failed")] {
        sandbox.post("/_sandbox/review", &json!({"share": 1.0, "dropped": dropped, "minutes": 60})).await;
        let (_, answer) = sandbox.send(&template(no)).await;
        assert_eq!(answer["messages"][0]["message_status"], "held_for_quality_assessment");
        assert!(told(&sandbox.pass(30, 0), "messages").is_empty(), "it is looked at");
        sandbox.pass(30, 1);
        (0..4).for_each(|_| drop(sandbox.pass(30, 0)));
        let kept = sandbox.get("/_sandbox/messages").await.1["data"][no - 1].clone();
        assert_eq!(kept["fate"], fate, "{kept}");
        assert_eq!(kept["code"] == 132_015, fate == "failed", "{kept}");
    }
    sandbox.post("/_sandbox/review", &json!({})).await;
    assert_eq!(sandbox.send(&template(3)).await.1["messages"][0]["message_status"], "accepted");
}
