//! Canned answers: the page where they are written, and what pages and API do to them. Whoever manages templates writes
//! everybody's; agents write those of their own teams.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::domain::canned::{blanks, code, fill_blanks};
use crate::domain::id::ConversationId;
use crate::domain::problem::Problem;
use crate::domain::role::Right;
use crate::engine::canned::{CannedDraft, FilledCanned};
use crate::locale::{self, Language};
use crate::store::canned::{self, Canned};
use crate::store::{conversation, user};

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done};
use super::page::{Page, html};
use super::state::WebState;

/// Where they are.
const PAGE: &str = "/canned-answers";

#[derive(Template)]
#[template(path = "canned.html")]
struct CannedPage {
    p: Page,
    lines: Vec<Line>,
    /// Teams whose answers may be written here.
    teams: Vec<String>,
    /// Whether everybody's may.
    everybodys: bool,
    /// What the form holds.
    form: CannedForm,
    /// What the form changes; none: it adds one.
    changes: Option<i64>,
    problems: Vec<String>,
    /// Names that a text may use.
    names: Vec<String>,
    longest: usize,
}

/// A canned answer in the list.
pub struct Line {
    /// It.
    pub canned: Canned,
    /// Whether whoever looks may change it.
    pub may_change: bool,
}

/// What the form holds.
#[derive(Deserialize, Default)]
pub struct CannedForm {
    #[serde(default)]
    team: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    text: String,
}

/// Which one is changed.
#[derive(Deserialize, Default)]
pub struct Chosen {
    edit: Option<i64>,
}

/// Whether `actor` may write the answers of a team; of everybody where it is empty.
fn may_write(state: &WebState, actor: &Actor, team: &str) -> bool {
    actor.may(Right::ManageTemplates)
        || (!team.is_empty() && state.config().teams_of(&actor.name).iter().any(|t| t == team))
}

/// The teams whose canned answers an agent uses in a conversation of `team`.
pub async fn teams_in(state: &WebState, actor: &Actor, team: Option<&str>) -> Result<(String, Vec<String>), WebError> {
    // A program that acts for somebody has a name of its own.
    let agent = match actor.user {
        Some(id) => user::by_id(state.store(), id).await?.map_or_else(String::new, |u| u.name),
        None => actor.name.clone(),
    };
    let mut teams = state.config().teams_of(&agent);
    teams.extend(team.map(str::to_owned));
    Ok((agent, teams))
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Query(chosen): Query<Chosen>,
) -> Result<Html<String>, WebError> {
    let form = match chosen.edit {
        Some(id) => {
            let found = canned::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
            CannedForm { team: found.team, code: found.code, text: found.text }
        }
        None => CannedForm::default(),
    };
    page(&state, &actor, p, (chosen.edit, form), Vec::new()).await
}

async fn page(
    state: &WebState,
    actor: &Actor,
    p: Page,
    (changes, form): (Option<i64>, CannedForm),
    problems: Vec<String>,
) -> Result<Html<String>, WebError> {
    let all = canned::all(state.store()).await?.into_iter();
    let lines = all.map(|canned| Line { may_change: may_write(state, actor, &canned.team), canned }).collect();
    let mut names = vec![crate::engine::canned::NAME.to_owned(), crate::engine::canned::AGENT.to_owned()];
    names.extend(state.engine.vars().await?.into_keys());
    let teams = state.config().teams.keys().filter(|team| may_write(state, actor, team)).cloned().collect();
    let everybodys = may_write(state, actor, "");
    let longest = crate::domain::canned::LONGEST_TEXT;
    html(&CannedPage { p, lines, teams, everybodys, form, changes, problems, names, longest })
}

/// Adds one.
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Form(form): Form<CannedForm>,
) -> Result<Response, WebError> {
    keep(&state, &actor, p, None, form).await
}

/// Changes one.
pub async fn change(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Form(form): Form<CannedForm>,
) -> Result<Response, WebError> {
    keep(&state, &actor, p, Some(id), form).await
}

