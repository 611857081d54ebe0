//! Templates under a run: another text stops it, what has left keeps its own; the usual values fill what a file leaves out.

use std::time::Duration;

use axum::http::Method;
use recado::domain::fill::Content;
use recado::domain::id::RunId;
use recado::domain::role::Role;
use recado::domain::run::RunState;
use recado::domain::template::{Category, TemplateQuality};
use recado::engine::planner::Planner;
use recado::engine::waiting;
use recado::engine::{Loaded, StartOutcome};
use recado::locale::{self, Language};
use recado::store::template::own::{self, Own};
use recado::store::{Db, Store};
use recado::store::{audit, hold, run, template};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::feeds::{clinic, rows};
use super::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;
use crate::web::site::Site;

/// The texts of a run's messages, as people read them.
pub(super) async fn bodies(store: &Store, id: RunId) -> Vec<String> {
    let sql = AssertSqlSafe(format!("SELECT content FROM message WHERE run_id = {id} ORDER BY id"));
    let contents: Vec<String> = match &store.write {
        Db::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
    };
    let run = run::get(store, id).await.unwrap().unwrap();
    let read = |json: &String| serde_json::from_str::<Content>(json).unwrap();
    contents.iter().map(|json| read(json).rendered(|| run.snapshots().ok()).unwrap().body).collect()
}

async fn reasons(store: &Store, id: RunId) -> Vec<String> {
    let sql = AssertSqlSafe(format!("SELECT detail FROM exclusion WHERE run_id = {id} ORDER BY row_no"));
    match &store.write {
        Db::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
    }
}

pub(super) async fn started(stage: &Stage, campaign: &str, audience: &str) -> RunId {
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

impl Stage {
    /// The template has other parts at the provider, and is read again.
    async fn retells(&self, components: serde_json::Value) {
        self.stub.template.lock().unwrap()["components"] = components;
        self.engine.sync_templates("meta").await.unwrap();
    }
}

#[tokio::test]
async fn a_fixed_header_or_footer_that_goes_is_another_text_and_a_run_resumed_for_other_values_goes_on() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let plain = stage.stub.template.lock().unwrap()["components"].clone();
        let mut framed: Vec<serde_json::Value> = plain.as_array().unwrap().clone();
        framed.retain(|c| c["type"] != "HEADER" && c["type"] != "FOOTER");
        let bare = serde_json::Value::from(framed.clone());
        framed.insert(0, json!({"type": "HEADER", "format": "TEXT", "text": "Su turno"}));
        framed.push(json!({"type": "FOOTER", "text": "Clínica"}));
        stage.retells(framed.into()).await;
        let id = stage.run("one", CAMPAIGN, &people(6)).await;
        let now = async || run::get(&store, id).await.unwrap().unwrap();
        stage.retells(bare.clone()).await;
        let codes: Vec<String> = now().await.paused_for().into_iter().map(|p| p.code).collect();
        assert_eq!((now().await.state, codes), (RunState::Paused, vec!["pause_template_text".to_owned()]));
        stage.engine.resume(id, "ana").await.unwrap();
        stage.retells(bare.clone()).await;
        assert_ne!(now().await.state, RunState::Paused, "once, {}", store.name());
        let mut other = bare.clone();
        let body = other.as_array_mut().unwrap().iter_mut().find(|c| c["type"] == "BODY").unwrap();
        body["text"] = "Hola {{1}}, {{2}}, {{3}}, {{4}} y {{5}}.".into();
        body["example"] = json!({"body_text": [["Ana", "b", "c", "d", "e"]]});
        stage.retells(other.clone()).await;
        let codes: Vec<String> = now().await.paused_for().into_iter().map(|p| p.code).collect();
        assert_eq!((now().await.state, codes), (RunState::Paused, vec!["pause_template_values".to_owned()]));
        let why = waiting::run(&stage.engine, id).await.unwrap().unwrap().sentence(Language::En);
        let ends = "WhatsApp would refuse them. Correct the campaign before the run goes on. It goes on when somebody resumes it.";
        assert!(why.ends_with(ends) && !why.contains("ancel"), "{why}");
        stage.engine.resume(id, "ana").await.unwrap();
        stage.retells(other.clone()).await;
        assert_ne!(now().await.state, RunState::Paused, "what was accepted stays accepted, {}", store.name());
        let body = other.as_array_mut().unwrap().iter_mut().find(|c| c["type"] == "BODY").unwrap();
        body["text"] = "Chau {{1}}, {{2}}, {{3}}, {{4}} y {{5}}.".into();
        stage.retells(other).await;
        assert_eq!(now().await.state, RunState::Paused, "it has changed again, {}", store.name());
    }
}

