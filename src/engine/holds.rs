//! Holds that lift themselves: an outage when the provider answers again, a template when the provider sends it again,
//! a pause when its time has passed. Everything else waits for a person.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::info;

use super::dispatcher::FIRST_PROBE;
use super::template::keep;
use super::{Engine, EngineError};
use crate::domain::change::Change;
use crate::domain::id::{MessageId, RunId};
use crate::domain::notice::UTILITY;
use crate::domain::recipient::Recipient;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::{Category, TemplateStatus};
use crate::domain::time::UnixMs;
use crate::intake::phone_number::country_of;
use crate::provider::ProviderError;
use crate::store::hold::{self, Hold, HoldCause, HoldScope, NewHold};
use crate::store::run::NewRun;
use crate::store::{StoreError, Tx, message, notice, setting, template};

pub use crate::store::audit::ITSELF;

/// How often a template that is held is read again: its webhook may have been lost.
pub const TEMPLATE_POLL: Duration = Duration::from_mins(10);

/// Messages left out for their country that are looked at together.
const LEFT_OUT: i64 = 1_000;

/// Probes of an outage stop spacing out here.
const LONGEST_PROBE: Duration = Duration::from_mins(10);

/// The scope key of the country that a number of `account` is in; `None` where its plan does not tell the country.
pub(super) fn country_key(account: &str, recipient: &str) -> Option<String> {
    let country = match Recipient::parse(recipient)? {
        Recipient::Phone(phone) => country_of(&phone)?,
        user @ Recipient::User(_) => user.country()?.to_owned(),
    };
    Some(hold::country_key(account, &country))
}

/// The scope keys of the countries that nobody is written to in.
pub(super) async fn countries(engine: &Engine) -> Result<BTreeSet<String>, EngineError> {
    let open = hold::open(&engine.store).await?.into_iter();
    Ok(open.filter(|hold| hold.scope == HoldScope::Country).map(|hold| hold.scope_key).collect())
}

/// A run that begins while the account's utility templates are restricted waits, if it sends one.
pub(super) async fn restrict(tx: &mut Tx, run: RunId, new: &NewRun<'_>) -> Result<(), EngineError> {
    let until_at = notice::until(tx, new.account, UTILITY, new.at).await?;
    if until_at.is_none() {
        return Ok(());
    }
    let snapshot: Snapshot =
        serde_json::from_str(new.template).map_err(|_| StoreError::Corrupt { what: "template" })?;
    if snapshot.has(Category::Utility) {
        let (scope, scope_key) = (HoldScope::Run, run.to_string());
        let hold = NewHold { scope, scope_key, cause: HoldCause::Restricted, code: None, until_at };
        hold::place_in(tx, &hold, new.at).await?;
    }
    Ok(())
}

/// Whether a number of `account` is in one of `countries`.
pub(super) fn is_barred(countries: &BTreeSet<String>, account: &str, recipient: &str) -> bool {
    !countries.is_empty() && country_key(account, recipient).is_some_and(|key| countries.contains(&key))
}

/// Who was left out while nobody of the country was written to waits again, where it is not too late; every gate is asked
/// anew.
pub(super) async fn let_country_go_on(engine: &Engine, hold: &Hold, now: UnixMs) -> Result<(), EngineError> {
    let Some((account, _)) = hold.scope_key.rsplit_once('/') else { return Ok(()) };
    let (opened, mut after) = (BTreeSet::from([hold.scope_key.clone()]), MessageId(0));
    loop {
        let page = message::left_out(&engine.store, account, hold.created_at, after, LEFT_OUT).await?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after = *last;
        let theirs = page.iter().filter(|(_, _, number)| is_barred(&opened, account, number));
        let (ids, runs): (Vec<MessageId>, BTreeSet<RunId>) = theirs.map(|(id, run, _)| (*id, *run)).unzip();
        if !ids.is_empty() {
            let done = message::unbar(&engine.store, &ids, &runs, now).await?;
            info!(message.count = done, "{done} messages that were left out for their country wait again");
            engine.tell_runs(runs);
        }
    }
}

/// The word of a number whose quality is low. It is taken from use as the two below are (cloud-api.md 5.6), though the
/// provider still takes its messages: what it sends now would have it restricted. A person may let it go on.
const FLAGGED: &str = "FLAGGED";

/// Words of a number that may not send (cloud-api.md 5.6).
const RESTRICTED: [&str; 2] = ["RESTRICTED", "BANNED"];

/// The word of a number that may.
const CONNECTED: &str = "CONNECTED";

