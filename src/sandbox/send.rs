//! `POST /{phone number id}/messages`: judged in Meta's order, as far as that is known.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Sandbox;
use super::connection::Cut;
use super::fault::{self, Kind, When};
use super::free;
use super::ledger::{Message, Progress, TemplateUse};
use super::parameter;
use super::phone;
use super::refusal::Refusal;
use super::template_code;
use super::template_shape::text;
use super::world::World;
use crate::domain::time::UnixMs;

/// Real time an answer is held back so that the first status overtakes it.
const OVERTAKEN: Duration = Duration::from_millis(120);

/// What a request to send came to.
enum Verdict {
    /// A message from a person was marked as read.
    Marked,
    /// The message is accepted; `is_early`: its first status comes before this answer.
    Accepted { answer: Value, is_early: bool },
}

/// A send that is well-formed and within the limits of the number.
struct Call<'a> {
    sender: &'a str,
    account: String,
    wa_id: String,
    to: &'a str,
    request: &'a Value,
    /// It came by the endpoint for marketing.
    is_marketing: bool,
    now: UnixMs,
}

/// Answers a send to number `node`.
pub(super) async fn answer(
    sandbox: &Sandbox,
    (node, is_marketing): (&str, bool),
    token: &str,
    cut: Option<Cut>,
    body: &[u8],
) -> Response {
    let struck = sandbox.world().draw_fault(When::Before);
    match struck {
        None => {}
        Some(Kind::Slow) => {
            // A client that has gone meanwhile drops the request here, unaccepted.
            let patience = fault::spoil(Kind::Slow, ().into_response(), None);
            patience.await;
        }
        Some(kind) => {
            if kind == Kind::Throttle {
                sandbox.world().ledger.refuse(130_429);
            }
            return fault::spoil(kind, fault::unavailable(), cut).await;
        }
    }
    let verdict = sandbox.judge((node, is_marketing), token, body);
    let (answer, is_early) = match verdict {
        Ok(Verdict::Marked) => return Json(json!({"success": true})).into_response(),
        Ok(Verdict::Accepted { answer, is_early }) => (answer, is_early),
        Err(refusal) => {
            sandbox.world().ledger.refuse(refusal.code);
            return refusal.into_response();
        }
    };
    sandbox.0.wake.notify_one();
    if is_early {
        tokio::time::sleep(OVERTAKEN).await;
    }
    let struck = sandbox.world().draw_fault(When::After);
    match struck {
        None => Json(answer).into_response(),
        Some(kind) => fault::spoil(kind, Json(answer).into_response(), cut).await,
    }
}

impl Sandbox {
    fn judge(&self, (node, is_marketing): (&str, bool), token: &str, body: &[u8]) -> Result<Verdict, Refusal> {
        let request: Result<Value, _> = serde_json::from_slice(body);
        let (real, now) = (Instant::now(), self.0.clock.now());
        let mut world = self.world();
        world.registry.number(node, token)?;
        let request = request.map_err(|_| Refusal::new(100, "the body is not JSON"))?;
        if text(&request, "messaging_product") != "whatsapp" {
            return Err(Refusal::new(100, "The parameter messaging_product is required."));
        }
        if text(&request, "status") == "read" {
            let typing = text(&request["typing_indicator"], "type") == "text";
            return world.mark_read(text(&request, "message_id"), typing);
        }
        world.judge_send(node, (&request, is_marketing), real, now)
    }
}

impl World {
    fn mark_read(&mut self, message_id: &str, typing: bool) -> Result<Verdict, Refusal> {
        let is_known = self.inbound.contains(message_id);
        if is_known {
            self.marked.push((message_id.to_owned(), typing));
        }
        is_known.then_some(Verdict::Marked).ok_or_else(|| Refusal::new(131_009, "message_id: no such message received"))
    }

    fn judge_send(
        &mut self,
        sender: &str,
        (request, is_marketing): (&Value, bool),
        real: Instant,
        now: UnixMs,
    ) -> Result<Verdict, Refusal> {
        let kind = check_required(request)?;
        if is_marketing && kind != "template" {
            return Err(Refusal::new(100, "only templates are sent here"));
        }
        if !self.bucket(sender, real).is_some_and(|bucket| bucket.take(real)) {
            return Err(Refusal::new(130_429, "Cloud API message throughput has been reached.").with_subcode(2_494_055));
        }
        let (to, digits) = self.addressed(request)?;
        if self.registry.known_number(sender).is_some_and(|number| number.digits == digits) {
            return Err(Refusal::new(131_021, "Recipient cannot be the sender"));
        }
        let wa_id = phone::wa_id(&digits);
        if !self.take_pair((sender.to_owned(), wa_id.clone()), real) {
            return Err(Refusal::new(
                131_056,
                "Too many messages sent from this number to this person in a short time.",
            ));
        }
        let call = Call { sender, account: self.registry.account_of(sender), wa_id, to, request, is_marketing, now };
        self.registry.standing(&call.account).check(kind == "template", &call.wa_id, now)?;
        let message = if kind == "template" { self.judge_template(&call)? } else { self.judge_free(&call, kind)? };
        let is_held = message.template.is_some() && self.holds_for_review();
        let is_dropped = is_held && self.dice.chance(self.review.dropped);
        let is_early = !is_held && self.dice.chance(self.delivery.early);
        let mut answered = json!({"id": message.wamid});
        if message.template.is_some() {
            answered["message_status"] = if is_held { "held_for_quality_assessment" } else { "accepted" }.into();
        }
        let contact = if self.users.contains_key(call.to) {
            json!({"input": call.to, "user_id": call.to})
        } else {
            json!({"input": call.to, "wa_id": call.wa_id})
        };
        let answer = json!({
            "messaging_product": "whatsapp",
            "contacts": [contact],
            "messages": [answered],
        });
        let review = self.review;
        self.begin_as(message, is_early, (real, now), |story| {
            if is_held {
                Self::hold(review, is_dropped, story);
            }
        });
        Ok(Verdict::Accepted { answer, is_early })
    }

