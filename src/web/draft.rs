//! The mapping step: what the columns are, what fills the template, when it goes, what answers do. Every row can be
//! looked at as its person will see it, and the campaign file is written for whoever never wants to see one.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::actor::Actor;
use super::error::WebError;
use super::file_questions::{Asked, asked};
use super::form::{Form, done};
use super::page::{Page, html};
use super::reading::{PATIENCE, Reading};
use super::row_words;
use super::state::WebState;
use super::upload;
use crate::domain::id::DraftId;
use crate::domain::problem::Problem;
use crate::domain::role::Right;
use crate::domain::template::TemplateStatus;
use crate::engine::{Finished, Preview, Split};
use crate::intake::definition::Definition;
use crate::intake::rows::explain;
use crate::locale;
use crate::store::draft::{self, Draft};
use crate::store::{campaign, template, user};

mod apply;
pub mod begin;
mod choices;
mod file;
mod view;

pub use apply::Fields;
use view::{Known, View};

/// What is asked about a file that is answered by how it is read.
const QUESTIONS: [&str; 12] = [
    "hidden_rows",
    "total_rows",
    "merged_cells",
    "identity_numbers",
    "identity_header",
    "unlike_example",
    "unlike_example_made",
    "several_sheets",
    "hidden_sheet",
    "no_such_sheet",
    "no_header_row",
    "no_header",
];

#[derive(Template)]
#[template(path = "draft.html")]
struct DraftPage {
    p: Page,
    d: Draft,
    v: View,
    preview: PreviewView,
    problems: Vec<String>,
    /// The folder holds another file than when this was begun.
    clash: bool,
    /// A version of this folder is there already.
    known: bool,
    /// Of the run that it is to correct.
    split: Option<Split>,
    /// How far the file is read, while it is.
    reading: Option<Reading>,
    /// What keeps the row from being shown.
    in_the_way: Vec<String>,
    /// Whether only a person can say how the file is read.
    asks_how: bool,
    /// What is asked about it.
    asked: Vec<Asked>,
}

/// A row as its person will see it.
struct PreviewView {
    row: i64,
    before: Option<i64>,
    text: Option<crate::domain::fill::Rendered>,
    to: String,
    due: Option<crate::domain::time::UnixMs>,
    left_out: Option<String>,
    cells: Vec<(String, String)>,
}

impl PreviewView {
    fn of(p: &Page, preview: &Preview) -> Self {
        let header = preview.facts.as_ref().map(|facts| facts.header.clone()).unwrap_or_default();
        let left_out = preview.left_out.as_ref().map(|left| {
            let why = row_words::reason(p, Some(left.reason.as_str()));
            let detail = explain(p.language, &left.detail);
            if detail.is_empty() { why } else { format!("{why} ({detail})") }
        });
        Self {
            row: preview.row,
            before: (preview.row > 1).then_some(preview.row - 1),
            text: preview.text.clone(),
            to: preview.to.clone(),
            due: preview.due_at,
            left_out,
            cells: header.into_iter().zip(preview.cells.iter().cloned()).collect(),
        }
    }
}

/// Which row is looked at.
#[derive(Deserialize)]
pub struct RowQuery {
    row: Option<i64>,
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Query(query): Query<RowQuery>,
) -> Result<Html<String>, WebError> {
    let d = found(&state, &actor, id).await?;
    page(&state, p, d, query.row.unwrap_or(1), (&[], false)).await
}

/// A draft that whoever asks may change: the correction of a run approves what will be sent.
async fn found(state: &WebState, actor: &Actor, id: i64) -> Result<Draft, WebError> {
    let d = draft::get(state.store(), DraftId(id)).await?.ok_or(WebError::NotFound)?;
    if d.run_id.is_some() && !actor.may(Right::StartRuns) {
        return Err(WebError::NotAllowed);
    }
    Ok(d)
}

async fn page(
    state: &WebState,
    mut p: Page,
    d: Draft,
    row: i64,
    (refused, clash): (&[Problem], bool),
) -> Result<Html<String>, WebError> {
    let (preview, reading) = state.engine.preview_soon(&d, row.max(1), PATIENCE).await?;
    let file = Definition::read(&d.definition).unwrap_or_default();
    let known = known(state, &file, &preview).await?;
    if let Ok(zone) = jiff::tz::TimeZone::get(&file.text(&["timezone"])) {
        p.zone = zone;
    }
    let v = View::of(&p, &file, &known);
    let questions: Vec<Asked> = preview.problems.iter().filter_map(|problem| asked(&p, problem)).collect();
    let others = refused.iter().filter(|problem| asked(&p, problem).is_none());
    let mut problems: Vec<String> = others.map(|problem| locale::page_problem(p.language, problem)).collect();
    // What is still open is shown beside its field; only who wants to go on is told in a list.
    let is_question = |problem: &&Problem| QUESTIONS.contains(&problem.code.as_str());
    if refused.is_empty() {
        let told = preview.problems.iter().filter(|problem| asked(&p, problem).is_none());
        let told = told.filter(|problem| !v.is_open() || is_question(problem));
        problems.extend(told.map(|problem| locale::page_problem(p.language, problem)));
    }
    let split = match d.run_id {
        Some(run) => Some(state.engine.split(run).await?),
        None => None,
    };
    let is_known = campaign::by_name(state.store(), &d.name).await?.is_some();
    let asks_how = preview.problems.iter().any(|problem| is_question(&problem));
    let in_the_way = preview.problems.iter().map(|problem| locale::page_problem(p.language, problem)).collect();
    let preview = PreviewView::of(&p, &preview);
    let reading = reading.map(|progress| Reading::of(&p, progress));
    html(&DraftPage {
        p,
        d,
        v,
        preview,
        problems,
        clash,
        known: is_known,
        split,
        reading,
        in_the_way,
        asks_how,
        asked: questions,
    })
}

