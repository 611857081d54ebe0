//! The table of routes: method, path, what it asks of whoever comes, handler. A test walks it with every role.

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};

use crate::domain::role::Right as R;

pub use super::guard::Access;
use super::state::WebState;
use super::{
    api, asset, audit, availability, by_hand, campaign, campaigns, canned, conversation, conversations, costs, doctor,
    doubt, draft, events, handover, health, holds, inbox, language, media, metrics, outgoing, people, person,
    result_files, retry, run, run_rows, shared, sign_in, suppressions, template, template_drafts, templates, test_send,
    ticket, tickets, users, variables, webhook, webhook_chatwoot,
};

/// One route.
pub struct Route {
    /// `GET` or `POST` or `DELETE`.
    pub method: Method,
    /// Path with `{placeholders}`.
    pub path: &'static str,
    /// What it asks.
    pub access: Access,
    pub(super) handler: MethodRouter<WebState>,
}

pub(super) fn read<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, WebState>,
    T: 'static,
{
    Route { method: Method::GET, path, access, handler: get(handler) }
}

pub(super) fn write<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, WebState>,
    T: 'static,
{
    Route { method: Method::POST, path, access, handler: post(handler) }
}

pub(super) const fn needs(right: R) -> Access {
    Access::Needs(right)
}

/// The same route with room for files, which go to the disk as they come and are measured there
/// ([`super::upload`]).
pub(super) fn with_files(mut route: Route) -> Route {
    route.handler = route.handler.layer(DefaultBodyLimit::disable());
    route
}

/// Every route.
pub fn table() -> Vec<Route> {
    let mut all = open();
    all.extend(campaign_pages());
    all.extend(conversation_pages());
    all.extend(template_pages());
    all.extend(other_pages());
    all.extend(outgoing_pages());
    all.extend(api::route::routes());
    all
}

fn open() -> Vec<Route> {
    use Access::Open;
    vec![
        read("/healthz", Open, health::alive),
        read("/readyz", Open, health::ready),
        read("/metrics", Open, metrics::metrics),
        read("/assets/{mark}/{file}", Open, asset::asset),
        read("/sign-in", Open, sign_in::show),
        write("/sign-in", Open, sign_in::submit),
        read("/sign-in/link", Open, sign_in::show_link),
        write("/sign-in/link", Open, sign_in::use_link),
        write("/language", Open, language::choose),
        read("/shared/{hash}/{until}/{proof}/{name}", Open, shared::show),
        read("/webhooks/{account}", Open, webhook::handshake),
        write("/webhooks/{account}", Open, webhook::receive),
        write("/webhooks/{account}/{secret}", Open, webhook::receive_with_secret),
        write("/webhooks/chatwoot/{inbox}/{secret}", Open, webhook_chatwoot::receive),
    ]
}

fn campaign_pages() -> Vec<Route> {
    let (read_, steer, lift) = (needs(R::ReadCampaigns), needs(R::SteerRuns), needs(R::LiftHolds));
    let load = needs(R::LoadCampaigns);
    vec![
        read("/campaigns", read_, campaigns::show),
        with_files(write("/campaigns", load, campaigns::load)),
        read("/campaigns/new", load, draft::begin::new),
        with_files(write("/drafts", load, draft::begin::create)),
        write("/drafts/quiet", load, draft::begin::create_quiet),
        read("/drafts/{id}", load, draft::show),
        write("/drafts/{id}", load, draft::save),
        with_files(write("/drafts/{id}/audience", load, draft::audience)),
        with_files(write("/drafts/{id}/header", load, draft::header)),
        write("/drafts/{id}/discard", load, draft::discard),
        read("/campaigns/{id}", read_, campaign::show),
        read("/campaigns/{id}/copy", load, draft::begin::copy),
        with_files(write("/campaigns/{id}/copy", load, draft::begin::create_copy)),
        write("/campaigns/{id}/edit", load, draft::begin::edit),
        write("/campaigns/{id}/sent-elsewhere", load, campaign::elsewhere),
        write("/campaigns/{id}/read-as", load, campaign::read_as),
        read("/campaigns/{id}/rows", needs(R::ReadPeople), campaign::rows::show),
        write("/campaigns/{id}/start", needs(R::StartRuns), campaign::start),
        write("/campaigns/{id}/test", needs(R::SendTests), test_send::send),
        write("/campaigns/{id}/end", steer, campaign::end),
        read("/runs/{id}", read_, run::show),
        read("/runs/{id}/rows", needs(R::ReadPeople), run_rows::show),
        read("/runs/{id}/results.csv", needs(R::ReadPeople), run_rows::csv),
        read("/runs/{id}/files/{file}", needs(R::ReadPeople), result_files::show),
        write("/runs/{id}/pause", steer, run::pause),
        write("/runs/{id}/resume", steer, run::resume),
        write("/runs/{id}/cancel", steer, run::cancel),
        write("/runs/{id}/correct", needs(R::StartRuns), draft::begin::correct),
        read("/runs/{id}/retry", read_, retry::show),
        write("/runs/{id}/retry", steer, retry::retry),
        read("/doubt", needs(R::ReadPeople), doubt::show),
        write("/doubt", lift, doubt::settle),
        read("/holds", read_, holds::show),
        write("/holds/{id}/lift", lift, holds::lift),
    ]
}

