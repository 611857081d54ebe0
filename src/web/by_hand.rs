//! One template to one number, by hand: the template is picked, its parameters filled, a local number completed.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;

use crate::domain::id::TicketId;
use crate::domain::template::{Button, Header, Template, TemplateStatus};
use crate::engine::{HandOutcome, HandSend};
use crate::locale;
use crate::store::idempotency::{self, Key, Reservation};
use crate::store::secret::{Secret, hash_of};
use crate::store::template::own::{self, Own};
use crate::store::{conversation, template};

use super::actor::Actor;
use super::converse::author;
use super::error::WebError;
use super::page::{Page, html};
use super::state::WebState;

/// A form's key is shorter.
const LONGEST_KEY: usize = 100;

#[derive(askama::Template)]
#[template(path = "send.html")]
struct SendPage {
    p: Page,
    senders: Vec<String>,
    templates: Vec<Template>,
    chosen: Option<Template>,
    fields: Vec<Field>,
    asked: Asked,
    /// What the number becomes, or why it is none.
    number: String,
    problems: Vec<String>,
    /// Makes the form, sent again, say what became of it the first time.
    once: String,
}

/// One value the template takes.
pub struct Field {
    name: String,
    label: String,
    value: String,
    /// The template's usual value fills it where nothing is written.
    by_itself: bool,
}

/// What the form holds so far, or what is sent.
#[derive(Deserialize, Default, Clone)]
pub struct Asked {
    #[serde(default)]
    sender: String,
    /// `name|language`.
    #[serde(default)]
    template: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    cost_centre: String,
    /// The form's own key.
    #[serde(default)]
    once: String,
    /// The ticket that the conversation belongs to from then on.
    #[serde(default)]
    ticket: Option<i64>,
    /// Names of the values, in the order of `value`.
    #[serde(default)]
    name: Vec<String>,
    #[serde(default)]
    value: Vec<String>,
}

impl Asked {
    fn values(&self) -> Vec<(String, String)> {
        self.name.iter().cloned().zip(self.value.iter().map(|v| v.trim().to_owned())).collect()
    }

    fn key(&self) -> (&str, &str) {
        self.template.split_once('|').unwrap_or((&self.template, ""))
    }
}

/// The page; with a template chosen it shows its fields.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    axum_extra::extract::Query(asked): axum_extra::extract::Query<Asked>,
) -> Result<Html<String>, WebError> {
    page(&state, p, asked, Vec::new()).await
}

async fn page(state: &WebState, p: Page, mut asked: Asked, problems: Vec<String>) -> Result<Html<String>, WebError> {
    let senders: Vec<String> = state.config().senders.keys().cloned().collect();
    if asked.sender.is_empty() {
        asked.sender = senders.first().cloned().unwrap_or_default();
    }
    let account = state.config().senders.get(&asked.sender).map_or("", |s| s.account.as_str());
    let mut templates = template::list(state.store(), account).await?;
    templates.retain(|t| t.status == TemplateStatus::Approved);
    let (name, language) = asked.key();
    let chosen = templates.iter().find(|t| t.name == name && t.language == language).cloned();
    let own = own::get(state.store(), account, name, language).await?;
    let fields = chosen.as_ref().map(|t| fields(&p, t, &own, &asked.values())).unwrap_or_default();
    let number = if asked.to.is_empty() { String::new() } else { international(state, &p, &asked.sender, &asked.to) };
    let once = Secret::draw("").shown;
    html(&SendPage { p, senders, templates, chosen, fields, asked, number, problems, once })
}

/// Header, body and buttons, each by the name that the engine knows it by.
fn fields(p: &Page, template: &Template, own: &Own, given: &[(String, String)]) -> Vec<Field> {
    let field = |name: String, label: String| {
        let value = given.iter().find(|(n, _)| *n == name).map_or_else(String::new, |(_, v)| v.clone());
        let by_itself = own.mapping.contains_key(&name);
        Field { name, label, value, by_itself }
    };
    let mut fields = Vec::new();
    match &template.header {
        Some(Header::Text { .. }) if template.header_parameters().is_empty() => {}
        Some(Header::Text { .. }) => fields.push(field("header".to_owned(), p.t("web.send.header"))),
        Some(Header::Image | Header::Video | Header::Document) => {
            fields.push(field("header".to_owned(), p.t("web.send.header_link")));
        }
        Some(Header::Location) | None => {}
    }
    for name in template.body_parameters() {
        let label = format!("{{{{{name}}}}}");
        fields.push(field(name, label));
    }
    for (i, button) in template.buttons.iter().enumerate() {
        let takes = match button {
            Button::Url { url, .. } => url.contains("{{"),
            Button::CopyCode { .. } => true,
            Button::QuickReply { .. } | Button::OneTimeCode { .. } | Button::Other { .. } => false,
        };
        if takes {
            fields.push(field(format!("button.{i}"), p.say("web.send.button", &[("button", button.text())])));
        }
    }
    fields
}

