//! Somebody else's client library for the Cloud API (pywa) against the sandbox, only its base address changed: what it
//! sends is understood, what it gets it understands, and the signed webhooks are what it expects.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use recado::clock::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Where `tests/setup` puts the library.
const PYTHON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/pywa/bin/python");

/// A slow machine gets more than the few seconds it takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// The interpreter that has the library. Under CI a missing one is a failure; elsewhere the test says so and is left out.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is told what was left out")]
fn python() -> Option<PathBuf> {
    let path = Path::new(PYTHON);
    if path.exists() {
        return Some(path.to_owned());
    }
    assert!(std::env::var("CI").is_err(), "{PYTHON} is missing: run `make test`");
    eprintln!("left out: {PYTHON} is missing; tests/setup installs it");
    None
}

fn started(mut command: Command) -> (Child, tokio::io::Lines<BufReader<tokio::process::ChildStdout>>) {
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    (child, lines)
}

async fn talk(python: &Path) -> Value {
    let mut command = Command::new(python);
    command.arg("tests/client/cloud_api.py").stdin(Stdio::piped()).stderr(Stdio::piped());
    let (mut client, mut told) = started(command);
    let webhook = told.next_line().await.expect("read").expect("its webhook's address");
    // Reviews of ten minutes take a second.
    let clock = format!("2026-11-24T13:00:00Z@{}*600", Clock::real().now());
    let mut command = Command::new(env!("CARGO_BIN_EXE_recado"));
    command.args(["sandbox", "--listen", "127.0.0.1:0", "--app-secret", "S", "--verify-token", "T", "--quiet"]);
    // The library reads the first update of a POST and passes over the others.
    let config = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(config.path(), "[webhooks]\nbatch = 1\n").expect("written");
    command.args(["--webhook", &webhook, "--clock", &clock]).arg("--config").arg(config.path());
    let (_sandbox, mut said) = started(command);
    let line = said.next_line().await.expect("read").expect("where it listens");
    let base = line.rsplit(' ').next().expect("an address").to_owned() + "\n";
    client.stdin.take().expect("piped").write_all(base.as_bytes()).await.expect("it listens");
    let report = told.next_line().await.expect("read");
    let Some(report) = report else {
        let mut why = String::new();
        client.stderr.take().expect("piped").read_to_string(&mut why).await.expect("read");
        panic!("the client stopped: {why}");
    };
    serde_json::from_str(&report).expect("JSON")
}

#[tokio::test]
async fn an_independent_client_sends_uploads_makes_templates_and_takes_the_signed_webhooks() {
    let Some(python) = python() else { return };
    let told = timeout(PATIENCE, talk(&python)).await.expect("in time");
    assert_eq!(told["number"][0], "106540352242922", "{told}");
    assert!(told["templates"].as_array().unwrap().contains(&json!("appointment_reminder")), "{told}");
    assert_eq!(told["created"], json!(["PENDING", "PENDING"]));
    assert_eq!(told["approved"], json!(["client_code", "client_reminder"]));
    assert_eq!(told["media"], json!(["image/png", true, true]));
    for sent in ["template", "code", "text", "image"] {
        let statuses: Vec<&str> = told[sent].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(statuses.iter().any(|s| ["delivered", "read"].contains(s)), "{sent}: {statuses:?}");
    }
    assert_eq!(told["message"], json!(["5491155550123", "Hola, ¿a qué hora?"]));
    assert_eq!((&told["read"], &told["deleted"], &told["refused"]), (&json!(true), &json!(true), &json!([])));
}
