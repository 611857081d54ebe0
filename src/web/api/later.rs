//! Parts of the plan that do not work yet: refused, never half done.

use crate::web::error::{ProblemDocument, WebError};

/// A rendered row to one's own number: not available yet
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/test", tag = "campaigns",
    params(("id" = String, Path, description = "The campaign: its number or its folder's name")),
    responses((status = 501, description = "Not available yet", body = ProblemDocument)))]
pub async fn test() -> WebError {
    WebError::NotAvailableYet
}

/// Tickets: not available yet
#[utoipa::path(get, path = "/api/v1/tickets", tag = "tickets",
    responses((status = 501, description = "Not available yet", body = ProblemDocument)))]
pub async fn tickets() -> WebError {
    WebError::NotAvailableYet
}
