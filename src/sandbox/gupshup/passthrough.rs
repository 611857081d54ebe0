//! `…/v3/message`: a template in Meta's form, sent as if it had come in Gupshup's own.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::form::Form;
use super::{Error, send, template};
use crate::sandbox::Sandbox;
use crate::sandbox::connection::Cut;
use crate::sandbox::template_shape::{text, word};

/// The number of an app that has sent nothing in Gupshup's form.
const NUMBER: &str = "5491155550100";

/// Answers a send; the id is Gupshup's, in Meta's place for it.
pub(super) async fn answer(sandbox: &Sandbox, app: &str, body: &[u8], cut: Option<Cut>) -> Response {
    let Ok(sent) = serde_json::from_slice::<Value>(body) else {
        return Error(StatusCode::BAD_REQUEST, "Invalid request body").into_response();
    };
    if text(&sent, "type") != "template" || text(&sent, "messaging_product") != "whatsapp" {
        return Error(StatusCode::BAD_REQUEST, "Unsupported message type").into_response();
    }
    let form = as_form(sandbox, app, &sent);
    let answer = send::answer(sandbox, &form, true, cut).await;
    if !answer.status().is_success() {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let told = axum::body::to_bytes(body, 1 << 16).await.ok();
    let told: Option<Value> = told.and_then(|told| serde_json::from_slice(&told).ok());
    match told.as_ref().and_then(|told| told["messageId"].as_str()) {
        Some(id) => {
            let to = text(&sent, "to");
            let contacts = json!([{"input": to, "wa_id": to}]);
            Json(json!({"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": id}]}))
                .into_response()
        }
        // What a fault left of it.
        None => (parts, axum::body::Body::empty()).into_response(),
    }
}

/// The form of the same message.
fn as_form(sandbox: &Sandbox, app: &str, sent: &Value) -> Form {
    let world = sandbox.world();
    let asked = &sent["template"];
    let known = world.templates.find(text(asked, "name"), text(&asked["language"], "code"));
    let id = known.map(|known| template::uuid(&known.id)).unwrap_or_default();
    let components = asked["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |kind: &'static str| components.iter().filter(move |c| word(c, "type") == kind);
    let texts = |c: &Value| -> Vec<String> {
        let all = c["parameters"].as_array().into_iter().flatten();
        all.filter_map(|p| p["text"].as_str().or(p["coupon_code"].as_str()).map(str::to_owned)).collect()
    };
    let params: Vec<String> = of("header").chain(of("body")).chain(of("button")).flat_map(texts).collect();
    let replies = of("button").filter(|b| word(b, "sub_type") == "quick_reply");
    let index = |b: &Value| b["index"].as_str().and_then(|i| i.parse::<i64>().ok()).or(b["index"].as_i64());
    let postbacks: Vec<Value> =
        replies.map(|b| json!({"index": index(b), "text": b["parameters"][0]["payload"]})).collect();
    let name = world.gupshup.name().unwrap_or(app).to_owned();
    let number = world.registry.numbers_of(&name).first().cloned().unwrap_or_else(|| NUMBER.to_owned());
    Form::of([
        ("channel", "whatsapp".to_owned()),
        ("source", number),
        ("destination", text(sent, "to").to_owned()),
        ("src.name", name),
        ("template", json!({"id": id, "params": params}).to_string()),
        ("postbackTexts", Value::Array(postbacks).to_string()),
    ])
}
