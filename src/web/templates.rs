//! Templates: the list, and reading them again.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::role::Right;
use crate::domain::template::TemplateStatus;
use crate::domain::template::edit::{beyond, status_key};
use crate::store::template::draft::{self, Kept};

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done_n};
use super::page::{Page, html};
use super::state::WebState;
use super::template_act::{self, Choices, Entry, Wanted};

/// Templates on one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "templates.html")]
struct TemplatesPage {
    p: Page,
    entries: Vec<Entry>,
    choices: Choices,
    drafts: Vec<Kept>,
    asked: Asked,
    total: i64,
    /// First of the next page.
    next: Option<usize>,
    manage: Right,
}

/// Search, filters and page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    q: String,
    status: String,
    language: String,
    group: String,
    from: usize,
}

impl TemplatesPage {
    /// The same list, from where it goes on.
    fn rest(&self) -> String {
        let Asked { q, status, language, group, .. } = &self.asked;
        let pairs = [("q", q), ("status", status), ("language", language), ("group", group)];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        query.append_pair("from", &self.next.unwrap_or_default().to_string());
        format!("?{}", query.finish())
    }
}

/// A status in words.
pub fn status_words(p: &Page, status: &TemplateStatus) -> String {
    match beyond(status) {
        Some((key, what)) => {
            let why = p.say(&key, &[("what", what)]);
            p.say("template_status.other", &[("status", why.as_str())])
        }
        None => p.say(&status_key(status), &[("status", status.word())]),
    }
}

/// The class of a status's tag.
pub const fn status_class(status: &TemplateStatus) -> &'static str {
    match status {
        TemplateStatus::Approved => "good",
        TemplateStatus::Pending => "",
        TemplateStatus::Rejected | TemplateStatus::Disabled => "bad",
        TemplateStatus::Paused | TemplateStatus::Other(_) => "warn",
    }
}

/// Why a template was refused, in words where its word is known.
pub fn reason_words(p: &Page, reason: &str) -> String {
    p.word(&format!("template_reason.{reason}"), reason)
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let wanted = Wanted {
        account: String::new(),
        search: asked.q.clone(),
        status: asked.status.clone(),
        language: asked.language.clone(),
        group: asked.group.clone(),
    };
    let (mut entries, choices) = template_act::list(&state, &wanted).await?;
    let total = entries.len();
    entries.drain(..asked.from.min(total));
    entries.truncate(PAGE);
    let next = Some(asked.from.saturating_add(PAGE)).filter(|next| *next < total);
    let drafts = draft::all(state.store()).await?;
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    html(&TemplatesPage { p, entries, choices, drafts, asked, total, next, manage: Right::ManageTemplates })
}

/// Nothing is asked.
#[derive(Deserialize)]
pub struct Nothing {}

/// Reads every template again.
pub async fn sync(
    State(state): State<WebState>,
    actor: Actor,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Redirect, WebError> {
    let n = template_act::sync(&state, &actor, "").await?;
    Ok(done_n("/templates", "templates_read", n as u64))
}
