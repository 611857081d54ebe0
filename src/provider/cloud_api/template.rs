//! Templates as Meta lists them (cloud-api.md 4.1 to 4.4).

use serde_json::Value;

use crate::domain::template::parts::{Card, Offer};
use crate::domain::template::slot::{CardSlot, MOST_CARDS, Slot};
use crate::domain::template::{
    Button, Category, Header, ParameterFormat, Template, TemplateQuality, TemplateStatus, header_example,
};
use crate::provider::{Listed, loose};

/// Fields asked of the list.
pub(super) const FIELDS: &str = "id,name,language,status,category,components,parameter_format,\
                                 message_send_ttl_seconds,rejected_reason,quality_score,correct_category";

/// Seconds that an authentication template lives unless it says otherwise (cloud-api.md 1.7).
const AUTHENTICATION_TIME_TO_LIVE: i64 = 600;

/// One item of the list; `None` when it has no name or language, without which it cannot be sent.
pub(super) fn read(item: &Value) -> Option<Template> {
    let components = loose::items(item, "components");
    let component = |kind: &str| components.iter().find(|c| is(c, kind));
    let body = component("BODY").and_then(|c| loose::some_text(c, "text"));
    let header = component("HEADER");
    let category = category(&loose::text(item, "category").unwrap_or_default());
    // The text of a one-time code is WhatsApp's own, and need not be listed.
    let own = (category == Category::Authentication && component("BODY").is_some()).then(|| "{{1}}".to_owned());
    let body = body.or(own);
    let mut template = Template {
        provider_id: loose::text(item, "id").unwrap_or_default(),
        name: loose::some_text(item, "name")?,
        language: language(&loose::some_text(item, "language")?),
        category,
        status: status(&loose::text(item, "status").unwrap_or_default()),
        format: ParameterFormat::Positional,
        header: header.and_then(read_header),
        // Every template Meta lists has a body; only the sandbox lists one of which nothing is known.
        parameters_unknown: body.is_none(),
        offer: component("LIMITED_TIME_OFFER").map(offer),
        cards: component("CAROUSEL").map(|c| cards(c, category)).unwrap_or_default(),
        body: body.unwrap_or_default(),
        footer: component("FOOTER").and_then(|c| loose::some_text(c, "text")),
        buttons: component("BUTTONS")
            .map(|c| loose::items(c, "buttons").iter().map(|b| button(b, category)).collect())
            .unwrap_or_default(),
        announced: announced(item, category),
        quality: item.get("quality_score").and_then(quality),
        time_to_live_s: time_to_live(category, loose::integer(item, "message_send_ttl_seconds")),
        examples: examples(components),
    };
    template.format = format(item, &template);
    if let Some(what) = beyond(components, header, &template)
        && template.status == TemplateStatus::Approved
    {
        template.status = TemplateStatus::Other(format!("not available yet: {what}"));
    }
    Some(template)
}

/// One item of the list with what else it tells.
pub(super) fn listed(item: &Value) -> Option<Listed> {
    let quality = item.get("quality_score").map(|score| word(score, "score").to_ascii_lowercase()).unwrap_or_default();
    Some(Listed {
        template: read(item)?,
        reason: reason(item, "rejected_reason"),
        quality: if quality == "unknown" { String::new() } else { quality },
    })
}

/// Why a template was refused, in Meta's word; empty for its words for "it was not".
pub(super) fn reason(object: &Value, key: &str) -> String {
    let word = word(object, key);
    if word == "NONE" { String::new() } else { word.to_ascii_lowercase() }
}

/// What the template was approved with, by the names of [`Template::examples`].
fn examples(components: &[Value]) -> Vec<(String, String)> {
    let component = |kind: &str| components.iter().find(|c| is(c, kind));
    let body = component("BODY").map(|c| texts(c, ("body_text_named_params", "body_text"))).unwrap_or_default();
    let header = component("HEADER").map(|c| texts(c, ("header_text_named_params", "header_text"))).unwrap_or_default();
    let header = header.into_iter().map(|(name, text)| (header_example(&name), text));
    let buttons = of_buttons(components, |no| format!("button.{no}"));
    let cards = component("CAROUSEL").map(|c| loose::items(c, "cards")).unwrap_or_default();
    let cards = cards.iter().enumerate().flat_map(|(no, card)| of_card(no, loose::items(card, "components")));
    body.into_iter().chain(header).chain(buttons).chain(cards).collect()
}

