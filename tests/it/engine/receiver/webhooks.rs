//! Bodies: durable before they are answered, read in order, kept when they cannot be read.

use std::collections::BTreeSet;
use std::sync::Arc;

use recado::domain::id::WebhookId;
use recado::store::webhook::{self, Line};
use recado::store::{Db, Store, open};
use serde_json::json;

use crate::inbox::office::{ANA, NOW, Office, typed};
use crate::support::stores;

const BODIES: &str = "SELECT COUNT(*) FROM webhook";
const PROBLEMS: &str = "SELECT COUNT(*) FROM webhook_problem";

#[tokio::test]
async fn a_webhook_is_durable_before_its_200() {
    let dir = tempfile::tempdir().unwrap();
    let store = open("sqlite:recado.db", dir.path()).await.unwrap();
    webhook::store(&store, "meta", Line::News, b"{}", NOW).await.unwrap();
    // The process dies here: nothing is closed, and another connection reads the file as it lies.
    std::mem::forget(store);
    let after = open("sqlite:recado.db", dir.path()).await.unwrap();
    let kept = webhook::waiting(&after, Line::News, WebhookId(0), 10).await.unwrap();
    assert_eq!((kept.len(), kept[0].account.as_str(), kept[0].body.as_slice()), (1, "meta", b"{}".as_slice()));
}

#[tokio::test]
async fn many_at_once_are_all_kept_byte_for_byte() {
    for store in stores().await {
        let shared = Arc::new((*store).clone());
        // Bytes of every kind, an empty body among them.
        let body = |n: u32| if n == 0 { Vec::new() } else { [&n.to_be_bytes()[..], &[0, 255, b'"']].concat() };
        futures::future::join_all((0..300).map(|n| {
            let store = Arc::clone(&shared);
            async move { webhook::store(&store, "meta", Line::News, &body(n), NOW).await.unwrap() }
        }))
        .await;
        let waiting = webhook::waiting(&store, Line::News, WebhookId(0), 1000).await.unwrap();
        let kept: BTreeSet<Vec<u8>> = waiting.into_iter().map(|w| w.body).collect();
        assert_eq!(kept, (0..300).map(body).collect(), "{}", store.name());
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_kept_and_stops_no_other() {
    for store in stores().await {
        let office = Office::new(&store);
        webhook::store(&store, "meta", Line::News, b"<html>", NOW).await.unwrap();
        webhook::store(&store, "gone", Line::News, b"{}", NOW).await.unwrap();
        office.writes(ANA, "hola").await;
        assert_eq!(office.conversations().await.len(), 1, "{}", store.name());
        assert_eq!(office.numbers(PROBLEMS).await, [2], "{}", store.name());
        assert_eq!(webhook::backlog(&store).await.unwrap().count, 0, "{}", store.name());
        let bodies: i64 = match store.webhooks().await {
            Db::Sqlite(pool) => sqlx::query_scalar(BODIES).fetch_one(&pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(BODIES).fetch_one(&pool).await.unwrap(),
        };
        assert_eq!(bodies, 3, "{}", store.name());
    }
}

#[tokio::test]
async fn a_message_to_a_number_that_is_not_configured_is_kept_as_failed() {
    for store in stores().await {
        let office = Office::new(&store);
        office.reply_to("999", ANA, typed("hola")).await;
        assert_eq!(office.numbers(PROBLEMS).await, [1], "{}", store.name());
        assert!(office.conversations().await.is_empty());
    }
}

#[tokio::test]
async fn fields_nobody_knows_are_answered_and_done() {
    for store in stores().await {
        let office = Office::new(&store);
        office.store_body_of("106540352242922", "from_the_future", json!({ "a": 1 })).await;
        office.read().await;
        assert_eq!(office.numbers(PROBLEMS).await, [0], "{}", store.name());
        assert_eq!(webhook::backlog(&store).await.unwrap().count, 0, "{}", store.name());
    }
}

/// Bodies that one step takes of a line, where each of 400 receipts or 300 messages is what its first unit of work holds.
fn bodies_of_a_step(store: &Store) -> usize {
    1 + 9 * if store.is_of_one_node() { 5 } else { 1 }
}

fn written_of_a_step(store: &Store) -> usize {
    1 + 9 * if store.is_of_one_node() { 3 } else { 1 }
}

fn receipts(body: usize) -> serde_json::Value {
    let told = |n| json!({"id": format!("wamid.{body}.{n}"), "status": "sent", "timestamp": "1", "recipient_id": ANA});
    json!({ "statuses": (0..400).map(told).collect::<Vec<_>>() })
}

#[tokio::test]
async fn what_people_write_does_not_wait_behind_receipts() {
    for store in stores().await {
        let office = Office::new(&store);
        for body in 0..bodies_of_a_step(&store) + 2 {
            office.store_body(receipts(body)).await;
        }
        office.store_body(written("wamid.hola", 1)).await;
        office.receiver.step().await.unwrap();
        assert_eq!(office.conversations().await.len(), 1, "{}", store.name());
        let waiting = webhook::waiting(&store, Line::News, WebhookId(0), 10).await.unwrap();
        assert_eq!(waiting.len(), 2, "{}: receipts that came before it still wait", store.name());
    }
}

fn written(id: &str, times: usize) -> serde_json::Value {
    let message = json!({"from": ANA, "id": id, "timestamp": (NOW.0 / 1000).to_string(), "type": "text", "text": {"body": "hola"}});
    json!({ "contacts": [{"wa_id": ANA}], "messages": vec![message; times] })
}

#[tokio::test]
async fn receipts_go_on_however_much_people_write() {
    for store in stores().await {
        let office = Office::new(&store);
        for _ in 0..written_of_a_step(&store) + 2 {
            office.store_body(written("wamid.hola", 300)).await;
        }
        office.store_body(receipts(0)).await;
        office.receiver.step().await.unwrap();
        let mut waiting = Vec::new();
        for line in Line::ALL {
            waiting.push(webhook::waiting(&store, line, WebhookId(0), 10).await.unwrap().len());
        }
        assert_eq!(waiting, [2, 0], "{}", store.name());
    }
}
