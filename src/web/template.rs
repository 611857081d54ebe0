//! One template: as a person sees it, how it stands, what waits for it, and what is our own of it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::domain::fill::Rendered;
use crate::domain::problem::Problem;
use crate::domain::role::Right;
use crate::domain::template::TemplateStatus;
use crate::domain::template::draft;
use crate::engine::Stake;
use crate::engine::template::mapping;
use crate::locale;

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done};
use super::page::{Page, html};
use super::state::WebState;
use super::template_act::{self, Entry};
use super::template_form::{Fields, TemplateForm};

/// Account, name and language in an address.
pub type Key = (String, String, String);

#[derive(Template)]
#[template(path = "template.html")]
struct TemplatePage {
    p: Page,
    entry: Entry,
    /// As it was approved, variables in their braces.
    text: Rendered,
    /// With the default mapping applied to a made-up row.
    sample: Rendered,
    stakes: Vec<Stake>,
    /// Why it cannot be changed or deleted here; empty where it can.
    elsewhere: Vec<String>,
    /// What the mapping may speak of, with what it says.
    mapping: Vec<(String, String)>,
    manage: Right,
}

impl TemplatePage {
    fn address(&self) -> String {
        let Entry { account, told, .. } = &self.entry;
        address(account, &told.template.name, &told.template.language)
    }

    /// Why it cannot be edited; nothing where it can.
    fn not_editable(&self) -> bool {
        let status = &self.entry.told.template.status;
        self.entry.told.template.is_beyond_drafts()
            || !matches!(status, TemplateStatus::Approved | TemplateStatus::Rejected | TemplateStatus::Paused)
    }
}

/// The address of a template's page.
pub fn address(account: &str, name: &str, language: &str) -> String {
    format!("/templates/{account}/{name}/{language}")
}

/// The page.
pub async fn show(State(state): State<WebState>, p: Page, Path(key): Path<Key>) -> Result<Html<String>, WebError> {
    let (account, name, language) = &key;
    let entry = template_act::one(&state, account, name, language).await?;
    let template = &entry.told.template;
    let own = &entry.own;
    let said = mapping::takes(template).into_iter();
    let said = said.map(|entry| (own.mapping.get(&entry).cloned().unwrap_or_default(), entry));
    let mapping = said.map(|(text, entry)| (entry, text)).collect();
    let text = template.render(&crate::domain::fill::Fill::default());
    let sample = state.engine.template_sample(template, own).await?;
    let stakes = state.engine.template_stakes(account, name, language).await?;
    let elsewhere = self::said(&p, state.engine.not_written_here(account).as_slice());
    html(&TemplatePage { p, text, sample, stakes, elsewhere, mapping, entry, manage: Right::ManageTemplates })
}

/// Groups and default mapping.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct OwnForm {
    groups: String,
    entry: Vec<String>,
    expression: Vec<String>,
}

/// Sets groups and default mapping.
pub async fn set_own(
    State(state): State<WebState>,
    actor: Actor,
    Path((account, name, language)): Path<Key>,
    Form(form): Form<OwnForm>,
) -> Result<Redirect, WebError> {
    let groups: Vec<String> = form.groups.split(',').map(|g| g.trim().to_owned()).filter(|g| !g.is_empty()).collect();
    let mapping = form.entry.into_iter().zip(form.expression).collect();
    template_act::set_own(&state, &actor, (&account, &name, &language), &groups, &mapping).await?;
    Ok(done(&address(&account, &name, &language), "template_own"))
}

/// Lets it go on.
pub async fn unpause(
    State(state): State<WebState>,
    actor: Actor,
    Path((account, name, language)): Path<Key>,
) -> Result<Redirect, WebError> {
    template_act::unpause(&state, &actor, (&account, &name, &language)).await?;
    Ok(done(&address(&account, &name, &language), "template_unpaused"))
}

/// Deletes it.
pub async fn delete(
    State(state): State<WebState>,
    actor: Actor,
    Path((account, name, language)): Path<Key>,
) -> Result<Redirect, WebError> {
    template_act::delete(&state, &actor, (&account, &name, &language)).await?;
    Ok(done("/templates", "template_deleted"))
}

#[derive(Template)]
#[template(path = "template_form.html")]
pub struct FormPage {
    /// The frame.
    pub p: Page,
    /// Where the form goes.
    pub action: String,
    /// True for a draft, false for a template that is there.
    pub is_draft: bool,
    /// Number of the draft that is kept.
    pub id: Option<i64>,
    /// Accounts to choose from; one for what is there.
    pub accounts: Vec<String>,
    /// Accounts whose templates are not written here.
    pub elsewhere: Vec<String>,
    /// The account.
    pub account: String,
    /// What the form holds.
    pub fields: Fields,
    /// As a person would see it.
    pub shown: Rendered,
    /// What is wrong with it, in words.
    pub problems: Vec<String>,
    /// What it may be turned down for, in words.
    pub warnings: Vec<String>,
    /// What the provider said.
    pub refusal: String,
    /// An approved template keeps its category and its variables.
    pub frozen: bool,
}

/// Words of the categories a person may choose from.
pub const CATEGORIES: [&str; 3] = ["marketing", "utility", "authentication"];

/// Words of the kinds of header.
pub const HEADERS: [&str; 5] = ["text", "image", "video", "document", "location"];

/// Words of the kinds of button.
pub const KINDS: [&str; 6] = ["quick_reply", "url", "phone_number", "copy_code", "catalog", "products"];

/// The problems in words.
pub fn said(p: &Page, problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| locale::problem(p.language, problem)).collect()
}

/// The form with the template's present text.
pub async fn edit_form(State(state): State<WebState>, p: Page, Path(key): Path<Key>) -> Result<Html<String>, WebError> {
    let (account, name, language) = key;
    let entry = template_act::one(&state, &account, &name, &language).await?;
    let frozen = entry.told.template.status == TemplateStatus::Approved;
    let (draft, action) = (draft::of(&entry.told.template), address(&account, &name, &language) + "/edit");
    let refusal = entry.told.advice.clone();
    html(&FormPage {
        shown: draft.shown(),
        fields: Fields::of(draft),
        accounts: vec![account.clone()],
        elsewhere: Vec::new(),
        is_draft: false,
        id: None,
        problems: said(&p, state.engine.not_written_here(&account).as_slice()),
        warnings: Vec::new(),
        p,
        action,
        account,
        refusal,
        frozen,
    })
}

/// Submits another text.
pub async fn edit(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path((account, name, language)): Path<Key>,
    Form(form): Form<TemplateForm>,
) -> Result<Response, WebError> {
    let entry = template_act::one(&state, &account, &name, &language).await?;
    let mut draft = form.draft();
    draft.name.clone_from(&name);
    draft.language.clone_from(&language);
    let problems = match template_act::edit(&state, &actor, &account, &draft).await {
        Ok(_) => return Ok(done(&address(&account, &name, &language), "template_edited").into_response()),
        Err(WebError::Refused(problems)) => problems,
        Err(other) => return Err(other),
    };
    let page = FormPage {
        shown: draft.shown(),
        warnings: said(&p, &state.engine.draft_warnings(&account, &draft)),
        fields: Fields::of(draft),
        accounts: vec![account.clone()],
        elsewhere: Vec::new(),
        is_draft: false,
        id: None,
        problems: said(&p, &problems),
        p,
        action: address(&account, &name, &language) + "/edit",
        account,
        refusal: String::new(),
        frozen: entry.told.template.status == TemplateStatus::Approved,
    };
    Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, html(&page)?).into_response())
}
