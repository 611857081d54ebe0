//! Nothing is claimed while the places taken reach the tier: any order of claims, answers, receipts, pauses of the
//! daemon and changes of the limit, with two senders of one portfolio.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::support::TestStore;

const PEOPLE: usize = 12;

#[derive(Clone, Debug)]
enum Op {
    /// Rows of a run, or of another.
    Queue {
        sender: usize,
        people: Vec<usize>,
    },
    Claim {
        sender: usize,
        limit: usize,
    },
    /// Answers and receipts for the message of that place among those that have left.
    Answer {
        which: usize,
        how: usize,
    },
    Receipt {
        which: usize,
        delivered: bool,
    },
    /// Hours go by.
    Pass(u64),
    /// The daemon dies and another starts.
    Restart,
    Recount,
    Purge,
    Limit(Option<i64>),
    /// Another installation reaches somebody.
    Foreign {
        person: usize,
        failed: bool,
    },
    Link {
        one: usize,
        other: usize,
    },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => (0..2_usize, prop::collection::vec(0..PEOPLE, 1..6)).prop_map(|(sender, people)| Op::Queue { sender, people }),
        6 => (0..2_usize, 1..6_usize).prop_map(|(sender, limit)| Op::Claim { sender, limit }),
        6 => (any::<usize>(), 0..6_usize).prop_map(|(which, how)| Op::Answer { which, how }),
        8 => (any::<usize>(), any::<bool>()).prop_map(|(which, delivered)| Op::Receipt { which, delivered }),
        3 => (1..30_u64).prop_map(Op::Pass),
        1 => Just(Op::Restart),
        1 => Just(Op::Recount),
        1 => Just(Op::Purge),
        1 => prop_oneof![4 => (1..6_i64).prop_map(Some), 1 => Just(None)].prop_map(Op::Limit),
        1 => (0..PEOPLE, any::<bool>()).prop_map(|(person, failed)| Op::Foreign { person, failed }),
        1 => (0..PEOPLE, 0..PEOPLE).prop_map(|(one, other)| Op::Link { one, other }),
    ];
    prop::collection::vec(op, 1..80)
}

/// What the test knows of a message that was claimed: nothing of it comes from the ledger.
#[derive(Clone, Debug)]
struct Known {
    person: usize,
    attempt: i64,
    state: &'static str,
    accepted: Option<UnixMs>,
    delivered: Option<UnixMs>,
}

impl Known {
    fn holds(&self, now: UnixMs) -> bool {
        let since = |at: Option<UnixMs>| at.is_some_and(|at| at.plus(KEPT) > now);
        match self.state {
            "claimed" | "in_doubt" | "in_review" => true,
            "accepted" => since(self.accepted),
            "delivered" => since(self.accepted) || since(self.delivered),
            _ => false,
        }
    }
}

struct Model {
    now: UnixMs,
    limit: Option<i64>,
    messages: BTreeMap<MessageId, Known>,
    foreign: BTreeMap<usize, UnixMs>,
    /// Who each of them is, through links.
    root: Vec<usize>,
}

impl Model {
    fn reached(&self) -> BTreeSet<usize> {
        let ours = self.messages.values().filter(|m| m.holds(self.now)).map(|m| self.root[m.person]);
        let others = self.foreign.iter().filter(|(_, until)| **until > self.now).map(|(p, _)| self.root[*p]);
        ours.chain(others).collect()
    }

    fn nth(&self, which: usize, fits: impl Fn(&Known) -> bool) -> Option<MessageId> {
        let all: Vec<MessageId> = self.messages.iter().filter(|(_, m)| fits(m)).map(|(id, _)| *id).collect();
        (!all.is_empty()).then(|| all[which % all.len()])
    }
}

static CASE: AtomicU32 = AtomicU32::new(0);

async fn play(store: &TestStore, ops: &[Op]) -> Result<(), TestCaseError> {
    let case = CASE.fetch_add(1, Ordering::Relaxed);
    let mut house = House::new(store, &format!("x{case}"), 0, Limit::People(3)).await;
    house.people = fresh_people(store, case).await;
    let (messages, foreign) = (BTreeMap::new(), BTreeMap::new());
    let mut model = Model { now: NOW, limit: Some(3), messages, foreign, root: (0..PEOPLE).collect() };
    for op in ops {
        step(store, &house, &mut model, op).await?;
        let (held, reached) = (house.held(store, model.now).await.len(), model.reached().len());
        prop_assert!(model.limit.is_none() || held >= reached, "the ledger knows {held} of {reached} after {op:?}");
    }
    Ok(())
}

async fn fresh_people(store: &Store, case: u32) -> Vec<PersonId> {
    let digits = |i: usize| format!("54911{:08}", 60_000_000 + case as usize * 100 + i);
    let phones: Vec<(Phone, String)> =
        (0..PEOPLE).map(|i| (Phone::from_international(&digits(i)).unwrap(), String::new())).collect();
    let mut tx = store.begin().await.unwrap();
    let people = person::ensure(&mut tx, &phones, NOW).await.unwrap();
    tx.commit().await.unwrap();
    people
}

