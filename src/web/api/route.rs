//! Routes of the API, each with the right it asks for.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::delete;

use super::{
    agents, alerts, answers, bots, campaigns, canned, conversations, correct, costs, docs, doctor, document, doubt,
    endpoints, events, handover, holds, me, messages, people, portfolios, retry, runs, sent, standing, suppressions,
    template_drafts, templates, tickets, variables, wallets,
};
use crate::domain::role::Right as R;
use crate::web::media;
use crate::web::route::{Access, Route, needs, read, with_files, write};
use crate::web::state::WebState;
use crate::web::test_send;

/// Every one.
pub fn routes() -> Vec<Route> {
    let mut all = campaign_routes();
    all.extend(conversation_routes());
    all.extend(desk_routes());
    all.extend(template_routes());
    all.extend(other_routes());
    all.extend(outgoing_routes());
    all
}

fn campaign_routes() -> Vec<Route> {
    let (look, people) = (needs(R::ReadCampaigns), needs(R::ReadPeople));
    let (steer, lift) = (needs(R::SteerRuns), needs(R::LiftHolds));
    vec![
        read("/api/v1/campaigns", look, campaigns::all),
        with_files(write("/api/v1/campaigns", needs(R::LoadCampaigns), campaigns::load)),
        read("/api/v1/campaigns/{id}", look, campaigns::one),
        read("/api/v1/campaigns/{id}/preflight", look, campaigns::sheet),
        read("/api/v1/campaigns/{id}/sent", people, sent::all),
        write("/api/v1/campaigns/{id}/sent", people, sent::to_erased),
        read("/api/v1/campaigns/{id}/standing", people, standing::show),
        write("/api/v1/campaigns/{id}/standing", people, standing::of_rows),
        write("/api/v1/campaigns/{id}/start", needs(R::StartRuns), campaigns::start),
        write("/api/v1/campaigns/{id}/pause", steer, campaigns::pause),
        write("/api/v1/campaigns/{id}/resume", steer, campaigns::resume),
        write("/api/v1/campaigns/{id}/cancel", steer, campaigns::cancel),
        write("/api/v1/campaigns/{id}/end", steer, campaigns::end),
        write("/api/v1/campaigns/{id}/retry", steer, retry::of_campaign),
        write("/api/v1/campaigns/{id}/test", needs(R::SendTests), test_send::api),
        read("/api/v1/runs", look, runs::all),
        read("/api/v1/runs/{id}", look, runs::one),
        read("/api/v1/runs/{id}/messages", people, runs::messages),
        read("/api/v1/runs/{id}/results.csv", people, runs::results),
        read("/api/v1/runs/{id}/files/{file}", people, runs::file),
        write("/api/v1/runs/{id}/pause", steer, runs::pause),
        write("/api/v1/runs/{id}/resume", steer, runs::resume),
        write("/api/v1/runs/{id}/cancel", steer, runs::cancel),
        write("/api/v1/runs/{id}/retry", steer, retry::of_run),
        write("/api/v1/runs/{id}/correct", needs(R::StartRuns), correct::correct),
        read("/api/v1/doubt", people, doubt::all),
        write("/api/v1/doubt", lift, doubt::settle),
        read("/api/v1/portfolios", look, portfolios::all),
        read("/api/v1/wallets", look, wallets::all),
        read("/api/v1/alerts", look, alerts::all),
        read("/api/v1/holds", look, holds::all),
        write("/api/v1/holds/{id}/lift", lift, holds::lift),
    ]
}

fn conversation_routes() -> Vec<Route> {
    let talk = needs(R::Converse);
    vec![
        write("/api/v1/messages", needs(R::SendByHand), messages::send),
        read("/api/v1/messages/{id}", needs(R::ReadPeople), messages::one),
        read("/api/v1/conversations", talk, conversations::all),
        read("/api/v1/conversations/{id}", talk, conversations::one),
        with_files(write("/api/v1/conversations/{id}/answer", talk, answers::answer)),
        with_files(write("/api/v1/conversations/{id}/media", talk, answers::bring)),
        write("/api/v1/conversations/{id}/claim", talk, conversations::claim),
        write("/api/v1/conversations/{id}/close", talk, conversations::close),
        write("/api/v1/conversations/{id}/outcome", talk, conversations::set_outcome),
        write("/api/v1/conversations/{id}/about", talk, conversations::about),
        write("/api/v1/conversations/{id}/note", talk, conversations::note),
        write("/api/v1/conversations/{id}/promotions", talk, conversations::set_promotions),
        write("/api/v1/conversations/{id}/doubt", talk, conversations::settle),
        read("/api/v1/canned-answers", needs(R::WriteCanned), canned::all),
        write("/api/v1/canned-answers", needs(R::WriteCanned), canned::set),
        remove("/api/v1/canned-answers/{id}", needs(R::WriteCanned), canned::remove),
        write("/api/v1/conversations/{id}/assign", talk, handover::assign),
        write("/api/v1/conversations/{id}/bot", talk, handover::to_bot),
        write("/api/v1/conversations/{id}/bot/back", talk, handover::back),
        write("/api/v1/conversations/{id}/ticket", talk, tickets::of_conversation),
        read("/api/v1/media/{id}", talk, media::show),
        read("/api/v1/people", needs(R::ReadPeople), people::find),
        write("/api/v1/people/names", needs(R::ReadPeople), people::names),
        write("/api/v1/people/erase", needs(R::ManagePeople), people::erase_number),
        with_files(write("/api/v1/people/import", needs(R::ManagePeople), people::import)),
        read("/api/v1/people/{id}", needs(R::ReadPeople), people::one),
        write("/api/v1/people/{id}", needs(R::Converse), people::edit),
        read("/api/v1/people/{id}/export", needs(R::ManagePeople), people::export),
        write("/api/v1/people/{id}/erase", needs(R::ManagePeople), people::erase),
    ]
}

