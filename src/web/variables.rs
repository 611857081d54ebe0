//! Custom variables: texts that expressions may use in any mapping.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::role::Right;
use crate::store::variable::{self, Variable};

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done};
use super::page::{Page, html};
use super::state::WebState;
use super::template_act;

#[derive(Template)]
#[template(path = "variables.html")]
struct VariablesPage {
    p: Page,
    variables: Vec<Variable>,
    /// Those of the configuration, which win.
    fixed: Vec<(String, String)>,
    manage: Right,
}

/// The page.
pub async fn show(State(state): State<WebState>, p: Page) -> Result<Html<String>, WebError> {
    let variables = variable::all(state.store()).await?;
    let fixed = state.config().vars.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    html(&VariablesPage { p, variables, fixed, manage: Right::ManageTemplates })
}

/// A name and its text.
#[derive(Deserialize)]
pub struct VariableForm {
    name: String,
    value: String,
}

/// Sets one.
pub async fn set(
    State(state): State<WebState>,
    actor: Actor,
    Form(form): Form<VariableForm>,
) -> Result<Redirect, WebError> {
    template_act::set_variable(&state, &actor, &form.name, &form.value).await?;
    Ok(done("/variables", "variable_set"))
}

/// Removes one.
pub async fn remove(
    State(state): State<WebState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Redirect, WebError> {
    template_act::remove_variable(&state, &actor, &name).await?;
    Ok(done("/variables", "variable_removed"))
}
