//! `at_most`: the gate of how often one person gets messages, across campaigns and senders.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Dispatcher;
use super::gate::Known;
use super::run_facts::RunFacts;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::frequency::AtMost;
use crate::domain::id::{PersonId, RunId};
use crate::domain::kind::Priority;
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::store::message::{Claimed, PutBack, Verdict, reached_since};

/// The gate's name while a message waits for it.
const FREQUENCY: &str = "frequency";

/// Two messages that leave at once for one person both give way; they come back this far apart, by their numbers.
const APART: u64 = 97;

/// What the people of a claim have got.
pub(super) struct Frequency {
    now: UnixMs,
    /// By person: when, of what priority, and whether it is only leaving.
    got: BTreeMap<PersonId, Vec<(UnixMs, Priority, bool)>>,
}

impl Frequency {
    /// Reads it where a run of the claim asks for it.
    pub async fn read(of: &Dispatcher, claimed: &[Claimed], known: &Known, now: UnixMs) -> Result<Self, EngineError> {
        let rule = |m: &Claimed| of.facts_of(m.run_id).and_then(|facts| facts.at_most);
        let longest = claimed.iter().filter_map(rule).map(AtMost::longest).max();
        let mut got: BTreeMap<PersonId, Vec<(UnixMs, Priority, bool)>> = BTreeMap::new();
        if let Some(longest) = longest {
            let asked: Vec<PersonId> =
                claimed.iter().filter(|m| rule(m).is_some()).map(|m| known.root(m.person_id)).collect();
            for reached in reached_since(&of.engine.store, &asked, now.minus(longest)).await? {
                if claimed.iter().all(|m| m.id != reached.id) {
                    got.entry(reached.root).or_default().push((reached.at, reached.priority, reached.leaving == 1));
                }
            }
        }
        Ok(Self { now, got })
    }

    /// What it decides instead of sending.
    pub fn stop(&self, message: &Claimed, facts: Option<&RunFacts>, root: PersonId) -> Option<Verdict> {
        let rule = facts?.at_most?;
        let zone = TimeZone::get(&message.timezone).unwrap_or(TimeZone::UTC);
        let next = self.not_before(rule, root, &zone, true)?;
        let settled = self.not_before(rule, root, &zone, false);
        let due_at =
            settled.map_or(self.now.plus(Duration::from_secs(1 + message.id.0.unsigned_abs() % APART)), |_| next);
        if message.latest_at.is_some_and(|latest| latest < due_at) {
            return Some(Verdict::Excluded(ExclusionReason::Frequency));
        }
        Some(Verdict::PutBack(PutBack { due_at, waiting_for: Some(FREQUENCY), turned_away: None }))
    }

    /// It leaves: the next one of the claim for the same person sees it.
    pub fn goes(&mut self, message: &Claimed, root: PersonId) {
        if message.run_id != RunId::BY_HAND {
            self.got.entry(root).or_default().push((self.now, message.priority, false));
        }
    }

    fn not_before(&self, rule: AtMost, root: PersonId, zone: &TimeZone, leaving_too: bool) -> Option<UnixMs> {
        let counts = |(_, priority, leaving): &&(UnixMs, Priority, bool)| {
            rule.kind.is_none_or(|kind| kind.priority() == *priority) && (leaving_too || !leaving)
        };
        let sent: Vec<UnixMs> = self.got.get(&root)?.iter().filter(counts).map(|(at, ..)| *at).collect();
        rule.not_before(&sent, self.now, zone)
    }
}