    /// Whom a request names, and the digits they are reached at. Where both are given, the number counts.
    fn addressed<'a>(&self, request: &'a Value) -> Result<(&'a str, String), Refusal> {
        match (text(request, "to"), text(request, "recipient")) {
            ("", id) => {
                let known = self.users.get(id).cloned();
                Ok((id, known.ok_or_else(|| Refusal::new(131_009, "recipient: no such user"))?))
            }
            (to, _) => Ok((to, phone::digits(to).ok_or_else(|| Refusal::new(131_009, "to: not a phone number"))?)),
        }
    }

    fn judge_template(&mut self, call: &Call<'_>) -> Result<Message, Refusal> {
        self.check_spam(call.sender)?;
        let sent = &call.request["template"];
        let (name, language) = (text(sent, "name"), text(&sent["language"], "code"));
        let mut category = "utility".to_owned();
        match self.templates.find(name, language) {
            Some(template) => {
                template.check_sendable()?;
                parameter::check(&template.shape, &sent["components"], &|id| self.media_of(id, call.now).is_some())?;
                if template.gives_a_code() {
                    template_code::check(&sent["components"])?;
                }
                category = template.category.to_lowercase();
                self.marketing.check(&category, call.is_marketing)?;
                if call.is_marketing {
                    "marketing_lite".clone_into(&mut category);
                }
            }
            None if self.any_template => parameter::check_unknown(&sent["components"])?,
            None => {
                let details = format!("template name ({name}) does not exist in {language}");
                return Err(Refusal::new(132_001, details));
            }
        }
        let counts_in_tier = self.take_tier(call)?;
        let used = TemplateUse { name: name.to_owned(), language: language.to_owned() };
        Ok(Message { counts_in_tier, ..self.message(call, Some(used), category, &sent["components"]) })
    }

    /// Whether the message takes a place; within a window none does. What Meta answers above the messaging limit is not documented; 131048 is the candidate whose meaning is nearest.
    fn take_tier(&mut self, call: &Call<'_>) -> Result<bool, Refusal> {
        if self.has_window(&(call.sender.to_owned(), call.wa_id.clone()), call.now) {
            return Ok(false);
        }
        let (portfolio, tier) = self.registry.tier_of(&call.account);
        let fits = self.reached.entry(portfolio).or_default().take(&call.wa_id, tier, call.now);
        let full = || Refusal::new(131_048, "The messaging limit of the last 24 hours has been reached.");
        fits.then_some(true).ok_or_else(full)
    }

    fn judge_free(&mut self, call: &Call<'_>, kind: &str) -> Result<Message, Refusal> {
        if !self.has_window(&(call.sender.to_owned(), call.wa_id.clone()), call.now) {
            let details =
                "Message failed to send because more than 24 hours have passed since the customer last replied.";
            return Err(Refusal::new(131_047, details));
        }
        self.check_file(kind, &call.request[kind], call.now)?;
        Ok(self.message(call, None, "service".to_owned(), &call.request[kind]))
    }

    fn message(&mut self, call: &Call<'_>, template: Option<TemplateUse>, category: String, params: &Value) -> Message {
        Message {
            wamid: self.ledger.new_wamid(&call.wa_id),
            gs_id: None,
            account: call.account.clone(),
            sender: call.sender.to_owned(),
            to: call.to.to_owned(),
            wa_id: call.wa_id.clone(),
            template,
            category,
            params: params.to_string(),
            callback: call.request["biz_opaque_callback_data"].as_str().map(str::to_owned),
            at: call.now,
            progress: Progress::Accepted,
            counts_in_tier: false,
            was_priced: false,
            was_enqueued: false,
            story: std::collections::VecDeque::new(),
        }
    }
}

/// The type of the message, once everything that type requires is there.
fn check_required(request: &Value) -> Result<&str, Refusal> {
    let required = |what: &str| Refusal::new(131_008, format!("The parameter {what} is required."));
    if text(request, "to").is_empty() && text(request, "recipient").is_empty() {
        return Err(required("to"));
    }
    if text(request, "biz_opaque_callback_data").chars().count() > 512 {
        return Err(Refusal::new(100, "biz_opaque_callback_data is longer than 512 characters"));
    }
    match request["type"].as_str().unwrap_or("text") {
        "template" => {
            let template = &request["template"];
            if text(template, "name").is_empty() {
                return Err(required("template['name']"));
            }
            let has_language = !text(&template["language"], "code").is_empty();
            has_language.then_some("template").ok_or_else(|| required("template['language']['code']"))
        }
        other => free::check(request, other),
    }
}
