//! Addresses that are not fetched from, and what is too large.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use recado::domain::media::MediaState;
use recado::engine::media::Fetcher;
use serde_json::json;

use super::{Desk, at_gupshup, at_zenvia};
use crate::engine::stage;
use crate::support::stores;

type Seen = Arc<Mutex<Vec<HeaderMap>>>;

/// A web server that hands out more than there may be, sends elsewhere, and notes what it was asked with.
async fn elsewhere() -> (String, Seen) {
    let seen = Seen::default();
    let endless = || async {
        let chunk = vec![0_u8; 1 << 20];
        let chunks = futures::stream::iter((0..64).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
        Body::from_stream(chunks).into_response()
    };
    let told = || async {
        {
            use futures::StreamExt;
            let begun =
                futures::stream::iter([Ok::<_, std::io::Error>(vec![0_u8; 10])]).chain(futures::stream::pending());
            ([(header::CONTENT_LENGTH, "104857601")], Body::from_stream(begun)).into_response()
        }
    };
    let away = || async { Redirect::temporary("http://127.0.0.2:9/secret").into_response() };
    let round = || async { Redirect::temporary("/round").into_response() };
    let hop = || async { Redirect::temporary("/file").into_response() };
    let router = Router::new()
        .route("/endless", get(endless))
        .route("/told", get(told))
        .route("/away", get(away))
        .route("/round", get(round))
        .route("/hop", get(hop))
        .route("/file", get(file))
        .route("/broken", get(|| async { StatusCode::BAD_GATEWAY }))
        .with_state(Arc::clone(&seen));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    tasks.detach_all();
    (address, seen)
}

async fn file(State(seen): State<Seen>, headers: HeaderMap) -> Response {
    seen.lock().unwrap().push(headers);
    b"\xFF\xD8\xFF\xE0 a picture".to_vec().into_response()
}

#[tokio::test]
async fn what_is_too_large_or_leads_elsewhere_is_refused_with_the_reason() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        let (there, _) = elsewhere().await;
        for (n, (place, reason)) in
            [("endless", "too_large"), ("told", "too_large"), ("away", "redirect"), ("round", "redirect")]
                .into_iter()
                .enumerate()
        {
            desk.hears("gupshup", &at_gupshup(&format!("g{n}"), "image", &format!("{there}/{place}"))).await;
            desk.fetch().await;
            let last = desk.all().await.pop().unwrap();
            assert_eq!((last.state, last.reason.as_str()), (MediaState::Refused, reason), "{place} {}", store.name());
        }
        assert!(desk.files().is_empty(), "nothing of it stays");
        desk.hears("gupshup", &at_gupshup("hop", "image", &format!("{there}/hop"))).await;
        desk.fetch().await;
        assert_eq!(desk.all().await.pop().unwrap().state, MediaState::Here, "on one host it may be sent on");
        desk.hears("gupshup", &at_gupshup("broken", "image", &format!("{there}/broken"))).await;
        desk.fetch().await;
        assert_eq!(desk.all().await.pop().unwrap().state, MediaState::Waiting, "that may be mended");
    }
}

#[tokio::test]
async fn nothing_is_fetched_from_private_addresses_nor_in_the_clear() {
    let store = &stores().await[0];
    let desk = Desk::new(store).await;
    let places = [
        "http://127.0.0.1:9/x",
        "https://127.0.0.1:9/x",
        "https://localhost/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "http://1.1.1.1/x",
        "file:///etc/passwd",
        "not an address",
    ];
    for (n, place) in places.into_iter().enumerate() {
        desk.hears("zenvia", &at_zenvia(&format!("z{n}"), place)).await;
    }
    // With one provider on the internet, this machine is no place to fetch from.
    let meta = "https://graph.facebook.com/v26.0";
    let more = super::accounts(&desk.sandbox);
    let public = stage::engine(store, store.dir.path(), ("node2", meta, &more), desk.clock.clone()).await;
    assert_eq!(Fetcher::new(public).step().await.unwrap(), places.len());
    for (one, place) in desk.all().await.iter().zip(places) {
        assert_eq!((one.state, one.reason.as_str()), (MediaState::Refused, "address"), "{place}");
    }
}

#[tokio::test]
async fn the_token_goes_to_the_providers_own_hosts_alone() {
    let store = &stores().await[0];
    let desk = Desk::new(store).await;
    let (there, seen) = elsewhere().await;
    // A provider whose media node names another host.
    let node = json!({"id": "100", "url": format!("{there}/file"), "file_size": "14"});
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let own = Seen::default();
    let (node_seen, own_seen) = (Seen::default(), Arc::clone(&own));
    let asked = Arc::clone(&node_seen);
    let own_node = json!({"id": "101", "url": format!("{address}/own"), "file_size": 14});
    let router = Router::new()
        .route(
            "/{id}",
            get(move |axum::extract::Path(id): axum::extract::Path<String>, headers: HeaderMap| async move {
                match id.as_str() {
                    "own" => {
                        own_seen.lock().unwrap().push(headers);
                        b"\xFF\xD8\xFF\xE0 a picture".to_vec().into_response()
                    }
                    "101" => axum::Json(own_node).into_response(),
                    _ => {
                        asked.lock().unwrap().push(headers);
                        axum::Json(node).into_response()
                    }
                }
            }),
        )
        .with_state(());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let engine = stage::engine(store, store.dir.path(), ("node2", &address, ""), desk.clock.clone()).await;
    desk.sends(json!({"image": true})).await;
    desk.sends(json!({"image": {"caption": "otra"}})).await;
    let points_at = |told| crate::engine::change(store, told);
    points_at(r#"UPDATE media SET told = '{"media":"image","id":"100"}' WHERE id = 1"#).await;
    points_at(r#"UPDATE media SET told = '{"media":"image","id":"101"}' WHERE id = 2"#).await;
    assert_eq!(Fetcher::new(engine).step().await.unwrap(), 2);
    assert!(desk.all().await.iter().all(|one| one.state == MediaState::Here), "{:?}", desk.all().await);
    let bears =
        |seen: &Seen| seen.lock().unwrap().iter().map(|h| h.contains_key(header::AUTHORIZATION)).collect::<Vec<_>>();
    assert_eq!((bears(&node_seen), bears(&seen), bears(&own)), (vec![true], vec![false], vec![true]));
}
