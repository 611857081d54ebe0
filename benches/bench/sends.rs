//! Durable sends over a bare loop: webhooks off, no limits in the way.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::bare;
use super::line::{Line, median};
use super::rig::{Audience, Database, Folder, Rig, Setup};

/// Rounds, each with both sides.
const ROUNDS: u32 = 5;
/// Messages of a round.
const MESSAGES: u32 = 40_000;

/// One line for each database.
pub async fn measure(print: &dyn Fn(&Line)) {
    for database in Database::both().await {
        let (name, bar) = match database {
            Database::Sqlite => ("durable sends ÷ bare loop, SQLite", 0.40),
            Database::Postgres(_) => ("durable sends ÷ bare loop, PostgreSQL", 0.25),
        };
        let rig = Rig::start(setup(database, "off = true")).await;
        let client = super::rig::client();
        let (mut ratios, mut ours, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let b = bare::sends(&client, &rig.sandbox_url(), u64::from(MESSAGES)).await;
            let o = durable(&rig, round).await;
            ratios.push(o / b);
            ours.push(o);
            bare.push(b);
        }
        let empty = bare::empty(&client, &rig.sandbox_url(), u64::from(MESSAGES)).await;
        let from = format!("{:.0}/s over {:.0}/s; sandbox's empty endpoint {empty:.0}/s", median(ours), median(bare));
        print(&Line { what: name.to_owned(), value: median(ratios), bar, from });
    }
}

/// An installation without limits; `webhooks` is the section of that name of `sandbox.toml`.
pub fn setup(database: Database, webhooks: &str) -> Setup {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap().keep().unwrap().1;
    std::fs::write(&file, format!("[webhooks]\nduplicates = 0.0\nlate = 0.0\nearly = 0.0\n{webhooks}\n")).unwrap();
    let sandbox = ["--any-template", "--quiet", "--throughput", "1000000", "--config", &file.display().to_string()];
    Setup { sandbox: sandbox.map(str::to_owned).to_vec(), ..Setup::new(database) }
}

/// Messages per second of a run from the moment its rows are planned until its last message is accepted.
async fn durable(rig: &Rig, round: u32) -> f64 {
    let until = rig.stats().await.accepted + u64::from(MESSAGES);
    let audience = Audience { people: MESSAGES, from: round * MESSAGES };
    let run = rig.start_campaign(&Folder::new(&format!("sends-{round}"), "reminder", "front", audience)).await;
    while !rig.get(&format!("/api/v1/runs/{run}")).await["rows_read"].is_i64() {
        sleep(Duration::from_millis(10)).await;
    }
    let (had, started) = (rig.stats().await.accepted, Instant::now());
    assert!(until - had > u64::from(MESSAGES / 2), "most of it is still to be sent");
    while rig.stats().await.accepted < until {
        sleep(Duration::from_millis(5)).await;
    }
    (until - had) as f64 / started.elapsed().as_secs_f64()
}
