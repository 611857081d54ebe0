//! Wide gates: decided once per scope, without touching a message.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use tokio::time::Instant;

use super::Dispatcher;
use super::run_facts::RunFacts;
use crate::domain::id::{RunId, VersionId};
use crate::domain::kind::Priority;
use crate::domain::snapshot::Billed;
use crate::engine::{self, EngineError, holds};
use crate::store::hold::{self, Hold, HoldCause, HoldScope};
use crate::store::message::Turn;
use crate::store::{canary, run, template};

/// A run with its priority and revision.
type Running = (RunId, Priority, VersionId, i64);

impl Dispatcher {
    /// The runs that nothing wide stops, each priority's in the order of their turns, those sent by hand first.
    pub(super) async fn open_runs(&self) -> Result<Vec<Turn>, EngineError> {
        let holds = hold::open(&self.engine.store).await?;
        self.bar(&holds);
        let stopping: Vec<&Hold> = holds.iter().filter(|hold| self.is_stopped_by(hold)).collect();
        if !stopping.is_empty() {
            // A restriction is one on templates: whoever wrote to us still gets an answer.
            let is_on_templates = |hold: &&Hold| {
                matches!(hold.cause, HoldCause::Restricted | HoldCause::Review) && hold.scope == HoldScope::Account
            };
            let answers = stopping.iter().all(is_on_templates);
            return Ok(if answers { vec![Turn::free(RunId::BY_HAND, Priority::AGENT)] } else { Vec::new() });
        }
        let running = run::running(&self.engine.store, &self.sender.name).await?;
        let canaries = if running.is_empty() { Vec::new() } else { canary::open(&self.engine.store).await? };
        let mut open = vec![Turn::free(RunId::BY_HAND, Priority::AGENT)];
        let billed = self.billed().await?;
        for (id, priority, version, revision) in self.in_turn(&running) {
            let Some(facts) = self.learn(id, (version, revision), &billed).await? else { continue };
            if holds.iter().any(|hold| is_held(hold, id, &facts)) {
                continue;
            }
            let room = Box::pin(engine::canary::room(&self.engine, &canaries, id)).await?;
            let room = self.less_by_people(id, &facts, room).await?;
            if room != Some(0) {
                open.push(Turn { run: id, priority, room });
            }
        }
        self.forget_others(&running);
        Ok(open)
    }

    /// The smaller of `room` and what the conversations that wait for the run's team leave.
    async fn less_by_people(
        &self,
        id: RunId,
        facts: &RunFacts,
        room: Option<usize>,
    ) -> Result<Option<usize>, EngineError> {
        let Some(by) = &facts.people else { return Ok(room) };
        let most = self.pacer.most();
        let left = self.people.room(&self.engine.store, id, (by, most), Instant::now()).await?;
        Ok(match (room, left) {
            (Some(room), Some(left)) => Some(room.min(left)),
            (one, other) => one.or(other),
        })
    }

    /// Keeps in mind whose people get nothing.
    fn bar(&self, holds: &[Hold]) {
        let keys = holds.iter().filter(|hold| hold.scope == HoldScope::Country).map(|hold| hold.scope_key.clone());
        *self.barred.lock().unwrap_or_else(PoisonError::into_inner) = keys.collect();
    }

    /// Whether nobody of the country of this number gets anything from the account.
    pub(super) fn is_barred(&self, recipient: &str) -> bool {
        let barred = self.barred.lock().unwrap_or_else(PoisonError::into_inner);
        holds::is_barred(&barred, &self.account.name, recipient)
    }

    fn is_stopped_by(&self, hold: &Hold) -> bool {
        match hold.scope {
            HoldScope::Store => true,
            HoldScope::Account => hold.scope_key == self.account.name,
            HoldScope::Sender => hold.scope_key == self.sender.name,
            HoldScope::Template | HoldScope::Run | HoldScope::Country => false,
        }
    }

    /// What the templates of the known runs are billed as now.
    async fn billed(&self) -> Result<Billed, EngineError> {
        let names: BTreeSet<(String, String)> = {
            let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.values().flat_map(|facts| facts.template.names()).collect()
        };
        Ok(template::categories(&self.engine.store, &self.account.name, &names).await?)
    }

    /// What is known of a run, read anew where it has been corrected, a new file may have come with another campaign file, or
    /// its template is billed as something else.
    async fn learn(
        &self,
        id: RunId,
        stands: (VersionId, i64),
        billed: &Billed,
    ) -> Result<Option<Arc<RunFacts>>, EngineError> {
        let is_so =
            |known: &Arc<RunFacts>| (known.version, known.revision) == stands && known.template.is_billed(billed);
        if let Some(known) = self.facts_of(id).filter(is_so) {
            return Ok(Some(known));
        }
        let Some(facts) = RunFacts::read(&self.engine.store, &self.engine.config, id).await? else { return Ok(None) };
        let facts = Arc::new(facts);
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&facts));
        Ok(Some(facts))
    }

    fn forget_others(&self, running: &[Running]) {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.retain(|id, _| running.iter().any(|(run, ..)| run == id));
    }

    /// `running` in the order of turns: who went first last time goes last now.
    fn in_turn(&self, running: &[Running]) -> Vec<Running> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|id| running.iter().any(|(run, ..)| run == id));
        for (id, ..) in running {
            if !turns.contains(id) {
                turns.push_back(*id);
            }
        }
        let place = |id: RunId| turns.iter().position(|turn| *turn == id);
        let mut ordered = running.to_vec();
        ordered.sort_by_key(|(id, priority, ..)| (*priority, place(*id)));
        ordered
    }

    /// After a claim the next run has the first turn.
    pub(super) fn next_turn(&self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = turns.pop_front() {
            turns.push_back(first);
        }
    }
}

fn is_held(hold: &Hold, run: RunId, facts: &RunFacts) -> bool {
    match hold.scope {
        HoldScope::Run => hold.scope_key == run.to_string(),
        HoldScope::Template => facts.template_keys.contains(&hold.scope_key),
        HoldScope::Store | HoldScope::Account | HoldScope::Sender | HoldScope::Country => false,
    }
}