#[tokio::test]
async fn a_late_approval_frees_no_template_and_a_word_that_nobody_knows_holds_none() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(2)).await;
        let news = |event: &str| {
            json!({"event": event, "message_template_name": "reminder",
            "message_template_language": "es_AR"})
        };
        let held = async || !hold::open(&store).await.unwrap().is_empty();
        let field = "message_template_status_update";
        stage.told(field, news("SHINY_NEW")).await;
        assert!(!held().await && template::has_stale(&store, "meta").await.unwrap(), "{}", store.name());
        let deeds = audit::page(&store, i64::MAX, "recado", "", 100).await.unwrap();
        assert!(deeds.iter().any(|deed| deed.detail == "shiny_new"), "{deeds:?}");
        // Read again it says the same: it holds, and says no more than is known.
        stage.stub.template.lock().unwrap()["status"] = json!("SHINY_NEW");
        stage.engine.sync_templates("meta").await.unwrap();
        let said = async || {
            let open = hold::open(&store).await.unwrap();
            open.iter().map(|hold| waiting::held(hold).sentence(Language::En)).collect::<String>()
        };
        assert!(
            said().await.contains("does not know: “shiny_new”") && !said().await.contains("stopped"),
            "{}",
            said().await
        );
        stage.told(field, news("PAUSED")).await;
        assert!(said().await.starts_with("WhatsApp has stopped"), "{} {}", said().await, store.name());
        stage.told_of(stage.clock.now().minus(Duration::from_hours(24)), field, news("APPROVED")).await;
        assert!(held().await, "the approval is older, {}", store.name());
        stage.told(field, news("APPROVED")).await;
        assert!(!held().await, "{}", store.name());
    }
}

#[tokio::test]
async fn what_was_said_of_a_template_before_what_is_known_counts_no_more() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        let before = stage.clock.now().minus(Duration::from_hours(24));
        let news = |more: Value| {
            let mut value = json!({"message_template_name": "reminder", "message_template_language": "es_AR"});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            value
        };
        let (quality, status) = ("message_template_quality_update", "message_template_status_update");
        stage.told(quality, news(json!({"new_quality_score": "GREEN"}))).await;
        stage.told_of(before, quality, news(json!({"new_quality_score": "RED"}))).await;
        stage.told(status, news(json!({"event": "APPROVED"}))).await;
        stage.told_of(before, status, news(json!({"event": "REJECTED", "reason": "SCAM"}))).await;
        let kept = template::told(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
        assert_eq!((kept.quality.as_str(), kept.reason.as_str()), ("green", ""), "{}", store.name());
        let category = "template_category_update";
        let done = |was: &str, is: &str| news(json!({"previous_category": was, "new_category": is}));
        stage.told(category, done("MARKETING", "UTILITY")).await;
        stage.told_of(before, category, done("UTILITY", "MARKETING")).await;
        let announced = json!({"new_category": "UTILITY", "correct_category": "MARKETING"});
        stage.told_of(before, category, news(announced)).await;
        let kept = template::get(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
        assert_eq!((kept.category, kept.announced), (Category::Utility, None), "{}", store.name());
        assert_eq!(run::get(&store, run).await.unwrap().unwrap().state, RunState::Running);
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
        let sheet = stage.engine.sheet(version).await.unwrap();
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
        Loaded::Version { version, .. } => stage.engine.sheet(version).await.unwrap().blockers,
    };
    assert!(problems.iter().any(|p| p.code == "client_name_unknown"), "{problems:?}");
}

#[tokio::test]
async fn people_whose_number_is_known_with_a_name_are_greeted_by_it_and_the_others_are_left_out_as_not_known() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("first", CAMPAIGN, "nombre,telefono\nAna Paz,+5491155550001\n").await;
        for (name, greeting, audience) in [
            (
                "column",
                "{{ client_name | first_name }}",
                "nombre,telefono\n,+5491155550001\n,+5491155550002\nEva Ruiz,+5491155550003\n",
            ),
            ("none", "{{ client_name | first_name }}", "telefono\n+5491155550001\n+5491155550002\n"),
            (
                "longer",
                "{{ client_name | first_name }}, buen día",
                "nombre,telefono\n,+5491155550001\n,+5491155550002\n",
            ),
        ] {
            let greets = CAMPAIGN.replace("{{ nombre }}", greeting);
            let version = stage.load(name, &greets, audience).await;
            let sheet = stage.engine.sheet(version).await.unwrap();
            assert_eq!(sheet.blockers, [], "{} {name}", store.name());
            let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!("{name}") };
            while Planner::new(stage.engine.clone()).step().await.unwrap() {}
            let greeted = bodies(&store, id).await;
            assert_eq!(
                Some(greeted.len() as i64),
                sheet.messages,
                "{} {name}: the sheet says what is sent",
                store.name()
            );
            assert!(greeted[0].starts_with("Hola Ana,"), "{} {name} {greeted:?}", store.name());
            let left = reasons(&store, id).await;
            assert_eq!(left, ["client_name: 1"], "{} {name}", store.name());
        }
    }
}

