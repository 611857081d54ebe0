//! Holds in force: what stands still, why, since when, and what makes it go on.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};

use crate::domain::id::HoldId;
use crate::domain::role::Right;
use crate::engine::Stake;
use crate::engine::scope;
use crate::engine::tier::{self, Standing};
use crate::engine::waiting;
use crate::engine::wallet::{self, WalletStanding};
use crate::store::hold::{self, Hold, HoldCause, HoldEnd, HoldScope};

use super::act;
use super::actor::Actor;
use super::alerts::{self, AlertLine};
use super::error::WebError;
use super::form::done;
use super::page::{Page, html};
use super::row_words;
use super::state::WebState;

#[derive(Template)]
#[template(path = "holds.html")]
struct HoldsPage {
    p: Page,
    alerts: Vec<AlertLine>,
    holds: Vec<HoldLine>,
    /// Messaging limits in force.
    tiers: Vec<Standing>,
    /// Prepaid wallets.
    wallets: Vec<WalletStanding>,
    may_lift: bool,
}

/// Why it holds: the provider's own reason where it gave one.
pub fn cause(p: &Page, hold: &Hold) -> String {
    match hold.code.filter(|c| *c > 0) {
        Some(code) => row_words::failure(p, Some(code)),
        None if hold.cause == HoldCause::Restored || !hold.word.is_empty() => waiting::held(hold).sentence(p.language),
        None => p.t(&format!("web.hold_cause.{}", hold.cause.as_str())),
    }
}

/// What it stops.
pub fn scope(p: &Page, hold: &Hold) -> String {
    scope::titled(p.language, hold.scope, &hold.scope_key)
}

/// What agents are told where they write: everything, the account or the sender stands still.
pub async fn stopped(state: &WebState, p: &Page, sender: &str) -> Result<Vec<String>, WebError> {
    let account = state.config().senders.get(sender).map_or("", |sender| sender.account.as_str());
    let stops = |hold: &Hold| match hold.scope {
        HoldScope::Store => true,
        HoldScope::Account => hold.scope_key == account,
        HoldScope::Sender => hold.scope_key == sender,
        HoldScope::Template | HoldScope::Run | HoldScope::Country => false,
    };
    // The reason may be a sentence of its own.
    let why = |hold: &Hold| cause(p, hold).trim_end_matches('.').to_owned();
    let say = |hold: &Hold| p.say("web.holds.stopped", &[("what", &scope(p, hold)), ("why", &why(hold))]);
    Ok(hold::open(state.store()).await?.iter().filter(|hold| stops(hold)).map(say).collect())
}

/// A hold with what waits for it, where that is a template.
pub struct HoldLine {
    hold: Hold,
    stakes: Vec<Stake>,
}

/// The open runs that wait for what a hold stops, where that is a template.
async fn stakes(state: &WebState, hold: &Hold) -> Result<Vec<Stake>, WebError> {
    let mut key = hold.scope_key.splitn(3, '/');
    match (hold.scope, key.next(), key.next(), key.next()) {
        (HoldScope::Template, Some(account), Some(name), Some(language)) => {
            Ok(state.engine.template_stakes(account, name, language).await?)
        }
        _ => Ok(Vec::new()),
    }
}

/// The page.
pub async fn show(State(state): State<WebState>, actor: Actor, p: Page) -> Result<Html<String>, WebError> {
    let mut holds = Vec::new();
    for hold in hold::open(state.store()).await? {
        let stakes = stakes(&state, &hold).await?;
        holds.push(HoldLine { hold, stakes });
    }
    let tiers = tier::standings(&state.engine).await?.into_iter().filter(|s| s.limit.is_some()).collect();
    let wallets = wallet::standings(&state.engine).await?;
    let alerts = alerts::lines(&state, &p).await?;
    html(&HoldsPage { p, alerts, holds, tiers, wallets, may_lift: actor.may(Right::LiftHolds) })
}

/// A person lets it go on.
pub async fn lift(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    act::lift_hold(&state, &actor, HoldId(id)).await?;
    Ok(done("/holds", "lifted"))
}
