use serde_json::json;

use crate::support::sandbox::{SENDER, items, quiet_sandbox, reminder};

#[tokio::test]
async fn the_stats_count_messages_and_duplicates_by_callback_data_without_its_attempt() {
    let sandbox = quiet_sandbox().await;
    let nothing = json!({"accepted": 0, "unique": 0, "duplicates": 0, "rejected": {}, "webhooks": {"sent": 0, "failed": 0, "retried": 0}});
    assert_eq!(sandbox.stats().await, nothing);
    let counts = async || {
        let stats = sandbox.stats().await;
        ["accepted", "unique", "duplicates"].map(|key| stats[key].as_u64().expect("a count"))
    };
    sandbox.send(&reminder("+5491155550001", "r1.test.1.1")).await;
    sandbox.send(&reminder("+5491155550002", "r1.test.2.1")).await;
    assert_eq!(counts().await, [2, 2, 0]);
    sandbox.send(&reminder("+5491155550001", "r1.test.1.2")).await;
    assert_eq!(counts().await, [3, 2, 1], "a second attempt of message 1 while the first lives");

    sandbox.send(&reminder("+5491155559901", "r1.test.3.1")).await;
    sandbox.pass(30, 0);
    sandbox.send(&reminder("+5491155559901", "r1.test.3.2")).await;
    assert_eq!(counts().await, [5, 3, 1], "a second attempt after the first has failed is none");
    sandbox.send(&reminder("+5491155559901", "r1.test.3.3")).await;
    assert_eq!(counts().await, [6, 3, 2], "the second has not failed yet");
    sandbox.send(&reminder("+5491155550001", "r1.other.1.1")).await;
    assert_eq!(counts().await, [7, 4, 2], "another installation's message is another message");
}

#[tokio::test]
async fn accepted_sends_are_listed_with_what_was_sent() {
    let sandbox = quiet_sandbox().await;
    sandbox.send(&reminder("+54 9 11 5555-0001", "r1.test.1.1")).await;
    sandbox.pass_all();
    let (_, listed) = sandbox.get("/_sandbox/messages").await;
    let message = &listed["data"][0];
    assert_eq!(message["to"], "+54 9 11 5555-0001");
    assert_eq!(
        (&message["sender"], &message["callback_data"], &message["fate"]),
        (&json!(SENDER), &json!("r1.test.1.1"), &json!("read"))
    );
    assert_eq!(message["template"], json!({"name": "appointment_reminder", "language": "es_AR"}));
    assert_eq!(message["params"][0]["parameters"][1]["text"], "Laboratorio Norte");
    assert_eq!(message["time"], "2026-11-24T10:00:00Z");
    for key in ["id", "account"] {
        assert!(message[key].is_string(), "{key}");
    }
    assert_eq!(sandbox.get("/_sandbox/messages?cursor=1").await.1, json!({"data": [], "next": null}));
    assert_eq!(sandbox.get("/_sandbox/messages?cursor=x").await.0, 400);
}

#[tokio::test]
async fn words_can_be_put_into_a_persons_mouth() {
    let sandbox = quiet_sandbox().await;
    let (_, sent) = sandbox.send(&reminder("+5491155550001", "r1.test.1.1")).await;
    let wamid = &sent["messages"][0]["id"];
    let (_, number) = sandbox.get(&format!("/{SENDER}?fields=display_phone_number")).await;
    sandbox.pass_all();
    for (speech, kind) in [
        (json!({"from": "5491155550001", "to": SENDER, "text": "Confirmo"}), "text"),
        (json!({"from": "+5491155550001", "to": number["display_phone_number"], "button": 1}), "button"),
        (json!({"from": "5491155550001", "to": SENDER, "audio": true, "quoted": wamid}), "audio"),
    ] {
        let (status, said) = sandbox.post("/_sandbox/reply", &speech).await;
        assert_eq!(status, 200, "{said}");
        let messages = items(&sandbox.pass(1, 0), "messages");
        assert_eq!((messages.len(), &messages[0]["type"], &messages[0]["id"]), (1, &json!(kind), &said["id"]));
        match kind {
            "text" => assert_eq!(messages[0].get("context"), None),
            _ => assert_eq!(&messages[0]["context"]["id"], wamid),
        }
        if kind == "button" {
            assert_eq!(messages[0]["button"], json!({"text": "Cancelar", "payload": "r1.test.1.1.no"}));
        }
    }
}

#[tokio::test]
async fn a_reply_that_makes_no_sense_is_400() {
    let sandbox = quiet_sandbox().await;
    sandbox.send(&reminder("+5491155550001", "r1.test.1.1")).await;
    for speech in [
        json!({"from": "5491155550001", "to": SENDER}),
        json!({"from": "5491155550001", "to": SENDER, "text": "a", "button": 0}),
        json!({"from": "5491155550001", "to": "999", "text": "a"}),
        json!({"from": "nobody", "to": SENDER, "text": "a"}),
        json!({"from": "5491155550002", "to": SENDER, "button": 0}),
        json!({"from": "5491155550001", "to": SENDER, "button": 2}),
        json!({"from": "5491155550001", "to": SENDER, "text": "a", "mood": "good"}),
    ] {
        assert_eq!(sandbox.post("/_sandbox/reply", &speech).await.0, 400, "{speech}");
    }
}
