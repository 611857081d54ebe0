//! What the provider tells of an account: kept in the audit; restrictions hold what they stop, and end by themselves.

use crate::domain::event::{AccountEffect, AccountNews};
use crate::domain::failure::FailureClass;
use crate::domain::notice::{self, Notice};
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::engine::holds::ITSELF;
use crate::engine::{Engine, EngineError};
use crate::store::audit::{self, Deed};
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};
use crate::store::{Tx, heard, notice as notices, run};

/// What followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Followed {
    /// Something was held or released.
    pub holds: bool,
    /// What is granted is to be asked anew.
    pub limits: bool,
}

/// Keeps and obeys what is told of the account whose id the body names. Another's is none of our business.
pub(super) async fn follow(
    tx: &mut Tx,
    engine: &Engine,
    news: &AccountNews,
    now: UnixMs,
) -> Result<Followed, EngineError> {
    let mut accounts = engine.config.accounts.values();
    let Some(account) = accounts.find(|account| account.access.is_called(&news.account_ref)) else {
        // A portfolio's limits come under the portfolio's own id; asking anew harms nobody.
        return Ok(Followed { holds: false, limits: news.effect == AccountEffect::Limits });
    };
    let (subject, detail) = (format!("account {}", account.name), format!("{} {}", news.event, news.detail));
    let deed = Deed { actor: ITSELF, action: "account.news", subject: &subject, detail: detail.trim() };
    audit::write_in(tx, now, deed).await?;
    if let Some(cause) = cause_of(news.effect)
        && is_older(tx, (HoldScope::Account, &account.name, cause), news.at).await?
    {
        return Ok(Followed::default());
    }
    if !notice(tx, (&account.name, news), now).await? {
        return Ok(Followed::default());
    }
    obey(tx, engine, (&account.name, news), now).await
}

/// Holds what the news stop, and releases what they let go on.
async fn obey(
    tx: &mut Tx,
    engine: &Engine,
    (account, news): (&str, &AccountNews),
    now: UnixMs,
) -> Result<Followed, EngineError> {
    let scope = HoldScope::Account;
    let held = |cause, until_at| NewHold { scope, scope_key: account.to_owned(), cause, code: None, until_at };
    let restricted = |until_at| held(HoldCause::Restricted, until_at);
    let mut followed = Followed::default();
    match news.effect {
        AccountEffect::None => {}
        AccountEffect::Limits => followed.limits = true,
        AccountEffect::Restricted { until } => {
            // A later word replaces an earlier one: it may say another end, or one that has come by now.
            followed.holds = end(tx, account, now).await?;
            if until.is_none_or(|until| until > now) {
                followed.holds |= hold::place_since(tx, &restricted(until), news.at, now).await?;
            }
        }
        AccountEffect::Disabled => {
            followed.holds = end(tx, account, now).await?;
            followed.holds |= hold::place_since(tx, &restricted(None), news.at, now).await?;
        }
        AccountEffect::Deleted => {
            let gone = held(HoldCause::Refused, None);
            followed.holds = hold::place_for(tx, &gone, hold::GONE, (news.at, now)).await?;
        }
        AccountEffect::Failed { code } => followed.holds = failed(tx, engine, (account, news, code), now).await?,
        AccountEffect::Reinstated => {
            followed.holds = end(tx, account, now).await?;
            followed.holds |= release_utility(tx, account, now).await?;
        }
        AccountEffect::ReviewRefused => {
            followed.holds = hold::place_since(tx, &held(HoldCause::Review, None), news.at, now).await?;
        }
        AccountEffect::ReviewApproved => {
            followed.holds = hold::lift_cause(tx, (scope, account, HoldCause::Review), now, ITSELF).await?;
        }
        AccountEffect::UtilityRestricted { until } => {
            followed.holds = release_utility(tx, account, now).await?;
            if until.is_none_or(|until| until > now) {
                followed.holds |= hold_utility(tx, account, &restricted(until), now).await?;
            }
        }
    }
    Ok(followed)
}

/// Ends what a restriction of the account held, as it was told or as messages were refused; false when nothing did.
async fn end(tx: &mut Tx, account: &str, now: UnixMs) -> Result<bool, EngineError> {
    let told = hold::lift_cause(tx, (HoldScope::Account, account, HoldCause::Restricted), now, ITSELF).await?;
    Ok(told | hold::lift_refusal(tx, account, now).await?)
}

