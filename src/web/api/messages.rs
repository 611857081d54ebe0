//! Messages: one template to one person by hand, and any message in full.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk;
use super::extract::{Id, Sent};
use super::run_view::Waits;
use crate::domain::degrees;
use crate::domain::fill::{Content, Rendered};
use crate::domain::id::{CampaignId, ConversationId, MessageId, RunId, TicketId};
use crate::domain::message::MessageState;
use crate::domain::role::Right;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::engine::{HandSend, waiting};
use crate::locale::failure;
use crate::store::message::{self, Message};
use crate::store::view::row::was_tried;
use crate::store::{correction, entry, run};
use crate::web::actor::Actor;
use crate::web::by_hand;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::page::Page;
use crate::web::row_words;
use crate::web::state::WebState;

/// A template to send to one person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandMessage {
    /// Name of the sender.
    sender: String,
    /// The number; a local one is completed with the sender's country.
    to: String,
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
    /// Minutes that the conversation waits for an answer before it closes by itself; left out: as for every other.
    wait_minutes: Option<u64>,
    /// The ticket that its conversation belongs to from then on.
    ticket: Option<TicketId>,
    /// Whose conversation it becomes, unless somebody has it: a user's name. A token must say it, a person may not.
    agent: Option<String>,
}

/// What was sent.
#[derive(Serialize, ToSchema)]
pub struct HandSent {
    /// The message; it is in line, ahead of every campaign.
    pub message: MessageId,
    /// The conversation it is in.
    pub conversation: ConversationId,
}

/// A message in full.
#[derive(Serialize, ToSchema)]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// Its run; `null` when it was sent by hand or answers somebody.
    pub run: Option<RunId>,
    /// Its campaign.
    pub campaign: Option<CampaignId>,
    /// Its row in the audience.
    pub row: Option<i64>,
    /// The row's own id.
    pub external_id: Option<String>,
    /// The number it goes to, with `+`.
    pub to: String,
    /// The name in its row.
    pub name: String,
    /// Account it goes through.
    pub account: String,
    /// Sender it goes from.
    pub sender: String,
    /// Its conversation.
    pub conversation: Option<ConversationId>,
    /// Who wrote it, unless a campaign did. In chats that is for those who may read conversations.
    pub author: String,
    /// The campaign that somebody tried a row of on themselves with it.
    pub test_of: Option<CampaignId>,
    /// The exact text. Chats are for those who may read conversations.
    pub text: Option<Rendered>,
    /// Where it is.
    pub state: MessageState,
    /// Why it waits.
    pub waiting: Option<Waits>,
    /// Why it ended unsent.
    pub reason: Option<String>,
    /// The same in one sentence.
    pub reason_text: Option<String>,
    /// The provider's code of its failure; -1 where it gave none.
    pub failure_code: Option<i64>,
    /// What that means.
    pub failure: Option<String>,
    /// Tries so far.
    pub attempts: i64,
    /// The provider's id of the latest try.
    pub provider_id: Option<String>,
    /// When what it speaks of happens.
    pub happens_at: Option<UnixMs>,
    /// Zone of the person's clock.
    pub timezone: String,
    /// When it was planned.
    pub created_at: UnixMs,
    /// When it is or was due.
    pub due_at: UnixMs,
    /// Not after this.
    pub latest_at: Option<UnixMs>,
    /// When the latest try began.
    pub claimed_at: Option<UnixMs>,
    /// When the provider took it.
    pub accepted_at: Option<UnixMs>,
    /// When it left the provider.
    pub sent_at: Option<UnixMs>,
    /// When it arrived.
    pub delivered_at: Option<UnixMs>,
    /// When it was read.
    pub read_at: Option<UnixMs>,
    /// When it ended.
    pub ended_at: Option<UnixMs>,
    /// Who pays.
    pub cost_centre: String,
    /// Billing market.
    pub market: String,
    /// What it is billed as.
    pub category: Category,
    /// ISO 4217.
    pub currency: String,
    /// What it is expected to cost, a decimal in text; nothing for an answer while those that are free in a month are not
    /// used up.
    pub estimated: String,
    /// Kept for it now.
    pub reserved: String,
    /// What it cost.
    pub charged: String,
}

/// Send one template to one person
///
/// It opens a conversation that belongs to whoever sends it, or to `agent`; one that is open goes on, and keeps its owner.
/// `values` that the template does not take are refused.
#[utoipa::path(post, path = "/api/v1/messages", tag = "messages", request_body = HandMessage,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is in line", body = HandSent),
              (status = 422, description = "Something must be mended first; each error names its field", body = ProblemDocument)))]
pub async fn send(
    State(state): State<WebState>,
    actor: Actor,
    Sent(body): Sent<HandMessage>,
) -> Result<Response, WebError> {
    let actor = desk::seat(&state, actor, body.agent.as_deref()).await?;
    let send = HandSend {
        sender: body.sender,
        to: body.to.trim().to_owned(),
        template: body.template,
        language: body.language,
        values: body.values.into_iter().collect(),
        cost_centre: body.cost_centre.trim().replace('\0', ""),
        ticket: body.ticket,
        wait: body.wait_minutes.map(by_hand::minutes),
    };
    let (message, conversation) = by_hand::go(&state, &actor, &send).await.map_err(name_fields)?;
    Ok((StatusCode::CREATED, Json(HandSent { message, conversation })).into_response())
}