fn desk_routes() -> Vec<Route> {
    let (talk, bot) = (needs(R::Converse), needs(R::AnswerAsBot));
    vec![
        read("/api/v1/tickets", talk, tickets::all),
        write("/api/v1/tickets", talk, tickets::open),
        read("/api/v1/tickets/{id}", talk, tickets::one),
        write("/api/v1/tickets/{id}", talk, tickets::change),
        write("/api/v1/tickets/{id}/note", talk, tickets::note),
        write("/api/v1/tickets/{id}/chat", needs(R::SendByHand), tickets::chat),
        read("/api/v1/agents", talk, agents::all),
        write("/api/v1/me/availability", talk, agents::set),
        read("/api/v1/bot/conversations", bot, bots::all),
        read("/api/v1/bot/conversations/{id}", bot, bots::one),
        write("/api/v1/bot/conversations/{id}/answer", bot, bots::answer),
        write("/api/v1/bot/conversations/{id}/outcome", bot, bots::set_outcome),
        write("/api/v1/bot/conversations/{id}/back", bot, bots::back),
    ]
}

fn remove<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, WebState>,
    T: 'static,
{
    Route { method: Method::DELETE, path, access, handler: delete(handler) }
}

fn template_routes() -> Vec<Route> {
    let (look, manage) = (needs(R::ReadCampaigns), needs(R::ManageTemplates));
    vec![
        read("/api/v1/templates", look, templates::all),
        write("/api/v1/templates/sync", manage, templates::sync),
        read("/api/v1/templates/{account}/{name}/{language}", look, templates::one),
        remove("/api/v1/templates/{account}/{name}/{language}", manage, templates::delete),
        write("/api/v1/templates/{account}/{name}/{language}/edit", manage, templates::edit),
        write("/api/v1/templates/{account}/{name}/{language}/own", manage, templates::set_own),
        write("/api/v1/templates/{account}/{name}/{language}/unpause", manage, templates::unpause),
        read("/api/v1/template-drafts", look, template_drafts::all),
        write("/api/v1/template-drafts", manage, template_drafts::add),
        with_files(write("/api/v1/template-samples", manage, template_drafts::sample)),
        read("/api/v1/template-drafts/{id}", look, template_drafts::one),
        remove("/api/v1/template-drafts/{id}", manage, template_drafts::throw_away),
        write("/api/v1/template-drafts/{id}/submit", manage, template_drafts::submit),
        read("/api/v1/variables", look, variables::all),
        write("/api/v1/variables", manage, variables::set),
        remove("/api/v1/variables/{name}", manage, variables::remove),
    ]
}

fn outgoing_routes() -> Vec<Route> {
    let tell = needs(R::TellOthers);
    vec![
        read("/api/v1/endpoints", tell, endpoints::all),
        write("/api/v1/endpoints", tell, endpoints::add),
        read("/api/v1/endpoints/{id}", tell, endpoints::one),
        write("/api/v1/endpoints/{id}", tell, endpoints::change),
        remove("/api/v1/endpoints/{id}", tell, endpoints::remove),
        write("/api/v1/endpoints/{id}/secret", tell, endpoints::rotate),
        read("/api/v1/endpoints/{id}/deliveries", tell, endpoints::deliveries),
        write("/api/v1/endpoints/{id}/deliveries/{delivery}/again", tell, endpoints::again),
        write("/api/v1/endpoints/{id}/again", tell, endpoints::again_between),
    ]
}

fn other_routes() -> Vec<Route> {
    let suppress = needs(R::Suppress);
    vec![
        read("/api/v1/suppressions", suppress, suppressions::all),
        write("/api/v1/suppressions", suppress, suppressions::add),
        write("/api/v1/suppressions/import", suppress, suppressions::import),
        with_files(write("/api/v1/suppressions/file", suppress, suppressions::import_file)),
        remove("/api/v1/suppressions/{id}", suppress, suppressions::lift),
        read("/api/v1/costs", needs(R::ReadCosts), costs::show),
        read("/api/v1/doctor", needs(R::ReadAudit), doctor::show),
        read("/api/v1/events", Access::SignedIn, events::stream),
        read("/api/v1/me", Access::SignedIn, me::show),
        read("/api/v1/openapi.json", Access::Open, document::show),
        read("/api/docs", Access::Open, docs::show),
    ]
}
