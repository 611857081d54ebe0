//! Templates under a run: another text stops it, what has left keeps its own; the usual values fill what a file leaves out;
//! consent is kept and obeyed.

use recado::domain::fill::Content;
use recado::domain::id::RunId;
use recado::domain::run::RunState;
use recado::engine::planner::Planner;
use recado::engine::{Loaded, StartOutcome};
use recado::locale::{self, Language};
use recado::store::run;
use recado::store::template::own::{self, Own};
use recado::store::{Db, Store};
use sqlx::AssertSqlSafe;

use super::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

/// The texts of a run's messages, as people read them.
async fn bodies(store: &Store, id: RunId) -> Vec<String> {
    let sql = AssertSqlSafe(format!("SELECT content FROM message WHERE run_id = {id} ORDER BY id"));
    let contents: Vec<String> = match &store.write {
        Db::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
    };
    let run = run::get(store, id).await.unwrap().unwrap();
    let read = |json: &String| serde_json::from_str::<Content>(json).unwrap();
    contents.iter().map(|json| read(json).rendered(|| run.snapshots().ok()).unwrap().body).collect()
}

async fn started(stage: &Stage, campaign: &str, audience: &str) -> RunId {
    let version = stage.load("one", campaign, audience).await;
    let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!("refused") };
    Planner::new(stage.engine.clone()).step().await.unwrap();
    id
}

#[tokio::test]
async fn another_text_stops_a_run_and_what_has_left_keeps_the_one_it_left_with() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(6)).await;
        let mut sender = stage.sender();
        sender.dispatcher = sender.dispatcher.with_slots(2);
        sender.step().await;
        let gone = stage.stub.count();
        assert!(gone > 0 && gone < 6, "{gone}");
        let before = stage.stub.template.lock().unwrap().clone();
        let mut other = before.clone();
        let body = other["components"].as_array_mut().unwrap().iter_mut().find(|c| c["type"] == "BODY").unwrap();
        let text = body["text"].as_str().unwrap().to_owned();
        body["text"] = format!("¡Buenas! {text}").into();
        *stage.stub.template.lock().unwrap() = other;
        stage.engine.sync_templates("meta").await.unwrap();
        let held = run::get(&store, id).await.unwrap().unwrap();
        assert_eq!(held.state, RunState::Paused, "{}", store.name());
        let said = locale::problems(Language::En, &held.paused_for());
        assert!(said.contains(&format!("{} messages are left", 6 - gone)) && said.contains("USD"), "{said}");
        assert!(held.snapshot().unwrap().body.starts_with("¡Buenas!"));
        let old = bodies(&store, id).await.iter().filter(|body| !body.starts_with("¡Buenas!")).count();
        assert_eq!(old, gone, "what has left, {}", store.name());
        stage.engine.resume(id, "ana").await.unwrap();
        stage.sender().drain().await;
        assert_eq!(stage.stub.count(), 6, "{}", store.name());
    }
}

#[tokio::test]
async fn a_file_that_says_nothing_takes_the_templates_usual_values_as_they_were_at_the_start() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.engine.sync_templates("meta").await.unwrap();
        let (bare, _) = CAMPAIGN.split_once("[variables]").unwrap();
        let usual = |text: &str| Own { groups: Vec::new(), mapping: [("1".to_owned(), text.to_owned())].into() };
        let key = ("meta", "reminder", "es_AR");
        let version = stage.load("one", bare, &people(2)).await;
        let sheet = stage.engine.sheet(version, false).await.unwrap();
        assert!(sheet.blockers.iter().any(|p| p.code == "missing_variable"), "{:?}", sheet.blockers);
        own::save(&store, key, &usual("{{ client_name | upper }}"), stage.clock.now()).await.unwrap();
        let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!("refused") };
        own::save(&store, key, &usual("otro"), stage.clock.now()).await.unwrap();
        Planner::new(stage.engine.clone()).step().await.unwrap();
        let bodies = bodies(&store, id).await;
        assert!(bodies.len() == 2 && bodies.iter().all(|b| b.contains("ANA")), "{bodies:?}, {}", store.name());
    }
}

#[tokio::test]
async fn whoever_has_not_agreed_gets_no_promotion_and_the_basis_of_the_others_is_kept() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let promotion = CAMPAIGN.replacen("\"reminder\"", "\"promotion\"", 1);
        let audience = "nombre,telefono,consentimiento\nAna,+5491155550001,Formulario 3/3\nEva,+5491155550002,no\nLuz,+5491155550003,\nSol,+5491155550004,sí\n";
        let id = started(&stage, &promotion, audience).await;
        assert_eq!(bodies(&store, id).await.len(), 2, "{}", store.name());
        let left_out = recado::store::exclusion::counts(&store, id).await.unwrap();
        assert_eq!(left_out.iter().map(|(reason, n)| (reason.as_str(), *n)).collect::<Vec<_>>(), [("no_consent", 2)]);
        let who = stage.engine.person_of("+5491155550001").await.unwrap().unwrap().unwrap();
        let told = stage.engine.export_person(who.id).await.unwrap();
        assert_eq!(told.consents[0].basis, "Formulario 3/3", "{}", store.name());
    }
}

#[tokio::test]
async fn a_person_unknown_by_name_is_not_greeted_by_it() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let greets =
        CAMPAIGN.replace("{{ nombre }}", "{{ client_name }}").replace("{{ nombre | first_name }}", "{{ client_name }}");
    let loaded = stage
        .engine
        .load_campaign("one", &greets, Some(("people.csv", b"telefono\n+5491155550001\n".to_vec())), "ana")
        .await;
    let problems = match loaded.unwrap() {
        Loaded::Refused(problems) => problems,
        Loaded::Version { version, .. } => stage.engine.sheet(version, false).await.unwrap().blockers,
    };
    assert!(problems.iter().any(|p| p.code == "client_name_unknown"), "{problems:?}");
}
