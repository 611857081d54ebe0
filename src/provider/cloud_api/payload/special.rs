//! Components beside header, text and plain buttons (cloud-api.md 1.3): offers with an end, products, flows, places,
//! carousels.

use serde_json::{Map, Value, json};

use super::{body, component, header_of, one_line, payload, quick_reply, url_button};
use crate::domain::callback::CallbackData;
use crate::domain::fill::{self, CardFill, Fill, Place, Product, Section};
use crate::domain::template::parts::{Card, Takes};
use crate::domain::template::{Button, ParameterFormat, Template};

/// Our payload calls a card's button by its place among those of all cards: a hundred for each card before it, and
/// for the buttons under the text.
const CARD: i64 = 100;

/// When the offer ends.
pub(super) fn offer(fill: &Fill) -> Option<Value> {
    let ends = fill.offer_ends_at?.0;
    let parameter = json!({ "type": "limited_time_offer", "limited_time_offer": { "expiration_time_ms": ends } });
    Some(json!({ "type": "limited_time_offer", "parameters": [parameter] }))
}

/// A place. Meta takes degrees as texts.
pub(super) fn place(place: &Place) -> Value {
    json!({ "type": "location", "location": {
        "latitude": place.latitude, "longitude": place.longitude,
        "name": one_line(&place.name), "address": one_line(&place.address),
    } })
}

/// A product of a catalog.
pub(super) fn product(product: &Product) -> Value {
    json!({ "type": "product", "product": { "product_retailer_id": product.id, "catalog_id": product.catalog } })
}

fn action(index: i64, kind: &str, action: &Value) -> Value {
    component(index, kind, &json!({ "type": "action", "action": action }))
}

/// A button that opens the catalog.
pub(super) fn catalog(index: i64, product: &str) -> Value {
    action(index, "catalog", &json!({ "thumbnail_product_retailer_id": product }))
}

/// A button that shows products; `None` without any.
pub(super) fn products(index: i64, thumbnail: Option<&str>, sections: &[Section]) -> Option<Value> {
    let items = |section: &Section| {
        section.products.iter().map(|id| json!({ "product_retailer_id": id })).collect::<Vec<Value>>()
    };
    let of = |section: &Section| json!({ "title": section.title, "product_items": items(section) });
    let first = sections.iter().flat_map(|section| &section.products).next()?;
    let thumbnail = thumbnail.unwrap_or(first);
    let sections: Vec<Value> = sections.iter().map(of).collect();
    Some(action(index, "mpm", &json!({ "thumbnail_product_retailer_id": thumbnail, "sections": sections })))
}

/// A button that opens a flow. Its token comes back with what the person fills in: where the campaign gives none, it
/// names the message.
pub(super) fn flow(index: i64, token: Option<&str>, data: &[fill::Value], callback: &CallbackData) -> Value {
    let token = token.map_or_else(|| payload(index, callback), str::to_owned);
    let mut flow = json!({ "flow_token": token });
    if !data.is_empty() {
        let data: Map<String, Value> = data.iter().map(|v| (v.name.clone(), json!(v.text))).collect();
        flow["flow_action_data"] = Value::Object(data);
    }
    action(index, "flow", &flow)
}

/// The cards, each with its own components. `None`: the template has none, and the campaign gives none.
pub(super) fn carousel(
    template: &Template,
    fill: &Fill,
    format: ParameterFormat,
    callback: &CallbackData,
) -> Option<Value> {
    let count = if template.parameters_unknown { fill.cards.len() } else { template.cards.len() };
    let nothing = CardFill::default();
    let card = |no: usize| {
        let (card, fill) = (template.cards.get(no), fill.cards.get(no).unwrap_or(&nothing));
        let header = fill.header.as_ref().and_then(|f| header_of(card.and_then(|c| c.header.as_ref()), f, format));
        let mut components: Vec<Value> = header.into_iter().chain(body(&fill.body, format)).collect();
        components.extend(buttons(card, no as i64, fill, callback));
        json!({ "card_index": no, "components": components })
    };
    (count > 0).then(|| json!({ "type": "carousel", "cards": (0..count).map(card).collect::<Vec<Value>>() }))
}

fn buttons(card: Option<&Card>, no: i64, fill: &CardFill, callback: &CallbackData) -> Vec<Value> {
    let Some(card) = card else { return fill.buttons.iter().map(|b| url_button(b.index, &b.text)).collect() };
    let of = |(place, button): (usize, &Button)| {
        let index = place as i64;
        let given = || fill.buttons.iter().find(|b| b.index == index);
        match button {
            Button::QuickReply { .. } => Some(quick_reply(index, (no + 1) * CARD + index, callback)),
            button if button.takes() == Takes::Url => given().map(|given| url_button(index, &given.text)),
            _ => None,
        }
    };
    card.buttons.iter().enumerate().filter_map(of).collect()
}