#[tokio::test]
async fn an_announced_category_stops_a_standing_run_once_with_both_estimates_and_the_people_in_line() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"everything ahead\"");
        let audience = rows(&[("a", "2026-12-10 10:00"), ("b", "2026-12-10 11:00"), ("c", "2026-12-11 10:00")]);
        let id = super::feeds::apply(&stage, &campaign, &audience).await;
        let news = || {
            json!({"message_template_id": 1, "message_template_name": "reminder", "message_template_language": "es_AR",
                "new_category": "UTILITY", "correct_category": "MARKETING"})
        };
        stage.told("template_category_update", news()).await;
        let held = run::get(&store, id).await.unwrap().unwrap();
        assert_eq!(held.state, RunState::Paused, "{}", store.name());
        let why = held.paused_for();
        assert_eq!(why[0].code, "pause_category_announced");
        // Three to Argentina: 0.0260 as utility, 0.0618 as marketing.
        for language in Language::ALL {
            let said = locale::problems(language, &why);
            assert!(said.contains("USD 0.1854") && said.contains("USD 0.078"), "{said}");
            assert!(said.contains('3') && !said.contains('{'), "{said}");
        }
        assert_eq!(held.snapshot().unwrap().category, Category::Utility, "until it comes");
        let ahead = async || {
            let run = run::get(&store, id).await.unwrap().unwrap();
            stage.engine.category_ahead(&run).await.unwrap().map(|told| told.code)
        };
        assert_eq!(ahead().await, None, "why it stands still says it, {}", store.name());
        stage.engine.resume(id, "ana").await.unwrap();
        assert_eq!(ahead().await.as_deref(), Some("category_ahead"), "{}", store.name());
        // Told again, by the same news or by the list: a person has decided.
        stage.told("template_category_update", news()).await;
        stage.stub.template.lock().unwrap()["correct_category"] = json!("MARKETING");
        stage.engine.sync_templates("meta").await.unwrap();
        assert_eq!(run::get(&store, id).await.unwrap().unwrap().state, RunState::Running, "{}", store.name());
        let kept = template::get(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
        assert_eq!(kept.announced, Some(Category::Marketing));
    }
}

#[tokio::test]
async fn an_announced_category_is_told_by_a_run_for_as_long_as_something_of_it_is_in_line() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(3)).await;
        let site = Site::over(&stage.engine);
        let token = site.token(Role::Operator).await;
        let api = async || {
            let told = site.call(Method::GET, &format!("/api/v1/runs/{id}"), &token, "", None).await.json();
            told["category_ahead"]["message"].as_str().map(str::to_owned)
        };
        let ana = site.visitor(Role::Operator).await;
        let page = async || site.get(&format!("/runs/{id}"), Some(&ana)).await.body;
        assert!(api().await.is_none() && !page().await.contains("category-ahead"), "{}", store.name());
        let news = json!({"message_template_name": "reminder", "message_template_language": "es_AR",
            "new_category": "UTILITY", "correct_category": "MARKETING"});
        stage.told("template_category_update", news).await;
        let said = api().await.unwrap();
        assert!(said.contains("messages: 3, people: 3") && said.contains("USD 0.078"), "{said}");
        assert!(said.contains("it would cost USD 0.1854"), "{said}");
        assert!(page().await.contains(r#"data-test="category-ahead""#), "{}", store.name());
        assert_eq!(stage.sender().drain().await, 3, "it goes on, {}", store.name());
        assert_eq!(api().await, None, "nothing of it can be billed so, {}", store.name());
    }
}

#[tokio::test]
async fn what_people_think_of_a_template_and_why_it_stands_still_is_live() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.engine.sync_templates("meta").await.unwrap();
        let named = |more: serde_json::Value| {
            let mut value = json!({"message_template_id": 1, "message_template_name": "reminder",
                "message_template_language": "es_AR"});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            value
        };
        let score = named(json!({"previous_quality_score": "GREEN", "new_quality_score": "RED"}));
        stage.told("message_template_quality_update", score).await;
        // What the sheet warns of and the page shows are this.
        let kept = template::told(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
        assert_eq!((kept.quality.as_str(), kept.template.quality), ("red", Some(TemplateQuality::Red)));
        for (event, more, reason, status) in [
            ("FLAGGED", json!({}), "flagged", "approved"),
            ("PAUSED", json!({"other_info": {"title": "SECOND_PAUSE"}}), "second_pause", "paused"),
            ("DISABLED", json!({"disable_info": {"disable_date": 1}}), "disabled", "disabled"),
            ("REINSTATED", json!({}), "", "approved"),
        ] {
            let mut told = named(json!({"event": event, "reason": "NONE"}));
            told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            stage.told("message_template_status_update", told).await;
            let kept = template::told(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
            assert_eq!((kept.reason.as_str(), kept.template.status.word()), (reason, status), "{}", store.name());
            let key = format!("template_reason.{reason}");
            assert!(reason.is_empty() || Language::ALL.iter().all(|l| locale::say(*l, &key, &[]) != key), "{reason}");
        }
    }
}
