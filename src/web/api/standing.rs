//! The standing run of a campaign, for whoever compares a new file with it before it is loaded.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;

use super::campaigns::found;
use super::extract::Asked;
use crate::domain::id::MessageId;
use crate::preflight::diff::FeedView;
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
/// still to come (5,000 at a time: `next` is the `after` of the following ones), and the ids of those who have cancelled.
/// `null`: the campaign has none.
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
