//! The control endpoints under `/_sandbox`: what was accepted, faults on demand, and words put into people's mouths.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Sandbox;
use super::fault::Fault;
use super::inbound::{File, Letter, Sends};
use super::phone;
use super::world::World;
use crate::domain::time::UnixMs;

/// Sends in a page.
const PAGE: usize = 1000;

/// Why a control request is not carried out; always a 400.
pub(super) struct Wrong(pub String);

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0}))).into_response()
    }
}

pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Wrong> {
    serde_json::from_slice(body).map_err(|error| Wrong(error.to_string()))
}

/// `GET /_sandbox/stats`.
pub(super) async fn stats(State(sandbox): State<Sandbox>) -> Response {
    let stats = sandbox.world().ledger.stats.clone();
    Json(stats).into_response()
}

/// Where to go on.
#[derive(Deserialize)]
pub(super) struct Cursor {
    cursor: Option<usize>,
}

/// `GET /_sandbox/messages?cursor=`: `next` is there until the last page.
pub(super) async fn messages(State(sandbox): State<Sandbox>, Query(at): Query<Cursor>) -> Response {
    let from = at.cursor.unwrap_or_default();
    let world = sandbox.world();
    let mut page: Vec<Value> = world.ledger.page(from, PAGE).iter().map(super::ledger::Message::listed).collect();
    // The others repeat what they could not tell; Zenvia gives it up.
    let is_zenvias = |one: &Value| one["sender"].as_str().is_some_and(|sender| world.zenvia.has(sender));
    for one in page.iter_mut().filter(|one| is_zenvias(one)) {
        one["told"] = one["id"].as_str().is_some_and(|id| world.zenvia.told.contains(id)).into();
    }
    let next = (page.len() == PAGE).then(|| (from + PAGE).to_string());
    Json(json!({"data": page, "next": next})).into_response()
}

/// `POST /_sandbox/faults`: adds one; what is in force.
pub(super) async fn add_fault(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let fault: Fault = match read(&body) {
        Ok(fault) => fault,
        Err(wrong) => return wrong.into_response(),
    };
    if !(0.0..=1.0).contains(&fault.rate) {
        return Wrong("rate is from 0 to 1".to_owned()).into_response();
    }
    let mut world = sandbox.world();
    world.faults.retain(|f| (f.kind, f.when) != (fault.kind, fault.when));
    world.faults.push(fault);
    Json(json!({"faults": world.faults})).into_response()
}

/// `DELETE /_sandbox/faults`: none any more.
pub(super) async fn clear_faults(State(sandbox): State<Sandbox>) -> Response {
    sandbox.world().faults.clear();
    Json(json!({"faults": []})).into_response()
}

/// What a person is made to send.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Speech {
    from: String,
    to: String,
    text: Option<String>,
    button: Option<usize>,
    /// Anything but null: a sample of it, or `caption`, `filename`, `mime_type` and `base64`. `audio` is a voice note unless
    /// `voice` is false.
    image: Option<Value>,
    audio: Option<Value>,
    video: Option<Value>,
    document: Option<Value>,
    sticker: Option<Value>,
    location: Option<Spot>,
    /// Whether they show a user name in place of their number (Meta only).
    #[serde(default)]
    hidden: bool,
    /// Id of the message it answers; a tapped button always answers the last template.
    quoted: Option<String>,
}

/// A place that a person shares.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spot {
    latitude: f64,
    longitude: f64,
    #[serde(default)]
    name: String,
}

impl Speech {
    /// The files that are to be sent: exactly one, where it is one.
    fn files(&self) -> Vec<(&'static str, &Value)> {
        let all = [
            ("image", &self.image),
            ("audio", &self.audio),
            ("video", &self.video),
            ("document", &self.document),
            ("sticker", &self.sticker),
        ];
        all.into_iter().filter_map(|(kind, wish)| Some((kind, wish.as_ref()?))).collect()
    }
}

/// `POST /_sandbox/reply`: a person writes, taps or speaks now.
pub(super) async fn reply(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let said = read(&body).and_then(|speech: Speech| {
        let (real, now) = (Instant::now(), sandbox.0.clock.now());
        let mut world = sandbox.world();
        let is_hidden = speech.hidden;
        let (from, to, quoted, sends) = world.understand(speech)?;
        Ok(world.receive(&Letter { from: &from, to: &to, quoted: quoted.as_deref(), sends, is_hidden }, real, now))
    });
    sandbox.0.wake.notify_one();
    match said {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(wrong) => wrong.into_response(),
    }
}

impl Sandbox {
    /// The person who read a message last writes `text` now; false when nobody has read one.
    pub fn last_reader_writes(&self, text: &str) -> bool {
        let (real, now) = (Instant::now(), self.0.clock.now());
        let mut world = self.world();
        let Some((from, to)) = world.ledger.last_read() else { return false };
        world.receive(
            &Letter { from: &from, to: &to, quoted: None, sends: Sends::Text(text.to_owned()), is_hidden: false },
            real,
            now,
        );
        drop(world);
        self.0.wake.notify_one();
        true
    }
}

