//! What several writers lock on PostgreSQL, each in the same order: answers, receipts and what both teach about people.

use recado::domain::answer::Acceptance;
use recado::domain::id::{MessageId, PersonId};
use recado::domain::message::MessageState;
use recado::domain::phone::Phone;
use recado::domain::time::UnixMs;
use recado::store::message::{self, Settlement, Verdict};
use recado::store::person::{self, Learned};
use recado::store::receipt::{self, ReceiptChange};
use recado::store::{Result, Store};

use super::message::{claim, message};
use crate::support::stores;

const NOW: UnixMs = UnixMs(1_000_000);

/// Of each round, messages whose answers and receipts come at the same moment.
const MESSAGES: usize = 150;

/// Enough for a wrong order to meet itself: without the locks in order one round in two ends in a deadlock.
const ROUNDS: usize = 8;

async fn queue(store: &Store, round: usize) -> Vec<PersonId> {
    let mut tx = store.begin().await.unwrap();
    let phone = |n: usize| Phone::from_international(&format!("54911{:08}", round * MESSAGES + n)).unwrap();
    let people: Vec<_> = (0..MESSAGES).map(|n| (phone(n), String::new())).collect();
    let people = person::ensure(&mut tx, &people, NOW).await.unwrap();
    let rows: Vec<_> = people.iter().enumerate().map(|(n, p)| message(&format!("{round}-{n}"), *p)).collect();
    message::insert_batch(&mut tx, &rows).await.unwrap();
    tx.commit().await.unwrap();
    people
}

fn answer(id: MessageId, person: PersonId) -> Settlement {
    let acceptance = Acceptance {
        provider_id: format!("wamid.{id}"),
        wa_id: Some(format!("99{id}")),
        bsuid: Some(format!("AR.{person}")),
        in_review: false,
    };
    let verdict = Verdict::Accepted { acceptance, undelivered_at: NOW };
    Settlement { id, attempt: 1, person, at: NOW, verdict }
}

async fn receipts(store: &Store, of: &[(MessageId, PersonId)]) -> Result<()> {
    let ids: Vec<MessageId> = of.iter().map(|(id, _)| *id).collect();
    let mut tx = store.begin().await?;
    let before = receipt::standings(&mut tx, &ids).await?;
    let change = |mut standing: receipt::Standing| {
        let was = std::mem::replace(&mut standing.state, MessageState::Sent);
        ReceiptChange { was, is_renamed: false, standing }
    };
    receipt::apply(&mut tx, &before.into_iter().map(change).collect::<Vec<_>>()).await?;
    let told = |(id, person): &(MessageId, PersonId)| Learned {
        id: *person,
        wa_id: Some(format!("98{id}")),
        bsuid: Some(format!("AR.{person}")),
    };
    person::learn(&mut tx, &of.iter().map(told).collect::<Vec<_>>()).await?;
    tx.commit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_receipts_of_the_same_messages_never_wait_for_each_other_in_a_ring() {
    for store in stores().await {
        for round in 0..ROUNDS {
            queue(&store, round).await;
            let claimed = claim(&store, MESSAGES).await;
            let of: Vec<_> = claimed.iter().map(|c| (c.id, c.person_id)).collect();
            let mut turned: Vec<_> = of.iter().map(|(id, person)| answer(*id, *person)).collect();
            turned.sort_by_key(|answer| std::cmp::Reverse(answer.id));
            let (answers, told) = tokio::join!(message::settle(&store, &turned), receipts(&store, &of));
            assert!(answers.is_ok(), "{}: {answers:?}", store.name());
            assert!(told.is_ok(), "{}: {told:?}", store.name());
        }
    }
}
