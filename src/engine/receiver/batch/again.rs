//! What a reported failure allows: another try, where the policy of its code does and the schedule still does.

use crate::domain::failure::{Failure, FailureClass, Policy};
use crate::domain::id::{MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::store::message::{self, Again};
use crate::store::receipt::Standing;
use crate::store::{Tx, alias};

/// Puts back in line what may be tried again; the messages it did.
pub(super) async fn put_back(
    tx: &mut Tx,
    engine: &Engine,
    failed: &[&Standing],
    now: UnixMs,
) -> Result<Vec<MessageId>, EngineError> {
    let allowed: Vec<(Again, u32)> =
        told_of_once(tx, failed).await?.into_iter().filter_map(|standing| again(engine, standing, now)).collect();
    if allowed.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<Again> = allowed.iter().map(|(again, _)| again.clone()).collect();
    let before = message::earlier_failures(tx, &all).await?;
    let left = |(again, tries): &(Again, u32)| before.get(&again.id).copied().unwrap_or(0) < i64::from(*tries);
    let now_again: Vec<Again> = allowed.into_iter().filter(left).map(|(again, _)| again).collect();
    Ok(message::try_again(tx, &now_again).await?)
}

/// Those of `failed` of which nothing speaks against their not having left: trouble at the provider after WhatsApp took the
/// message, which its own id tells, or passed it on, may have reached the person.
async fn told_of_once<'a>(tx: &mut Tx, failed: &[&'a Standing]) -> Result<Vec<&'a Standing>, EngineError> {
    let is_unsaid = |standing: &Standing| standing.failure_code == Some(Failure::TROUBLE);
    let unsaid = failed.iter().filter(|standing| is_unsaid(standing));
    let ids: Vec<&str> = unsaid.filter_map(|standing| standing.provider_id.as_deref()).collect();
    let taken = alias::taken(tx, &ids).await?;
    let has_left = |standing: &Standing| {
        standing.sent_at.is_some() || standing.provider_id.as_ref().is_some_and(|id| taken.contains(id))
    };
    Ok(failed.iter().copied().filter(|standing| !is_unsaid(standing) || !has_left(standing)).collect())
}

/// How `standing` may be tried again, and how often in all.
fn again(engine: &Engine, standing: &Standing, now: UnixMs) -> Option<(Again, u32)> {
    let code = standing.failure_code?;
    let policy = engine.errors_of(&standing.account).policy(code)?;
    let Policy { tries: tries @ 1.., retry_after: Some(after), class, .. } = policy else { return None };
    if standing.run_id == RunId::BY_HAND {
        // A person sees that it failed and decides.
        return None;
    }
    let waiting_for = match class {
        _ if code == Failure::EMPTY_WALLET => "wallet",
        FailureClass::RetryPair => "pair_limit",
        FailureClass::Retry => "throughput",
        _ => "later",
    };
    let again = Again { id: standing.id, attempt: standing.attempt, code, due_at: now.plus(after), waiting_for };
    Some((again, tries))
}
