//! `POST /channels/whatsapp/messages`: the form is judged at once, everything else later (gupshup-zenvia.md 2.2).

use std::collections::VecDeque;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::api::{Wrong, read};
use super::{new_id, time};
use crate::domain::time::UnixMs;
use crate::sandbox::Sandbox;
use crate::sandbox::connection::Cut;
use crate::sandbox::fault::{self, Kind, When};
use crate::sandbox::ledger::{Deed, Message, Progress, TemplateUse, Wait};
use crate::sandbox::phone;
use crate::sandbox::template_shape::text;
use crate::sandbox::world::World;

/// Real time an answer is held back so that the first status overtakes it.
const OVERTAKEN: Duration = Duration::from_millis(120);

/// Real time until a message that cannot be sent is rejected.
const REJECTED_AFTER: Duration = Duration::from_millis(400);

/// A taken send.
struct Taken {
    answer: Value,
    is_early: bool,
}

/// Answers a send.
pub(super) async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let cut = request.extensions().get::<ConnectInfo<Cut>>().map(|ConnectInfo(cut)| cut.clone());
    let token = request.headers().get("x-api-token").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let Ok(body) = axum::body::to_bytes(request.into_body(), crate::sandbox::media::MAX_BYTES).await else {
        return Wrong::at("$", "the body is too large or not whole").into_response();
    };
    let struck = sandbox.world().draw_fault(When::Before);
    if let Some(kind) = struck {
        if kind == Kind::Throttle {
            sandbox.world().ledger.refuse(429);
        }
        let refused = server_error().into_response();
        return spoil(kind, refused, cut).await;
    }
    let taken = match sandbox.judge_zenvia(&token, &body) {
        Ok(taken) => taken,
        Err(wrong) => {
            sandbox.world().ledger.refuse(i64::from(wrong.status));
            return wrong.into_response();
        }
    };
    sandbox.0.wake.notify_one();
    if taken.is_early {
        tokio::time::sleep(OVERTAKEN).await;
    }
    let struck = sandbox.world().draw_fault(When::After);
    match struck {
        None => Json(taken.answer).into_response(),
        Some(kind) => spoil(kind, Json(taken.answer).into_response(), cut).await,
    }
}

/// Faults that have an answer of their own have it in Zenvia's form; the rest spoils any.
async fn spoil(kind: Kind, answer: Response, cut: Option<Cut>) -> Response {
    match kind {
        Kind::ServerError => server_error().into_response(),
        Kind::Throttle => too_fast(),
        Kind::GoodError => {
            let mut answer = Wrong::at("$.to", "must be a phone number").into_response();
            *answer.status_mut() = StatusCode::OK;
            answer
        }
        other => fault::spoil(other, answer, cut).await,
    }
}

fn server_error() -> Wrong {
    Wrong { status: 500, code: "INTERNAL_ERROR", message: "Internal error", details: Vec::new() }
}

/// Half of those that are too fast are told how long to wait.
fn too_fast() -> Response {
    let wrong = Wrong { status: 429, code: "TOO_MANY_REQUESTS", message: "Too many requests", details: Vec::new() };
    let mut response = wrong.into_response();
    if rand::random() {
        response.headers_mut().insert("retry-after", axum::http::HeaderValue::from_static("1"));
    }
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response
}

impl Sandbox {
    fn judge_zenvia(&self, token: &str, body: &Bytes) -> Result<Taken, Wrong> {
        let request = read(body)?;
        let (real, now) = (Instant::now(), self.0.clock.now());
        let (from, to) = (required(&request, "from")?, required(&request, "to")?);
        let content = only_content(&request)?;
        let to = phone::digits(to).ok_or_else(|| Wrong::at("$.to", "must be a phone number"))?;
        let mut world = self.world();
        if world.registry.number(from, token).is_err() {
            return Err(Wrong::at("$.from", "is not a sender of this account"));
        }
        world.zenvia.senders.insert(from.to_owned());
        if !world.bucket(from, real).is_some_and(|bucket| bucket.take(real)) {
            let message = "Too many requests";
            return Err(Wrong { status: 429, code: "TOO_MANY_REQUESTS", message, details: Vec::new() });
        }
        let message = world.zenvia_message(&request, (from, &to), content, now);
        let fault = world.fault_of(&message, content, real, now);
        if let Some((_, path, what)) = fault.filter(|_| self.0.config.zenvia.strict) {
            return Err(Wrong::at(path, what));
        }
        let answer = world.zenvia_answer(&request, &message, now);
        let early = world.delivery.early;
        let is_early = world.dice.chance(early);
        world.echo_zenvia(&answer, real, now);
        match fault {
            None => world.begin(message, is_early, real, now),
            Some((code, ..)) => {
                let story = VecDeque::from([(Wait::Real(REJECTED_AFTER), Deed::Failed(code))]);
                world.begin_with(Message { story, ..message }, real, now);
            }
        }
        Ok(Taken { answer, is_early })
    }
}

