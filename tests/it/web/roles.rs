//! Every route against every role: the table of routes is the rule, and this walks it.

use axum::http::{Method, StatusCode};
use recado::domain::role::{Right, Role};
use recado::web::route::{Access, table};

use super::site::Site;

/// A path with its placeholders filled by things that do not exist.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "999999" } else { part }).collect::<Vec<_>>().join("/")
}

fn allowed(access: Access, role: Role) -> bool {
    match access {
        Access::Open | Access::SignedIn => true,
        Access::Needs(right) => role.may(right),
    }
}

/// Streams never end; whether they may be opened is what their status says, which `oneshot` would wait for.
fn is_stream(path: &str) -> bool {
    path.ends_with("/events")
}

#[tokio::test]
async fn every_route_lets_in_the_roles_that_have_its_right_and_nobody_else() {
    let site = Site::new().await;
    for role in Role::ALL {
        let visitor = site.visitor(role).await;
        let token = site.token(role).await;
        for route in table().into_iter().filter(|r| !is_stream(r.path) && r.path != "/sign-out") {
            let path = filled(route.path);
            let status = if path.starts_with("/api/v1/") {
                site.call(route.method.clone(), &path, &token, "{}", None).await.status
            } else if route.method == Method::GET {
                site.get(&path, Some(&visitor)).await.status
            } else {
                site.post(&path, &visitor, &[]).await.status
            };
            let refused = status == StatusCode::FORBIDDEN;
            if route.access != Access::Open {
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{role:?} {} {path}", route.method);
                assert_eq!(!refused, allowed(route.access, role), "{role:?} {} {path}: {status}", route.method);
            }
            assert!(!status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED, "{role:?} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn without_a_session_only_open_routes_answer() {
    let site = Site::new().await;
    for route in table().into_iter().filter(|r| r.access != Access::Open) {
        let path = filled(route.path);
        let answer = if route.method == Method::GET {
            site.get(&path, None).await
        } else {
            site.post_raw(&path, None, "").await
        };
        let page = route.method == Method::GET && !path.starts_with("/api/") && path != "/events";
        if page {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
            assert!(answer.leads_to().starts_with("/sign-in?next="), "{path}");
        } else if route.method != Method::DELETE {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
}

#[test]
fn finance_reads_no_chats_and_no_people_and_agents_start_no_runs() {
    for route in table() {
        if route.path.contains("conversations") || route.path.contains("rows") || route.path.contains("messages") {
            assert!(!allowed(route.access, Role::Finance), "{}", route.path);
        }
        if route.path.ends_with("/start") {
            assert!(!allowed(route.access, Role::Agent), "{}", route.path);
            assert_eq!(route.access, Access::Needs(Right::StartRuns), "{}", route.path);
        }
    }
}

#[test]
fn only_what_brings_its_own_proof_is_open() {
    let open: Vec<_> = table().iter().filter(|r| r.access == Access::Open).map(|r| r.path).collect();
    for path in open {
        let own_proof =
            ["/healthz", "/readyz", "/metrics", "/assets/", "/sign-in", "/language", "/webhooks/", "/shared/"];
        // What the API looks like is no secret; it holds nobody's data.
        let description = ["/api/v1/openapi.json", "/api/docs"];
        if description.contains(&path) {
            continue;
        }
        assert!(own_proof.iter().any(|p| path.starts_with(p)), "{path}");
    }
}

#[test]
fn each_role_may_do_what_the_readme_says() {
    use Role::{Admin, Agent, Marketing, Operator};
    let may = |path: &str| {
        let route = table().into_iter().find(|r| r.path == path && r.method == Method::POST).unwrap();
        Role::ALL.into_iter().filter(|role| allowed(route.access, *role)).collect::<Vec<_>>()
    };
    for page in ["/campaigns", "/campaigns/{id}/start"] {
        assert_eq!(may(page), [Admin, Marketing], "{page}");
        assert_eq!(may(&format!("/api/v1{page}")), [Admin, Marketing], "{page}");
    }
    for act in ["pause", "resume", "cancel", "retry"] {
        for path in [format!("/runs/{{id}}/{act}"), format!("/api/v1/runs/{{id}}/{act}")] {
            assert_eq!(may(&path), [Admin, Operator, Marketing], "{path}");
        }
    }
    for page in ["/doubt", "/holds/{id}/lift"] {
        assert_eq!(may(page), [Admin, Operator], "{page}");
        assert_eq!(may(&format!("/api/v1{page}")), [Admin, Operator], "{page}");
    }
    for act in ["answer", "claim", "close", "outcome", "about", "note", "doubt"] {
        let path = format!("/conversations/{{id}}/{act}");
        assert_eq!(may(&path), [Admin, Agent], "{path}");
        assert_eq!(may(&format!("/api/v1{path}")), [Admin, Agent], "{path}");
    }
}