fn conversation_pages() -> Vec<Route> {
    let talk = needs(R::Converse);
    vec![
        read("/conversations", talk, conversations::show),
        read("/conversations/lists", talk, conversations::lists),
        read("/conversations/news", talk, conversations::news),
        write("/conversations/presence", talk, inbox::presence::tell),
        write("/conversations/sound", talk, inbox::setting::set_sound),
        read("/conversations/{id}", talk, conversation::show),
        read("/conversations/{id}/others", talk, inbox::presence::show),
        with_files(write("/conversations/{id}/answer", talk, conversation::answer)),
        read("/conversations/{id}/templates", needs(R::SendByHand), by_hand::show_in),
        write("/conversations/{id}/templates", needs(R::SendByHand), by_hand::send_in),
        read("/canned-answers", needs(R::WriteCanned), canned::show),
        write("/canned-answers", needs(R::WriteCanned), canned::add),
        write("/canned-answers/{id}", needs(R::WriteCanned), canned::change),
        write("/canned-answers/{id}/remove", needs(R::WriteCanned), canned::remove),
        write("/conversations/{id}/claim", talk, conversation::claim),
        write("/conversations/{id}/close", talk, conversation::close),
        write("/conversations/{id}/reopen", talk, conversation::reopen),
        write("/conversations/{id}/assign", talk, handover::assign),
        write("/conversations/{id}/ticket", talk, handover::ticket),
        write("/availability", talk, availability::set),
        read("/tickets", talk, tickets::show),
        write("/tickets", talk, tickets::open),
        read("/tickets/{id}", talk, ticket::show),
        write("/tickets/{id}", talk, ticket::change),
        write("/tickets/{id}/note", talk, ticket::note),
        write("/conversations/{id}/outcome", talk, conversation::set_outcome),
        write("/conversations/{id}/about", talk, conversation::about),
        write("/conversations/{id}/note", talk, conversation::note),
        write("/conversations/{id}/promotions", talk, conversation::set_promotions),
        write("/conversations/{id}/doubt", talk, conversation::settle),
        read("/media/{id}", talk, media::show),
        read("/send", needs(R::SendByHand), by_hand::show),
        write("/send", needs(R::SendByHand), by_hand::send),
        read("/send/number", needs(R::SendByHand), by_hand::number),
    ]
}

fn template_pages() -> Vec<Route> {
    let (look, manage) = (needs(R::ReadCampaigns), needs(R::ManageTemplates));
    vec![
        read("/templates", look, templates::show),
        write("/templates/sync", manage, templates::sync),
        read("/templates/{account}/{name}/{language}", look, template::show),
        read("/templates/{account}/{name}/{language}/edit", manage, template::edit_form),
        write("/templates/{account}/{name}/{language}/edit", manage, template::edit),
        write("/templates/{account}/{name}/{language}/own", manage, template::set_own),
        write("/templates/{account}/{name}/{language}/unpause", manage, template::unpause),
        write("/templates/{account}/{name}/{language}/delete", manage, template::delete),
        read("/template-drafts", manage, template_drafts::new),
        write("/template-drafts", manage, template_drafts::add),
        with_files(write("/template-samples", manage, template_drafts::sample)),
        read("/template-drafts/{id}", manage, template_drafts::show),
        write("/template-drafts/{id}", manage, template_drafts::save),
        write("/template-drafts/{id}/submit", manage, template_drafts::submit),
        write("/template-drafts/{id}/delete", manage, template_drafts::throw_away),
        read("/variables", look, variables::show),
        write("/variables", manage, variables::set),
        write("/variables/{name}/remove", manage, variables::remove),
    ]
}

fn outgoing_pages() -> Vec<Route> {
    let tell = needs(R::TellOthers);
    vec![
        read("/outgoing", tell, outgoing::show),
        write("/outgoing", tell, outgoing::add),
        read("/outgoing/{id}", tell, outgoing::one),
        write("/outgoing/{id}", tell, outgoing::change),
        write("/outgoing/{id}/secret", tell, outgoing::rotate),
        write("/outgoing/{id}/off", tell, outgoing::turn_off),
        write("/outgoing/{id}/on", tell, outgoing::turn_on),
        write("/outgoing/{id}/remove", tell, outgoing::remove),
        write("/outgoing/{id}/again", tell, outgoing::again_between),
        write("/outgoing/{id}/deliveries/{delivery}/again", tell, outgoing::again),
    ]
}

fn other_pages() -> Vec<Route> {
    let (suppress, manage) = (needs(R::Suppress), needs(R::ManageUsers));
    vec![
        read("/", Access::SignedIn, sign_in::home),
        write("/sign-out", Access::SignedIn, sign_in::sign_out),
        read("/events", Access::SignedIn, events::stream),
        read("/costs", needs(R::ReadCosts), costs::show),
        read("/costs.csv", needs(R::ReadCosts), costs::csv),
        read("/suppressions", suppress, suppressions::show),
        write("/suppressions", suppress, suppressions::add),
        write("/suppressions/import", suppress, suppressions::import),
        with_files(write("/suppressions/file", suppress, suppressions::import_file)),
        read("/people", needs(R::ReadPeople), people::show),
        with_files(write("/people/import", needs(R::ManagePeople), people::import)),
        read("/people/{id}", needs(R::ReadPeople), person::show),
        write("/people/{id}", needs(R::Converse), person::edit),
        write("/people/{id}/erase", needs(R::ManagePeople), person::erase),
        write("/suppressions/{id}/lift", suppress, suppressions::lift),
        read("/audit", needs(R::ReadAudit), audit::show),
        read("/doctor", needs(R::ReadAudit), doctor::show),
        read("/users", manage, users::show),
        write("/users", manage, users::add),
        write("/users/{id}/link", manage, users::link),
        write("/users/{id}/disable", manage, users::disable),
        write("/users/{id}/enable", manage, users::enable),
        write("/users/{id}/role", manage, users::set_role),
        write("/users/{id}/capacity", manage, users::set_capacity),
        write("/tokens/{id}/revoke", manage, users::revoke),
    ]
}
