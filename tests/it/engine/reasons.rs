//! What is told of holds, waits and failures is so.

use std::time::Duration;

use recado::domain::id::MessageId;
use recado::domain::time::UnixMs;
use recado::engine::{scope, waiting};
use recado::locale::{Language, failure};
use recado::store::hold::{self, HoldCause, HoldEnd, HoldScope, NewHold};
use recado::store::suppression::{self, NewSuppression, SuppressionScope};
use recado::store::view::row::{self, RowFilter, RowQuery};

use super::stage::{CAMPAIGN, Does, Stage, people};
use crate::support::stores;

#[tokio::test]
async fn a_hold_names_the_code_it_has_and_what_ends_it() {
    for store in stores().await {
        let now = UnixMs(1_000);
        for (scope, cause, code, until_at) in [
            (HoldScope::Template, HoldCause::Quality, None, Some(UnixMs(2_000))),
            (HoldScope::Account, HoldCause::Refused, Some(131_031), None),
            (HoldScope::Sender, HoldCause::Refused, Some(-1), None),
            (HoldScope::Account, HoldCause::Restricted, None, None),
            (HoldScope::Account, HoldCause::Review, None, None),
        ] {
            let scope_key = "key".to_owned();
            hold::place(&store, &NewHold { scope, scope_key, cause, code, until_at }, now).await.unwrap();
        }
        store.note_full(now);
        let holds = hold::open(&store).await.unwrap();
        let ends: Vec<HoldEnd> = holds.iter().map(hold::Hold::ends).collect();
        let itself = HoldEnd::Itself;
        assert_eq!(ends, [itself, HoldEnd::Person, HoldEnd::Person, itself, itself, itself], "{}", store.name());
        for language in Language::ALL {
            let said: Vec<String> = holds.iter().map(|hold| waiting::held(hold).sentence(language)).collect();
            assert!(!said[0].contains('('), "{}", said[0]);
            let locked = failure(language, 131_031);
            assert!(said[1].contains("131031") && said[1].contains(&locked), "{}", said[1]);
            assert!(!said[2].contains("-1") && !said[2].contains('{'), "{}", said[2]);
        }
    }
}

#[test]
fn what_a_hold_stops_is_named_in_words_and_never_by_its_key() {
    for language in Language::ALL {
        for (scope, key, names) in [
            (HoldScope::Store, "copy", &[][..]),
            (HoldScope::Account, "meta", &["meta"]),
            (HoldScope::Sender, "front", &["front"]),
            (HoldScope::Template, "meta/reminder/es_AR", &["meta", "reminder", "(es_AR)"]),
            (HoldScope::Run, "7", &["7"]),
            (HoldScope::Country, "meta/AR", &["meta", "AR"]),
        ] {
            let (named, titled) = (scope::named(language, scope, key), scope::titled(language, scope, key));
            assert!(names.iter().all(|name| named.contains(name)), "{named}");
            let is_bare = named.contains('/') || named.contains("copy") || named.contains(['{', '.']);
            assert!(!is_bare && titled.starts_with(char::is_uppercase), "{named}, {titled}");
        }
    }
}

#[test]
fn a_known_code_without_a_sentence_of_its_own_is_told_by_its_class() {
    for language in Language::ALL {
        assert!(!failure(language, 131_000).contains("131000"), "{}", failure(language, 131_000));
        assert!(failure(language, 999_999).contains("999999"));
    }
}

#[tokio::test]
async fn a_failure_without_a_reason_is_told_in_words_and_names_no_code() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "failed", None).await;
        let query = RowQuery { filter: RowFilter::Any, search: String::new(), after: MessageId(0), limit: 10 };
        let row = row::page(&store, run, &query).await.unwrap().remove(0);
        let code = row.failure_code.unwrap();
        assert_eq!(row.state.as_str(), "failed", "{}", store.name());
        for language in Language::ALL {
            let said = failure(language, code);
            assert!(!said.contains('1') && said != failure(language, 999_999) && !said.contains("failure."), "{said}");
        }
    }
}

#[tokio::test]
async fn what_the_operator_wants_tried_again_does_not_wait_for_the_pace() {
    for store in stores().await {
        let more = "[errors.131026]\nclass = \"retry\"\nretry = \"5m\"\n";
        let stage = Stage::with(&store, store.dir.path(), more).await;
        for (name, code, gate) in [("own", 131_026, "again"), ("pace", 130_429, "throughput")] {
            stage.stub.next([Does::Says(400, code)]);
            let run = stage.run(name, CAMPAIGN, &people(1)).await;
            stage.sender().step().await;
            let why = waiting::run(&stage.engine, run).await.unwrap().unwrap();
            assert_eq!(why.code, gate, "{}", store.name());
            assert!(Language::ALL.iter().all(|l| !why.sentence(*l).starts_with("waiting.")));
            stage.engine.cancel(run, "ana").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_row_that_a_gate_left_out_was_never_tried() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        let query = RowQuery { filter: RowFilter::Any, search: String::new(), after: MessageId(0), limit: 10 };
        let rows = row::page(&store, run, &query).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let at = stage.clock.now();
        let (scope, person) = (SuppressionScope::All, rows[0].person_id);
        suppression::add(&mut tx, &NewSuppression { person, scope, source: "agent", note: "", at, by: "ana" })
            .await
            .unwrap();
        tx.commit().await.unwrap();
        stage.stub.next([Does::Says(400, 131_056)]);
        stage.sender().drain().await;
        let tried = |rows: Vec<row::RunRow>| rows.iter().map(|r| (r.state.as_str(), r.tries())).collect::<Vec<_>>();
        let seen = row::page(&store, run, &query).await.unwrap();
        assert_eq!(tried(seen), [("excluded", 0), ("queued", 1)], "{}", store.name());
        stage.clock.advance(Duration::from_mins(5));
        stage.sender().drain().await;
        let seen = row::page(&store, run, &query).await.unwrap();
        assert_eq!(tried(seen), [("excluded", 0), ("accepted", 2)], "{}", store.name());
    }
}
