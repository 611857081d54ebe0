//! Answers that nobody of ours wrote and of which it is not known whether they left.

use std::time::Duration;

use recado::domain::doubt::{Reason, Verdict};
use recado::domain::id::{MessageId, RunId};
use recado::domain::message::MessageState;
use recado::engine::doubt::why;
use recado::store::message::{self, Doubt, DoubtFilter, What, resent};
use serde_json::json;

use super::forecasting::others;
use super::stage::{CAMPAIGN, Does, Stage, people};
use crate::support::stores;

const WAIT: Duration = Duration::from_mins(30);

async fn writes(stage: &Stage, text: &str) {
    let (ana, at) = ("5491150000000", (stage.clock.now().0 / 1000).to_string());
    let message =
        json!({"from": ana, "id": format!("wamid.{text}"), "timestamp": at, "type": "text", "text": {"body": text}});
    let contact = json!({"wa_id": ana, "profile": {"name": "Ana"}});
    stage.told("messages", json!({"contacts": [contact], "messages": [message]})).await;
}

/// Everything of a run leaves, and a receipt comes for each.
async fn sends(stage: &Stage, name: &str, audience: &str) {
    stage.run(name, CAMPAIGN, audience).await;
    stage.sender().drain().await;
    super::change(&stage.engine.store, "UPDATE message SET sent_at = accepted_at WHERE state = 'accepted'").await;
}

/// Ana asks for no promotions, and what became of the answer is not known.
async fn answer_lost(stage: &Stage) -> Doubt {
    sends(stage, "before", &people(30)).await;
    writes(stage, "BAJA").await;
    stage.stub.next([Does::Says(500, 131_000)]);
    assert_eq!(stage.sender().step().await, 1);
    stage.clock.advance(Duration::from_secs(1));
    let mut found = message::doubts(&stage.engine.store, &DoubtFilter::default(), MessageId(0), 10).await.unwrap();
    assert_eq!((found.len(), found[0].what, found[0].run_id), (1, What::Automatic, RunId::BY_HAND));
    found.remove(0)
}

async fn verdict(stage: &Stage, doubt: &Doubt) -> Verdict {
    why(&stage.engine, std::slice::from_ref(doubt)).await.unwrap()[&doubt.id]
}

#[tokio::test]
async fn an_automatic_answer_that_certainly_never_left_goes_again_while_it_is_the_last_word_and_not_late() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let doubt = answer_lost(&stage).await;
        let until = doubt.claimed_at.unwrap().plus(WAIT);
        assert_eq!(verdict(&stage, &doubt).await, Verdict::Wait(until), "{}: a receipt may come", store.name());
        sends(&stage, "after", &others(5_000, 5)).await;
        stage.clock.advance(WAIT);
        assert_eq!(verdict(&stage, &doubt).await, Verdict::Unsent, "{}", store.name());
        let before = stage.stub.count();
        stage.janitor().await;
        assert_eq!((stage.sender().drain().await, stage.stub.count() - before), (1, 1), "{}", store.name());
        let message = stage.message(doubt.id).await;
        assert_eq!((message.state, message.attempt), (MessageState::Accepted, 2));
        assert_eq!(resent(&store, RunId::BY_HAND).await.unwrap(), 1, "it is counted apart");
    }
}

#[tokio::test]
async fn an_automatic_answer_is_a_persons_to_decide_where_it_is_late_overtaken_or_not_proven() {
    for (is_late, is_overtaken, reason) in
        [(true, false, Reason::Automatic), (false, true, Reason::Automatic), (false, false, Reason::NoneAfter)]
    {
        for store in stores().await {
            let stage = Stage::new(&store, store.dir.path()).await;
            let name = format!("{is_late} {is_overtaken} {}", store.name());
            let doubt = answer_lost(&stage).await;
            if reason == Reason::Automatic {
                sends(&stage, "after", &others(5_000, 5)).await;
            }
            if is_overtaken {
                writes(&stage, "¿me oyeron?").await;
            }
            stage.clock.advance(if is_late { WAIT * 2 } else { WAIT });
            assert_eq!(verdict(&stage, &doubt).await, Verdict::Ask(reason), "{name}");
            let stakes = stage.engine.doubt_stakes(&[doubt.id]).await.unwrap();
            let never_left = i64::from(reason == Reason::Automatic);
            assert_eq!((stakes.messages, stakes.never_left), (1, never_left), "{name}");
            stage.janitor().await;
            assert_eq!(stage.message(doubt.id).await.state, MessageState::InDoubt, "{name}");
        }
    }
}