fn required<'a>(request: &'a Value, key: &str) -> Result<&'a str, Wrong> {
    let given = request[key].as_str().filter(|t| (1..=64).contains(&t.chars().count()));
    given.ok_or_else(|| Wrong::at(&format!("$.{key}"), "must be a text of 1 to 64 characters"))
}

/// The one content; the sandbox takes no message of several.
fn only_content(request: &Value) -> Result<&Value, Wrong> {
    let contents = request["contents"].as_array().filter(|c| !c.is_empty());
    let contents = contents.ok_or_else(|| Wrong::at("$.contents", "must be a list of at least one content"))?;
    if contents.len() > 1 {
        return Err(Wrong::at("$.contents[1]", "messages of several contents are not available here"));
    }
    let content = &contents[0];
    match text(content, "type") {
        "template" if !text(content, "templateId").is_empty() => Ok(content),
        "template" => Err(Wrong::at("$.contents[0].templateId", "is required")),
        "text" if text(content, "text").is_empty() => Err(Wrong::at("$.contents[0].text", "is required")),
        "text" | "file" | "button" | "list" | "location" | "contacts" => Ok(content),
        _ => Err(Wrong::at("$.contents[0].type", "must be one of the types of content")),
    }
}

/// A code of WhatsApp's, and where and what it is for those who want it told at once.
type Fault = (i64, &'static str, &'static str);

impl World {
    fn zenvia_message(&self, request: &Value, (from, to): (&str, &str), content: &Value, now: UnixMs) -> Message {
        let template = self.zenvia.template(text(content, "templateId"));
        let of = |key: &str| template.map(|t| text(&t.source, key).to_lowercase());
        let category = of("category").unwrap_or_else(|| "service".to_owned());
        let is_template = text(content, "type") == "template";
        let used = template.map(|t| TemplateUse { name: t.name().to_owned(), language: t.locale().to_owned() });
        let unknown = || TemplateUse { name: text(content, "templateId").to_owned(), language: String::new() };
        Message {
            wamid: new_id(),
            gs_id: None,
            account: self.registry.account_of(from),
            sender: from.to_owned(),
            to: to.to_owned(),
            wa_id: phone::wa_id(to),
            template: is_template.then(|| used.unwrap_or_else(unknown)),
            category,
            params: content["fields"].to_string(),
            callback: request["externalId"].as_str().map(str::to_owned),
            at: now,
            progress: Progress::Accepted,
            counts_in_tier: is_template,
            was_priced: false,
            was_enqueued: false,
            story: VecDeque::new(),
        }
    }

    /// Why the message will be rejected, if it will.
    fn fault_of(&mut self, message: &Message, content: &Value, real: Instant, now: UnixMs) -> Option<Fault> {
        let talk = (message.sender.clone(), message.wa_id.clone());
        let has_window = self.has_window(&talk, now);
        if message.template.is_none() && !has_window {
            return Some((470, "$.contents[0].type", "the window of 24 hours is closed"));
        }
        if message.template.is_some() {
            if self.check_spam(&message.sender).is_err() {
                return Some((131_048, "$.from", "too many messages of this number were blocked"));
            }
            let at = "$.contents[0].templateId";
            let Some(template) = self.zenvia.template(text(content, "templateId")) else {
                return Some((132_001, at, "does not exist"));
            };
            match template.status.as_str() {
                "APPROVED" => {}
                "PAUSED" => return Some((132_015, at, "is paused")),
                "DISABLED" => return Some((132_016, at, "is disabled")),
                _ => return Some((132_001, at, "is not approved")),
            }
            let given = content["fields"].as_object();
            if template.fields().iter().any(|field| !given.is_some_and(|given| given.contains_key(field))) {
                return Some((132_000, "$.contents[0].fields", "lacks a field"));
            }
        }
        if !self.take_pair(talk, real) {
            return Some((131_056, "$.to", "too many messages to this person in a short time"));
        }
        if message.template.is_some() && !has_window {
            let (portfolio, tier) = self.registry.tier_of(&message.account);
            if !self.reached.entry(portfolio).or_default().take(&message.wa_id, tier, now) {
                return Some((131_048, "$.from", "the messaging limit of the last 24 hours has been reached"));
            }
        }
        None
    }

    /// The message again, with what Zenvia adds; the optional parts are missing at times.
    fn zenvia_answer(&mut self, request: &Value, message: &Message, now: UnixMs) -> Value {
        let mut answer = json!({
            "id": message.wamid, "direction": "OUT", "from": request["from"], "to": request["to"],
            "contents": request["contents"],
        });
        if self.dice.chance(0.75) {
            answer["channel"] = "whatsapp".into();
            answer["timestamp"] = time(now, true).into();
            if let Some(reference) = &message.callback {
                answer["externalId"] = reference.as_str().into();
            }
        }
        answer
    }
}
