//! No page has anything that keeps people with other ways of reading or typing from using it, as far as a program can tell.

use axum::http::Method;
use fantoccini::Client;
use recado::domain::role::Role;
use recado::domain::time::UnixMs;
use recado::store::{Db, session, user};
use recado::web::route::table;
use serde_json::json;

use super::inbox::{desk, sits_down, writes};
use super::{drop_file, marked, picture, wait_for};
use crate::rig::{Audience, Folder, Rig};

/// Where `tests/setup` puts it.
const AXE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../axe-core/node_modules/axe-core/axe.min.js");

/// What is no page: data, streams, assets, and parts of pages that a live page asks for alone.
const NO_PAGES: [&str; 14] = [
    "/api/v1/",
    "/assets/",
    "/conversations/lists",
    "/conversations/news",
    "/conversations/{id}/others",
    "/costs.csv",
    "/events",
    "/healthz",
    "/media/",
    "/metrics",
    "/readyz",
    "/runs/{id}/files/",
    "/runs/{id}/results.csv",
    "/send/number",
];
/// What others than people ask for.
const NOBODYS: [&str; 2] = ["/shared/", "/webhooks/"];
/// Of a thing whose first has less to show.
const SECOND: [&str; 1] = ["/runs/2"];
/// Leads to the first page that the reader may see.
const LEADS_ON: &str = "/";

/// Every page of the table, those of one thing with the first of it.
fn pages(link: &str) -> Vec<String> {
    let gets: Vec<&str> = table().into_iter().filter(|route| route.method == Method::GET).map(|r| r.path).collect();
    for no in NO_PAGES.iter().chain(&NOBODYS) {
        assert!(gets.iter().any(|path| path.starts_with(no)), "there is nothing like {no} any more");
    }
    let is_page = |path: &&str| !NO_PAGES.iter().chain(&NOBODYS).any(|no| path.starts_with(no)) && **path != *LEADS_ON;
    let pages = gets.into_iter().filter(is_page);
    let template = "meta/rig_template/es_AR";
    let first = |path: &str| path.replace("{id}", "1").replace("{account}/{name}/{language}", template);
    let pages: Vec<String> =
        pages.map(|path| if path == "/sign-in/link" { format!("{path}?token={link}") } else { first(path) }).collect();
    assert!(pages.iter().all(|page| !page.contains('{')), "which one of these is to be looked at? {pages:?}");
    pages
}

/// One of everything that has a page of its own.
async fn furnish(rig: &Rig, window: &Client) {
    let ticket = json!({"subject": "Turno de Ana", "conversation": 1});
    let draft = json!({"account": "meta", "draft": {"name": "resultados", "language": "es_AR", "category": "utility",
        "body": "Hola {{1}}, sus resultados ya están."}});
    let endpoint = json!({"name": "archivo", "url": "https://hooks.example.org", "events": ["reply.received"]});
    for (path, body) in [
        ("/api/v1/tickets", ticket),
        ("/api/v1/template-drafts", draft),
        ("/api/v1/endpoints", endpoint),
        ("/api/v1/canned-answers", json!({"code": "hora", "text": "Hola {{ name }}"})),
        ("/api/v1/suppressions", json!({"phone": "+54 9 11 5555-0199", "scope": "marketing"})),
    ] {
        rig.post(path, &body).await;
    }
    // A transcript longer than its place on the ticket's page.
    let note = json!({"text": "Llamar mañana.\n".repeat(80)});
    rig.post("/api/v1/conversations/1/note", &note).await;
    rig.post("/api/v1/conversations/1/close", &json!({"anyway": true})).await;
    writes(rig, 0, "Gracias").await;
    standing(rig).await;
    window.goto(&format!("{}/campaigns/new", rig.daemon_url())).await.unwrap();
    marked(window, "title").await.send_keys("Promo").await.unwrap();
    wait_for(window, "input[value=promotion]").await.click().await.unwrap();
    drop_file(window, "pessoas.csv", "Nome,Telefone\nAna,+55 11 95555-0141\n").await;
    marked(window, "begin").await.click().await.unwrap();
    wait_for(window, "#preview").await;
}

/// A run that takes up file after file, with a row that was left out, and a message of which nobody knows whether it left.
async fn standing(rig: &Rig) {
    let audience = Audience { people: 1, from: 50 };
    let mut folder = Folder::new("diario", "reminder", "front", audience);
    let schedule = "[schedule]\nsend = \"24h before\"\n[columns]\nwhen = \"when\"";
    folder.definition = folder.definition.replace("[columns]", schedule);
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(5 * 24);
    let when = soon.strftime("%Y-%m-%d 10:00");
    folder.audience = format!("id,phone,name,when\n1,+5491110000050,Ana,{when}\n2,nadie,Eva,{when}\n").into_bytes();
    rig.start_campaign(&folder).await;
    let store = rig.store().await;
    let Db::Sqlite(pool) = &store.write else { panic!("the rig is on SQLite") };
    let sql = "UPDATE message SET state = 'in_doubt', doubt_at = 1 WHERE id = (SELECT MIN(id) FROM message)";
    sqlx::query(sql).execute(pool).await.unwrap();
    store.close().await;
}

/// What a page has against it: the rule and where.
async fn violations(window: &Client, axe: &str) -> Vec<String> {
    window.execute(axe, Vec::new()).await.unwrap();
    // A single figure is text too, though a program cannot be sure.
    let figures = "axe.configure({ checks: [{ id: 'color-contrast', options: { ignoreLength: true } }] });";
    window.execute(figures, Vec::new()).await.unwrap();
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
    let store = rig.store().await;
    let root = user::by_name(&store, "root").await.unwrap().unwrap().id;
    let link = session::add_link(&store, root, UnixMs(jiff::Timestamp::now().as_millisecond())).await.unwrap();
    store.close().await;
    writes(&rig, 0, "¿Puedo ir más tarde?").await;
    let window = &browser.window;
    window.goto(&format!("{}/conversations?view=all&show=open", rig.daemon_url())).await.unwrap();
    marked(window, "conversation").await;
    furnish(&rig, window).await;
    let mut against = Vec::new();
    for width in [1440, 900, 420] {
        window.set_window_size(width, 900).await.unwrap();
        for page in pages(&link).into_iter().chain(SECOND.map(str::to_owned)) {
            window.goto(&format!("{}{page}", rig.daemon_url())).await.unwrap();
            let status = "return performance.getEntriesByType('navigation')[0].responseStatus;";
            let status = window.execute(status, Vec::new()).await.unwrap();
            if status.as_i64() != Some(200) {
                against.push(format!("{page} was not visited: it is answered with {status}"));
            }
            if page == SECOND[0] {
                marked(window, "files").await;
            }
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
