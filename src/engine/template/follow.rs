//! What the provider tells of a template: what uses it is held or released; its reasons are kept.

use crate::domain::event::{TemplateNews, TemplateNote};
use crate::domain::template::{Template, TemplateStatus};
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::engine::holds::{ITSELF, TEMPLATE_POLL};
use crate::store::audit::{self, Deed};
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};
use crate::store::{Tx, heard, run, template};

/// Follows what came by a webhook. What is older than a stop that stands, or than what was told already, changes nothing; a
/// word that nobody knows stops nothing: it is kept in the audit, and the template is read again.
pub(in crate::engine) async fn told(
    tx: &mut Tx,
    account: &str,
    news: &TemplateNews,
    now: UnixMs,
) -> Result<bool, EngineError> {
    let scope_key = hold::template_key(account, &news.name, &news.language);
    for cause in HoldCause::OF_TEMPLATE {
        if hold::began_since(tx, (HoldScope::Template, &scope_key, cause), news.at).await? {
            return Ok(false);
        }
    }
    if !heard::keep(tx, &format!("status {scope_key}"), news.at).await? {
        return Ok(false);
    }
    match news.status.unknown() {
        Some(word) => {
            let subject = format!("template {scope_key}");
            let deed = Deed { actor: ITSELF, action: "template.status", subject: &subject, detail: word };
            audit::write_in(tx, now, deed).await?;
            let (name, language) = (news.name.clone(), news.language.clone());
            let read_again =
                TemplateNote { name, language, text_changed: true, at: news.at, ..TemplateNote::default() };
            template::note(tx, account, &read_again).await?;
            Ok(false)
        }
        None => status(tx, account, news, now).await,
    }
}

/// Keeps the news with the template as last read; holds or releases what uses it. True when a hold began or ended.
/// A template nobody here has read yet concerns nobody here.
pub(in crate::engine) async fn status(
    tx: &mut Tx,
    account: &str,
    news: &TemplateNews,
    now: UnixMs,
) -> Result<bool, EngineError> {
    let Some(before) = template::set_status(tx, account, news).await? else { return Ok(false) };
    let scope = HoldScope::Template;
    let scope_key = hold::template_key(account, &news.name, &news.language);
    if before != news.status {
        let (subject, detail) = (format!("template {scope_key}"), news.status.word());
        audit::write_in(tx, now, Deed { actor: ITSELF, action: "template.status", subject: &subject, detail }).await?;
    }
    if news.status == TemplateStatus::Approved {
        return released(tx, &scope_key, now).await;
    }
    let is_gone = news.status == TemplateStatus::Other(GONE.to_owned());
    if is_gone && !is_used(tx, account, news).await? {
        return released(tx, &scope_key, now).await;
    }
    // A review that our own edit asked for stops nobody where nothing uses the template: nothing can be started with it.
    if news.status == TemplateStatus::Pending && !is_used(tx, account, news).await? {
        return Ok(false);
    }
    let (cause, word) = match &news.status {
        _ if is_gone => (HoldCause::Deleted, ""),
        status if status.is_of_ours() => (HoldCause::Unknown, status.word()),
        _ => (HoldCause::Quality, ""),
    };
    // What it was held for before is over with this word; what is held for the same goes on being held, as it was told.
    let lifted = lift(tx, &scope_key, |other| other != cause, now).await?;
    // What could not be sent before holds nothing anew: nothing was started with it.
    if before != TemplateStatus::Approved && !is_gone && !lifted {
        return Ok(false);
    }
    let new = NewHold { scope, scope_key, cause, code: None, until_at: Some(now.plus(TEMPLATE_POLL)) };
    Ok(hold::place_for(tx, &new, word, (news.at, now)).await? || lifted)
}

/// The status of a template that the provider has no more.
pub(super) const GONE: &str = "deleted";

/// Whatever of the template's own stood in the way is over.
async fn released(tx: &mut Tx, key: &str, now: UnixMs) -> Result<bool, EngineError> {
    lift(tx, key, |_| true, now).await
}

async fn lift(tx: &mut Tx, key: &str, these: impl Fn(HoldCause) -> bool, now: UnixMs) -> Result<bool, EngineError> {
    let mut lifted = false;
    for cause in HoldCause::OF_TEMPLATE.into_iter().filter(|cause| these(*cause)) {
        lifted |= hold::lift_cause(tx, (HoldScope::Template, key, cause), now, ITSELF).await?;
    }
    Ok(lifted)
}

/// Whether an open run sends it.
async fn is_used(tx: &mut Tx, account: &str, news: &TemplateNews) -> Result<bool, EngineError> {
    for run in run::open_in(tx).await?.into_iter().filter(|run| run.account == account) {
        let named = |used: &Template| (used.name.as_str(), used.language.as_str()) == (&*news.name, &*news.language);
        if run.snapshots()?.all().any(named) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A template that is deleted holds nothing any more.
pub(in crate::engine) async fn deleted(
    tx: &mut Tx,
    (account, name, language): (&str, &str, &str),
    now: UnixMs,
) -> Result<bool, EngineError> {
    released(tx, &hold::template_key(account, name, language), now).await
}

/// Keeps what else the provider says of it by a webhook, where that is no older than what it has said of the same.
pub(in crate::engine) async fn note(tx: &mut Tx, account: &str, note: &TemplateNote) -> Result<(), EngineError> {
    let key = hold::template_key(account, &note.name, &note.language);
    let mut told = note.clone();
    if told.reason.is_some() && !heard::keep(tx, &format!("reason {key}"), note.at).await? {
        (told.reason, told.advice) = (None, None);
    }
    if told.quality.is_some() && !heard::keep(tx, &format!("quality {key}"), note.at).await? {
        told.quality = None;
    }
    Ok(template::note(tx, account, &told).await?)
}
