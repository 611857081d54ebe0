//! The body of a send (cloud-api.md 1.2, 1.3, 2).

mod free;
mod special;

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::domain::callback::{ButtonPayload, CallbackData};
use crate::domain::fill::{self, Fill, HeaderFill};
use crate::domain::recipient::Recipient;
use crate::domain::template::{Button, Header, ParameterFormat, Template};
use crate::provider::{Body, SendRequest};

/// Longest run of spaces that Meta takes in a parameter.
const MOST_SPACES: usize = 4;

/// The whole body. `to` carries its `+`: without it Meta may put the sender's own country code in front.
pub(in crate::provider) fn of(request: &SendRequest<'_>) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "biz_opaque_callback_data": request.callback.to_string(),
    });
    match request.to {
        Recipient::Phone(phone) => body["to"] = json!(phone.with_plus()),
        Recipient::User(id) => body["recipient"] = json!(id),
    }
    match request.body {
        Body::Free { free, quoted, file } => free::write(&mut body, free, quoted, file),
        Body::Template { template, fill } => {
            body["type"] = json!("template");
            body["template"] = template_object(template, fill, &request.callback);
        }
        Body::Text { body: text, quoted } => {
            body["type"] = json!("text");
            body["text"] = json!({ "preview_url": false, "body": text });
            if let Some(quoted) = quoted {
                body["context"] = json!({ "message_id": quoted });
            }
        }
    }
    body
}

fn template_object(template: &Template, fill: &Fill, callback: &CallbackData) -> Value {
    let mut object = json!({ "name": template.name, "language": { "code": template.language } });
    let mut components: Vec<Value> = Vec::new();
    let format = format(template, fill);
    components.extend(header(template, fill, format));
    components.extend(special::offer(fill));
    components.extend(body(&fill.body, format));
    components.extend(buttons(template, fill, callback));
    components.extend(special::carousel(template, fill, format, callback));
    if !components.is_empty() {
        object["components"] = Value::Array(components);
    }
    object
}

/// The template's format; of one whose parameters are not known what the campaign's own names say.
fn format(template: &Template, fill: &Fill) -> ParameterFormat {
    let is_named = || fill.body.iter().any(|v| v.name.parse::<u32>().is_err());
    if template.parameters_unknown && is_named() { ParameterFormat::Named } else { template.format }
}

fn header(template: &Template, fill: &Fill, format: ParameterFormat) -> Option<Value> {
    header_of(template.header.as_ref(), fill.header.as_ref()?, format)
}

/// The component of a header, the template's own or a card's. A template whose parameters are not known takes what it is
/// given as a picture.
fn header_of(header: Option<&Header>, fill: &HeaderFill, format: ParameterFormat) -> Option<Value> {
    let kind = match header {
        Some(Header::Video) => "video",
        Some(Header::Document) => "document",
        Some(Header::Gif) => "gif",
        _ => "image",
    };
    let parameter = match fill {
        HeaderFill::Text(value) => text_parameter(value, format),
        HeaderFill::File { .. } => return None,
        HeaderFill::Location(place) => special::place(place),
        HeaderFill::Product(product) => special::product(product),
        HeaderFill::Uploaded { id, filename } if kind == "document" => {
            json!({ "type": kind, kind: { "id": id, "filename": filename } })
        }
        HeaderFill::Uploaded { id, .. } => json!({ "type": kind, kind: { "id": id } }),
        HeaderFill::Link { link } if kind == "document" => document(link),
        HeaderFill::Link { link } => json!({ "type": kind, kind: { "link": link } }),
    };
    Some(json!({ "type": "header", "parameters": [parameter] }))
}

/// The person sees the file's name: without one WhatsApp shows "Untitled".
fn document(link: &str) -> Value {
    let name = link.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let mut document = json!({ "link": link });
    if name.contains('.') && !link.ends_with(&format!("//{name}")) {
        document["filename"] = json!(name);
    }
    json!({ "type": "document", "document": document })
}

/// Named parameters go in any order; positional ones in the order of their numbers, which need not be the order in
/// which the text uses them.
fn body(values: &[fill::Value], format: ParameterFormat) -> Option<Value> {
    let mut values: Vec<&fill::Value> = values.iter().collect();
    if format == ParameterFormat::Positional {
        values.sort_by_key(|v| v.name.parse::<u32>().unwrap_or(u32::MAX));
    }
    let parameters: Vec<Value> = values.into_iter().map(|v| text_parameter(v, format)).collect();
    (!parameters.is_empty()).then(|| json!({ "type": "body", "parameters": parameters }))
}

