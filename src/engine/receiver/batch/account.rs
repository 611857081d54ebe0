//! What the provider tells of an account: kept in the audit; restrictions hold what they stop, and end by themselves.

use crate::domain::event::{AccountEffect, AccountNews};
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::engine::holds::ITSELF;
use crate::engine::{Engine, EngineError};
use crate::store::audit::{self, Deed};
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};
use crate::store::{Tx, run};

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
    let restricted = |until_at| NewHold {
        scope: HoldScope::Account,
        scope_key: account.name.clone(),
        cause: HoldCause::Restricted,
        code: None,
        until_at,
    };
    let this = (HoldScope::Account, account.name.as_str(), HoldCause::Restricted);
    let mut followed = Followed::default();
    match news.effect {
        AccountEffect::None => {}
        AccountEffect::Limits => followed.limits = true,
        AccountEffect::Restricted { until } => {
            // A later word replaces an earlier one: it may say another end.
            hold::lift_cause(tx, this, now, ITSELF).await?;
            followed.holds = hold::place_in(tx, &restricted(until), now).await?;
        }
        AccountEffect::Disabled => {
            hold::lift_cause(tx, this, now, ITSELF).await?;
            followed.holds = hold::place_in(tx, &restricted(None), now).await?;
        }
        AccountEffect::Reinstated => followed.holds = hold::lift_cause(tx, this, now, ITSELF).await?,
        AccountEffect::UtilityRestricted { until } => {
            for run in run::open_in(tx).await?.into_iter().filter(|run| run.account == account.name) {
                if run.snapshots()?.has(Category::Utility) {
                    let key = run.id.to_string();
                    let new = NewHold { scope: HoldScope::Run, scope_key: key, ..restricted(until) };
                    followed.holds |= hold::place_in(tx, &new, now).await?;
                }
            }
        }
    }
    Ok(followed)
}
