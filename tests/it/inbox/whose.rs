//! Whoever closes, decides or says something of a person does so in a conversation that is theirs at that instant.

use recado::domain::id::{ConversationId, UserId};
use recado::inbox::assign::{HandOver, HandedOver, Onward, Reach};
use recado::inbox::{Acted, Inbox};
use recado::store::conversation::{self, ConversationState};

use super::office::{ANA, NOW, Office, REPLIES};
use crate::support::stores;

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
        let how = HandOver { by: "ana", of: Reach::Own(Some(ana)), to: "ventas", note: "sigue ella", at: NOW };
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
async fn of_closing_and_taking_over_at_the_same_instant_one_happens_and_the_other_is_told() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let hers = desk_of(&office, ana);
        for n in 0..12 {
            office.writes(&format!("54911555577{n:02}"), "hola").await;
            let id = office.conversations().await.pop().unwrap().id;
            assert!(office.inbox.claim(id, ana, NOW).await.unwrap());
            let (closed, taken) = tokio::join!(hers.close(id, "ana", NOW), office.inbox.take_over(id, diego, ana, NOW));
            let found = conversation::get(&store, id).await.unwrap().unwrap();
            let owner = match (closed.unwrap(), taken.unwrap()) {
                (Acted::Done, false) => (ConversationState::Closed, Some(ana)),
                (Acted::Others, true) => (ConversationState::Open, Some(diego)),
                both => panic!("{}: {both:?}", store.name()),
            };
            assert_eq!((found.state, found.assignee), owner, "{}", store.name());
        }
    }
}