impl World {
    fn understand(&self, speech: Speech) -> Result<(String, String, Option<String>, Sends), Wrong> {
        let from = phone::digits(&speech.from).ok_or_else(|| Wrong("from is a phone number".to_owned()))?;
        let from = phone::wa_id(&from);
        let unknown = || Wrong("to is a sender: its phone number id, or its number, once used".to_owned());
        let to = self.registry.find_number(&speech.to).ok_or_else(unknown)?;
        let files = speech.files();
        let file = files.first().map(|(kind, wish)| File::wished(kind, wish)).transpose().map_err(Wrong)?;
        let is_many = files.len() > 1;
        let quoted = speech.quoted;
        match (speech.text, speech.button, file, speech.location) {
            (Some(text), None, None, None) => Ok((from, to, quoted, Sends::Text(text))),
            (None, None, Some(file), None) if !is_many => Ok((from, to, quoted, Sends::File(file))),
            (None, None, None, Some(Spot { latitude, longitude, name })) => {
                Ok((from, to, quoted, Sends::Place { latitude, longitude, name }))
            }
            (None, Some(at), None, None) => {
                let (wamid, sends) = self.tap(&from, &to, at, quoted.as_deref())?;
                Ok((from, to, Some(wamid), sends))
            }
            _ => Err(Wrong("one of text, button, image, audio, video, document, sticker and location".to_owned())),
        }
    }

    fn tap(&self, from: &str, to: &str, at: usize, quoted: Option<&str>) -> Result<(String, Sends), Wrong> {
        let place = quoted.map_or_else(|| self.ledger.last_template(to, from), |id| self.ledger.find(id));
        let message = place.and_then(|p| self.ledger.get(p));
        let message =
            message.ok_or_else(|| Wrong("this person has received no template from this sender".to_owned()))?;
        let found = self.quick_replies(message).into_iter().find(|(place, ..)| *place == at);
        let (_, text, payload) = found.ok_or_else(|| Wrong(format!("there is no quick-reply button at {at}")))?;
        Ok((message.wamid.clone(), Sends::Button { text, payload }))
    }
}

/// A template and what becomes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdict {
    name: String,
    language: String,
    status: Option<String>,
    category: Option<String>,
    /// `GREEN`, `YELLOW` or `RED`, which pauses it.
    quality: Option<String>,
    /// The category is only announced, a day ahead.
    #[serde(default)]
    announced: bool,
}

impl Verdict {
    /// What is wrong with it.
    fn wrong(&self) -> Option<&'static str> {
        let is_one = |word: &Option<String>, of: &[&str]| word.as_deref().is_none_or(|word| of.contains(&word));
        if !is_one(&self.status, &["APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED"]) {
            return Some("status is APPROVED, PENDING, REJECTED, PAUSED or DISABLED");
        }
        if !is_one(&self.category, &["MARKETING", "UTILITY", "AUTHENTICATION"]) {
            return Some("category is MARKETING, UTILITY or AUTHENTICATION");
        }
        if !is_one(&self.quality, &["GREEN", "YELLOW", "RED"]) {
            return Some("quality is GREEN, YELLOW or RED");
        }
        let is_empty = self.status.is_none() && self.category.is_none() && self.quality.is_none();
        is_empty.then_some("status, category or quality is missing")
    }

    /// Whether Zenvia has such a template, which then stands so. A category that is only announced is not told there.
    fn reaches_zenvia(&self, world: &mut World, now: UnixMs) -> bool {
        let (name, language, zenvia) = (&self.name, &self.language, &mut world.zenvia);
        let of_status = self.status.as_ref().is_some_and(|status| zenvia.set_status(name, language, status, now));
        let category = self.category.as_ref().filter(|_| !self.announced);
        let of_category = category.is_some_and(|category| zenvia.set_category(name, language, category, now));
        of_status || of_category
    }
}

/// `POST /_sandbox/template`: pauses, disables, rejects or approves a template, as reviewers and quality do; or bills it
/// as something else from now on.
pub(super) async fn set_template(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let verdict: Verdict = match read(&body) {
        Ok(verdict) => verdict,
        Err(wrong) => return wrong.into_response(),
    };
    if let Some(wrong) = verdict.wrong() {
        return Wrong(wrong.to_owned()).into_response();
    }
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    let at_zenvia = verdict.reaches_zenvia(&mut world, now);
    let Some(id) = world.templates.find(&verdict.name, &verdict.language).map(|t| t.id.clone()) else {
        if at_zenvia {
            return Json(json!({"status": verdict.status, "category": verdict.category})).into_response();
        }
        return Wrong("no such template".to_owned()).into_response();
    };
    if let Some(category) = &verdict.category {
        if verdict.announced {
            world.announce_category(&id, category, Instant::now());
        } else {
            world.set_category(&id, category, Instant::now());
        }
    }
    if let Some(quality) = &verdict.quality {
        world.set_quality(&id, quality, now, Instant::now());
    }
    if let Some(status) = &verdict.status {
        if status == "PAUSED" {
            world.pause_template(&id, now, Instant::now());
        } else {
            world.set_status(&id, status, Instant::now());
        }
    }
    sandbox.0.wake.notify_one();
    let template = world.templates.by_id(&id);
    Json(json!({"id": id, "status": template.map(|t| &t.status), "category": template.map(|t| &t.category)}))
        .into_response()
}
