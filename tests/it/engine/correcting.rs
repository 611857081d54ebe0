//! A paused run goes on with another mapping or template: what left stays, the rest goes out corrected, nothing twice.

use std::time::Duration;

use recado::domain::fill::Content;
use recado::domain::id::{MessageId, RunId};
use recado::domain::message::MessageState;
use recado::engine::planner::Planner;
use recado::engine::{CorrectOutcome, Engine, Split};
use recado::store::{correction, exclusion, run, version};
use serde_json::json;

use super::feeds;
use super::stage::{CAMPAIGN, Stage, people, sender};
use super::{change, force};
use crate::support::stores;

/// Two go first, as people pause when they see something wrong.
fn first_two(campaign: &str) -> String {
    format!("{campaign}\n[limits]\ncanary = \"2\"\n")
}

fn capitals() -> String {
    CAMPAIGN.replace("{{ nombre }}", "{{ nombre | upper }}")
}

async fn plan(engine: &Engine) {
    while Planner::new(engine.clone()).step().await.unwrap() {}
}

/// A run of which two messages have left, paused.
async fn paused(stage: &Stage, campaign: &str, audience: &str) -> RunId {
    let run = stage.run("turnos", &first_two(campaign), audience).await;
    // What goes first is spread over a second.
    stage.clock.advance(Duration::from_secs(2));
    assert_eq!(stage.sender().drain().await, 2);
    assert!(stage.engine.pause(run, "ana", "").await.unwrap());
    run
}

async fn corrected(engine: &Engine, run: RunId, definition: &str) -> Split {
    match engine.correct(run, definition, "ana").await.unwrap() {
        CorrectOutcome::Corrected(split) => split,
        CorrectOutcome::Refused(problems) => panic!("{problems:?}"),
    }
}

async fn refused(engine: &Engine, run: RunId, definition: &str) -> String {
    match engine.correct(run, definition, "ana").await.unwrap() {
        CorrectOutcome::Refused(problems) => problems[0].code.clone(),
        CorrectOutcome::Corrected(split) => panic!("{split:?}"),
    }
}

#[tokio::test]
async fn what_left_stays_and_the_rest_goes_out_corrected_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = paused(&stage, CAMPAIGN, &people(5)).await;
        let split = corrected(&stage.engine, run, &capitals()).await;
        assert_eq!(split, Split { stays: 2, rest: 3 }, "{}", store.name());
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        assert_eq!(stage.sender().drain().await, 3);

        let sent = stage.stub.values.lock().unwrap().clone();
        let values: Vec<&str> = sent.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["Ana", "Ana", "ANA", "ANA", "ANA"], "{}", store.name());
        let mut numbers: Vec<&String> = sent.iter().map(|(to, _)| to).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 5, "nobody got two");
        let told = run::get(&store, run).await.unwrap().unwrap();
        assert_eq!((told.rows_read, stage.states(run).await["accepted"]), (Some(5), 5));
        let kept = correction::latest(&store, run).await.unwrap().unwrap();
        assert_eq!((kept.stayed, kept.corrected_by.as_str()), (2, "ana"));
        // The folder has it too, and it is no new version to start.
        let lies = std::fs::read_to_string(store.dir.path().join("data/campaigns/turnos/campaign.toml"));
        assert_eq!(lies.unwrap(), capitals());
        let latest = version::latest(&store, told.campaign_id).await.unwrap().unwrap();
        assert_eq!(latest.id, told.version_id);
    }
}

#[tokio::test]
async fn a_process_that_dies_between_any_two_steps_of_it_leaves_no_hole_and_no_double() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = paused(&stage, CAMPAIGN, &people(5)).await;
        corrected(&stage.engine, run, &capitals()).await;
        stage.engine.resume(run, "ana").await.unwrap();
        // It died while it took back what had not left: some of it is gone, and nothing is planned.
        assert_eq!(correction::take_back(&store, run, 2).await.unwrap(), 2);
        let again = stage.restarted(store.dir.path()).await;
        plan(&again).await;
        // And once more, with all rows planned and the cursor not moved: the whole piece is read again.
        change(&store, "UPDATE run SET state = 'planning', planned_rows = 0, rows_read = NULL").await;
        plan(&again).await;
        assert_eq!(sender(&again).drain().await, 3, "{}", store.name());
        let sent = stage.stub.values.lock().unwrap().clone();
        let mut numbers: Vec<&String> = sent.iter().map(|(to, _)| to).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!((sent.len(), numbers.len()), (5, 5), "{}", store.name());
    }
}

