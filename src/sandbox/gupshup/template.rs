//! Templates as Gupshup lists them: their own ids, positional parameters only, what they are made of as JSON in a text.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Call, Error};
use crate::domain::template::{example, fill_in};
use crate::sandbox::Sandbox;
use crate::sandbox::template::Template;
use crate::sandbox::template_shape::{ButtonShape, HeaderShape, placeholders, text, word};

/// Gupshup's id of the template that Meta calls `id`.
pub(super) fn uuid(id: &str) -> String {
    let number = super::super::dice::fingerprint(id);
    format!("{:08x}-{:04x}-4000-8000-{:012x}", number >> 32, (number >> 16) & 0xffff, number & 0xffff_ffff_ffff)
}

/// How many values a send gives: header, body, buttons with a suffix or a code.
pub(super) fn parameters(template: &Template) -> usize {
    let header = match &template.shape.header {
        Some(HeaderShape::Text(text)) => placeholders(text).len(),
        _ => 0,
    };
    // The picture of a catalog is the last; a list of products stands beside the others.
    let takes = |kind: &str| kind == "catalog" || kind == "copy_code";
    let gives = |b: &&ButtonShape| takes(&b.kind) || (b.kind == "url" && b.takes_parameter());
    let buttons = template.shape.buttons.iter().filter(gives).count();
    header + placeholders(&template.shape.body).len() + buttons
}

