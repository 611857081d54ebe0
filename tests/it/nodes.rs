//! Several daemons on one PostgreSQL, and a daemon that is killed: real processes, a real provider on this machine.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::rig::{Audience, Database, Folder, Rig, Server, Setup, crash};

#[tokio::test]
async fn a_daemon_killed_during_runs_loses_nothing_and_sends_nothing_twice() {
    for database in Database::both().await {
        let name = database.name();
        let (kills, balance) = crash::crash(database, 4).await;
        assert_eq!((kills, balance.duplicates), (4, 0), "{name}: {balance:?}");
        assert!(balance.lost.is_empty() && balance.wrong.is_empty(), "{name}: {balance:?}");
        assert!(balance.accepted > 500, "{name}: {balance:?}");
    }
}

#[tokio::test]
async fn a_daemon_killed_during_runs_at_zenvia_loses_nothing_and_sends_nothing_twice() {
    let database = Database::Sqlite;
    let (kills, balance) = crash::crash_at_zenvia(database, 3).await;
    assert_eq!((kills, balance.duplicates), (3, 0), "{balance:?}");
    assert!(balance.lost.is_empty() && balance.wrong.is_empty(), "{balance:?}");
    assert!(balance.accepted > 500, "{balance:?}");
    let told = ["delivered", "read"].iter().filter_map(|state| balance.states.get(*state)).sum::<usize>();
    assert!(told > 300, "receipts come through the subscriptions: {balance:?}");
}

#[tokio::test]
async fn a_killed_database_server_costs_a_pause_and_nothing_else() {
    let Some(server) = Server::start().await else { return };
    let balance = crash::server_killed(&server, Duration::from_secs(2)).await;
    assert_eq!((balance.duplicates, balance.planned), (0, 1_500), "{balance:?}");
    assert!(balance.lost.is_empty() && balance.wrong.is_empty(), "{balance:?}");
}

#[tokio::test]
async fn two_daemons_never_share_a_sender_and_one_takes_over_what_the_other_leaves() {
    let Some(database) = Database::postgres().await else { return };
    let setup = Setup { senders: vec!["back", "front"], ..Setup::new(database) };
    let sandbox = ["--any-template", "--quiet", "--throughput", "40"].map(str::to_owned).to_vec();
    let mut rig = Rig::start(Setup { sandbox, ..setup }).await;
    let another = rig.start_another().await;
    let audience = |from| Audience { people: 900, from };
    let runs = [
        rig.start_campaign(&Folder::new("one", "reminder", "front", audience(0))).await,
        rig.start_campaign(&Folder::new("two", "reminder", "back", audience(5_000))).await,
    ];
    // Long enough for the second to have asked for its share.
    while !another.log_tail().contains("this node sends for") {
        assert!(rig.left(&runs).await.waiting > 0, "the second sends for nothing: {}", another.log_tail());
        sleep(Duration::from_millis(100)).await;
    }
    let first = rig.log();
    assert!(first.contains("this node no longer sends for"), "the first lets go of a share: {first}");
    another.kill().await;
    let started = Instant::now();
    while rig.left(&runs).await.waiting > 0 {
        assert!(started.elapsed() < Duration::from_mins(2), "{:?} {}", rig.left(&runs).await, rig.log());
        sleep(Duration::from_millis(500)).await;
    }
    let balance = rig.balance(&runs).await;
    assert_eq!((balance.planned, balance.duplicates), (1_800, 0), "{balance:?}");
    assert_eq!((balance.lost.len(), balance.accepted + balance.in_doubt >= 1_800), (0, true), "{balance:?}");
}
