//! A database without room: what does not fit is refused as that, and the next write finds a usable connection.

use recado::domain::id::WebhookId;
use recado::domain::time::UnixMs;
use recado::store::hold::{self, HoldCause, HoldScope};
use recado::store::webhook;
use recado::store::{Db, Store};

use crate::support::stores;

async fn let_no_page_be_added(store: &Store) {
    let Db::Sqlite(pool) = &store.write else { panic!("SQLite") };
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(pool).await.unwrap();
    let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    sqlx::query(limit).execute(pool).await.unwrap();
}

#[tokio::test]
async fn what_does_not_fit_is_refused_as_that_and_the_next_that_fits_is_written() {
    let store = stores().await.swap_remove(0);
    let_no_page_be_added(&store).await;
    let (id, long) = (WebhookId(1), "x".repeat(1 << 20));
    let mut tx = store.begin().await.unwrap();
    let refused = webhook::fail(&mut tx, id, &long, UnixMs(1)).await.unwrap_err();
    assert!(refused.is_full() && refused.passes(), "{refused:?}");
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    webhook::fail(&mut tx, id, "short", UnixMs(1)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_a_hold_of_everything_that_no_row_has() {
    for store in stores().await {
        assert!(store.note_full(UnixMs(5)));
        assert!(!store.note_full(UnixMs(6)), "{}: it is known", store.name());
        let open = hold::open(&store).await.unwrap();
        assert_eq!((open.len(), open[0].scope, open[0].cause), (1, HoldScope::Store, HoldCause::Disk));
        assert_eq!(open[0].created_at, UnixMs(5));
        assert!(!hold::lift(&store, &open[0], UnixMs(7), "ana").await.unwrap());
        assert!(store.note_room());
        assert!(hold::open(&store).await.unwrap().is_empty() && !store.note_room());
    }
}
