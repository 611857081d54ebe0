//! Bodies: durable before they are answered, read in order, kept when they cannot be read.

use std::sync::Arc;

use recado::domain::id::WebhookId;
use recado::store::{open, webhook};
use serde_json::json;

use crate::inbox::office::{ANA, NOW, Office, typed};
use crate::support::stores;

#[tokio::test]
async fn a_webhook_is_durable_before_its_200() {
    let dir = tempfile::tempdir().unwrap();
    let store = open("sqlite:recado.db", dir.path()).await.unwrap();
    let id = webhook::store(&store, "meta", b"{}", NOW).await.unwrap();
    // The process dies here: nothing is closed, and another connection reads the file as it lies.
    std::mem::forget(store);
    let after = open("sqlite:recado.db", dir.path()).await.unwrap();
    let kept = webhook::waiting(&after, WebhookId(0), 10).await.unwrap();
    assert_eq!((kept.len(), kept[0].id, kept[0].body.as_slice()), (1, id, b"{}".as_slice()));
}

#[tokio::test]
async fn many_at_once_are_all_kept_each_with_its_own_id() {
    for store in stores().await {
        let shared = Arc::new((*store).clone());
        let all = futures::future::join_all((0..300).map(|n: u32| {
            let store = Arc::clone(&shared);
            async move { webhook::store(&store, "meta", n.to_string().as_bytes(), NOW).await.unwrap() }
        }))
        .await;
        let waiting = webhook::waiting(&store, WebhookId(0), 1000).await.unwrap();
        assert_eq!(waiting.len(), 300, "{}", store.name());
        for (n, id) in all.iter().enumerate() {
            let kept = waiting.iter().find(|w| w.id == *id).unwrap();
            assert_eq!(kept.body, n.to_string().as_bytes(), "{}", store.name());
        }
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_kept_and_stops_no_other() {
    for store in stores().await {
        let office = Office::new(&store);
        webhook::store(&store, "meta", b"<html>", NOW).await.unwrap();
        webhook::store(&store, "gone", b"{}", NOW).await.unwrap();
        office.writes(ANA, "hola").await;
        assert_eq!(office.conversations().await.len(), 1, "{}", store.name());
        assert_eq!(office.words("SELECT state FROM webhook ORDER BY id").await, ["failed", "failed", "done"]);
    }
}

#[tokio::test]
async fn a_message_to_a_number_that_is_not_configured_is_kept_as_failed() {
    for store in stores().await {
        let office = Office::new(&store);
        office.reply_to("999", ANA, typed("hola")).await;
        assert_eq!(office.words("SELECT state FROM webhook").await, ["failed"], "{}", store.name());
        assert!(office.conversations().await.is_empty());
    }
}

#[tokio::test]
async fn fields_nobody_knows_are_answered_and_done() {
    for store in stores().await {
        let office = Office::new(&store);
        office.store_body_of("106540352242922", "from_the_future", json!({ "a": 1 })).await;
        office.read().await;
        assert_eq!(office.words("SELECT state FROM webhook").await, ["done"], "{}", store.name());
    }
}
