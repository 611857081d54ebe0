//! Messages: claim and settlement, guarded by attempt and state.

use recado::domain::answer::Acceptance;
use recado::domain::exclusion::ExclusionReason;
use recado::domain::failure::Failure;
use recado::domain::fill::Content;
use recado::domain::id::{CampaignId, MessageId, PersonId, RunId};
use recado::domain::kind::Priority;
use recado::domain::message::{MessageEvent as E, MessageState as S, next};
use recado::domain::money::Micros;
use recado::domain::phone::Phone;
use recado::domain::template::Category;
use recado::domain::time::UnixMs;
use recado::store::message::{self, Claim, NewMessage, PutBack, Settlement, Turn, Verdict};
use recado::store::{Db, Store, person};

use crate::support::stores;

const NOW: UnixMs = UnixMs(1_000_000);

async fn queue(store: &Store, keys: &[&str]) -> Vec<MessageId> {
    let mut tx = store.begin().await.unwrap();
    let phone = Phone::from_international("5491155550123").unwrap();
    let person = person::ensure(&mut tx, &[(phone, "Ana".to_owned())], NOW).await.unwrap()[0];
    let rows: Vec<NewMessage> = keys.iter().map(|key| message(key, person)).collect();
    let ids = message::insert_batch(&mut tx, &rows).await.unwrap();
    tx.commit().await.unwrap();
    ids.into_iter().map(|(id, _)| id).collect()
}

pub fn message(key: &str, person: PersonId) -> NewMessage {
    NewMessage {
        run_id: RunId::BY_HAND,
        campaign_id: CampaignId::BY_HAND,
        row_no: 0,
        key: key.to_owned(),
        person_id: person,
        recipient: "5491155550123".to_owned(),
        name: "Ana \"la\" Ñandú".to_owned(),
        account: "meta".to_owned(),
        sender: "front".to_owned(),
        priority: Priority::AGENT,
        content: NewMessage::content_of(&Content::Text { body: "Hola".to_owned(), quoted: None }),
        conversation_id: None,
        author: String::new(),
        route: String::new(),
        cost_centre: String::new(),
        external_id: None,
        happens_at: None,
        timezone: "UTC".to_owned(),
        created_at: NOW,
        revision: 0,
        due_at: NOW,
        latest_at: None,
        market: "argentina".to_owned(),
        category: Category::Utility,
        currency: "USD".to_owned(),
        estimated: Micros(26_000),
    }
}

pub async fn claim(store: &Store, limit: usize) -> Vec<message::Claimed> {
    let runs = [Turn::free(RunId::BY_HAND, Priority::AGENT)];
    let wanted = Claim { sender: "front", runs: &runs, limit, by: "node", at: NOW, doubt_at: NOW };
    message::claim(store, &wanted).await.unwrap()
}

async fn force(store: &Store, id: MessageId, state: S) {
    const FORCE: &str = "UPDATE message SET state = $2, attempt = 1, provider_id = NULL, accepted_at = NULL, reserved = estimated WHERE id = $1";
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(FORCE).bind(id).bind(state).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(FORCE).bind(id).bind(state).execute(pool).await.unwrap()),
    }
}

fn settlement(id: MessageId, attempt: i64, verdict: Verdict) -> Settlement {
    Settlement { id, attempt, person: PersonId(1), at: NOW, verdict }
}

fn accepted(in_review: bool) -> Verdict {
    let acceptance = Acceptance { provider_id: "wamid.1".to_owned(), wa_id: None, bsuid: None, in_review };
    Verdict::Accepted { acceptance, undelivered_at: NOW }
}

fn verdicts() -> Vec<(Verdict, E)> {
    let failure = Failure { code: 131_026, detail: "no".to_owned() };
    let back = PutBack { due_at: NOW, waiting_for: Some("pair_limit"), turned_away: Some(failure.clone()) };
    vec![
        (accepted(false), E::Accepted),
        (accepted(true), E::Held),
        (Verdict::Refused { failure, suppress: None }, E::Refused),
        (Verdict::PutBack(back), E::PutBack),
        (Verdict::InDoubt { reason: "reset".to_owned() }, E::NoAnswer),
        (Verdict::Excluded(ExclusionReason::Suppressed), E::Exclude),
        (Verdict::Expired, E::Expire),
    ]
}

