//! A run goes by the template in every language that its rows name.

use recado::domain::fill::Content;
use recado::domain::template::Category;
use recado::engine::StartOutcome;
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};
use recado::store::run;
use serde_json::{Value, json};

use super::stage::{SENDER, Stage, sender_of};
use crate::support::stores;

const CAMPAIGN: &str = r#"
kind     = "reminder"
sender   = "front"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "reminder"
language = { column = "idioma", otherwise = "es_AR" }
[variables]
1 = "{{ nombre }}"
"#;

const PEOPLE: &str = "nombre,telefono,idioma\nAna,+5491155550101,\nJoão,+5491155550102,pt\nJean,+5491155550103,fr\n";

fn translation(language: &str, category: &str, body: &str) -> Value {
    json!({"id": language, "name": "reminder", "language": language, "status": "APPROVED", "category": category,
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": body, "example": {"body_text": [["Ana"]]}}]})
}

fn both() -> Value {
    let pending = json!({"id": "fr", "name": "reminder", "language": "fr", "status": "PENDING", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Bonjour {{1}}"}]});
    json!([
        translation("es_AR", "UTILITY", "Hola {{1}}, le esperamos."),
        translation("pt_BR", "MARKETING", "Olá {{1}}, esperamos você."),
        pending
    ])
}

#[tokio::test]
async fn each_message_goes_out_in_its_language_at_its_price_and_shows_its_own_text() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        *stage.stub.template.lock().unwrap() = both();
        let id = stage.run("one", CAMPAIGN, PEOPLE).await;
        let of_run = run::get(&store, id).await.unwrap().unwrap();
        let snapshot = of_run.snapshots().unwrap();
        assert_eq!(
            snapshot.all().map(|t| t.language.as_str()).collect::<Vec<_>>(),
            ["es_AR", "pt_BR"],
            "{}",
            store.name()
        );
        assert_eq!(stage.sender().drain().await, 2, "{}", store.name());
        let mut languages = stage.stub.languages.lock().unwrap().clone();
        languages.sort();
        assert_eq!(languages, ["es_AR", "pt_BR"]);
        let seen = stage.stub.seen.lock().unwrap().clone();
        let mut told = Vec::new();
        for callback in seen {
            let sent = stage.message(callback.message).await;
            let Content::Template { fill, .. } = sent.content().unwrap() else { panic!("no template") };
            told.push((sent.category, snapshot.of(fill.language.as_deref()).render(&fill).body));
        }
        told.sort();
        assert_eq!(
            told,
            [
                (Category::Marketing, "Olá João, esperamos você.".to_owned()),
                (Category::Utility, "Hola Ana, le esperamos.".to_owned())
            ]
        );
    }
}

#[tokio::test]
async fn a_translation_that_changed_since_it_was_looked_at_stops_the_start() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        *stage.stub.template.lock().unwrap() = both();
        let version = stage.load("one", CAMPAIGN, PEOPLE).await;
        let codes = |outcome: StartOutcome| match outcome {
            StartOutcome::Started(_) | StartOutcome::Scheduled(_) => vec!["started".to_owned()],
            StartOutcome::Refused(problems) | StartOutcome::Changed(problems) => {
                let told = |p: recado::domain::problem::Problem| {
                    let language = p.args.into_iter().find(|(name, _)| name == "language");
                    format!("{} {}", p.code, language.map(|(_, value)| value).unwrap_or_default())
                };
                problems.into_iter().map(told).collect()
            }
        };
        stage.stub.template.lock().unwrap()[1] = translation("pt_BR", "MARKETING", "Oi {{1}}!");
        assert_eq!(
            codes(stage.engine.start(version, "ana").await.unwrap()),
            ["template_changed pt_BR"],
            "{}",
            store.name()
        );
        stage.stub.template.lock().unwrap()[1] = translation("pt_PT", "UTILITY", "Olá {{1}}!");
        assert_eq!(codes(stage.engine.start(version, "ana").await.unwrap()), ["template_changed pt_BR"]);
        assert_eq!(codes(stage.engine.start(version, "ana").await.unwrap()), ["started"], "seen now");
    }
}

#[tokio::test]
async fn a_held_translation_stops_the_run_that_uses_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        *stage.stub.template.lock().unwrap() = both();
        stage.run("one", CAMPAIGN, PEOPLE).await;
        let scope_key = hold::template_key("meta", "reminder", "pt_BR");
        let new =
            NewHold { scope: HoldScope::Template, scope_key, cause: HoldCause::Quality, code: None, until_at: None };
        hold::place(&store, &new, stage.clock.now()).await.unwrap();
        assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
    }
}

#[tokio::test]
async fn what_a_failed_message_of_a_translation_says_holds_that_translation() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        *stage.stub.template.lock().unwrap() = both();
        stage.run("one", CAMPAIGN, "nombre,telefono,idioma\nJoão,+5491155550102,pt\n").await;
        assert_eq!(sender_of(&stage.engine, SENDER).drain().await, 1);
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "failed", Some(132_015)).await;
        let open = hold::open(&store).await.unwrap();
        let keys: Vec<&str> = open.iter().map(|hold| hold.scope_key.as_str()).collect();
        assert_eq!(keys, [hold::template_key("meta", "reminder", "pt_BR")], "{}", store.name());
    }
}

#[tokio::test]
async fn who_asks_for_a_language_without_an_approved_translation_is_left_out_by_name() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        *stage.stub.template.lock().unwrap() = both();
        // In review counts as little as not there; names of languages and other forms of a code are understood.
        let people = "nombre,telefono,idioma\nAna,+5491155550101,es\nJoão,+5491155550102,Português\nJean,+5491155550103,fr\n\
                      Jane,+5491155550104,en\nEva,+5491155550105,\n";
        let id = stage.run("one", CAMPAIGN, people).await;
        let sql = format!("SELECT COUNT(*) FROM exclusion WHERE run_id = {id} AND reason = 'no_translation'");
        assert_eq!(super::count(&store, &sql).await, 2, "{}", store.name());
        let told = |detail: &str| {
            format!("SELECT COUNT(*) FROM exclusion WHERE run_id = {id} AND row_no = 3 AND detail LIKE '%{detail}%'")
        };
        assert_eq!(super::count(&store, &told("fr")).await, 1, "the language is named: {}", store.name());
        assert_eq!(stage.sender().drain().await, 3, "{}", store.name());
        let mut languages = stage.stub.languages.lock().unwrap().clone();
        languages.sort();
        assert_eq!(languages, ["es_AR", "es_AR", "pt_BR"], "an empty cell is the campaign's own: {}", store.name());
        // Every row read is a message or an exclusion.
        let rows = format!(
            "SELECT (SELECT COUNT(*) FROM message WHERE run_id = {id}) + (SELECT COUNT(*) FROM exclusion WHERE run_id = {id})"
        );
        assert_eq!(super::count(&store, &rows).await, 5, "{}", store.name());
    }
}
