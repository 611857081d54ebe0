//! What an attachment is shown with: nothing of it runs, and only those who read conversations see it.

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RANGE};
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recado::domain::role::Role;
use serde_json::json;

use super::Desk;
use crate::support::stores;
use crate::web::site::{Answer, Site};

fn header(answer: &Answer, name: axum::http::HeaderName) -> String {
    answer.headers.get(name).map_or_else(String::new, |v| v.to_str().unwrap().to_owned())
}

async fn part(site: &Site, token: &str, path: &str, range: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {token}")).header(RANGE, range);
    site.send(request.body(axum::body::Body::empty()).unwrap()).await
}

#[tokio::test]
async fn an_attachment_is_shown_so_that_nothing_of_it_can_run() {
    for store in stores().await {
        let desk = Desk::new(&store).await;
        let site = Site::over(&desk.engine);
        let ana = site.visitor(Role::Agent).await;
        let page = STANDARD.encode("<!doctype html><script>alert(1)</script>");
        for what in [
            json!({"image": true}),
            json!({"image": {"mime_type": "text/html", "base64": page}}),
            json!({"document": {"filename": "orden \"é\"; x=\r\n.pdf"}}),
        ] {
            desk.sends(what).await;
        }
        assert_eq!(site.get("/media/1", Some(&ana)).await.status, StatusCode::NOT_FOUND, "it is not here yet");
        desk.fetch().await;
        let expected = [
            ("image/jpeg", "inline; filename=\"image-1\"; filename*=UTF-8''image-1"),
            ("application/octet-stream", "attachment; filename=\"image-2\"; filename*=UTF-8''image-2"),
            (
                "application/pdf",
                "inline; filename=\"orden ____ x___.pdf\"; filename*=UTF-8''orden%20%22%C3%A9%22%3B%20x%3D%0D%0A.pdf",
            ),
        ];
        for (n, (kind, disposition)) in expected.into_iter().enumerate() {
            let shown = site.get(&format!("/media/{}", n + 1), Some(&ana)).await;
            assert_eq!(shown.status, StatusCode::OK, "{}", store.name());
            assert_eq!(header(&shown, CONTENT_TYPE), kind);
            let told = header(&shown, CONTENT_DISPOSITION);
            assert_eq!(told.replace("_____ x", "____ x"), disposition);
            let policy = header(&shown, CONTENT_SECURITY_POLICY);
            assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
            // The browser's own reader shows it in our page alone, and does not start in a sandbox.
            let is_read = kind == "application/pdf";
            assert_eq!(policy.starts_with("sandbox;"), !is_read, "{policy}");
            assert!(policy.contains(if is_read { "frame-ancestors 'self'" } else { "frame-ancestors 'none'" }));
            assert_eq!(shown.headers["x-frame-options"], if is_read { "SAMEORIGIN" } else { "DENY" });
            assert_eq!(shown.headers["x-content-type-options"], "nosniff");
            assert_eq!(shown.headers["cache-control"], "no-store");
        }
        assert_eq!(site.get("/media/4", Some(&ana)).await.status, StatusCode::NOT_FOUND);
        for (role, status) in [(Role::Finance, 403), (Role::Marketing, 403), (Role::Operator, 403), (Role::Admin, 200)]
        {
            let who = site.visitor(role).await;
            assert_eq!(site.get("/media/1", Some(&who)).await.status.as_u16(), status, "{role:?}");
        }
    }
}

#[tokio::test]
async fn sounds_and_films_can_be_taken_in_parts() {
    let store = &stores().await[0];
    let desk = Desk::new(store).await;
    let site = Site::over(&desk.engine);
    let token = site.token(Role::Agent).await;
    let text = STANDARD.encode("OggS0123456789");
    desk.sends(json!({"audio": {"base64": text}})).await;
    desk.fetch().await;
    for (range, status, body, told) in [
        ("bytes=0-3", 206, "OggS", "bytes 0-3/14"),
        ("bytes=10-", 206, "6789", "bytes 10-13/14"),
        ("bytes=-2", 206, "89", "bytes 12-13/14"),
        ("bytes=14-", 416, "", "bytes */14"),
        ("bytes=0-1,3-4", 200, "OggS0123456789", ""),
    ] {
        let answer = part(&site, &token, "/api/v1/media/1", range).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (status, body), "{range}");
        assert_eq!(header(&answer, CONTENT_RANGE), told, "{range}");
    }
}
