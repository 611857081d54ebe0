//! What ends a conversation, what leaves it to an agent, and who fell silent.

use recado::domain::id::ConversationId;
use recado::engine::{AnswerOutcome, Author, Seen};
use recado::store::conversation::{self, ConversationState, Silent};
use recado::store::idempotency::Once;

use super::office::{ANA, NOW, Office, REPLIES};
use crate::support::stores;

const INTEREST: &str = r#"
buttons = { "Ahora no" = { outcome = "not_now", answer = "Gracias por avisar." }, "Llámenme" = { outcome = "call" }, "Listo" = { outcome = "done", close = true } }
typed = { "interested" = ["me interesa"], "not_now" = ["ahora no"], "done" = ["hecho"] }
"#;

#[tokio::test]
async fn an_outcome_without_an_answer_waits_for_an_agent_and_one_that_is_answered_or_closes_does_not() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", INTEREST).await;
        for (n, (word, outcome, waits)) in [
            ("me interesa", "interested", true),
            ("Llámenme", "call", true),
            ("ahora no", "not_now", false),
            ("hecho", "done", false),
        ]
        .into_iter()
        .enumerate()
        {
            let phone = format!("549115555660{n}");
            let message = office.message(run, &phone).await;
            office.writes(&phone, word).await;
            let c = office.conversations().await.pop().unwrap();
            assert_eq!(office.outcomes(message).await, [outcome], "{}", store.name());
            let stands = (c.state == ConversationState::Open, c.waiting_since.is_some());
            assert_eq!(stands, (waits, waits), "{word}, {}", store.name());
        }
        let tapped = office.message(run, ANA).await;
        office.taps(ANA, tapped, "Listo").await;
        assert_eq!(office.conversations().await.pop().unwrap().state, ConversationState::Closed);
    }
}

/// As `docs/mapping.md` tells it.
#[tokio::test]
async fn the_samples_words_close_or_wait_as_the_documentation_has_it() {
    let sample = include_str!("../../../campaigns/retomar-contacto/campaign.toml");
    let (_, replies) = sample.split_once("[replies]\n").unwrap();
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", replies).await;
        for (n, (word, tapped, outcome, waits)) in [
            ("dale", false, &["interested"][..], true),
            ("Me interesa.", false, &["interested"], true),
            ("No, gracias", false, &["not_now"], false),
            ("no gracias, ya no vivo ahí", false, &[], true),
            ("Ahora no", true, &["not_now"], false),
            ("Sí, hablemos", true, &[], true),
        ]
        .into_iter()
        .enumerate()
        {
            let phone = format!("549115555662{n}");
            let message = office.message(run, &phone).await;
            if tapped {
                office.taps(&phone, message, word).await;
            } else {
                office.writes(&phone, word).await;
            }
            let c = office.conversations().await.pop().unwrap();
            assert_eq!(office.outcomes(message).await, outcome, "{word}, {}", store.name());
            let stands = (c.state == ConversationState::Open, c.waiting_since.is_some());
            assert_eq!(stands, (waits, waits), "{word}, {}", store.name());
        }
        let answers = office.answers().await;
        assert!(answers.len() == 2 && answers.iter().all(|text| text.starts_with("Entendido")), "{answers:?}");
    }
}

#[tokio::test]
async fn only_who_fell_silent_is_taken_up_again() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", REPLIES).await;
        let [settled, decided, stopped, silent] = ["0", "1", "2", "3"].map(|n| format!("549115555661{n}"));
        for phone in [&settled, &decided, &stopped, &silent] {
            office.message(run, phone).await;
        }
        office.writes(&settled, "confirmo").await;
        for phone in [&decided, &stopped, &silent] {
            office.writes(phone, "¿a qué hora?").await;
        }
        let all = office.conversations().await;
        office.inbox.set_outcome(all[1].id, None, "confirmed", "ana", NOW).await.unwrap();
        office.change("UPDATE conversation SET waiting_since = NULL").await;
        office.writes(&stopped, "BAJA").await;
        office.advance(24 * 40);
        office.inbox.close_due(office.clock.now()).await.unwrap();
        let all = office.conversations().await;
        assert!(all.iter().all(|c| c.state == ConversationState::Closed), "{all:?}");
        let found = conversation::quiet(&store, NOW, Silent::Either, (ConversationId(0), 10)).await.unwrap();
        let phones: Vec<&str> = found.iter().map(|one| one.phone.as_str()).collect();
        assert_eq!(phones, [silent.as_str()], "{}", store.name());
    }
}

#[tokio::test]
async fn a_conversation_does_not_close_while_its_own_message_is_in_line_and_waits_from_when_it_left() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        office.writes(ANA, "¿a qué hora?").await;
        let id = office.conversations().await[0].id;
        office.change("UPDATE conversation SET waiting_since = NULL, close_after = 3600000").await;
        office.change(&format!("UPDATE message SET state = 'queued', accepted_at = NULL WHERE id = {message}")).await;
        office.advance(5);
        let closed = async || office.inbox.close_due(office.clock.now()).await.unwrap();
        assert_eq!(closed().await, 0, "it is in line, {}", store.name());
        let left = office.clock.now().0;
        office.change(&format!("UPDATE message SET state = 'sent', accepted_at = {left} WHERE id = {message}")).await;
        assert_eq!(closed().await, 0, "it has just left, {}", store.name());
        office.advance(1);
        assert_eq!(closed().await, 1, "{}", store.name());
        assert_eq!(conversation::get(&store, id).await.unwrap().unwrap().state, ConversationState::Closed);
    }
}

#[tokio::test]
async fn erasing_somebody_ends_their_conversation_and_an_answer_is_refused_with_the_reason() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "hola").await;
        let (id, root) = (office.conversations().await[0].id, office.conversations().await[0].person_id);
        let mut watching = office.engine.changes.subscribe();
        office.engine.erase_person(root).await.unwrap().unwrap();
        assert!(watching.try_recv().is_ok(), "open pages are told, {}", store.name());
        let c = office.conversations().await[0].clone();
        assert_eq!((c.state, c.waiting_since, c.window_until), (ConversationState::Closed, None, None));
        let ana = Author { id: office.user("ana").await, name: "ana".to_owned(), once: Once::default(), by: None };
        let answered = office.engine.answer(id, "¿sigue ahí?", &ana, Seen::default()).await.unwrap();
        let AnswerOutcome::Refused(why) = answered else { panic!("{answered:?}") };
        assert_eq!(why.code, "person_erased", "{}", store.name());
    }
}
