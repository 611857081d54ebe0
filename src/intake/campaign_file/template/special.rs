//! What a message fills beside texts, links and codes: a place, a product, the end of an offer, lists of products, what a
//! flow is told, and cards. All of it are expressions.

use super::super::Labelled;
use super::super::general::labelled;
use super::{ButtonUse, NO_MEDIA, button_place, is_file, is_https, is_parameter};
use crate::config::toml_file::{Table, Value};
use crate::domain::template::slot::{CardSlot, MOST_CARDS, Slot};
use crate::intake::columns::fold;

type Slots = Vec<(Slot, String)>;

/// `location`, `product`, `offer_ends` and `cards` of `[template]`.
pub(super) fn read(table: &mut Table<'_, '_>) -> Slots {
    let mut slots = Slots::new();
    table.table("location", |t| {
        let parts = [
            ("latitude", Slot::Latitude),
            ("longitude", Slot::Longitude),
            ("name", Slot::PlaceName),
            ("address", Slot::PlaceAddress),
        ];
        for (key, slot) in parts {
            slots.extend(t.need(key).and_then(|v| expression(&v)).map(|source| (slot, source)));
        }
    });
    if let Some(value) = table.get("product") {
        product(&value, (Slot::Product, Slot::Catalog), &mut slots);
    }
    let ends = table.get("offer_ends").and_then(|v| expression(&v));
    slots.extend(ends.map(|source| (Slot::OfferEnds, source)));
    table.table("cards", |t| {
        for value in t.entries() {
            match value.key().parse::<usize>().ok().filter(|no| *no < MOST_CARDS && value.key().len() == 1) {
                Some(no) => drop(value.table(|t| card(t, no, &mut slots))),
                None => value.refuse_key("must be a card's place, from 0 to 9"),
            }
        }
    });
    slots
}

/// What makes a button's use of its expression.
type Wrap = fn(String) -> ButtonUse;

/// One button: what it takes, and what belongs to it under other names (then perhaps nothing else).
pub(super) fn button(table: &mut Table<'_, '_>, slots: &mut Slots) -> Option<Vec<ButtonUse>> {
    let wraps: [(&'static str, Wrap); 4] = [
        ("url", ButtonUse::Url),
        ("code", ButtonUse::Code),
        ("thumbnail", ButtonUse::Thumbnail),
        ("token", ButtonUse::Token),
    ];
    let given: Vec<_> = wraps.into_iter().filter_map(|(key, wrap)| Some((wrap, table.get(key)?))).collect();
    let before = slots.len();
    let products = table.get("products").and_then(|v| expression(&v));
    slots.extend(products.map(|source| (Slot::Products, source)));
    table.table("data", |t| {
        for value in t.entries() {
            slots.extend(expression(&value).map(|source| (Slot::FlowData(value.key().to_owned()), source)));
        }
    });
    match given.as_slice() {
        [] if slots.len() > before => Some(Vec::new()),
        [(wrap, value)] => expression(value).map(|source| vec![wrap(source)]),
        [] => {
            table.refuse(
                "a button takes { url = \"…\" }, { code = \"…\" }, { thumbnail = \"…\", products = \"…\" } or \
                 { token = \"…\", data = { … } }",
            );
            None
        }
        _ => {
            table.refuse("a button takes one of url, code, thumbnail and token");
            None
        }
    }
}

fn card(table: &mut Table<'_, '_>, no: usize, slots: &mut Slots) {
    let media: Vec<_> = ["image", "video"].into_iter().filter_map(|key| table.get(key)).collect();
    for extra in media.iter().skip(1) {
        extra.refuse_key("is too much: a card has an image or a video");
    }
    slots.extend(media.first().and_then(link).map(|source| (Slot::Card(no, CardSlot::Header), source)));
    if let Some(value) = table.get("product") {
        let places = (Slot::Card(no, CardSlot::Product), Slot::Card(no, CardSlot::Catalog));
        product(&value, places, slots);
    }
    table.table("variables", |t| {
        for value in t.entries() {
            if !is_parameter(value.key()) {
                value.refuse_key(
                    "must be a parameter of the card: a number from 1, or lower-case letters, digits and _",
                );
            }
            let slot = Slot::Card(no, CardSlot::Variable(value.key().to_owned()));
            slots.extend(expression(&value).map(|source| (slot, source)));
        }
    });
    table.table("buttons", |t| {
        for value in t.entries() {
            let index = button_place(&value);
            let source = value.table(|t| t.need("url").and_then(|v| expression(&v))).flatten();
            slots.extend(index.zip(source).map(|(index, source)| (Slot::Card(no, CardSlot::Button(index)), source)));
        }
    });
}

/// `{ id = "…", catalog = "…" }`.
fn product(value: &Value<'_, '_>, (id, catalog): (Slot, Slot), slots: &mut Slots) {
    value.table(|t| {
        for (key, slot) in [("id", id), ("catalog", catalog)] {
            slots.extend(t.need(key).and_then(|v| expression(&v)).map(|source| (slot, source)));
        }
    });
}

/// A link, the name of a file in the campaign's folder, or `{ column = "Imagen" }`, as an expression.
fn link(value: &Value<'_, '_>) -> Option<String> {
    match labelled(value) {
        Labelled::Fixed(link) => {
            if !link.contains("{{") && !is_https(&link) && !is_file(&link) {
                value.refuse(NO_MEDIA);
            }
            Some(link)
        }
        Labelled::Column(column) => Some(format!("{{{{ {} }}}}", fold(&column))),
        Labelled::None => None,
    }
}

fn expression(value: &Value<'_, '_>) -> Option<String> {
    value.text().map(str::to_owned)
}