/// What the page offers to choose from.
async fn known(state: &WebState, file: &Definition, preview: &Preview) -> Result<Known, WebError> {
    let config = state.config();
    let sender = file.text(&["sender"]);
    let account = config.senders.get(&sender).and_then(|sender| config.accounts.get(&sender.account));
    let mut templates = match account {
        Some(account) => template::list(state.store(), &account.name).await?,
        None => Vec::new(),
    };
    templates.retain(|t| t.status == TemplateStatus::Approved && !t.parameters_unknown);
    Ok(Known {
        senders: config.senders.keys().cloned().collect(),
        teams: config.teams.keys().cloned().collect(),
        holidays: config.holidays.keys().cloned().collect(),
        users: user::answering(state.store()).await?,
        currency: account.map_or_else(String::new, |account| account.currency.to_string()),
        templates,
        template: preview.template.clone(),
        facts: preview.facts.clone(),
        sheets: sheets(preview),
        cells: preview.cells.clone(),
    })
}

/// The sheets of the workbook, also where it has to be asked which is meant.
fn sheets(preview: &Preview) -> Vec<String> {
    let read = preview.facts.as_ref().map(|facts| facts.sheets.clone()).unwrap_or_default();
    if read.is_empty() { preview.problems.iter().flat_map(Problem::options).map(str::to_owned).collect() } else { read }
}

/// What the form says is kept; then the row is shown, or the draft is finished.
pub async fn save(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let mut d = found(&state, &actor, id).await?;
    // Of fields that come twice (the row's buttons beside its number) the last counts.
    let fields = Fields(pairs.into_iter().collect::<BTreeMap<String, String>>());
    let mut file = Definition::read(&d.definition).unwrap_or_default();
    let (before, _) = state.engine.preview_soon(&d, 1, Duration::ZERO).await?;
    let known = known(&state, &file, &before).await?;
    fields.apply(&mut file, &known);
    d.definition = file.to_string();
    draft::save(state.store(), d.id, &d.definition, state.now()).await?;
    // A row that was typed goes before the one that was shown.
    let row = fields.number("go").or(fields.number("row")).unwrap_or(1).max(1);
    let over = fields.is("action", "over");
    if !over && !fields.is("action", "finish") {
        return Ok(Redirect::to(&format!("/drafts/{id}?row={row}")).into_response());
    }
    let (refused, clash) = match state.engine.finish_draft(&d, over, &actor.name).await? {
        Finished::Loaded(campaign, version) => {
            let detail = format!("version {version}");
            state.audit(&actor, "campaign.load", &format!("campaign {}", d.name), &detail).await?;
            return Ok(done(&format!("/campaigns/{campaign}"), "loaded").into_response());
        }
        Finished::Corrected(run, split) => {
            let detail = format!("{} stay, {} go out corrected", split.stays, split.rest);
            state.audit(&actor, "run.correct", &format!("run {run}"), &detail).await?;
            return Ok(done(&format!("/runs/{run}"), "corrected").into_response());
        }
        Finished::FolderChanged => (Vec::new(), true),
        Finished::Refused(problems) => (problems, false),
    };
    let status = if clash { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = page(&state, p, d, row, (&refused, clash)).await?;
    Ok((status, page).into_response())
}

/// Another file for it.
pub async fn audience(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    form: Multipart,
) -> Result<Redirect, WebError> {
    let d = found(&state, &actor, id).await?;
    // A correction goes on with the people that the run has.
    if d.run_id.is_some() {
        return Err(WebError::Conflict("run_state"));
    }
    let parts = upload::parts(&state, form).await?;
    let brought = parts.file.ok_or(WebError::Bad("no_audience"))?;
    state.engine.draft_audience(&d, &brought).await?.map_err(WebError::Refused)?;
    Ok(Redirect::to(&format!("/drafts/{id}")))
}

/// Where a file is shown.
#[derive(Deserialize)]
pub struct ShownAt {
    /// The place of a card, from 0; left out: the header.
    card: Option<usize>,
}

/// A file that its template shows.
pub async fn header(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Query(at): Query<ShownAt>,
    form: Multipart,
) -> Result<Response, WebError> {
    let d = found(&state, &actor, id).await?;
    if d.run_id.is_some() {
        return Err(WebError::Conflict("run_state"));
    }
    let brought = upload::one(&state, form, "header").await?.ok_or(WebError::Bad("no_header_file"))?;
    match state.engine.draft_file(&d, at.card, &brought).await? {
        Ok(()) => Ok(Redirect::to(&format!("/drafts/{id}")).into_response()),
        Err(problems) => {
            let page = page(&state, p, d, 1, (&problems, false)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// Nobody wants it.
pub async fn discard(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    let d = found(&state, &actor, id).await?;
    draft::remove(state.store(), d.id).await?;
    Ok(match d.run_id {
        Some(run) => Redirect::to(&format!("/runs/{run}")),
        None => done("/campaigns", "discarded"),
    })
}
