//! The API's routes with what each takes and gives: guard, OpenAPI document and page are made from this one table.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::delete;

use crate::domain::role::Right as R;
use crate::web::events;
use crate::web::route::{Access, Route, needs, read, with_files, write};
use crate::web::run_rows;
use crate::web::state::WebState;

use super::shape::{Doc, Shape};
use super::{campaigns, conversations, docs, doubts, lists, messages, openapi, runs, start, suppressions};

const PAGED: &[(&str, &str)] = &[("cursor", "`next` of the page before"), ("limit", "items on a page")];
const ROWS: &[(&str, &str)] = &[
    ("state", "only messages in this state"),
    ("failure", "only failures with this code of the provider"),
    ("outcome", "only messages with this last outcome"),
    ("q", "part of a number, a name or a row's id"),
    ("after", "`next` of the page before"),
    ("limit", "items on a page, at most 500"),
];

fn with(mut route: Route, doc: Doc) -> Route {
    route.doc = Some(doc);
    route
}

fn remove<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, WebState>,
    T: 'static,
{
    Route { method: Method::DELETE, path, access, handler: delete(handler), doc: None }
}

/// Every route of the API.
pub fn routes() -> Vec<Route> {
    let mut all = of_campaigns();
    all.extend(of_runs());
    all.extend(of_conversations());
    all.extend(of_lists());
    all.extend(later());
    all.push(read("/api/v1/openapi.json", Access::SignedIn, openapi::document));
    all.push(read("/api/docs", Access::SignedIn, docs::show));
    all
}

fn of_campaigns() -> Vec<Route> {
    use Shape::{Json, Named, Upload};
    let (see, steer) = (needs(R::ReadCampaigns), needs(R::SteerRuns));
    vec![
        with(
            read("/api/v1/campaigns", see, campaigns::list),
            Doc::gives("Campaigns, newest first", Named("CampaignList")).query(PAGED),
        ),
        with(
            with_files(write("/api/v1/campaigns", needs(R::LoadCampaigns), campaigns::load)),
            Doc::gives("Load a campaign's file and audience", Named("LoadedView")).takes(Upload).once(),
        ),
        with(
            read("/api/v1/campaigns/{id}", see, campaigns::show),
            Doc::gives("One campaign, by number or folder name", Named("CampaignView")),
        ),
        with(
            read("/api/v1/campaigns/{id}/preflight", see, campaigns::preflight),
            Doc::gives("What would happen if it were started now", Json).query(&[("rows", "true: every row as well")]),
        ),
        with(
            write("/api/v1/campaigns/{id}/start", needs(R::StartRuns), start::start),
            Doc::gives("Start it", Named("StartedView")).takes(Named("StartRequest")).once(),
        ),
        with(
            write("/api/v1/campaigns/{id}/pause", steer, start::pause),
            Doc::gives("Pause its latest run", Named("RunView")).takes(Named("PauseRequest")),
        ),
        with(
            write("/api/v1/campaigns/{id}/resume", steer, start::resume),
            Doc::gives("Let its latest run go on", Named("RunView")),
        ),
        with(
            write("/api/v1/campaigns/{id}/cancel", steer, start::cancel),
            Doc::gives("Cancel what is left of its latest run", Named("RunView")),
        ),
    ]
}

fn of_runs() -> Vec<Route> {
    use Shape::{Csv, Named};
    let (see, steer, people) = (needs(R::ReadCampaigns), needs(R::SteerRuns), needs(R::ReadPeople));
    vec![
        with(
            read("/api/v1/runs/{id}", see, runs::show),
            Doc::gives("A run with its counts, and why it waits", Named("RunView")),
        ),
        with(
            write("/api/v1/runs/{id}/pause", steer, runs::pause),
            Doc::gives("Pause it", Named("RunView")).takes(Named("PauseRequest")),
        ),
        with(write("/api/v1/runs/{id}/resume", steer, runs::resume), Doc::gives("Let it go on", Named("RunView"))),
        with(
            write("/api/v1/runs/{id}/cancel", steer, runs::cancel),
            Doc::gives("Cancel what is left of it", Named("RunView")),
        ),
        with(
            read("/api/v1/runs/{id}/messages", people, runs::messages),
            Doc::gives("Its messages", Named("MessageList")).query(ROWS),
        ),
        with(
            read("/api/v1/runs/{id}/results.csv", people, run_rows::csv),
            Doc::gives("Every row and what became of it", Csv),
        ),
        with(
            write("/api/v1/messages", needs(R::SendByHand), messages::send),
            Doc::gives("One template to one person, by hand", Named("SentView")).takes(Named("MessageRequest")).once(),
        ),
        with(
            read("/api/v1/doubt", people, doubts::list),
            Doc::gives("Messages of which nobody knows whether they left", Named("DoubtList")).query(PAGED),
        ),
        with(
            write("/api/v1/doubt", steer, doubts::settle),
            Doc::gives("Send them again or leave them", Named("Done")).takes(Named("SettleRequest")),
        ),
    ]
}

