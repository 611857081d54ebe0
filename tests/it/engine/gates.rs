//! What stops a message, and what an agent sends.

use std::time::Duration;

use recado::domain::id::{ConversationId, MessageId, RunId, UserId};
use recado::domain::message::MessageState;
use recado::engine::dispatcher::Look;
use recado::engine::{AnswerOutcome, Author, HandOutcome, HandSend, Seen, waiting};
use recado::locale::Language;
use recado::store::conversation::{self, NewConversation};
use recado::store::idempotency::Once;
use recado::store::suppression::{self, NewSuppression, SuppressionScope};
use recado::store::{Db, Store, message, person};

use super::stage::{CAMPAIGN, SENDER, Stage, TUESDAY, people, sender};
use crate::support::stores;

pub async fn user(store: &Store) -> Author {
    const ADD: &str = "INSERT INTO app_user (name, role, created_at) VALUES ('ana', 'agent', 0) RETURNING id";
    let id: UserId = match &store.write {
        Db::Sqlite(pool) => sqlx::query_scalar(ADD).fetch_one(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(ADD).fetch_one(pool).await.unwrap(),
    };
    Author { id, name: "ana".to_owned(), once: Once::default(), by: None }
}

pub async fn conversation(store: &Store, window: Option<Duration>) -> ConversationId {
    let mut tx = store.begin().await.unwrap();
    let phone = recado::domain::phone::Phone::from_international("5491155550123").unwrap();
    let person = person::ensure(&mut tx, &[(phone, String::new())], TUESDAY).await.unwrap()[0];
    let new = NewConversation {
        person,
        account: "meta".to_owned(),
        sender: SENDER.to_owned(),
        assignee: None,
        team: None,
        bot: None,
        previous: None,
        ticket: None,
        origin: None,
        at: TUESDAY,
        waits: true,
        window_until: window.map(|w| TUESDAY.plus(w)),
        close_after: Duration::from_hours(48),
    };
    let id = conversation::open(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub async fn close(store: &Store, id: ConversationId) {
    const CLOSE: &str = "UPDATE conversation SET state = 'closed' WHERE id = $1";
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(CLOSE).bind(id).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(CLOSE).bind(id).execute(pool).await.unwrap()),
    }
}

async fn first(stage: &Stage, run: RunId) -> MessageId {
    const FIRST: &str = "SELECT MIN(id) FROM message WHERE run_id = $1";
    match &stage.engine.store.write {
        Db::Sqlite(pool) => sqlx::query_scalar(FIRST).bind(run).fetch_one(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(FIRST).bind(run).fetch_one(pool).await.unwrap(),
    }
}

#[tokio::test]
async fn outside_the_hours_a_message_waits_with_the_reason_and_the_time() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = format!("{CAMPAIGN}[schedule.hours]\nmon-fri = \"09:00-12:00\"\noutside = \"later\"\n");
        let run = stage.run("one", &campaign, &people(1)).await;
        stage.clock.advance(Duration::from_hours(3));
        let mut sender = stage.sender();
        assert_eq!(sender.step().await, 1);
        assert_eq!(stage.stub.count(), 0, "{}", store.name());
        let id = first(&stage, run).await;
        let why = waiting::message(&stage.engine, id).await.unwrap().unwrap();
        assert_eq!((why.code.as_str(), why.until), ("hours", Some(TUESDAY.plus(Duration::from_hours(23)))));
        assert!(why.sentence(Language::Es).contains("horario"));
        stage.clock.advance(Duration::from_hours(20));
        sender.step().await;
        assert_eq!(stage.states(run).await, [("accepted", 1)].into());
    }
}

#[tokio::test]
async fn who_asked_for_nothing_more_after_planning_gets_nothing() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        let person = stage.message(first(&stage, run).await).await.person_id;
        let mut tx = store.begin().await.unwrap();
        let scope = SuppressionScope::All;
        let new = NewSuppression { person, scope, source: "reply", note: "", at: TUESDAY, by: "" };
        suppression::add(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        stage.sender().step().await;
        assert_eq!(stage.states(run).await, [("excluded", 1)].into(), "{}", store.name());
        assert_eq!(stage.stub.count(), 0);
    }
}

