//! Endpoints that never answer: they slow nobody but themselves, and themselves no more than their bound.

use std::collections::BTreeSet;
use std::sync::Arc;

use recado::domain::id::EndpointId;
use recado::engine::outgoing::Outgoing;
use recado::store::Store;
use recado::store::outgoing::endpoint::{self, NewEndpoint};

use super::hook::Hook;
use crate::inbox::office::{ANA, NOW, Office};
use crate::support::stores;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// More than leave to one endpoint at the same time.
const MANY: usize = 20;

async fn listens(store: &Store, name: &str, url: &str) -> EndpointId {
    let kinds = BTreeSet::from(["reply.received".to_owned()]);
    let new = NewEndpoint { name, url, kinds: &kinds, by: "ana", at: NOW };
    endpoint::add(store, &new, SECRET).await.unwrap().unwrap()
}

/// As the daemon does it, until `hook` has heard so much.
async fn until(outgoing: &mut Outgoing, hook: &Arc<Hook>, heard: usize) {
    while hook.kinds().len() < heard {
        outgoing.step().await.unwrap();
        assert!(outgoing.landing().await, "something is on its way");
    }
}

fn texts(hook: &Hook) -> Vec<String> {
    hook.bodies().iter().map(|body| body["data"]["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_endpoint_that_never_answers_slows_only_itself() {
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        let (hanging, nowhere) = Hook::listen().await;
        hanging.hangs_at("type");
        let deaf = listens(&store, "deaf", &nowhere).await;
        let well = listens(&store, "well", &url).await;
        let mut outgoing = Outgoing::new(office.engine.clone());
        for n in 0..MANY {
            // A conversation that goes on, and one that begins.
            office.writes(ANA, &format!("{n}")).await;
            office.writes(&format!("54911555{n:05}"), "Hola").await;
            until(&mut outgoing, &hook, 2 * n + 2).await;
        }
        let said = texts(&hook).into_iter().filter(|text| text != "Hola");
        let expected = (0..MANY).map(|n| n.to_string());
        assert_eq!(said.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{}", store.name());
        outgoing.step().await.unwrap();
        let sql = |id| format!("SELECT COUNT(*) FROM outgoing_delivery WHERE state = 'waiting' AND endpoint_id = {id}");
        assert_eq!(office.numbers(&sql(well)).await, [0]);
        let under_way = format!("{} AND next_at > made_at", sql(deaf));
        assert_eq!(office.numbers(&under_way).await, [8], "it keeps to its bound");
        let failures = endpoint::get(&store, deaf).await.unwrap().unwrap().failures;
        assert_eq!(failures, 0, "nobody has waited until it was late");
    }
}

#[tokio::test]
async fn what_hangs_keeps_its_own_conversation_waiting_and_no_other_of_its_endpoint() {
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        hook.hangs_at("cuelga");
        let id = listens(&store, "clinic", &url).await;
        let mut outgoing = Outgoing::new(office.engine.clone());
        office.writes(ANA, "esto cuelga").await;
        office.writes(ANA, "y esto espera").await;
        for n in 0..MANY {
            office.writes(&format!("54911555{n:05}"), "Hola").await;
        }
        until(&mut outgoing, &hook, MANY).await;
        assert_eq!(texts(&hook), vec!["Hola"; MANY], "{}", store.name());
        let failures = endpoint::get(&store, id).await.unwrap().unwrap().failures;
        assert_eq!(failures, 0, "nobody has waited until it was late");
    }
}
