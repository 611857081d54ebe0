//! Tickets: opened here or by another system under its own name for the case, changed, annotated, chatted from.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::conversations::found;
use super::desk;
use super::extract::{Asked, Id, Sent, wrong};
use super::messages::{HandSent, name_fields};
use super::paging::{self, Listed, not_ours};
use crate::domain::degrees;
use crate::domain::id::{ConversationId, PersonId, TicketId};
use crate::domain::ticket::{self as rules, Priority, TicketState};
use crate::domain::time::UnixMs;
use crate::engine::HandSend;
use crate::inbox::assign::Reach;
use crate::store::ticket::{self, Linked, NewTicket, TicketChange, TicketEvent, TicketFilter, TicketView, Whose};
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::state::WebState;
use crate::web::{by_hand, tickets};

/// Which tickets.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TicketsAsked {
    /// `open`, `pending` or `closed`; left out: any.
    state: Option<TicketState>,
    /// A user's name; `nobody`: nobody's.
    assignee: Option<String>,
    /// How urgent.
    priority: Option<Priority>,
    /// Of this person.
    person: Option<i64>,
    /// Of this other system.
    source: Option<String>,
    /// With this name there.
    external_id: Option<String>,
    /// Words of subject, name, number or reference.
    q: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// A case of another system.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The system; left out: the name of the token.
    source: Option<String>,
    /// Its own name for the case, at most 200 characters.
    id: String,
}

/// A ticket to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketBody {
    /// What it is about, one line of at most 200 characters.
    subject: String,
    /// The person's number; a local one belongs to the first sender's country.
    phone: Option<String>,
    /// Instead of a number: a conversation, which belongs to the ticket from then on.
    conversation: Option<ConversationId>,
    /// How urgent it is; left out: normal.
    #[serde(default)]
    priority: Priority,
    /// Who works on it: a user's name.
    assignee: Option<String>,
    /// The case in another system. Sent again, it leads to the same ticket.
    external: Option<Reference>,
}

/// What is said of a ticket from now on; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketChangeBody {
    /// What it is about.
    subject: Option<String>,
    /// Open, pending or closed.
    state: Option<TicketState>,
    /// How urgent it is.
    priority: Option<Priority>,
    /// A user's name; empty: nobody.
    assignee: Option<String>,
}

/// A note.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketNote {
    /// At most 4,096 characters.
    text: String,
}

/// A template that begins a chat from a ticket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatBody {
    /// Name of the sender.
    sender: String,
    /// Name of the template.
    template: String,
    /// Its language, as `es_AR`.
    language: String,
    /// Values by name: the body's parameters, `header`, `button.0` for the first button, …; degrees of a place
    /// (`location.latitude`) may be numbers.
    #[serde(default, deserialize_with = "degrees::values")]
    values: BTreeMap<String, String>,
    /// Who pays.
    #[serde(default)]
    cost_centre: String,
    /// How many minutes the chat waits for an answer before it closes and its transcript goes to the ticket.
    wait_minutes: Option<u64>,
    /// Whose conversation it becomes, unless somebody has it: a user's name. A token must say it, a person may not.
    agent: Option<String>,
}

/// Which ticket a conversation belongs to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    /// The ticket.
    ticket: TicketId,
    /// For whom a token does it: a user's name. Needed where that user has the conversation.
    agent: Option<String>,
}

/// A ticket in full.
#[derive(Serialize, ToSchema)]
pub struct TicketDetail {
    /// The ticket.
    #[serde(flatten)]
    pub ticket: TicketView,
    /// What happened, the first first, with the transcripts of conversations that have ended.
    pub timeline: Vec<TicketEvent>,
    /// Its conversations, the last begun first.
    pub conversations: Vec<Linked>,
}

async fn detail(state: &WebState, id: TicketId) -> Result<TicketDetail, WebError> {
    let store = state.store();
    let ticket = ticket::get(store, id).await?.ok_or(WebError::NotFound)?;
    let (timeline, conversations) = (ticket::timeline(store, id).await?, ticket::conversations(store, id).await?);
    Ok(TicketDetail { ticket, timeline, conversations })
}

/// Tickets, the last changed first
#[utoipa::path(get, path = "/api/v1/tickets", tag = "tickets", params(TicketsAsked),
    responses((status = 200, description = "Tickets", body = Listed<TicketView>)))]
