//! Offers, cards and buttons of a catalog: what they may stand beside (Meta's guides to limited-time offers, media card
//! carousels, catalog and multi-product templates, as of June 2026; lengths: cloud-api.md 4.3).

use super::Problems;
use crate::domain::template::draft::{Draft, DraftButton, DraftCard, DraftHeader};
use crate::domain::template::parts::LONGEST_CARD;
use crate::domain::template::slot::MOST_CARDS;
use crate::domain::template::{Category, parameters};

/// Characters of what an offer says.
const LONGEST_OFFER: usize = 16;

/// Cards of a carousel, at least.
const FEWEST_CARDS: usize = 2;

/// Buttons of a card.
const MOST_CARD_BUTTONS: usize = 2;

impl Problems {
    /// What offers, cards and a catalog's buttons ask beside the rules of all templates.
    pub(super) fn special(&mut self, draft: &Draft) {
        let of_catalog = |button: &DraftButton| matches!(button, DraftButton::Catalog | DraftButton::Products);
        let is_special = draft.offer.is_some() || !draft.cards.is_empty();
        if (is_special || draft.buttons.iter().any(of_catalog)) && draft.category != Category::Marketing {
            self.add("template_rule_marketing_only", "category", &[]);
        }
        if draft.buttons.len() > 1 && draft.buttons.iter().any(of_catalog) {
            self.add("template_rule_catalog_alone", "buttons", &[]);
        }
        let has_text = matches!(draft.header, Some(DraftHeader::Text { .. }));
        if draft.buttons.contains(&DraftButton::Products) && !has_text {
            self.add("template_rule_products_header", "header", &[]);
        }
        self.offer(draft);
        self.cards(draft);
    }

    fn offer(&mut self, draft: &Draft) {
        let Some(offer) = &draft.offer else { return };
        let said = offer.text.trim().chars().count();
        if !(1..=LONGEST_OFFER).contains(&said) || offer.text.contains(['\n', '\r', '\t', '{']) {
            self.add("template_rule_offer", "offer", &[("limit", &LONGEST_OFFER.to_string())]);
        }
        self.control("offer", ("template_field.offer", &[]), &offer.text);
        let has_picture = matches!(draft.header, None | Some(DraftHeader::Image { .. } | DraftHeader::Video { .. }));
        let fits = |b: &DraftButton| matches!(b, DraftButton::Url { .. } | DraftButton::CopyCode { .. });
        let has_url = draft.buttons.iter().any(|b| matches!(b, DraftButton::Url { .. }));
        if draft.footer.is_some() || !has_picture || !has_url || !draft.buttons.iter().all(fits) {
            self.add("template_rule_offer_parts", "offer", &[]);
        }
    }

    fn cards(&mut self, draft: &Draft) {
        let Some(first) = draft.cards.first() else { return };
        if !(FEWEST_CARDS..=MOST_CARDS).contains(&draft.cards.len()) {
            let given = draft.cards.len().to_string();
            self.add("template_rule_cards", "cards", &[("given", &given)]);
        }
        let has_more = draft.header.is_some() || draft.footer.is_some() || !draft.buttons.is_empty();
        if has_more || draft.offer.is_some() {
            self.add("template_rule_cards_alone", "cards", &[]);
        }
        if draft.cards.iter().any(|card| shape(card) != shape(first)) {
            self.add("template_rule_cards_alike", "cards", &[]);
        }
        for (at, card) in draft.cards.iter().enumerate() {
            self.card(draft, (at, card));
        }
    }

    fn card(&mut self, draft: &Draft, (at, card): (usize, &DraftCard)) {
        let (field, no) = (format!("cards.{at}"), (at + 1).to_string());
        let sample = match &card.header {
            DraftHeader::Image { sample } | DraftHeader::Video { sample } => sample.trim(),
            _ => "",
        };
        if sample.is_empty() {
            self.add("template_rule_card_header", &format!("{field}.header"), &[("no", &no)]);
        }
        if card.body.chars().count() > LONGEST_CARD {
            let limit = LONGEST_CARD.to_string();
            self.add("template_rule_card_long", &format!("{field}.body"), &[("no", &no), ("limit", &limit)]);
        }
        let part = ("template_field.card", [("no", no.as_str())]);
        self.filled(((part.0, &part.1), &format!("{field}.")), (&card.body, LONGEST_CARD), &card.examples);
        self.control(&format!("{field}.body"), ("template_field.card", &[("no", &no)]), &card.body);
        if !card.body.is_empty() {
            self.text((&format!("{field}.body"), draft.format), &card.body);
        }
        let fits = |b: &DraftButton| {
            matches!(b, DraftButton::QuickReply { .. } | DraftButton::Url { .. } | DraftButton::PhoneNumber { .. })
        };
        if card.buttons.len() > MOST_CARD_BUTTONS || !card.buttons.iter().all(fits) {
            self.add("template_rule_card_buttons", &format!("{field}.buttons"), &[("no", &no)]);
        }
        self.buttons(&format!("{field}.buttons"), &card.buttons);
        self.examples(&format!("{field}."), (&parameters(&card.body), &card.examples));
    }
}

/// What all cards have alike: the kind of picture, whether there is a text, and which buttons.
fn shape(card: &DraftCard) -> (bool, bool, Vec<&'static str>) {
    let is_video = matches!(card.header, DraftHeader::Video { .. });
    (is_video, card.body.is_empty(), card.buttons.iter().map(DraftButton::kind).collect())
}
