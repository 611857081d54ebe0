//! `recado check` as it is called, with nobody to ask.

use std::process::{Command, Output};

use super::folder::{AUDIENCE, CAMPAIGN, CONFIG, Folder};

/// Nothing listens there.
const NOBODY: &str = "http://127.0.0.1:1";

pub fn check(folder: &Folder, url: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recado"))
        .current_dir(folder.dir.path())
        .env("RECADO_URL", url)
        .env("RECADO_TOKEN_FILE", folder.path("token"))
        .args(["check", ".", "--at", "2026-11-24T10:00:00-03:00"])
        .args(args)
        .output()
        .unwrap()
}

pub fn json(output: &Output) -> serde_json::Value {
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

#[test]
fn a_mistake_in_the_campaign_file_is_told_with_its_place_and_a_hint() {
    let folder = Folder::of(&CAMPAIGN.replace("language = ", "langage = "), "");
    let output = check(&folder, NOBODY, &[]);
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("campaign.toml:9:2: ") && told.contains("did you mean \"language\"?"), "{told}");
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

#[test]
fn a_mistake_in_the_campaign_file_is_a_blocker_of_the_json() {
    let folder = Folder::of(&CAMPAIGN.replace("language = ", "langage = "), "");
    let output = check(&folder, NOBODY, &["--json"]);
    assert_eq!(output.status.code(), Some(2));
    let sheet = json(&output);
    let told = sheet["blockers"][0]["message"].as_str().unwrap();
    assert!(codes(&sheet) == ["campaign_file"; 2] && told.contains("campaign.toml:9:2: "), "{sheet}");
}

#[test]
fn what_is_no_plain_file_is_a_blocker_of_the_json() {
    let told = |folder: &Folder| {
        let output = check(folder, NOBODY, &["--json"]);
        let sheet = json(&output);
        assert_eq!((output.status.code(), &sheet["rows_read"]), (Some(2), &serde_json::Value::Null), "{sheet}");
        assert!(!output.stderr.is_empty());
        (codes(&sheet).join(" "), sheet["blockers"][0]["message"].as_str().unwrap().to_owned())
    };
    let replaced = |name: &str, by: &dyn Fn(&std::path::Path)| {
        let folder = Folder::new();
        std::fs::remove_file(folder.path(name)).unwrap();
        by(&folder.path(name));
        told(&folder)
    };
    let pipe = |path: &std::path::Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let link = |path: &std::path::Path| std::os::unix::fs::symlink("/dev/null", path).unwrap();
    let folder = |path: &std::path::Path| std::fs::create_dir(path).unwrap();
    let (code, message) = replaced("turnos.csv", &pipe);
    assert!(code == "audience_pipe" && message.contains("is a pipe"), "{code} {message}");
    for (by, expected) in [(&link as &dyn Fn(&std::path::Path), "audience_link"), (&folder, "audience_folder")] {
        assert_eq!(replaced("turnos.csv", by).0, expected);
    }
    for by in [&link as &dyn Fn(&std::path::Path), &folder, &pipe] {
        let (code, message) = replaced("campaign.toml", by);
        assert!(code == "campaign_file" && message.contains("no plain file"), "{code} {message}");
    }
    let none = Folder::new();
    std::fs::remove_file(none.path("campaign.toml")).unwrap();
    assert_eq!(told(&none).0, "not_read");
}

#[test]
fn a_campaign_file_that_is_not_utf8_is_told_with_its_place() {
    let folder = Folder::new();
    let latin = encoding_rs::WINDOWS_1252.encode("# campaña\nkind = \"reminder\"\n").0.into_owned();
    std::fs::write(folder.path("campaign.toml"), latin).unwrap();
    let output = check(&folder, NOBODY, &[]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("campaign.toml:1:8: this character is not UTF-8; save the file as UTF-8"), "{told}");
}

#[test]
fn a_wrong_expression_is_told_with_its_place_and_whose_it_is() {
    let folder = Folder::of(&CAMPAIGN.replace("{{ when }}", "{{ when | }}"), super::folder::AUDIENCE);
    let text = String::from_utf8(check(&folder, NOBODY, &[]).stdout).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("campaign.toml:18:5: variable 2 of [variables] is not an expression"), "{text}");
    let folder = Folder::of(&CAMPAIGN.replace("estado !=", "estad0 !="), super::folder::AUDIENCE);
    let text = String::from_utf8(check(&folder, NOBODY, &["--lang", "es"]).stdout).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("campaign.toml:15:8: “only” de [columns]"), "{text}");
}

/// A campaign that greets people by name, and a file that does not say it.
pub fn greeting(folder: &Folder) {
    let greets = CAMPAIGN.replace("{{ paciente | first_name }}", "{{ client_name | first_name }}");
    std::fs::write(folder.path("campaign.toml"), greets).unwrap();
    let audience = std::fs::read_to_string(folder.path("turnos.csv")).unwrap();
    std::fs::write(folder.path("turnos.csv"), audience.replacen("Paciente", "Legajo", 1)).unwrap();
}

