//! No page has anything that keeps people with other ways of reading or typing from using it, as far as a program can tell.

use axum::http::Method;
use fantoccini::Client;
use recado::domain::role::Role;
use recado::web::route::{Access, table};

use super::inbox::{desk, sits_down, writes};
use super::{marked, picture};

/// Where `tests/setup` puts it.
const AXE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../axe-core/node_modules/axe-core/axe.min.js");

/// What is no page: data, streams, assets.
/// Parts of pages among them: what a live page asks for alone.
const NO_PAGES: [&str; 10] = [
    "/conversations/lists",
    "/api/",
    "/assets/",
    "/webhooks/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/events",
    "/media/",
    "/send/number",
];

/// Every page of the table, those of one thing with the first of it.
fn pages() -> Vec<String> {
    let pages = table().into_iter().filter(|route| route.method == Method::GET && route.access != Access::Open);
    let pages = pages.filter(|route| !NO_PAGES.iter().any(|no| route.path.starts_with(no)));
    let pages = pages.filter(|route| {
        !route.path.ends_with("/others") && !route.path.contains(".csv") && !route.path.contains("{file}")
    });
    pages
        .map(|route| route.path.replace("{id}", "1").replace("{account}/{name}/{language}", "meta/rig_template/es_AR"))
        .collect()
}

/// What a page has against it: the rule and where.
async fn violations(window: &Client, axe: &str) -> Vec<String> {
    window.execute(axe, Vec::new()).await.unwrap();
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then((told) => done(told.violations.flatMap((v) =>
            v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.any.concat(n.all, n.none).map((c) => c.message).join('; ')}`))), (e) => done([String(e)]));";
    let told = window.execute_async(run, Vec::new()).await.unwrap();
    told.as_array().expect("a list").iter().map(|v| v.as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn no_page_has_anything_against_it_in_light_and_on_a_phone() {
    let Ok(axe) = std::fs::read_to_string(AXE) else {
        assert!(std::env::var("CI").is_err(), "axe-core is missing: run `make test`");
        return;
    };
    let rig = desk().await;
    let Some(browser) = sits_down(&rig, "root", Role::Admin).await else { return };
    writes(&rig, 0, "¿Puedo ir más tarde?").await;
    let window = &browser.window;
    window.goto(&format!("{}/conversations?view=all&show=open", rig.daemon_url())).await.unwrap();
    marked(window, "conversation").await;
    let mut against = Vec::new();
    for width in [1440, 420] {
        window.set_window_size(width, 900).await.unwrap();
        for page in pages() {
            window.goto(&format!("{}{page}", rig.daemon_url())).await.unwrap();
            let found = violations(window, &axe).await;
            if !found.is_empty() {
                picture(window, &format!("axe{}-{width}", page.replace('/', "-"))).await;
            }
            against.extend(found.into_iter().map(|v| format!("{width} {page} {v}")));
        }
    }
    assert!(against.is_empty(), "{}", against.join("\n"));
    browser.close().await;
}
