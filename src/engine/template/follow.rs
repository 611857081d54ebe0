//! What the provider tells of a template: what uses it is held or released; its reasons are kept.

use crate::domain::event::{TemplateNews, TemplateNote};
use crate::domain::template::TemplateStatus;
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::engine::holds::{ITSELF, TEMPLATE_POLL};
use crate::store::audit::{self, Deed};
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};
use crate::store::{Tx, template};

/// Keeps the news with the template as last read; holds or releases what uses it. True when a hold began or ended.
/// A template nobody here has read yet concerns nobody here.
pub(in crate::engine) async fn status(
    tx: &mut Tx,
    account: &str,
    news: &TemplateNews,
    now: UnixMs,
) -> Result<bool, EngineError> {
    let Some(before) = template::set_status(tx, account, news).await? else { return Ok(false) };
    let (scope, cause) = (HoldScope::Template, HoldCause::Quality);
    let scope_key = hold::template_key(account, &news.name, &news.language);
    if before != news.status {
        let (subject, detail) = (format!("template {scope_key}"), news.status.word());
        audit::write_in(tx, now, Deed { actor: ITSELF, action: "template.status", subject: &subject, detail }).await?;
    }
    if news.status == TemplateStatus::Approved {
        return Ok(hold::lift_cause(tx, (scope, &scope_key, cause), now, ITSELF).await?);
    }
    // What could not be sent before holds nothing anew: nothing was started with it.
    if before != TemplateStatus::Approved {
        return Ok(false);
    }
    let new = NewHold { scope, scope_key, cause, code: None, until_at: Some(now.plus(TEMPLATE_POLL)) };
    Ok(hold::place_in(tx, &new, now).await?)
}

/// Keeps what else the provider says of it. True when the template is to be read again.
pub(in crate::engine) async fn note(tx: &mut Tx, account: &str, note: &TemplateNote) -> Result<bool, EngineError> {
    template::note(tx, account, note).await?;
    Ok(note.text_changed)
}
