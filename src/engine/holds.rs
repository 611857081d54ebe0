//! Holds that lift themselves: an outage when the provider answers again, a template when the provider sends it again,
//! a pause when its time has passed. Everything else waits for a person.

use std::time::Duration;

use super::dispatcher::FIRST_PROBE;
use super::{Engine, EngineError};
use crate::domain::template::TemplateStatus;
use crate::domain::time::UnixMs;
use crate::provider::ProviderError;
use crate::store::hold::{self, Hold, HoldCause, HoldScope};
use crate::store::template;

/// Who lifts what is over.
pub const ITSELF: &str = "recado";

/// How often a template that is held is read again: its webhook may have been lost.
pub const TEMPLATE_POLL: Duration = Duration::from_mins(10);

/// Probes of an outage stop spacing out here.
const LONGEST_PROBE: Duration = Duration::from_mins(10);

/// Looks at the holds that are due to be looked at.
pub(super) async fn probe(engine: &Engine, now: UnixMs) -> Result<(), EngineError> {
    let due = |hold: &Hold| hold.until_at.is_some_and(|until| until <= now);
    for hold in hold::open(&engine.store).await?.into_iter().filter(due) {
        let (is_over, again) = match hold.cause {
            HoldCause::Outage => {
                (answers(engine, &hold).await, now.since(hold.created_at).clamp(FIRST_PROBE, LONGEST_PROBE))
            }
            HoldCause::Quality => (is_sendable(engine, &hold, now).await?, TEMPLATE_POLL),
            HoldCause::Refused | HoldCause::Person | HoldCause::Budget | HoldCause::Restored => continue,
        };
        if is_over {
            engine.lift_hold(hold.id, ITSELF).await?;
        } else {
            hold::postpone(&engine.store, hold.id, now.plus(again)).await?;
        }
    }
    Ok(())
}

async fn answers(engine: &Engine, hold: &Hold) -> bool {
    if hold.scope != HoldScope::Account {
        return true;
    }
    let sender = engine.config.senders.values().find(|sender| sender.account == hold.scope_key);
    let (Some(provider), Some(sender)) = (engine.providers.get(&hold.scope_key), sender) else { return true };
    // A refusal is an answer: the way to the provider works again.
    !matches!(provider.sender_status(&sender.phone_number_id).await, Err(ProviderError::Unreachable(_)))
}

/// Reads the template of a hold again; false also when the provider does not tell.
async fn is_sendable(engine: &Engine, hold: &Hold, now: UnixMs) -> Result<bool, EngineError> {
    let mut key = hold.scope_key.splitn(3, '/');
    let (Some(account), Some(name), Some(language)) = (key.next(), key.next(), key.next()) else { return Ok(false) };
    let Some(provider) = engine.providers.get(account) else { return Ok(false) };
    let Ok(Some(told)) = provider.template(name, language).await else { return Ok(false) };
    template::save(&engine.store, account, &told, now).await?;
    Ok(told.status == TemplateStatus::Approved)
}