#[tokio::test]
async fn a_message_whose_latest_time_has_passed_expires_unsent() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = format!("{CAMPAIGN}[schedule]\nuntil = \"2026-11-24 12:00\"\n");
        let run = stage.run("one", &campaign, &people(2)).await;
        let dispatcher = sender(&stage.engine).dispatcher.with_slots(1);
        stage.clock.advance(Duration::from_hours(3));
        let Look::Claimed(_) = dispatcher.look().await.unwrap() else { panic!("nothing was claimed") };
        stage.janitor().await;
        assert_eq!(stage.states(run).await, [("claimed", 1), ("expired", 1)].into(), "{}", store.name());
        assert_eq!(stage.stub.count(), 0);
    }
}

#[tokio::test]
async fn runs_of_one_priority_take_turns_and_a_more_urgent_one_goes_first() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let one = stage.run("one", CAMPAIGN, &people(5)).await;
        let two = stage.run("two", CAMPAIGN, &people(5)).await;
        let contact = CAMPAIGN.replace("\"reminder\"\nsender", "\"resume_contact\"\nsender");
        let last = stage.run("three", &contact, &people(5)).await;
        let dispatcher = sender(&stage.engine).dispatcher.with_slots(12);
        let Look::Claimed(open) = dispatcher.look().await.unwrap() else { panic!("nothing was claimed") };
        let open = dispatcher.pass(open).await;
        assert_eq!(open.len(), 12, "{}", store.name());
        assert_eq!(stage.states(one).await, [("claimed", 5)].into());
        assert_eq!(stage.states(two).await, [("claimed", 5)].into());
        assert_eq!(stage.states(last).await, [("claimed", 2), ("queued", 3)].into());
    }
}

#[tokio::test]
async fn an_agents_answer_leaves_while_the_window_is_open() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let agent = user(&store).await;
        let id = conversation(&store, Some(Duration::from_hours(1))).await;
        let AnswerOutcome::Sent(sent) = stage.engine.answer(id, "Hola, Ana", &agent, Seen::default()).await.unwrap()
        else {
            panic!("refused")
        };
        let AnswerOutcome::Sent(late) = stage.engine.answer(id, "¿Sigue ahí?", &agent, Seen::default()).await.unwrap()
        else {
            panic!("refused")
        };
        let dispatcher = sender(&stage.engine).dispatcher.with_slots(1);
        dispatcher.step().await.unwrap();
        stage.clock.advance(Duration::from_hours(2));
        let mut sender = stage.sender();
        sender.step().await;
        assert_eq!(stage.message(late).await.failure_code, Some(131_047), "{}", store.name());
        assert_eq!(stage.stub.count(), 1);
        assert_eq!(stage.message(sent).await.attempt, 1);
        let AnswerOutcome::Refused(problem) = stage.engine.answer(id, "Hola", &agent, Seen::default()).await.unwrap()
        else {
            panic!("sent")
        };
        assert_eq!(problem.code, "window_closed");
    }
}

#[tokio::test]
async fn a_template_by_hand_completes_the_number_and_opens_a_conversation_of_its_sender() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let agent = user(&store).await;
        let send = HandSend {
            sender: SENDER.to_owned(),
            to: "011 15 5555-0123".to_owned(),
            template: "reminder".to_owned(),
            language: "es_AR".to_owned(),
            values: vec![("1".to_owned(), " Ana\nMaría ".to_owned())],
            cost_centre: "front desk".to_owned(),
            wait: None,
            ticket: None,
        };
        assert_eq!(stage.engine.international(SENDER, &send.to).unwrap().digits(), "5491155550123");
        let HandOutcome::Sent { message, conversation } = stage.engine.send_by_hand(&send, &agent).await.unwrap()
        else {
            panic!("{:?}", stage.engine.send_by_hand(&send, &agent).await)
        };
        stage.sender().step().await;
        let sent = stage.message(message).await;
        assert_eq!((sent.state, sent.cost_centre.as_str()), (MessageState::Accepted, "front desk"));
        let mut tx = store.begin().await.unwrap();
        let opened = conversation::by_id(&mut tx, conversation).await.unwrap().unwrap();
        assert_eq!(opened.assignee, Some(agent.id), "{}", store.name());
        drop(tx);
        let empty = HandSend { values: vec![], ..send };
        let HandOutcome::Refused(problems) = stage.engine.send_by_hand(&empty, &agent).await.unwrap() else {
            panic!("sent")
        };
        assert_eq!(problems[0].code, "value_missing");
    }
}