fn international(state: &WebState, p: &Page, sender: &str, typed: &str) -> String {
    match state.engine.international(sender, typed) {
        Ok(phone) => p.say("web.send.goes_to", &[("number", &phone.with_plus())]),
        Err(problem) => locale::problem(p.language, &problem),
    }
}

/// What a number becomes, while it is typed.
pub async fn number(State(state): State<WebState>, p: Page, Query(asked): Query<NumberAsked>) -> String {
    if asked.to.trim().is_empty() { String::new() } else { international(&state, &p, &asked.sender, &asked.to) }
}

/// A number, as typed.
#[derive(Deserialize)]
pub struct NumberAsked {
    #[serde(default)]
    sender: String,
    #[serde(default)]
    to: String,
}

/// It goes out; what stands in the way is told above the form, which keeps what was typed.
pub async fn send(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Form(asked): Form<Asked>,
) -> Result<Response, WebError> {
    let (name, language) = asked.key();
    let send = HandSend {
        sender: asked.sender.clone(),
        to: asked.to.trim().to_owned(),
        template: name.to_owned(),
        language: language.to_owned(),
        values: asked.values(),
        cost_centre: asked.cost_centre.trim().to_owned(),
        wait: None,
        ticket: asked.ticket.map(TicketId),
    };
    let told = match once(&state, &actor, &asked.once, &send).await {
        Ok(path) => return Ok(Redirect::to(&path).into_response()),
        Err(WebError::Refused(problems)) => problems.iter().map(|b| locale::problem(p.language, b)).collect(),
        // The page comes back with another key, which is another message.
        Err(WebError::Unprocessable(why)) => vec![p.t(&format!("web.error.{why}"))],
        Err(other) => return Err(other),
    };
    let page = page(&state, p, asked, told).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Sends what a form holds, once for its key; the path of the conversation it is in. Sent again, the form leads to the same.
async fn once(state: &WebState, actor: &Actor, once: &str, send: &HandSend) -> Result<String, WebError> {
    if once.is_empty() || once.len() > LONGEST_KEY {
        return Err(WebError::Unprocessable("form_once"));
    }
    let (store, key) = (state.store(), Key { actor: &actor.name, route: "POST /send", key: once });
    let request = hash_of(&format!("{send:?}"));
    match idempotency::reserve(store, key, &request, state.people_now()).await? {
        Reservation::New => {}
        Reservation::Done { response, .. } => return Ok(response),
        Reservation::Unfinished => return Err(WebError::Conflict("key_unfinished")),
        Reservation::Mismatch => return Err(WebError::Unprocessable("form_changed")),
    }
    match go(state, actor, send).await {
        Ok((_, conversation)) => {
            let found = conversation::get(store, conversation).await?;
            let theirs = found.is_some_and(|c| c.assignee != actor.user);
            let done = if theirs { "sent_theirs" } else { "sent" };
            let path = format!("/conversations/{conversation}?done={done}");
            idempotency::finish(store, key, i64::from(StatusCode::SEE_OTHER.as_u16()), &path).await?;
            Ok(path)
        }
        Err(error) => {
            // Nothing was done; after any other error nobody knows.
            if matches!(error, WebError::Refused(_)) {
                idempotency::forget(store, key).await?;
            }
            Err(error)
        }
    }
}

/// Sends it, for page and API.
pub async fn go(
    state: &WebState,
    actor: &Actor,
    send: &HandSend,
) -> Result<(crate::domain::id::MessageId, crate::domain::id::ConversationId), WebError> {
    match state.engine.send_by_hand(send, &author(actor)?).await? {
        HandOutcome::Sent { message, conversation } => {
            let detail = format!("template {} {}", send.template, send.language);
            state.audit(actor, "message.by_hand", &format!("message {message}"), &detail).await?;
            Ok((message, conversation))
        }
        HandOutcome::Refused(problems) => Err(WebError::Refused(problems)),
    }
}
