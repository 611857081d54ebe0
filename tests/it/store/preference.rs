//! What people tell the provider, in whatever order it comes.

use proptest::prelude::*;
use recado::domain::id::PersonId;
use recado::domain::phone::Phone;
use recado::domain::time::UnixMs;
use recado::store::preference::{self, ASKED, PROVIDER, Told};
use recado::store::{Store, person, suppression};

use crate::support::stores;

const NOW: UnixMs = UnixMs(1_795_525_200_000);
const STOP: bool = true;
const RESUME: bool = false;

async fn somebody(store: &Store, nth: usize) -> PersonId {
    let phone = Phone::from_international(&format!("54911555{nth:05}")).unwrap();
    let mut tx = store.begin().await.unwrap();
    let ids = person::ensure(&mut tx, &[(phone, "Ana".to_owned())], NOW).await.unwrap();
    tx.commit().await.unwrap();
    ids[0]
}

/// Whether the person gets no promotions once all of it has come.
async fn after(store: &Store, (person, source): (PersonId, &str), told: &[(bool, i64)]) -> bool {
    let mut tx = store.begin().await.unwrap();
    for (stop, second) in told {
        let at = UnixMs(NOW.0 + second * 1_000);
        preference::tell(&mut tx, person, &Told { source, stop: *stop, at, note: "", by: "automatic" }).await.unwrap();
    }
    tx.commit().await.unwrap();
    suppression::blocked(store, &[person], true).await.unwrap().contains(&person)
}

#[tokio::test]
async fn the_latest_word_counts_and_not_the_last_to_arrive() {
    for store in stores().await {
        for (nth, (told, stopped)) in [
            (vec![(STOP, 10), (RESUME, 3)], true),
            (vec![(RESUME, 3), (STOP, 10)], true),
            (vec![(STOP, 3), (RESUME, 10)], false),
            (vec![(RESUME, 10), (STOP, 3)], false),
            (vec![(STOP, 10), (STOP, 30), (RESUME, 20)], true),
            (vec![(STOP, 10), (RESUME, 20), (STOP, 15)], false),
            (vec![(RESUME, 20), (RESUME, 10), (STOP, 15)], false),
            (vec![(STOP, 10), (RESUME, 10)], true),
            (vec![(RESUME, 10), (STOP, 10), (RESUME, 10)], true),
            (vec![(STOP, 10), (RESUME, 20), (STOP, 30), (RESUME, 20)], true),
        ]
        .into_iter()
        .enumerate()
        {
            for (place, source) in [PROVIDER, ASKED].into_iter().enumerate() {
                let person = somebody(&store, 2 * nth + place).await;
                let is_stopped = after(&store, (person, source), &told).await;
                assert_eq!(is_stopped, stopped, "{} {source} {told:?}", store.name());
            }
        }
    }
}

#[test]
fn what_is_told_in_any_order_and_repeated_ends_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stores = runtime.block_on(stores());
    let nth = std::cell::Cell::new(0);
    let told = prop::collection::vec((any::<bool>(), 0_i64..12), 1..8);
    proptest!(ProptestConfig::with_cases(64), |(told in told)| {
        let latest = |wanted: bool| told.iter().filter(|(stop, _)| *stop == wanted).map(|(_, at)| *at).max();
        let expected = latest(STOP).is_some() && latest(STOP) >= latest(RESUME);
        for store in &stores {
            nth.set(nth.get() + 1);
            let is_stopped = runtime.block_on(async {
                let person = somebody(store, 1_000 + nth.get()).await;
                after(store, (person, PROVIDER), &told).await
            });
            prop_assert_eq!(is_stopped, expected, "{} {:?}", store.name(), told);
        }
    });
}
