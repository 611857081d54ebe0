use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::sandbox::plain_client;

fn recado(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recado"));
    command.arg("sandbox").args(["--app-secret", "S", "--verify-token", "T"]).args(arguments).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn the_command_serves_until_it_is_told_to_stop() {
    let clock = "2026-11-24T10:00:00Z@2026-11-21T00:00:00Z*2400";
    let webhook = "http://127.0.0.1:1/webhooks/meta";
    let arguments = ["--listen", "127.0.0.1:0", "--webhook", webhook, "--throughput", "1000", "--tier", "2K"];
    let more = ["--clock", clock, "--latency", "1ms", "--quiet", "--any-template"];
    let mut child = recado(&arguments).args(more).spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = lines.next_line().await.expect("read").expect("it says where it listens");
    let address = line.rsplit(' ').next().expect("an address");
    let node = plain_client().get(format!("{address}/106")).bearer_auth("any").send().await.expect("an answer");
    let node: serde_json::Value = node.json().await.expect("JSON");
    assert_eq!(node["throughput"]["level"], "HIGH");
    assert_eq!(node["whatsapp_business_manager_messaging_limit"], "TIER_2K");
    let id = child.id().expect("running").to_string();
    Command::new("kill").args(["-TERM", &id]).status().await.expect("signalled");
    let ended = tokio::time::timeout(Duration::from_secs(10), child.wait()).await.expect("it stops").expect("ended");
    assert!(ended.success());
}

#[tokio::test]
async fn settings_that_leave_the_machine_or_make_no_sense_are_refused_with_2() {
    let here = "http://127.0.0.1:1/";
    for wrong in [
        ["--webhook", "http://192.168.0.7/hook", "--listen", "127.0.0.1:0"],
        ["--webhook", here, "--listen", "0.0.0.0:0"],
        ["--webhook", here, "--throughput", "0"],
        ["--webhook", here, "--tier", "lots"],
        ["--webhook", here, "--latency", "-1s"],
        ["--webhook", here, "--clock", "yesterday"],
        ["--webhook", here, "--config", "/nowhere/sandbox.toml"],
    ] {
        let ended = recado(&wrong).output().await.expect("ran");
        assert_eq!(ended.status.code(), Some(2), "{wrong:?}");
    }
}
