//! Who did what, when.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;

use crate::store::audit::{self, Line};

use super::audit_words;
use super::error::WebError;
use super::page::{Page, cut, html};
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
        self.p.word(&format!("web.deed.{}", line.action), &line.action)
    }

    /// What it was done to, in words.
    fn subject(&self, line: &Line) -> String {
        audit_words::subject(&self.p, line)
    }

    /// More of it, in words.
    fn detail(&self, line: &Line) -> String {
        audit_words::detail(&self.p, line)
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
    let next = cut(&mut lines, PAGE).map(|l| l.id);
    html(&AuditPage { p, actor: asked.actor, action: asked.action, lines, next })
}
