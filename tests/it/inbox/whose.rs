//! Whoever closes, decides or says something of a person does so in a conversation that is theirs at that instant.

use recado::domain::id::{ConversationId, UserId};
use recado::domain::ticket::Priority;
use recado::engine::{AnswerOutcome, Author, DoubtSettlement, Seen};
use recado::inbox::assign::{HandOver, HandedOver, Onward, Reach};
use recado::inbox::{Acted, Inbox};
use recado::store::conversation::{self, ConversationState};
use recado::store::idempotency::Once;
use recado::store::ticket::{Misplaced, NewTicket};

use super::office::{ANA, NOW, Office, REPLIES};
use crate::support::{in_every_order, stores};

/// The inbox as an agent reaches it.
fn desk_of(office: &Office, agent: UserId) -> Inbox {
    office.inbox.clone().within(Reach::Own(Some(agent)))
}

#[tokio::test]
async fn what_a_colleague_has_taken_over_is_neither_closed_nor_decided_nor_handed_on_by_who_had_it() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let run = office.run("es_AR", REPLIES).await;
        let message = office.message(run, ANA).await;
        office.writes(ANA, "llego más tarde").await;
        let id = office.conversations().await[0].id;
        assert!(office.inbox.claim(id, ana, NOW).await.unwrap());
        // Ana's page still shows it as hers.
        assert!(office.inbox.take_over(id, diego, ana, NOW).await.unwrap());
        let hers = desk_of(&office, ana);
        assert_eq!(hers.close(id, "ana", NOW).await.unwrap(), Acted::Others, "{}", store.name());
        assert_eq!(hers.set_outcome(id, None, "confirmed", "ana", NOW).await.unwrap(), Acted::Others);
        assert_eq!(hers.set_promotions(id, false, "ana", NOW).await.unwrap(), Acted::Others);
        assert_eq!(hers.choose(id, message).await.unwrap(), Acted::Others);
        let how =
            HandOver { by: "ana", pen: "ana", of: Reach::Own(Some(ana)), to: "ventas", note: "sigue ella", at: NOW };
        let handed = hers.hand_over(id, &Onward::Team("ventas".to_owned()), &how).await.unwrap();
        assert_eq!(handed, HandedOver::Others, "{}", store.name());
        let found = conversation::get(&store, id).await.unwrap().unwrap();
        assert_eq!((found.state, found.assignee), (ConversationState::Open, Some(diego)), "{}", store.name());
        assert_eq!(office.outcomes(message).await, [""; 0], "{}", store.name());
        assert_eq!(office.numbers("SELECT COUNT(*) FROM suppression").await, [0]);
        assert_eq!(office.numbers("SELECT COUNT(*) FROM entry WHERE direction = 'note'").await, [0]);

        // Whose it is may, and so may whoever reaches everybody's.
        let his = desk_of(&office, diego);
        assert_eq!(his.set_outcome(id, None, "confirmed", "diego", NOW).await.unwrap(), Acted::Done);
        assert_eq!(office.inbox.set_promotions(id, false, "root", NOW).await.unwrap(), Acted::Done);
        assert_eq!(his.close(id, "diego", NOW).await.unwrap(), Acted::Done);
        assert_eq!(his.close(id, "diego", NOW).await.unwrap(), Acted::Nothing, "{}", store.name());
        assert_eq!(his.close(ConversationId(99), "diego", NOW).await.unwrap(), Acted::Unknown);
    }
}

#[tokio::test]
async fn what_a_colleague_has_taken_over_comes_onto_no_ticket_and_its_doubts_are_settled_by_nobody_else() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        office.writes(ANA, "¿a qué hora era?").await;
        let found = office.conversations().await.remove(0);
        let by = Author { id: ana, name: "ana".to_owned(), once: Once::default(), by: None };
        let sent = office.engine.answer(found.id, "A las nueve", &by, Seen::default()).await.unwrap();
        let AnswerOutcome::Sent(message) = sent else { panic!("{sent:?}") };
        office.change(&format!("UPDATE message SET state = 'in_doubt', attempt = 1 WHERE id = {message}")).await;
        assert!(office.inbox.take_over(found.id, diego, ana, NOW).await.unwrap());

        let (hers, by, person) = (desk_of(&office, ana), ("ana", NOW), found.person_id);
        let new = NewTicket { subject: "Turno", person, priority: Priority::Normal, assignee: None, reference: None };
        assert_eq!(hers.open_ticket_of(found.id, &new, by).await.unwrap(), Err(Misplaced::Others), "{}", store.name());
        assert_eq!(office.numbers("SELECT COUNT(*) FROM ticket").await, [0], "{}", store.name());
        let ticket = office.inbox.open_ticket(&new, by).await.unwrap().unwrap().id;
        assert_eq!(hers.link_ticket(ticket, found.id, by).await.unwrap(), Err(Misplaced::Others));
        let settle = async |agent, how| {
            let of = (found.id, Reach::Own(Some(agent)));
            office.engine.settle_doubt_of(of, message, how).await.unwrap()
        };
        assert_eq!(settle(ana, DoubtSettlement::SendAgain).await, Acted::Others, "{}", store.name());
        let state = || office.words("SELECT state FROM message WHERE author = 'ana'");
        assert_eq!(state().await, ["in_doubt"], "{}", store.name());

        assert_eq!(desk_of(&office, diego).link_ticket(ticket, found.id, by).await.unwrap(), Ok(()));
        assert_eq!(settle(diego, DoubtSettlement::SendAgain).await, Acted::Done);
        assert_eq!(state().await, ["queued"], "{}", store.name());
        assert_eq!(settle(diego, DoubtSettlement::SendAgain).await, Acted::Nothing);

        // A second ticket of the same conversation is refused with the first.
        let second = office.inbox.open_ticket_of(found.id, &new, by).await.unwrap();
        assert_eq!(second, Err(Misplaced::Has(ticket)), "{}", store.name());
        assert_eq!(office.numbers("SELECT COUNT(*) FROM ticket").await, [1], "{}", store.name());
    }
}

