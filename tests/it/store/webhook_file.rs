//! The file for webhooks beside a SQLite store: whichever of the two is replaced by an older one or by none, no body is passed
//! over unread.

use std::path::Path;

use recado::domain::id::WebhookId;
use recado::domain::time::UnixMs;
use recado::store::webhook::{self, Line};
use recado::store::{Store, home, open};

const AT: UnixMs = UnixMs(1_795_525_200_000);

async fn opened(dir: &Path) -> Store {
    open("sqlite:recado.db", dir).await.unwrap()
}

async fn arrives(store: &Store, line: Line, body: &str) {
    webhook::store(store, "meta", line, body.as_bytes(), AT).await.unwrap();
}

async fn waiting(store: &Store, line: Line) -> Vec<String> {
    let found = webhook::waiting(store, line, WebhookId(0), 100).await.unwrap();
    found.into_iter().map(|webhook| String::from_utf8(webhook.body).unwrap()).collect()
}

/// Reads the first `n` that wait in a line.
async fn reads(store: &Store, line: Line, n: usize) {
    let found = webhook::waiting(store, line, WebhookId(0), n as i64).await.unwrap();
    let bodies: Vec<_> = found.iter().map(|webhook| (webhook.line, webhook.id)).collect();
    let mut tx = store.begin().await.unwrap();
    let taken = webhook::take(store, &mut tx, &bodies, AT).await.unwrap();
    assert_eq!(taken.len(), n, "nobody had read them");
    assert_eq!(webhook::take(store, &mut tx, &bodies, AT).await.unwrap(), [], "they are read now");
    tx.commit().await.unwrap();
}

fn lay(from: &Path, to: &Path) {
    for name in ["recado-webhooks.db-wal", "recado-webhooks.db-shm", "recado.db-wal", "recado.db-shm"] {
        if name.starts_with(to.file_name().unwrap().to_str().unwrap()) {
            drop(std::fs::remove_file(to.with_file_name(name)));
        }
    }
    std::fs::copy(from, to).unwrap();
}

#[tokio::test]
async fn each_line_is_read_to_its_own_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    for (line, body) in [(Line::News, "1"), (Line::People, "2"), (Line::News, "3"), (Line::People, "4")] {
        arrives(&store, line, body).await;
    }
    reads(&store, Line::News, 2).await;
    assert_eq!(waiting(&store, Line::People).await, ["2", "4"]);
    reads(&store, Line::People, 1).await;
    assert_eq!(
        (waiting(&store, Line::News).await.len(), waiting(&store, Line::People).await),
        (0, vec!["4".to_owned()])
    );
    let backlog = webhook::backlog(&store).await.unwrap();
    assert_eq!((backlog.count, backlog.oldest), (1, Some(AT)));
}

#[tokio::test]
async fn what_a_unit_of_work_that_failed_had_read_waits_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    arrives(&store, Line::News, "1").await;
    let mut tx = store.begin().await.unwrap();
    webhook::take(&store, &mut tx, &[(Line::News, WebhookId(1))], AT).await.unwrap();
    drop(tx);
    assert_eq!(waiting(&store, Line::News).await, ["1"]);
}

#[tokio::test]
async fn a_file_that_is_lost_or_another_one_is_read_from_its_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    for body in ["1", "2", "3"] {
        arrives(&store, Line::News, body).await;
    }
    reads(&store, Line::News, 3).await;
    store.close().await;
    for name in ["recado-webhooks.db", "recado-webhooks.db-wal", "recado-webhooks.db-shm"] {
        drop(std::fs::remove_file(dir.path().join(name)));
    }
    let store = opened(dir.path()).await;
    arrives(&store, Line::News, "4").await;
    assert_eq!(waiting(&store, Line::News).await, ["4"]);
}

#[tokio::test]
async fn an_older_copy_of_the_file_goes_on_behind_what_was_read() {
    let (dir, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = opened(dir.path()).await;
    arrives(&store, Line::News, "1").await;
    home::copy_to(&store, &kept.path().join("recado.db")).await.unwrap();
    for body in ["2", "3"] {
        arrives(&store, Line::News, body).await;
    }
    reads(&store, Line::News, 3).await;
    store.close().await;
    lay(&kept.path().join("recado-webhooks.db"), &dir.path().join("recado-webhooks.db"));
    let store = opened(dir.path()).await;
    arrives(&store, Line::News, "4").await;
    assert_eq!(waiting(&store, Line::News).await, ["4"]);
}

#[tokio::test]
async fn a_copy_holds_what_nobody_had_read_and_an_older_store_reads_again_what_came_since() {
    let (dir, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = opened(dir.path()).await;
    for body in ["1", "2"] {
        arrives(&store, Line::News, body).await;
    }
    reads(&store, Line::News, 1).await;
    home::copy_to(&store, &kept.path().join("recado.db")).await.unwrap();
    let copy = opened(kept.path()).await;
    assert_eq!(waiting(&copy, Line::News).await, ["2"]);
    copy.close().await;
    arrives(&store, Line::News, "3").await;
    reads(&store, Line::News, 2).await;
    store.close().await;
    lay(&kept.path().join("recado.db"), &dir.path().join("recado.db"));
    let store = opened(dir.path()).await;
    assert_eq!(waiting(&store, Line::News).await, ["2", "3"]);
}
