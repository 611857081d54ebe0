//! Real disks: one that fills while messages go out, and one file that two daemons want.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::Value;
use sha2::Sha256;
use tokio::process::Command;
use tokio::time::sleep;

use crate::rig::{Audience, Database, Folder, Rig, Setup, client};

const PATIENCE: Duration = Duration::from_mins(1);

/// A small disk of its own, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one; `None` where that takes rights we do not have.
    async fn mount(at: &Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "recado-test"]).arg(at).output().await;
        if done.is_ok_and(|done| done.status.success()) {
            return Some(Self(at.to_owned()));
        }
        let root = std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        assert!(!root || std::env::var("CI").is_err(), "root cannot mount a tmpfs at {}", at.display());
        None
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        let block = vec![b'x'; 1 << 16];
        while file.write_all(&block).is_ok() {}
        while file.write_all(b"x").is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The daemon, which the rig ends, may still hold files.
        drop(std::process::Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

/// A webhook of a megabyte: authentic, and nothing anybody can read.
async fn webhook(rig: &Rig) -> StatusCode {
    let body = vec![b'x'; 1 << 20];
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    mac.update(&body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let request = client().post(format!("{}/webhooks/meta", rig.daemon_url()));
    request.header("x-hub-signature-256", signature).body(body).send().await.unwrap().status()
}

/// `[alerts]` with a program that writes what it is told into `dir`, on another disk.
fn pager(dir: &Path) -> String {
    let program = dir.join("page-me");
    std::fs::write(&program, "#!/bin/sh\nall=$(cat)\nprintf '%s\\n' \"$all\" >> \"$1\"\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (program, out) = (program.display(), dir.join("told").display().to_string());
    format!("[alerts]\ncommand = [\"{program}\", \"{out}\"]\nfor = \"1s\"\ndisk_free = \"1MB\"\n")
}

/// What the program was told.
fn paged(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join("told")).unwrap_or_default();
    let told = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    told.map(|told| format!("{} {}", word(&told["type"]), word(&told["data"]["kind"])))
        // While it fills there is little room for a moment too.
        .filter(|told| !told.ends_with("disk_low"))
        .collect()
}

async fn is_held(rig: &Rig) -> bool {
    let holds = rig.get("/api/v1/holds").await;
    let caused = |hold: &Value| hold["cause"] == "disk" && hold["scope"] == "store";
    holds["items"].as_array().unwrap().iter().any(caused)
}

async fn until_webhooks_come_again(rig: &Rig) {
    let mut answers = Vec::new();
    while answers.last() != Some(&StatusCode::SERVICE_UNAVAILABLE) {
        answers.push(webhook(rig).await);
        assert!(answers.len() < 60, "{answers:?}");
    }
}

#[tokio::test]
async fn a_full_disk_stops_sending_and_nothing_is_lost_or_sent_twice_when_there_is_room_again() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path(), "128m").await else {
        return eprintln!("left out: only root can mount a small disk");
    };
    let sandbox = ["--any-template", "--quiet", "--throughput", "60"].map(str::to_owned).to_vec();
    let told = tempfile::tempdir().unwrap();
    let more = pager(told.path());
    let data_dir = dir.path().display().to_string();
    let setup = Setup { sandbox, more, data_dir, ..Setup::new(Database::Sqlite) };
    let mut rig = Rig::start(setup).await;
    let run = rig.start_campaign(&Folder::new("one", "reminder", "front", Audience { people: 900, from: 0 })).await;
    let began = Instant::now();
    while rig.stats().await.accepted < 150 {
        assert!(began.elapsed() < PATIENCE, "{}", rig.log());
        sleep(Duration::from_millis(50)).await;
    }
    disk.fill();
    while !is_held(&rig).await {
        assert!(began.elapsed() < PATIENCE, "{}", rig.log());
        sleep(Duration::from_millis(100)).await;
    }
    until_webhooks_come_again(&rig).await;
    sleep(Duration::from_secs(1)).await;
    let accepted = rig.stats().await.accepted;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(rig.stats().await.accepted, accepted, "nothing leaves");
    assert!(accepted < 900, "it was full before the end");
    while paged(told.path()).is_empty() {
        assert!(began.elapsed() < PATIENCE, "nobody is told: {}", rig.log());
        sleep(Duration::from_millis(100)).await;
    }
    rig.must_run();
    disk.make_room();
    while rig.left(&[run]).await.open > 0 {
        assert!(began.elapsed() < 3 * PATIENCE, "{:?} {}", rig.left(&[run]).await, rig.log());
        sleep(Duration::from_millis(200)).await;
    }
    assert!(!is_held(&rig).await);
    let balance = rig.balance(&[run]).await;
    assert_eq!((balance.planned, balance.accepted, balance.duplicates, balance.in_doubt), (900, 900, 0, 0));
    assert!(balance.lost.is_empty() && balance.wrong.is_empty(), "{balance:?}");
    while paged(told.path()).len() < 2 {
        assert!(began.elapsed() < 3 * PATIENCE, "{:?} {}", paged(told.path()), rig.log());
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(paged(told.path()), ["alert.began disk_full", "alert.ended disk_full"]);
    assert!(rig.stop_daemon().await, "{}", rig.log());
}

#[tokio::test]
async fn a_second_daemon_on_the_same_sqlite_file_is_refused_also_from_another_data_directory() {
    let mut rig = Rig::start(Setup::new(Database::Sqlite)).await;
    let text = std::fs::read_to_string(rig.config()).unwrap();
    let same = format!("\"sqlite:{}\"", rig.path().join("data/recado.db").display());
    let other = text.replace("= \"data\"", "= \"data2\"").replace("\"sqlite:recado.db\"", &same);
    let config = rig.path().join("other.toml");
    std::fs::write(&config, other).unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_recado")).args(["serve", "--config"]).arg(&config).output();
    let second = tokio::time::timeout(PATIENCE, second).await.expect("it ends").unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(said.contains("another daemon uses the SQLite file"), "{said}");
    rig.must_run();
}
