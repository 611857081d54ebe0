//! The crate `fuzz/` needs nightly Rust and libFuzzer, so that nobody builds it in passing. Its code is built and run here all
//! the same: the targets and what they are made of are modules of these tests (`tests/it/intake.rs`), and each binary of the
//! crate is one line that calls one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::intake::targets;

/// What takes bytes.
type Target = fn(&[u8]);

/// What a binary calls, by its name: the compiler sees that each takes bytes.
const TARGETS: [(&str, Target); 4] = [
    ("campaign", targets::campaign),
    ("sheet", targets::sheet),
    ("text", targets::text),
    ("workbook", targets::workbook),
];

#[test]
fn every_binary_of_the_fuzz_crate_is_one_call_of_what_the_tests_run() {
    let lines = |name: &str| {
        format!("#![no_main]\n\nlibfuzzer_sys::fuzz_target!(|bytes: &[u8]| recado_fuzz::targets::{name}(bytes));\n")
    };
    let names: BTreeSet<String> = fs::read_dir("fuzz/fuzz_targets")
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, TARGETS.map(|(name, _)| name.to_owned()).into());
    let manifest: toml::Table = fs::read_to_string("fuzz/Cargo.toml").unwrap().parse().unwrap();
    let binaries = manifest["bin"].as_array().unwrap();
    assert_eq!(binaries.len(), names.len());
    for (name, target) in TARGETS {
        let path = format!("fuzz_targets/{name}.rs");
        assert_eq!(fs::read_to_string(Path::new("fuzz").join(&path)).unwrap(), lines(name), "{path}");
        let is_listed = |bin: &&toml::Value| bin["name"].as_str() == Some(name) && bin["path"].as_str() == Some(&path);
        assert_eq!(binaries.iter().filter(is_listed).count(), 1, "{name}");
        target(b"");
    }
    let modules = fs::read_to_string("fuzz/src/lib.rs").unwrap();
    assert!(modules.ends_with("\n\npub mod package;\npub mod targets;\n"), "{modules}");
}

#[test]
fn the_fuzz_crate_takes_the_versions_of_its_crates_that_the_tests_take() {
    let read = |path: &str| fs::read_to_string(path).unwrap().parse::<toml::Table>().unwrap();
    let (fuzz, ours) = (read("fuzz/Cargo.toml"), read("Cargo.toml"));
    let version = |value: &toml::Value| {
        value.as_str().or_else(|| value.get("version")?.as_str()).map(|v| v.split('.').next().unwrap().to_owned())
    };
    for (name, wanted) in fuzz["dependencies"].as_table().unwrap() {
        if ["recado", "libfuzzer-sys"].contains(&name.as_str()) {
            continue;
        }
        let own = ["dependencies", "dev-dependencies"].iter().find_map(|part| ours[*part].get(name));
        assert_eq!(own.and_then(version), version(wanted), "{name}");
    }
    assert_eq!(fuzz["package"]["edition"], ours["package"]["edition"]);
}
