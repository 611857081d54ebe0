//! A draft with its examples: as a person would see it, and by the names that they have once it is a template.

use std::collections::BTreeMap;

use super::{CODE_EXAMPLE, Draft, DraftButton, DraftCard, DraftHeader};
use crate::domain::fill::{ButtonFill, CardFill, Fill, HeaderFill, Rendered, Value};
use crate::domain::template::slot::{CardSlot, Slot};
use crate::domain::template::{header_example, parameters};

impl Draft {
    /// The text as a person would see it, filled with the examples.
    pub fn shown(&self) -> Rendered {
        if self.code.is_some() {
            let body = vec![Value { name: "1".to_owned(), text: CODE_EXAMPLE.to_owned() }];
            return self.template().render(&Fill { body, ..Fill::default() });
        }
        let value = |name: String| example(&self.examples, name);
        let header = self.header_variables().into_iter().next().map(|name| HeaderFill::Text(value(name)));
        let body = parameters(&self.body).into_iter().map(value).collect();
        let cards = self.cards.iter().map(DraftCard::filled).collect();
        self.template().render(&Fill { header, body, buttons: filled(&self.buttons), cards, ..Fill::default() })
    }

    /// Its examples as [`crate::domain::template::Template::examples`] names them.
    pub(super) fn approved_with(&self) -> Vec<(String, String)> {
        let body = given(&self.examples, parameters(&self.body));
        let header = given(&self.examples, self.header_variables());
        let header = header.map(|(name, text)| (header_example(&name), text));
        let buttons = filled(&self.buttons).into_iter().map(|b| (format!("button.{}", b.index), b.text));
        let cards = self.cards.iter().enumerate().flat_map(|(no, card)| card.approved_with(no));
        body.chain(header).chain(buttons).chain(cards).filter(|(_, text)| !text.is_empty()).collect()
    }

    pub(super) fn header_variables(&self) -> Vec<String> {
        match &self.header {
            Some(DraftHeader::Text { text }) => parameters(text),
            _ => Vec::new(),
        }
    }
}

impl DraftCard {
    fn filled(&self) -> CardFill {
        let body = parameters(&self.body).into_iter().map(|name| example(&self.examples, name)).collect();
        CardFill { header: None, body, buttons: filled(&self.buttons) }
    }

    fn approved_with(&self, no: usize) -> impl Iterator<Item = (String, String)> {
        let slot = move |part: CardSlot| Slot::Card(no, part).to_string();
        let body = given(&self.examples, parameters(&self.body));
        let body = body.map(move |(name, text)| (slot(CardSlot::Variable(name)), text));
        body.chain(filled(&self.buttons).into_iter().map(move |b| (slot(CardSlot::Button(b.index)), b.text)))
    }
}

/// What a variable is filled with to be looked at: its example, else its own name.
fn example(examples: &BTreeMap<String, String>, name: String) -> Value {
    let text = examples.get(&name).filter(|text| !text.is_empty());
    Value { text: text.cloned().unwrap_or_else(|| format!("{{{{{name}}}}}")), name }
}

/// The examples of these variables that there are.
fn given(examples: &BTreeMap<String, String>, names: Vec<String>) -> impl Iterator<Item = (String, String)> {
    names.into_iter().filter_map(|name| examples.get(&name).cloned().map(|text| (name, text)))
}

fn filled(buttons: &[DraftButton]) -> Vec<ButtonFill> {
    let of = |(i, button): (usize, &DraftButton)| match button {
        DraftButton::Url { url, example, .. } => {
            let (start, _) = url.split_once("{{")?;
            let text = example.strip_prefix(start).unwrap_or(example).to_owned();
            Some(ButtonFill { index: i as i64, text })
        }
        DraftButton::CopyCode { example } => Some(ButtonFill { index: i as i64, text: example.clone() }),
        DraftButton::QuickReply { .. }
        | DraftButton::PhoneNumber { .. }
        | DraftButton::Catalog
        | DraftButton::Products => None,
    };
    buttons.iter().enumerate().filter_map(of).collect()
}
