//! Signing in and out.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use recado::domain::role::Role;
use recado::store::password::Turnstile;
use recado::store::{session, user};

use super::site::{Site, TUESDAY};

const PASSWORD: &str = "correct horse battery";

async fn with_password(site: &Site) {
    let hash = Turnstile::default().hash(PASSWORD).await.unwrap();
    user::add(&site.store, "ana", Role::Agent, Some(&hash), TUESDAY).await.unwrap().unwrap();
}

#[tokio::test]
async fn name_and_password_begin_a_session_that_scripts_cannot_read() {
    for site in Site::all().await {
        with_password(&site).await;
        let answer = site.post_raw("/sign-in", None, "name=ana&password=correct+horse+battery&next=/audit").await;
        assert_eq!((answer.status, answer.leads_to()), (StatusCode::SEE_OTHER, "/audit"));
        let set = answer.headers["set-cookie"].to_str().unwrap();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
        let found = session::find(&site.store, &answer.cookie().unwrap(), TUESDAY).await.unwrap().unwrap();
        assert_eq!(found.name, "ana");
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_told_apart_by_nobody() {
    let site = Site::new().await;
    with_password(&site).await;
    let wrong = site.post_raw("/sign-in", None, "name=ana&password=wrong+horse+battery").await;
    let nobody = site.post_raw("/sign-in", None, "name=eva&password=wrong+horse+battery").await;
    assert_eq!((wrong.status, nobody.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(wrong.body.replace("ana", "eva"), nobody.body);
}

#[tokio::test]
async fn after_too_many_wrong_passwords_even_the_right_one_has_to_wait() {
    let site = Site::new().await;
    with_password(&site).await;
    for _ in 0..6 {
        site.post_raw("/sign-in", None, "name=ana&password=wrong+horse+battery").await;
    }
    let answer = site.post_raw("/sign-in", None, "name=ana&password=correct+horse+battery").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers.contains_key("retry-after"));
}

/// Somebody tries to sign in from an address.
async fn tries(site: &Site, from: &str, password: &str) -> StatusCode {
    let peer = ConnectInfo(SocketAddr::new(from.parse().unwrap(), 40_000));
    let form = format!("name=ana&password={password}");
    let request = Request::post("/sign-in").header(CONTENT_TYPE, "application/x-www-form-urlencoded").extension(peer);
    site.send(request.body(Body::from(form)).unwrap()).await.status
}

#[tokio::test]
async fn wrong_passwords_from_another_address_keep_nobody_out() {
    let site = Site::new().await;
    with_password(&site).await;
    for _ in 0..7 {
        tries(&site, "198.51.100.66", "wrong+horse+battery").await;
    }
    let right = "correct+horse+battery";
    assert_eq!(tries(&site, "198.51.100.66", right).await, StatusCode::TOO_MANY_REQUESTS, "they wait there");
    assert_eq!(tries(&site, "203.0.113.9", right).await, StatusCode::SEE_OTHER, "and nowhere else");
    assert_eq!(tries(&site, "198.51.100.66", right).await, StatusCode::TOO_MANY_REQUESTS, "it stays so");
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours() {
    for site in Site::all().await {
        let visitor = site.visitor(Role::Admin).await;
        site.clock.advance(session::SESSION_LIFE.checked_sub(Duration::from_secs(1)).unwrap());
        assert_eq!(site.get("/audit", Some(&visitor)).await.status, StatusCode::OK);
        site.clock.advance(Duration::from_secs(1));
        assert_eq!(site.get("/audit", Some(&visitor)).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_for_good() {
    let site = Site::new().await;
    let visitor = site.visitor(Role::Admin).await;
    assert_eq!(site.post("/sign-out", &visitor, &[]).await.leads_to(), "/sign-in");
    assert_eq!(site.get("/audit", Some(&visitor)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn whoever_is_shut_out_is_out_at_once() {
    for site in Site::all().await {
        let visitor = site.visitor(Role::Agent).await;
        let admin = site.visitor(Role::Admin).await;
        let agent = user::by_name(&site.store, "agent").await.unwrap().unwrap();
        site.post(&format!("/users/{}/disable", agent.id), &admin, &[]).await;
        assert_eq!(site.get("/conversations", Some(&visitor)).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn the_last_administrator_cannot_be_shut_out() {
    let site = Site::new().await;
    let admin = site.visitor(Role::Admin).await;
    let own = user::by_name(&site.store, "admin").await.unwrap().unwrap();
    let answer = site.post(&format!("/users/{}/disable", own.id), &admin, &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let answer = site.post(&format!("/users/{}/role", own.id), &admin, &[("role", "agent")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_sign_in_link_works_once_and_looking_at_it_does_not_use_it_up() {
    for site in Site::all().await {
        let id = user::add(&site.store, "ana", Role::Agent, None, TUESDAY).await.unwrap().unwrap();
        let token = session::add_link(&site.store, id, TUESDAY).await.unwrap();
        let link = format!("/sign-in/link?token={token}");
        for _ in 0..2 {
            assert_eq!(site.get(&link, None).await.status, StatusCode::OK);
        }
        let first = site.post_raw("/sign-in/link", None, &format!("token={token}")).await;
        assert_eq!(first.status, StatusCode::SEE_OTHER);
        assert!(first.cookie().is_some());
        let second = site.post_raw("/sign-in/link", None, &format!("token={token}")).await;
        assert_eq!(second.status, StatusCode::GONE);
        assert!(second.cookie().is_none());
        assert_eq!(site.get(&link, None).await.status, StatusCode::GONE);
    }
}

#[tokio::test]
async fn a_sign_in_link_expires() {
    let site = Site::new().await;
    let id = user::add(&site.store, "ana", Role::Agent, None, TUESDAY).await.unwrap().unwrap();
    let token = session::add_link(&site.store, id, TUESDAY).await.unwrap();
    site.clock.advance(session::LINK_LIFE);
    let answer = site.post_raw("/sign-in/link", None, &format!("token={token}")).await;
    assert_eq!(answer.status, StatusCode::GONE);
}

#[tokio::test]
async fn signing_in_never_leads_to_another_site() {
    let site = Site::new().await;
    with_password(&site).await;
    let answer = site.post_raw("/sign-in", None, "name=ana&password=correct+horse+battery&next=//evil.example/").await;
    assert_eq!(answer.leads_to(), "/");
}
