//! Appointments of people who were erased: what was cancelled stays so, and so does what the campaign does not tell anew.

use std::time::Duration;

use recado::domain::exclusion::ExclusionReason;
use recado::store::exclusion;
use recado::store::outcome::{self, Certainty, NewOutcome};

use super::count;
use super::erased_people::{erase, number_of};
use super::feeds::{accounted, apply, clinic, rows};
use super::stage::Stage;
use crate::support::stores;

const EVERYTHING: &str = "contains = \"everything ahead\"";

/// What a file would leave out, and what it does leave out.
async fn left_out(stage: &Stage, campaign: &str, audience: &str) -> Vec<(ExclusionReason, i64)> {
    let version = stage.load("clinic", campaign, audience).await;
    let sheet = stage.engine.sheet(version).await.unwrap();
    let run = apply(stage, campaign, audience).await;
    let done = exclusion::counts(&stage.engine.store, run).await.unwrap();
    assert_eq!(sheet.excluded, done.iter().copied().collect(), "what is shown is what is done");
    done
}

#[tokio::test]
async fn an_appointment_that_was_cancelled_stays_so_after_its_person_was_erased() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30"), ("C", "28/11/2026 09:00")]);
        apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 2, "{}", store.name());
        let (hers, his) = (number_of(&first, "A"), number_of(&first, "B"));
        let messages = stage.stub.seen.lock().unwrap().clone();
        let mut tx = store.begin().await.unwrap();
        for (message, word) in messages.iter().map(|sent| sent.message).zip(["cancelled", "confirmed"]) {
            let (certainty, at) = (Certainty::Certain, stage.clock.now());
            let said = NewOutcome { message, entry: None, outcome: word, certainty, set_by: "", at };
            outcome::add(&mut tx, &said).await.unwrap();
        }
        tx.commit().await.unwrap();
        for number in [&hers, &his] {
            erase(&stage, number).await;
        }
        // Both have moved, and the first has another number besides: an id that was cancelled is told nothing more.
        let moved =
            first.replace("25/11/2026 09:00", "27/11/2026 09:00").replace("25/11/2026 09:30", "27/11/2026 09:30");
        let declined = [(ExclusionReason::Declined, 1)];
        assert_eq!(left_out(&stage, &campaign, &moved).await, declined, "{}", store.name());
        let corrected = moved.replace(&hers, "+5491155559999").replace("27/11/2026 09:00", "27/11/2026 09:15");
        assert_eq!(left_out(&stage, &campaign, &corrected).await, declined, "{}", store.name());
        stage.clock.advance(Duration::from_hours(72));
        assert_eq!(stage.sender().drain().await, 2, "{}: the confirmed one at its new time, and C", store.name());
    }
}

#[tokio::test]
async fn whoever_has_the_id_of_an_erased_person_who_cancelled_is_reminded_and_where_nobody_can_know_it_is_told() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic(EVERYTHING);
        let first = rows(&[("A", "25/11/2026 09:00"), ("C", "28/11/2026 09:00")]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        let hers = number_of(&first, "A");
        let message = stage.stub.seen.lock().unwrap()[0].message;
        let mut tx = store.begin().await.unwrap();
        let (certainty, at) = (Certainty::Certain, stage.clock.now());
        let said = NewOutcome { message, entry: None, outcome: "cancelled", certainty, set_by: "", at };
        outcome::add(&mut tx, &said).await.unwrap();
        tx.commit().await.unwrap();
        erase(&stage, &hers).await;
        let next = |name: &str, number: &str| {
            let (from, to) = (format!("A,Ana,{hers},25/11/2026 09:00"), format!("A,{name},{number},27/11/2026 09:00"));
            assert!(first.contains(&from), "{first}");
            first.replace(&from, &to)
        };
        let other = "+5491155559999";
        // The same person, whatever they are called now.
        let declined = [(ExclusionReason::Declined, 1)];
        assert_eq!(left_out(&stage, &campaign, &next("Eva", &hers)).await, declined, "{}", store.name());
        assert_eq!(left_out(&stage, &campaign, &next("", other)).await, declined, "{}", store.name());
        let left = exclusion::list(&store, run, 0, 10).await.unwrap();
        let details: Vec<&str> = left.iter().map(|left| left.detail.as_str()).collect();
        assert_eq!(details, ["declined_by_somebody"], "{}: no name tells who it is", store.name());
        assert_eq!(left_out(&stage, &campaign, &next("Eva", other)).await, [], "{}", store.name());
        stage.clock.advance(Duration::from_hours(72));
        assert_eq!(stage.sender().drain().await, 2, "{}: Eva, and C", store.name());
    }
}

#[tokio::test]
async fn a_time_that_was_not_to_be_told_anew_is_not_after_an_erasure_either() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = format!("{}moved = \"leave\"\n", clinic(EVERYTHING));
        let first = rows(&[("A", "25/11/2026 09:00"), ("C", "29/11/2026 09:00")]);
        let run = apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 1, "{}", store.name());
        erase(&stage, &number_of(&first, "A")).await;
        let moved = first.replace("25/11/2026 09:00", "27/11/2026 09:00");
        assert_eq!(
            left_out(&stage, &campaign, &moved).await,
            [(ExclusionReason::AlreadySent, 1)],
            "{}: they were told of the 25th",
            store.name()
        );
        assert_eq!(stage.states(run).await.get("queued"), Some(&1), "{}: C alone", store.name());
        accounted(&stage, run).await;
        // What they were told is over: another day is another appointment.
        stage.clock.advance(Duration::from_hours(48));
        let later = first.replace("25/11/2026 09:00", "28/11/2026 09:00");
        assert_eq!(left_out(&stage, &campaign, &later).await, [], "{}", store.name());
    }
}

#[tokio::test]
async fn of_a_time_that_is_over_when_its_person_is_erased_nothing_is_kept() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let first = rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
        apply(&stage, &clinic(EVERYTHING), &first).await;
        assert_eq!(stage.sender().drain().await, 2, "{}", store.name());
        let times = async || count(&store, "SELECT COUNT(*) FROM erased_sent WHERE happens_at IS NOT NULL").await;
        erase(&stage, &number_of(&first, "A")).await;
        assert_eq!(times().await, 1, "{}: it is still to come", store.name());
        stage.clock.advance(Duration::from_hours(48));
        erase(&stage, &number_of(&first, "B")).await;
        assert_eq!(times().await, 1, "{}: it is over", store.name());
    }
}
