//! Who is asking.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::UserId;
use crate::domain::role::Role;
use crate::web::actor::Actor;
use crate::web::error::ProblemDocument;
use crate::web::state::WebState;

/// Whoever sent the request.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// A user's name, or `token:<name>`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The user; `null` for a token.
    pub user: Option<UserId>,
    /// The clock on which times are shown that belong to no campaign, an IANA name.
    pub timezone: String,
}

/// Who is asking
#[utoipa::path(get, path = "/api/v1/me", tag = "me",
    responses((status = 200, description = "Whoever the token or session belongs to", body = Me),
              (status = 401, description = "No good token came", body = ProblemDocument)))]
pub async fn show(State(state): State<WebState>, actor: Actor) -> Json<Me> {
    let timezone = state.zone().iana_name().unwrap_or("UTC").to_owned();
    Json(Me { name: actor.name, role: actor.role, user: actor.user, timezone })
}
