//! A template that somebody edits at the provider while a run goes on: its webhook has it read again, however long ago that
//! was done last, and the run stops with what is new.

use std::sync::Arc;
use std::time::Duration;

use recado::clock::Clock;
use recado::domain::id::RunId;
use recado::domain::run::RunState;
use recado::engine::planner::Planner;
use recado::engine::receiver::Receiver;
use recado::engine::template::watch::TemplateWatch;
use recado::engine::{Engine, Loaded, StartOutcome};
use recado::store::{Store, run, template};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::stage::{self, CAMPAIGN, Stage, TUESDAY, people};
use crate::support::sandbox::{ACCOUNT, TestSandbox, sandbox_config, start_sandbox};
use crate::support::stores;

/// A run of the sandbox's own template, planned and not sent.
async fn run_of(engine: &Engine) -> RunId {
    let campaign = CAMPAIGN.replace("\"reminder\"\nlanguage", "\"appointment_reminder\"\nlanguage");
    let campaign = campaign + "2 = \"Norte\"\n3 = \"hoy\"\n";
    let file = Some(("people.csv", people(3).into_bytes()));
    let loaded = engine.load_campaign("one", &campaign, file, "ana").await.unwrap();
    let Loaded::Version { version, .. } = loaded else { panic!("{loaded:?}") };
    let started = engine.start(version, "ana").await.unwrap();
    let StartOutcome::Started(id) = started else { panic!("{started:?}") };
    while Planner::new(engine.clone()).step().await.unwrap() {}
    id
}

/// Somebody gives the template another text at WhatsApp's pages.
async fn edited(sandbox: &TestSandbox) {
    let list = format!("/v26.0/{ACCOUNT}/message_templates?name=appointment_reminder");
    let mut template = sandbox.get(&list).await.1["data"][0].clone();
    let parts = template["components"].as_array_mut().unwrap();
    let body = parts.iter_mut().find(|part| part["type"] == "BODY").unwrap();
    body["text"] = json!("Buenas, {{1}}: su turno en {{2}} es el {{3}}. ¿Viene?");
    let node = format!("/v26.0/{}", template["id"].as_str().unwrap());
    let (status, told) = sandbox.post(&node, &json!({"components": template["components"]})).await;
    assert_eq!((status, &told["success"]), (200, &json!(true)), "{told}");
}

/// What the sandbox posts is read; the fields it told.
async fn heard(engine: &Engine, sandbox: &TestSandbox) -> Vec<Value> {
    let mut fields = Vec::new();
    for body in sandbox.pass(1, 0) {
        fields.push(body["entry"][0]["changes"][0]["field"].clone());
        engine.keep_webhook("meta", body.to_string().as_bytes(), engine.clock.now()).await.unwrap();
    }
    let receiver = Receiver::new(engine.clone(), Arc::new(Notify::new()));
    while receiver.step().await.unwrap() > 0 {}
    fields
}

async fn stands(store: &Store, id: RunId) -> (RunState, Vec<String>) {
    let run = run::get(store, id).await.unwrap().unwrap();
    (run.state, run.paused_for().into_iter().map(|problem| problem.code).collect())
}

#[tokio::test]
async fn an_edit_at_the_provider_stops_a_run_with_the_new_text() {
    for store in stores().await {
        let clock = Clock::fixed(TUESDAY);
        let sandbox = start_sandbox(sandbox_config("http://127.0.0.1:1/"), clock.clone()).await;
        let at = ("node1", sandbox.base_url());
        let engine = stage::engine(&store, store.dir.path(), (at.0, &at.1, ""), clock.clone()).await;
        let watch = TemplateWatch::new(engine.clone());
        assert_eq!(watch.step().await.unwrap(), 1, "the start");
        let id = run_of(&engine).await;
        // Later than templates in review are read, sooner than the others.
        clock.advance(Duration::from_mins(20));
        assert_eq!(watch.step().await.unwrap(), 0, "{}", store.name());
        edited(&sandbox).await;
        assert_eq!(heard(&engine, &sandbox).await, ["message_template_components_update"]);
        assert!(stands(&store, id).await.1.is_empty());
        assert_eq!(watch.step().await.unwrap(), 1, "{}", store.name());
        assert_eq!(stands(&store, id).await, (RunState::Paused, vec!["pause_template_text".to_owned()]));
        let told = run::get(&store, id).await.unwrap().unwrap();
        assert!(told.snapshot().unwrap().body.starts_with("Buenas, {{1}}"), "{}", store.name());
        clock.advance(Duration::from_mins(20));
        assert_eq!(watch.step().await.unwrap(), 0, "it is read once, {}", store.name());
    }
}

#[tokio::test]
async fn a_template_that_the_list_leaves_out_is_read_by_its_name() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.engine.sync_templates("meta").await.unwrap();
        let id = stage.run("one", CAMPAIGN, &people(2)).await;
        stage.stub.template.lock().unwrap()["components"][0]["text"] = json!("Buenas, {{1}}: le esperamos.");
        *stage.stub.unlisted.lock().unwrap() = true;
        let named = json!({"message_template_name": "reminder", "message_template_language": "es_AR"});
        stage.told("message_template_components_update", named).await;
        assert!(template::has_stale(&store, "meta").await.unwrap(), "{}", store.name());
        stage.engine.sync_templates("meta").await.unwrap();
        assert!(!template::has_stale(&store, "meta").await.unwrap(), "it is asked for no more, {}", store.name());
        assert_eq!(stands(&store, id).await.1, ["pause_template_text"], "{}", store.name());
    }
}