pub async fn all(
    State(state): State<WebState>,
    Asked(asked): Asked<TicketsAsked>,
) -> Result<Json<Listed<TicketView>>, WebError> {
    let limit = paging::limit(asked.limit)?;
    let whose = match asked.assignee.as_deref() {
        None => Whose::Anybody,
        Some("nobody") => Whose::Nobody,
        Some(name) => {
            let found = tickets::worker(&state, name).await.map_err(|_| wrong("assignee", "nobody of that name"))?;
            found.map_or(Whose::Nobody, Whose::User)
        }
    };
    let filter = TicketFilter {
        state: asked.state,
        live: false,
        whose,
        person: asked.person.map(PersonId),
        source: asked.source.unwrap_or_default(),
        external_id: asked.external_id.unwrap_or_default(),
        priority: asked.priority,
        words: asked.q.unwrap_or_default(),
        after: asked.cursor.as_deref().map(place).transpose()?,
        limit: limit + 1,
    };
    let found = ticket::list(state.store(), &filter).await?;
    Ok(Json(Listed::cut(found, limit, |t| format!("{}.{}", t.changed_at, t.id), |t| t)))
}

fn place(cursor: &str) -> Result<(UnixMs, TicketId), WebError> {
    let (at, id) = cursor.split_once('.').ok_or_else(not_ours)?;
    Ok((UnixMs(at.parse().map_err(|_| not_ours())?), TicketId(id.parse().map_err(|_| not_ours())?)))
}

/// A ticket with its timeline
#[utoipa::path(get, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = i64, Path, description = "The ticket's number")),
    responses((status = 200, description = "The ticket", body = TicketDetail),
              (status = 404, description = "There is no such ticket", body = ProblemDocument)))]
pub async fn one(State(state): State<WebState>, Id(id): Id) -> Result<Json<TicketDetail>, WebError> {
    Ok(Json(detail(&state, TicketId(id)).await?))
}

/// Open a ticket
///
/// With `external` the same case is never opened twice: the second time answers 200 with the ticket as it stands, and 409 for
/// another person.
#[utoipa::path(post, path = "/api/v1/tickets", tag = "tickets", request_body = TicketBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is open", body = TicketDetail),
              (status = 200, description = "The other system's case had it already", body = TicketDetail),
              (status = 409, description = "The other system's case is another person's ticket, or the conversation has a ticket already", body = ProblemDocument),
              (status = 422, description = "Something must be mended first; each error names its field", body = ProblemDocument)))]
pub async fn open(
    State(state): State<WebState>,
    actor: Actor,
    Sent(body): Sent<TicketBody>,
) -> Result<Response, WebError> {
    let subject = rules::subject(&body.subject).ok_or_else(|| wrong("subject", "one line of 1 to 200 characters"))?;
    let assignee = tickets::worker(&state, body.assignee.as_deref().unwrap_or_default()).await;
    let assignee = assignee.map_err(|_| wrong("assignee", "nobody of that name may converse"))?;
    let external = body.external.map(|r| reference(&actor, r)).transpose()?;
    let reference = external.as_ref().map(|(source, id)| (source.as_str(), id.as_str()));
    let new = NewTicket { subject: &subject, person: PersonId(0), priority: body.priority, assignee, reference };
    let opened = match (body.phone.as_deref(), body.conversation) {
        (Some(phone), None) => {
            let phone = tickets::number(&state, phone).map_err(|e| of_phone(e, "phone"))?;
            tickets::open_for(&state, &actor, (&phone, &new)).await?
        }
        (None, Some(id)) => tickets::open_of(&state, &actor, (found(&state, id.0).await?.id, Reach::All), &new).await?,
        _ => return Err(wrong("phone", "a phone or a conversation")),
    };
    let status = if opened.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(detail(&state, opened.id).await?)).into_response())
}

/// The system and its name for the case.
fn reference(actor: &Actor, given: Reference) -> Result<(String, String), WebError> {
    let own = actor.name.strip_prefix("token:").unwrap_or(&actor.name);
    let source = given.source.unwrap_or_else(|| own.to_owned());
    if !rules::is_reference(&source) {
        return Err(wrong("external.source", "one line of 1 to 200 characters"));
    }
    if !rules::is_reference(&given.id) {
        return Err(wrong("external.id", "one line of 1 to 200 characters"));
    }
    Ok((source, given.id))
}

fn of_phone(error: WebError, field: &str) -> WebError {
    let WebError::Refused(mut problems) = error else { return error };
    for problem in &mut problems {
        problem.args.push(("field".to_owned(), field.to_owned()));
    }
    WebError::Refused(problems)
}