/// A number says how it stands: one that may not send, or should not, is held until it says that it may.
pub(super) async fn heed_status(engine: &Engine, sender: &str, status: &str) -> Result<(), EngineError> {
    let status = status.to_ascii_uppercase();
    let wanted = match status.as_str() {
        FLAGGED => Some(HoldCause::Flagged),
        word if RESTRICTED.contains(&word) => Some(HoldCause::Restricted),
        CONNECTED => None,
        _ => return Ok(()),
    };
    let (scope, now, key) = (HoldScope::Sender, engine.clock.now(), format!("standing.{sender}"));
    let is_news = setting::read(&engine.store, &key).await?.is_none_or(|before| before != status);
    let open = hold::open(&engine.store).await?;
    let is_open = |cause| open.iter().any(|h| (h.scope, h.cause, &*h.scope_key) == (scope, cause, sender));
    let over = [HoldCause::Flagged, HoldCause::Restricted].into_iter().filter(|c| Some(*c) != wanted && is_open(*c));
    let over: Vec<HoldCause> = over.collect();
    // A warning that a person has set aside is not repeated for as long as nothing else is said.
    let new = wanted.filter(|cause| !is_open(*cause) && (is_news || *cause == HoldCause::Restricted));
    let changed = !over.is_empty() || new.is_some();
    if changed {
        let mut tx = engine.store.begin().await?;
        for cause in over {
            hold::lift_cause(&mut tx, (scope, sender, cause), now, ITSELF).await?;
        }
        if let Some(cause) = new {
            let new = NewHold { scope, scope_key: sender.to_owned(), cause, code: None, until_at: None };
            hold::place_in(&mut tx, &new, now).await?;
        }
        tx.commit().await?;
    }
    if is_news {
        setting::write(&engine.store, &key, &status).await?;
    }
    if changed {
        engine.tell(Change::Holds);
        engine.wake.notify_waiters();
    }
    Ok(())
}

/// Looks at the holds that are due to be looked at.
pub(super) async fn probe(engine: &Engine, now: UnixMs) -> Result<(), EngineError> {
    for hold in hold::open(&engine.store).await? {
        if hold.until_at.is_none_or(|until| until > now) {
            // What was corrected, or cancelled, needs the template that is gone no more.
            if hold.cause == HoldCause::Deleted && !is_used(engine, &hold).await? {
                engine.lift_hold(hold.id, ITSELF).await?;
            }
            continue;
        }
        let (is_over, again) = match hold.cause {
            HoldCause::Outage => {
                (answers(engine, &hold).await, now.since(hold.created_at).clamp(FIRST_PROBE, LONGEST_PROBE))
            }
            HoldCause::Quality | HoldCause::Deleted | HoldCause::Unknown => {
                (is_sendable(engine, &hold, now).await?, TEMPLATE_POLL)
            }
            // Until when the provider restricts is the provider's word; it says nothing when it is over.
            HoldCause::Restricted => (true, TEMPLATE_POLL),
            HoldCause::Refused
            | HoldCause::Review
            | HoldCause::Flagged
            | HoldCause::Wallet
            | HoldCause::Person
            | HoldCause::Budget
            | HoldCause::Disk
            | HoldCause::Restored => {
                continue;
            }
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

/// Account, name and language of the template that a hold stops.
fn template_of(hold: &Hold) -> Option<(&str, &str, &str)> {
    let mut key = hold.scope_key.splitn(3, '/');
    Some((key.next()?, key.next()?, key.next()?))
}

/// Whether an open run sends with the template of a hold.
async fn is_used(engine: &Engine, hold: &Hold) -> Result<bool, EngineError> {
    let Some((account, name, language)) = template_of(hold) else { return Ok(true) };
    Ok(!engine.runs_of_template(account, name, language).await?.is_empty())
}

/// Reads the template of a hold again; false also when the provider does not tell. One that is gone holds nothing when
/// nothing uses it.
async fn is_sendable(engine: &Engine, hold: &Hold, now: UnixMs) -> Result<bool, EngineError> {
    let Some((account, name, language)) = template_of(hold) else { return Ok(false) };
    let Some(provider) = engine.providers.get(account) else { return Ok(false) };
    let told = match provider.template(name, language).await {
        Ok(Some(told)) => told,
        Ok(None) => {
            if let Some(known) = template::get(&engine.store, account, name, language).await? {
                keep::gone(engine, account, &known, now).await?;
            }
            return Ok(!is_used(engine, hold).await?);
        }
        Err(_) => return Ok(false),
    };
    keep::keep(engine, account, &told, now).await?;
    Ok(told.status == TemplateStatus::Approved)
}
