//! Sends: taken at once, whatever is wrong with them comes later as an event.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Error;
use super::form::Form;
use super::template;
use crate::domain::time::UnixMs;
use crate::sandbox::Sandbox;
use crate::sandbox::connection::Cut;
use crate::sandbox::fault::{self, Kind, When};
use crate::sandbox::ledger::{Message, Progress, TemplateUse};
use crate::sandbox::phone;
use crate::sandbox::world::World;

/// Real time an answer is held back so that the first event overtakes it.
const OVERTAKEN: Duration = Duration::from_millis(120);

const TROUBLE: Error = Error(
    StatusCode::INTERNAL_SERVER_ERROR,
    "Internal server error. Please try again later and If Issue still persist than contact Gupshup Dev Support",
);
const TOO_MANY: Error = Error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
const NO_DESTINATION: Error = Error(StatusCode::BAD_REQUEST, "Invalid Destination");
const NO_APP: Error = Error(StatusCode::BAD_REQUEST, "Invalid App Details");

/// Answers a send.
pub(super) async fn answer(sandbox: &Sandbox, form: &Form, is_template: bool, cut: Option<Cut>) -> Response {
    if !sandbox.0.config.latency.is_zero() {
        tokio::time::sleep(sandbox.0.config.latency).await;
    }
    let struck = sandbox.world().draw_fault(When::Before);
    match struck {
        None => {}
        Some(Kind::Slow) => drop(fault::spoil(Kind::Slow, ().into_response(), None).await),
        Some(kind) => {
            if kind == Kind::Throttle {
                sandbox.world().ledger.refuse(429);
            }
            return spoil(kind, TROUBLE.into_response(), cut).await;
        }
    }
    let (id, is_early) = match sandbox.take(form, is_template) {
        Ok(taken) => taken,
        Err(error) => {
            sandbox.world().ledger.refuse(i64::from(error.0.as_u16()));
            return error.into_response();
        }
    };
    sandbox.0.wake.notify_one();
    if is_early {
        tokio::time::sleep(OVERTAKEN).await;
    }
    let answer = (StatusCode::ACCEPTED, Json(json!({"status": "submitted", "messageId": id}))).into_response();
    let struck = sandbox.world().draw_fault(When::After);
    match struck {
        None => answer,
        Some(kind) => spoil(kind, answer, cut).await,
    }
}

/// A fault in Gupshup's form.
async fn spoil(kind: Kind, answer: Response, cut: Option<Cut>) -> Response {
    match kind {
        Kind::ServerError => TROUBLE.into_response(),
        Kind::Throttle => TOO_MANY.into_response(),
        Kind::GoodError => Error(StatusCode::OK, NO_DESTINATION.1).into_response(),
        other => fault::spoil(other, answer, cut).await,
    }
}

impl Sandbox {
    /// Gupshup's id of the message, and whether its first event comes before the answer.
    fn take(&self, form: &Form, is_template: bool) -> Result<(String, bool), Error> {
        let (real, now) = (Instant::now(), self.0.clock.now());
        let mut world = self.world();
        let source = phone::digits(form.get("source")).ok_or(NO_APP)?;
        let app = form.get("src.name");
        if form.get("channel") != "whatsapp" || app.is_empty() || !world.registry.is_app_number(app, &source) {
            return Err(NO_APP);
        }
        world.gupshup.meet(app, now);
        world.first_check(app, now);
        if !world.bucket(&source, real).is_some_and(|bucket| bucket.take(real)) {
            return Err(TOO_MANY);
        }
        let destination = phone::digits(form.get("destination")).ok_or(NO_DESTINATION)?;
        let asked = Asked { app, source: &source, destination: &destination, form };
        let (message, doomed) = if is_template { world.template(&asked, now) } else { world.text(&asked, now) };
        let id = message.gs_id.clone().unwrap_or_default();
        let is_early = {
            let early = world.delivery.early;
            world.dice.chance(early)
        };
        world.begin_at_gupshup(message, doomed, is_early, (real, now));
        Ok((id, is_early))
    }
}

