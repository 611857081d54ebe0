//! Whole audiences as people have them, each beside the reviewed answer of `check --json --rows`. After a change that is
//! meant, `RECADO_REVIEW=1 cargo test --test it intake::fixtures` writes the answers anew, to be read before they are kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

const FIXTURES: &str = "tests/fixtures/audience";

/// What the file decides; costs and times are others' to test.
const KEPT: [&str; 8] = ["rows_read", "messages", "excluded", "rows", "samples", "blockers", "warnings", "facts"];

/// What a check without daemon and configuration always says.
const UNKNOWN: [&str; 4] = ["daemon_silent", "no_configuration", "unknown_sender", "template_unknown"];

fn folders() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.is_dir());
    all.sort();
    all
}

fn check(folder: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_recado"))
        .env_clear()
        .env("RECADO_URL", "http://127.0.0.1:1")
        .args(["check", "--json", "--rows", "--at", "2026-11-24T10:00:00-03:00"])
        .arg(folder)
        .output()
        .unwrap();
    let Ok(Value::Object(sheet)) = serde_json::from_slice(&output.stdout) else {
        panic!("{}: {output:?}", folder.display())
    };
    let mut kept: Map<String, Value> = sheet.into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).collect();
    if let Some(Value::Array(blockers)) = kept.get_mut("blockers") {
        blockers.retain(|blocker| !UNKNOWN.contains(&blocker["code"].as_str().unwrap()));
    }
    if let Some(Value::Array(warnings)) = kept.get_mut("warnings") {
        // What is assumed of a template that is not known, and what only a daemon looks at.
        let others = |code: &str| code.ends_with("_assumed") || code == "people_not_looked_at";
        warnings.retain(|warning| !others(warning["code"].as_str().unwrap()));
    }
    Value::Object(kept)
}

#[test]
fn every_fixture_audience_is_checked_as_its_reviewed_snapshot_says() {
    let review = std::env::vars().any(|(name, _)| name == "RECADO_REVIEW");
    let mut wrong = Vec::new();
    assert!(folders().len() > 30);
    for folder in folders() {
        let sheet = serde_json::to_string_pretty(&check(&folder)).unwrap() + "\n";
        let snapshot = folder.join("check.json");
        if review {
            fs::write(&snapshot, &sheet).unwrap();
        } else if fs::read_to_string(&snapshot).ok().as_deref() != Some(&sheet) {
            wrong.push(format!("{}:\n{sheet}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn in_every_fixture_rows_read_are_messages_and_exclusions() {
    for folder in folders() {
        let sheet: Value = serde_json::from_str(&fs::read_to_string(folder.join("check.json")).unwrap()).unwrap();
        let excluded: i64 = sheet["excluded"].as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum();
        // What keeps a file from being read keeps it from being counted, and is told.
        let Some(messages) = sheet["messages"].as_i64() else {
            assert!(excluded == 0 && sheet.get("rows").is_none(), "{}", folder.display());
            assert!(!sheet["blockers"].as_array().unwrap().is_empty(), "{}", folder.display());
            continue;
        };
        let read = sheet["rows_read"].as_i64().unwrap();
        assert_eq!(read, messages + excluded, "{}", folder.display());
        assert_eq!(sheet["rows"].as_array().map_or(0, Vec::len) as i64, read, "{}", folder.display());
    }
}

/// Every test that the page on intake names is there.
#[test]
fn the_tests_that_the_documentation_of_intake_names_exist() {
    let page = fs::read_to_string("docs/intake.md").unwrap();
    let sources: String = crate::support::rust_files(Path::new("tests/it"))
        .into_iter()
        .chain(crate::support::rust_files(Path::new("src")))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("test ")).collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "docs/intake.md names a test that does not exist: {name}");
    }
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        assert!(page.contains(&format!("`{name}`")), "docs/intake.md does not name the fixture {name}");
    }
}
