//! Who gets in: tokens while they are good, sessions only with their form's token.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use recado::domain::role::Role;

use crate::web::site::Site;

#[tokio::test]
async fn a_token_stops_working_when_it_expires_or_is_revoked() {
    let site = Site::new().await;
    let token = site.token(Role::Finance).await;
    assert_eq!(site.call(Method::GET, "/api/v1/holds", &token, "", None).await.status, StatusCode::OK);
    recado::store::token::revoke(&site.store, 1, site.clock.now()).await.unwrap();
    assert_eq!(site.call(Method::GET, "/api/v1/holds", &token, "", None).await.status, StatusCode::UNAUTHORIZED);
    let other = site.token(Role::Finance).await;
    site.clock.advance(Duration::from_hours(24));
    assert_eq!(site.call(Method::GET, "/api/v1/holds", &other, "", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_alone_changes_nothing_through_the_api_and_with_its_forms_token_it_does() {
    let site = Site::new().await;
    let visitor = site.visitor(Role::Admin).await;
    for (csrf, status) in [("", StatusCode::FORBIDDEN), (visitor.csrf.as_str(), StatusCode::CREATED)] {
        let request = Request::post("/api/v1/suppressions")
            .header("cookie", format!("recado_session={}", visitor.cookie))
            .header("content-type", "application/json")
            .header("x-csrf-token", csrf)
            .body(Body::from(r#"{"phone":"+5491155550123","scope":"all"}"#))
            .unwrap();
        assert_eq!(site.send(request).await.status, status);
    }
}

#[tokio::test]
async fn a_key_is_kept_for_a_day_of_peoples_time_and_a_replay_says_so() {
    for site in Site::all().await {
        let token = site.token(Role::Agent).await;
        let (path, body) = ("/api/v1/suppressions", r#"{"phone":"+5491155550123","scope":"all"}"#);
        let first = site.call(Method::POST, path, &token, body, Some("k1")).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
        let again = site.call(Method::POST, path, &token, body, Some("k1")).await;
        assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        site.clock.advance(Duration::from_hours(24));
        let token = site.token(Role::Agent).await;
        let later = site.call(Method::POST, path, &token, body, Some("k1")).await;
        assert_eq!(later.body, r#"{"added":false}"#);
    }
}
