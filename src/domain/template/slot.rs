//! Places of a template that each message fills beside texts, links and codes: where something is, when an offer ends,
//! which products, and the values of cards. Each has a name, by which campaign files, pages and messages by hand say it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::parts::Takes;
use super::{Button, Header, Template, parameters};
use crate::domain::fill::{ButtonFill, CardFill, Fill, HeaderFill, Place, Product, Section, Value};
use crate::domain::time::UnixMs;

/// Products that a list may show, and its sections (cloud-api.md 1.3).
const MOST_PRODUCTS: usize = 30;
const MOST_SECTIONS: usize = 10;
/// Characters of a section's title (as in lists, cloud-api.md 2).
const LONGEST_TITLE: usize = 24;
/// Cards of a carousel (cloud-api.md 1.3).
pub const MOST_CARDS: usize = 10;

/// A place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Slot {
    /// Of a place in the header, in degrees.
    Latitude,
    /// Of a place in the header, in degrees.
    Longitude,
    /// What the place is called.
    PlaceName,
    /// Its address.
    PlaceAddress,
    /// The product of the header.
    Product,
    /// The catalog of the header's product.
    Catalog,
    /// When the offer ends.
    OfferEnds,
    /// The products of a list, in sections.
    Products,
    /// What a flow is told under this name.
    FlowData(String),
    /// A place of a card, counted from 0.
    Card(usize, CardSlot),
}

/// A place of a card.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CardSlot {
    /// The link to its picture or video, or its file's name.
    Header,
    /// Its product.
    Product,
    /// The catalog of its product.
    Catalog,
    /// A variable of its text.
    Variable(String),
    /// The end of a button's URL.
    Button(i64),
}

/// What is wrong with a value. The word is what exclusions of rows say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misfit {
    /// Not degrees, or more than there are.
    Degrees,
    /// Not a date and time.
    Moment,
    /// Not `Title: product, product; Title: product`, or too many of them.
    Products,
    /// Not a link.
    Link,
}

impl Misfit {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Degrees => "not_degrees",
            Self::Moment => "not_a_moment",
            Self::Products => "not_products",
            Self::Link => "not_a_link",
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latitude => f.write_str("location.latitude"),
            Self::Longitude => f.write_str("location.longitude"),
            Self::PlaceName => f.write_str("location.name"),
            Self::PlaceAddress => f.write_str("location.address"),
            Self::Product => f.write_str("product.id"),
            Self::Catalog => f.write_str("product.catalog"),
            Self::OfferEnds => f.write_str("offer_ends"),
            Self::Products => f.write_str("products"),
            Self::FlowData(name) => write!(f, "data.{name}"),
            Self::Card(card, CardSlot::Header) => write!(f, "cards.{card}.header"),
            Self::Card(card, CardSlot::Product) => write!(f, "cards.{card}.product.id"),
            Self::Card(card, CardSlot::Catalog) => write!(f, "cards.{card}.product.catalog"),
            Self::Card(card, CardSlot::Variable(name)) => write!(f, "cards.{card}.variables.{name}"),
            Self::Card(card, CardSlot::Button(index)) => write!(f, "cards.{card}.buttons.{index}"),
        }
    }
}

impl Slot {
    /// The place of that name.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(data) = name.strip_prefix("data.") {
            return (!data.is_empty()).then(|| Self::FlowData(data.to_owned()));
        }
        if let Some(rest) = name.strip_prefix("cards.") {
            let (card, part) = rest.split_once('.')?;
            let card = card.parse().ok().filter(|card| *card < MOST_CARDS)?;
            let slot = match part {
                "header" => CardSlot::Header,
                "product.id" => CardSlot::Product,
                "product.catalog" => CardSlot::Catalog,
                _ => match part.split_once('.')? {
                    ("variables", name) => CardSlot::Variable(name.to_owned()),
                    ("buttons", index) => CardSlot::Button(index.parse().ok()?),
                    _ => return None,
                },
            };
            return Some(Self::Card(card, slot));
        }
        let plain = [
            Self::Latitude,
            Self::Longitude,
            Self::PlaceName,
            Self::PlaceAddress,
            Self::Product,
            Self::Catalog,
            Self::OfferEnds,
            Self::Products,
        ];
        plain.into_iter().find(|slot| slot.to_string() == name)
    }
}

impl Template {
    /// The places that each message of it must fill. A flow may be told more ([`Slot::FlowData`]).
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = match &self.header {
            Some(Header::Location) => vec![Slot::Latitude, Slot::Longitude, Slot::PlaceName, Slot::PlaceAddress],
            Some(Header::Product) => vec![Slot::Product, Slot::Catalog],
            _ => Vec::new(),
        };
        slots.extend(self.offer.as_ref().filter(|offer| offer.ends).map(|_| Slot::OfferEnds));
        slots.extend(self.shows_products().then_some(Slot::Products));
        for (no, card) in self.cards.iter().enumerate() {
            match &card.header {
                Some(Header::Image | Header::Video | Header::Document | Header::Gif) => {
                    slots.push(Slot::Card(no, CardSlot::Header));
                }
                Some(Header::Product) => {
                    slots.extend([CardSlot::Product, CardSlot::Catalog].map(|slot| Slot::Card(no, slot)));
                }
                Some(Header::Text { .. } | Header::Location) | None => {}
            }
            slots.extend(parameters(&card.body).into_iter().map(|name| Slot::Card(no, CardSlot::Variable(name))));
            let urls = card.buttons.iter().enumerate().filter(|(_, button)| button.takes() == Takes::Url);
            slots.extend(urls.map(|(index, _)| Slot::Card(no, CardSlot::Button(index as i64))));
        }
        slots
    }

    /// Whether it takes `slot`.
    pub fn has_slot(&self, slot: &Slot) -> bool {
        match slot {
            Slot::FlowData(_) => self.buttons.iter().any(|button| matches!(button, Button::Flow { .. })),
            slot => self.slots().contains(slot),
        }
    }

    fn shows_products(&self) -> bool {
        self.buttons.iter().any(|button| button.takes() == Takes::Products)
    }
}

