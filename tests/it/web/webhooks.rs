//! Webhooks' way in.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use recado::domain::id::WebhookId;
use recado::store::webhook::{self, Line};
use sha2::Sha256;

use super::site::{APP_SECRET, Site};

const BODY: &str = r#"{"object":"whatsapp_business_account","entry":[]}"#;

fn signature(body: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

async fn deliver(site: &Site, account: &str, body: Vec<u8>, signature: &str) -> StatusCode {
    let request = Request::post(format!("/webhooks/{account}"))
        .header("content-type", "application/json")
        .header("x-hub-signature-256", signature)
        .body(Body::from(body))
        .unwrap();
    site.send(request).await.status
}

#[tokio::test]
async fn a_webhook_is_durable_before_its_200() {
    for site in Site::all().await {
        let status = deliver(&site, "meta", BODY.into(), &signature(BODY.as_bytes(), APP_SECRET)).await;
        assert_eq!(status, StatusCode::OK);
        let waiting = webhook::waiting(&site.store, Line::News, WebhookId(0), 10).await.unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].body, BODY.as_bytes());
    }
}

#[tokio::test]
async fn a_body_that_is_not_signed_with_our_secret_is_refused_and_not_kept() {
    let site = Site::new().await;
    for wrong in [signature(BODY.as_bytes(), "another"), signature(b"{}", APP_SECRET), String::new()] {
        assert_eq!(deliver(&site, "meta", BODY.into(), &wrong).await, StatusCode::UNAUTHORIZED);
    }
    assert!(webhook::waiting(&site.store, Line::News, WebhookId(0), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_body_over_four_megabytes_is_refused() {
    let site = Site::new().await;
    let body = vec![b' '; 4 * 1024 * 1024 + 1];
    let signed = signature(&body, APP_SECRET);
    assert_eq!(deliver(&site, "meta", body.clone(), &signed).await, StatusCode::PAYLOAD_TOO_LARGE);
    let body = body[1..].to_vec();
    let signed = signature(&body, APP_SECRET);
    assert_eq!(deliver(&site, "meta", body, &signed).await, StatusCode::OK);
}

#[tokio::test]
async fn an_account_that_is_not_configured_has_no_address() {
    let site = Site::new().await;
    let status = deliver(&site, "other", BODY.into(), &signature(BODY.as_bytes(), APP_SECRET)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_provider_that_does_not_sign_is_known_by_address_header_and_origin_together() {
    const SECRET: &str = "a-secret-that-nobody-guesses";
    let body = r#"{"app":"SaludCenter","type":"platform-event","payload":{"type":"connectivity-check"}}"#;
    let site = Site::new().await;
    let deliver = async |path: &str, header: &str, from: &str| {
        let mut request = Request::post(path).header("x-recado-webhook", header).body(Body::from(body)).unwrap();
        let peer: std::net::SocketAddr = from.parse().unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        let answer = site.send(request).await;
        (answer.status, answer.body)
    };
    let right = format!("/webhooks/gupshup/{SECRET}");
    assert_eq!(deliver(&right, "value", "34.202.224.208:1").await, (StatusCode::OK, String::new()));
    assert_eq!(webhook::waiting(&site.store, Line::News, WebhookId(0), 10).await.unwrap().len(), 1);
    for (path, header, from) in [
        (format!("/webhooks/gupshup/{}", SECRET.replace('a', "b")), "value", "34.202.224.208:1"),
        ("/webhooks/gupshup".to_owned(), "value", "34.202.224.208:1"),
        (right.clone(), "another", "34.202.224.208:1"),
        (right.clone(), "value", "10.0.0.1:1"),
    ] {
        assert_eq!(deliver(&path, header, from).await.0, StatusCode::UNAUTHORIZED, "{path} {header} {from}");
    }
    assert_eq!(
        deliver(&format!("/webhooks/meta/{SECRET}"), "value", "34.202.224.208:1").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(webhook::waiting(&site.store, Line::News, WebhookId(0), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_handshake_answers_only_our_verify_token() {
    let site = Site::new().await;
    let asked =
        |token: &str| format!("/webhooks/meta?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
    let right = site.get(&asked("verify"), None).await;
    assert_eq!((right.status, right.body.as_str()), (StatusCode::OK, "1158201444"));
    assert_eq!(site.get(&asked("guess"), None).await.status, StatusCode::FORBIDDEN);
}
