//! Forms belong to the session that showed them, and to this site.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use axum::http::{Request, StatusCode};
use recado::domain::role::Role;
use recado::store::audit;

use super::site::{Site, Visitor};

async fn suppress(site: &Site, visitor: &Visitor, csrf: &str, origin: Option<&str>) -> StatusCode {
    let mut request = Request::post("/suppressions")
        .header(COOKIE, format!("recado_session={}", visitor.cookie))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(origin) = origin {
        request = request.header(ORIGIN, origin);
    }
    let body = format!("csrf={csrf}&phone=%2B5491155550123&scope=marketing");
    site.send(request.body(Body::from(body)).unwrap()).await.status
}

#[tokio::test]
async fn a_form_without_its_sessions_token_is_refused() {
    let site = Site::new().await;
    let visitor = site.visitor(Role::Agent).await;
    let other = site.visitor(Role::Marketing).await;
    assert_eq!(suppress(&site, &visitor, "", None).await, StatusCode::FORBIDDEN);
    assert_eq!(suppress(&site, &visitor, &other.csrf, None).await, StatusCode::FORBIDDEN);
    assert_eq!(suppress(&site, &visitor, &visitor.csrf, None).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_from_another_site_is_refused_even_with_the_token() {
    let site = Site::new().await;
    let visitor = site.visitor(Role::Agent).await;
    assert_eq!(suppress(&site, &visitor, &visitor.csrf, Some("https://evil.example")).await, StatusCode::FORBIDDEN);
    assert_eq!(suppress(&site, &visitor, &visitor.csrf, Some("null")).await, StatusCode::FORBIDDEN);
    assert_eq!(suppress(&site, &visitor, &visitor.csrf, Some("http://recado.test")).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_from_another_site_is_refused() {
    let site = Site::new().await;
    let request = Request::post("/sign-in")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ORIGIN, "https://evil.example")
        .body(Body::from("name=ana&password=whatever-it-is"))
        .unwrap();
    assert_eq!(site.send(request).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_upload_carries_the_token_before_its_files() {
    let site = Site::new().await;
    let visitor = site.visitor(Role::Marketing).await;
    let upload = |csrf: &str| {
        let part = |name: &str, value: &str| {
            format!("--X\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body =
            format!("{}{}{}--X--\r\n", part("csrf", csrf), part("name", "spring"), part("definition", "kind = 1"));
        Request::post("/campaigns")
            .header(COOKIE, format!("recado_session={}", visitor.cookie))
            .header(CONTENT_TYPE, "multipart/form-data; boundary=X")
            .body(Body::from(body))
            .unwrap()
    };
    assert_eq!(site.send(upload("guess")).await.status, StatusCode::FORBIDDEN);
    let answer = site.send(upload(&visitor.csrf)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    assert!(answer.body.contains("campaign.toml:1:"), "{}", answer.body);
}

#[tokio::test]
async fn who_did_it_is_written_down() {
    for site in Site::all().await {
        let visitor = site.visitor(Role::Agent).await;
        suppress(&site, &visitor, &visitor.csrf, None).await;
        let lines = audit::page(&site.store, i64::MAX, "", "", 10).await.unwrap();
        assert_eq!((lines[0].actor.as_str(), lines[0].action.as_str()), ("agent", "suppression.add"));
        assert!(!lines[0].subject.contains("549115555"), "an audit names no numbers");
    }
}

#[tokio::test]
async fn every_answer_forbids_what_pages_never_need() {
    let site = Site::new().await;
    for path in ["/sign-in", "/healthz", "/nothing-here", "/api/v1/campaigns"] {
        let answer = site.get(path, None).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["x-frame-options"], "DENY", "{path}");
    }
}

#[tokio::test]
async fn the_address_of_a_page_that_cannot_be_read_is_not_found() {
    let site = Site::new().await;
    let agent = site.visitor(Role::Agent).await;
    for path in ["/conversations/99999999999999999999", "/conversations/abc", "/tickets/x"] {
        let told = site.get(path, Some(&agent)).await;
        assert_eq!(told.status, StatusCode::NOT_FOUND, "{path}");
        assert!(told.body.contains("Not found") && !told.body.contains("JSON"), "{path}: {}", told.body);
    }
}
