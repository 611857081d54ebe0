//! Answers within the window: text, files, places, cards, buttons, lists, links, reactions.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk;
use super::extract::{Id, Sent, wrong};
use crate::domain::free::Free;
use crate::domain::id::{ConversationId, EntryId, MessageId};
use crate::engine::{Reply, Seen};
use crate::store::media::Attachment;
use crate::web::actor::Actor;
use crate::web::attach::{self, Written};
use crate::web::canned;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::page::Page;
use crate::web::state::WebState;

/// An answer: `text`, or anything else as `message`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerBody {
    /// At most 4,096 characters.
    text: Option<String>,
    /// A canned answer instead.
    canned: Option<CannedUse>,
    /// What is more than text. `docs/providers.md` says what each provider passes on.
    message: Option<Free>,
    /// The line of the thread that is quoted, or that a reaction is for.
    quoted: Option<EntryId>,
    /// For whom a token answers: a user's name.
    agent: Option<String>,
    /// The id of the thread's last line when the answer was written. If a colleague has answered since, it is not sent
    /// (409). Left out: nothing is compared.
    seen: Option<EntryId>,
    /// Send it although a colleague has answered since, or has the conversation.
    #[serde(default)]
    anyway: bool,
}

impl AnswerBody {
    fn reply(self) -> Result<Reply, WebError> {
        let free = match (self.text, self.message) {
            (Some(text), None) => Free::text(&text),
            (None, Some(message)) => message,
            _ => return Err(wrong("text", "one of text, message and canned")),
        };
        Ok(Reply { free, quoted: self.quoted })
    }
}

/// A canned answer to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CannedUse {
    /// Its code.
    code: String,
    /// What stands in its places, by what is in their brackets.
    #[serde(default)]
    values: BTreeMap<String, String>,
}

/// An answer with a file. The fields stand before the file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document's picture of a form that is read field by field")]
pub struct AnswerForm {
    /// The words below the file.
    text: Option<String>,
    /// As in JSON.
    quoted: Option<i64>,
    /// As in JSON.
    agent: Option<String>,
    /// As in JSON.
    seen: Option<i64>,
    /// `true`: as in JSON.
    anyway: Option<bool>,
    /// `true`: an Ogg file is a voice note.
    voice: Option<bool>,
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The answer that goes out.
#[derive(Serialize, ToSchema)]
pub struct AnswerSent {
    /// The message; it is in line, ahead of every campaign.
    pub message: MessageId,
}

fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("multipart/form-data")
}

async fn form(request: Request, state: &WebState) -> Result<Multipart, WebError> {
    Multipart::from_request(request, state).await.map_err(WebError::cut_off)
}

/// Answer, while the window is open
#[utoipa::path(post, path = "/api/v1/conversations/{id}/answer", tag = "conversations",
    request_body(content((AnswerBody = "application/json"), (AnswerForm = "multipart/form-data"))),
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is in line", body = AnswerSent),
              (status = 409, description = "A colleague has answered since `seen`", body = ProblemDocument),
              (status = 422, description = "The window is closed, somebody else has it, or its provider cannot pass it on", body = ProblemDocument)))]
pub async fn answer(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Id(id): Id,
    request: Request,
) -> Result<Response, WebError> {
    let id = ConversationId(id);
    let (reply, seen, agent) = if is_form(&request) {
        let written = Written::read(&state, &actor, id, form(request, &state).await?).await?;
        (written.reply(), written.seen, written.agent)
    } else {
        let Sent(mut body) = Sent::<AnswerBody>::from_request(request, &state).await?;
        if let Some(using) = &body.canned {
            if body.text.is_some() {
                return Err(wrong("text", "one of text, message and canned"));
            }
            let actor = desk::seat(&state, actor.clone(), body.agent.as_deref()).await?;
            let text = canned::text_of(&state, &actor, id, (&using.code, &using.values), p.language).await?;
            body.text = Some(text);
        }
        let (seen, agent) = (Seen { last: body.seen, anyway: body.anyway }, body.agent.clone());
        (body.reply()?, seen, agent)
    };
    let actor = desk::seat(&state, actor, agent.as_deref()).await?;
    let message = attach::send(&state, &actor, id, (reply, seen)).await?;
    Ok((StatusCode::CREATED, Json(AnswerSent { message })).into_response())
}

/// Bring a file to send in a conversation; it is forgotten after a day if nothing sends it
#[utoipa::path(post, path = "/api/v1/conversations/{id}/media", tag = "conversations",
    request_body(content = AnswerForm, content_type = "multipart/form-data", description = "`voice` and `file`"),
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is kept: an answer names its id", body = Attachment),
              (status = 422, description = "WhatsApp takes no such file, or none so large", body = ProblemDocument)))]
pub async fn bring(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    request: Request,
) -> Result<Response, WebError> {
    let written = Written::read(&state, &actor, ConversationId(id), form(request, &state).await?).await?;
    let kept = written.file.ok_or_else(|| wrong("file", "a file is needed"))?;
    Ok((StatusCode::CREATED, Json(kept)).into_response())
}
