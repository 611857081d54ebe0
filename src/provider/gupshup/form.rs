//! The form of a send (gupshup-zenvia.md 1.2, 1.3).

mod free;

use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::domain::callback::ButtonPayload;
use crate::domain::fill::{self, Fill, HeaderFill};
use crate::domain::template::{Button, Header, Template};
use crate::provider::{Body, SendRequest};

/// The whole body; `None`: Gupshup documents no way to send it, or to that person.
pub(super) fn of(request: &SendRequest<'_>, app: &str) -> Option<String> {
    let mut form = Serializer::new(String::new());
    form.append_pair("channel", "whatsapp")
        .append_pair("source", request.sender_ref)
        .append_pair("destination", request.to.phone()?.digits())
        .append_pair("src.name", app);
    match request.body {
        Body::Template { template, fill } => {
            form.append_pair("template", &template_of(template, fill).to_string());
            if let Some(media) = media(template, fill) {
                form.append_pair("message", &media.to_string());
            }
            let postbacks = postbacks(template, request);
            if !postbacks.is_empty() {
                form.append_pair("postbackTexts", &Value::Array(postbacks).to_string());
            }
        }
        Body::Free { free, quoted, file } => {
            let message = free::of(free, quoted, file, &request.callback.to_string())?;
            form.append_pair("message", &message.to_string());
        }
        Body::Text { body, quoted } => {
            let mut message = json!({ "type": "text", "text": body, "previewUrl": false });
            if let Some(quoted) = quoted {
                message["context"] = json!({ "msgId": quoted });
            }
            form.append_pair("message", &message.to_string());
        }
    }
    Some(form.finish())
}

/// The template's own id with its values; products and the end of an offer stand beside them (gupshup-zenvia.md 1.2).
fn template_of(template: &Template, fill: &Fill) -> Value {
    let mut object = json!({ "id": template.provider_id, "params": params(template, fill) });
    if let Some(ends) = fill.offer_ends_at {
        object["expiration"] = json!(ends.0);
    }
    if !fill.products.is_empty() {
        let section = |s: &fill::Section| json!({ "title": s.title, "products": s.products });
        object["mpm"] = json!({ "sections": fill.products.iter().map(section).collect::<Vec<Value>>() });
    }
    object
}

/// One flat list: header, body by the numbers of its parameters, then what buttons take, in their order.
fn params(template: &Template, fill: &Fill) -> Vec<String> {
    let mut params = Vec::new();
    if let Some(HeaderFill::Text(value)) = &fill.header {
        params.push(value.text.clone());
    }
    let mut body: Vec<&fill::Value> = fill.body.iter().collect();
    body.sort_by_key(|value| value.name.parse::<u32>().unwrap_or(u32::MAX));
    params.extend(body.into_iter().map(|value| value.text.clone()));
    // A one-time code is given twice: in the text and for its button (gupshup-zenvia.md 1.2).
    if template.buttons.iter().any(|button| matches!(button, Button::OneTimeCode { .. })) {
        params.extend(fill.body.first().map(|code| code.text.clone()));
    }
    let mut buttons: Vec<&fill::ButtonFill> = fill.buttons.iter().collect();
    buttons.sort_by_key(|button| button.index);
    let takes = |index: i64| {
        let button = usize::try_from(index).ok().and_then(|place| template.buttons.get(place));
        template.parameters_unknown || button.is_some_and(|button| button.takes().is_needed())
    };
    params.extend(buttons.into_iter().filter(|b| takes(b.index)).map(|b| b.text.clone()));
    params
}

/// What a media header shows, by link, or the place that it shows.
fn media(template: &Template, fill: &Fill) -> Option<Value> {
    let link = match fill.header.as_ref()? {
        HeaderFill::Link { link } => link,
        HeaderFill::Location(place) => {
            let location = json!({ "longitude": place.longitude, "latitude": place.latitude, "name": place.name,
                "address": place.address });
            return Some(json!({ "type": "location", "location": location }));
        }
        _ => return None,
    };
    let kind = match template.header {
        Some(Header::Video) => "video",
        Some(Header::Document) => "document",
        _ => "image",
    };
    let mut object = json!({ "link": link });
    if kind == "document" {
        let name = link.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        // Without a name WhatsApp shows "Untitled".
        object["filename"] = json!(if name.contains('.') { name } else { "documento.pdf" });
    }
    Some(json!({ "type": kind, kind: object }))
}

/// Every quick reply carries our payload: a tap names its message, whatever became of the answer to this request.
fn postbacks(template: &Template, request: &SendRequest<'_>) -> Vec<Value> {
    let buttons = template.buttons.iter().enumerate();
    let quick = buttons.filter(|(_, button)| matches!(button, Button::QuickReply { .. }));
    let payload = |index: i64| {
        let (instance, message) = (request.callback.instance.clone(), request.callback.message);
        ButtonPayload { instance, message, index }.to_string()
    };
    quick.map(|(place, _)| json!({ "index": place, "text": payload(place as i64) })).collect()
}
