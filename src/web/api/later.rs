//! Parts of the plan that do not work yet: refused, never half done.

use crate::web::error::{ProblemDocument, WebError};

/// Tickets: not available yet
#[utoipa::path(get, path = "/api/v1/tickets", tag = "tickets",
    responses((status = 501, description = "Not available yet", body = ProblemDocument)))]
pub async fn tickets() -> WebError {
    WebError::NotAvailableYet
}

/// People: not available yet
#[utoipa::path(get, path = "/api/v1/people", tag = "people",
    responses((status = 501, description = "Not available yet", body = ProblemDocument)))]
pub async fn people() -> WebError {
    WebError::NotAvailableYet
}
