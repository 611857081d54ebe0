//! What the provider tells of a template: it is held, or released.

use crate::domain::event::TemplateNews;
use crate::domain::template::TemplateStatus;
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::engine::holds::{ITSELF, TEMPLATE_POLL};
use crate::store::hold::{self, HoldCause, HoldScope, NewHold};
use crate::store::{Tx, template};

/// Keeps the news with the template as last read; holds or releases what uses it. True when a hold began or ended.
/// A template nobody here has read yet concerns nobody here.
pub(super) async fn follow(tx: &mut Tx, account: &str, news: &TemplateNews, now: UnixMs) -> Result<bool, EngineError> {
    if !template::set_status(tx, account, news).await? {
        return Ok(false);
    }
    let (scope, cause) = (HoldScope::Template, HoldCause::Quality);
    let scope_key = hold::template_key(account, &news.name, &news.language);
    if news.status == TemplateStatus::Approved {
        return Ok(hold::lift_cause(tx, (scope, &scope_key, cause), now, ITSELF).await?);
    }
    let new = NewHold { scope, scope_key, cause, code: None, until_at: Some(now.plus(TEMPLATE_POLL)) };
    Ok(hold::place_in(tx, &new, now).await?)
}
