//! Crashes: the daemon killed at random moments during runs, with faults on both ways and webhooks refused while it is
//! down. Used by the tests with few kills and by `make crash` with many.

use std::time::{Duration, Instant};

use rand::RngExt;
use recado::clock::Clock;
use tokio::time::sleep;

use super::{Audience, Balance, Database, Folder, Rig, Server, Setup};

/// Messages per second the sandbox grants: a kill then falls into many messages in flight.
const THROUGHPUT: u32 = 300;
/// The shared clock's speed: the half hour until doubts are settled passes in half a minute.
const SPEED: u32 = 60;
/// People of one campaign.
const PEOPLE: u32 = 1_500;
/// The daemon lives at most this long between two kills, and may be killed while it starts.
const LONGEST_LIFE: Duration = Duration::from_millis(1_500);
/// Once all have left, nothing more is expected after this: longer than the shared clock's half hour of doubt and than
/// the longest wait of a webhook that was refused for two seconds.
const SETTLED_AFTER: Duration = Duration::from_secs(35);

/// Kills the daemon `kills` times during runs, lets everything settle and compares the books.
pub async fn crash(database: Database, kills: u32) -> (u32, Balance) {
    crash_of(setup(database), kills).await
}

/// The same with a provider that tells what it took by our own reference, and drops what it could not tell.
pub async fn crash_at_zenvia(database: Database, kills: u32) -> (u32, Balance) {
    let sandbox = ["--throughput", &THROUGHPUT.to_string()].map(str::to_owned).to_vec();
    crash_of(Setup { provider: "zenvia", sandbox, ..setup(database) }, kills).await
}

async fn crash_of(setup: Setup, kills: u32) -> (u32, Balance) {
    let mut rig = Rig::start(setup).await;
    for (kind, rate, when) in [
        ("lost_answer", 0.01, "after"),
        ("reset", 0.01, "before"),
        ("reset", 0.01, "after"),
        ("server_error", 0.02, "before"),
    ] {
        rig.fault(kind, rate, when).await;
    }
    let mut runs = vec![rig.start_campaign(&campaign(0)).await];
    let mut killed = 0;
    while killed < kills {
        sleep(LONGEST_LIFE.mul_f64(rand::rng().random())).await;
        rig.kill_daemon().await;
        killed += 1;
        if killed % 4 == 0 {
            rig.launch_daemon();
        } else {
            rig.start_daemon().await;
            if rig.is_nearly_out(*runs.last().expect("one")).await {
                runs.push(rig.start_campaign(&campaign(runs.len() as u32)).await);
            }
        }
    }
    rig.no_faults().await;
    rig.wait_until_up().await;
    rig.settle(&runs).await;
    let balance = rig.balance(&runs).await;
    assert!(rig.stop_daemon().await, "the daemon stops well: {}", rig.log());
    (killed, balance)
}

/// The same at Gupshup, whose receipts name no message of ours: what can be settled is, the rest stays in doubt.
pub async fn crash_at_gupshup(database: Database, kills: u32) -> (u32, Balance) {
    let wire = format!("[account.gupshup.wire]\nrequests_per_second = {THROUGHPUT}\n");
    let sandbox = ["--quiet", "--throughput", &THROUGHPUT.to_string()].map(str::to_owned).to_vec();
    let setup = setup(database);
    let mut rig = Rig::start(Setup { provider: "gupshup", more: wire, sandbox, ..setup }).await;
    for (kind, when) in [("lost_answer", "after"), ("reset", "before"), ("reset", "after"), ("server_error", "after")] {
        rig.fault(kind, 0.02, when).await;
    }
    let audience = Audience { people: PEOPLE / 2, from: 0 };
    let mut folder = Folder::new("crash", "reminder", "front", audience);
    folder.of_known_template();
    let run = rig.start_campaign(&folder).await;
    for _ in 0..kills {
        sleep(LONGEST_LIFE.mul_f64(rand::rng().random())).await;
        rig.kill_daemon().await;
        rig.start_daemon().await;
    }
    rig.no_faults().await;
    let mut quiet = 0;
    let mut last = u64::MAX;
    // Doubts begin, and are looked at, by the real clock: what a few looks leave stays for a person.
    while quiet < 24 {
        let left = rig.left(&[run]).await;
        let same = left.waiting == 0 && left.in_doubt == last;
        (quiet, last) = (if same { quiet + 1 } else { 0 }, left.in_doubt);
        sleep(Duration::from_millis(500)).await;
    }
    let balance = rig.balance(&[run]).await;
    assert!(rig.stop_daemon().await, "the daemon stops well: {}", rig.log());
    (kills, balance)
}