fn text_parameter(value: &fill::Value, format: ParameterFormat) -> Value {
    match format {
        ParameterFormat::Positional => json!({ "type": "text", "text": one_line(&value.text) }),
        ParameterFormat::Named => {
            json!({ "type": "text", "parameter_name": value.name, "text": one_line(&value.text) })
        }
    }
}

/// Every quick reply carries our payload, so that a tap names the message it answers. Buttons without a parameter
/// have no component.
fn buttons(template: &Template, fill: &Fill, callback: &CallbackData) -> Vec<Value> {
    let value = |index: i64| fill.buttons.iter().find(|b| b.index == index).map(|b| b.text.as_str());
    if template.parameters_unknown {
        return fill.buttons.iter().map(|b| url_button(b.index, &b.text)).collect();
    }
    let of_button = |(place, button): (usize, &Button)| {
        let index = place as i64;
        match button {
            Button::QuickReply { .. } => Some(quick_reply(index, index, callback)),
            Button::Catalog { .. } => value(index).map(|product| special::catalog(index, product)),
            Button::Products { .. } => special::products(index, value(index), &fill.products),
            Button::Flow { .. } => Some(special::flow(index, value(index), &fill.flow_data, callback)),
            Button::Url { .. } => value(index).map(|suffix| url_button(index, suffix)),
            Button::CopyCode { .. } => value(index).map(|code| {
                component(index, "copy_code", &json!({ "type": "coupon_code", "coupon_code": one_line(code) }))
            }),
            // The button gets the code that the text says (cloud-api.md 1.3).
            Button::OneTimeCode { .. } => fill.body.first().map(|code| url_button(index, &one_line(&code.text))),
            Button::Other { .. } => None,
        }
    };
    template.buttons.iter().enumerate().filter_map(of_button).collect()
}

/// A button that comes back as a reply; `told` is what our payload calls it.
fn quick_reply(index: i64, told: i64, callback: &CallbackData) -> Value {
    component(index, "quick_reply", &json!({ "type": "payload", "payload": payload(told, callback) }))
}

fn payload(index: i64, callback: &CallbackData) -> String {
    let CallbackData { instance, message, .. } = callback.clone();
    ButtonPayload { instance, message, index }.to_string()
}

fn url_button(index: i64, suffix: &str) -> Value {
    component(index, "url", &json!({ "type": "text", "text": escape_suffix(suffix) }))
}

fn component(index: i64, kind: &str, parameter: &Value) -> Value {
    json!({ "type": "button", "sub_type": kind, "index": index.to_string(), "parameters": [parameter] })
}

/// `text` as Meta takes it in a parameter: no line break, no tab, no run of more than four spaces. Intake gives values
/// that are so already; Meta would refuse the message otherwise.
fn one_line(text: &str) -> Cow<'_, str> {
    let is_break = |c: char| matches!(c, '\r' | '\n' | '\t');
    if !text.contains(is_break) && !text.contains("     ") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut spaces = 0;
    let mut was_break = false;
    for c in text.chars() {
        let is_repeated = was_break && is_break(c);
        was_break = is_break(c);
        let c = if was_break { ' ' } else { c };
        spaces = if c == ' ' { spaces + 1 } else { 0 };
        if !is_repeated && spaces <= MOST_SPACES {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Escapes what no URL can hold (blanks, controls, non-ASCII, quotes and brackets, a `%` that escapes nothing) and
/// leaves the rest as the campaign wrote it: a suffix may well be `promo?c=9001`.
fn escape_suffix(suffix: &str) -> String {
    use std::fmt::Write as _;
    let bytes = suffix.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    for (i, &b) in bytes.iter().enumerate() {
        let is_escape = || bytes.get(i + 1..i + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let fits = match b {
            b'%' => is_escape(),
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            _ => b.is_ascii_graphic(),
        };
        if fits {
            out.push(char::from(b));
        } else {
            write!(out, "%{b:02X}").expect("writing to a text cannot fail");
        }
    }
    out
}
