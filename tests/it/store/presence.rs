//! Who is here, what they look at and whether they type.

use std::time::Duration;

use recado::domain::id::{ConversationId, UserId};
use recado::domain::role::Role;
use recado::domain::time::UnixMs;
use recado::store::presence::{self, Availability, Beat, PRESENT, TYPING};
use recado::store::{Store, user};

use crate::support::stores;

const NOW: UnixMs = UnixMs(1_795_525_200_000);
const TALK: ConversationId = ConversationId(7);

async fn agent(store: &Store, name: &str) -> UserId {
    user::add(store, name, Role::Agent, None, NOW).await.unwrap().unwrap()
}

const fn looks(conversation: ConversationId, typing: bool) -> Beat {
    Beat { conversation: Some(conversation), typing }
}

async fn taking(store: &Store, at: UnixMs) -> Vec<UserId> {
    let mut tx = store.begin().await.unwrap();
    presence::taking(&mut tx, at).await.unwrap()
}

#[tokio::test]
async fn a_page_that_tells_nothing_any_more_has_nobody_before_it() {
    for store in stores().await {
        let ana = agent(&store, "ana").await;
        assert_eq!(taking(&store, NOW).await, [], "{}", store.name());
        presence::beat(&store, ana, NOW, looks(TALK, false)).await.unwrap();
        assert_eq!(taking(&store, NOW).await, [ana]);
        assert_eq!(presence::looking(&store, TALK, NOW).await.unwrap().len(), 1);
        let gone = NOW.plus(PRESENT);
        assert_eq!(taking(&store, gone).await, []);
        assert!(presence::looking(&store, TALK, gone).await.unwrap().is_empty());
        presence::beat(&store, ana, gone, Beat::default()).await.unwrap();
        presence::leave(&store, ana, None).await.unwrap();
        assert_eq!(taking(&store, gone).await, []);
    }
}

#[tokio::test]
async fn whoever_is_away_is_here_and_takes_nothing_however_often_the_page_tells() {
    for store in stores().await {
        let ana = agent(&store, "ana").await;
        presence::set_state(&store, ana, Availability::Away, NOW).await.unwrap();
        presence::beat(&store, ana, NOW, Beat::default()).await.unwrap();
        let found = presence::of(&store, ana).await.unwrap().unwrap();
        assert!(found.is_here(NOW) && found.state == Availability::Away, "{}", store.name());
        assert_eq!(taking(&store, NOW).await, []);
        presence::set_state(&store, ana, Availability::Available, NOW).await.unwrap();
        assert_eq!(taking(&store, NOW).await, [ana]);
        user::disable(&store, ana, NOW).await.unwrap();
        assert_eq!(taking(&store, NOW).await, []);
    }
}

#[tokio::test]
async fn only_what_others_would_see_is_told() {
    let other = ConversationId(8);
    for store in stores().await {
        let ana = agent(&store, "ana").await;
        let second = |n| NOW.plus(Duration::from_secs(n));
        let steps: [(u64, Beat, &[ConversationId]); 7] = [
            (0, looks(TALK, false), &[TALK]),
            (10, looks(TALK, false), &[]),
            (11, looks(TALK, true), &[TALK]),
            (15, looks(TALK, true), &[]),
            (16, looks(TALK, false), &[TALK]),
            (17, looks(other, true), &[TALK, other]),
            (200, looks(other, true), &[other]),
        ];
        for (at, beat, told) in steps {
            let changed = presence::beat(&store, ana, second(at), beat).await.unwrap();
            assert_eq!(changed, told, "{} {at}", store.name());
        }
    }
}

#[tokio::test]
async fn typing_is_over_when_nothing_more_is_heard_of_it() {
    for store in stores().await {
        let ana = agent(&store, "ana").await;
        presence::beat(&store, ana, NOW, looks(TALK, true)).await.unwrap();
        let later = NOW.plus(Duration::from_secs(5));
        presence::beat(&store, ana, later, looks(TALK, true)).await.unwrap();
        let found = presence::of(&store, ana).await.unwrap().unwrap();
        assert_eq!(found.typing_since, Some(NOW), "{}", store.name());
        assert!(found.is_typing(later) && !found.is_typing(later.plus(TYPING)));
        presence::leave(&store, ana, Some(ConversationId(9))).await.unwrap();
        assert!(presence::of(&store, ana).await.unwrap().unwrap().is_typing(later));
        presence::leave(&store, ana, Some(TALK)).await.unwrap();
        assert!(!presence::of(&store, ana).await.unwrap().unwrap().is_here(later));
    }
}
