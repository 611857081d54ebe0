//! What the messages of a campaign put into its template: compared with the template when the file is opened, filled
//! row by row. Limits are Meta's: body 1,024 characters when filled in, header 60, code 20, URL 2,000.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use minijinja::value::Value as RowValue;

use crate::domain::exclusion::ExclusionReason;
use crate::domain::fill::{ButtonFill, Fill, HeaderFill, Value};
use crate::domain::problem::Problem;
use crate::domain::template::parts::{LONGEST_CARD, LONGEST_OFFER_BODY};
use crate::domain::template::slot::{self, CardSlot, Slot};
use crate::domain::template::{Category, ParameterFormat, Template};

use super::campaign_file::{ButtonUse, CampaignFile, Labelled};
use super::columns::CLIENT_NAME;
use super::expression::{Expression, Failed, Place, Style};

mod compare;
mod flatten;
mod language;
mod translations;

pub use flatten::{encode_suffix, flatten};
pub(super) use translations::{Contents, Picked};

const LONGEST_BODY: usize = 1024;
const LONGEST_HEADER: usize = 60;
const LONGEST_CODE: usize = 20;
const LONGEST_URL: usize = 2000;

/// The compiled expressions of a campaign, in the template's order.
#[derive(Debug)]
pub struct Content<'a> {
    template: Option<&'a Template>,
    /// How its language writes dates and numbers.
    pub(super) style: Style,
    /// What it is billed as, where that is known.
    pub(super) category: Option<Category>,
    /// Its language, where it is not the campaign's own.
    language: Option<String>,
    header: HeaderSource,
    body: Vec<(String, Expression)>,
    buttons: Vec<(i64, ButtonSource)>,
    /// In the template's order, where that is known.
    slots: Vec<(Slot, Expression)>,
    /// Of moments that say none.
    zone: TimeZone,
    /// Names of the campaign's files that the template shows.
    files: Vec<String>,
}

#[derive(Debug)]
enum HeaderSource {
    None,
    Text(String, Expression),
    Fixed(String),
    /// Place of the column.
    Column(usize),
}

#[derive(Debug)]
enum ButtonSource {
    Url(Expression),
    Code(Expression),
    /// A product, or what a flow gives back.
    Word(Expression),
}

/// Why a row cannot be filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfit {
    /// Empty value or bad value.
    pub reason: ExclusionReason,
    /// Word and fact of the detail.
    pub detail: String,
}

impl Unfit {
    fn bad(detail: String) -> Self {
        Self { reason: ExclusionReason::BadValue, detail }
    }

    /// Which value a filter refused is told where people know the parameter by its name.
    fn failed(name: &str, failed: Failed) -> Self {
        match failed.refused {
            Some((word, value)) if !name.starts_with("template.") => Self::bad(format!("{word}_in: {name}: {value}")),
            _ => Self::bad(format!("expression: {name}")),
        }
    }

    /// Whoever is not known by name cannot be greeted by it.
    fn nameless(name: &str) -> Self {
        Self { reason: ExclusionReason::EmptyValue, detail: format!("client_name: {name}") }
    }

    fn empty(name: &str) -> Self {
        Self { reason: ExclusionReason::EmptyValue, detail: format!("value: {name}") }
    }
}

/// What an expression gives a template for a row or a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    /// A text of one line.
    Text {
        /// The text.
        text: String,
        /// Whether it had to be flattened.
        changed: bool,
    },
    /// Nothing: it greets by a name that is not known, and says nothing instead of one.
    Nameless,
    /// Nothing.
    Empty,
}

/// What `expression` gives for `row`, for campaigns and for templates by hand.
///
/// # Errors
/// A value was not what a filter needs, or the text is too long.
pub fn given(expression: &Expression, row: &RowValue) -> Result<Given, Failed> {
    let (text, changed) = flatten(&expression.text(row)?);
    Ok(match text.is_empty() {
        true if expression.uses(CLIENT_NAME) => Given::Nameless,
        true => Given::Empty,
        false => Given::Text { text, changed },
    })
}

