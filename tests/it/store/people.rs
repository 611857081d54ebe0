//! People, suppressions, holds.

use recado::domain::id::PersonId;
use recado::domain::phone::Phone;
use recado::domain::time::UnixMs;
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};
use recado::store::identity;
use recado::store::person::{self, Learned};
use recado::store::suppression::{self, NewSuppression, SuppressionScope};
use recado::store::{Db, Store};

use crate::support::stores;

const NOW: UnixMs = UnixMs(1_000_000);

async fn ensure(store: &Store, phones: &[&str]) -> Vec<PersonId> {
    let people: Vec<(Phone, String)> =
        phones.iter().map(|p| (Phone::from_international(p).unwrap(), "Ana".to_owned())).collect();
    let mut tx = store.begin().await.unwrap();
    let ids = person::ensure(&mut tx, &people, NOW).await.unwrap();
    tx.commit().await.unwrap();
    ids
}

async fn suppress(store: &Store, person: PersonId, scope: SuppressionScope) -> bool {
    let mut tx = store.begin().await.unwrap();
    let new = NewSuppression { person, scope, source: "person", note: "", at: NOW, by: "ana" };
    let added = suppression::add(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    added
}

#[tokio::test]
async fn a_number_is_one_person_however_often_it_comes() {
    for store in stores().await {
        let ids = ensure(&store, &["5491155550002", "5491155550001", "5491155550002"]).await;
        assert_eq!(ids[0], ids[2], "{}", store.name());
        assert_ne!(ids[0], ids[1]);
        assert_eq!(ensure(&store, &["5491155550001"]).await, [ids[1]]);
    }
}

#[tokio::test]
async fn what_an_answer_tells_about_a_person_overwrites_nothing() {
    for store in stores().await {
        let ids = ensure(&store, &["5491155550001", "5491155550002"]).await;
        for wa_id in ["549115555", "0"] {
            let told = |id| Learned { id, wa_id: Some(wa_id.to_owned()), bsuid: Some("AR.1".to_owned()) };
            let mut tx = store.begin().await.unwrap();
            person::learn(&mut tx, &[told(ids[0])]).await.unwrap();
            person::learn(&mut tx, &[told(ids[1])]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut tx = store.begin().await.unwrap();
        let (digits, _) = person::reached_at(&mut tx, ids[0]).await.unwrap().unwrap();
        assert_eq!(digits, "549115555", "{}", store.name());
    }
}

#[tokio::test]
async fn a_suppression_holds_for_every_linked_identity_and_its_scope_only() {
    for store in stores().await {
        let ids = ensure(&store, &["5491155550001", "5491155550002", "5491155550003"]).await;
        const LINK: &str = "UPDATE person SET linked_to = $2 WHERE id = $1";
        match &store.write {
            Db::Sqlite(pool) => drop(sqlx::query(LINK).bind(ids[1]).bind(ids[0]).execute(pool).await.unwrap()),
            Db::Postgres(pool) => drop(sqlx::query(LINK).bind(ids[1]).bind(ids[0]).execute(pool).await.unwrap()),
        }
        assert!(suppress(&store, ids[1], SuppressionScope::Marketing).await);
        assert!(!suppress(&store, ids[1], SuppressionScope::Marketing).await, "once is enough");
        let marketing = suppression::blocked(&store, &ids, true).await.unwrap();
        assert_eq!(marketing, [ids[0], ids[1]].into(), "{}", store.name());
        assert!(suppression::blocked(&store, &ids, false).await.unwrap().is_empty());
        assert_eq!(suppression::phones(&store, true).await.unwrap().len(), 2);
        let line = suppression::list(&store, i64::MAX, 10).await.unwrap().remove(0);
        assert!(suppression::lift(&store, line.id, NOW, "ana").await.unwrap());
        assert!(suppression::blocked(&store, &ids, true).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_scope_is_held_once_for_each_cause_until_every_one_has_ended() {
    for store in stores().await {
        let new = |cause| {
            let scope_key = "meta".to_owned();
            NewHold { scope: HoldScope::Account, scope_key, cause, code: None, until_at: None }
        };
        assert!(hold::place(&store, &new(HoldCause::Refused), NOW).await.unwrap());
        assert!(!hold::place(&store, &new(HoldCause::Refused), NOW).await.unwrap());
        assert!(hold::place(&store, &new(HoldCause::Outage), NOW).await.unwrap());
        let open = hold::open(&store).await.unwrap();
        assert_eq!((open.len(), open[0].cause), (2, HoldCause::Refused), "{}", store.name());
        assert!(hold::lift(&store, &open[0], NOW, "ana").await.unwrap());
        assert!(!hold::lift(&store, &open[0], NOW, "ana").await.unwrap());
        assert_eq!(hold::open(&store).await.unwrap().len(), 1, "the other cause still holds it");
    }
}

#[tokio::test]
async fn two_ways_of_writing_a_number_are_one_person_and_both_stay_as_given() {
    for store in stores().await {
        let first = ensure(&store, &["5491155550001", "5511987654321", "525512345678"]).await;
        assert!(suppress(&store, first[0], SuppressionScope::All).await);
        assert!(suppress(&store, first[2], SuppressionScope::Marketing).await);
        let second = ensure(&store, &["541155550001", "551187654321", "5215512345678", "541155550002"]).await;
        assert_ne!(first[0], second[0], "{}: nothing is merged", store.name());
        let blocked = suppression::blocked(&store, &second, true).await.unwrap();
        assert_eq!(blocked, [second[0], second[2]].into(), "{}", store.name());
        let mut tx = store.begin().await.unwrap();
        let known = identity::rows(&mut tx, &[first[1], second[1]]).await.unwrap();
        assert!(known.iter().all(|k| k.root() == first[1]), "{}: {known:?}", store.name());
        assert_eq!(known[1].phone.as_deref(), Some("551187654321"));
    }
}

#[tokio::test]
async fn both_forms_in_one_file_are_linked_whoever_comes_first() {
    for store in stores().await {
        let ids = ensure(&store, &["5491155550009", "541155550009", "552125550123", "5521925550123"]).await;
        let mut tx = store.begin().await.unwrap();
        let known = identity::rows(&mut tx, &ids).await.unwrap();
        assert_eq!(
            known.iter().filter(|k| k.linked_to.is_some()).count(),
            1,
            "{}: fixed lines are nobody's",
            store.name()
        );
    }
}
