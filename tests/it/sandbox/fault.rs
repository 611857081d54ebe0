use std::time::Duration;

use serde_json::json;

use crate::support::sandbox::{SENDER, TestSandbox, quiet_sandbox, reminder};

async fn with_fault(kind: &str, when: &str) -> TestSandbox {
    let sandbox = quiet_sandbox().await;
    let fault = json!({"kind": kind, "rate": 1.0, "when": when});
    assert_eq!(sandbox.post("/_sandbox/faults", &fault).await.0, 200, "{kind} {when}");
    sandbox
}

/// Status and text of the answer, or `None` when there was none within a second.
async fn try_send(sandbox: &TestSandbox) -> Option<(u16, String)> {
    let path = format!("/v26.0/{SENDER}/messages");
    let request = sandbox.request(reqwest::Method::POST, &path).json(&reminder("+5491155550123", "r1.test.1.1"));
    let answer = request.timeout(Duration::from_secs(1)).send().await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

#[tokio::test]
async fn each_fault_strikes_before_or_after_acceptance() {
    for kind in ["lost_answer", "reset", "server_error", "html", "slow", "truncated"] {
        for (when, accepted) in [("before", 0), ("after", 1)] {
            let sandbox = with_fault(kind, when).await;
            let answer = try_send(&sandbox).await;
            match kind {
                "lost_answer" | "reset" | "slow" => assert_eq!(answer, None, "{kind} {when}"),
                "server_error" => {
                    let (status, text) = answer.expect("an answer");
                    assert!(status == 500 && text.contains("131000"), "{text}");
                }
                "html" => {
                    let (status, text) = answer.expect("an answer");
                    assert!(status == 502 && text.starts_with("<html>"), "{text}");
                }
                _ => {
                    let (_, text) = answer.expect("an answer");
                    assert!(serde_json::from_str::<serde_json::Value>(&text).is_err(), "{text}");
                }
            }
            assert_eq!(sandbox.stats().await["accepted"], accepted, "{kind} {when}");
        }
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_lost_answer_an_end() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for (kind, is_reset) in [("reset", true), ("lost_answer", false)] {
        let sandbox = with_fault(kind, "after").await;
        let body = reminder("+5491155550123", "r1.test.1.1").to_string();
        let request = format!(
            "POST /{SENDER}/messages HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer token\r\nContent-Length: {}\r\n\r\n{body}",
            sandbox.address,
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(sandbox.address).await.expect("connected");
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer).await;
        assert_eq!(read.is_err(), is_reset, "{kind}: {read:?}");
        assert!(answer.is_empty(), "{kind}");
    }
}

#[tokio::test]
async fn a_throttled_send_is_never_accepted() {
    for when in ["before", "after"] {
        let sandbox = with_fault("throttle", when).await;
        let (status, text) = try_send(&sandbox).await.expect("an answer");
        assert!(status == 400 && text.contains("130429"), "{text}");
        let counts = sandbox.stats().await;
        assert_eq!((&counts["accepted"], &counts["rejected"]), (&json!(0), &json!({"130429": 1})));
    }
}

#[tokio::test]
async fn an_error_under_a_good_status_is_never_accepted() {
    for when in ["before", "after"] {
        let sandbox = with_fault("good_error", when).await;
        let (status, text) = try_send(&sandbox).await.expect("an answer");
        assert!(status == 200 && text.contains("\"error\"") && text.contains("131009"), "{status} {text}");
        assert_eq!(sandbox.stats().await["accepted"], 0, "{when}");
    }
}

#[tokio::test]
async fn faults_end_when_they_are_cleared() {
    let sandbox = with_fault("server_error", "after").await;
    assert_eq!(sandbox.delete("/_sandbox/faults").await.0, 200);
    assert_eq!(try_send(&sandbox).await.expect("an answer").0, 200);
}

#[tokio::test]
async fn an_unknown_fault_is_400() {
    let sandbox = quiet_sandbox().await;
    for fault in [
        json!({"kind": "earthquake", "rate": 0.1, "when": "after"}),
        json!({"kind": "reset", "rate": 1.1, "when": "after"}),
        json!({"kind": "reset", "rate": -0.1, "when": "after"}),
        json!({"kind": "reset", "rate": 0.1, "when": "sometimes"}),
        json!({"kind": "reset", "rate": 0.1, "when": "after", "colour": "red"}),
        json!({"kind": "reset"}),
    ] {
        assert_eq!(sandbox.post("/_sandbox/faults", &fault).await.0, 400, "{fault}");
    }
}

#[tokio::test]
async fn a_rate_hits_that_share_of_the_sends() {
    let sandbox = quiet_sandbox().await;
    let fault = json!({"kind": "server_error", "rate": 0.3, "when": "before"});
    sandbox.post("/_sandbox/faults", &fault).await;
    for no in 0..70 {
        sandbox.send(&reminder(&format!("+549115555{no:04}"), &format!("r1.test.{no}.1"))).await;
    }
    let accepted = sandbox.stats().await["accepted"].as_u64().expect("a count");
    assert!((35..=62).contains(&accepted), "{accepted}");
}