/// Says which field of the request each refusal is about.
pub(super) fn name_fields(error: WebError) -> WebError {
    let WebError::Refused(mut problems) = error else { return error };
    for problem in &mut problems {
        let field = match problem.code.as_str() {
            "number"
            | "number_why"
            | "number_empty"
            | "number_own"
            | "suppressed"
            | "template_bot_has"
            | "template_session"
            | "template_recontacts" => "to".to_owned(),
            "cost_centre_long" => "cost_centre".to_owned(),
            "ticket_unknown" | "ticket_another" => "ticket".to_owned(),
            "unknown_sender" | "no_rate_card" => "sender".to_owned(),
            "template_unread" | "template_unknown" | "template_not_approved" | "template_beyond" => {
                "template".to_owned()
            }
            "wait_range" => "wait_minutes".to_owned(),
            "value_missing" | "value_long" | "value_unknown" => {
                let name = problem.args.iter().find(|(name, _)| name == "name").map_or("", |(_, value)| value);
                format!("values.{name}")
            }
            _ => continue,
        };
        problem.args.push(("field".to_owned(), field));
    }
    WebError::Refused(problems)
}

/// A message in full
#[utoipa::path(get, path = "/api/v1/messages/{id}", tag = "messages",
    params(("id" = i64, Path, description = "The message")),
    responses((status = 200, description = "The message", body = MessageView),
              (status = 404, description = "There is no such message", body = ProblemDocument)))]
pub async fn one(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Id(id): Id,
) -> Result<Json<MessageView>, WebError> {
    let m = message::get(state.store(), MessageId(id)).await?.ok_or(WebError::NotFound)?;
    let why = waiting::message(&state.engine, m.id).await?;
    let text = text(&state, &actor, &m).await?;
    let is_secret = m.content()?.is_chat() && !actor.may(Right::Converse);
    let said = m.failure_code.map(|code| failure(p.language, code));
    let left = m.state == MessageState::Cancelled && m.end_reason.as_deref() == Some(message::LEFT);
    let reason = match m.end_reason.as_deref() {
        _ if left => Some(p.t("web.message.left_in_doubt")),
        Some(word) if m.state == MessageState::Excluded => Some(row_words::reason(&p, Some(word))),
        _ => None,
    };
    let earlier = message::earlier_attempts(state.store(), m.id).await?;
    let tried = was_tried(m.state, m.end_reason.as_deref(), m.failure_code);
    let attempts = earlier + i64::from(tried);
    let (id, by_hand) = (m.id, m.run_id == RunId::BY_HAND);
    let mut view = view(m, why.map(|w| Waits::of(p.language, &w)), text, said);
    if is_secret {
        view.author.clear();
    }
    if view.conversation.is_none() && by_hand {
        // A template by hand stands in a conversation without belonging to it.
        view.conversation = entry::told_in(state.store(), id).await?;
    }
    Ok(Json(MessageView { reason_text: reason, attempts, ..view }))
}

async fn text(state: &WebState, actor: &Actor, m: &Message) -> Result<Option<Rendered>, WebError> {
    Ok(match m.content()? {
        Content::Free { free, .. } => actor.may(Right::Converse).then(|| free.rendered()),
        Content::Text { body, .. } => actor.may(Right::Converse).then(|| Rendered { body, ..Rendered::default() }),
        Content::Template { fill, template: Some(template) } => Some(template.render(&fill)),
        Content::Template { fill, template: None } => {
            let before = correction::template_before(state.store(), m.run_id, m.id).await?;
            let run = run::get(state.store(), m.run_id).await?;
            let now = run.map(|run| run.snapshots()).transpose()?;
            before.or(now).map(|snapshot| snapshot.of(fill.language.as_deref()).render(&fill))
        }
    })
}

fn view(m: Message, waiting: Option<Waits>, text: Option<Rendered>, failure: Option<String>) -> MessageView {
    let by_hand = m.run_id == RunId::BY_HAND;
    MessageView {
        id: m.id,
        run: (!by_hand).then_some(m.run_id),
        campaign: (!by_hand).then_some(m.campaign_id),
        row: (!by_hand).then_some(m.row_no),
        external_id: m.external_id,
        to: format!("+{}", m.recipient),
        name: m.name,
        account: m.account,
        sender: m.sender,
        conversation: m.conversation_id,
        author: m.author,
        test_of: m.test_of,
        text,
        state: m.state,
        waiting,
        reason: m.end_reason,
        reason_text: None,
        failure_code: m.failure_code,
        failure,
        attempts: 0,
        provider_id: m.provider_id,
        happens_at: m.happens_at,
        timezone: m.timezone,
        created_at: m.created_at,
        due_at: m.due_at,
        latest_at: m.latest_at,
        claimed_at: m.claimed_at,
        accepted_at: m.accepted_at,
        sent_at: m.sent_at,
        delivered_at: m.delivered_at,
        read_at: m.read_at,
        ended_at: m.ended_at,
        cost_centre: m.cost_centre,
        market: m.market,
        category: m.category,
        currency: m.currency,
        estimated: m.estimated.to_string(),
        reserved: m.reserved.to_string(),
        charged: m.charged.to_string(),
    }
}
