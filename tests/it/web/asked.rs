//! What `recado check` asks the daemon for some rows at a time: names, and what a standing run has planned.

use axum::http::{Method, StatusCode};
use recado::domain::role::Role;
use serde_json::{Value, json};

use super::site::Site;
use crate::engine::feeds::{apply, clinic, rows};
use crate::engine::stage::{CAMPAIGN, Stage};
use crate::support::stores;

#[tokio::test]
async fn names_are_told_by_numbers_to_whoever_may_read_people() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let (token, path) = (site.token(Role::Marketing).await, "/api/v1/people/names");
        let ask = async |phones: Value| {
            let body = json!({ "phones": phones }).to_string();
            site.call(Method::POST, path, &token, &body, None).await
        };
        assert_eq!(ask(json!([])).await.json(), json!({"anybody": false, "names": {}}), "{}", store.name());
        stage.run("one", CAMPAIGN, "nombre,telefono\nAna Paz,+5491155550001\nEva,+5491155550002\n").await;
        let told = ask(json!(["5491155550001", "5491155550009"])).await.json();
        assert_eq!(told, json!({"anybody": true, "names": {"5491155550001": "Ana Paz"}}), "{}", store.name());
        let many: Vec<String> = (0..10_001).map(|n| format!("54911{n:08}")).collect();
        assert_eq!(ask(json!(many)).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", store.name());
        let other = site.token(Role::Finance).await;
        let refused = site.call(Method::POST, path, &other, "{\"phones\":[]}", None).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", store.name());
    }
}

#[tokio::test]
async fn what_a_standing_run_has_planned_is_told_for_the_rows_that_are_asked_for() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let audience = rows(&[("A", "26/11/2026 09:00"), ("B", "26/11/2026 09:30"), ("C", "26/11/2026 10:00")]);
        apply(&stage, &clinic("contains = \"only changes\""), &audience).await;
        let (token, path) = (site.token(Role::Marketing).await, "/api/v1/campaigns/clinic/standing");
        let number = |id: &str| {
            audience.lines().find(|row| row.starts_with(id)).unwrap().split(",+").nth(1).unwrap()[..13].to_owned()
        };
        let body = json!({"ids": ["A", "X"], "phones": [number("C")]}).to_string();
        let told = site.call(Method::POST, path, &token, &body, None).await.json();
        let ids: Vec<&str> =
            told["planned"].as_array().unwrap().iter().filter_map(|one| one["external_id"].as_str()).collect();
        assert_eq!((ids, &told["declined"]), (vec!["A", "C"], &json!([])), "{} {told}", store.name());
        let all = site.call(Method::GET, path, &token, "", None).await.json();
        assert_eq!((all["planned"].as_array().unwrap().len(), &all["next"]), (3, &Value::Null), "{all}");
    }
}
