//! No attempt opens while an earlier one may have been accepted and has not failed: any order of sending, answers lost and
//! refused, receipts in any order, doubts released, and retries.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use recado::domain::id::{MessageId, RunId};
use recado::engine::DoubtSettlement;
use recado::store::message::{self, DoubtFilter};

use super::{change, tell_of};
use crate::engine::stage::{CAMPAIGN, Does, Stage, people};
use crate::support::{TestStore, stores};

#[derive(Clone, Debug)]
enum Op {
    /// What waits is sent, and answered so.
    Send(Vec<usize>),
    /// The provider reports on the request of that place; `late`: on one that another attempt has followed.
    Receipt { late: bool, which: usize, status: &'static str, code: usize },
    /// A person tries again everything that failed.
    Retry,
    /// A person decides about everything in doubt.
    Settle(usize),
    /// Time goes by.
    Pass(u64),
}

/// One that is never tried again by itself, and two that are.
const CODES: [i64; 3] = [131_026, 131_049, 131_000];

fn receipt(late: bool, status: impl Strategy<Value = &'static str>) -> impl Strategy<Value = Op> {
    (any::<usize>(), status, 0..CODES.len()).prop_map(move |(which, status, code)| Op::Receipt {
        late,
        which,
        status,
        code,
    })
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => prop::collection::vec(prop_oneof![1 => Just(0), 2 => Just(1), 3 => Just(2), 2 => Just(3)], 3).prop_map(Op::Send),
        // Deliveries end a message's story, and so they are rare, except late ones: those are the dangerous ones.
        5 => receipt(false, prop_oneof![6 => Just("failed"), 2 => Just("sent"), 1 => Just("delivered")]),
        4 => receipt(true, prop_oneof![1 => Just("failed"), 2 => Just("sent"), 2 => Just("delivered"), 1 => Just("read")]),
        4 => Just(Op::Retry),
        5 => prop_oneof![1 => Just(0), 5 => Just(1), 1 => Just(2)].prop_map(Op::Settle),
        1 => (1..200_u64).prop_map(Op::Pass),
    ];
    prop::collection::vec(op, 1..40)
}

/// What the provider knows of one request, and what it has told.
#[derive(Clone, Debug)]
struct Request {
    message: MessageId,
    attempt: i64,
    answer: &'static str,
    /// Somebody decided that it does not count.
    released: bool,
    told: Vec<&'static str>,
}

impl Request {
    /// Whether, by all that Recado has been told, the person may have got it or may still get it.
    fn may_live(&self) -> bool {
        let told = |status: &str| self.told.iter().position(|t| *t == status);
        if told("delivered").is_some() || told("read").is_some() {
            return true;
        }
        match (told("failed"), self.answer) {
            (Some(_), _) | (None, "refused") => false,
            (None, "accepted") => true,
            (None, _) => !self.released || told("sent").is_some(),
        }
    }
}

#[derive(Default)]
struct World {
    requests: Vec<Request>,
}

static CASE: AtomicU32 = AtomicU32::new(0);

async fn play(store: &TestStore, ops: &[Op]) -> Result<(), TestCaseError> {
    let stage = Stage::new(store, store.dir.path()).await;
    for sql in [
        "DELETE FROM attempt",
        "DELETE FROM arrival",
        "DELETE FROM message",
        "DELETE FROM suppression",
        "UPDATE run SET state = 'closed'",
    ] {
        change(store, sql).await;
    }
    let name = format!("r{}", CASE.fetch_add(1, Ordering::Relaxed));
    let run = stage.run(&name, CAMPAIGN, &people(3)).await;
    let mut world = World::default();
    for op in ops {
        world.step(&stage, run, op).await?;
    }
    Ok(())
}

impl World {
    async fn step(&mut self, stage: &Stage, run: RunId, op: &Op) -> Result<(), TestCaseError> {
        match op {
            Op::Send(answers) => return self.send(stage, answers).await,
            Op::Receipt { late, which, status, code } => {
                self.report(stage, (*late, *which), (status, CODES[*code])).await;
            }
            Op::Retry => {
                let sheet = stage.engine.retry_sheet(run).await.unwrap();
                let codes = sheet.groups.iter().map(|group| group.code).collect();
                stage.engine.retry(run, &codes).await.unwrap();
            }
            Op::Settle(how) => self.settle(stage, DoubtSettlement::ALL[*how]).await,
            Op::Pass(minutes) => stage.clock.advance(Duration::from_mins(*minutes)),
        }
        Ok(())
    }

    async fn send(&mut self, stage: &Stage, answers: &[usize]) -> Result<(), TestCaseError> {
        // A number in maintenance pauses its sender; here it is over at once.
        change(&stage.engine.store, "DELETE FROM hold").await;
        stage.clock.advance(Duration::from_secs(90));
        let before = stage.stub.count();
        let does = |kind: &usize| match kind {
            0 => Does::Accepts,
            1 => Does::Says(400, 131_051),
            2 => Does::Says(500, 131_000),
            _ => Does::Says(429, 130_429),
        };
        stage.stub.next(answers.iter().map(does));
        stage.sender().step().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        // Requests that leave together may come in any order, and are told apart by what became of them.
        for callback in &seen[before..] {
            let (message, attempt) = (callback.message, callback.attempt);
            for earlier in self.requests.iter().filter(|r| r.message == message) {
                prop_assert!(earlier.attempt < attempt, "{message} left twice as {attempt}");
                prop_assert!(!earlier.may_live(), "attempt {attempt} of {message} opened beside {earlier:?}");
            }
            let answer = match stage.message(message).await.state.as_str() {
                "accepted" => "accepted",
                "in_doubt" => "lost",
                _ => "refused",
            };
            self.requests.push(Request { message, attempt, answer, released: false, told: Vec::new() });
        }
        stage.stub.forget();
        Ok(())
    }

    async fn report(&mut self, stage: &Stage, (late, which): (bool, usize), (status, code): (&'static str, i64)) {
        let is_followed =
            |this: &Request| self.requests.iter().any(|r| r.message == this.message && r.attempt > this.attempt);
        let fits = |this: &Request| this.answer != "refused" && is_followed(this) == late;
        let left: Vec<usize> = (0..self.requests.len()).filter(|n| fits(&self.requests[*n])).collect();
        let Some(nth) = (!left.is_empty()).then(|| left[which % left.len()]) else { return };
        tell_of(stage, nth, (status, code), stage.clock.now()).await;
        self.requests[nth].told.push(status);
    }

    async fn settle(&mut self, stage: &Stage, how: DoubtSettlement) {
        let ids = message::doubt_ids(&stage.engine.store, &DoubtFilter::default(), None).await.unwrap();
        stage.engine.settle_doubts(&ids, how).await.unwrap();
        let mut latest: BTreeMap<MessageId, &mut Request> = BTreeMap::new();
        for request in &mut self.requests {
            latest.insert(request.message, request);
        }
        for id in ids {
            if let (DoubtSettlement::SendAgain, Some(request)) = (how, latest.get_mut(&id)) {
                request.released = true;
            }
        }
    }
}

#[test]
fn no_attempt_opens_while_an_earlier_one_may_have_been_accepted_and_has_not_failed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = runtime.block_on(stores());
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    runner
        .run(&ops(), |ops| {
            // Both at once: most of the time goes by waiting for disks.
            runtime.block_on(futures::future::try_join_all(stores.iter().map(|store| play(store, &ops)))).map(drop)
        })
        .unwrap();
}
