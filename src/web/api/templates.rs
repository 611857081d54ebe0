//! Templates: what the provider says of them, what is our own, and their life.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, Sent, wrong};
use super::paging::{self, Listed};
use crate::domain::fill::Rendered;
use crate::domain::template::Template;
use crate::domain::template::draft::Draft;
use crate::domain::time::UnixMs;
use crate::engine::Stake;
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;
use crate::web::template_act::{self, Entry, Wanted};

/// How a template may stand at any provider.
const STATUSES: [&str; 5] = ["approved", "pending", "rejected", "paused", "disabled"];

/// Which templates.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplatesAsked {
    /// Only of this account.
    account: Option<String>,
    /// Exactly this name.
    name: Option<String>,
    /// Exactly this language, as `es_AR`.
    language: Option<String>,
    /// With this status, as `approved` or `rejected`.
    status: Option<String>,
    /// In this group.
    group: Option<String>,
    /// Part of the name or the text.
    q: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// A template of an account.
#[derive(Clone, Serialize, ToSchema)]
pub struct TemplateView {
    /// The account.
    pub account: String,
    /// The template.
    #[serde(flatten)]
    pub template: Template,
    /// Why it was refused, in the provider's word; empty when it was not.
    pub reason: String,
    /// What the provider advises then.
    pub advice: String,
    /// `green`, `yellow`, `red`; empty when not known.
    pub quality: String,
    /// When it was read.
    pub read_at: UnixMs,
    /// Groups it is in.
    pub groups: Vec<String>,
    /// What a campaign puts into its variables where its file says nothing: expression by parameter.
    pub mapping: BTreeMap<String, String>,
}

impl From<Entry> for TemplateView {
    fn from(entry: Entry) -> Self {
        let Entry { account, told, own } = entry;
        Self {
            account,
            template: told.template,
            reason: told.reason,
            advice: told.advice,
            quality: told.quality,
            read_at: told.read_at,
            groups: own.groups,
            mapping: own.mapping,
        }
    }
}

/// A template with what waits for it.
#[derive(Serialize, ToSchema)]
pub struct TemplateDetail {
    /// The template.
    #[serde(flatten)]
    pub template: TemplateView,
    /// What a person would read, with the default mapping applied to a made-up row.
    pub sample: Rendered,
    /// Open runs that use it.
    pub runs: Vec<Stake>,
}

/// What is Recado's own of a template.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnSent {
    /// Groups it is in.
    #[serde(default)]
    groups: Vec<String>,
    /// Expression by parameter, as in `[variables]` of a campaign's file; `button.0` is the first button's.
    #[serde(default)]
    mapping: BTreeMap<String, String>,
}

/// Whose templates to read again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncSent {
    /// Only of this account.
    #[serde(default)]
    account: String,
}

/// How many were read.
#[derive(Serialize, ToSchema)]
pub struct Synced {
    /// Templates that the provider has.
    pub templates: usize,
}

type Key = (String, String, String);

/// Templates, as last read from the provider
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates", params(TemplatesAsked),
    responses((status = 200, description = "Templates by account, name and language", body = Listed<TemplateView>)))]
pub async fn all(
    State(state): State<WebState>,
    Asked(asked): Asked<TemplatesAsked>,
) -> Result<Json<Listed<TemplateView>>, WebError> {
    let limit = paging::limit(asked.limit)?;
    let skip = usize::try_from(paging::number(asked.cursor.as_deref(), 0)?).map_err(|_| paging::not_ours())?;
    if asked.account.as_ref().is_some_and(|name| !state.config().accounts.contains_key(name)) {
        return Err(wrong("account", "no such account"));
    }
    let wanted = Wanted {
        account: asked.account.unwrap_or_default(),
        search: asked.q.unwrap_or_default(),
        status: asked.status.unwrap_or_default(),
        language: asked.language.unwrap_or_default(),
        group: asked.group.unwrap_or_default(),
    };
    let (mut entries, _) = template_act::list(&state, &wanted).await?;
    // A provider may have words of its own: what no template has and nobody knows is misspelt.
    if entries.is_empty() && !wanted.status.is_empty() && !STATUSES.contains(&wanted.status.as_str()) {
        return Err(wrong("status", "approved, pending, rejected, paused or disabled"));
    }
    entries.retain(|e| asked.name.as_ref().is_none_or(|name| *name == e.told.template.name));
    let numbered = entries.into_iter().enumerate().map(|(i, entry)| (i + 1, entry));
    let page: Vec<_> = numbered.skip(skip).take(limit as usize + 1).collect();
    Ok(Json(Listed::cut(page, limit, |(place, _)| place.to_string(), |(_, entry)| TemplateView::from(entry))))
}

