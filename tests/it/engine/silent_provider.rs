//! Doubts at a provider that gives a receipt up after a quarter of an hour: silence never proves that a message did not leave.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recado::domain::doubt::{Reason, Verdict};
use recado::domain::id::{MessageId, RunId};
use recado::engine::Engine;
use recado::engine::doubt::why;
use recado::engine::janitor::Janitor;
use recado::engine::receiver::Receiver;
use recado::store::message::{self, DoubtFilter};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::change;
use super::stage::{CAMPAIGN, DOUBTFUL, Stage, people, sender_of, states};
use crate::support::stores;

/// Zenvia on this machine: which references were sent, in order, and whose answers are lost.
pub(super) struct Silent {
    server: MockServer,
    pub(super) seen: Arc<Mutex<Vec<String>>>,
}

impl Silent {
    /// Answers everything but the first request.
    pub(super) async fn listening() -> Self {
        let server = MockServer::start().await;
        let template = json!({"id": "t1", "name": "reminder", "locale": "es_AR", "channel": "WHATSAPP",
            "senderId": "5511955550199", "category": "UTILITY", "status": "APPROVED", "fields": ["1"],
            "text": "Hola {{1}}, le esperamos.", "examples": {"1": "Ana"},
            "components": {"body": {"type": "TEXT_TEMPLATE", "text": "Hola {{1}}, le esperamos."}}});
        let listed = ResponseTemplate::new(200).set_body_json(json!([template]));
        Mock::given(method("GET")).and(path("/v2/templates")).respond_with(listed).mount(&server).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sent = Arc::clone(&seen);
        let taken = move |request: &Request| {
            let body: Value = request.body_json().unwrap();
            let mut sent = sent.lock().unwrap();
            sent.push(body["externalId"].as_str().unwrap().to_owned());
            if sent.len() == 1 {
                // Taken, and the answer lost on the way.
                return ResponseTemplate::new(502).set_body_string("<html>Bad gateway</html>");
            }
            ResponseTemplate::new(200).set_body_json(json!({"id": format!("z-{}", sent.len())}))
        };
        let send = Mock::given(method("POST")).and(path("/v2/channels/whatsapp/messages"));
        send.respond_with(taken).mount(&server).await;
        Self { server, seen }
    }

    pub(super) fn config(&self) -> String {
        format!(
            "[account.zenvia]\nprovider = \"zenvia\"\nbase_url = \"{}/v2\"\ncurrency = \"USD\"\ntimezone = \"UTC\"\n\
             api_token = \"token\"\nwebhook_secret = \"0123456789abcdef01234567\"\n\
             webhook_header_secret = \"header-secret\"\n\
             [sender.mao]\naccount = \"zenvia\"\nnumber = \"+5511955550199\"\n",
            self.server.uri()
        )
    }

    /// What was sent, by reference; each once.
    fn sent(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        let messages: BTreeSet<&str> = seen.iter().map(|r| r.rsplit_once('.').unwrap().0).collect();
        assert_eq!(messages.len(), seen.len(), "a message was sent twice: {seen:?}");
        seen.len()
    }
}

/// A run of thirty at Zenvia, of which all receipts came but those of the first, whose answer was lost too.
async fn one_lost(stage: &Stage) -> RunId {
    let run = stage.run("turnos", &CAMPAIGN.replace("\"front\"", "\"mao\""), &people(30)).await;
    let mut sender = sender_of(&stage.engine, "mao");
    sender.dispatcher = sender.dispatcher.with_slots(1);
    sender.step().await;
    stage.clock.advance(Duration::from_secs(1));
    sender_of(&stage.engine, "mao").drain().await;
    assert_eq!(stage.states(run).await, [("accepted", 29), ("in_doubt", 1)].into());
    change(&stage.engine.store, "UPDATE message SET sent_at = accepted_at WHERE state = 'accepted'").await;
    run
}

/// What a process does by itself that is up all the while, `by` later; why the one doubt stands.
async fn goes_on(stage: &Stage, engine: &Engine, by: Duration) -> Verdict {
    stage.clock.advance(by);
    change(&engine.store, "DELETE FROM setting WHERE key = 'heartbeat'").await;
    Janitor::new(engine.clone()).step().await.unwrap();
    sender_of(engine, "mao").drain().await;
    let found = message::doubts(&engine.store, &DoubtFilter::default(), MessageId(0), 10).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    why(engine, &found).await.unwrap()[&found[0].id]
}

