//! What somebody of ours wrote and did not arrive comes back to them.

use std::time::Duration;

use recado::domain::change::Change;
use recado::domain::event::ReplyContent;
use recado::domain::failure::Failure;
use recado::domain::fill::Content;
use recado::domain::free::Free;
use recado::domain::id::{ConversationId, MessageId, PersonId, UserId};
use recado::engine::{AnswerOutcome, Author, Reply, Seen};
use recado::inbox::assign::{HandOver, Onward, Reach};
use recado::inbox::{self, ByHand};
use recado::locale::Language;
use recado::store::conversation::{
    self, Conversation, ConversationFilter, ConversationState, Counts, Narrow, Show, Shown, View,
};
use recado::store::entry::Direction;
use recado::store::idempotency::Once;
use recado::store::message::{NewMessage, Settlement, Verdict, settle};
use serde_json::json;

use super::office::{ANA, NOW, Office, REPLIES};
use crate::support::stores;

fn author(id: UserId, name: &str) -> Author {
    Author { id, name: name.to_owned(), once: Once::default(), by: None }
}

async fn one(office: &Office, id: ConversationId) -> Conversation {
    conversation::get(office.store(), id).await.unwrap().unwrap()
}

/// The agent answers, and has the whole thread before their eyes.
async fn answers(office: &Office, id: ConversationId, by: &Author, text: &str) -> MessageId {
    let told = office.engine.answer(id, text, by, Seen::default()).await.unwrap();
    let AnswerOutcome::Sent(message) = told else { panic!("{told:?}") };
    looks(office, id, by.id).await;
    message
}

async fn looks(office: &Office, id: ConversationId, who: UserId) {
    let last = conversation::thread(office.store(), id).await.unwrap().iter().map(|b| b.id).max().unwrap();
    conversation::seen(office.store(), who, id, last).await.unwrap();
}

/// It left and was taken.
async fn taken(office: &Office, message: MessageId) {
    let at = office.clock.now().0;
    let sql = format!(
        "UPDATE message SET state = 'accepted', attempt = 1, claimed_at = {at}, accepted_at = {at},
            provider_id = 'wamid.{message}', undelivered_at = {at} + 1000000000 WHERE id = {message}"
    );
    office.change(&sql).await;
}

async fn fails(office: &Office, message: MessageId) {
    let told = json!({ "id": format!("wamid.{message}"), "status": "failed", "timestamp": "1795525205",
        "recipient_id": ANA, "errors": [{ "code": 131_026, "title": "Message undeliverable" }] });
    office.store_body(json!({ "statuses": [told] })).await;
    office.read().await;
}

/// The provider refuses it at once.
async fn is_refused(office: &Office, message: MessageId) {
    office.change(&format!("UPDATE message SET state = 'claimed', attempt = 1 WHERE id = {message}")).await;
    let person = PersonId(office.numbers(&format!("SELECT person_id FROM message WHERE id = {message}")).await[0]);
    let failure = Failure { code: 131_026, detail: String::new() };
    let verdict = Verdict::Refused { failure, suppress: None };
    let refused = Settlement { id: message, attempt: 1, person, at: office.clock.now(), verdict };
    let settled = settle(office.store(), &[refused]).await.unwrap();
    let of = office.numbers(&format!("SELECT conversation_id FROM message WHERE id = {message}")).await;
    assert_eq!(settled.back, [ConversationId(of[0])], "pages are told");
}

async fn lists(office: &Office, who: UserId, show: Show, unread: bool) -> Vec<ConversationId> {
    let narrow = Narrow { unread, ..Narrow::default() };
    let filter = ConversationFilter { reader: Some(who), narrow, ..ConversationFilter::of(View::Mine(who), show, 50) };
    conversation::list(office.store(), &filter).await.unwrap().iter().map(|line| line.id).collect()
}

/// The notes of a thread in one line each.
async fn notes(office: &Office, id: ConversationId) -> Vec<String> {
    let thread = conversation::thread(office.store(), id).await.unwrap();
    let notes = thread.into_iter().filter(|b| b.direction == Direction::Note);
    let said = |shown| match shown {
        Shown::Reply { content } => inbox::label::line(Language::En, &content),
        other => panic!("{other:?}"),
    };
    notes.map(|b| said(b.shown)).collect()
}