impl<'a> Content<'a> {
    /// Compiles the campaign's expressions and compares them with the template, if it is known. `link` is the place of
    /// the column of the header's link, `known` what expressions may name.
    pub fn prepare(
        campaign: &CampaignFile,
        template: Option<&'a Template>,
        link: Option<usize>,
        known: &BTreeSet<&str>,
    ) -> Result<Self, Vec<Problem>> {
        let language = template.map_or(campaign.template.language.as_str(), |t| t.language.as_str());
        let (style, category) = (Style::of_tag(language), template.map(|t| t.category));
        let language = (language != campaign.template.language).then(|| language.to_owned());
        let template = template.filter(|t| !t.parameters_unknown);
        let mut problems = template.map(|t| compare::compare(campaign, t)).unwrap_or_default();
        let mut compile = |source: &str, section: &'static str, entry: &str| {
            let at = campaign.places.get(&(section, entry.to_owned())).copied();
            match Expression::compile(source, &Place::of(section, entry, at), style, known) {
                Ok(expression) => Some(expression),
                Err(found) => {
                    problems.extend(found);
                    None
                }
            }
        };
        let mut variables: Vec<(String, Expression)> = Vec::new();
        for (name, source) in &campaign.variables {
            variables.extend(compile(source, "variables", name).map(|e| (name.clone(), e)));
        }
        let mut buttons = Vec::new();
        for (index, takes) in &campaign.template.buttons {
            let entry = index.to_string();
            let source = match takes {
                ButtonUse::Url(source) => compile(source, "template.buttons", &entry).map(ButtonSource::Url),
                ButtonUse::Code(source) => compile(source, "template.buttons", &entry).map(ButtonSource::Code),
                ButtonUse::Thumbnail(source) | ButtonUse::Token(source) => {
                    compile(source, "template.buttons", &entry).map(ButtonSource::Word)
                }
            };
            buttons.extend(source.map(|s| (*index, s)));
        }
        let mut slots = Vec::new();
        for (slot, source) in &campaign.template.slots {
            slots.extend(compile(source, "template", &slot.to_string()).map(|expression| (slot.clone(), expression)));
        }
        let header_text = campaign.template.header_text.as_ref();
        let header_text = header_text.and_then(|source| compile(source, "template", "header"));
        if !problems.is_empty() {
            return Err(problems);
        }
        buttons.sort_by_key(|(index, _)| *index);
        let header = header(campaign, template, link, (header_text, &mut variables));
        let order = template.map(Template::slots).unwrap_or_default();
        slots.sort_by_key(|(slot, _)| order.iter().position(|wanted| wanted == slot).unwrap_or(order.len()));
        let body = in_order(variables, template);
        let zone = campaign.timezone.clone();
        let files = campaign.shown_files().iter().map(|file| file.name.to_owned()).collect();
        Ok(Self { template, style, category, language, header, body, buttons, slots, zone, files })
    }

    /// The values of one row, and whether one of them had to be flattened. `cells` are the row's.
    pub fn fill(&self, row: &RowValue, cells: &[String]) -> Result<(Fill, bool), Unfit> {
        let mut flattened = false;
        let mut value = |name: &str, expression: &Expression| match given(expression, row)
            .map_err(|failed| Unfit::failed(name, failed))?
        {
            Given::Nameless => Err(Unfit::nameless(name)),
            Given::Empty => Err(Unfit::empty(name)),
            Given::Text { text, changed } => {
                flattened |= changed;
                Ok(text)
            }
        };
        let mut fill = Fill { language: self.language.clone(), ..Fill::default() };
        for (name, expression) in &self.body {
            fill.body.push(Value { name: name.clone(), text: value(name, expression)? });
        }
        if let HeaderSource::Text(name, expression) = &self.header {
            fill.header = Some(HeaderFill::Text(Value { name: name.clone(), text: value(name, expression)? }));
        }
        for (index, source) in &self.buttons {
            let place = format!("template.buttons.{index}");
            let text = match source {
                ButtonSource::Url(expression) => encode_suffix(&value(&place, expression)?),
                ButtonSource::Code(expression) => code(value(&place, expression)?)?,
                ButtonSource::Word(expression) => value(&place, expression)?,
            };
            fill.buttons.push(ButtonFill { index: *index, text });
        }
        let mut filled = Vec::with_capacity(self.slots.len());
        for (slot, expression) in &self.slots {
            let text = value(&slot.to_string(), expression)?;
            let is_url = matches!(slot, Slot::Card(_, CardSlot::Button(_)));
            filled.push((slot.clone(), if is_url { encode_suffix(&text) } else { text }));
        }
        slot::put(&mut fill, filled, (&self.zone, &self.files))
            .map_err(|(slot, misfit)| Unfit::bad(format!("{}: {slot}", misfit.as_str())))?;
        match &self.header {
            HeaderSource::Fixed(link) => fill.header = Some(HeaderFill::Link { link: link.clone() }),
            HeaderSource::Column(place) => fill.header = Some(link(cells.get(*place))?),
            HeaderSource::None | HeaderSource::Text(..) => {}
        }
        self.check(&fill)?;
        Ok((fill, flattened))
    }

    /// The limits of what the person would see.
    fn check(&self, fill: &Fill) -> Result<(), Unfit> {
        let Some(template) = self.template else {
            let longest = fill.body.iter().find(|v| v.text.chars().count() > LONGEST_BODY);
            return longest.map_or(Ok(()), |v| Err(Unfit::bad(format!("value_too_long: {}", v.name))));
        };
        let seen = template.render(fill);
        let length = |text: &str| text.chars().count();
        let longest = if template.offer.is_some() { LONGEST_OFFER_BODY } else { LONGEST_BODY };
        if length(&seen.body) > longest {
            return Err(Unfit::bad(format!("body_too_long: {}", length(&seen.body))));
        }
        let header = seen.header.filter(|_| matches!(self.header, HeaderSource::Text(..)));
        if let Some(header) = header.filter(|h| length(h) > LONGEST_HEADER) {
            return Err(Unfit::bad(format!("header_too_long: {}", length(&header))));
        }
        if let Some(card) = seen.cards.iter().position(|card| length(&card.body) > LONGEST_CARD) {
            return Err(Unfit::bad(format!("card_too_long: {card}")));
        }
        let buttons = seen.buttons.iter().chain(seen.cards.iter().flat_map(|card| &card.buttons));
        if buttons.into_iter().any(|b| b.target.as_deref().is_some_and(|t| length(t) > LONGEST_URL)) {
            return Err(Unfit::bad("url_too_long".to_owned()));
        }
        Ok(())
    }
}

