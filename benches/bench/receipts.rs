//! Messages with all their receipts (sent, delivered, read) over a bare loop of sends.

use std::time::{Duration, Instant};

use recado::domain::id::RunId;
use recado::domain::message::MessageState;
use recado::store::{Store, run};
use tokio::time::sleep;

use super::bare::{self, Plain};
use super::line::{Line, median};
use super::rig::{Audience, Database, Folder, Rig};
use super::sends::setup;

const ROUNDS: u32 = 3;
/// So many that the second or two which the simulator lets pass between a message and its last receipt weighs little.
const MESSAGES: u32 = 60_000;

/// One line for each database and way of telling.
pub async fn measure(print: &dyn Fn(&Line)) {
    for (batch, bar) in [(1, 0.08), (50, 0.18)] {
        for database in Database::both().await {
            let name = format!("fully receipted messages ÷ bare loop, {batch} a POST, {}", database.name());
            let rig = Rig::start(setup(database, &format!("batch = {batch}"))).await;
            let (client, plain) = (super::rig::client(), Plain::start().await);
            let store = rig.store().await;
            let (mut ratios, mut ours) = (Vec::new(), Vec::new());
            for round in 0..ROUNDS {
                let bare = bare::sends(&client, &plain.url, u64::from(MESSAGES)).await;
                let receipted = receipted(&rig, &store, round).await;
                ratios.push(receipted / bare);
                ours.push(receipted);
            }
            let from = format!("{:.0} messages/s with 3 receipts each", median(ours));
            print(&Line { what: name, value: median(ratios), bar, from });
        }
    }
}

async fn receipted(rig: &Rig, store: &Store, round: u32) -> f64 {
    let folder = Folder::new(
        &format!("receipts-{round}"),
        "reminder",
        "front",
        Audience { people: MESSAGES, from: round * MESSAGES },
    );
    let started = Instant::now();
    let run = rig.start_campaign(&folder).await;
    loop {
        let told = run::counts(store, RunId(run)).await.unwrap();
        if told == [(MessageState::Read, i64::from(MESSAGES))] {
            return f64::from(MESSAGES) / started.elapsed().as_secs_f64();
        }
        assert!(started.elapsed() < Duration::from_mins(5), "{told:?}");
        sleep(Duration::from_millis(100)).await;
    }
}