async fn step(store: &TestStore, house: &House, model: &mut Model, op: &Op) -> Result<(), TestCaseError> {
    match op {
        Op::Queue { sender, people } => drop(house.queue(store, *sender, people).await),
        Op::Claim { sender, limit } => return claim(store, house, model, (*sender, *limit)).await,
        Op::Answer { which, how } => answer(store, house, model, (*which, *how)).await,
        Op::Receipt { which, delivered } => report(store, model, (*which, *delivered)).await,
        Op::Pass(hours) => model.now = model.now.plus(HOUR * u32::try_from(*hours).unwrap()),
        Op::Restart => {
            // Its claims are in doubt, and nothing it had in memory is left.
            message::lose_claims(store, model.now.plus(HOUR)).await.unwrap();
            model.messages.values_mut().filter(|m| m.state == "claimed").for_each(|m| m.state = "in_doubt");
            place::begin(store, &house.name, 0, model.now).await.unwrap();
            house.limit(store, Limit::of(model.limit), model.now).await;
        }
        Op::Recount => drop(place::recount(store, &house.name, model.now).await.unwrap()),
        Op::Purge => place::purge(store, model.now).await.unwrap(),
        Op::Limit(people) => {
            model.limit = *people;
            house.limit(store, Limit::of(*people), model.now).await;
            // Other installations' people of the last day are not in our messages.
            if people.is_none() {
                model.foreign.clear();
            }
        }
        Op::Foreign { person, failed } if model.limit.is_some() => {
            let until = if *failed { UnixMs(0) } else { model.now.plus(KEPT) };
            model.foreign.insert(*person, until);
            let (id, portfolio) = (format!("{}-{person}", house.name), house.name.clone());
            let foreign = Foreign { id, portfolio, person: root_id(house, model, *person), until };
            let mut tx = store.begin().await.unwrap();
            place::foreign(&mut tx, &foreign, model.now).await.unwrap();
            tx.commit().await.unwrap();
        }
        Op::Foreign { .. } => {}
        Op::Link { one, other } => {
            let (one, other) = (model.root[*one], model.root[*other]);
            let (ids, joins) = ((house.people[one], house.people[other]), one.max(other));
            let mut tx = store.begin().await.unwrap();
            recado::store::identity::link(&mut tx, ids.0, ids.1).await.unwrap();
            tx.commit().await.unwrap();
            model.root.iter_mut().filter(|root| **root == joins).for_each(|root| *root = one.min(other));
        }
    }
    Ok(())
}

fn root_id(house: &House, model: &Model, person: usize) -> PersonId {
    house.people[model.root[person]]
}

async fn claim(
    store: &TestStore,
    house: &House,
    model: &mut Model,
    (sender, limit): (usize, usize),
) -> Result<(), TestCaseError> {
    let before = model.reached();
    let taken = house.claim(store, sender, limit, model.now).await;
    for m in &taken.messages {
        let person = house.people.iter().position(|p| *p == m.person_id).unwrap();
        let known = Known { person, attempt: m.attempt, state: "claimed", accepted: None, delivered: None };
        model.messages.insert(m.id, known);
    }
    let after = model.reached();
    let Some(people) = model.limit else { return Ok(()) };
    let new = after.difference(&before).count();
    prop_assert!(
        new == 0 || after.len() as i64 <= people,
        "{} of {people} after {new} new, {}",
        after.len(),
        store.name()
    );
    Ok(())
}

async fn answer(store: &TestStore, house: &House, model: &mut Model, (which, how): (usize, usize)) {
    let Some(id) = model.nth(which, |m| m.state == "claimed") else { return };
    let now = model.now;
    let known = model.messages.get_mut(&id).unwrap();
    let (verdict, state) = match how {
        0 => (refused(), "failed"),
        1 => (back(now), "queued"),
        2 => (Verdict::InDoubt { reason: String::new() }, "in_doubt"),
        3 => (accepted(true), "in_review"),
        _ => (accepted(false), "accepted"),
    };
    known.state = state;
    known.accepted = matches!(state, "accepted" | "in_review").then_some(now);
    settle(store, (id, known.attempt, house.people[known.person]), now, verdict).await;
}

async fn report(store: &TestStore, model: &mut Model, (which, delivered): (usize, bool)) {
    let fits =
        |m: &Known| matches!(m.state, "accepted" | "in_review" | "in_doubt") || (delivered && m.state == "failed");
    let Some(id) = model.nth(which, fits) else { return };
    let now = model.now;
    let known = model.messages.get_mut(&id).unwrap();
    known.state = if delivered { "delivered" } else { "failed" };
    known.delivered = delivered.then_some(now);
    let state = if delivered { MessageState::Delivered } else { MessageState::Failed };
    receive(store, id, state, (now, now)).await;
}

#[test]
fn nothing_is_claimed_while_the_places_taken_reach_the_tier() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = runtime.block_on(stores());
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    runner
        .run(&ops(), |ops| {
            for store in &stores {
                runtime.block_on(play(store, &ops))?;
            }
            Ok(())
        })
        .unwrap();
}
