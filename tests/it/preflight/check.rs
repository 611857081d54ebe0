//! `recado check` as it is called.

use std::process::{Command, Output};

use recado::domain::template::Template;

use super::folder::{CAMPAIGN, Folder, template};

/// Nothing listens there.
const NOBODY: &str = "http://127.0.0.1:1";

fn check(folder: &Folder, url: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recado"))
        .current_dir(folder.dir.path())
        .env("RECADO_URL", url)
        .env("RECADO_TOKEN_FILE", folder.path("token"))
        .args(["check", ".", "--at", "2026-11-24T10:00:00-03:00"])
        .args(args)
        .output()
        .unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn codes(sheet: &serde_json::Value) -> Vec<&str> {
    sheet["blockers"].as_array().unwrap().iter().map(|b| b["code"].as_str().unwrap()).collect()
}

#[test]
fn without_a_daemon_the_sheet_is_whole_and_the_answer_is_no() {
    let folder = Folder::new();
    let output = check(&folder, NOBODY, &["--json", "--rows"]);
    let sheet = json(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(codes(&sheet), ["daemon_silent", "template_unknown"]);
    assert_eq!((sheet["rows_read"].as_i64(), sheet["rows"].as_array().unwrap().len()), (Some(7), 7));
}

#[test]
fn without_a_configuration_the_sheet_is_whole_and_says_what_is_not_known() {
    let folder = Folder::new();
    std::fs::remove_file(folder.path("recado.toml")).unwrap();
    let output = check(&folder, NOBODY, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(codes(&json(&output)), ["no_configuration", "unknown_sender", "template_unknown"]);
}

#[tokio::test]
async fn a_running_daemon_is_asked_for_the_template() {
    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    let folder = Folder::new();
    let daemon = MockServer::start().await;
    let item = |account: &str, body: &str| {
        let template = Template { body: body.to_owned(), ..template() };
        let mut item = serde_json::to_value(template).unwrap();
        item["account"] = account.into();
        item
    };
    let items = [item("other", "Nicht dies {{1}} {{2}}"), item("meta", "Hola {{1}}, le esperamos el {{2}}.")];
    Mock::given(method("GET"))
        .and(path("/api/v1/templates"))
        .and(header("authorization", "Bearer rt_secret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({"items": items})))
        .mount(&daemon)
        .await;
    let uri = daemon.uri();
    let output = tokio::task::spawn_blocking(move || check(&folder, &uri, &[])).await.unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Hola María, le esperamos"), "{text}");
}

#[test]
fn a_mistake_in_the_campaign_file_is_told_with_its_place_and_a_hint() {
    let folder = Folder::of(&CAMPAIGN.replace("language = ", "langage = "), "");
    let output = check(&folder, NOBODY, &[]);
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("campaign.toml:11:1: ") && told.contains("did you mean \"language\"?"), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_configuration_that_was_named_and_is_not_there_is_wrong_usage() {
    let output = check(&Folder::new(), NOBODY, &["--config", "other.toml"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_missing_audience_is_a_blocker() {
    let folder = Folder::new();
    std::fs::remove_file(folder.path("turnos.csv")).unwrap();
    let output = check(&folder, NOBODY, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(codes(&json(&output)).iter().any(|code| code.contains("audience")), "{output:?}");
}

#[test]
fn wrong_keys_of_a_cost_report_are_refused_without_a_daemon() {
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recado"));
        command.env("RECADO_URL", NOBODY).arg("costs").args(args).output().unwrap()
    };
    for (args, told) in [
        (["--by", "country"], "market"),
        (["--month", "2026-13"], "2026-11"),
        (["--month", "2026-11"], "no running Recado answers"),
    ] {
        let output = run(&args);
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(complaint.contains(told), "{args:?}: {complaint}");
    }
}

#[test]
fn an_audience_that_is_not_there_is_named() {
    let folder = Folder::new();
    std::fs::remove_file(folder.path("turnos.csv")).unwrap();
    let sheet = json(&check(&folder, NOBODY, &["--json"]));
    let missing = sheet["blockers"].as_array().unwrap().iter().find(|b| b["code"] == "audience_missing");
    assert_eq!(missing.expect("a blocker")["message"], "No file in the folder is called “turnos*.csv”.");
}