#[tokio::test]
async fn a_settlement_does_what_the_transition_table_says() {
    for store in stores().await {
        let id = queue(&store, &["a"]).await[0];
        for state in S::ALL.into_iter().filter(|s| *s != S::Queued) {
            for (verdict, event) in verdicts() {
                force(&store, id, state).await;
                // A late "turned away" is the evidence that the attempt in doubt did not count.
                let event = if (state, event) == (S::InDoubt, E::PutBack) { E::Release } else { event };
                message::settle(&store, &[settlement(id, 1, verdict)]).await.unwrap();
                let after = message::get(&store, id).await.unwrap().unwrap().state;
                assert_eq!(after, next(state, event).unwrap_or(state), "{} {state:?} {event:?}", store.name());
            }
        }
    }
}

#[tokio::test]
async fn rank_never_goes_backwards_within_an_attempt() {
    for store in stores().await {
        let id = queue(&store, &["a"]).await[0];
        for state in [S::Sent, S::Delivered, S::Read] {
            force(&store, id, state).await;
            message::settle(&store, &[settlement(id, 1, accepted(false))]).await.unwrap();
            let after = message::get(&store, id).await.unwrap().unwrap();
            assert_eq!(after.state, state, "{}", store.name());
            assert_eq!(after.provider_id.as_deref(), Some("wamid.1"), "what the answer tells is kept all the same");
        }
    }
}

#[tokio::test]
async fn a_settlement_of_another_attempt_changes_nothing() {
    for store in stores().await {
        let id = queue(&store, &["a"]).await[0];
        assert_eq!(claim(&store, 1).await[0].attempt, 1);
        for attempt in [0, 2] {
            let settled = message::settle(&store, &[settlement(id, attempt, accepted(false))]).await.unwrap();
            assert!(settled.messages.is_empty(), "{}", store.name());
        }
        let settled = message::settle(&store, &[settlement(id, 1, accepted(false))]).await.unwrap();
        assert_eq!(settled.messages, [id]);
    }
}

#[tokio::test]
async fn a_claim_takes_each_message_once_and_at_most_what_was_asked() {
    for store in stores().await {
        let mut ids = queue(&store, &["a", "b", "c"]).await;
        assert!(queue(&store, &["a"]).await.is_empty(), "a key is unique within its run");
        let (first, rest) = (claim(&store, 2).await, claim(&store, 5).await);
        assert_eq!((first.len(), rest.len()), (2, 1), "{}", store.name());
        let mut taken: Vec<MessageId> = first.iter().chain(&rest).map(|m| m.id).collect();
        taken.sort();
        ids.sort();
        assert_eq!(taken, ids);
        let message = message::get(&store, ids[0]).await.unwrap().unwrap();
        assert_eq!((message.state, message.reserved), (S::Claimed, Micros(26_000)));
        assert_eq!(message.name, "Ana \"la\" Ñandú");
    }
}

#[tokio::test]
async fn an_attempt_that_was_turned_away_is_kept_when_the_next_one_opens() {
    for store in stores().await {
        let id = queue(&store, &["a"]).await[0];
        claim(&store, 1).await;
        let failure = Failure { code: 130_429, detail: String::new() };
        let back = PutBack { due_at: NOW, waiting_for: None, turned_away: Some(failure) };
        message::settle(&store, &[settlement(id, 1, Verdict::PutBack(back))]).await.unwrap();
        assert_eq!(claim(&store, 1).await[0].attempt, 2, "{}", store.name());
        const KEPT: &str = "SELECT no, failure_code FROM attempt WHERE message_id = $1";
        let kept: Vec<(i64, Option<i64>)> = match &store.write {
            Db::Sqlite(pool) => sqlx::query_as(KEPT).bind(id).fetch_all(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_as(KEPT).bind(id).fetch_all(pool).await.unwrap(),
        };
        assert_eq!(kept, [(1, Some(130_429))]);
        let message = message::get(&store, id).await.unwrap().unwrap();
        assert_eq!((message.failure_code, message.end_reason), (None, None));
    }
}