/// A template to somebody, without values.
pub fn by_hand(to: String) -> HandSend {
    HandSend {
        sender: SENDER.to_owned(),
        to,
        template: "reminder".to_owned(),
        language: "es_AR".to_owned(),
        values: Vec::new(),
        cost_centre: String::new(),
        wait: None,
        ticket: None,
    }
}

#[tokio::test]
async fn usual_values_are_judged_by_hand_as_a_campaign_s_rows_are() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let agent = user(&store).await;
        for (no, (expression, expected)) in [
            ("{{ client_name }}", Err("client_unknown")),
            ("Sr. {{ client_name | first_name }}", Err("client_unknown")),
            ("{{ client_name | default('cliente') }}", Ok("cliente")),
            ("{{ client_name | first_name | default('cliente', true) }}", Ok("cliente")),
            ("{{ 'Sr. ' ~ client_name if client_name else 'Hola' }}", Ok("Hola")),
            ("{{ saludo }}", Ok("Buen día")),
        ]
        .into_iter()
        .enumerate()
        {
            let file = stage.usual_values(expression).await;
            let send = by_hand(format!("011 15 5577-01{no:02}"));
            let told = match stage.engine.send_by_hand(&send, &agent).await.unwrap() {
                HandOutcome::Sent { message, .. } => {
                    Ok(format!("{:?}", stage.message(message).await.content().unwrap()))
                }
                HandOutcome::Refused(problems) => Err(problems[0].code.clone()),
            };
            match (&told, expected) {
                (Ok(content), Ok(text)) => assert!(content.contains(text), "{expression}: {content}"),
                (Err(code), Err(expected)) => assert_eq!(code, expected, "{expression}"),
                _ => panic!("{expression}: {told:?}, {}", store.name()),
            }
            // The same expression over a row without a name.
            let file = file.replace("[template]", "[columns]\nname = \"nombre\"\n[template]");
            let audience = format!("nombre,telefono\n,+54911600000{no:02}\n");
            let sheet = stage.engine.sheet(stage.load(&format!("c{no}"), &file, &audience).await).await.unwrap();
            assert_eq!(sheet.messages == Some(1), expected.is_ok(), "{expression}: {:?}", sheet.excluded);
        }
    }
}

#[tokio::test]
async fn every_run_and_message_that_waits_has_a_sentence() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let run = stage.run("one", CAMPAIGN, &people(1)).await;
    let id = first(&stage, run).await;
    let code = async || waiting::message(&stage.engine, id).await.unwrap().map(|why| why.code);
    assert_eq!(code().await.as_deref(), Some("in_line"));
    assert_eq!(waiting::run(&stage.engine, run).await.unwrap(), None, "it goes on");
    stage.engine.pause(run, "ana", "wrong file").await.unwrap();
    assert_eq!(code().await.as_deref(), Some("paused_why"));
    let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
    assert_eq!(why.sentence(Language::En), "Paused by ana: wrong file.");
    stage.engine.resume(run, "ana").await.unwrap();
    stage.sender().step().await;
    stage.janitor().await;
    assert_eq!(code().await, None);
    assert_eq!(waiting::run(&stage.engine, run).await.unwrap().unwrap().code, "receipts");
    drop(message::get(&store, id).await);
}

#[tokio::test]
async fn nothing_leaves_while_the_disk_is_full_and_all_goes_on_when_there_is_room() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(3)).await;
        store.note_full(stage.clock.now());
        let mut sender = stage.sender();
        assert_eq!(sender.drain().await, 0, "{}", store.name());
        let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
        assert_eq!(why.code, "hold_disk");
        // The next look finds that it can write.
        stage.janitor().await;
        assert_eq!(sender.drain().await, 3, "{}", store.name());
    }
}
