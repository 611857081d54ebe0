//! A paused run goes on with another campaign file.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Id, Sent};
use crate::domain::id::RunId;
use crate::engine::{CorrectOutcome, Split};
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;

/// What it goes on with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correct {
    /// The text of the corrected `campaign.toml`.
    campaign: String,
}

/// Correct a paused run: another mapping or template for what has not left
///
/// What has left stays; the rest is planned again from the same audience when the run is resumed. Sender and kind cannot
/// change. The folder gets the file too, unless somebody changed it meanwhile.
#[utoipa::path(post, path = "/api/v1/runs/{id}/correct", tag = "runs", request_body = Correct,
    params(("id" = i64, Path, description = "The run"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "What stays and what goes out corrected, once it is resumed", body = Split),
              (status = 404, description = "There is no such run", body = ProblemDocument),
              (status = 422, description = "It is not paused, or something is wrong with the file", body = ProblemDocument)))]
pub async fn correct(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<Correct>,
) -> Result<Json<Split>, WebError> {
    match state.engine.correct(RunId(id), &body.campaign, &actor.name).await? {
        CorrectOutcome::Refused(problems) => Err(WebError::Refused(problems)),
        CorrectOutcome::Corrected(split) => {
            let detail = format!("{} stay, {} go out corrected", split.stays, split.rest);
            state.audit(&actor, "run.correct", &format!("run {id}"), &detail).await?;
            Ok(Json(split))
        }
    }
}