/// Whether a send has what its template takes beside the list of values: a place, the end of an offer, products.
pub(super) fn is_whole(template: &Template, sent: &Value, message: &Value) -> bool {
    let needs_place = template.shape.header == Some(HeaderShape::Media("location".to_owned()));
    let place = &message["location"];
    let has_place = ["latitude", "longitude", "name", "address"].iter().all(|key| !text(place, key).is_empty());
    let ends = template.shape.offer.as_ref().is_some_and(|(_, ends)| *ends);
    let lists = template.shape.buttons.iter().any(|b| b.kind == "mpm");
    let sections = sent["mpm"]["sections"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has_products = |section: &Value| section["products"].as_array().is_some_and(|all| !all.is_empty());
    (!needs_place || has_place)
        && (!ends || sent["expiration"].is_i64())
        && (!lists || (!sections.is_empty() && sections.iter().all(has_products)))
}

/// Named parameters become numbers, in the order of their first appearance.
fn numbered(text: &str) -> String {
    let mut told = text.to_owned();
    for (place, name) in placeholders(text).into_iter().enumerate() {
        for written in [format!("{{{{{name}}}}}"), format!("{{{{ {name} }}}}")] {
            told = told.replace(&written, &format!("{{{{{}}}}}", place + 1));
        }
    }
    told
}

fn listed(template: &Template, app: &str, now_ms: i64) -> Value {
    let components = template.components.as_array().cloned().unwrap_or_default();
    let of = |kind: &str| components.iter().find(|c| word(c, "type") == kind);
    let body = numbered(&template.shape.body);
    let mut meta = json!({"appId": app, "data": body, "enableSample": true});
    let mut kind = "TEXT".to_owned();
    match &template.shape.header {
        Some(HeaderShape::Text(text)) => meta["header"] = numbered(text).into(),
        Some(HeaderShape::Media(media)) => kind = media.to_uppercase(),
        None => {}
    }
    if let Some(footer) = of("footer") {
        meta["footer"] = text(footer, "text").into();
    }
    let example = filled(of("body"), &body);
    let mut data = body;
    if let Some(buttons) = of("buttons") {
        meta["buttons"] = buttons["buttons"].clone();
        if template.gives_a_code() {
            meta["buttons"][0]["type"] = "OTP".into();
        }
        let labels = template.shape.buttons.iter().map(|b| format!("[{}]", b.text));
        data = format!("{data} | {}", labels.collect::<Vec<_>>().join(" | "));
    }
    let has = |kind: &str| template.shape.buttons.iter().any(|b| b.kind == kind);
    if let Some((said, _)) = &template.shape.offer {
        "LTO".clone_into(&mut kind);
        meta["limitedTimeOffer"] = json!({ "text": said });
    } else if !template.shape.cards.is_empty() {
        "CAROUSEL".clone_into(&mut kind);
    } else if has("catalog") || has("mpm") {
        "CATALOG".clone_into(&mut kind);
    }
    if let Some(correct) = template.correct.as_ref().filter(|correct| **correct != template.category) {
        meta["correctCategory"] = correct.clone().into();
    }
    json!({
        "id": uuid(&template.id), "externalId": template.id, "appId": app, "elementName": template.name,
        "languageCode": template.language, "languagePolicy": "deterministic", "category": template.category,
        "templateType": kind, "data": data, "containerMeta": meta.to_string(),
        "meta": json!({"example": example}).to_string(), "status": template.status, "quality": template.quality, "priority": 1,
        "retry": 0, "vertical": "sandbox", "createdOn": now_ms, "modifiedOn": now_ms,
        "reason": template.reason.filter(|_| template.status == "REJECTED").map(|(reason, _)| reason),
    })
}

const NONE: Error = Error(StatusCode::BAD_REQUEST, "Template Does not exists.");

/// What is required of a form, in words of Gupshup's.
fn check(call: &Call<'_>) -> Result<(), Error> {
    let bad = |words| Err(Error(StatusCode::BAD_REQUEST, words));
    for field in ["elementName", "category", "vertical", "templateType", "content", "example"] {
        if call.form.get(field).is_empty() {
            return bad("Required parameter is missing in the request");
        }
    }
    if !["MARKETING", "UTILITY", "AUTHENTICATION"].contains(&call.form.get("category")) {
        return bad("Invalid category provided");
    }
    if call.form.get("elementName").len() > 180 {
        return bad("Invalid elementName provided");
    }
    let needs_sample = ["IMAGE", "VIDEO", "DOCUMENT"].contains(&call.form.get("templateType"));
    if needs_sample && (call.form.get("enableSample") != "true" || call.form.get("exampleMedia").is_empty()) {
        return bad("Sample media is required for this template type");
    }
    Ok(())
}

/// List, create, edit, delete, read again from WhatsApp.
pub(super) fn answer(sandbox: &Sandbox, app: &str, rest: &[&str], call: &Call<'_>) -> Result<Value, Error> {
    let now = sandbox.0.clock.now();
    let mut world = sandbox.world();
    let wrong = |_| Error(StatusCode::BAD_REQUEST, "Invalid category provided or template not well-formed");
    let meta_id = |world: &super::super::world::World, id: &str| {
        world.templates.of(app).find(|t| uuid(&t.id) == id).map(|t| t.id.clone())
    };
    let told = match (call.method, rest) {
        (&Method::GET | &Method::POST, ["sync"]) => {
            if world.gupshup.synced_within_an_hour(now) {
                return Err(Error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"));
            }
            Ok(json!({"status": "success"}))
        }
        (&Method::GET, []) => {
            let page: usize = call.query.get("pageNo").parse().unwrap_or_default();
            let wanted = call.query.get("templateStatus");
            let all = world.templates.of(app).filter(|t| wanted.is_empty() || t.status == wanted);
            // One page holds them all; those after it are empty.
            let all: Vec<Value> = if page > 0 { Vec::new() } else { all.map(|t| listed(t, app, now.0)).collect() };
            Ok(json!({"status": "success", "templates": all}))
        }
        (&Method::GET, [id]) => {
            let template = world.templates.of(app).find(|t| uuid(&t.id) == *id);
            template.map(|t| json!({"status": "success", "template": listed(t, app, now.0)})).ok_or(NONE)
        }
        (&Method::POST, []) => {
            check(call)?;
            let made = world.create_template(app, &source(call), now).map_err(wrong)?;
            let template = world.templates.by_id(text(&made, "id"));
            template.map(|t| json!({"status": "success", "template": listed(t, app, now.0)})).ok_or(NONE)
        }
        (&Method::PUT, [id]) => {
            check(call)?;
            let id = meta_id(&world, id).ok_or(NONE)?;
            world.edit_template(&id, &source(call), now).map_err(wrong)?;
            let template = world.templates.by_id(&id);
            template.map(|t| json!({"status": "success", "template": listed(t, app, now.0)})).ok_or(NONE)
        }
        (&Method::DELETE, [name, one @ ..]) => {
            let id = one.first().and_then(|id| meta_id(&world, id));
            let done = world.templates.delete(app, name, id.as_deref(), now);
            done.map(|()| json!({"status": "success"})).map_err(wrong)
        }
        _ => Err(Error(StatusCode::NOT_FOUND, "No such resource")),
    };
    drop(world);
    sandbox.0.wake.notify_one();
    told
}

/// A text with the examples of its component in place of its variables.
fn filled(component: Option<&Value>, body: &str) -> String {
    let Some(told) = component.map(|component| &component["example"]) else { return body.to_owned() };
    let named = told["body_text_named_params"].as_array().into_iter().flatten().map(|param| &param["example"]);
    let values = named.chain(told["body_text"][0].as_array().into_iter().flatten());
    let values: Vec<&str> = values.filter_map(Value::as_str).collect();
    fill_in(body, |no| values.get(no.parse::<usize>().ok()?.checked_sub(1)?).map(|value| (*value).to_owned()))
}

/// The values that make `example` of `text`; none where it cannot be one. A reviewer finds that at once.
fn values(text: &str, example: &str) -> Vec<String> {
    example::values(text, example).into_iter().map(|(_, value)| value).collect()
}

/// A template for one-time codes: its text is kept as WhatsApp words it.
fn code(form: &super::form::Form) -> Value {
    let advice = form.get("addSecurityRecommendation") == "true";
    let mut components = vec![json!({"type": "BODY", "add_security_recommendation": advice})];
    if let Ok(minutes) = form.get("codeExpirationMinutes").parse::<i64>() {
        components.push(json!({"type": "FOOTER", "code_expiration_minutes": minutes}));
    }
    components.push(json!({"type": "BUTTONS", "buttons": form.json("buttons")}));
    let language = if form.get("languageCode").is_empty() { "en_US" } else { form.get("languageCode") };
    json!({"name": form.get("elementName"), "language": language, "category": "AUTHENTICATION", "components": components})
}

/// The form of a creation as Meta's.
fn source(call: &Call<'_>) -> Value {
    let form = &call.form;
    if form.get("category") == "AUTHENTICATION" {
        return code(form);
    }
    let example = values(form.get("content"), form.get("example"));
    let mut components =
        vec![json!({"type": "BODY", "text": form.get("content"), "example": {"body_text": [example]}})];
    match form.get("templateType") {
        "" | "TEXT" if !form.get("header").is_empty() => {
            let example = values(form.get("header"), form.get("exampleHeader"));
            components.insert(
                0,
                json!({"type": "HEADER", "format": "TEXT", "text": form.get("header"),
                "example": {"header_text": example}}),
            );
        }
        media @ ("IMAGE" | "VIDEO" | "DOCUMENT") => {
            let sample = json!({"header_handle": [form.get("exampleMedia")]});
            components.insert(0, json!({"type": "HEADER", "format": media, "example": sample}));
        }
        "LOCATION" => components.insert(0, json!({"type": "HEADER", "format": "LOCATION"})),
        _ => {}
    }
    if !form.get("footer").is_empty() {
        components.push(json!({"type": "FOOTER", "text": form.get("footer")}));
    }
    let buttons = form.json("buttons");
    if buttons.as_array().is_some_and(|b| !b.is_empty()) {
        components.push(json!({"type": "BUTTONS", "buttons": buttons}));
    }
    let language = if form.get("languageCode").is_empty() { "en_US" } else { form.get("languageCode") };
    json!({"name": form.get("elementName"), "language": language, "category": form.get("category"), "components": components})
}