/// Whether a later word than one of `at` is known of what `cause` stops: a stop that stands, or the end of one.
async fn is_older(tx: &mut Tx, of: (HoldScope, &str, HoldCause), at: UnixMs) -> Result<bool, EngineError> {
    let (_, account, cause) = of;
    Ok(hold::began_since(tx, of, at).await? || !heard::keep(tx, &format!("{} {account}", cause.as_str()), at).await?)
}

/// The cause that such news begin or end.
const fn cause_of(effect: AccountEffect) -> Option<HoldCause> {
    match effect {
        AccountEffect::Restricted { .. } | AccountEffect::Disabled | AccountEffect::Reinstated => {
            Some(HoldCause::Restricted)
        }
        AccountEffect::ReviewRefused | AccountEffect::ReviewApproved => Some(HoldCause::Review),
        AccountEffect::None
        | AccountEffect::Limits
        | AccountEffect::UtilityRestricted { .. }
        | AccountEffect::Deleted
        | AccountEffect::Failed { .. } => None,
    }
}

/// What a restriction of utility templates held goes on, or is held anew.
async fn release_utility(tx: &mut Tx, account: &str, now: UnixMs) -> Result<bool, EngineError> {
    let mut lifted = false;
    for run in run::open_in(tx).await?.into_iter().filter(|run| run.account == account) {
        let of = (HoldScope::Run, &*run.id.to_string(), HoldCause::Restricted);
        lifted |= hold::lift_cause(tx, of, now, ITSELF).await?;
    }
    Ok(lifted)
}

/// Holds the account's open runs that send a utility template, as `like`; whether there was one.
async fn hold_utility(tx: &mut Tx, account: &str, like: &NewHold, now: UnixMs) -> Result<bool, EngineError> {
    let mut holds = false;
    for run in run::open_in(tx).await?.into_iter().filter(|run| run.account == account) {
        if run.snapshots()?.has(Category::Utility) {
            let new = NewHold { scope: HoldScope::Run, scope_key: run.id.to_string(), ..like.clone() };
            holds |= hold::place_in(tx, &new, now).await?;
        }
    }
    Ok(holds)
}

/// What stops nothing by itself is kept for the alerts and the doctor for as long as it stands. False: later news have said
/// how that stands.
async fn notice(tx: &mut Tx, (account, news): (&str, &AccountNews), now: UnixMs) -> Result<bool, EngineError> {
    let Some(told) = notice::of(news) else { return Ok(true) };
    if let Notice::Begins { word, .. } = told
        && notice::is_ended(word)
        && !heard::keep(tx, &about(account, word), news.at).await?
    {
        return Ok(false);
    }
    for word in told.over() {
        if heard::keep(tx, &about(account, word), news.at).await? {
            notices::end(tx, account, word).await?;
        }
    }
    let Notice::Begins { word, lasts, .. } = told else { return Ok(true) };
    let ends_at = match news.effect {
        AccountEffect::UtilityRestricted { until: Some(until) } => until,
        AccountEffect::None | AccountEffect::UtilityRestricted { until: None } => now.plus(lasts),
        // What is obeyed is told by its hold.
        _ if matches!(word, "restriction" | "review_refused") => return Ok(true),
        _ => now.plus(lasts),
    };
    let detail = format!("{} {}", news.event, news.detail).trim().to_owned();
    let (account, word, number) = (account.to_owned(), word.to_owned(), news.number.clone());
    let new = notices::Notice { account, word, number, detail, began_at: now };
    notices::begin(tx, &new, ends_at).await?;
    Ok(true)
}

/// What news of that word are about.
fn about(account: &str, word: &str) -> String {
    format!("notice {word} {account}")
}

/// An error without a message: what its code calls for where that concerns more than one message.
async fn failed(
    tx: &mut Tx,
    engine: &Engine,
    (account, news, code): (&str, &AccountNews, i64),
    now: UnixMs,
) -> Result<bool, EngineError> {
    let sender = engine.config.senders.values().find(|s| s.account == account && s.number.digits() == news.number);
    let (scope, scope_key, cause) = match (engine.errors_of(account).class_of(code), sender) {
        (Some(FailureClass::HoldAccount), _) => (HoldScope::Account, account.to_owned(), HoldCause::of_refusal(code)),
        (Some(FailureClass::HoldSender), Some(sender)) => (HoldScope::Sender, sender.name.clone(), HoldCause::Refused),
        _ => return Ok(false),
    };
    let new = NewHold { scope, scope_key, cause, code: Some(code), until_at: None };
    Ok(hold::place_in(tx, &new, now).await?)
}
