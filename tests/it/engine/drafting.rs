//! What is noted about a template before the provider hears of it, and what its life leaves behind.

use recado::domain::template::draft::{self, Draft};
use recado::domain::template::{Category, ParameterFormat};
use recado::engine::holds::TEMPLATE_POLL;
use recado::engine::{TemplateOutcome, waiting};
use recado::locale::Language;
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};
use recado::store::template;

use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

#[tokio::test]
async fn a_name_that_exists_and_a_language_that_does_not_are_noted_at_the_draft() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.load("turnos", CAMPAIGN, &people(1)).await;
        let known = template::get(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
        let mut new = draft::of(&known);
        new.examples = [("1".to_owned(), "Ana".to_owned())].into();
        let noted = stage.engine.draft_problems("meta", &new).await.unwrap();
        assert!(noted.iter().any(|p| p.code == "template_exists"), "{} {noted:?}", store.name());
        new.language = "es_XX".to_owned();
        let refused = stage.engine.save_draft("meta", None, &new, "ana").await.unwrap().unwrap_err();
        assert_eq!(refused[0].code, "template_rule_language_meant", "{refused:?}");
        new.language = "es_MX".to_owned();
        let noted = stage.engine.draft_problems("meta", &new).await.unwrap();
        assert!(noted.iter().all(|p| p.code != "template_exists"), "{noted:?}");
    }
}

#[tokio::test]
async fn a_template_that_is_deleted_leaves_no_hold() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.load("turnos", CAMPAIGN, &people(1)).await;
        let scope_key = hold::template_key("meta", "reminder", "es_AR");
        let new =
            NewHold { scope: HoldScope::Template, scope_key, cause: HoldCause::Quality, code: None, until_at: None };
        hold::place(&store, &new, stage.clock.now()).await.unwrap();
        let done = stage.engine.delete_template("meta", "reminder", "es_AR").await.unwrap();
        assert_eq!(done, TemplateOutcome::Deleted, "{}", store.name());
        assert_eq!(hold::open(&store).await.unwrap(), [], "{}", store.name());
    }
}

#[tokio::test]
async fn a_template_that_is_gone_at_the_provider_holds_only_what_uses_it_and_says_that_it_was_deleted() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.load("turnos", CAMPAIGN, &people(1)).await;
        let there = std::mem::replace(&mut *stage.stub.template.lock().unwrap(), serde_json::json!([]));
        stage.engine.sync_templates("meta").await.unwrap();
        assert_eq!(hold::open(&store).await.unwrap(), [], "nothing uses it, {}", store.name());
        assert_eq!(template::get(&store, "meta", "reminder", "es_AR").await.unwrap(), None);
        *stage.stub.template.lock().unwrap() = there;
        let run = stage.run("otra", CAMPAIGN, &people(1)).await;
        *stage.stub.template.lock().unwrap() = serde_json::json!([]);
        stage.engine.sync_templates("meta").await.unwrap();
        let open = hold::open(&store).await.unwrap();
        assert_eq!((open.len(), open[0].cause), (1, HoldCause::Deleted), "{}", store.name());
        let said = waiting::held(&open[0]).sentence(Language::En);
        assert!(said.contains("it was deleted"), "{said}");
        stage.clock.advance(TEMPLATE_POLL);
        stage.janitor().await;
        assert_eq!(hold::open(&store).await.unwrap().len(), 1, "the run is still there, {}", store.name());
        stage.engine.cancel(run, "ana").await.unwrap();
        stage.clock.advance(TEMPLATE_POLL);
        stage.janitor().await;
        assert_eq!(hold::open(&store).await.unwrap(), [], "{}", store.name());
    }
}

#[tokio::test]
async fn a_template_in_review_that_nothing_uses_stops_nobody_and_one_that_a_run_uses_does() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.load("turnos", CAMPAIGN, &people(1)).await;
        let pending = serde_json::json!({ "event": "PENDING", "message_template_id": 1, "message_template_name": "reminder",
            "message_template_language": "es_AR", "reason": "NONE" });
        stage.told("message_template_status_update", pending.clone()).await;
        assert_eq!(hold::open(&store).await.unwrap(), [], "{}", store.name());
        let known = template::get(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
        assert_eq!(known.status.as_str(), "pending", "{}", store.name());
        let approved = serde_json::json!({ "event": "APPROVED", "message_template_id": 1, "message_template_name": "reminder",
            "message_template_language": "es_AR", "reason": "NONE" });
        stage.told("message_template_status_update", approved).await;
        stage.run("otra", CAMPAIGN, &people(1)).await;
        stage.told("message_template_status_update", pending).await;
        assert_eq!(hold::open(&store).await.unwrap().len(), 1, "{}", store.name());
    }
}

#[tokio::test]
async fn a_language_that_only_the_account_names_is_taken_and_goes_to_the_provider() {
    const OWN: &str = "[account.other]\nprovider = \"cloud_api\"\nbase_url = \"BASE\"\nwaba_id = \"777\"\ncurrency = \"USD\"\n\
        timezone = \"UTC\"\naccess_token = \"t\"\napp_secret = \"s\"\nverify_token = \"v\"\ntemplate_languages = [\"pt_AO\"]\n";
    for store in stores().await {
        let server = MockServer::start().await;
        let made = ResponseTemplate::new(200)
            .set_body_json(serde_json::json!({ "id": "57", "status": "PENDING", "category": "UTILITY" }));
        Mock::given(method("POST")).and(path("/777/message_templates")).respond_with(made).mount(&server).await;
        let more = OWN.replace("BASE", &server.uri());
        let stage = Stage::with(&store, store.dir.path(), &more).await;
        let new = Draft {
            name: "aviso".to_owned(),
            language: "pt_AO".to_owned(),
            category: Category::Utility,
            format: ParameterFormat::Positional,
            header: None,
            body: "A sua consulta está marcada.".to_owned(),
            footer: None,
            buttons: Vec::new(),
            examples: std::collections::BTreeMap::default(),
            time_to_live_s: None,
            code: None,
            offer: None,
            cards: Vec::new(),
        };
        // Another account knows WhatsApp's published languages alone.
        let refused = stage.engine.save_draft("meta", None, &new, "ana").await.unwrap().unwrap_err();
        assert!(refused[0].code.starts_with("template_rule_language"), "{} {refused:?}", store.name());
        assert_eq!(stage.engine.draft_problems("other", &new).await.unwrap(), [], "{}", store.name());
        let kept = stage.engine.save_draft("other", None, &new, "ana").await.unwrap().unwrap();
        let done = stage.engine.submit_draft(kept).await.unwrap();
        assert!(matches!(done, TemplateOutcome::Done { .. }), "{} {done:?}", store.name());
        let sent = server.received_requests().await.unwrap();
        let sent: serde_json::Value = serde_json::from_slice(&sent.last().unwrap().body).unwrap();
        assert_eq!(sent["language"], "pt_AO", "{}", store.name());
        let unknown = Draft { language: "pt_XX".to_owned(), ..new };
        let refused = stage.engine.save_draft("other", None, &unknown, "ana").await.unwrap();
        assert!(refused.is_err(), "one that nobody names: {}", store.name());
    }
}
