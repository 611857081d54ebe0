//! Templates as Zenvia lists them (gupshup-zenvia.md 2.6).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::template::parts::Takes;
use crate::domain::template::{
    Button, Category, Header, ParameterFormat, Template, TemplateStatus, example, header_example, parameters,
};
use crate::provider::{Listed, loose};

/// What a one-time code's template shows where it lists no text of its own.
const CODE_TEXT: &str = "{{token}}";

/// Every template of a list that can be named. Names of Zenvia's are for people ("Promo 1"): here they become names of
/// Recado's (`promo_1`), and the id goes with each send. Where several senders have one of the same name, nobody can say
/// which is meant, and none is sent.
pub(super) fn read_all(items: &[Value]) -> Vec<Listed> {
    let mut seen: Vec<(String, Listed)> = items.iter().filter_map(read).collect();
    // The one that can be sent first, then the newest: older ones of the same name are what it replaced.
    seen.sort_by_key(|(_, listed)| listed.template.status != TemplateStatus::Approved);
    let mut kept: Vec<(String, Listed)> = Vec::new();
    for (sender, listed) in seen {
        let template = &listed.template;
        let is_twin = |k: &Listed| k.template.name == template.name && k.template.language == template.language;
        let twin = kept.iter_mut().find(|(_, kept)| is_twin(kept));
        match twin {
            None => kept.push((sender, listed)),
            Some((other, twin)) if *other != sender && template.status == TemplateStatus::Approved => {
                let what = "not available yet: several senders have a template of this name".to_owned();
                twin.template.status = TemplateStatus::Other(what);
            }
            Some(_) => {}
        }
    }
    kept.into_iter().map(|(_, listed)| listed).collect()
}

/// One item with its sender; `None` when it has no id, name or language, or is another channel's.
fn read(item: &Value) -> Option<(String, Listed)> {
    let channel = loose::some_text(item, "channel");
    if channel.is_some_and(|channel| !channel.eq_ignore_ascii_case("whatsapp")) {
        return None;
    }
    let components = item.get("components").unwrap_or(&Value::Null);
    let part = |name: &str| components.get(name).unwrap_or(&Value::Null);
    let category = category(&loose::text(item, "category").unwrap_or_default());
    let own = loose::some_text(part("body"), "text").or_else(|| loose::some_text(item, "text"));
    let body = match category {
        Category::Authentication => own.filter(|t| t.contains(CODE_TEXT)).unwrap_or_else(|| CODE_TEXT.to_owned()),
        _ => own.unwrap_or_default(),
    };
    let mut template = Template {
        provider_id: loose::some_text(item, "id")?,
        name: name(&loose::some_text(item, "name")?),
        language: loose::some_text(item, "locale")?.replace('-', "_"),
        category,
        status: status(&loose::text(item, "status").unwrap_or_default()),
        format: ParameterFormat::Positional,
        header: header(part("header")),
        announced: None,
        quality: None,
        parameters_unknown: body.is_empty(),
        offer: None,
        cards: Vec::new(),
        examples: Vec::new(),
        body,
        footer: loose::some_text(part("footer"), "text"),
        buttons: buttons(category, components),
        time_to_live_s: None,
    };
    template.format = format(&template);
    template.examples = examples(item.get("examples").unwrap_or(&Value::Null), &template);
    if let Some(what) = beyond(item, components, &template)
        && template.status == TemplateStatus::Approved
    {
        template.status = TemplateStatus::Other(format!("not available yet: {what}"));
    }
    let quality = word(item, "qualityScore").to_ascii_lowercase();
    let listed = Listed {
        reason: if template.status == TemplateStatus::Rejected { reason(item) } else { String::new() },
        quality: if quality == "unknown" { String::new() } else { quality },
        template,
    };
    Some((loose::text(item, "senderId").unwrap_or_default(), listed))
}

/// Why it was refused: what was last said of it.
fn reason(item: &Value) -> String {
    let last =
        loose::items(item, "comments").iter().filter_map(|comment| loose::some_text(comment, "text")).next_back();
    last.unwrap_or_default()
}

/// `[a-z0-9_]`, as campaign files name templates.
fn name(display: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    display.trim().chars().map(plain).take(512).collect()
}

fn word(object: &Value, key: &str) -> String {
    loose::text(object, key).unwrap_or_default().to_ascii_uppercase()
}

/// A word that Zenvia may add one day is taken for marketing, the dearest.
pub(super) fn category(word: &str) -> Category {
    match word.to_ascii_uppercase().as_str() {
        "UTILITY" => Category::Utility,
        "AUTHENTICATION" => Category::Authentication,
        _ => Category::Marketing,
    }
}