fn of_conversations() -> Vec<Route> {
    use Shape::Named;
    let talk = needs(R::Converse);
    vec![
        with(
            read("/api/v1/conversations", talk, conversations::list),
            Doc::gives("Conversations, whoever waits longest first", Named("ConversationList")).query(&[
                ("view", "mine, unassigned, team, all or closed"),
                ("key", "`next.key` of the page before"),
                ("after", "`next.after` of the page before"),
            ]),
        ),
        with(
            read("/api/v1/conversations/{id}", talk, conversations::show),
            Doc::gives("One with its thread", Named("ThreadView")),
        ),
        with(
            write("/api/v1/conversations/{id}/answer", talk, conversations::answer),
            Doc::gives("Answer while the window is open", Named("ThreadView")).takes(Named("AnswerRequest")).once(),
        ),
        with(
            write("/api/v1/conversations/{id}/claim", talk, conversations::claim),
            Doc::gives("Take it", Named("ThreadView")),
        ),
        with(
            write("/api/v1/conversations/{id}/close", talk, conversations::close),
            Doc::gives("Close it", Named("ThreadView")),
        ),
        with(
            write("/api/v1/conversations/{id}/outcome", talk, conversations::outcome),
            Doc::gives("Set or correct what the person decided", Named("ThreadView")).takes(Named("OutcomeRequest")),
        ),
    ]
}

fn of_lists() -> Vec<Route> {
    use Shape::{Events, Json, Named};
    let suppress = needs(R::Suppress);
    vec![
        with(
            read("/api/v1/templates", needs(R::ReadCampaigns), lists::templates),
            Doc::gives("Templates as last read from the provider", Named("TemplateList")),
        ),
        with(
            read("/api/v1/suppressions", suppress, suppressions::list),
            Doc::gives("The do-not-send list", Named("SuppressionList")).query(PAGED),
        ),
        with(
            write("/api/v1/suppressions", suppress, suppressions::add),
            Doc::gives("Put somebody on it", Named("Done")).takes(Named("SuppressionRequest")).once(),
        ),
        with(
            remove("/api/v1/suppressions/{id}", suppress, suppressions::lift),
            Doc::gives("Take a line off", Named("Done")),
        ),
        with(
            read("/api/v1/costs", needs(R::ReadCosts), lists::costs),
            Doc::gives("What a month cost", Json).query(&[
                ("month", "as 2026-11; left out: this one"),
                ("by", "campaign, cost_centre, account, sender, market, category, day, separated by commas"),
            ]),
        ),
        with(
            read("/api/v1/holds", needs(R::ReadCampaigns), lists::holds),
            Doc::gives("Holds in force", Named("HoldList")),
        ),
        with(
            write("/api/v1/holds/{id}/lift", needs(R::SteerRuns), lists::lift),
            Doc::gives("Lift a hold", Named("Done")),
        ),
        with(
            read("/api/v1/events", Access::SignedIn, events::stream),
            Doc::gives("What changes, by id, as it happens", Events),
        ),
    ]
}

/// Part of the plan: refused with 501.
fn later() -> Vec<Route> {
    let doc = Doc::gives("Not available yet", Shape::Nothing);
    vec![
        with(write("/api/v1/campaigns/{id}/retry", needs(R::StartRuns), start::not_yet), doc),
        with(write("/api/v1/campaigns/{id}/test", needs(R::StartRuns), start::not_yet), doc),
        with(read("/api/v1/tickets", needs(R::Converse), start::not_yet), doc),
        with(read("/api/v1/people", needs(R::ReadPeople), start::not_yet), doc),
    ]
}
