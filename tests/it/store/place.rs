//! Places in the messaging limit: taken at the claim, kept, freed, counted anew.

mod invariant;

use std::time::Duration;

use recado::domain::answer::Acceptance;
use recado::domain::exclusion::ExclusionReason;
use recado::domain::failure::Failure;
use recado::domain::fill::{Content, Fill};
use recado::domain::id::{CampaignId, MessageId, PersonId, RunId};
use recado::domain::kind::Priority;
use recado::domain::message::MessageState;
use recado::domain::money::Micros;
use recado::domain::phone::Phone;
use recado::domain::template::Category;
use recado::domain::tier::{KEPT, Limit, OPEN, Reserve};
use recado::domain::time::UnixMs;
use recado::store::message::{
    self, Bounds, Claim, NewMessage, Places, PutBack, Settlement, Taken, Turn, Verdict, claim_within,
};
use recado::store::place::{self, Begins, Foreign};
use recado::store::receipt::{self, ReceiptChange};
use recado::store::{Db, Store, person};

use crate::support::stores;

const NOW: UnixMs = UnixMs(1_795_525_200_000);

/// A portfolio with two senders of its own on a store that other cases use too.
struct House {
    name: String,
    senders: [String; 2],
    people: Vec<PersonId>,
}

impl House {
    /// `people` people, and a limit.
    async fn new(store: &Store, name: &str, people: usize, limit: Limit) -> Self {
        let phones: Vec<(Phone, String)> = (0..people)
            .map(|i| (Phone::from_international(&format!("54911{:08}", 50_000_000 + i)).unwrap(), String::new()))
            .collect();
        let mut tx = store.begin().await.unwrap();
        let people = person::ensure(&mut tx, &phones, NOW).await.unwrap();
        tx.commit().await.unwrap();
        place::assign(store, &[Begins { account: name.to_owned(), portfolio: name.to_owned() }]).await.unwrap();
        place::begin(store, name, 0, NOW).await.unwrap();
        let house = Self { name: name.to_owned(), senders: [format!("{name}a"), format!("{name}b")], people };
        house.limit(store, limit, NOW).await;
        house
    }

    async fn limit(&self, store: &Store, limit: Limit, now: UnixMs) {
        let kept = place::set_limit(store, &self.name, limit, None, now).await.unwrap().unwrap();
        if kept.limit() != Limit::Unlimited && kept.ready_at.is_none() {
            place::rebuild(store, &self.name, now).await.unwrap();
        }
    }

