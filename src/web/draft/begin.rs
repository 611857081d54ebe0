//! The beginnings: a new campaign from a file, a copy of an earlier one, a change of one's own, a correction.

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::id::{CampaignId, DraftId, RunId};
use crate::domain::kind::CampaignKind;
use crate::domain::run::RunState;
use crate::domain::time::UnixMs;
use crate::engine::{Beginner, Brought, TakeUp};
use crate::locale;
use crate::store::campaign::{self, Campaign};
use crate::store::conversation::Silent;
use crate::store::run;
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::form::Form;
use crate::web::once::once_for_words;
use crate::web::page::{Page, html};
use crate::web::state::WebState;
use crate::web::upload::{self, Parts};

/// Kinds in the order in which they are offered.
const KINDS: [CampaignKind; 3] = [CampaignKind::Reminder, CampaignKind::Promotion, CampaignKind::ResumeContact];

#[derive(Template)]
#[template(path = "draft_new.html")]
struct NewPage {
    p: Page,
    /// The campaign whose file is copied.
    copy: Option<Campaign>,
    title: String,
    kinds: Vec<(CampaignKind, bool)>,
    problems: Vec<String>,
}

fn page(p: Page, copy: Option<Campaign>, given: &Parts, problems: Vec<String>) -> Result<Html<String>, WebError> {
    let kind = kind(&given.kind).unwrap_or(KINDS[0]);
    let kinds = KINDS.iter().map(|k| (*k, *k == kind)).collect();
    html(&NewPage { p, copy, title: given.title.clone(), kinds, problems })
}

/// A new campaign.
pub async fn new(p: Page) -> Result<Html<String>, WebError> {
    page(p, None, &Parts::default(), Vec::new())
}

/// The same file for other people.
pub async fn copy(State(state): State<WebState>, p: Page, Path(id): Path<i64>) -> Result<Html<String>, WebError> {
    let c = campaign::get(state.store(), CampaignId(id)).await?.ok_or(WebError::NotFound)?;
    let title = p.say("draft.copy_of", &[("title", &c.title)]);
    page(p, Some(c), &Parts { title, ..Parts::default() }, Vec::new())
}

fn kind(word: &str) -> Option<CampaignKind> {
    KINDS.into_iter().find(|kind| kind.as_str() == word)
}

/// It begins with a file.
pub async fn create(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    form: Multipart,
) -> Result<Response, WebError> {
    begin(&state, &actor, p, None, upload::parts(&state, form).await?).await
}

/// A copy begins with a file.
pub async fn create_copy(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    form: Multipart,
) -> Result<Response, WebError> {
    let c = campaign::get(state.store(), CampaignId(id)).await?.ok_or(WebError::NotFound)?;
    begin(&state, &actor, p, Some(c), upload::parts(&state, form).await?).await
}

/// A file that cannot be read is told above the form, which keeps what was typed.
async fn begin(
    state: &WebState,
    actor: &Actor,
    p: Page,
    copy: Option<Campaign>,
    mut given: Parts,
) -> Result<Response, WebError> {
    let Some(audience) = given.file.take() else {
        let said = vec![p.t("web.error.no_audience")];
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(p, copy, &given, said)?).into_response());
    };
    let title = given.title.trim();
    let file = audience.name();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
    let title = if title.is_empty() { stem } else { title.to_owned() };
    let file = file.to_owned();
    let kind = kind(&given.kind).unwrap_or(KINDS[0]);
    let words = format!("{} {title:?} {file:?} {}", kind.as_str(), audience.digest());
    let of = copy.as_ref().map(|of| of.id);
    let route = of.map_or_else(|| "POST /drafts".to_owned(), |of| format!("POST /campaigns/{of}/copy"));
    let brought = Brought { title, kind, audience };
    let work = async |actor: Actor| {
        let by = beginner(&actor);
        let begun = match of {
            Some(of) => state.engine.copy_draft(of, brought, by).await?,
            None => state.engine.begin_draft(brought, by).await?,
        };
        begun.map(there).map_err(WebError::Refused)
    };
    let begun = once_for_words(state, actor, (&route, &given.once), &words, work).await;
    there_or_again(begun, p, copy, &given)
}

/// Leads to the draft; where it is refused the form comes back and says why.
fn there_or_again(
    begun: Result<String, WebError>,
    p: Page,
    copy: Option<Campaign>,
    given: &Parts,
) -> Result<Response, WebError> {
    match begun {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(WebError::Refused(problems)) => {
            let said = problems.iter().map(|problem| locale::page_problem(p.language, problem)).collect();
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(p, copy, given, said)?).into_response())
        }
        Err(other) => Err(other),
    }
}

/// Whoever begins, under the key of what they sent.
fn beginner(actor: &Actor) -> Beginner<'_> {
    Beginner { name: &actor.name, once: &actor.once }
}

/// Whom to take up again.
#[derive(Deserialize)]
pub struct Quiet {
    since: Date,
    #[serde(default)]
    silent: Silent,
    #[serde(default)]
    once: String,
}

/// It begins with people whose conversation ended by itself.
pub async fn create_quiet(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Form(form): Form<Quiet>,
) -> Result<Response, WebError> {
    let of = TakeUp { since: since(&state, form.since)?, silent: form.silent, language: p.language };
    let work = async |actor: Actor| {
        let begun = state.engine.quiet_draft(&p.t("web.quiet.name"), of, beginner(&actor)).await?;
        begun.map(there).map_err(WebError::Refused)
    };
    let begun = once_for_words(&state, &actor, ("POST /drafts/quiet", &form.once), &format!("{of:?}"), work).await;
    let given = Parts { kind: CampaignKind::ResumeContact.as_str().to_owned(), ..Parts::default() };
    there_or_again(begun, p, None, &given)
}

/// The day's beginning on the clock of the first account.
pub(in crate::web) fn since(state: &WebState, day: Date) -> Result<UnixMs, WebError> {
    let zone = state.config().accounts.values().next().map_or(TimeZone::UTC, |account| account.timezone.clone());
    let at = day.to_zoned(zone).map_err(|_| WebError::Bad("since"))?;
    Ok(UnixMs(at.timestamp().as_millisecond()))
}

/// Where a draft is put together.
fn there(id: DraftId) -> String {
    format!("/drafts/{id}")
}

/// A button's form.
#[derive(Deserialize)]
pub struct Pressed {
    #[serde(default)]
    once: String,
}

/// A change of a campaign as it was loaded last.
pub async fn edit(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<Pressed>,
) -> Result<Redirect, WebError> {
    let work = async |actor: Actor| Ok(there(state.engine.edit_draft(CampaignId(id), beginner(&actor)).await?));
    let route = format!("POST /campaigns/{id}/edit");
    Ok(Redirect::to(&once_for_words(&state, &actor, (&route, &form.once), "", work).await?))
}

/// The correction of a paused run.
pub async fn correct(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<Pressed>,
) -> Result<Redirect, WebError> {
    let run = run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)?;
    if run.state != RunState::Paused {
        let status = StatusCode::CONFLICT;
        let told = |why| WebError::Because { status, word: "run_state", why };
        return Err(act::ended(&run).map_or(WebError::Conflict("run_state"), told));
    }
    let work = async |actor: Actor| Ok(there(state.engine.correct_draft(run.id, beginner(&actor)).await?));
    let route = format!("POST /runs/{id}/correct");
    Ok(Redirect::to(&once_for_words(&state, &actor, (&route, &form.once), "", work).await?))
}
