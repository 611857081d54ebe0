//! Receipts come twice and out of order; the end is always the same.

use proptest::prelude::*;
use recado::domain::event::ReceiptStatus;
use recado::domain::message::{MessageEvent, MessageState, next};
use recado::store::message;
use serde_json::json;

use crate::inbox::office::{ANA, Office};
use crate::support::stores;

const STATUSES: [ReceiptStatus; 4] =
    [ReceiptStatus::Sent, ReceiptStatus::Delivered, ReceiptStatus::Read, ReceiptStatus::Failed];

fn rank(state: MessageState) -> usize {
    use MessageState as S;
    [S::InDoubt, S::Claimed, S::Accepted, S::InReview, S::Sent, S::Failed, S::Delivered, S::Read]
        .iter()
        .position(|s| *s == state)
        .unwrap_or(0)
}

fn end(from: MessageState, statuses: &[ReceiptStatus]) -> MessageState {
    statuses.iter().fold(from, |state, status| {
        let after = next(state, MessageEvent::Receipt(*status)).unwrap_or(state);
        assert!(rank(after) >= rank(state), "{state:?} became {after:?}");
        after
    })
}

proptest! {
    #[test]
    fn any_order_of_any_repeated_receipts_ends_alike_and_rank_never_goes_backwards_within_an_attempt(
        told in proptest::collection::vec(0..STATUSES.len(), 1..8),
        shuffled in any::<u64>(),
        from in 0..4_usize,
    ) {
        let from = [MessageState::Claimed, MessageState::InDoubt, MessageState::Accepted, MessageState::InReview][from];
        let straight: Vec<ReceiptStatus> = told.iter().map(|n| STATUSES[*n]).collect();
        let mut mixed = straight.clone();
        let mut seed = shuffled;
        for i in (1..mixed.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            mixed.swap(i, (seed >> 33) as usize % (i + 1));
        }
        mixed.extend(straight.iter().take(2).copied());
        prop_assert_eq!(end(from, &straight), end(from, &mixed));
    }
}

/// Every order of these, the heap's algorithm written out.
fn orders(all: &[&'static str]) -> Vec<Vec<&'static str>> {
    if all.len() < 2 {
        return vec![all.to_vec()];
    }
    let mut found = Vec::new();
    for (i, first) in all.iter().enumerate() {
        let rest: Vec<&'static str> = all.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, s)| *s).collect();
        found.extend(orders(&rest).into_iter().map(|mut tail| {
            tail.insert(0, first);
            tail
        }));
    }
    found
}

#[tokio::test]
async fn every_order_stores_the_same_message() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", "").await;
        let mut ends = Vec::new();
        for together in [true, false] {
            for order in orders(&["sent", "delivered", "read", "failed"]) {
                let id = office.message(run, ANA).await;
                let statuses: Vec<_> = order.iter().map(|word| told(&format!("wamid.{id}"), word)).collect();
                if together {
                    office.store_body(json!({ "statuses": statuses })).await;
                    office.read().await;
                } else {
                    for status in statuses {
                        office.store_body(json!({ "statuses": [status, status] })).await;
                        office.read().await;
                    }
                }
                let m = message::get(&store, id).await.unwrap().unwrap();
                let facts = (m.state, m.sent_at, m.delivered_at, m.read_at, m.failure_code, m.charged, m.reserved);
                ends.push((order, facts));
            }
        }
        for (order, facts) in &ends {
            assert_eq!(*facts, ends[0].1, "{} {order:?}", store.name());
        }
        assert_eq!(ends[0].1.0, MessageState::Read);
    }
}

fn told(id: &str, word: &str) -> serde_json::Value {
    let second = match word {
        "sent" => 1,
        "delivered" => 2,
        "failed" => 3,
        _ => 4,
    };
    let mut status = json!({ "id": id, "status": word, "timestamp": (1_795_525_190 + second).to_string() });
    if word == "failed" {
        status["errors"] = json!([{ "code": 131_026, "title": "x" }]);
    }
    if word == "read" {
        status["pricing"] = json!({ "type": "regular", "category": "utility", "billable": true });
    }
    status
}