/// One template, with a sample and the runs that use it
#[utoipa::path(get, path = "/api/v1/templates/{account}/{name}/{language}", tag = "templates",
    params(("account" = String, Path, description = "The account"), ("name" = String, Path, description = "Its name"),
           ("language" = String, Path, description = "Its language")),
    responses((status = 200, description = "The template", body = TemplateDetail),
              (status = 404, description = "There is no such template", body = ProblemDocument)))]
pub async fn one(State(state): State<WebState>, Path(key): Path<Key>) -> Result<Json<TemplateDetail>, WebError> {
    let (account, name, language) = key;
    let entry = template_act::one(&state, &account, &name, &language).await?;
    let sample = state.engine.template_sample(&entry.told.template, &entry.own).await?;
    let runs = state.engine.template_stakes(&account, &name, &language).await?;
    Ok(Json(TemplateDetail { template: entry.into(), sample, runs }))
}

/// Give a template another text
#[utoipa::path(post, path = "/api/v1/templates/{account}/{name}/{language}/edit", tag = "templates", request_body = Draft,
    params(("account" = String, Path, description = "The account"), ("name" = String, Path, description = "Its name"),
           ("language" = String, Path, description = "Its language"),
           ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "As the provider has it now", body = Template),
              (status = 404, description = "There is no such template", body = ProblemDocument),
              (status = 422, description = "It may not be changed so, now, or at all", body = ProblemDocument)))]
pub async fn edit(
    State(state): State<WebState>,
    actor: Actor,
    Path((account, name, language)): Path<Key>,
    Sent(draft): Sent<Draft>,
) -> Result<Json<Template>, WebError> {
    template_act::one(&state, &account, &name, &language).await?;
    if (draft.name.as_str(), draft.language.as_str()) != (&name, &language) {
        return Err(wrong("name", "a template keeps its name and its language"));
    }
    Ok(Json(*template_act::edit(&state, &actor, &account, &draft).await?))
}

/// Let a paused template go on
#[utoipa::path(post, path = "/api/v1/templates/{account}/{name}/{language}/unpause", tag = "templates",
    params(("account" = String, Path, description = "The account"), ("name" = String, Path, description = "Its name"),
           ("language" = String, Path, description = "Its language"),
           ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "As the provider has it now", body = Template),
              (status = 404, description = "There is no such template", body = ProblemDocument),
              (status = 422, description = "It is not paused, or the provider does not let it go on", body = ProblemDocument)))]
pub async fn unpause(
    State(state): State<WebState>,
    actor: Actor,
    Path((account, name, language)): Path<Key>,
) -> Result<Json<Template>, WebError> {
    template_act::one(&state, &account, &name, &language).await?;
    Ok(Json(*template_act::unpause(&state, &actor, (&account, &name, &language)).await?))
}

/// Set groups and default mapping
#[utoipa::path(post, path = "/api/v1/templates/{account}/{name}/{language}/own", tag = "templates", request_body = OwnSent,
    params(("account" = String, Path, description = "The account"), ("name" = String, Path, description = "Its name"),
           ("language" = String, Path, description = "Its language"),
           ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "They are set"),
              (status = 404, description = "There is no such template", body = ProblemDocument),
              (status = 422, description = "A group or an expression is wrong", body = ProblemDocument)))]
pub async fn set_own(
    State(state): State<WebState>,
    actor: Actor,
    Path((account, name, language)): Path<Key>,
    Sent(sent): Sent<OwnSent>,
) -> Result<StatusCode, WebError> {
    template_act::set_own(&state, &actor, (&account, &name, &language), &sent.groups, &sent.mapping).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a template at the provider
#[utoipa::path(delete, path = "/api/v1/templates/{account}/{name}/{language}", tag = "templates",
    params(("account" = String, Path, description = "The account"), ("name" = String, Path, description = "Its name"),
           ("language" = String, Path, description = "Its language")),
    responses((status = 204, description = "It is gone; its name cannot be used again for 30 days"),
              (status = 404, description = "There is no such template", body = ProblemDocument),
              (status = 422, description = "A run uses it, or the provider keeps it", body = ProblemDocument)))]
pub async fn delete(
    State(state): State<WebState>,
    actor: Actor,
    Path((account, name, language)): Path<Key>,
) -> Result<StatusCode, WebError> {
    template_act::delete(&state, &actor, (&account, &name, &language)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read every template again
#[utoipa::path(post, path = "/api/v1/templates/sync", tag = "templates", request_body = SyncSent,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "They are read", body = Synced),
              (status = 404, description = "There is no such account", body = ProblemDocument),
              (status = 422, description = "The provider could not be read", body = ProblemDocument)))]
pub async fn sync(
    State(state): State<WebState>,
    actor: Actor,
    Sent(sent): Sent<SyncSent>,
) -> Result<Json<Synced>, WebError> {
    Ok(Json(Synced { templates: template_act::sync(&state, &actor, &sent.account).await? }))
}