/// First people at Zenvia look at it, then Meta does: both are a review.
pub(super) fn status(word: &str) -> TemplateStatus {
    match word.to_ascii_uppercase().as_str() {
        "APPROVED" => TemplateStatus::Approved,
        "WAITING_REVIEW" | "WAITING_APPROVAL" | "PENDING" => TemplateStatus::Pending,
        "REJECTED" => TemplateStatus::Rejected,
        "PAUSED" => TemplateStatus::Paused,
        "DISABLED" => TemplateStatus::Disabled,
        other => TemplateStatus::Other(other.to_ascii_lowercase()),
    }
}

/// What it was approved with: one list of values by name, those of addresses and of the code among them.
fn examples(told: &Value, template: &Template) -> Vec<(String, String)> {
    let of = |name: &str| loose::some_text(told, name);
    let body = template.body_parameters().into_iter().filter_map(|name| Some((name.clone(), of(&name)?)));
    let header = template.header_parameters().into_iter();
    let header = header.filter_map(|name| Some((header_example(&name), of(&name)?)));
    let given = |button: &Button| match button {
        Button::Url { url, .. } => {
            let example = of(parameters(url).first()?)?;
            Some(example::value(url, &example).unwrap_or(example))
        }
        Button::CopyCode { .. } => of("code"),
        _ => None,
    };
    let buttons = template.buttons.iter().enumerate();
    let buttons = buttons.filter_map(|(no, button)| Some((format!("button.{no}"), given(button)?)));
    body.chain(header).chain(buttons).collect()
}

/// Named, unless every name is a number.
fn format(template: &Template) -> ParameterFormat {
    let is_named = |name: &String| !name.bytes().all(|b| b.is_ascii_digit());
    let mut names = template.body_parameters().into_iter().chain(template.header_parameters());
    if names.any(|n| is_named(&n)) { ParameterFormat::Named } else { ParameterFormat::Positional }
}

fn header(header: &Value) -> Option<Header> {
    match word(header, "type").as_str() {
        "TEXT_FIXED" | "TEXT_TEMPLATE" => Some(Header::Text { text: loose::text(header, "text")? }),
        "MEDIA_IMAGE" => Some(Header::Image),
        "MEDIA_VIDEO" => Some(Header::Video),
        "MEDIA_DOCUMENT" => Some(Header::Document),
        _ => None,
    }
}

fn buttons(category: Category, components: &Value) -> Vec<Button> {
    let items = components.get("buttons").map(|b| loose::items(b, "items")).unwrap_or_default();
    let otp = components.get("otp").filter(|otp| otp.is_object());
    match (category, otp) {
        (Category::Authentication, Some(otp)) => {
            vec![Button::OneTimeCode { text: loose::text(otp, "copyButtonText").unwrap_or_default() }]
        }
        // What its button is given is the code, whatever it is called.
        (Category::Authentication, None) => {
            items.iter().map(|b| Button::OneTimeCode { text: loose::text(b, "text").unwrap_or_default() }).collect()
        }
        _ => items.iter().map(button).collect(),
    }
}

/// The button with which people opt out is tapped like any other.
fn button(button: &Value) -> Button {
    let text = loose::text(button, "text").unwrap_or_default();
    match word(button, "type").as_str() {
        "QUICK_REPLY" | "OPT_OUT" => Button::QuickReply { text },
        "URL" => Button::Url { text, url: loose::text(button, "url").unwrap_or_default() },
        "COPY_CODE" => Button::CopyCode { text },
        "MPM" => Button::Products { text },
        _ => Button::Other { text },
    }
}

/// What the template needs at each send that Recado cannot give yet. Such a template is not sendable, and says why.
fn beyond(item: &Value, components: &Value, template: &Template) -> Option<String> {
    let known = ["header", "body", "footer", "buttons", "otp"];
    if let Some(parts) = components.as_object()
        && let Some((other, _)) = parts.iter().find(|(name, value)| !known.contains(&name.as_str()) && !value.is_null())
    {
        return Some(other.replace('_', " "));
    }
    let header = components.get("header").filter(|h| h.is_object());
    if let Some(header) = header.filter(|_| template.header.is_none()) {
        return Some(format!("{} header", word(header, "type").to_ascii_lowercase().replace('_', " ")));
    }
    let buttons = components.get("buttons").map(|b| loose::items(b, "items")).unwrap_or_default();
    if let Some(button) = buttons.iter().find(|b| matches!(&*word(b, "type"), "ORDER_DETAILS" | "FLOW")) {
        return Some(format!("{} button", word(button, "type").to_ascii_lowercase().replace('_', " ")));
    }
    let asked: BTreeSet<String> = loose::items(item, "fields").iter().filter_map(field).collect();
    let lists = template.buttons.iter().any(|button| button.takes() == Takes::Products);
    // Products are asked for without a button that shows them: nobody says how they are shown.
    ["cards", "sections"]
        .into_iter()
        .find(|field| asked.contains(*field) && (*field == "cards" || !lists))
        .map(str::to_owned)
}

/// `fields` are names, or objects with a name.
fn field(field: &Value) -> Option<String> {
    field.as_str().map(str::to_owned).or_else(|| loose::some_text(field, "name"))
}