/// Zenvia tells this of the message that was sent as `reference`, and it is read.
pub(super) async fn told(engine: &Engine, reference: &str, status: Value) {
    let event = json!({"id": "evt", "timestamp": "2026-11-24T13:00:02Z", "type": "MESSAGE_STATUS", "channel": "whatsapp",
        "messageId": "z-late", "contentIndex": 0, "messageStatus": status,
        "message": {"id": "z-late", "externalId": reference, "direction": "OUT"}});
    engine.keep_webhook("zenvia", event.to_string().as_bytes(), engine.clock.now()).await.unwrap();
    let receiver = Receiver::new(engine.clone(), Arc::default());
    while receiver.step().await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_doubt_whose_receipts_never_come_is_not_sent_again_by_itself_however_long_and_whoever_restarts() {
    for store in stores().await {
        let zenvia = Silent::listening().await;
        let stage = Stage::with(&store, store.dir.path(), &zenvia.config()).await;
        one_lost(&stage).await;
        assert!(matches!(goes_on(&stage, &stage.engine, Duration::from_mins(29)).await, Verdict::Wait(_)));
        let asked = Verdict::Ask(Reason::GivenUp);
        for hours in [1, 5, 24, 24 * 7, 24 * 60] {
            assert_eq!(goes_on(&stage, &stage.engine, Duration::from_hours(hours)).await, asked, "{}", store.name());
            // The next process begins to wait anew, and knows no better.
            let next = stage.restarted(store.dir.path()).await;
            goes_on(&stage, &next, Duration::from_mins(1)).await;
            assert_eq!(goes_on(&stage, &next, Duration::from_hours(1)).await, asked, "{}", store.name());
        }
        assert_eq!(zenvia.sent(), 30, "{}", store.name());
    }
}

#[tokio::test]
async fn a_receipt_that_comes_late_settles_the_doubt_also_for_the_next_process() {
    for (status, state) in [
        (json!({"code": "DELIVERED", "timestamp": "2026-11-24T13:00:02Z"}), "delivered"),
        (json!({"code": "SENT", "timestamp": "2026-11-24T13:00:02Z"}), "sent"),
        (json!({"code": "REJECTED", "timestamp": "2026-11-24T13:00:02Z"}), "failed"),
    ] {
        for store in stores().await {
            let zenvia = Silent::listening().await;
            let stage = Stage::with(&store, store.dir.path(), &zenvia.config()).await;
            let run = one_lost(&stage).await;
            goes_on(&stage, &stage.engine, Duration::from_hours(5)).await;
            let next = stage.restarted(store.dir.path()).await;
            let reference = zenvia.seen.lock().unwrap()[0].clone();
            told(&next, &reference, status.clone()).await;
            assert_eq!(states(&store, run).await, [("accepted", 29), (state, 1)].into(), "{}", store.name());
            Janitor::new(next.clone()).step().await.unwrap();
            assert_eq!(sender_of(&next, "mao").drain().await, 0, "{}", store.name());
            assert_eq!(zenvia.sent(), 30, "{state} {}", store.name());
        }
    }
}

#[tokio::test]
async fn what_a_daemon_had_claimed_when_it_died_is_not_sent_by_the_next_one() {
    for store in stores().await {
        let zenvia = Silent::listening().await;
        let stage = Stage::with(&store, store.dir.path(), &zenvia.config()).await;
        let run = one_lost_later(&stage).await;
        let next = stage.restarted(store.dir.path()).await;
        stage.clock.advance(DOUBTFUL);
        Janitor::new(next.clone()).step().await.unwrap();
        sender_of(&next, "mao").drain().await;
        let before = zenvia.sent();
        change(&store, "UPDATE message SET sent_at = accepted_at WHERE state = 'accepted'").await;
        for _ in 0..3 {
            // The one that was claimed, and the one whose answer was lost.
            assert_eq!(states(&store, run).await["in_doubt"], 2, "{}", store.name());
            stage.clock.advance(Duration::from_hours(30));
            change(&store, "DELETE FROM setting WHERE key = 'heartbeat'").await;
            Janitor::new(next.clone()).step().await.unwrap();
            sender_of(&next, "mao").drain().await;
        }
        assert_eq!(zenvia.sent(), before, "{}", store.name());
    }
}

/// A run of thirty of which one is claimed, and nobody knows whether its request was written.
async fn one_lost_later(stage: &Stage) -> RunId {
    let run = stage.run("turnos", &CAMPAIGN.replace("\"front\"", "\"mao\""), &people(30)).await;
    let dying = sender_of(&stage.engine, "mao");
    let claimed = dying.dispatcher.with_slots(1).look().await.unwrap();
    assert!(matches!(claimed, recado::engine::dispatcher::Look::Claimed(_)), "{claimed:?}");
    run
}