/// A card is a small template of its own; its picture's example is no value of a message.
fn of_card(no: usize, components: &[Value]) -> impl Iterator<Item = (String, String)> {
    let slot = move |part: CardSlot| Slot::Card(no, part).to_string();
    let body = components.iter().find(|c| is(c, "BODY"));
    let body = body.map(|c| texts(c, ("body_text_named_params", "body_text"))).unwrap_or_default();
    let body = body.into_iter().map(move |(name, text)| (slot(CardSlot::Variable(name)), text));
    body.chain(of_buttons(components, |index| slot(CardSlot::Button(index as i64))))
}

/// The ends of addresses and the codes, under the name of their button's place.
fn of_buttons(components: &[Value], name: impl Fn(usize) -> String) -> Vec<(String, String)> {
    let buttons = components.iter().find(|c| is(c, "BUTTONS")).map(|c| loose::items(c, "buttons")).unwrap_or_default();
    let given = buttons.iter().enumerate().filter_map(|(no, button)| Some((name(no), given(button)?)));
    given.collect()
}

/// `example.body_text: [["Ana", "24 de noviembre"]]`, `example.header_text: ["Ana"]`, or named: `[{param_name, example}]`.
fn texts(component: &Value, (named, numbered): (&str, &str)) -> Vec<(String, String)> {
    let Some(example) = component.get("example") else { return Vec::new() };
    let named = loose::items(example, named).iter();
    let named = named.filter_map(|p| Some((loose::some_text(p, "param_name")?, loose::some_text(p, "example")?)));
    let all = loose::items(example, numbered);
    let texts = all.first().and_then(Value::as_array).map_or(all, Vec::as_slice);
    let texts = texts.iter().filter_map(Value::as_str).zip(1..);
    named.chain(texts.map(|(text, no)| (no.to_string(), text.to_owned()))).collect()
}

