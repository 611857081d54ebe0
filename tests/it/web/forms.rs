//! Forms belong to the session that showed them, and to this site.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, ORIGIN, REFERER};
use axum::http::{Method, Request, StatusCode};
use recado::domain::role::Role;
use recado::store::audit;
use recado::web::route::table;

use super::site::{Answer, Site, Visitor};
use crate::support::rust_files;

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

/// The names of the fields of every form of our pages.
fn fields(dir: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(fields(&path));
            continue;
        }
        let page = std::fs::read_to_string(&path).unwrap();
        let named = page.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next());
        all.extend(named.filter(|name| !name.contains('{') && *name != "csrf").map(str::to_owned));
    }
    all
}

/// Sends a form as a browser does that was set to Portuguese, from the list of tickets.
async fn from_a_page(site: &Site, visitor: &Visitor, path: &str, fields: &str) -> Answer {
    let request = Request::post(path)
        .header(COOKIE, visitor.cookies())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT_LANGUAGE, "pt-BR")
        .header(REFERER, "http://recado.test/tickets?state=all");
    site.send(request.body(Body::from(format!("csrf={}{fields}", visitor.csrf))).unwrap()).await
}

const UNREAD: &str = "Não é possível ler o formulário";

fn is_a_page_with_a_way_back(answer: &Answer) -> bool {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html")
        && answer.body.contains("<html lang=\"pt")
        && answer.body.contains("<a class=\"button\" href=\"/tickets?state=all\">Voltar</a>")
}

#[tokio::test]
async fn a_form_that_cannot_be_read_is_answered_with_a_page_in_the_readers_language_and_a_way_back() {
    let site = Site::new().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Each field twice: no form that has any of them can be read, unless it takes several.
    let twice: String = fields(&root.join("templates"))
        .iter()
        .fold(String::new(), |all, name| all + "&" + name + "=zz&" + name + "=zz");
    let mut unread = BTreeSet::new();
    for route in table().into_iter().filter(|route| route.method == Method::POST) {
        if ["/api/", "/webhooks/", "/sign-out"].iter().any(|other| route.path.starts_with(other)) {
            continue;
        }
        let parts: Vec<&str> = route.path.split('/').map(|p| if p.starts_with('{') { "999999" } else { p }).collect();
        let path = parts.join("/");
        for role in [Role::Agent, Role::Admin] {
            let visitor = site.visitor(role).await;
            for body in [twice.as_str(), ""] {
                let answer = from_a_page(&site, &visitor, &path, body).await;
                assert!(!answer.status.is_server_error(), "{path}: {}", answer.body);
                assert!(!answer.body.contains("deserialize"), "{path}: {}", answer.body);
                if answer.body.contains(UNREAD) {
                    assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
                    assert!(is_a_page_with_a_way_back(&answer), "{path}: {}", answer.body);
                    unread.insert(route.path);
                }
            }
        }
    }
    for path in [
        "/conversations/{id}/outcome",
        "/conversations/{id}/assign",
        "/conversations/{id}/claim",
        "/conversations/{id}/note",
        "/conversations/{id}/ticket",
        "/conversations/{id}/promotions",
        "/conversations/{id}/answer",
        "/conversations/{id}/templates",
        "/tickets",
        "/tickets/{id}",
        "/people/{id}",
        "/drafts/quiet",
        "/sign-in",
        "/suppressions",
        "/users",
        "/outgoing",
    ] {
        assert!(unread.contains(path), "{path} is not among {unread:?}");
    }
}

#[tokio::test]
async fn a_value_that_a_field_does_not_have_is_not_taken_for_another() {
    let site = Site::new().await;
    let (agent, marketing) = (site.visitor(Role::Agent).await, site.visitor(Role::Marketing).await);
    for (visitor, path, fields) in [
        (&agent, "/conversations/7/promotions", "&wanted=zz"),
        (&agent, "/conversations/7/claim", "&from=zz"),
        (&agent, "/conversations/7/ticket", "&ticket=zz"),
        (&marketing, "/drafts/quiet", "&since=abc"),
    ] {
        let answer = from_a_page(&site, visitor, path, fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(answer.body.contains(UNREAD) && is_a_page_with_a_way_back(&answer), "{path}: {}", answer.body);
    }
    // The way back never leaves the site.
    let request = Request::post("/conversations/7/claim")
        .header(COOKIE, agent.cookies())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(REFERER, "https://evil.example/tickets");
    let answer = site.send(request.body(Body::from(format!("csrf={}&from=zz", agent.csrf))).unwrap()).await;
    assert!(!answer.body.contains("evil") && answer.body.contains("<a class=\"button\" href=\"/\""), "{}", answer.body);
}

#[test]
fn every_form_of_a_page_is_read_by_the_same_extractor() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    for file in rust_files(&web).into_iter().filter(|file| !file.ends_with("web/form.rs")) {
        let source = std::fs::read_to_string(&file).unwrap();
        let imports = source.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
        for import in imports.filter(|import| import.starts_with("axum")) {
            let names = import.split(|c: char| !c.is_alphanumeric() && c != '_');
            assert!(!names.into_iter().any(|name| name == "Form"), "{} reads forms by another", file.display());
        }
        assert!(!source.contains("extract::Form<"), "{} reads forms by another", file.display());
    }
}
