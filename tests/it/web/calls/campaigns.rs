//! A campaign through the API: loaded, looked at, started, steered, read.

use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::domain::role::Role;
use recado::domain::time::UnixMs;
use recado::store::{Db, Store};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::engine::force;
use crate::engine::stage::{CAMPAIGN, people};
use crate::support::stores;
use crate::web::daemon::{Site, Told, told};

fn form(definition: &str, audience: &str) -> Form {
    Form::new()
        .text("name", "turnos")
        .part("campaign", Part::text(definition.to_owned()).file_name("campaign.toml"))
        .part("audience", Part::text(audience.to_owned()).file_name("people.csv"))
}

async fn load(site: &Site, key: &str, audience: &str) -> Told {
    let request = site.request(Role::Marketing, Method::POST, "/api/v1/campaigns").header("idempotency-key", key);
    told(request.multipart(form(CAMPAIGN, audience))).await
}

#[tokio::test]
async fn a_campaign_is_loaded_looked_at_started_and_read() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let loaded = load(&site, "k1", &people(3)).await;
        assert_eq!(loaded.status, 201, "{} {:?}", store.name(), loaded.body);
        let version = loaded.body["version"].clone();
        assert_eq!(loaded.body["number"], 1, "its first version, whatever the store has had before");

        let sheet = site.get(Role::Marketing, "/api/v1/campaigns/turnos/preflight?rows=true").await.body;
        assert_eq!((&sheet["messages"], &sheet["version"]), (&json!(3), &version));
        assert_eq!((sheet["rows"].as_array().unwrap().len(), &sheet["blockers"]), (3, &json!([])));

        let started = site.post(Role::Marketing, "/api/v1/campaigns/turnos/start", &json!({"version": version})).await;
        assert_eq!(started.status, 201, "{:?}", started.body);
        let run = started.body["run"].as_i64().unwrap();
        while recado::engine::planner::Planner::new(site.stage.engine.clone()).step().await.unwrap() {}

        let told = site.get(Role::Finance, &format!("/api/v1/runs/{run}")).await.body;
        assert_eq!((&told["states"], &told["rows_read"]), (&json!({"queued": 3}), &json!(3)));
        assert_eq!(told["template"], "reminder (es_AR)");
        assert_eq!(told["cost"]["currency"], "USD");
        let listed = site.get(Role::Finance, "/api/v1/runs?open=true&campaign=turnos").await.body;
        assert_eq!(listed["items"][0]["id"], run);
        let id = listed["items"][0]["campaign"].clone();
        let by_id = site.get(Role::Finance, &format!("/api/v1/runs?campaign={id}")).await.body;
        assert_eq!(by_id["items"][0]["id"], run);
        assert_eq!(listed["items"][0]["timezone"], "America/Argentina/Buenos_Aires");
        // `01` is the name of a folder, and no number.
        let folder = format!("/api/v1/campaigns/0{id}");
        assert_eq!(site.get(Role::Finance, &folder).await.status, 404);
        for unknown in ["turnso", "77"] {
            let told = site.get(Role::Finance, &format!("/api/v1/runs?campaign={unknown}")).await;
            assert_eq!(told.status, 404, "{unknown}: {:?}", told.body);
        }
        let csv = site.get(Role::Marketing, &format!("/api/v1/runs/{run}/results.csv")).await;
        assert_eq!(csv.body.as_str().unwrap().lines().count(), 4);
        let campaign = site.get(Role::Finance, "/api/v1/campaigns?name=turnos").await.body;
        assert_eq!(campaign["items"][0]["run"]["id"], run);
    }
}

