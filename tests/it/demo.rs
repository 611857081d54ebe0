//! One whole run as a newcomer starts it: the real binary, the sandbox, three campaigns.

use std::process::{Command, Output};
use std::sync::LazyLock;

use recado::intake::sample::SAMPLES;
use serde_json::Value;

/// The demo, run once for all tests of this file, with everything logged that can be logged, dependencies included.
static DEMO: LazyLock<Output> = LazyLock::new(|| demo("cloud_api", "trace"));

fn demo(provider: &str, log: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recado"))
        .args(["demo", "--provider", provider, "--exit-when-done", "--json", "--listen", "127.0.0.1:0"])
        .env("RECADO_LOG", log)
        .output()
        .expect("the binary starts")
}

fn report() -> Value {
    report_of(&DEMO)
}

fn report_of(demo: &Output) -> Value {
    let text = String::from_utf8_lossy(&demo.stdout);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("no JSON ({e}): {text}{}", tail_of(demo)))
}

fn tail_of(demo: &Output) -> String {
    let log = String::from_utf8_lossy(&demo.stderr);
    let mut lines: Vec<&str> = log.lines().filter(|l| l.contains("ERROR") || l.contains("WARN")).collect();
    lines.extend(log.lines().next_back());
    format!("{}: {}", demo.status, lines.join("\n"))
}

fn count(report: &Value, key: &str) -> i64 {
    report[key].as_i64().unwrap_or_else(|| panic!("{key} in {report}"))
}

/// Three runs closed, nothing twice, nothing lost, nothing open.
fn closed(demo: &Output) -> Value {
    let report = report_of(demo);
    assert!(demo.status.success(), "{report}\n{}", tail_of(demo));
    assert_eq!(count(&report, "runs"), 3);
    assert_eq!(count(&report, "duplicates"), 0);
    assert_eq!(count(&report, "lost"), 0);
    let states = report["states"].as_object().unwrap();
    let open = ["queued", "claimed", "accepted", "in_review", "sent", "in_doubt"];
    assert!(open.iter().all(|s| !states.contains_key(*s)), "a closed run has open messages: {report}");
    report
}

#[test]
fn the_demo_closes_every_run_with_nothing_twice_and_nothing_lost() {
    closed(&DEMO);
}

/// What is told of a whole demo that answered and was charged.
fn answered_and_charged(provider: &str) {
    let report = closed(&demo(provider, "warn"));
    assert!(count(&report, "conversations") > 10, "{provider}: {report}");
    assert!(report["outcomes"]["confirmed"].as_i64().unwrap_or(0) > 5, "{provider}: {report}");
    let charged: f64 = report["charged"]["USD"].as_str().unwrap().parse().unwrap();
    assert!(charged > 1.0, "{provider}: {report}");
}

#[test]
fn the_demo_at_gupshup_closes_every_run_with_conversations_and_charges() {
    answered_and_charged("gupshup");
}

#[test]
fn the_demo_at_zenvia_closes_every_run_with_conversations_and_charges() {
    answered_and_charged("zenvia");
}

#[test]
fn every_row_of_the_samples_is_accounted_for() {
    let report = report();
    // Rows of the three files by another reader than ours: cells may hold line breaks.
    let rows: usize = SAMPLES.iter().map(|sample| rows_by_another_reader(sample.bytes)).sum();
    assert_eq!(count(&report, "messages") + count(&report, "excluded"), rows as i64, "{report}");
}

#[test]
fn people_answered_and_the_account_was_charged() {
    let report = report();
    assert!(count(&report, "conversations") > 10, "{report}");
    assert!(report["outcomes"]["confirmed"].as_i64().unwrap_or(0) > 5, "{report}");
    assert!(report["outcomes"]["cancelled"].as_i64().unwrap_or(0) > 0, "{report}");
    let charged: f64 = report["charged"]["USD"].as_str().unwrap().parse().unwrap();
    assert!(charged > 1.0, "{report}");
}

fn rows_by_another_reader(file: &[u8]) -> usize {
    let header = file.split(|b| *b == b'\n').next().unwrap();
    let delimiter = if header.contains(&b';') { b';' } else { b',' };
    let records = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(file).into_byte_records();
    // Spreadsheets leave rows of nothing but delimiters at the end.
    records.filter(|record| record.as_ref().is_ok_and(|r| r.iter().any(|cell| !cell.is_empty()))).count()
}

/// Everything of a person that stands in the samples: names, and numbers in every notation a log might use.
fn people_of_the_samples() -> Vec<String> {
    let mut all = Vec::new();
    for sample in SAMPLES {
        let text: String = sample.bytes.iter().map(|b| char::from(*b)).collect();
        for line in text.lines().skip(1) {
            for cell in line.split([',', ';']) {
                let cell = cell.trim().trim_matches('"');
                let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
                let is_number = digits.len() >= 8 && cell.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
                if is_number && !cell.starts_with("20") {
                    all.push(cell.to_owned());
                    // The last eight digits stand in every form of it, local or international.
                    all.push(digits[digits.len() - 8..].to_owned());
                } else if cell.contains(' ') && cell.is_ascii() && !cell.chars().any(|c| c.is_ascii_digit()) {
                    all.push(cell.to_owned());
                }
            }
        }
    }
    all
}

#[test]
fn no_phone_number_name_message_text_or_secret_in_a_log() {
    let log = String::from_utf8_lossy(&DEMO.stderr);
    assert!(log.lines().count() > 10_000 && log.contains("TRACE"), "the log was not that of the whole run");
    let people = people_of_the_samples();
    assert!(people.len() > 600, "the search for people in the samples finds too few: {}", people.len());
    let texts = ["Le recordamos", "le recordamos", "Confirmo", "Bearer ", "access_token", "app_secret", "sha256="];
    let sentinels: Vec<&str> = people.iter().map(String::as_str).chain(texts).collect();
    let search = aho_corasick::AhoCorasick::new(&sentinels).unwrap();
    let found: Vec<&str> = search.find_iter(log.as_ref()).map(|m| sentinels[m.pattern()]).collect();
    assert!(found.is_empty(), "{} of them are in the log: {:?}", found.len(), &found[..found.len().min(5)]);
}