/// What a button's example puts in place of the variable of its address, or the code that it is. Lists have it in a list,
/// creations of codes without one (cloud-api.md 4.1, 4.2).
fn given(button: &Value) -> Option<String> {
    let example = button.get("example")?;
    let example = example.as_str().or_else(|| example.as_array()?.first()?.as_str())?;
    let value = match loose::some_text(button, "url") {
        Some(url) => example.strip_prefix(url.split_once("{{")?.0)?,
        None => example,
    };
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

fn is(component: &Value, kind: &str) -> bool {
    component.get("type").and_then(Value::as_str).is_some_and(|t| t.eq_ignore_ascii_case(kind))
}

fn word(object: &Value, key: &str) -> String {
    loose::text(object, key).unwrap_or_default().to_ascii_uppercase()
}

/// `UNKNOWN`, and any word Meta may add one day, says nothing (cloud-api.md 4.1).
fn quality(score: &Value) -> Option<TemplateQuality> {
    match word(score, "score").as_str() {
        "GREEN" => Some(TemplateQuality::Green),
        "YELLOW" => Some(TemplateQuality::Yellow),
        "RED" => Some(TemplateQuality::Red),
        _ => None,
    }
}

/// Webhooks write `es-AR` where lists write `es_AR`.
pub(super) fn language(code: &str) -> String {
    code.replace('-', "_")
}

/// A word Meta may add one day is taken for marketing, the dearest.
pub(super) fn category(word: &str) -> Category {
    match word.to_ascii_uppercase().as_str() {
        "UTILITY" => Category::Utility,
        "AUTHENTICATION" => Category::Authentication,
        _ => Category::Marketing,
    }
}

/// `REINSTATED` and `UNARCHIVED` mean approved again; every other word cannot be sent (cloud-api.md 4.4).
pub(super) fn status(word: &str) -> TemplateStatus {
    match word.to_ascii_uppercase().as_str() {
        "APPROVED" | "REINSTATED" | "UNARCHIVED" | "UNPAUSE" => TemplateStatus::Approved,
        "PENDING" => TemplateStatus::Pending,
        "REJECTED" => TemplateStatus::Rejected,
        "PAUSED" => TemplateStatus::Paused,
        "DISABLED" => TemplateStatus::Disabled,
        other => TemplateStatus::Other(other.to_ascii_lowercase()),
    }
}

/// Meta's `parameter_format`; where it is missing, what the texts use.
fn format(item: &Value, template: &Template) -> ParameterFormat {
    match word(item, "parameter_format").as_str() {
        "NAMED" => ParameterFormat::Named,
        "POSITIONAL" => ParameterFormat::Positional,
        _ => {
            let is_named = |name: &String| !name.bytes().all(|b| b.is_ascii_digit());
            let names = template.body_parameters().into_iter().chain(template.header_parameters());
            if names.into_iter().any(|n| is_named(&n)) { ParameterFormat::Named } else { ParameterFormat::Positional }
        }
    }
}

/// -1 stands for Meta's 30 days. Marketing templates sent as we send them live 30 days whatever they say.
fn time_to_live(category: Category, seconds: Option<i64>) -> Option<i64> {
    let own = seconds.filter(|s| *s > 0);
    match category {
        Category::Utility | Category::Service => own,
        Category::Authentication if seconds == Some(-1) => None,
        Category::Authentication => own.or(Some(AUTHENTICATION_TIME_TO_LIVE)),
        Category::Marketing => None,
    }
}

fn read_header(component: &Value) -> Option<Header> {
    match word(component, "format").as_str() {
        "TEXT" => Some(Header::Text { text: loose::text(component, "text")? }),
        "IMAGE" => Some(Header::Image),
        "VIDEO" => Some(Header::Video),
        "DOCUMENT" => Some(Header::Document),
        "LOCATION" => Some(Header::Location),
        "GIF" => Some(Header::Gif),
        "PRODUCT" => Some(Header::Product),
        _ => None,
    }
}

/// What it should be billed as, where that is not what it is (cloud-api.md 3.7, 4.1).
fn announced(item: &Value, now: Category) -> Option<Category> {
    loose::some_text(item, "correct_category").map(|word| self::category(&word)).filter(|correct| *correct != now)
}

fn button(button: &Value, category_of: Category) -> Button {
    let text = loose::text(button, "text").unwrap_or_default();
    match word(button, "type").as_str() {
        "QUICK_REPLY" => Button::QuickReply { text },
        // A one-time code is created as OTP, and may be listed as the address that it becomes (cloud-api.md 1.3, 4.2).
        "OTP" => Button::OneTimeCode { text },
        "URL" if category_of == Category::Authentication => Button::OneTimeCode { text },
        "URL" => Button::Url { text, url: loose::text(button, "url").unwrap_or_default() },
        "COPY_CODE" => Button::CopyCode { text },
        "CATALOG" => Button::Catalog { text },
        "MPM" => Button::Products { text },
        "FLOW" => Button::Flow { text },
        _ => Button::Other { text },
    }
}

/// `limited_time_offer: {text, has_expiration}`: only one that ends is told when (cloud-api.md 1.3).
fn offer(component: &Value) -> Offer {
    let offer = component.get("limited_time_offer").unwrap_or(&Value::Null);
    let ends = offer.get("has_expiration").and_then(Value::as_bool).unwrap_or(true);
    Offer { text: loose::text(offer, "text").unwrap_or_default(), ends }
}

fn cards(component: &Value, category: Category) -> Vec<Card> {
    let card = |card: &Value| {
        let components = loose::items(card, "components");
        let part = |kind: &str| components.iter().find(|c| is(c, kind));
        let buttons = part("BUTTONS").map(|c| loose::items(c, "buttons")).unwrap_or_default();
        Card {
            header: part("HEADER").and_then(read_header),
            body: part("BODY").and_then(|c| loose::text(c, "text")).unwrap_or_default(),
            buttons: buttons.iter().map(|b| button(b, category)).collect(),
        }
    };
    loose::items(component, "cards").iter().map(card).collect()
}

/// What the template needs at each send that nobody documents. Such a template is not sendable, and says why.
fn beyond(components: &[Value], header: Option<&Value>, template: &Template) -> Option<String> {
    let known = ["HEADER", "BODY", "FOOTER", "BUTTONS", "LIMITED_TIME_OFFER", "CAROUSEL"];
    if let Some(other) = components.iter().find(|c| !known.iter().any(|k| is(c, k))) {
        return Some(word(other, "type").to_ascii_lowercase().replace('_', " "));
    }
    if components.iter().any(|c| is(c, "CAROUSEL")) && !(2..=MOST_CARDS).contains(&template.cards.len()) {
        return Some("carousel without cards".to_owned());
    }
    if let Some(header) = header.filter(|_| template.header.is_none()) {
        return Some(format!("{} header", word(header, "format").to_ascii_lowercase()));
    }
    let buttons = components.iter().filter(|c| is(c, "BUTTONS")).flat_map(|c| loose::items(c, "buttons"));
    let mut words = buttons.map(|button| word(button, "type"));
    words
        .find(|word| word == "ORDER_DETAILS")
        .map(|word| format!("{} button", word.to_ascii_lowercase().replace('_', " ")))
}