/// The PostgreSQL server is killed in the middle of a run, and comes back after `away`.
pub async fn server_killed(server: &Server, away: Duration) -> Balance {
    let rig = Rig::start(setup(server.database())).await;
    let run = rig.start_campaign(&campaign(0)).await;
    rig.until_sent(u64::from(PEOPLE) / 3).await;
    server.kill().await;
    sleep(away).await;
    server.go_on().await;
    rig.settle(&[run]).await;
    rig.balance(&[run]).await
}

/// The provider takes connections and answers nothing for `away`, in the middle of a run.
pub async fn provider_gone(database: Database, away: Duration) -> Balance {
    let mut rig = Rig::start(setup(database)).await;
    let run = rig.start_campaign(&campaign(0)).await;
    rig.until_sent(u64::from(PEOPLE) / 3).await;
    rig.freeze_sandbox(away).await;
    rig.settle(&[run]).await;
    rig.balance(&[run]).await
}

fn setup(database: Database) -> Setup {
    let now = Clock::real().now();
    Setup {
        sandbox: ["--any-template", "--throughput", &THROUGHPUT.to_string()].map(str::to_owned).to_vec(),
        clock: Some(format!("2026-11-24T13:00:00Z@{now}*{SPEED}")),
        ..Setup::new(database)
    }
}

fn campaign(no: u32) -> Folder {
    let audience = Audience { people: PEOPLE, from: no * PEOPLE };
    let mut folder = Folder::new(&format!("crash-{no}"), "reminder", "front", audience);
    folder.definition.push_str("[limits]\nin_doubt_after = \"5m\"\n");
    folder
}

impl Rig {
    async fn until_sent(&self, accepted: u64) {
        while self.stats().await.accepted < accepted {
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn is_nearly_out(&self, run: i64) -> bool {
        let states = self.get(&format!("/api/v1/runs/{run}")).await["states"].clone();
        let planned = self.get(&format!("/api/v1/runs/{run}")).await["rows_read"].is_i64();
        planned && states["queued"].as_u64().unwrap_or(0) < u64::from(THROUGHPUT)
    }

    /// Waits until nothing is queued or claimed and the doubts have not changed for a while, or every run is closed.
    async fn settle(&self, runs: &[i64]) {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            let left = self.left(runs).await;
            if left.open == 0 || (left.waiting == 0 && left.in_doubt == 0) {
                return;
            }
            if left.waiting > 0 || left.in_doubt != last {
                (last, since) = (left.in_doubt, Instant::now());
            } else if since.elapsed() > SETTLED_AFTER {
                return;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// What is left to do in `runs`.
    pub async fn left(&self, runs: &[i64]) -> Left {
        let mut left = Left::default();
        for run in runs {
            let told = self.get(&format!("/api/v1/runs/{run}")).await;
            let count = |state: &str| told["states"][state].as_u64().unwrap_or(0);
            left.open += u64::from(told["state"] != "closed");
            left.waiting += count("queued") + count("claimed") + u64::from(told["state"] == "planning");
            left.in_doubt += count("in_doubt");
        }
        left
    }
}

/// Counts of what is left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left {
    /// Runs that are not closed.
    pub open: u64,
    /// Messages queued or claimed, and runs still being planned.
    pub waiting: u64,
    /// Messages in doubt.
    pub in_doubt: u64,
}