#[tokio::test]
async fn the_messages_of_a_run_come_in_pages_and_each_can_be_read_in_full() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let run = site.stage.run("turnos", CAMPAIGN, &people(5)).await;
        let path = format!("/api/v1/runs/{run}/messages?state=queued&limit=2");
        let (mut seen, mut next) = (Vec::new(), Some(String::new()));
        while let Some(cursor) = next {
            let page = site.get(Role::Agent, &format!("{path}{cursor}")).await.body;
            seen.extend(page["items"].as_array().unwrap().iter().map(|m| m["row"].as_i64().unwrap()));
            next = page["next"].as_str().map(|c| format!("&cursor={c}"));
        }
        assert_eq!(seen, [1, 2, 3, 4, 5], "{}", store.name());

        let first = &site.get(Role::Agent, &path).await.body["items"][0];
        let message = site.get(Role::Agent, &format!("/api/v1/messages/{}", first["id"])).await.body;
        assert_eq!(message["text"]["body"], "Hola Ana, le esperamos.");
        assert_eq!((&message["to"], &message["run"]), (&json!("+5491150000000"), &json!(run)));
        assert_eq!(message["waiting"]["code"], "in_line");
    }
}

#[tokio::test]
async fn a_version_that_is_not_the_latest_is_not_started_and_content_is_not_started_twice() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let old = load(&site, "k1", &people(1)).await.body["version"].clone();
        let new = load(&site, "k2", &people(2)).await.body["version"].clone();
        assert_ne!(old, new);
        let stale = site.post(Role::Admin, "/api/v1/campaigns/turnos/start", &json!({"version": old})).await;
        assert_eq!((stale.status, &stale.body["type"]), (409, &json!("/api/docs#problem-newer_version")));
        assert_eq!(
            site.post(Role::Admin, "/api/v1/campaigns/turnos/start", &json!({"version": new})).await.status,
            201
        );
        let again = site.post(Role::Admin, "/api/v1/campaigns/turnos/start", &json!({"version": new})).await;
        assert_eq!((again.status, &again.body["errors"][0]["code"]), (422, &json!("already_started")));

        let sheet = site.get(Role::Admin, "/api/v1/campaigns/turnos/preflight").await.body;
        assert_eq!(sheet["blockers"][0]["code"], "already_started", "{}", store.name());
        assert_eq!(sheet["audience"], "people.csv");
        let request = site.request(Role::Admin, Method::GET, "/api/v1/campaigns/turnos/preflight");
        let text = told(request.header("accept", "text/plain").header("accept-language", "en")).await.body;
        let text = text.as_str().unwrap();
        assert!(text.contains("This content was started before (run 1)."), "{text}");
        assert!(text.ends_with("\nNot ready: one thing to fix before starting.\n"), "{text}");
    }
}

#[tokio::test]
async fn a_row_says_until_when_it_is_checked_and_who_cancelled_it() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let campaign = format!("{CAMPAIGN}\n[limits]\nin_doubt_after = \"45m\"\n");
        let run = site.stage.run("turnos", &campaign, &people(2)).await;
        let path = format!("/api/v1/runs/{run}/messages");
        let message = site.get(Role::Admin, &path).await.body["items"][0]["id"].as_i64().unwrap();
        force(&store, MessageId(message), MessageState::InDoubt).await;
        claimed(&store, message, site.stage.clock.now()).await;
        site.post(Role::Operator, "/api/v1/campaigns/turnos/cancel", &json!({})).await;
        let said = || async {
            let rows = site.get(Role::Admin, &path).await.body;
            [0, 1].map(|i| rows["items"][i]["message"].as_str().unwrap().to_owned())
        };
        let checking = "Not sure it left; checking until Tue 24 Nov, 10:45 (Buenos Aires)";
        assert_eq!(said().await, [checking, "Cancelled by token:operator"], "{}", store.name());
        site.stage.clock.advance(std::time::Duration::from_mins(45));
        assert_eq!(said().await[0], "Uncertain: send again or leave?");
    }
}

async fn claimed(store: &Store, message: i64, at: UnixMs) {
    let sql = AssertSqlSafe(format!("UPDATE message SET claimed_at = {} WHERE id = {message}", at.0));
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
    }
}

