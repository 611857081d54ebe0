//! Whose answer stands where ids are numbers of lines: that of the person, and of the visit, that was asked about.

use std::time::Duration;

use recado::domain::id::MessageId;
use recado::engine::results::Kind;
use recado::store::outcome::{self, Certainty, NewOutcome};
use recado::store::run;

use super::feeds::{apply, clinic};
use super::stage::Stage;
use crate::support::{TestStore, stores};

const FIRST: &str = "25/11/2026 08:30";
const SECOND: &str = "25/11/2026 09:00";

/// Rows of `name phone time`, numbered from 1; a reminder goes to each within some seconds.
async fn reminded(stage: &Stage, campaign: &str, people: &[(&str, u32, &str)]) -> run::Run {
    let row =
        |(no, (name, phone, at)): (usize, &(&str, u32, &str))| format!("{},{name},+54911555{phone:05},{at}\n", no + 1);
    let audience = format!("id,nombre,telefono,turno\n{}", people.iter().enumerate().map(row).collect::<String>());
    let run = apply(stage, campaign, &audience).await;
    for _ in 0..3 {
        stage.sender().drain().await;
        stage.clock.advance(Duration::from_secs(10));
    }
    run::get(&stage.engine.store, run).await.unwrap().unwrap()
}

async fn says(stage: &Stage, message: MessageId, outcome: &str) {
    let mut tx = stage.engine.store.begin().await.unwrap();
    let (certainty, at) = (Certainty::Certain, stage.clock.now());
    let new = NewOutcome { message, entry: None, outcome, certainty, set_by: "", at };
    outcome::add(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
}

async fn lines_of(stage: &Stage, run: &run::Run, kind: Kind, store: &TestStore) -> Vec<String> {
    let target = store.dir.path().join("made.csv");
    stage.engine.make_result(run, kind, &target).await.unwrap();
    std::fs::read_to_string(&target).unwrap().lines().skip(1).map(str::to_owned).collect()
}

/// The first of `people` cancels and the file comes without them: what the files then tell of id 1.
async fn first_goes(store: &TestStore, contains: &str, people: [(&str, u32, &str); 3]) {
    let said = format!("{} {contains} {people:?}", store.name());
    let stage = Stage::new(store, store.dir.path()).await;
    let campaign = clinic(contains) + "[replies]\ntyped = { \"cancelled\" = [\"no\"] }\n";
    reminded(&stage, &campaign, &people).await;
    let mut seen = stage.stub.seen.lock().unwrap().clone();
    // Two to one number go one after the other.
    seen.sort_by_key(|sent| sent.message);
    assert_eq!(seen.len(), 3, "{said}");
    stage.receipts(&seen, "delivered", None).await;
    says(&stage, seen[0].message, "cancelled").await;
    let run = reminded(&stage, &campaign, &people[1..]).await;
    assert_eq!(stage.stub.count(), 3, "{said}: nobody is reminded again");
    assert_eq!(lines_of(&stage, &run, Kind::Outcomes, store).await, ["1,no_answer", "2,no_answer"], "{said}");
    let own = lines_of(&stage, &run, Kind::Own, store).await;
    assert!(own.len() == 2 && own.iter().all(|row| row.ends_with(",Sin respuesta")), "{said} {own:#?}");
    let to_phone = lines_of(&stage, &run, Kind::Phone, store).await;
    let asked = |id: &str, at: &str| to_phone.iter().any(|row| row.contains(&format!(",{id},")) && row.contains(at));
    assert!(asked("1", "09:00") && asked("2", "09:00"), "{said} {to_phone:#?}");
    // Each of them answers for itself.
    says(&stage, seen[1].message, "confirmed").await;
    let told = lines_of(&stage, &run, Kind::Outcomes, store).await;
    assert_eq!(told, ["1,confirmed", "2,no_answer"], "{said}");
}

#[tokio::test]
async fn an_answer_is_of_the_visit_that_was_asked_about_where_the_id_is_anothers_by_now() {
    for contains in ["", "contains = \"only changes\"", "contains = \"everything ahead\""] {
        for store in stores().await {
            first_goes(&store, contains, [("Ana", 1, FIRST), ("Ana", 1, SECOND), ("Leo", 3, SECOND)]).await;
        }
        for store in stores().await {
            first_goes(&store, contains, [("Ana", 1, FIRST), ("Eva", 2, SECOND), ("Leo", 3, SECOND)]).await;
        }
    }
}