/// Puts `values` into `fill`. A moment without a zone is of `zone`; cards show links, or one of `files` by its name. `Err`:
/// what is wrong with the value of which place.
pub fn put(
    fill: &mut Fill,
    values: Vec<(Slot, String)>,
    (zone, files): (&TimeZone, &[String]),
) -> Result<(), (Slot, Misfit)> {
    let mut place: Option<Place> = None;
    let mut product: Option<Product> = None;
    let mut cards: BTreeMap<usize, CardFill> = BTreeMap::new();
    for (slot, text) in values {
        let wrong = |misfit| (slot.clone(), misfit);
        match &slot {
            Slot::Latitude => {
                place.get_or_insert_default().latitude = degrees(&text, 90.0).ok_or(wrong(Misfit::Degrees))?;
            }
            Slot::Longitude => {
                place.get_or_insert_default().longitude = degrees(&text, 180.0).ok_or(wrong(Misfit::Degrees))?;
            }
            Slot::PlaceName => place.get_or_insert_default().name = text,
            Slot::PlaceAddress => place.get_or_insert_default().address = text,
            Slot::Product => product.get_or_insert_default().id = text,
            Slot::Catalog => product.get_or_insert_default().catalog = text,
            Slot::OfferEnds => fill.offer_ends_at = Some(moment(&text, zone).ok_or(wrong(Misfit::Moment))?),
            Slot::Products => fill.products = sections(&text).ok_or(wrong(Misfit::Products))?,
            Slot::FlowData(name) => fill.flow_data.push(Value { name: name.clone(), text }),
            Slot::Card(no, part) => {
                put_in_card(cards.entry(*no).or_default(), part, (text, files)).map_err(wrong)?;
            }
        }
    }
    if let Some(header) = place.map(HeaderFill::Location).or(product.map(HeaderFill::Product)) {
        fill.header = Some(header);
    }
    if let Some(last) = cards.keys().last().copied() {
        fill.cards = (0..=last).map(|no| cards.remove(&no).unwrap_or_default()).collect();
    }
    Ok(())
}

fn put_in_card(card: &mut CardFill, part: &CardSlot, (text, files): (String, &[String])) -> Result<(), Misfit> {
    let mut product = || match card.header.take() {
        Some(HeaderFill::Product(product)) => product,
        _ => Product::default(),
    };
    match part {
        CardSlot::Header => {
            let is_link = text.starts_with("https://") && text.len() > "https://".len() && !text.contains(' ');
            let is_shown = is_link || files.contains(&text);
            card.header = Some(HeaderFill::Link { link: is_shown.then_some(text).ok_or(Misfit::Link)? });
        }
        CardSlot::Product => card.header = Some(HeaderFill::Product(Product { id: text, ..product() })),
        CardSlot::Catalog => card.header = Some(HeaderFill::Product(Product { catalog: text, ..product() })),
        CardSlot::Variable(name) => card.body.push(Value { name: name.clone(), text }),
        CardSlot::Button(index) => card.buttons.push(ButtonFill { index: *index, text }),
    }
    Ok(())
}

/// Degrees of at most `most` as WhatsApp takes them: with a point. Spreadsheets of half the world write a comma.
pub fn degrees(text: &str, most: f64) -> Option<String> {
    let text = text.trim().replace(',', ".");
    let fits = |degrees: f64| degrees.is_finite() && degrees.abs() <= most;
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '+');
    (text.chars().all(plain) && text.parse().is_ok_and(fits)).then(|| text.trim_start_matches('+').to_owned())
}

/// `2026-12-06 20:00`, `2026-12-06T20:00`, `06/12/2026 20:00` (the day first), each with or without seconds; without a
/// time, the end of the day.
fn moment(text: &str, zone: &TimeZone) -> Option<UnixMs> {
    let text = text.trim();
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "23:59:59"));
    let parts: Vec<&str> = date.split(['-', '/', '.']).collect();
    let [a, b, c] = parts.as_slice() else { return None };
    let (year, month, day) = if a.len() == 4 { (a, b, c) } else { (c, b, a) };
    let mut clock = time.trim().trim_end_matches('h').split(':');
    let (hour, minute) = (clock.next()?.parse().ok()?, clock.next().unwrap_or("0").parse().ok()?);
    let second = clock.next().unwrap_or("0").parse().ok()?;
    if year.len() != 4 || clock.next().is_some() {
        return None;
    }
    let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let local = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let at = zone.to_ambiguous_zoned(local).compatible().ok()?;
    Some(UnixMs(at.timestamp().as_millisecond()))
}

/// `Ofertas: sku1, sku2; Nuevos: sku3`; a list without a title where there is one section.
fn sections(text: &str) -> Option<Vec<Section>> {
    let mut all = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (title, products) = part.split_once(':').unwrap_or(("", part));
        let products: Vec<String> =
            products.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
        if products.is_empty() || title.trim().chars().count() > LONGEST_TITLE {
            return None;
        }
        all.push(Section { title: title.trim().to_owned(), products });
    }
    let count: usize = all.iter().map(|section| section.products.len()).sum();
    let titled = all.len() < 2 || all.iter().all(|section| !section.title.is_empty());
    ((1..=MOST_SECTIONS).contains(&all.len()) && count <= MOST_PRODUCTS && titled).then_some(all)
}

#[cfg(test)]
mod tests;
