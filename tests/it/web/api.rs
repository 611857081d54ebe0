//! The API: keys, paging, who gets in.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use recado::domain::role::Role;
use recado::store::audit;

use super::site::Site;

#[tokio::test]
async fn a_repeated_post_with_one_key_does_its_work_once() {
    for site in Site::all().await {
        let token = site.token(Role::Agent).await;
        let body = r#"{"phone":"+5491155550123","scope":"all"}"#;
        let first = site.call(Method::POST, "/api/v1/suppressions", &token, body, Some("k1")).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
        let again = site.call(Method::POST, "/api/v1/suppressions", &token, body, Some("k1")).await;
        assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(audit::page(&site.store, i64::MAX, "", "suppression.add", 10).await.unwrap().len(), 1);
        let other = r#"{"phone":"+5491155550124","scope":"all"}"#;
        let reused = site.call(Method::POST, "/api/v1/suppressions", &token, other, Some("k1")).await;
        assert_eq!(reused.json()["type"], "/api/docs#problem-key_reused");
    }
}

#[tokio::test]
async fn a_refused_request_gives_its_key_back() {
    let site = Site::new().await;
    let token = site.token(Role::Agent).await;
    let wrong = r#"{"phone":"12","scope":"all"}"#;
    let refused = site.call(Method::POST, "/api/v1/suppressions", &token, wrong, Some("k1")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(refused.json()["errors"][0]["message"].as_str().unwrap().len() > 5);
    let right = r#"{"phone":"+5491155550123","scope":"all"}"#;
    let done = site.call(Method::POST, "/api/v1/suppressions", &token, right, Some("k1")).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.body);
}

#[tokio::test]
async fn lists_are_paged_by_cursor_without_holes_or_repetitions() {
    for site in Site::all().await {
        let token = site.token(Role::Agent).await;
        for n in 0..7 {
            let body = format!(r#"{{"phone":"+549115555010{n}","scope":"all"}}"#);
            site.call(Method::POST, "/api/v1/suppressions", &token, &body, None).await;
        }
        let (mut seen, mut path) = (Vec::new(), "/api/v1/suppressions?limit=3".to_owned());
        loop {
            let page = site.call(Method::GET, &path, &token, "", None).await.json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|i| i["phone"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/api/v1/suppressions?limit=3&cursor={next}");
        }
        let unique: BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), unique.len()), (7, 7));
    }
}

#[tokio::test]
async fn a_token_stops_working_when_it_expires_or_is_revoked() {
    let site = Site::new().await;
    let token = site.token(Role::Finance).await;
    assert_eq!(site.call(Method::GET, "/api/v1/holds", &token, "", None).await.status, StatusCode::OK);
    recado::store::token::revoke(&site.store, 1, site.clock.now()).await.unwrap();
    assert_eq!(site.call(Method::GET, "/api/v1/holds", &token, "", None).await.status, StatusCode::UNAUTHORIZED);
    let other = site.token(Role::Finance).await;
    site.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(site.call(Method::GET, "/api/v1/holds", &other, "", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_alone_changes_nothing_through_the_api() {
    let site = Site::new().await;
    let visitor = site.visitor(Role::Admin).await;
    let request = axum::http::Request::post("/api/v1/suppressions")
        .header("cookie", format!("recado_session={}", visitor.cookie))
        .header("content-type", "application/json")
        .body(axum::body::Body::from(r#"{"phone":"+5491155550123","scope":"all"}"#))
        .unwrap();
    assert_eq!(site.send(request).await.status, StatusCode::FORBIDDEN);
}
