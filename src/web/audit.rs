//! Who did what, when.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;

use crate::locale::sentences;
use crate::store::audit::{self, Line};

use super::error::WebError;
use super::page::{Page, html};
use super::state::WebState;

/// Lines on one page.
const PAGE: i64 = 100;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    p: Page,
    actor: String,
    action: String,
    lines: Vec<Line>,
    next: Option<i64>,
}

/// What to show.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
    before: Option<i64>,
}

impl AuditPage {
    /// The action in words.
    fn words(&self, line: &Line) -> String {
        let key = format!("web.deed.{}", line.action);
        if sentences(self.p.language).contains_key(&key) { self.p.t(&key) } else { line.action.clone() }
    }
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let before = asked.before.unwrap_or(i64::MAX);
    let mut lines = audit::page(state.store(), before, &asked.actor, &asked.action, PAGE + 1).await?;
    let more = lines.len() as i64 > PAGE;
    lines.truncate(PAGE as usize);
    let next = if more { lines.last().map(|l| l.id) } else { None };
    html(&AuditPage { p, actor: asked.actor, action: asked.action, lines, next })
}
