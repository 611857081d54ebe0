//! One person: everything kept of them, and erasing it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use serde::Deserialize;

use crate::domain::id::PersonId;
use crate::engine::person::{Erased, PersonExport};
use crate::store::identity::Known;

use super::actor::Actor;
use super::error::WebError;
use super::page::{Page, html};
use super::state::WebState;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    p: Page,
    phone: String,
    /// True when somebody was looked for.
    asked: bool,
    found: Option<PersonExport>,
    erased: Option<Erased>,
}

/// Whom to look for.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    phone: String,
}

/// The person with a number, for page and API.
pub async fn find(state: &WebState, typed: &str) -> Result<Option<Known>, WebError> {
    state.engine.person_of(typed.trim()).await?.map_err(|problem| WebError::Refused(vec![problem]))
}

/// Everything kept of a person, with a line in the audit.
pub async fn export(state: &WebState, actor: &Actor, id: PersonId) -> Result<PersonExport, WebError> {
    let all = state.engine.export_person(id).await?;
    state.audit(actor, "person.export", &format!("person {id}"), "").await?;
    Ok(all)
}

/// Erases a person, with a line in the audit that names nobody.
pub async fn erase_one(state: &WebState, actor: &Actor, id: PersonId) -> Result<Erased, WebError> {
    let done = state.engine.erase_person(id).await?;
    let erased = done.map_err(|problem| WebError::Refused(vec![problem]))?;
    let detail = format!("{} rows, {} webhooks", erased.rows, erased.webhooks);
    state.audit(actor, "person.erase", &format!("person {id}"), &detail).await?;
    Ok(erased)
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let found = if asked.phone.trim().is_empty() { None } else { find(&state, &asked.phone).await? };
    let found = match found {
        Some(known) => Some(state.engine.export_person(known.id).await?),
        None => None,
    };
    let is_asked = !asked.phone.trim().is_empty();
    html(&PeoplePage { p, phone: asked.phone, asked: is_asked, found, erased: None })
}

/// Erases somebody and says what was erased.
pub async fn erase(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Html<String>, WebError> {
    let erased = erase_one(&state, &actor, PersonId(id)).await?;
    html(&PeoplePage { p, phone: String::new(), asked: false, found: None, erased: Some(erased) })
}
