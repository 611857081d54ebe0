//! Parameters beside texts, media and plain buttons (cloud-api.md 1.3): places, products, offers with an end, flows, cards.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Parts, check_buttons, check_header as check_plain_header, check_texts, parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::template_shape::{CardShape, Shape, text, word};

/// Seconds before which no offer of today can end: what is smaller was meant as seconds.
const MILLISECONDS: i64 = 100_000_000_000;

fn missing(what: &str) -> Refusal {
    Refusal::new(131_008, format!("{what} is required"))
}

/// A place, all four parts of it as texts, or a product. `None`: it is another kind.
pub(super) fn check_header(kind: &str, given: &Value) -> Option<Result<(), Refusal>> {
    let all = |keys: &[&str]| {
        let empty = keys.iter().find(|key| text(given, key).trim().is_empty());
        empty.map_or(Ok(()), |key| Err(missing(&format!("header: {kind}.{key}"))))
    };
    match kind {
        "location" => {
            let degrees = |key: &str, most: f64| text(given, key).parse::<f64>().is_ok_and(|d| d.abs() <= most);
            let fits = degrees("latitude", 90.0) && degrees("longitude", 180.0);
            let wrong = || Refusal::new(131_009, "header: location.latitude and longitude are degrees, as texts");
            let told = all(&["latitude", "longitude", "name", "address"]);
            Some(told.and_then(|()| fits.then_some(()).ok_or_else(wrong)))
        }
        "product" => Some(all(&["product_retailer_id", "catalog_id"])),
        _ => None,
    }
}

/// The end of an offer, in milliseconds, where the template's ends.
pub(super) fn check_offer(shape: &Shape, sent: Option<&Value>) -> Result<(), Refusal> {
    let ends = shape.offer.as_ref().is_some_and(|(_, ends)| *ends);
    match (ends, sent.map(parameters).unwrap_or_default()) {
        (false, []) => Ok(()),
        (false, _) => Err(Refusal::new(132_000, "limited_time_offer: the template has no offer that ends")),
        (true, [one]) => {
            let at = one["limited_time_offer"]["expiration_time_ms"].as_i64();
            let fits = word(one, "type") == "limited_time_offer" && at.is_some_and(|at| at > MILLISECONDS);
            let wrong = || Refusal::new(131_009, "limited_time_offer: expiration_time_ms is a time in milliseconds");
            fits.then_some(()).ok_or_else(wrong)
        }
        (true, _) => Err(missing("limited_time_offer: one parameter")),
    }
}

/// The cards: as many as the template has, each once, with what it asks.
pub(super) fn check_cards(
    shape: &Shape,
    sent: Option<&Value>,
    has_media: &dyn Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let cards = sent.and_then(|component| component["cards"].as_array()).map(Vec::as_slice).unwrap_or_default();
    if cards.len() != shape.cards.len() {
        let details = format!("carousel: the template has {} cards, {} were given", shape.cards.len(), cards.len());
        return Err(Refusal::new(132_000, details));
    }
    let mut seen = BTreeSet::new();
    for card in cards {
        let index = card["card_index"].as_u64().and_then(|index| usize::try_from(index).ok());
        let Some((index, wanted)) = index.and_then(|index| Some((index, shape.cards.get(index)?))) else {
            return Err(Refusal::new(131_009, "carousel: card_index is the place of a card, from 0"));
        };
        if !seen.insert(index) {
            return Err(Refusal::new(131_009, format!("carousel: card {index} is given twice")));
        }
        check_card((wanted, shape.is_named), card, has_media)
            .map_err(|refusal| refusal.within(&format!("card {index}")))?;
    }
    Ok(())
}

fn check_card(
    (wanted, is_named): (&CardShape, bool),
    card: &Value,
    has_media: &dyn Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let parts = Parts::read(&card["components"])?;
    check_plain_header((wanted.header.as_ref(), is_named), parts.header, has_media)?;
    let body = parts.body.map(parameters).unwrap_or_default();
    let filled = check_texts("body", is_named, &wanted.body, body)?;
    if filled.chars().count() > 160 {
        return Err(Refusal::new(132_005, "body: the card's text with its parameters has more than 160 characters"));
    }
    check_buttons(&wanted.buttons, &parts.buttons)
}

fn action(index: usize, parameter: &Value) -> Result<&Value, Refusal> {
    let fits = word(parameter, "type") == "action" && parameter["action"].is_object();
    let wrong = || Refusal::new(132_012, format!("buttons: Button at index {index} takes an action"));
    fits.then(|| &parameter["action"]).ok_or_else(wrong)
}

/// The product whose picture stands for the catalog.
pub(super) fn check_catalog(index: usize, parameter: &Value) -> Result<(), Refusal> {
    let is_given = !text(action(index, parameter)?, "thumbnail_product_retailer_id").is_empty();
    is_given.then_some(()).ok_or_else(|| missing("buttons: thumbnail_product_retailer_id"))
}

/// At most thirty products in at most ten sections, of which several have titles.
pub(super) fn check_products(index: usize, parameter: &Value) -> Result<(), Refusal> {
    check_catalog(index, parameter)?;
    let sections = parameter["action"]["sections"].as_array().map(Vec::as_slice).unwrap_or_default();
    let items = |section: &Value| section["product_items"].as_array().cloned().unwrap_or_default();
    let all: Vec<Value> = sections.iter().flat_map(items).collect();
    let wrong = |what: &str| Err(Refusal::new(131_009, format!("buttons: Button at index {index}: {what}")));
    if !(1..=10).contains(&sections.len()) || sections.iter().any(|section| items(section).is_empty()) {
        return wrong("1 to 10 sections, each with products");
    }
    if all.len() > 30 || all.iter().any(|item| text(item, "product_retailer_id").is_empty()) {
        return wrong("1 to 30 products, each with its id");
    }
    if sections.len() > 1 && sections.iter().any(|section| text(section, "title").is_empty()) {
        return wrong("several sections have titles");
    }
    Ok(())
}

/// A token, and data as an object.
pub(super) fn check_flow(index: usize, parameter: &Value) -> Result<(), Refusal> {
    let action = action(index, parameter)?;
    let data = &action["flow_action_data"];
    let fits =
        (action["flow_token"].is_null() || action["flow_token"].is_string()) && (data.is_null() || data.is_object());
    let wrong = || {
        Refusal::new(
            131_009,
            format!("buttons: Button at index {index}: flow_token is a text, flow_action_data an object"),
        )
    };
    fits.then_some(()).ok_or_else(wrong)
}
