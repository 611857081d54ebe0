//! Pages, JSON API, webhooks' way in, server-sent events. Every route stands in one table ([`route::table`]) with what
//! it asks of whoever comes; one guard enforces it.

mod act;
mod actor;
mod alerts;
mod api;
mod asset;
mod attach;
mod audit;
mod audit_words;
mod availability;
mod away;
mod bubble;
mod by_hand;
mod campaign;
mod campaigns;
mod canned;
mod clock;
mod composer;
mod conversation;
mod conversations;
mod converse;
mod costs;
mod doctor;
mod doubt;
mod draft;
mod error;
mod events;
mod figures;
mod file_facts;
mod file_questions;
mod forecasts;
mod form;
mod gallery;
mod guard;
mod handover;
mod health;
mod holds;
mod inbox;
mod language;
mod media;
mod metrics;
mod nodes;
mod once;
mod origin;
mod outgoing;
mod outgoing_act;
mod page;
mod people;
mod person;
mod reading;
mod result_files;
mod results;
mod retry;
pub mod route;
mod row_words;
mod run;
mod run_rows;
mod sampler;
mod security;
mod shared;
mod sign_in;
mod state;
mod suppressions;
mod template;
mod template_act;
mod template_drafts;
mod template_form;
mod templates;
pub(crate) mod test_send;
mod throttle;
mod ticket;
mod tickets;
mod tier;
mod upload;
mod users;
mod variables;
mod wallet;
mod webhook;
mod webhook_chatwoot;
mod words;

pub use inbox::asked::sought;
pub use metrics::Metrics;
pub use state::WebState;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, Predicate, predicate};

/// Everything the daemon answers over HTTP.
pub fn router(state: WebState) -> Router {
    let mut router = Router::new();
    for route in route::table() {
        let guard = from_fn_with_state((state.clone(), route.access), guard::guard);
        let mut handler = route.handler;
        if route.path.starts_with("/api/v1/") {
            handler = handler.layer(from_fn_with_state(state.clone(), api::once::once));
        }
        router = router.route(route.path, handler.layer(guard));
    }
    // Events are a stream that must not wait for a compressor's buffer.
    let compressed =
        predicate::DefaultPredicate::new().and(predicate::NotForContentType::const_new("text/event-stream"));
    router
        .fallback(error::no_such_page)
        .with_state(state.clone())
        .layer(from_fn_with_state(state.clone(), error::write_out))
        .layer(from_fn_with_state(state.clone(), security::headers))
        .layer(from_fn_with_state(state, security::trace))
        .layer(CompressionLayer::new().compress_when(compressed))
        .layer(CatchPanicLayer::new())
}