#[tokio::test]
async fn screens_show_what_each_person_really_got_after_the_template_changed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = paused(&stage, CAMPAIGN, &people(3)).await;
        *stage.stub.template.lock().unwrap() = json!({"id": "2", "name": "other", "language": "es_AR",
            "status": "APPROVED", "category": "UTILITY", "parameter_format": "POSITIONAL",
            "components": [{"type": "BODY", "text": "Estimada {{1}}, la esperamos."}]});
        corrected(&stage.engine, run, &CAMPAIGN.replace("\"reminder\"\nlanguage", "\"other\"\nlanguage")).await;
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        stage.sender().drain().await;
        let template = run::get(&store, run).await.unwrap().unwrap().snapshots().unwrap();
        assert_eq!(template.main.name, "other");
        let seen = stage.stub.seen.lock().unwrap().clone();
        for (i, callback) in seen.iter().enumerate() {
            let id = MessageId(callback.message.0);
            let message = stage.message(id).await;
            let before = correction::template_before(&store, run, id).await.unwrap();
            let text = message.content().unwrap().rendered(|| before.or(Some(template.clone()))).unwrap().body;
            let expected = if i < 2 { "Hola Ana, le esperamos." } else { "Estimada Ana, la esperamos." };
            assert_eq!(text, expected, "{} {i}", store.name());
        }
    }
}

#[tokio::test]
async fn what_may_go_back_in_line_later_keeps_the_text_that_it_may_have_left_with() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = paused(&stage, CAMPAIGN, &people(3)).await;
        let first = MessageId(stage.stub.seen.lock().unwrap()[0].message.0);
        force(&store, first, MessageState::InDoubt).await;
        corrected(&stage.engine, run, &capitals()).await;
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        let Content::Template { fill, template } = stage.message(first).await.content().unwrap() else { panic!() };
        assert_eq!(
            (fill.body[0].text.as_str(), template.unwrap().name.as_str()),
            ("Ana", "reminder"),
            "{}",
            store.name()
        );
    }
}

#[tokio::test]
async fn what_was_tried_and_is_in_line_again_is_corrected_in_its_place() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run =
            paused(&stage, CAMPAIGN, "nombre,telefono\nAna,+5491150000001\nEva,+5491150000002\nZoe,+5491150000003\n")
                .await;
        let tried: Vec<MessageId> = stage.stub.seen.lock().unwrap().iter().map(|c| MessageId(c.message.0)).collect();
        // Both were turned away by the provider and wait for another try.
        for id in &tried {
            force(&store, *id, MessageState::Queued).await;
        }
        let only = capitals().replace("[variables]", "[columns]\nonly = \"{{ nombre != 'Eva' }}\"\n[variables]");
        corrected(&stage.engine, run, &only).await;
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        stage.sender().drain().await;
        let sent: Vec<String> = stage.stub.values.lock().unwrap()[2..].iter().map(|(_, v)| v.clone()).collect();
        assert_eq!(sent, ["ANA", "ZOE"], "{}", store.name());
        let states = stage.states(run).await;
        assert_eq!((states["accepted"], states["excluded"]), (2, 1), "each row is accounted for once");
        assert!(exclusion::counts(&store, run).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_share_of_the_corrected_rest_goes_first_and_is_judged_by_itself() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = paused(&stage, CAMPAIGN, &people(6)).await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "failed", Some(132_000)).await;
        corrected(&stage.engine, run, &first_two(&capitals())).await;
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        stage.clock.advance(Duration::from_secs(2));
        assert_eq!(stage.sender().drain().await, 2, "{}", store.name());
        let told = recado::engine::canary::standing(&stage.engine, run).await.unwrap().unwrap();
        assert_eq!((told.messages, told.figures.failed), (2, 0), "what failed before was another text");
    }
}

#[tokio::test]
async fn a_run_that_is_not_paused_or_would_become_another_campaign_is_not_corrected() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("turnos", CAMPAIGN, &people(2)).await;
        assert_eq!(refused(&stage.engine, run, &capitals()).await, "correct_not_paused", "{}", store.name());
        stage.engine.pause(run, "ana", "").await.unwrap();
        for (definition, code) in [
            (CAMPAIGN.to_owned(), "correct_nothing"),
            (CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender"), "correct_other_sender"),
            (capitals().replace("people.csv", "m.csv"), "correct_other_file"),
            (CAMPAIGN.replace("1 = ", "2 = "), "missing_variable"),
            ("kind = 1".to_owned(), "campaign_file"),
        ] {
            assert_eq!(refused(&stage.engine, run, &definition).await, code, "{}", store.name());
        }
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        assert_eq!(stage.sender().drain().await, 2, "it goes on as it was");
    }
}