#[tokio::test]
async fn an_answer_that_fails_at_the_provider_waits_for_its_agent_again_unread_and_listed_and_pages_are_told() {
    for store in stores().await {
        let office = Office::new(&store);
        let ana = author(office.user("ana").await, "ana");
        office.writes(ANA, "¿a qué hora era?").await;
        let id = office.conversations().await[0].id;
        let message = answers(&office, id, &ana, "A las nueve").await;
        taken(&office, message).await;
        assert!(one(&office, id).await.waiting_since.is_none());
        let news = || conversation::news(office.store(), ana.id);
        let before = news().await.unwrap();
        assert_eq!((before.unread, lists(&office, ana.id, Show::Open, true).await), (0, vec![]), "{}", store.name());

        office.clock.advance(Duration::from_mins(3));
        let mut pages = office.engine.changes.subscribe();
        fails(&office, message).await;
        let back = one(&office, id).await;
        assert_eq!((back.waiting_since, back.assignee), (Some(office.clock.now()), Some(ana.id)), "{}", store.name());
        let after = news().await.unwrap();
        assert!(after.unread == 1 && after.newest > before.newest, "the title counts it and it sounds: {after:?}");
        assert_eq!(lists(&office, ana.id, Show::Open, true).await, [id], "{}", store.name());
        let counted = conversation::counts(&store, (Some(ana.id), &[]), Show::Open, &Narrow::default()).await.unwrap();
        assert_eq!(counted, Counts { mine: 1, unassigned: 0, team: 0, all: 1 });
        assert_eq!(notes(&office, id).await, ["Not delivered: A las nueve"], "{}", store.name());
        let noted = office.words("SELECT action FROM audit WHERE actor = 'recado'").await;
        assert_eq!(noted, ["conversation.not_delivered"], "{}", store.name());
        let told: Vec<Change> = std::iter::from_fn(|| pages.try_recv().ok().map(|news| news.change)).collect();
        assert!(told.contains(&Change::Conversation(id)), "{told:?}");

        // The same word again changes nothing, and whoever waits does not wait from anew.
        office.clock.advance(Duration::from_mins(3));
        fails(&office, message).await;
        assert_eq!(one(&office, id).await.waiting_since, back.waiting_since);
        assert_eq!(notes(&office, id).await.len(), 1, "{}", store.name());
        // Answered anew, nobody waits.
        taken(&office, answers(&office, id, &ana, "Otra vez: a las nueve").await).await;
        assert!(one(&office, id).await.waiting_since.is_none());
    }
}

#[tokio::test]
async fn an_answer_refused_at_once_opens_what_was_closed_over_it_unless_they_talk_elsewhere_by_now() {
    for store in stores().await {
        let office = Office::new(&store);
        let ana = author(office.user("ana").await, "ana");
        office.writes(ANA, "gracias").await;
        let id = office.conversations().await[0].id;
        let message = answers(&office, id, &ana, "Hasta mañana").await;
        assert!(office.inbox.close(id, "ana", office.clock.now()).await.unwrap().is_done());
        is_refused(&office, message).await;
        let back = one(&office, id).await;
        assert_eq!((back.state, back.closed_at, back.assignee), (ConversationState::Open, None, Some(ana.id)));
        assert!(back.waiting_since.is_some(), "{}", store.name());
        assert_eq!(lists(&office, ana.id, Show::Open, true).await, [id], "{}", store.name());

        let message = answers(&office, id, &ana, "Hasta mañana, decía").await;
        taken(&office, message).await;
        assert!(office.inbox.close(id, "ana", office.clock.now()).await.unwrap().is_done());
        office.advance(24 * 30);
        office.writes(ANA, "otra cosa").await;
        assert_eq!(office.conversations().await.len(), 2, "{}", store.name());
        fails(&office, message).await;
        assert_eq!(one(&office, id).await.state, ConversationState::Closed, "{}", store.name());
        assert_eq!(notes(&office, id).await.len(), 1, "only the first of both");
    }
}

#[tokio::test]
async fn an_answer_whose_fate_nobody_knew_comes_back_as_soon_as_it_turns_out_to_have_failed() {
    for store in stores().await {
        let office = Office::new(&store);
        let ana = author(office.user("ana").await, "ana");
        office.writes(ANA, "¿a qué hora era?").await;
        let id = office.conversations().await[0].id;
        let in_doubt = async |message: MessageId| {
            let at = office.clock.now().0;
            let sql = format!(
                "UPDATE message SET state = 'in_doubt', attempt = 1, claimed_at = {at}, doubt_at = {at}
                WHERE id = {message}"
            );
            office.change(&sql).await;
        };
        let message = answers(&office, id, &ana, "A las nueve").await;
        in_doubt(message).await;
        office.inbox.close(id, "ana", office.clock.now()).await.unwrap();
        assert_eq!(lists(&office, ana.id, Show::Open, true).await, [], "nobody knows yet");
        let told = json!({ "id": "wamid.never-answered", "status": "failed", "timestamp": "1795525205",
            "recipient_id": ANA, "biz_opaque_callback_data": office.callback(message, 1),
            "errors": [{ "code": 131_026, "title": "Message undeliverable" }] });
        office.store_body(json!({ "statuses": [told] })).await;
        office.read().await;
        let back = one(&office, id).await;
        assert_eq!((back.state, back.assignee), (ConversationState::Open, Some(ana.id)), "{}", store.name());
        assert!(back.waiting_since.is_some(), "{}", store.name());
        assert_eq!(lists(&office, ana.id, Show::Open, true).await, [id], "{}", store.name());

        // The provider's refusal comes although the claim was given up.
        let message = answers(&office, id, &ana, "A las nueve, decía").await;
        in_doubt(message).await;
        let person = PersonId(office.numbers(&format!("SELECT person_id FROM message WHERE id = {message}")).await[0]);
        let failure = Failure { code: 131_026, detail: String::new() };
        let verdict = Verdict::Refused { failure, suppress: None };
        let late = Settlement { id: message, attempt: 1, person, at: office.clock.now(), verdict };
        assert_eq!(settle(office.store(), &[late]).await.unwrap().back, [id], "{}", store.name());
        assert_eq!(notes(&office, id).await.len(), 2, "{}", store.name());
    }
}

