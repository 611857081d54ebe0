//! Health, readiness and figures.

use axum::http::StatusCode;

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
