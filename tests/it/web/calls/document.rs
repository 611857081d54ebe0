//! The OpenAPI document and its page.

use std::collections::BTreeSet;

use recado::domain::role::Role;
use recado::web::route;
use reqwest::Method;
use serde_json::Value;

use crate::support::stores;
use crate::web::daemon::{Site, told};

fn is_described(route: &route::Route) -> bool {
    route.path.starts_with("/api/v1/") && route.path != "/api/v1/openapi.json"
}

#[tokio::test]
async fn the_document_describes_every_route_of_the_api_and_no_other() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let document = told(site.stranger(Method::GET, "/api/v1/openapi.json")).await.body;

    let table: BTreeSet<String> =
        route::table().iter().filter(|r| is_described(r)).map(|r| format!("{} {}", r.method, r.path)).collect();
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |m| format!("{} {path}", m.to_uppercase())))
        .collect();
    assert_eq!(described, table);
}

#[tokio::test]
async fn every_schema_is_in_the_document_and_every_operation_has_a_summary_and_tells_its_problems() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let document = told(site.stranger(Method::GET, "/api/v1/openapi.json")).await.body;

    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    for operation in operations {
        assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{operation}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let problem = response["content"]["application/problem+json"].is_object();
            assert_eq!(problem, !status.starts_with('2'), "{status} {operation}");
        }
        assert!(operation["responses"]["default"].is_object(), "{operation}");
    }
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|v| collect(v, into));
        }
        Value::Array(items) => items.iter().for_each(|v| collect(v, into)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_shows_every_route_and_explains_the_problem_a_document_points_to() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let page = told(site.stranger(Method::GET, "/api/docs")).await.body;
    let page = page.as_str().unwrap();
    for route in route::table().iter().filter(|r| is_described(r)) {
        assert!(page.contains(&format!("<code>{} {}</code>", route.method, route.path)), "{}", route.path);
    }
    let problem = site.get(Role::Finance, "/api/v1/conversations").await.body;
    let (_, anchor) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
}
