//! Templates, as last read from the provider.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, wrong};
use super::paging::{self, Listed};
use crate::domain::template::Template;
use crate::store::template;
use crate::web::error::WebError;
use crate::web::state::WebState;

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
}

/// Templates, as last read from the provider
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates", params(TemplatesAsked),
    responses((status = 200, description = "Templates by account, name and language", body = Listed<TemplateView>)))]
pub async fn all(
    State(state): State<WebState>,
    Asked(asked): Asked<TemplatesAsked>,
) -> Result<Json<Listed<TemplateView>>, WebError> {
    let limit = paging::limit(asked.limit)?;
    let skip = usize::try_from(paging::number(asked.cursor.as_deref(), 0)?).map_err(|_| paging::not_ours())?;
    let accounts: Vec<String> = match asked.account {
        Some(name) if !state.config().accounts.contains_key(&name) => return Err(wrong("account", "no such account")),
        Some(name) => vec![name],
        None => state.config().accounts.keys().cloned().collect(),
    };
    let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
    let mut found: Vec<(usize, TemplateView)> = Vec::new();
    for account in accounts {
        for template in template::list(state.store(), &account).await? {
            if is(&asked.name, &template.name) && is(&asked.language, &template.language) {
                found.push((found.len() + 1, TemplateView { account: account.clone(), template }));
            }
        }
    }
    let page: Vec<_> = found.into_iter().skip(skip).take(limit as usize + 1).collect();
    Ok(Json(Listed::cut(page, limit, |(place, _)| place.to_string(), |(_, view)| view)))
}