#[tokio::test]
async fn who_cannot_answer_is_told_whether_a_bot_has_it_or_a_colleague_or_it_is_closed() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let ends = NOW.plus(std::time::Duration::from_hours(24));
        recado::store::token::add(&store, "luz", recado::domain::role::Role::Bot, NOW, ends).await.unwrap();
        office.writes(ANA, "hola").await;
        let id = office.conversations().await[0].id;
        let by = Author { id: ana, name: "ana".to_owned(), once: Once::default(), by: None };
        let refused = async || match office.engine.answer(id, "Buenas", &by, Seen::default()).await.unwrap() {
            AnswerOutcome::Refused(why) => why.code,
            other => panic!("{}: {other:?}", store.name()),
        };
        let how = HandOver { by: "ana", pen: "ana", of: Reach::All, to: "bot:luz", note: "", at: NOW };
        office.inbox.hand_over(id, &Onward::Bot("luz".to_owned()), &how).await.unwrap();
        assert_eq!(refused().await, "conversation_bot_has", "{}", store.name());
        assert!(office.inbox.claim(id, diego, NOW).await.unwrap());
        assert_eq!(refused().await, "conversation_colleague_has", "{}", store.name());
        assert!(office.inbox.close(id, "diego", NOW).await.unwrap().is_done());
        assert_eq!(refused().await, "conversation_closed", "{}", store.name());
    }
}

#[tokio::test]
async fn of_closing_and_answering_what_nobody_has_at_the_same_instant_one_happens_and_the_other_is_told() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let (hers, by) =
            (desk_of(&office, ana), Author { id: diego, name: "diego".to_owned(), once: Once::default(), by: None });
        for n in 0..24 {
            office.writes(&format!("54911555576{n:02}"), "hola").await;
            let id = office.conversations().await.pop().unwrap().id;
            let (close, answer) =
                (hers.close(id, "ana", NOW), office.engine.answer(id, "Buenas", &by, Seen::default()));
            let (closed, answered) = in_every_order(n, close, answer).await;
            let found = conversation::get(&store, id).await.unwrap().unwrap();
            let sent = office.numbers(&format!("SELECT COUNT(*) FROM message WHERE conversation_id = {id}")).await;
            let expected = match (closed.unwrap(), answered.unwrap()) {
                (Acted::Done, AnswerOutcome::Refused(why)) if n % 4 != 1 => {
                    assert_eq!(why.code, "conversation_closed");
                    (ConversationState::Closed, None, vec![0])
                }
                (Acted::Others, AnswerOutcome::Sent(_)) if n % 4 != 0 => {
                    (ConversationState::Open, Some(diego), vec![1])
                }
                both => panic!("{}, round {n}: {both:?}", store.name()),
            };
            assert_eq!((found.state, found.assignee, sent), expected, "{}, round {n}", store.name());
        }
    }
}

#[tokio::test]
async fn of_closing_and_taking_over_at_the_same_instant_one_happens_and_the_other_is_told() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let hers = desk_of(&office, ana);
        for n in 0..12 {
            office.writes(&format!("54911555577{n:02}"), "hola").await;
            let id = office.conversations().await.pop().unwrap().id;
            assert!(office.inbox.claim(id, ana, NOW).await.unwrap());
            let (close, take) = (hers.close(id, "ana", NOW), office.inbox.take_over(id, diego, ana, NOW));
            let (closed, taken) = in_every_order(n, close, take).await;
            let found = conversation::get(&store, id).await.unwrap().unwrap();
            let owner = match (closed.unwrap(), taken.unwrap()) {
                (Acted::Done, false) if n % 4 != 1 => (ConversationState::Closed, Some(ana)),
                (Acted::Others, true) if n % 4 != 0 => (ConversationState::Open, Some(diego)),
                both => panic!("{}, round {n}: {both:?}", store.name()),
            };
            assert_eq!((found.state, found.assignee), owner, "{}", store.name());
        }
    }
}
