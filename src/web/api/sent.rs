//! What a campaign's runs have sent: with it `recado check` tells what a file that comes again would leave out.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::campaigns::found;
use super::extract::{Asked, Sent, wrong};
use super::paging::{self, Listed};
use super::standing::AT_ONCE;
use crate::domain::earlier::Gone;
use crate::domain::id::RunId;
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;
use crate::store::{erased, message, run};
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SentAsked {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
    /// A run whose rows are left out: the one that a file amends.
    but: Option<i64>,
}

/// A row that a run has sent or will send. Rows with ids are the same when their keys are, others when person and time are.
#[derive(Serialize, ToSchema)]
pub struct SentView {
    /// The row's identity within its run.
    pub key: String,
    /// The number it went to, with `+`.
    pub to: String,
    /// The row's date and time.
    pub happens_at: Option<UnixMs>,
    /// Which run.
    pub run: RunId,
}

/// A row of a file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SentRow {
    /// Its identity within its run.
    key: String,
    /// Its number, digits with the country's.
    #[schema(value_type = String)]
    to: Phone,
    /// Its date and time.
    #[serde(default)]
    happens_at: Option<UnixMs>,
}

/// Which rows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasedAsked {
    /// At most 10,000.
    rows: Vec<SentRow>,
}

/// What went to people who were erased since.
#[derive(Serialize, ToSchema)]
pub struct ErasedSent {
    /// Whether anything at all did.
    any: bool,
    /// Of the rows that were asked for those that did, by their keys, with the run that has sent each.
    runs: BTreeMap<String, RunId>,
}

/// Which rows of a file went to people who were erased since
///
/// Of them the list of what was sent holds nothing any more, and no run sends such a row again. With it `recado check` counts as the
/// daemon does.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/sent", tag = "campaigns", request_body = ErasedAsked,
    params(("id" = String, Path, description = "The campaign: its number or its folder's name")),
    responses((status = 200, description = "Those rows", body = ErasedSent),
              (status = 404, description = "There is no such campaign", body = ProblemDocument),
              (status = 422, description = "Too many are asked for at once", body = ProblemDocument)))]
pub async fn to_erased(
    State(state): State<WebState>,
    Path(id): Path<String>,
    Sent(asked): Sent<ErasedAsked>,
) -> Result<Json<ErasedSent>, WebError> {
    let c = found(&state, &id).await?;
    if asked.rows.len() > AT_ONCE {
        return Err(wrong("rows", &format!("at most {AT_ONCE}")));
    }
    let sent = erased::sent(state.store(), c.id).await?;
    let run = |row: SentRow| sent.run_of(&row.key, &row.to, row.happens_at).map(|run| (row.key, run));
    Ok(Json(ErasedSent { any: sent.is_any(), runs: asked.rows.into_iter().filter_map(run).collect() }))
}

/// What the campaign's runs have sent, or will send
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/sent", tag = "campaigns",
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), SentAsked),
    responses((status = 200, description = "Rows that its next run leaves out", body = Listed<SentView>)))]
pub async fn all(
    State(state): State<WebState>,
    Path(id): Path<String>,
    Asked(asked): Asked<SentAsked>,
) -> Result<Json<Listed<SentView>>, WebError> {
    let c = found(&state, &id).await?;
    let limit = paging::limit(asked.limit)?;
    let (from, key) = match asked.cursor.as_deref().map(|cursor| cursor.split_once(':').ok_or_else(paging::not_ours)) {
        Some(cursor) => {
            let (run, key) = cursor?;
            (RunId(run.parse().map_err(|_| paging::not_ours())?), key.to_owned())
        }
        None => (RunId::BY_HAND, String::new()),
    };
    let mut gone: Vec<Gone> = Vec::new();
    for run in run::ids_of_campaign(state.store(), c.id, from).await? {
        if Some(run.0) == asked.but {
            continue;
        }
        let after = if run == from { key.as_str() } else { "" };
        let wanted = limit + 1 - gone.len() as i64;
        if wanted <= 0 {
            break;
        }
        gone.extend(message::gone_page(state.store(), run, after, wanted).await?);
    }
    let view = |g: Gone| SentView { key: g.key, to: g.to.with_plus(), happens_at: g.happens_at, run: g.run };
    Ok(Json(Listed::cut(gone, limit, |g| format!("{}:{}", g.run, g.key), view)))
}
