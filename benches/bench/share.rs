//! How much of the granted throughput is used, and that nothing is refused for going over it.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::line::Line;
use super::rig::{Audience, Database, Folder, Rig, Setup};

/// How long it is looked at, after it has begun.
const SPAN: Duration = Duration::from_secs(30);

/// A line for each grant.
pub async fn measure(print: &dyn Fn(&Line)) {
    for granted in [80_u32, 1_000] {
        for database in Database::both().await {
            let name = format!("share of {granted}/s used, {}", database.name());
            let sandbox = ["--any-template", "--quiet", "--throughput", &granted.to_string()].map(str::to_owned);
            let rig = Rig::start(Setup { sandbox: sandbox.to_vec(), ..Setup::new(database) }).await;
            let people = granted * (SPAN.as_secs() as u32 + 10);
            rig.start_campaign(&Folder::new("share", "reminder", "front", Audience { people, from: 0 })).await;
            sleep(Duration::from_secs(4)).await;
            let (before, started) = (rig.stats().await.accepted, Instant::now());
            sleep(SPAN).await;
            let (after, took) = (rig.stats().await, started.elapsed());
            let rate = (after.accepted - before) as f64 / took.as_secs_f64();
            let from = format!("{rate:.1}/s; refused {}", after.rejected);
            print(&Line { what: name, value: rate / f64::from(granted), bar: 0.99, from });
        }
    }
}