/// A send that names an app and a person.
struct Asked<'a> {
    app: &'a str,
    source: &'a str,
    destination: &'a str,
    form: &'a Form,
}

impl World {
    /// The message, and the code with which it will fail before it reaches WhatsApp.
    fn template(&mut self, asked: &Asked<'_>, now: UnixMs) -> (Message, Option<i64>) {
        let sent = asked.form.json("template");
        let id = sent["id"].as_str().unwrap_or_default();
        let params: Vec<Value> = sent["params"].as_array().cloned().unwrap_or_default();
        let found = self.templates.all().find(|t| template::uuid(&t.id) == id);
        let (used, category, mut doomed) = match found {
            None => (TemplateUse { name: id.to_owned(), language: String::new() }, "utility".to_owned(), Some(4_003)),
            Some(known) => {
                let used = TemplateUse { name: known.name.clone(), language: known.language.clone() };
                let wrong = match known.status.as_str() {
                    "APPROVED" if !template::is_whole(known, &sent, &asked.form.json("message")) => Some(132_012),
                    "APPROVED" if params.len() == template::parameters(known) => None,
                    "APPROVED" => Some(132_000),
                    "PAUSED" | "DISABLED" => Some(4_005),
                    _ => Some(4_003),
                };
                (used, known.category.to_lowercase(), wrong)
            }
        };
        let wa_id = phone::wa_id(asked.destination);
        if self.gupshup.has_opted_out(&wa_id) {
            doomed = Some(1_012);
        }
        if self.check_spam(asked.source).is_err() {
            doomed = Some(131_048);
        }
        if !self.gupshup.pays(&category) {
            doomed = Some(1_003);
        }
        let postbacks = asked.form.json("postbackTexts");
        let mut components: Vec<Value> = postbacks.as_array().into_iter().flatten().map(payload).collect();
        components.push(json!({"type": "params", "values": params}));
        let counted = format!("{} {wa_id} {id} {}", asked.source, Value::Array(params));
        let message = self.message_of(asked, (Some(used), category), &Value::Array(components), Some(counted), now);
        (message, doomed)
    }

    fn text(&mut self, asked: &Asked<'_>, now: UnixMs) -> (Message, Option<i64>) {
        let wa_id = phone::wa_id(asked.destination);
        let is_open = self.has_window(&(asked.source.to_owned(), wa_id), now);
        let doomed = if is_open { None } else { Some(470) };
        let doomed = if self.gupshup.pays("service") { doomed } else { Some(1_003) };
        let sent = asked.form.json("message");
        (self.message_of(asked, (None, "service".to_owned()), &sent, None, now), doomed)
    }

    fn message_of(
        &mut self,
        asked: &Asked<'_>,
        (template, category): (Option<TemplateUse>, String),
        params: &Value,
        counted: Option<String>,
        now: UnixMs,
    ) -> Message {
        let wa_id = phone::wa_id(asked.destination);
        Message {
            wamid: self.ledger.new_wamid(&wa_id),
            gs_id: Some(self.ledger.new_uuid()),
            account: asked.app.to_owned(),
            sender: asked.source.to_owned(),
            to: asked.destination.to_owned(),
            wa_id,
            template,
            category,
            params: params.to_string(),
            // Nothing of ours comes back: the same template with the same values to the same person is one message.
            callback: counted,
            at: now,
            progress: Progress::Accepted,
            counts_in_tier: false,
            was_priced: false,
            was_enqueued: false,
            story: std::collections::VecDeque::new(),
        }
    }
}

/// A postback as the payload of a quick reply.
fn payload(postback: &Value) -> Value {
    json!({"type": "button", "sub_type": "quick_reply", "index": postback["index"],
        "parameters": [{"type": "payload", "payload": postback["text"]}]})
}
