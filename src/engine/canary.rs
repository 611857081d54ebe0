//! Canaries: a share of a run goes first; what its receipts say decides whether the rest follows. How far it is lies in
//! the store, so that a restart changes nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{info, warn};

use super::holds::ITSELF;
use super::{Engine, EngineError, breaker, load, steer};
use crate::domain::canary::{Figures, Share, Terms};
use crate::domain::change::Change;
use crate::domain::failure::Blame;
use crate::domain::id::RunId;
use crate::domain::run::RunState;
use crate::domain::time::UnixMs;
use crate::store::audit::{self, Deed};
use crate::store::canary::{self, Canary, CanaryState};
use crate::store::run::{self, Run};
use crate::store::{Tx, version};

/// So long before the first latest time a canary is judged by what is known then: whatever follows must still leave.
const IN_TIME: Duration = Duration::from_mins(5);

/// The rows of `run` are planned: so many of its messages go first. Where that is all of them there is nothing to decide.
pub(super) async fn begin(engine: &Engine, run: RunId, share: Share) -> Result<(), EngineError> {
    let messages = canary::queued(&engine.store, run).await?;
    let wanted = share.of(messages);
    if wanted < messages {
        canary::begin(&engine.store, run, wanted, engine.clock.now()).await?;
    }
    Ok(())
}

/// How many messages of the run may leave now, as far as its canary says; `None`: as many as there are.
pub(super) async fn room(engine: &Engine, open: &[Canary], run: RunId) -> Result<Option<usize>, EngineError> {
    let Some(canary) = open.iter().find(|canary| canary.run_id == run) else { return Ok(None) };
    let left = match canary.state {
        CanaryState::Sending => canary.wanted - canary::left(&engine.store, run).await?,
        _ => 0,
    };
    Ok(Some(usize::try_from(left).unwrap_or(0)))
}

/// How the canary of a run stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct CanaryStanding {
    /// `sending`, `waiting`, `passed`, `stopped`, `overruled` or `over`.
    pub state: CanaryState,
    /// So many messages go first.
    pub messages: i64,
    /// When they are judged at the latest.
    pub judge_at: Option<UnixMs>,
    /// When they were.
    pub judged_at: Option<UnixMs>,
    /// How they stand; what they were judged by, once they are.
    pub figures: Figures,
}

/// How the canary of `run` stands; `None`: it has none.
pub async fn standing(engine: &Engine, run: RunId) -> Result<Option<CanaryStanding>, EngineError> {
    let Some(canary) = canary::get(&engine.store, run).await? else { return Ok(None) };
    let Some(run) = run::get(&engine.store, run).await? else { return Ok(None) };
    let figures = match canary.figures()? {
        Some(judged) => judged,
        None => figures(engine, &run, &canary).await?,
    };
    let Canary { state, wanted, sent, judge_at, judged_at, .. } = canary;
    Ok(Some(CanaryStanding { state, messages: sent.unwrap_or(wanted), judge_at, judged_at, figures }))
}

/// Looks at every canary that is not judged yet. Returns the runs that changed.
pub(super) async fn step(engine: &Engine, now: UnixMs) -> Result<BTreeSet<RunId>, EngineError> {
    let mut changed = BTreeSet::new();
    for canary in canary::open(&engine.store).await? {
        let Some(run) = run::get(&engine.store, canary.run_id).await? else { continue };
        let done = match (run.state, canary.state) {
            (RunState::Closed | RunState::Cancelled, _) => end(engine, &canary, now).await?,
            (RunState::Running, CanaryState::Sending) => leave(engine, &run, &canary, now).await?,
            (RunState::Running, CanaryState::Waiting) => judge(engine, &run, &canary, now).await?,
            _ => false,
        };
        if done {
            changed.insert(run.id);
        }
    }
    Ok(changed)
}

/// What the run's file says about judging, else the installation.
async fn terms(engine: &Engine, run: &Run) -> Result<Terms, EngineError> {
    let file = match version::get(&engine.store, run.version_id).await? {
        Some(version) => load::parse(&version.definition).ok(),
        None => None,
    };
    Ok(file.map(|file| file.limits.canary_terms).unwrap_or_default().or(engine.config.canary).terms())
}

/// The share has left: from now on its receipts are waited for. It never makes what follows too late.
async fn leave(engine: &Engine, run: &Run, canary: &Canary, now: UnixMs) -> Result<bool, EngineError> {
    let store = &engine.store;
    if canary::queued(store, run.id).await? == 0 && canary::claimed(store, run.id).await? == 0 {
        return end(engine, canary, now).await;
    }
    let sent = canary::left(store, run.id).await?;
    if sent < canary.wanted || canary::claimed(store, run.id).await? > 0 {
        return Ok(false);
    }
    let wait = terms(engine, run).await?.wait;
    let usual = now.plus(wait);
    let first_latest = canary::first_latest(store, run.id, now, usual).await?;
    let judge_at = first_latest.map_or(usual, |latest| latest.minus(IN_TIME).min(usual));
    let done = canary::wait(store, run.id, sent, judge_at).await?;
    if done {
        info!(run.id = %run.id, message.count = sent, "the first {sent} messages of run {} have left", run.id);
        engine.tell(Change::Run(run.id));
    }
    Ok(done)
}

async fn figures(engine: &Engine, run: &Run, canary: &Canary) -> Result<Figures, EngineError> {
    let against = |code| breaker::blame(engine, &run.account, code) != Blame::Nobody;
    Ok(canary::figures(&engine.store, canary, against).await?)
}

async fn judge(engine: &Engine, run: &Run, canary: &Canary, now: UnixMs) -> Result<bool, EngineError> {
    let figures = figures(engine, run, canary).await?;
    if canary.judge_at.is_some_and(|at| now < at) && !figures.is_told() {
        return Ok(false);
    }
    let against = figures.judge(&terms(engine, run).await?);
    let mut tx = engine.store.begin().await?;
    let state = if against.is_empty() { CanaryState::Passed } else { CanaryState::Stopped };
    if !canary::judged(&mut tx, run.id, state, &figures, now).await? {
        return Ok(false);
    }
    if against.is_empty() {
        note(&mut tx, run.id, &figures, now).await?;
    } else {
        steer::stop_in(&mut tx, run.id, ITSELF, &against, now).await?;
    }
    tx.commit().await?;
    if against.is_empty() {
        info!(run.id = %run.id, "the first messages of run {} are judged good; the rest follows", run.id);
    } else {
        warn!(run.id = %run.id, "the first messages of run {} are judged bad; it is paused", run.id);
    }
    engine.tell(Change::Run(run.id));
    engine.wake.notify_waiters();
    Ok(true)
}

async fn note(tx: &mut Tx, run: RunId, figures: &Figures, now: UnixMs) -> Result<(), EngineError> {
    let subject = format!("run {run}");
    let Figures { sent, delivered, failed, opted_out, .. } = figures;
    let detail = format!("{sent} sent, {delivered} delivered, {failed} failed, {opted_out} opted out");
    let deed = Deed { actor: ITSELF, action: "canary.pass", subject: &subject, detail: &detail };
    Ok(audit::write_in(tx, now, deed).await?)
}

/// There is nothing left to decide.
async fn end(engine: &Engine, canary: &Canary, now: UnixMs) -> Result<bool, EngineError> {
    let figures = canary::figures(&engine.store, canary, |_| false).await?;
    let mut tx = engine.store.begin().await?;
    let done = canary::judged(&mut tx, canary.run_id, CanaryState::Over, &figures, now).await?;
    tx.commit().await?;
    Ok(done)
}
