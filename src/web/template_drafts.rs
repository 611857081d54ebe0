//! Templates that are written: kept, shown, submitted.

use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::domain::problem::Problem;
use crate::domain::template::draft::{self, Draft};
use crate::domain::template::{Category, ParameterFormat};
use crate::provider::Sample;
use crate::store::template;

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done, with_done};
use super::once::once_for_words;
use super::page::{Page, html};
use super::state::WebState;
use super::template::{FormPage, address, said};
use super::template_act;
use super::template_form::{Fields, TemplateForm};
use super::upload;

/// What a new one begins with.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Like {
    account: String,
    name: String,
    language: String,
}

fn empty() -> Draft {
    Draft {
        name: String::new(),
        language: "es_AR".to_owned(),
        category: Category::Utility,
        format: ParameterFormat::Positional,
        header: None,
        body: String::new(),
        footer: None,
        buttons: Vec::new(),
        examples: std::collections::BTreeMap::new(),
        time_to_live_s: None,
        code: None,
        offer: None,
        cards: Vec::new(),
    }
}

fn page(state: &WebState, p: Page, account: &str, draft: Draft) -> FormPage {
    let (accounts, elsewhere): (Vec<String>, Vec<String>) =
        state.config().accounts.keys().cloned().partition(|name| state.engine.not_written_here(name).is_none());
    FormPage {
        shown: draft.shown(),
        warnings: said(&p, &state.engine.draft_warnings(account, &draft)),
        fields: Fields::of(draft),
        accounts,
        elsewhere,
        account: account.to_owned(),
        action: "/template-drafts".to_owned(),
        is_draft: true,
        id: None,
        problems: Vec::new(),
        refusal: String::new(),
        frozen: false,
        p,
    }
}

/// The empty form, or one that begins with another template's text.
pub async fn new(State(state): State<WebState>, p: Page, Query(like): Query<Like>) -> Result<Html<String>, WebError> {
    let known = template::get(state.store(), &like.account, &like.name, &like.language).await?;
    let draft = known.map_or_else(empty, |t| Draft { name: String::new(), ..draft::of(&t) });
    html(&page(&state, p, &like.account, draft))
}

/// Keeps a new draft.
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Form(form): Form<TemplateForm>,
) -> Result<Response, WebError> {
    keep(&state, &actor, p, (None, &form)).await
}

/// Keeps another text of a draft.
pub async fn save(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Form(form): Form<TemplateForm>,
) -> Result<Response, WebError> {
    keep(&state, &actor, p, (Some(id), &form)).await
}

async fn keep(
    state: &WebState,
    actor: &Actor,
    p: Page,
    (id, form): (Option<i64>, &TemplateForm),
) -> Result<Response, WebError> {
    let draft = form.draft();
    let work = async |actor: Actor| {
        let kept = template_act::save_draft(state, &actor, &form.account, id, &draft).await?;
        Ok(with_done(&format!("/template-drafts/{kept}"), "template_saved"))
    };
    // Another text of the same draft may be saved as often as one likes.
    let saved = if id.is_some() {
        work(actor.clone()).await
    } else {
        let words = format!("{} {draft:?}", form.account);
        once_for_words(state, actor, ("POST /template-drafts", &form.once), &words, work).await
    };
    let problems = match saved {
        Ok(path) => return Ok(Redirect::to(&path).into_response()),
        Err(WebError::Refused(problems)) => problems,
        Err(other) => return Err(other),
    };
    let problems = said(&p, &problems);
    let mut page = page(state, p, &form.account, draft);
    page.action = id.map_or(page.action, |id| format!("/template-drafts/{id}"));
    page.problems = problems;
    page.id = id;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)?).into_response())
}

/// A draft, with what must be mended before it is submitted.
pub async fn show(State(state): State<WebState>, p: Page, Path(id): Path<i64>) -> Result<Html<String>, WebError> {
    let kept = template::draft::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    let problems = said(&p, &state.engine.draft_problems(&kept.account, &kept.draft).await?);
    let mut page = page(&state, p, &kept.account, kept.draft);
    page.action = format!("/template-drafts/{id}");
    page.problems = problems;
    page.refusal = kept.refusal;
    page.id = Some(id);
    html(&page)
}

/// Submits it.
pub async fn submit(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    let (account, template) = template_act::submit(&state, &actor, id).await?;
    Ok(done(&address(&account, &template.name, &template.language), "template_submitted"))
}

/// Throws it away.
pub async fn throw_away(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
) -> Result<Redirect, WebError> {
    template_act::throw_away(&state, &actor, id).await?;
    Ok(done("/templates", "template_dropped"))
}

/// Uploads the sample that came with a form, and shows the form again with what the provider calls it. Nothing is saved.
pub async fn sample(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    form: Multipart,
) -> Result<Response, WebError> {
    let (form, file) = upload::form_with_file::<TemplateForm>(form, "sample").await?;
    let is_ours = |action: &str| action.starts_with("/template-drafts") || action.starts_with("/templates/");
    if !is_ours(&form.action) {
        return Err(WebError::Bad("upload"));
    }
    let (action, account) = (form.action.clone(), form.account.clone());
    let uploaded = match file {
        Some((name, bytes)) => template_act::sample(&state, &actor, &account, Sample { name, bytes }).await,
        None => Err(WebError::Refused(vec![Problem::new("template_sample_none", &[("field", "sample")])])),
    };
    let (form, problems) = match uploaded {
        Ok(header) => (form.with_sample(header.kind, &header.handle), Vec::new()),
        Err(WebError::Refused(problems)) => (form, problems),
        Err(other) => return Err(other),
    };
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let problems = said(&p, &problems);
    let mut page = page(&state, p, &account, form.draft());
    page.is_draft = action.starts_with("/template-drafts");
    page.id = action.strip_prefix("/template-drafts/").and_then(|id| id.parse().ok());
    if !page.is_draft {
        page.accounts = vec![account];
    }
    page.action = action;
    page.problems = problems;
    Ok((status, html(&page)?).into_response())
}
