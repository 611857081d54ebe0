//! Parts of the plan that do not work yet: refused, never half done. The document does not name them.

use crate::web::error::WebError;

/// Tickets: not available yet.
pub async fn tickets() -> WebError {
    WebError::NotAvailableYet
}
