//! `make crash`: the daemon killed (-9) at random moments, again and again, while the network and the provider have bad
//! days; then the books of both sides are compared. Prints counts; ends with 1 unless duplicates and lost are 0.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the workshop: it prints and stops at the first surprise"
)]

#[path = "../../tests/rig/rig.rs"]
#[expect(dead_code, reason = "each program uses its part of the rig")]
mod rig;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use rig::{Balance, Database, Server};

/// Kills on each database unless `RECADO_KILLS` says otherwise.
const KILLS: u32 = 200;
/// How long a server or the provider stays away.
const AWAY: Duration = Duration::from_mins(2);

/// What can go wrong, by the name under which it is asked for.
const PARTS: [&str; 5] = ["cloud_api", "zenvia", "gupshup", "server", "provider"];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if let Some(unknown) = asked.iter().find(|part| !PARTS.contains(&part.as_str())) {
        eprintln!("no part is called {unknown}; there are {}", PARTS.join(", "));
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let kills = std::env::var("RECADO_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let good = runtime.block_on(async {
        let mut good = true;
        for part in PARTS.into_iter().filter(|part| asked.is_empty() || asked.iter().any(|one| one == part)) {
            good &= run(part, kills).await;
        }
        good
    });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a part on each database it concerns; whether nothing was doubled or lost.
async fn run(part: &str, kills: u32) -> bool {
    if part == "server" {
        let Some(server) = Server::start().await else { return true };
        let started = Instant::now();
        let balance = rig::crash::server_killed(&server, AWAY).await;
        return report("PostgreSQL's server killed", 1, &balance, started.elapsed());
    }
    let mut good = true;
    for database in Database::both().await {
        let (name, started) = (format!("{}, {part}", database.name()), Instant::now());
        let (killed, balance) = match part {
            "zenvia" => rig::crash::crash_at_zenvia(database, kills / 4).await,
            "gupshup" => rig::crash::crash_at_gupshup(database, kills / 4).await,
            "provider" => (0, rig::crash::provider_gone(database, AWAY).await),
            _ => rig::crash::crash(database, kills).await,
        };
        good &= report(&name, killed, &balance, started.elapsed());
        // What Gupshup's side took and told of is settled; what no event names waits for a person.
        good &= part != "gupshup" || balance.settleable == 0;
    }
    good
}

/// Prints what came of it; whether nothing was doubled or lost.
fn report(name: &str, kills: u32, balance: &Balance, took: Duration) -> bool {
    println!(
        "{name}: {kills} kills in {} s; planned {}, accepted {}, duplicates {}, lost {}, contradictions {}, in doubt {}; {:?}",
        took.as_secs(),
        balance.planned,
        balance.accepted,
        balance.duplicates,
        balance.lost.len(),
        balance.wrong.len(),
        balance.in_doubt,
        balance.states,
    );
    for line in balance.lost.iter().chain(&balance.wrong).take(20) {
        println!("  {line}");
    }
    balance.duplicates == 0 && balance.lost.is_empty() && balance.wrong.is_empty()
}