/// Positional parameters go in the order of their numbers, named ones in the template's, or else in the file's.
fn in_order(mut variables: Vec<(String, Expression)>, template: Option<&Template>) -> Vec<(String, Expression)> {
    if let Some(template) = template.filter(|t| t.format == ParameterFormat::Named) {
        let order = template.body_parameters();
        variables.sort_by_key(|(name, _)| order.iter().position(|n| n == name));
    } else if variables.iter().all(|(name, _)| name.bytes().all(|b| b.is_ascii_digit())) {
        variables.sort_by_key(|(name, _)| name.parse::<u32>().ok());
    }
    variables
}

/// Takes the header's own variable out of the others: a name of its text that the body does not have.
fn header(
    campaign: &CampaignFile,
    template: Option<&Template>,
    link: Option<usize>,
    (own, variables): (Option<Expression>, &mut Vec<(String, Expression)>),
) -> HeaderSource {
    match (&campaign.template.header_link, link) {
        (Some(Labelled::Fixed(link)), _) => return HeaderSource::Fixed(link.clone()),
        (Some(Labelled::Column(_)), Some(place)) => return HeaderSource::Column(place),
        _ => {}
    }
    let name = template.and_then(|t| t.header_parameters().into_iter().next());
    if let Some(expression) = own {
        return HeaderSource::Text(name.unwrap_or_else(|| "1".to_owned()), expression);
    }
    // Numbers count anew in a header: the body's are not meant.
    let name = name.filter(|_| template.is_some_and(|t| t.format == ParameterFormat::Named));
    let place = name.and_then(|name| variables.iter().position(|(n, _)| *n == name));
    match place {
        Some(place) => {
            let (name, expression) = variables.remove(place);
            HeaderSource::Text(name, expression)
        }
        None => HeaderSource::None,
    }
}

fn code(text: String) -> Result<String, Unfit> {
    if text.chars().count() > LONGEST_CODE {
        return Err(Unfit::bad(format!("code_too_long: {text}")));
    }
    if text.contains(' ') { Err(Unfit::bad(format!("code_with_spaces: {text}"))) } else { Ok(text) }
}

fn link(cell: Option<&String>) -> Result<HeaderFill, Unfit> {
    let link = cell.map(|c| c.trim()).unwrap_or_default();
    if link.is_empty() {
        return Err(Unfit::empty("template.header"));
    }
    let is_https = link.len() <= LONGEST_URL
        && url::Url::parse(link).is_ok_and(|url| url.scheme() == "https" && url.host().is_some());
    if is_https { Ok(HeaderFill::Link { link: link.to_owned() }) } else { Err(Unfit::bad(format!("link: {link}"))) }
}