/// Change what is said of a ticket
#[utoipa::path(post, path = "/api/v1/tickets/{id}", tag = "tickets", request_body = TicketChangeBody,
    params(("id" = i64, Path, description = "The ticket's number"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "The ticket", body = TicketDetail),
              (status = 404, description = "There is no such ticket", body = ProblemDocument)))]
pub async fn change(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<TicketChangeBody>,
) -> Result<Json<TicketDetail>, WebError> {
    let subject = match body.subject.as_deref() {
        Some(text) => Some(rules::subject(text).ok_or_else(|| wrong("subject", "one line of 1 to 200 characters"))?),
        None => None,
    };
    let assignee = match body.assignee.as_deref() {
        Some(name) => {
            let found = tickets::worker(&state, name).await;
            Some(found.map_err(|_| wrong("assignee", "nobody of that name may converse"))?)
        }
        None => None,
    };
    let to = TicketChange { subject: subject.as_deref(), state: body.state, priority: body.priority, assignee };
    tickets::change(&state, &actor, TicketId(id), to).await?;
    Ok(Json(detail(&state, TicketId(id)).await?))
}

/// Write a note on a ticket
#[utoipa::path(post, path = "/api/v1/tickets/{id}/note", tag = "tickets", request_body = TicketNote,
    params(("id" = i64, Path, description = "The ticket's number"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It stands in the timeline"),
              (status = 404, description = "There is no such ticket", body = ProblemDocument)))]
pub async fn note(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<TicketNote>,
) -> Result<StatusCode, WebError> {
    tickets::note(&state, &actor, TicketId(id), &body.text).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Start a chat from a ticket, with a template
///
/// The chat belongs to the ticket, which is open again if it was closed; when the chat closes, what was said goes to the ticket.
#[utoipa::path(post, path = "/api/v1/tickets/{id}/chat", tag = "tickets", request_body = ChatBody,
    params(("id" = i64, Path, description = "The ticket's number"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is in line", body = HandSent),
              (status = 404, description = "There is no such ticket", body = ProblemDocument),
              (status = 409, description = "The person has no number, or the chat that is open with them belongs to another ticket, which is named", body = ProblemDocument),
              (status = 422, description = "Something must be mended first; each error names its field", body = ProblemDocument)))]
pub async fn chat(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<ChatBody>,
) -> Result<Response, WebError> {
    let actor = desk::seat(&state, actor, body.agent.as_deref()).await?;
    let ticket = ticket::get(state.store(), TicketId(id)).await?.ok_or(WebError::NotFound)?;
    let phone = ticket.phone.ok_or(WebError::Conflict("no_number"))?;
    let send = HandSend {
        sender: body.sender,
        to: format!("+{phone}"),
        template: body.template,
        language: body.language,
        values: body.values.into_iter().collect(),
        cost_centre: body.cost_centre.trim().replace('\0', ""),
        wait: body.wait_minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
        ticket: Some(ticket.id),
    };
    let gone = by_hand::go(&state, &actor, &send).await;
    let (message, conversation) = gone.map_err(of_another_ticket).map_err(name_fields)?;
    Ok((StatusCode::CREATED, Json(HandSent { message, conversation })).into_response())
}

/// A chat that belongs to another ticket does not fit the present state.
fn of_another_ticket(error: WebError) -> WebError {
    let WebError::Refused(problems) = error else { return error };
    match problems.iter().find(|problem| problem.code == "chat_of_ticket") {
        Some(why) => WebError::Because { status: StatusCode::CONFLICT, word: "chat_of_ticket", why: why.clone() },
        None => WebError::Refused(problems),
    }
}

/// Put a conversation on a ticket of the same person
#[utoipa::path(post, path = "/api/v1/conversations/{id}/ticket", tag = "conversations", request_body = LinkBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "The ticket", body = TicketDetail),
              (status = 404, description = "There is no such conversation, or no such ticket", body = ProblemDocument),
              (status = 409, description = "A colleague has the conversation, or the ticket is another person's", body = ProblemDocument)))]
pub async fn of_conversation(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<LinkBody>,
) -> Result<Json<TicketDetail>, WebError> {
    let actor = desk::perhaps(&state, actor, body.agent.as_deref()).await?;
    tickets::link(&state, &actor, body.ticket, ConversationId(id)).await?;
    Ok(Json(detail(&state, body.ticket).await?))
}
