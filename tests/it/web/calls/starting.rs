//! A start is bound to what was shown.

use recado::domain::role::Role;
use serde_json::{Value, json};

use crate::engine::stage::{CAMPAIGN, people, reminder};
use crate::support::stores;
use crate::web::daemon::{Site, Told};

async fn shown(site: &Site) -> Value {
    let sheet = site.get(Role::Marketing, "/api/v1/campaigns/turnos/preflight").await.body;
    json!({"version": sheet["version"], "shown": sheet["shown"]})
}

async fn start(site: &Site, body: &Value) -> Told {
    site.post(Role::Marketing, "/api/v1/campaigns/turnos/start", body).await
}

fn codes(told: &Told) -> Vec<&str> {
    told.body["errors"].as_array().into_iter().flatten().filter_map(|e| e["code"].as_str()).collect()
}

#[tokio::test]
async fn what_changed_since_it_was_shown_asks_again_and_says_what() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        site.stage.load("turnos", CAMPAIGN, &people(2)).await;
        let first = shown(&site).await;

        site.stage.load("turnos", CAMPAIGN, &people(3)).await;
        let answer = start(&site, &first).await;
        assert_eq!((answer.status, codes(&answer)), (409, vec!["shown_audience"]), "{}", store.name());
        assert_eq!(answer.body["type"], "/api/docs#problem-changed");

        let second = shown(&site).await;
        site.stage.load("turnos", &CAMPAIGN.replace("{{ nombre }}", "{{ nombre | upper }}"), &people(3)).await;
        assert_eq!(codes(&start(&site, &second).await), ["shown_file"]);

        let third = shown(&site).await;
        let mut template = reminder();
        template["components"][0]["text"] = json!("Hola {{1}}, no venga.");
        *site.stage.stub.template.lock().unwrap() = template;
        assert_eq!(codes(&start(&site, &third).await), ["shown_template"]);
        // A quality that moved binds nobody.
        let fourth = shown(&site).await;
        site.stage.stub.template.lock().unwrap()["quality_score"] = json!({"score": "YELLOW"});
        assert_eq!(start(&site, &fourth).await.status, 201, "{}", store.name());
        assert_eq!(start(&site, &json!({"version": 1, "shown": "r9"})).await.status, 400);
    }
}

#[tokio::test]
async fn a_test_is_sent_by_those_who_may_and_says_where_it_goes() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        site.stage.load("turnos", CAMPAIGN, &people(2)).await;
        let path = "/api/v1/campaigns/turnos/test";
        for role in [Role::Agent, Role::Finance, Role::Operator] {
            assert_eq!(site.post(role, path, &json!({"row": 1, "to": "+5491155550123"})).await.status, 403, "{role:?}");
        }
        let sent = site.post(Role::Marketing, path, &json!({"row": 2, "to": "+54 9 11 5555-0123"})).await;
        assert_eq!((sent.status, &sent.body["to"]), (201, &json!("+5491155550123")), "{}", store.name());
        let message = site.get(Role::Marketing, &format!("/api/v1/messages/{}", sent.body["message"])).await.body;
        assert_eq!((&message["test_of"], &message["run"]), (&json!(1), &Value::Null));
        assert_eq!(message["text"]["body"], "Hola Ana, le esperamos.");
        let audit = recado::store::audit::page(&store, i64::MAX, "", "message.test", 10).await.unwrap();
        assert!(audit.len() == 1 && !audit[0].detail.contains("5555"), "{audit:?}");
    }
}

#[tokio::test]
async fn a_paused_run_is_corrected_by_those_who_may_start_one() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let run = site.stage.run("turnos", CAMPAIGN, &people(2)).await;
        let path = format!("/api/v1/runs/{run}/correct");
        let body = json!({"campaign": CAMPAIGN.replace("{{ nombre }}", "{{ nombre | upper }}")});
        for role in [Role::Agent, Role::Finance, Role::Operator] {
            assert_eq!(site.post(role, &path, &body).await.status, 403, "{role:?}");
        }
        let early = site.post(Role::Marketing, &path, &body).await;
        assert_eq!((early.status, codes(&early)), (422, vec!["correct_not_paused"]), "{}", store.name());
        site.post(Role::Marketing, "/api/v1/campaigns/turnos/pause", &json!({})).await;
        let done = site.post(Role::Marketing, &path, &body).await;
        assert_eq!((done.status, &done.body), (200, &json!({"stays": 0, "rest": 2})), "{}", store.name());
    }
}
