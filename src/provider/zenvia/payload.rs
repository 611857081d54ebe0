//! The body of a send (gupshup-zenvia.md 2.2).

mod free;

use serde_json::{Map, Value, json};

use crate::domain::fill::{Fill, HeaderFill, Section};
use crate::domain::template::{Button, Header, Template, parameters};
use crate::provider::{Body, SendRequest};

/// The field of a copied code.
const CODE: &str = "code";

/// The field of a list of products.
const SECTIONS: &str = "sections";

/// The field of a one-time code.
const TOKEN: &str = "token";

/// The whole body; one content, so that one id stands for one message. `Err`: a field without a value.
pub(super) fn of(request: &SendRequest<'_>) -> Result<Value, String> {
    let mut body = json!({
        "externalId": request.callback.to_string(),
        "from": request.sender_ref,
        "to": request.to.phone().ok_or_else(|| "to".to_owned())?.digits(),
    });
    match request.body {
        Body::Template { template, fill } => {
            let fields = fields(template, fill)?;
            let mut content = json!({ "type": "template", "templateId": template.provider_id });
            if !fields.is_empty() {
                content["fields"] = Value::Object(fields);
            }
            body["contents"] = json!([content]);
        }
        Body::Free { free, quoted, file } => {
            body["contents"] = json!([free::of(free, file)?]);
            if let Some(quoted) = quoted {
                body["idRef"] = json!(quoted);
            }
        }
        Body::Text { body: text, quoted } => {
            body["contents"] = json!([{ "type": "text", "text": text }]);
            if let Some(quoted) = quoted {
                body["idRef"] = json!(quoted);
            }
        }
    }
    Ok(body)
}

/// Name to value of everything the template asks for. A name that header, body and buttons share has one value: the
/// body's. A missing one is refused by Zenvia late and in words nobody documents, so it is found here.
fn fields(template: &Template, fill: &Fill) -> Result<Map<String, Value>, String> {
    let mut fields: Map<String, Value> = Map::new();
    for value in &fill.body {
        fields.insert(value.name.clone(), json!(value.text));
    }
    if template.gives_a_code()
        && let Some(code) = fill.body.first()
    {
        fields.entry(TOKEN).or_insert_with(|| json!(code.text));
    }
    match &fill.header {
        Some(HeaderFill::Text(value)) => {
            fields.entry(value.name.clone()).or_insert_with(|| json!(value.text));
        }
        Some(HeaderFill::Link { link }) => {
            fields.insert(media_field(template.header.as_ref()).to_owned(), json!(link));
        }
        Some(
            HeaderFill::File { .. } | HeaderFill::Uploaded { .. } | HeaderFill::Location(_) | HeaderFill::Product(_),
        )
        | None => {}
    }
    if !fill.products.is_empty() {
        fields.insert(SECTIONS.to_owned(), fill.products.iter().map(section).collect());
    }
    for button in &fill.buttons {
        let at = usize::try_from(button.index).ok().and_then(|index| template.buttons.get(index));
        let Some(name) = at.and_then(button_field) else { continue };
        fields.entry(name).or_insert_with(|| json!(button.text));
    }
    match wanted(template).into_iter().find(|name| !fields.contains_key(name)) {
        Some(missing) if !template.parameters_unknown => Err(missing),
        _ => Ok(fields),
    }
}

fn media_field(header: Option<&Header>) -> &'static str {
    match header {
        Some(Header::Video) => "videoUrl",
        Some(Header::Document) => "documentUrl",
        _ => "imageUrl",
    }
}

fn button_field(button: &Button) -> Option<String> {
    match button {
        Button::Url { url, .. } => parameters(url).into_iter().next(),
        Button::CopyCode { .. } => Some(CODE.to_owned()),
        Button::OneTimeCode { .. } => Some(TOKEN.to_owned()),
        Button::Products { .. } => Some(SECTIONS.to_owned()),
        Button::QuickReply { .. } | Button::Catalog { .. } | Button::Flow { .. } | Button::Other { .. } => None,
    }
}

/// Products under a title.
fn section(section: &Section) -> Value {
    let items = section.products.iter().map(|id| json!({ "productId": id })).collect::<Vec<Value>>();
    json!({ "title": section.title, "productItems": items })
}

/// Every field without which the template cannot be shown.
fn wanted(template: &Template) -> Vec<String> {
    let mut wanted = template.body_parameters();
    wanted.extend(template.header_parameters());
    if matches!(template.header, Some(Header::Image | Header::Video | Header::Document)) {
        wanted.push(media_field(template.header.as_ref()).to_owned());
    }
    wanted.extend(template.buttons.iter().filter_map(button_field));
    wanted
}
