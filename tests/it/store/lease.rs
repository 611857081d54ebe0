//! Who sends for a sender, and how many share the work.

use std::time::Duration;

use recado::domain::node::{FORGOTTEN, Known, LEASE};
use recado::domain::time::UnixMs;
use recado::store::lease::{self, Node};
use sqlx::{Connection, Executor};

use crate::support::stores;

const NOW: UnixMs = UnixMs(1_000_000);
fn node<'a>(process: &'a str, home: &'a str) -> Node<'a> {
    Node { process, home, name: home }
}

#[tokio::test]
async fn a_node_that_starts_again_on_its_data_directory_is_one_node_and_has_its_leases() {
    for store in stores().await {
        assert_eq!(lease::beat(&store, node("first", "a"), &[], NOW).await.unwrap(), 1);
        assert_eq!(lease::beat(&store, node("other", "b"), &[], NOW).await.unwrap(), 2);
        assert!(lease::take(&store, "front", node("first", "a"), NOW, NOW.plus(LEASE)).await.unwrap());
        // Killed, and started again at once: three times over it is still one of two.
        for name in ["second", "third", "fourth"] {
            assert_eq!(lease::beat(&store, node(name, "a"), &[], NOW).await.unwrap(), 2, "{}", store.name());
            assert!(lease::take(&store, "front", node(name, "a"), NOW, NOW.plus(LEASE)).await.unwrap());
        }
        assert!(!lease::take(&store, "front", node("other", "b"), NOW, NOW.plus(LEASE)).await.unwrap());
    }
}

#[tokio::test]
async fn what_a_dead_node_held_is_free_when_its_lease_has_run_out() {
    for store in stores().await {
        assert!(lease::take(&store, "front", node("first", "a"), NOW, NOW.plus(LEASE)).await.unwrap());
        assert_eq!(lease::first_end(&store, "a", NOW).await.unwrap(), None, "its own");
        assert_eq!(lease::first_end(&store, "b", NOW).await.unwrap(), Some(NOW.plus(LEASE)), "{}", store.name());
        let later = NOW.plus(LEASE + Duration::from_millis(1));
        assert_eq!(lease::first_end(&store, "b", later).await.unwrap(), None, "it has ended");
        assert!(!lease::take(&store, "front", node("other", "b"), NOW.plus(LEASE), later).await.unwrap());
        assert!(lease::take(&store, "front", node("other", "b"), later, later).await.unwrap(), "{}", store.name());
        lease::beat(&store, node("first", "a"), &[], NOW).await.unwrap();
        assert_eq!(lease::beat(&store, node("other", "b"), &[], later).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_node_is_known_by_name_with_what_it_sent_for_until_it_is_forgotten() {
    for store in stores().await {
        let renamed = Node { name: "clinic-2", ..node("second", "a") };
        lease::beat(&store, node("first", "a"), &["front".to_owned()], NOW).await.unwrap();
        let later = NOW.plus(LEASE);
        lease::beat(&store, renamed, &[], later).await.unwrap();
        lease::leads(&store, "a", &["back".to_owned()]).await.unwrap();
        lease::beat(&store, node("other", "b"), &[], NOW.plus(FORGOTTEN)).await.unwrap();
        let known = lease::known(&store).await.unwrap();
        let a =
            Known { home: "a".to_owned(), name: "clinic-2".to_owned(), led: vec!["back".to_owned()], seen_at: later };
        assert_eq!((known.len(), &known[0]), (2, &a), "{}: renamed, it is the same node", store.name());
        lease::beat(&store, node("other", "b"), &[], later.plus(FORGOTTEN)).await.unwrap();
        assert_eq!(lease::known(&store).await.unwrap().len(), 2, "not yet");
        lease::beat(&store, node("other", "b"), &[], later.plus(FORGOTTEN + LEASE)).await.unwrap();
        assert_eq!(lease::known(&store).await.unwrap().len(), 1, "{}", store.name());
        assert!(lease::forget(&store, "b").await.unwrap() && !lease::forget(&store, "b").await.unwrap());
    }
}

#[tokio::test]
async fn a_node_that_hangs_within_a_unit_of_work_stops_the_others_for_a_moment_only() {
    use recado::config::Patience;
    use recado::store::{Db, open_with};

    let Some(server) = std::env::var("RECADO_TEST_POSTGRES").ok() else { return };
    let schema = format!("hang{}", std::process::id());
    let mut admin = sqlx::postgres::PgConnection::connect(&server).await.unwrap();
    admin.execute(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await.unwrap();
    let url = format!("{server}?options=-csearch_path%3D{schema}");
    let dir = tempfile::tempdir().unwrap();
    let second = Duration::from_secs(1);
    let hangs = open_with(&url, dir.path(), Patience { transaction: second, lock: second }).await.unwrap();
    let other = open_with(&url, dir.path(), Patience::default()).await.unwrap();
    assert!(lease::take(&hangs, "front", node("first", "a"), NOW, NOW.plus(LEASE)).await.unwrap());
    let mut tx = hangs.begin().await.unwrap();
    let recado::store::Tx::Postgres(held) = &mut tx else { panic!() };
    sqlx::query("SELECT node FROM lease FOR UPDATE").fetch_all(&mut **held).await.unwrap();
    // It says nothing more, and the lease has run out.
    let later = NOW.plus(LEASE).plus(second);
    let taken = tokio::time::timeout(Duration::from_secs(8), async {
        lease::take(&other, "front", node("other", "b"), later, later.plus(LEASE)).await
    });
    assert!(taken.await.expect("the server ends the work that hangs").unwrap());
    assert!(tx.commit().await.is_err(), "what hung is undone");
    // Nobody waits for ever for what another has locked, either.
    let mut tx = other.begin().await.unwrap();
    let recado::store::Tx::Postgres(held) = &mut tx else { panic!() };
    sqlx::query("SELECT node FROM lease FOR UPDATE").fetch_all(&mut **held).await.unwrap();
    let Db::Postgres(pool) = &hangs.write else { panic!() };
    let waits = sqlx::query("SELECT node FROM lease FOR UPDATE").fetch_all(pool).await;
    let code = waits.unwrap_err().as_database_error().and_then(|told| told.code().map(std::borrow::Cow::into_owned));
    assert_eq!(code.as_deref(), Some("55P03"), "lock_not_available");
}
