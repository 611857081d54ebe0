//! `make crash`: the daemon killed (-9) at random moments, again and again, while the network and the provider have bad
//! days; then the books of both sides are compared. Prints counts; ends with 1 unless duplicates and lost are 0.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
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

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let kills = std::env::var("RECADO_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let good = runtime.block_on(async {
        let mut good = true;
        for database in Database::both().await {
            let (name, started) = (database.name(), Instant::now());
            let (killed, balance) = rig::crash::crash(database, kills).await;
            good &= report(name, killed, &balance, started.elapsed());
        }
        for database in Database::both().await {
            let (name, started) = (format!("{}, Zenvia", database.name()), Instant::now());
            let (killed, balance) = rig::crash::crash_at_zenvia(database, kills / 4).await;
            good &= report(&name, killed, &balance, started.elapsed());
        }
        for database in Database::both().await {
            let (name, started) = (format!("{}, Gupshup", database.name()), Instant::now());
            let (killed, balance) = rig::crash::crash_at_gupshup(database, kills / 4).await;
            // What the sandbox took and told of is settled; what no event names waits for a person.
            good &= report(&name, killed, &balance, started.elapsed()) && balance.settleable == 0;
        }
        if let Some(server) = Server::start().await {
            let started = Instant::now();
            let balance = rig::crash::server_killed(&server, AWAY).await;
            good &= report("PostgreSQL's server killed", 1, &balance, started.elapsed());
        }
        for database in Database::both().await {
            let (name, started) = (format!("{}, provider gone", database.name()), Instant::now());
            let balance = rig::crash::provider_gone(database, AWAY).await;
            good &= report(&name, 0, &balance, started.elapsed());
        }
        good
    });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
