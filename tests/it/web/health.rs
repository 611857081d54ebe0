//! Health, readiness and figures.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use recado::domain::role::Role;

use recado::domain::tier::Limit;
use recado::domain::time::UnixMs;
use recado::store::place;

use super::site::Site;

#[tokio::test]
async fn a_daemon_that_stops_is_alive_and_not_ready() {
    for site in Site::all().await {
        assert_eq!(site.get("/readyz", None).await.status, StatusCode::OK);
        site.stopping.cancel();
        assert_eq!(site.get("/healthz", None).await.status, StatusCode::OK);
        assert_eq!(site.get("/readyz", None).await.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn without_its_store_a_daemon_is_not_ready() {
    let site = Site::new().await;
    site.store.close().await;
    assert_eq!(site.get("/readyz", None).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn without_its_store_a_daemon_says_that_the_database_is_away() {
    let site = Site::new().await;
    let token = site.token(Role::Operator).await;
    site.store.close().await;
    let answer = site.call(Method::GET, "/api/v1/runs", &token, "", None).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
    let told = answer.json();
    assert_eq!(told["type"], "/api/docs#problem-store_away");
    assert!(told["detail"].as_str().unwrap().contains("database cannot be reached"), "{told}");
}

#[tokio::test]
async fn with_a_full_disk_a_daemon_is_alive_and_not_ready() {
    for site in Site::all().await {
        site.store.note_full(UnixMs(1_000_000));
        assert_eq!(site.get("/healthz", None).await.status, StatusCode::OK);
        let ready = site.get("/readyz", None).await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(ready.body.contains("the disk is full"), "{}", ready.body);
        site.store.note_room();
        assert_eq!(site.get("/readyz", None).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_metrics_tell_how_the_messaging_limit_stands() {
    for site in Site::all().await {
        let (store, now) = (&site.store, UnixMs(1_000_000));
        place::begin(store, "meta", 30, now).await.unwrap();
        place::set_limit(store, "meta", Limit::People(250), None, now).await.unwrap();
        place::rebuild(store, "meta", now).await.unwrap();
        let body = site.get("/metrics", None).await.body;
        assert!(body.contains("recado_tier_people{portfolio=\"meta\"} 250"), "{body}");
    }
}

#[tokio::test]
async fn the_metrics_count_by_state_and_name_nobody() {
    for site in Site::all().await {
        let body = site.get("/metrics", None).await.body;
        for line in [
            "recado_messages{state=\"in_doubt\"} 0",
            "recado_queue_due 0",
            "recado_webhooks_waiting 0",
            "recado_holds 0",
            "recado_conversations_waiting 0",
        ] {
            assert!(body.contains(line), "{line} in {body}");
        }
        assert!(body.ends_with("# EOF\n"));
    }
}

#[tokio::test]
async fn sign_ins_and_calls_are_counted_by_route_and_never_by_path_or_name() {
    let site = Site::new().await;
    let token = site.token(Role::Agent).await;
    site.call(Method::GET, "/api/v1/conversations/4711", &token, "", None).await;
    site.call(Method::GET, "/api/v1/conversations/4712", &token, "", None).await;
    site.call(Method::GET, "/api/v1/holds", "guess", "", None).await;
    for _ in 0..7 {
        site.post_raw("/sign-in", None, "name=ana-the-agent&password=wrong-it-is").await;
    }
    site.post_raw("/sign-in/link", None, "token=guess").await;
    let body = site.get("/metrics", None).await.body;
    for line in [
        r#"recado_api_requests_total{method="GET",route="/api/v1/conversations/{id}",status="404"} 2"#,
        r#"recado_api_requests_total{method="GET",route="/api/v1/holds",status="401"} 1"#,
        r#"recado_sign_ins_total{way="password",result="wrong"} 6"#,
        r#"recado_sign_ins_total{way="password",result="slowed"} 1"#,
        r#"recado_sign_ins_total{way="link",result="wrong"} 1"#,
        "recado_live_viewers 0",
    ] {
        assert!(body.contains(line), "{line} in {body}");
    }
    assert!(!body.contains("471") && !body.contains("ana-the-agent"), "{body}");
}

#[tokio::test]
async fn whoever_watches_is_counted_until_they_go_away() {
    let site = Site::new().await;
    let visitor = site.visitor(Role::Agent).await;
    let request = Request::get("/events").header("cookie", format!("recado_session={}", visitor.cookie));
    let stream = site.open(request.body(Body::empty()).unwrap()).await;
    assert!(site.get("/metrics", None).await.body.contains("recado_live_viewers 1"));
    drop(stream);
    assert!(site.get("/metrics", None).await.body.contains("recado_live_viewers 0"));
}