    async fn queue(&self, store: &Store, sender: usize, people: &[usize]) -> Vec<MessageId> {
        let rows: Vec<NewMessage> = people.iter().map(|p| self.message(sender, self.people[*p])).collect();
        let mut tx = store.begin().await.unwrap();
        let ids = message::insert_batch(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
        ids.into_iter().map(|(id, _)| id).collect()
    }

    fn message(&self, sender: usize, person: PersonId) -> NewMessage {
        let fill = Fill::default();
        NewMessage {
            run_id: RunId::BY_HAND,
            campaign_id: CampaignId::BY_HAND,
            row_no: 0,
            key: format!("{:032x}", rand::random::<u128>()),
            person_id: person,
            recipient: "5491155550123".to_owned(),
            name: String::new(),
            account: self.name.clone(),
            sender: self.senders[sender].clone(),
            priority: Priority::AGENT,
            content: NewMessage::content_of(&Content::Template { fill, template: None }),
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

    async fn claim(&self, store: &Store, sender: usize, limit: usize, at: UnixMs) -> Taken {
        let runs = [Turn::free(RunId::BY_HAND, Priority::AGENT)];
        let wanted = Claim { sender: &self.senders[sender], runs: &runs, limit, by: "node", at, doubt_at: at };
        let (portfolio, reached_after) = (self.name.as_str(), Some(PersonId(0)));
        let places = Places { portfolio, reserve: Reserve::None, reminders: 0, reached_after };
        claim_within(store, &wanted, &Bounds { places: Some(places), terms: None }).await.unwrap()
    }

    async fn held(&self, store: &Store, at: UnixMs) -> Vec<UnixMs> {
        place::held_until(store, &self.name, at).await.unwrap()
    }
}

fn accepted(in_review: bool) -> Verdict {
    let acceptance = Acceptance { provider_id: "wamid.1".to_owned(), wa_id: None, bsuid: None, in_review };
    Verdict::Accepted { acceptance, undelivered_at: NOW.plus(KEPT * 40) }
}

fn refused() -> Verdict {
    Verdict::Refused { failure: Failure { code: 131_026, detail: String::new() }, suppress: None }
}

fn back(due_at: UnixMs) -> Verdict {
    Verdict::PutBack(PutBack { due_at, waiting_for: None, turned_away: None })
}

async fn settle(store: &Store, (id, attempt, person): (MessageId, i64, PersonId), at: UnixMs, verdict: Verdict) {
    message::settle(store, &[Settlement { id, attempt, person, at, verdict }]).await.unwrap();
}

/// What the receiver does with a receipt of the latest attempt.
async fn receive(store: &Store, id: MessageId, state: MessageState, (at, now): (UnixMs, UnixMs)) {
    let mut tx = store.begin().await.unwrap();
    let mut standing = receipt::standings(&mut tx, &[id]).await.unwrap().remove(0);
    let was = standing.state;
    standing.state = state;
    match state {
        MessageState::Delivered => standing.delivered_at = Some(at),
        MessageState::Failed => standing.ended_at = Some(at),
        _ => {}
    }
    receipt::apply(&mut tx, &[ReceiptChange { was, is_renamed: false, standing }]).await.unwrap();
    place::refresh(store, &mut tx, &[id], now).await.unwrap();
    tx.commit().await.unwrap();
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_place_is_taken_at_the_claim_and_kept_until_a_day_after_the_later_of_acceptance_and_delivery() {
    for store in stores().await {
        let house = House::new(&store, "p", 3, Limit::People(2)).await;
        let ids = house.queue(&store, 0, &[0, 1, 2]).await;
        let taken = house.claim(&store, 0, 10, NOW).await;
        assert_eq!((taken.messages.len(), taken.full), (2, true), "{}", store.name());
        assert_eq!(house.held(&store, NOW).await, [OPEN, OPEN]);
        let first = &taken.messages[0];
        settle(&store, (first.id, 1, first.person_id), NOW.plus(HOUR), accepted(false)).await;
        assert_eq!(house.held(&store, NOW).await, [NOW.plus(HOUR + KEPT), OPEN]);
        receive(&store, first.id, MessageState::Delivered, (NOW.plus(HOUR * 3), NOW.plus(HOUR * 3))).await;
        assert_eq!(house.held(&store, NOW).await, [NOW.plus(HOUR * 3 + KEPT), OPEN]);
        // Nobody fits until the day is over.
        let almost = NOW.plus(HOUR * 3 + KEPT).minus(Duration::from_millis(1));
        place::recount(&store, &house.name, almost).await.unwrap();
        assert!(house.claim(&store, 1, 10, almost).await.messages.is_empty());
        place::recount(&store, &house.name, NOW.plus(HOUR * 3 + KEPT)).await.unwrap();
        let next = house.claim(&store, 0, 10, NOW.plus(HOUR * 3 + KEPT)).await;
        assert_eq!(next.messages.iter().map(|m| m.id).collect::<Vec<_>>(), [ids[2]], "{}", store.name());
    }
}

#[tokio::test]
async fn failure_exclusion_and_going_back_in_line_free_the_place_and_doubt_and_review_keep_it() {
    for store in stores().await {
        let cases = [
            (refused(), 0),
            (Verdict::Excluded(ExclusionReason::Suppressed), 0),
            (Verdict::Expired, 0),
            (back(NOW), 0),
            (accepted(true), 1),
            (Verdict::InDoubt { reason: "reset".to_owned() }, 1),
        ];
        for (i, (verdict, kept)) in cases.into_iter().enumerate() {
            let house = House::new(&store, &format!("c{i}"), 1, Limit::People(10)).await;
            house.queue(&store, 0, &[0]).await;
            let claimed = house.claim(&store, 0, 1, NOW).await.messages.remove(0);
            let told = format!("{} {verdict:?}", store.name());
            settle(&store, (claimed.id, 1, claimed.person_id), NOW, verdict).await;
            // Without end: a doubt and a review may last.
            assert_eq!(house.held(&store, NOW.plus(KEPT * 30)).await.len(), kept, "{told}");
        }
    }
}

#[tokio::test]
async fn a_doubt_that_a_person_settles_frees_its_place_at_once_or_after_a_day() {
    for store in stores().await {
        let house = House::new(&store, "p", 2, Limit::People(10)).await;
        house.queue(&store, 0, &[0, 1]).await;
        let claimed = house.claim(&store, 0, 2, NOW).await.messages;
        for m in &claimed {
            settle(&store, (m.id, 1, m.person_id), NOW, Verdict::InDoubt { reason: String::new() }).await;
        }
        let life = message::Life { id: claimed[1].id, undelivered_at: NOW.plus(HOUR * 24) };
        let mut tx = store.begin().await.unwrap();
        message::release_doubt(&store, &mut tx, &[claimed[0].id], NOW.plus(HOUR)).await.unwrap();
        message::leave_doubt(&store, &mut tx, &[life], NOW.plus(HOUR)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(house.held(&store, NOW.plus(HOUR)).await, [NOW.plus(HOUR + KEPT)], "{}", store.name());
    }
}

#[tokio::test]
async fn a_late_delivery_takes_the_place_again_above_the_limit_and_then_nothing_more_is_claimed() {
    for store in stores().await {
        let house = House::new(&store, "p", 3, Limit::People(1)).await;
        house.queue(&store, 0, &[0]).await;
        let first = house.claim(&store, 0, 1, NOW).await.messages.remove(0);
        settle(&store, (first.id, 1, first.person_id), NOW, accepted(false)).await;
        let later = NOW.plus(KEPT * 2);
        place::recount(&store, &house.name, later).await.unwrap();
        place::purge(&store, later).await.unwrap();
        house.queue(&store, 0, &[1]).await;
        assert_eq!(house.claim(&store, 0, 1, later).await.messages.len(), 1, "the first has let go");
        receive(&store, first.id, MessageState::Delivered, (later, later)).await;
        assert_eq!(house.held(&store, later).await.len(), 2, "above the limit, {}", store.name());
        house.limit(&store, Limit::People(2), later).await;
        house.queue(&store, 0, &[2]).await;
        assert!(house.claim(&store, 0, 1, later).await.messages.is_empty(), "{}", store.name());
    }
}

#[tokio::test]
async fn people_already_reached_cost_nothing_through_their_link_and_go_also_when_the_limit_is_reached() {
    for store in stores().await {
        let house = House::new(&store, "p", 300, Limit::People(2)).await;
        house.queue(&store, 0, &[0, 1]).await;
        assert_eq!(house.claim(&store, 0, 10, NOW).await.messages.len(), 2);
        // A hundred strangers stand before them in the line.
        house.queue(&store, 1, &(10..250).collect::<Vec<_>>()).await;
        let known = house.queue(&store, 1, &[1, 3]).await;
        let mut tx = store.begin().await.unwrap();
        recado::store::identity::link(&mut tx, house.people[0], house.people[3]).await.unwrap();
        tx.commit().await.unwrap();
        let taken = house.claim(&store, 1, 200, NOW).await;
        let ids: Vec<MessageId> = taken.messages.iter().map(|m| m.id).collect();
        assert_eq!((ids, taken.full), (known, true), "{}", store.name());
        assert_eq!(house.held(&store, NOW).await.len(), 2, "{}", store.name());
    }
}

#[tokio::test]
async fn two_that_are_found_to_be_one_person_hold_one_place() {
    for store in stores().await {
        let house = House::new(&store, "p", 2, Limit::People(5)).await;
        house.queue(&store, 0, &[0, 1]).await;
        house.claim(&store, 0, 10, NOW).await;
        assert_eq!(house.held(&store, NOW).await.len(), 2);
        let mut tx = store.begin().await.unwrap();
        recado::store::identity::link(&mut tx, house.people[1], house.people[0]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(house.held(&store, NOW).await.len(), 1, "{}", store.name());
    }
}

async fn open_window(store: &Store, person: PersonId, sender: &str, until: UnixMs) {
    const OPEN_WINDOW: &str = "INSERT INTO conversation (person_id, account, sender, state, opened_at, last_at,
        window_until, close_after) VALUES ($1, 'a', $2, 'closed', $3, $3, $3, 0)";
    const REPLY: &str = "INSERT INTO entry (conversation_id, direction, content, at, received_at)
        SELECT id, 'in', '{}', $3, $3 FROM conversation WHERE person_id = $1 AND sender = $2";
    let wrote = until.minus(HOUR * 24);
    match &store.write {
        Db::Sqlite(pool) => {
            sqlx::query(OPEN_WINDOW).bind(person).bind(sender).bind(until).execute(pool).await.unwrap();
            sqlx::query(REPLY).bind(person).bind(sender).bind(wrote).execute(pool).await.unwrap();
        }
        Db::Postgres(pool) => {
            sqlx::query(OPEN_WINDOW).bind(person).bind(sender).bind(until).execute(pool).await.unwrap();
            sqlx::query(REPLY).bind(person).bind(sender).bind(wrote).execute(pool).await.unwrap();
        }
    }
}

#[tokio::test]
async fn inside_an_open_window_nothing_is_taken_and_free_texts_never_take_a_place() {
    for store in stores().await {
        let house = House::new(&store, "p", 3, Limit::People(1)).await;
        open_window(&store, house.people[0], &house.senders[0], NOW.plus(HOUR)).await;
        let text = NewMessage { category: Category::Service, ..house.message(0, house.people[1]) };
        let mut tx = store.begin().await.unwrap();
        message::insert_batch(&mut tx, &[text]).await.unwrap();
        tx.commit().await.unwrap();
        house.queue(&store, 0, &[0]).await;
        let claimed = house.claim(&store, 0, 10, NOW).await.messages;
        assert_eq!(claimed.len(), 2);
        for m in &claimed {
            settle(&store, (m.id, 1, m.person_id), NOW, accepted(false)).await;
            receive(&store, m.id, MessageState::Delivered, (NOW, NOW)).await;
        }
        assert!(house.held(&store, NOW).await.is_empty(), "{}", store.name());
        // The window is open with the other sender only: from this one it takes a place.
        house.queue(&store, 1, &[0]).await;
        assert_eq!(house.claim(&store, 1, 10, NOW).await.messages.len(), 1);
        assert_eq!(house.held(&store, NOW).await.len(), 1, "{}", store.name());
    }
}

#[tokio::test]
async fn without_a_limit_nothing_is_written_and_a_limit_that_comes_finds_those_already_reached() {
    for store in stores().await {
        let house = House::new(&store, "p", 6, Limit::Unlimited).await;
        house.queue(&store, 0, &[0, 1, 2, 3]).await;
        let early = NOW.minus(KEPT * 2);
        let claimed = house.claim(&store, 0, 10, NOW).await.messages;
        settle(&store, (claimed[0].id, 1, claimed[0].person_id), NOW, accepted(false)).await;
        settle(&store, (claimed[1].id, 1, claimed[1].person_id), early, accepted(false)).await;
        receive(&store, claimed[1].id, MessageState::Delivered, (NOW, NOW)).await;
        settle(&store, (claimed[2].id, 1, claimed[2].person_id), NOW, refused()).await;
        assert!(house.held(&store, NOW).await.is_empty(), "{}", store.name());
        house.limit(&store, Limit::People(3), NOW).await;
        // Accepted, delivered in the last day, and still claimed; the failure does not count.
        assert_eq!(house.held(&store, NOW).await.len(), 3, "{}", store.name());
        house.queue(&store, 0, &[4, 5]).await;
        assert!(house.claim(&store, 0, 10, NOW).await.messages.is_empty());
        house.limit(&store, Limit::People(4), NOW).await;
        assert_eq!(house.claim(&store, 0, 10, NOW).await.messages.len(), 1, "raised live");
        house.limit(&store, Limit::Unlimited, NOW).await;
        assert_eq!(house.claim(&store, 0, 10, NOW).await.messages.len(), 1, "lifted live");
    }
}

#[tokio::test]
async fn what_was_used_before_the_first_start_counts_once_for_a_day() {
    for store in stores().await {
        let house = House::new(&store, "other", 3, Limit::Unlimited).await;
        place::begin(&store, "p", 2, NOW).await.unwrap();
        place::begin(&store, "p", 2, NOW.plus(HOUR)).await.unwrap();
        place::assign(&store, &[Begins { account: "other".to_owned(), portfolio: "p".to_owned() }]).await.unwrap();
        let house = House { name: "p".to_owned(), ..house };
        house.limit(&store, Limit::People(3), NOW).await;
        assert_eq!(house.held(&store, NOW).await, [NOW.plus(KEPT), NOW.plus(KEPT)]);
        let rows: Vec<NewMessage> =
            house.people.iter().map(|p| NewMessage { account: "other".to_owned(), ..house.message(0, *p) }).collect();
        let mut tx = store.begin().await.unwrap();
        message::insert_batch(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(house.claim(&store, 0, 10, NOW).await.messages.len(), 1, "{}", store.name());
        assert_eq!(house.claim(&store, 0, 10, NOW.plus(KEPT)).await.messages.len(), 2, "{}", store.name());
    }
}

#[tokio::test]
async fn other_installations_people_take_places_and_their_share_of_what_is_left_for_others() {
    for store in stores().await {
        let house = House::new(&store, "p", 4, Limit::People(4)).await;
        let mut tx = store.begin().await.unwrap();
        for (id, person, until) in [("w1", 0, NOW.plus(KEPT)), ("w2", 1, NOW.plus(KEPT)), ("w2", 1, UnixMs(0))] {
            let foreign = Foreign { id: id.to_owned(), portfolio: "p".to_owned(), person: house.people[person], until };
            place::foreign(&mut tx, &foreign, NOW).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(house.held(&store, NOW).await, [NOW.plus(KEPT)], "one failed, {}", store.name());
        place::recount(&store, "p", NOW).await.unwrap();
        let taken = place::get(&store, "p").await.unwrap().unwrap().at_most_taken(NOW);
        assert_eq!((taken.people, taken.others), (1, 1));
        house.queue(&store, 0, &[0, 1, 2, 3]).await;
        // Person 0 was reached by the other installation already.
        assert_eq!(house.claim(&store, 0, 10, NOW).await.messages.len(), 4, "{}", store.name());
    }
}

#[tokio::test]
async fn claims_of_two_senders_at_the_same_time_take_no_more_than_there_is() {
    for store in stores().await {
        let house = House::new(&store, "p", 40, Limit::People(7)).await;
        for round in 0..4 {
            house.queue(&store, 0, &(round * 10..round * 10 + 5).collect::<Vec<_>>()).await;
            house.queue(&store, 1, &(round * 10 + 5..round * 10 + 10).collect::<Vec<_>>()).await;
            let (a, b) = (house.claim(&store, 0, 3, NOW), house.claim(&store, 1, 3, NOW));
            futures::join!(a, b);
            assert!(house.held(&store, NOW).await.len() <= 7, "{}", store.name());
        }
        assert_eq!(house.held(&store, NOW).await.len(), 7, "{}", store.name());
    }
}