#[tokio::test]
async fn a_template_by_hand_comes_back_too_and_a_reaction_or_an_answer_by_itself_does_not() {
    for store in stores().await {
        let office = Office::new(&store);
        let ana = author(office.user("ana").await, "ana");
        let run = office.run("es_AR", REPLIES).await;
        let message = office.message(run, ANA).await;
        office.taps(ANA, message, "Confirmo").await;
        let id = office.conversations().await[0].id;
        let automatic = office.numbers("SELECT id FROM message WHERE author = 'automatic'").await[0];
        taken(&office, MessageId(automatic)).await;
        fails(&office, MessageId(automatic)).await;
        assert_eq!(one(&office, id).await.state, ConversationState::Closed, "{}", store.name());

        office.writes(ANA, "¿dónde es?").await;
        taken(&office, answers(&office, id, &ana, "Maipú 1").await).await;
        let quoted = conversation::thread(office.store(), id).await.unwrap();
        let quoted = quoted.iter().rfind(|b| b.direction == Direction::In).map(|b| b.id);
        let reaction = Reply { free: Free::Reaction { emoji: Some("👍".to_owned()) }, quoted };
        let sent = office.engine.reply(id, reaction, &ana, Seen::default()).await.unwrap();
        let AnswerOutcome::Sent(reaction) = sent else { panic!("{sent:?}") };
        taken(&office, reaction).await;
        fails(&office, reaction).await;
        assert!(one(&office, id).await.waiting_since.is_none(), "{}", store.name());

        // As the gallery sends it: of no run, in the agent's name.
        assert!(office.inbox.close(id, "ana", office.clock.now()).await.unwrap().is_done());
        let by_hand = office.message(run, "5491155550777").await;
        let content = NewMessage::content_of(&Content::Text { body: "Hola Eva".to_owned(), quoted: None });
        let sql = format!(
            "UPDATE message SET run_id = 0, campaign_id = 0, author = 'ana', content = '{content}' WHERE id = {by_hand}"
        );
        office.change(&sql).await;
        let person = office.person("5491155550777").await;
        let mut tx = store.begin().await.unwrap();
        let send = ByHand { person, sender: "lab", agent: ana.id, name: "ana", wait: None, ticket: None };
        let rules = &office.engine.config.conversations;
        let id = inbox::open_by_hand(&mut tx, rules, &send, by_hand).await.unwrap();
        tx.commit().await.unwrap();
        looks(&office, id, ana.id).await;
        fails(&office, by_hand).await;
        let back = one(&office, id).await;
        assert!(back.waiting_since.is_some() && back.window_until.is_none(), "{}: {back:?}", store.name());
        assert_eq!(lists(&office, ana.id, Show::Open, true).await, [id], "{}", store.name());
    }
}

#[tokio::test]
async fn what_a_bot_wrote_and_did_not_arrive_waits_for_the_bot_and_then_for_the_agents() {
    for store in stores().await {
        let office = Office::new(&store);
        let ends = NOW.plus(Duration::from_hours(24 * 365));
        recado::store::token::add(&store, "luz", recado::domain::role::Role::Bot, NOW, ends).await.unwrap();
        office.writes(ANA, "hola").await;
        let id = office.conversations().await[0].id;
        let how = HandOver { by: "ana", pen: "ana", of: Reach::All, to: "bot:luz", note: "", at: office.clock.now() };
        office.inbox.hand_over(id, &Onward::Bot("luz".to_owned()), &how).await.unwrap();
        let sent = office.engine.answer_as_bot(id, "Soy Luz", "luz", &Once::default()).await.unwrap();
        let AnswerOutcome::Sent(message) = sent else { panic!("{sent:?}") };
        taken(&office, message).await;
        fails(&office, message).await;
        let waiting = conversation::of_bot(&store, "luz", true, (ConversationId(0), 10)).await.unwrap();
        assert_eq!(waiting.iter().map(|c| c.id).collect::<Vec<_>>(), [id], "{}", store.name());
        office.advance(24);
        office.inbox.take_from_silent(&office.engine.config, office.clock.now()).await.unwrap();
        let back = one(&office, id).await;
        assert!(back.bot.is_none() && back.waiting_since.is_some(), "{}: {back:?}", store.name());
    }
}

#[test]
fn the_line_says_what_did_not_arrive_in_the_readers_language() {
    let content =
        ReplyContent::Other { what: ReplyContent::NOT_DELIVERED.to_owned(), summary: Some("A las nueve".to_owned()) };
    for (language, words) in [
        (Language::En, "Not delivered: A las nueve"),
        (Language::Es, "No se pudo entregar: A las nueve"),
        (Language::Pt, "Não entregue: A las nueve"),
    ] {
        assert_eq!(inbox::label::line(language, &content), words);
    }
}