#[tokio::test]
async fn a_run_is_paused_resumed_and_cancelled_and_the_audit_says_by_whom() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let run = site.stage.run("turnos", CAMPAIGN, &people(2)).await;
        let why = json!({"why": "wrong clinic"});
        let paused = site.post(Role::Operator, "/api/v1/campaigns/turnos/pause", &why).await.body;
        assert_eq!(paused["state"], "paused");
        let waiting = site.get(Role::Operator, &format!("/api/v1/runs/{run}")).await.body;
        assert_eq!(waiting["waiting"]["message"], "Paused by token:operator: wrong clinic.");
        assert_eq!(site.post(Role::Operator, &format!("/api/v1/runs/{run}/pause"), &json!({})).await.status, 409);
        let resumed = site.post(Role::Operator, &format!("/api/v1/runs/{run}/resume"), &json!({})).await.body;
        assert_eq!(resumed["state"], "running");
        let cancelled = site.post(Role::Operator, "/api/v1/campaigns/turnos/cancel", &json!({})).await.body;
        assert_eq!((&cancelled["state"], &cancelled["states"]["cancelled"]), (&json!("cancelled"), &json!(2)));
        let gone = site.post(Role::Operator, "/api/v1/campaigns/turnos/resume", &json!({})).await;
        assert_eq!((gone.status, &gone.body["type"]), (409, &json!("/api/docs#problem-no_open_run")));

        let audit = recado::store::audit::page(&store, i64::MAX, "token:operator", "", 10).await.unwrap();
        let deeds: Vec<&str> = audit.iter().map(|line| line.action.as_str()).collect();
        assert_eq!(deeds, ["run.cancel", "run.resume", "run.pause"], "{}", store.name());
    }
}

#[tokio::test]
async fn a_load_repeated_with_its_key_is_answered_the_same_although_the_form_is_drawn_anew() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let first = load(&site, "same", &people(1)).await;
        let again = load(&site, "same", &people(1)).await;
        assert_eq!((first.status, &first.body), (again.status, &again.body));
        let audit = recado::store::audit::page(&store, i64::MAX, "", "campaign.load", 10).await.unwrap();
        assert_eq!(audit.len(), 1, "{}", store.name());
        let other = load(&site, "same", &people(2)).await;
        assert_eq!((other.status, &other.body["type"]), (422, &json!("/api/docs#problem-key_reused")));
    }
}

#[tokio::test]
async fn who_may_not_see_people_gets_the_sheet_without_them() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    load(&site, "k", &people(2)).await;
    let sheet = site.get(Role::Finance, "/api/v1/campaigns/turnos/preflight").await.body;
    assert_eq!((&sheet["messages"], &sheet["samples"], &sheet["rows"]), (&json!(2), &json!([]), &Value::Null));
    assert_eq!(site.get(Role::Finance, "/api/v1/campaigns/turnos/preflight?rows=true").await.status, 403);
    let request = site.request(Role::Marketing, Method::GET, "/api/v1/campaigns/turnos/preflight?rows=true");
    let text = told(request.header("accept", "text/plain")).await;
    let listed = text.body.as_str().unwrap().lines().filter(|line| line.ends_with(" message")).count();
    assert_eq!(listed, 2, "{:?}", text.body);
    let request = site.request(Role::Marketing, Method::GET, "/api/v1/campaigns/turnos/preflight");
    let text = told(request.header("accept", "text/plain")).await;
    assert!(text.kind.starts_with("text/plain") && text.body.as_str().unwrap().contains("Hola Ana, le esperamos."));
}

#[tokio::test]
async fn the_times_of_a_run_are_on_its_campaigns_clock() {
    let store = stores().await.remove(0);
    let site = Site::open(&store, store.dir.path()).await;
    let campaign = CAMPAIGN.replace("America/Argentina/Buenos_Aires", "Asia/Tokyo");
    let run = site.stage.run("tokio", &campaign, &people(1)).await;
    let told = site.get(Role::Finance, &format!("/api/v1/runs/{run}")).await.body;
    assert_eq!(told["timezone"], "Asia/Tokyo");
}