#[tokio::test]
async fn nothing_is_corrected_while_a_message_is_just_leaving() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = paused(&stage, CAMPAIGN, &people(3)).await;
        let first = MessageId(stage.stub.seen.lock().unwrap()[0].message.0);
        force(&store, first, MessageState::Claimed).await;
        assert_eq!(refused(&stage.engine, run, &capitals()).await, "correct_leaving", "{}", store.name());
        force(&store, first, MessageState::Accepted).await;
        corrected(&stage.engine, run, &capitals()).await;
    }
}

#[tokio::test]
async fn a_standing_run_is_corrected_while_it_has_one_file_and_not_once_it_has_several() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = feeds::clinic("contains = \"only changes\"");
        let capitals = campaign.replace("{{ nombre }}", "{{ nombre | upper }}");
        let first = feeds::rows(&[("A", "26/11/2026 09:00"), ("B", "26/11/2026 10:00")]);
        let run = feeds::apply(&stage, &campaign, &first).await;
        stage.engine.pause(run, "ana", "").await.unwrap();
        assert_eq!(corrected(&stage.engine, run, &capitals).await, Split { stays: 0, rest: 2 }, "{}", store.name());

        // Nothing of the corrected file is planned yet that another could be compared with.
        let second = feeds::rows(&[("C", "26/11/2026 11:00")]);
        let version = stage.load("clinic", &capitals, &second).await;
        assert_eq!(feeds::refused(&stage, version).await, ["feed_busy"], "{}", store.name());
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        feeds::accounted(&stage, run).await;

        assert_eq!(feeds::apply(&stage, &capitals, &second).await, run);
        stage.engine.pause(run, "ana", "").await.unwrap();
        assert_eq!(refused(&stage.engine, run, &campaign).await, "correct_several_files", "{}", store.name());
        stage.engine.resume(run, "ana").await.unwrap();
        stage.clock.advance(Duration::from_hours(27));
        stage.sender().drain().await;
        let mut sent: Vec<String> = stage.stub.values.lock().unwrap().iter().map(|(_, v)| v[..3].to_owned()).collect();
        sent.sort();
        assert_eq!(sent, ["ANA", "ANA", "ANA"], "{}", store.name());
    }
}

#[tokio::test]
async fn a_corrected_run_takes_the_templates_usual_values_where_its_new_file_says_nothing() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = paused(&stage, CAMPAIGN, &people(3)).await;
        let usual = stage.usual_values("{{ saludo }} {{ client_name }}").await;
        assert_eq!(corrected(&stage.engine, run, &usual).await, Split { stays: 2, rest: 1 }, "{}", store.name());
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        assert_eq!(stage.sender().drain().await, 1);
        assert_eq!(stage.stub.values.lock().unwrap()[2].1, "Buen día Ana", "{}", store.name());
    }
}

#[tokio::test]
async fn a_correction_says_how_many_go_out_with_the_rows_that_it_chooses() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let audience = people(6).replace("nombre", "sigue,nombre").replace("Ana", "no,Ana");
        let audience = audience.replacen("no,Ana", "sí,Ana", 3);
        let run = paused(&stage, CAMPAIGN, &audience).await;
        // Four are in line, and the first three of the file are chosen, but for whoever has it.
        let has_it = |no: &usize| {
            let sent = stage.stub.values.lock().unwrap();
            sent.iter().any(|(to, _)| to.ends_with(&format!("5000000{no}")))
        };
        let rest = (0..3).filter(|no| !has_it(no)).count();
        let chosen = format!("{}[columns]\nonly = \"{{{{ sigue }}}}\"\n", capitals());
        assert_eq!(
            corrected(&stage.engine, run, &chosen).await,
            Split { stays: 2, rest: rest as i64 },
            "{}",
            store.name()
        );
        stage.engine.resume(run, "ana").await.unwrap();
        plan(&stage.engine).await;
        assert_eq!(stage.sender().drain().await, rest, "{}", store.name());
    }
}
