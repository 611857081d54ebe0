//! Who is asking.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::UserId;
use crate::domain::role::Role;
use crate::web::actor::Actor;
use crate::web::error::ProblemDocument;

/// Whoever sent the request.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// A user's name, or `token:<name>`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The user; `null` for a token.
    pub user: Option<UserId>,
}

/// Who is asking
#[utoipa::path(get, path = "/api/v1/me", tag = "me",
    responses((status = 200, description = "Whoever the token or session belongs to", body = Me),
              (status = 401, description = "No good token came", body = ProblemDocument)))]
pub async fn show(actor: Actor) -> Json<Me> {
    Json(Me { name: actor.name, role: actor.role, user: actor.user })
}