async fn keep(
    state: &WebState,
    actor: &Actor,
    p: Page,
    id: Option<i64>,
    form: CannedForm,
) -> Result<Response, WebError> {
    let draft = CannedDraft { team: &form.team, code: &form.code, text: &form.text };
    match save(state, actor, id, draft).await {
        Ok(_) => Ok(done(PAGE, "canned_kept").into_response()),
        Err(WebError::Refused(problems)) => {
            let told = problems.iter().map(|problem| locale::problem(p.language, problem)).collect();
            let page = page(state, actor, p, (id, form), told).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// Removes one.
pub async fn remove(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Response, WebError> {
    throw_away(&state, &actor, id).await?;
    Ok(done(PAGE, "canned_removed").into_response())
}

/// Keeps a canned answer, for page and API; its number.
pub async fn save(state: &WebState, actor: &Actor, id: Option<i64>, draft: CannedDraft<'_>) -> Result<i64, WebError> {
    if let Some(id) = id {
        let found = canned::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
        allowed(state, actor, &found.team)?;
    }
    allowed(state, actor, draft.team)?;
    let saved = state.engine.save_canned(id, draft, &actor.name).await?;
    let saved = saved.map_err(WebError::Refused)?;
    state.audit(actor, "canned.set", &format!("canned answer {saved}"), draft.team).await?;
    Ok(saved)
}

/// Removes a canned answer, for page and API.
pub async fn throw_away(state: &WebState, actor: &Actor, id: i64) -> Result<(), WebError> {
    let found = canned::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    allowed(state, actor, &found.team)?;
    if !canned::remove(state.store(), id).await? {
        return Err(WebError::NotFound);
    }
    Ok(state.audit(actor, "canned.remove", &format!("canned answer {id}"), &found.team).await?)
}

fn allowed(state: &WebState, actor: &Actor, team: &str) -> Result<(), WebError> {
    if may_write(state, actor, team) { Ok(()) } else { Err(WebError::Conflict("canned_others")) }
}

/// Refuses a text made from canned answers in which a place is still to be filled.
pub async fn all_filled(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    (used, text): (&[i64], &str),
) -> Result<(), WebError> {
    if used.is_empty() {
        return Ok(());
    }
    let open = blanks(text);
    // In whichever language the page was.
    for language in Language::ALL {
        let all = in_conversation(state, actor, id, language).await?;
        let used = all.iter().filter(|canned| used.contains(&canned.id));
        if let Some(blank) = used.flat_map(|canned| &canned.blanks).find(|blank| open.contains(&blank.as_str())) {
            return Err(WebError::Refused(vec![Problem::new("canned_blank", &[("blank", blank)])]));
        }
    }
    Ok(())
}

async fn in_conversation(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    language: Language,
) -> Result<Vec<FilledCanned>, WebError> {
    let found = conversation::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    let (agent, teams) = teams_in(state, actor, found.team.as_deref()).await?;
    Ok(state.engine.canned_in(id, (&agent, &teams), language).await?)
}

/// The text of the canned answer of a code with its places filled; every place must be, and no others.
pub async fn text_of(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    (typed, values): (&str, &BTreeMap<String, String>),
    language: Language,
) -> Result<String, WebError> {
    let refuse = |code: &str, args: &[(&str, &str)]| Err(WebError::Refused(vec![Problem::new(code, args)]));
    let all = in_conversation(state, actor, id, language).await?;
    let wanted = code(typed);
    let Some(found) = all.into_iter().find(|canned| Some(&canned.code) == wanted.as_ref()) else {
        return refuse("canned_unknown", &[("field", "canned.code"), ("code", typed)]);
    };
    if let Some(extra) = values.keys().find(|name| !found.blanks.contains(name)) {
        return refuse("canned_extra", &[("field", "canned.values"), ("blank", extra)]);
    }
    let is_open = |blank: &&String| values.get(*blank).is_none_or(|value| value.trim().is_empty());
    if let Some(open) = found.blanks.iter().find(is_open) {
        return refuse("canned_blank", &[("field", "canned.values"), ("blank", open)]);
    }
    Ok(fill_blanks(&found.text, |label| values.get(label).cloned()))
}