#[test]
fn where_the_daemons_names_cannot_be_asked_for_the_sheet_says_so() {
    let folder = Folder::new();
    greeting(&folder);
    let sheet = json(&check(&folder, NOBODY, &["--json"]));
    assert!(codes(&sheet).contains(&"names_not_looked_at"), "{sheet}");
    assert!(!codes(&sheet).contains(&"client_name_unknown"), "{sheet}");
    // A column says the names of some: the sheet is made, and says whom it does not know.
    std::fs::write(folder.path("turnos.csv"), AUDIENCE.replace("María Núñez", "")).unwrap();
    let sheet = json(&check(&folder, NOBODY, &["--json"]));
    assert!(!codes(&sheet).contains(&"names_not_looked_at"), "{sheet}");
    let warned = sheet["warnings"].as_array().unwrap().iter().any(|w| w["code"] == "names_not_looked_at");
    assert!(warned, "{sheet}");
}

#[test]
fn what_is_no_plain_file_is_refused_at_once_and_called_what_it_is() {
    let folder = Folder::new();
    let audience = folder.path("turnos.csv");
    let said = |folder: &Folder| {
        let output = check(folder, NOBODY, &[]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    std::fs::remove_file(&audience).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &audience).unwrap();
    assert!(said(&folder).contains("“turnos.csv” is a link"), "{}", said(&folder));
    std::fs::remove_file(&audience).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &audience, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    assert!(said(&folder).contains("“turnos.csv” is a pipe"), "{}", said(&folder));
    std::fs::remove_file(folder.path("campaign.toml")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.path("campaign.toml"), rustix::fs::Mode::from_raw_mode(0o600))
        .unwrap();
    assert!(said(&folder).contains("no plain file"), "{}", said(&folder));
}

/// How long 400 messages take at 20 a second on a clock of that speed, in its own seconds.
fn takes(speed: u32) -> f64 {
    let folder = Folder::new();
    let campaign = CAMPAIGN.split("[schedule]").next().unwrap().replace("2 = \"{{ when }}\"", "2 = \"hoy\"");
    std::fs::write(folder.path("campaign.toml"), campaign).unwrap();
    let rows: Vec<String> = (0..400).map(|n| format!("Ana;+54 9 11 5{n:03}-0101;25/11/2026;14:30;Reservado")).collect();
    let audience = format!("Paciente;Teléfono;Fecha;Hora;Estado\n{}\n", rows.join("\n"));
    std::fs::write(folder.path("turnos.csv"), audience).unwrap();
    let now = recado::clock::Clock::real().now();
    let output = Command::new(env!("CARGO_BIN_EXE_recado"))
        .current_dir(folder.dir.path())
        .env("RECADO_URL", NOBODY)
        .args(["check", ".", "--json", "--clock", &format!("2026-11-24T13:00:00Z@{now}*{speed}")])
        .output()
        .unwrap();
    let sheet = json(&output);
    let at = |value: &serde_json::Value| value.as_i64().unwrap_or_else(|| panic!("{sheet}"));
    (at(&sheet["sent_out_at"]["likely"]) - at(&sheet["starts_at"])) as f64 / 1000.0
}

#[test]
fn on_a_faster_clock_the_sender_is_no_faster() {
    let (real, fast) = (takes(1), takes(360));
    assert!((18.0..=40.0).contains(&real), "{real}");
    assert!((fast / real / 360.0 - 1.0).abs() < 0.2, "{real} {fast}");
}

#[test]
fn an_account_in_another_currency_needs_a_rate_card_and_its_provider_says_how_fast_it_is() {
    let folder = Folder::new();
    let meta = "provider = \"cloud_api\"\nbase_url = \"http://127.0.0.1:9/v26.0\"\nwaba_id = \"102290129340398\"\n";
    let zenvia = "provider = \"zenvia\"\nbase_url = \"http://127.0.0.1:9/v2\"\napi_token = \"a\"\n\
        webhook_secret = \"a_secret_of_some_length_0\"\nwebhook_header_secret = \"another_of_some_length_1\"\n";
    let keys = "access_token = \"a\"\napp_secret = \"b\"\nverify_token = \"c\"\n";
    let of_sender = "phone_number_id = \"106540352242922\"\n";
    let gone = |config: String, keys: &str| config.replace(keys, "");
    let config = [keys, of_sender, "throughput = 20\n"].into_iter().fold(CONFIG.replace(meta, zenvia), gone);
    let config = config.replace("USD", "BRL");
    std::fs::write(folder.path("recado.toml"), &config).unwrap();
    let sheet = json(&check(&folder, NOBODY, &["--json"]));
    assert_eq!(sheet["throughput"], 20, "{sheet}");
    let missing = sheet["blockers"].as_array().unwrap().iter().find(|b| b["code"] == "no_rate_card");
    assert!(missing.expect("a blocker")["message"].as_str().unwrap().contains("[[rate_card]]"), "{sheet}");

    let card = "[[rate_card]]\ncurrency = \"BRL\"\nfrom = \"2026-01-01\"\nfile = \"brl.csv\"\n";
    std::fs::write(folder.path("recado.toml"), format!("{config}{card}")).unwrap();
    let header = "market,marketing,utility,authentication,authentication_international,service";
    std::fs::write(folder.path("brl.csv"), format!("{header}\nother,0.5,0.1,0.1,n/a,n/a\n")).unwrap();
    assert!(!codes(&json(&check(&folder, NOBODY, &["--json"]))).contains(&"no_rate_card"));

    std::fs::write(folder.path("brl.csv"), format!("{header}\nbrasil,0.5,0.1,0.1,n/a,n/a\n")).unwrap();
    let wrong = check(&folder, NOBODY, &[]);
    let told = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(told.contains("brl.csv:2:1: unknown market \"brasil\"; did you mean \"brazil\"?"), "{told}");
}
