//! Offers and cards of templates (Meta's guides to limited-time offers and carousels, as the reference's limits have them).

use serde_json::Value;

use super::{ButtonShape, HeaderShape, Shape, check_buttons, created_wrong, placeholders, read_buttons, read_header};
use super::{text, word};
use crate::sandbox::refusal::Refusal;

/// A card of a carousel.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::sandbox) struct CardShape {
    /// Picture, video or product.
    pub header: Option<HeaderShape>,
    /// Its text with its placeholders; empty: it has none.
    pub body: String,
    /// Its buttons in order.
    pub buttons: Vec<ButtonShape>,
}

/// What an offer says, and whether it ends.
pub(super) fn read_offer(component: &Value) -> (String, bool) {
    let offer = &component["limited_time_offer"];
    (text(offer, "text").to_owned(), offer["has_expiration"].as_bool().unwrap_or(false))
}

/// The cards, each of a header, a text and buttons.
pub(super) fn read_cards(component: &Value) -> Result<Vec<CardShape>, Refusal> {
    let cards = component["cards"].as_array().ok_or_else(|| Refusal::new(100, "carousel: cards must be an array"))?;
    cards.iter().map(read_card).collect()
}

fn read_card(card: &Value) -> Result<CardShape, Refusal> {
    let mut shape = CardShape { header: None, body: String::new(), buttons: Vec::new() };
    for component in card["components"].as_array().into_iter().flatten() {
        match word(component, "type").as_str() {
            "header" => shape.header = Some(read_header(component)),
            "body" => text(component, "text").clone_into(&mut shape.body),
            "buttons" => shape.buttons = read_buttons(component),
            other => return Err(Refusal::new(100, format!("carousel: unknown component type '{other}'"))),
        }
    }
    Ok(shape)
}

impl Shape {
    /// The rules of offers and cards.
    pub(super) fn check_special(&self) -> Result<(), Refusal> {
        if self.offer.as_ref().is_some_and(|(said, _)| !(1..=16).contains(&said.chars().count())) {
            return Err(Refusal::new(100, "an offer says 1 to 16 characters"));
        }
        if self.cards.is_empty() {
            return Ok(());
        }
        if !(2..=10).contains(&self.cards.len()) {
            return Err(Refusal::new(100, "a carousel has 2 to 10 cards"));
        }
        let parts = |card: &CardShape| {
            let kinds: Vec<String> = card.buttons.iter().map(|b| b.kind.clone()).collect();
            (card.header.clone(), card.body.is_empty(), kinds)
        };
        if self.cards.iter().any(|card| parts(card) != parts(&self.cards[0])) {
            return Err(Refusal::new(100, "all cards have the same components"));
        }
        for card in &self.cards {
            if !matches!(card.header, Some(HeaderShape::Media(_))) {
                return Err(Refusal::new(100, "a card needs a picture, a video or a product"));
            }
            if card.body.chars().count() > 160 {
                return Err(created_wrong("a card's text is longer than 160 characters", 2_388_040));
            }
            self.check_names(&card.body)?;
            check_buttons(&card.buttons)?;
        }
        let clashes = |header: Option<&HeaderShape>| header.is_some() || !self.buttons.is_empty();
        let own = clashes(self.header.as_ref()) || placeholders(&self.body).len() > 20;
        if own { Err(Refusal::new(100, "a carousel has a body and cards, nothing else")) } else { Ok(()) }
    }
}
