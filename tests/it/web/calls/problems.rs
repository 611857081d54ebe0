//! What goes wrong is told as problem documents.

use recado::domain::role::{Right, Role};
use recado::web::route::{self, Access};
use reqwest::Method;
use serde_json::json;

use crate::support::stores;
use crate::web::daemon::{Site, told};

#[tokio::test]
async fn every_role_is_refused_what_it_has_no_right_to_and_a_stranger_everything() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    for route in route::table().iter().filter(|r| r.path.starts_with("/api/v1/") && r.access != Access::Open) {
        let path = route.path.replace("{id}", "999");
        if path == "/api/v1/events" {
            continue;
        }
        let stranger = told(site.stranger(route.method.clone(), &path)).await;
        assert_eq!((stranger.status, stranger.kind.as_str()), (401, "application/problem+json"), "{path}");
        for role in Role::ALL {
            let answer = told(site.request(role, route.method.clone(), &path)).await;
            let may = match route.access {
                Access::Needs(right) => role.may(right),
                _ => true,
            };
            assert_eq!(answer.status != 403, may, "{role:?} {} {path}: {}", route.method, answer.status);
            assert!(answer.status < 500 || answer.status == 501, "{role:?} {} {path}: {:?}", route.method, answer.body);
        }
    }
}

#[tokio::test]
async fn a_request_that_does_not_fit_names_the_field() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    for (method, path, body, field) in [
        (Method::GET, "/api/v1/runs?limit=0", json!(null), "limit"),
        (Method::GET, "/api/v1/runs?limt=5", json!(null), "limt"),
        (Method::GET, "/api/v1/runs?cursor=x", json!(null), "cursor"),
        (Method::GET, "/api/v1/conversations?list=others", json!(null), "list"),
        (Method::GET, "/api/v1/costs?month=2026", json!(null), "month"),
        (Method::GET, "/api/v1/costs?by=moon", json!(null), "by"),
        (Method::POST, "/api/v1/suppressions", json!({"phone": "+5491155550123", "scope": "most"}), "scope"),
        (Method::POST, "/api/v1/suppressions", json!({"phone": "12"}), "phone"),
        (Method::POST, "/api/v1/suppressions", json!({"scope": "all"}), "phone"),
        (Method::POST, "/api/v1/suppressions", json!({"phone": 5}), "phone"),
        (Method::POST, "/api/v1/doubt", json!({"settlement": "leave"}), "messages"),
        (Method::POST, "/api/v1/messages", json!({"sender": "front", "to": "1", "template": "t"}), "language"),
        (Method::POST, "/api/v1/runs/1/pause", json!({"wy": ""}), "wy"),
    ] {
        let request = site.request(Role::Admin, method, path);
        let answer = told(if body.is_null() { request } else { request.json(&body) }).await;
        assert_eq!(
            (answer.status, answer.kind.as_str()),
            (422, "application/problem+json"),
            "{path} {:?}",
            answer.body
        );
        assert_eq!(answer.body["errors"][0]["field"], field, "{path} {:?}", answer.body);
        assert_eq!(answer.body["status"], 422);
    }
}

#[tokio::test]
async fn what_is_not_there_what_is_no_json_and_what_is_for_later_are_told_apart() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    for (method, path, status, word) in [
        (Method::GET, "/api/v1/runs/77", 404, "not_found"),
        (Method::GET, "/api/v1/runs/seven", 404, "not_found"),
        (Method::GET, "/api/v1/campaigns/none", 404, "not_found"),
        (Method::POST, "/api/v1/conversations/77/close", 404, "not_found"),
        (Method::DELETE, "/api/v1/suppressions/77", 404, "not_found"),
        (Method::GET, "/api/v1/nothing", 404, "not_found"),
        (Method::PUT, "/api/v1/runs", 405, "method_not_allowed"),
        (Method::GET, "/api/v1/tickets/77", 404, "not_found"),
    ] {
        let answer = told(site.request(Role::Admin, method, path)).await;
        assert_eq!((answer.status, answer.kind.as_str()), (status, "application/problem+json"), "{path}");
        assert_eq!(answer.body["type"], format!("/api/docs#problem-{word}"), "{path}");
    }
    let broken = told(site.request(Role::Admin, Method::POST, "/api/v1/doubt").body("{")).await;
    assert_eq!((broken.status, &broken.body["type"]), (400, &json!("/api/docs#problem-body")));
    let upload = told(site.request(Role::Admin, Method::POST, "/api/v1/campaigns").body("x")).await;
    assert_eq!((upload.status, &upload.body["type"]), (400, &json!("/api/docs#problem-upload")));
}

#[tokio::test]
async fn a_problem_speaks_the_language_asked_for() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let request = site.request(Role::Finance, Method::GET, "/api/v1/conversations").header("accept-language", "pt-BR");
    let portuguese = told(request).await.body;
    let english = site.get(Role::Finance, "/api/v1/conversations").await.body;
    assert!(!Role::Finance.may(Right::Converse));
    assert_ne!(portuguese["detail"], english["detail"]);
    assert_eq!(portuguese["type"], english["type"]);
}
