//! The standing run of a campaign, for whoever compares a new file with it before it is loaded.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::campaigns::found;
use super::extract::{Asked, Sent, wrong};
use crate::domain::id::MessageId;
use crate::domain::phone::Phone;
use crate::preflight::diff::{FeedView, PlannedView};
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;

/// Where to go on.
#[derive(Debug, Deserialize)]
pub struct StandingQuery {
    /// `next` of the answer before.
    #[serde(default)]
    after: MessageId,
}

/// What the standing run of a campaign has planned
///
/// What `recado check` compares a file with: the run, the header of the file it took up last, its messages that wait or are
/// still to come (5,000 at a time: `next` is the `after` of the following ones). `null`: the campaign has none.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/standing", tag = "campaigns",
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"),
           ("after" = Option<i64>, Query, description = "`next` of the answer before")),
    responses((status = 200, description = "What is planned", content_type = "application/json", body = Object),
              (status = 404, description = "There is no such campaign", body = ProblemDocument)))]
pub async fn show(
    State(state): State<WebState>,
    Path(id): Path<String>,
    Asked(query): Asked<StandingQuery>,
) -> Result<Json<Option<FeedView>>, WebError> {
    let c = found(&state, &id).await?;
    Ok(Json(state.engine.planned_by_feed(c.id, query.after).await?))
}

/// Ids, and numbers, asked for at once.
pub(super) const AT_ONCE: usize = 10_000;

/// Of which rows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowsAsked {
    /// Their ids, at most 10,000.
    #[serde(default)]
    ids: Vec<String>,
    /// Their numbers, digits with the country's, at most 10,000.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    phones: Vec<Phone>,
}

/// What the standing run of a campaign has planned for some rows
///
/// By the rows' ids and numbers: its messages, and the ids of those who have cancelled. `null`: the campaign has none.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/standing", tag = "campaigns", request_body = RowsAsked,
    params(("id" = String, Path, description = "The campaign: its number or its folder's name")),
    responses((status = 200, description = "What is planned for them", content_type = "application/json", body = Object),
              (status = 404, description = "There is no such campaign", body = ProblemDocument),
              (status = 422, description = "Too much is asked for at once", body = ProblemDocument)))]
pub async fn of_rows(
    State(state): State<WebState>,
    Path(id): Path<String>,
    Sent(asked): Sent<RowsAsked>,
) -> Result<Json<Option<PlannedView>>, WebError> {
    let c = found(&state, &id).await?;
    for (field, n) in [("ids", asked.ids.len()), ("phones", asked.phones.len())] {
        if n > AT_ONCE {
            return Err(wrong(field, &format!("at most {AT_ONCE}")));
        }
    }
    let ids: Vec<&str> = asked.ids.iter().map(String::as_str).collect();
    Ok(Json(state.engine.planned_for_rows(c.id, (&ids, &asked.phones)).await?))
}
