//! The OpenAPI document.

use axum::Json;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    campaigns, conversations, costs, doubt, events, holds, later, me, messages, runs, suppressions, templates,
};
use crate::web::actor::COOKIE;
use crate::web::error::ProblemDocument;

/// What makes the document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Recado", description = "WhatsApp template campaigns, and the answers brought back to people. \
        Times are Unix milliseconds. Amounts are decimals in text. Errors are problem documents (RFC 9457)."),
    paths(
        campaigns::all, campaigns::load, campaigns::one, campaigns::sheet, campaigns::start, campaigns::pause,
        campaigns::resume, campaigns::cancel, later::retry, later::test, runs::all, runs::one, runs::messages,
        runs::results, runs::pause, runs::resume, runs::cancel, messages::send, messages::one, conversations::all,
        conversations::one, conversations::answer, conversations::claim, conversations::close,
        conversations::set_outcome, templates::all, suppressions::all, suppressions::add, suppressions::lift,
        costs::show, doubt::all, doubt::settle, holds::all, holds::lift, later::tickets, later::people,
        events::stream, me::show
    ),
    components(schemas(ProblemDocument)),
    security(("token" = []), ("session" = [])),
    modifiers(&Security)
)]
struct Recado;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("recado_…").build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            COOKIE,
            "The session of the pages; a POST or DELETE carries its token in the header X-CSRF-Token",
        ));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// The document.
pub fn document() -> Document {
    Recado::openapi()
}

/// The document, served.
pub async fn show() -> Json<Document> {
    Json(document())
}
