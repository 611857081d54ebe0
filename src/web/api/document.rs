//! The OpenAPI document.

use axum::Json;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi, ToSchema};

use super::{
    agents, alerts, answers, bots, campaigns, canned, conversations, correct, costs, doctor, doubt, endpoints, events,
    handover, holds, me, messages, people, portfolios, retry, runs, sent, standing, suppressions, template_drafts,
    templates, tickets, variables, wallets,
};
use crate::web::actor::COOKIE;
use crate::web::error::ProblemDocument;
use crate::web::{media, test_send};

/// Media type of problem documents (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// What makes the document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Recado", description = "WhatsApp template campaigns, and the answers brought back to people. \
        Times are Unix milliseconds. Amounts are decimals in text. Errors are problem documents (RFC 9457)."),
    paths(
        campaigns::all, campaigns::load, campaigns::one, campaigns::sheet, sent::all, sent::to_erased, standing::show, standing::of_rows, campaigns::start, campaigns::pause,
        campaigns::resume, campaigns::cancel, campaigns::end, retry::of_campaign, retry::of_run, test_send::api, runs::all, runs::one, runs::messages,
        runs::results, runs::file, runs::pause, runs::resume, runs::cancel, correct::correct, messages::send, messages::one, conversations::all,
        conversations::one, answers::answer, answers::bring, conversations::claim, conversations::close,
        conversations::set_outcome, conversations::about, conversations::note, conversations::settle,
        conversations::set_promotions, handover::assign, handover::to_bot, handover::back, tickets::all, tickets::open,
        tickets::one, tickets::change, tickets::note, tickets::chat, tickets::of_conversation, agents::all, agents::set,
        bots::all, bots::one, bots::answer, bots::set_outcome, bots::back, canned::all, canned::set, canned::remove, media::show, templates::all,
        templates::sync, templates::one, templates::delete, templates::edit, templates::set_own, templates::unpause,
        template_drafts::all,
        template_drafts::add, template_drafts::one, template_drafts::throw_away, template_drafts::submit, template_drafts::sample, variables::all,
        variables::set, variables::remove, suppressions::all, suppressions::add, suppressions::import, suppressions::import_file, suppressions::lift,
        costs::show, doctor::show, doubt::all, doubt::settle, holds::all, holds::lift, alerts::all, people::find, people::one, people::edit, people::names, people::erase_number, people::import,
        people::export, people::erase, endpoints::all, endpoints::add, endpoints::one, endpoints::change,
        endpoints::remove, endpoints::rotate, endpoints::deliveries, endpoints::again, endpoints::again_between,
        events::stream, me::show, portfolios::all, wallets::all
    ),
    components(schemas(ProblemDocument)),
    security(("token" = []), ("session" = [])),
    modifiers(&Security, &Problems)
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

/// What every operation may answer.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Document) {
        for item in document.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
                tell_problems(operation);
            }
        }
    }
}

/// Problems have a media type of their own, and any operation may end in one that its list does not name.
fn tell_problems(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && let Some(content) = response.content.swap_remove("application/json")
        {
            response.content.insert(PROBLEM.to_owned(), content);
        }
    }
    let schema = Some(Ref::from_schema_name(ProblemDocument::name()));
    let content = ContentBuilder::new().schema(schema).build();
    let other = ResponseBuilder::new().description("Any other problem").content(PROBLEM, content).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(other));
}

/// The document.
pub fn document() -> Document {
    Recado::openapi()
}

/// The document, served.
pub async fn show() -> Json<Document> {
    Json(document())
}
