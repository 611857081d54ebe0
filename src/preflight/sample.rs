//! Ten messages as people will see them: the longest, the oddest, and others from all over the file.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::fill::{Fill, HeaderFill, Rendered};
use crate::domain::template::Template;
use crate::intake::rows::Draft;

/// How many are shown.
pub(super) const SAMPLES: usize = 10;
/// Of these, from all over the file.
const SPREAD: usize = SAMPLES - 2;

/// One message as a person will see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sample {
    /// Its row; 1 is the first after the header.
    pub row: i64,
    /// The number it goes to, with `+`.
    pub to: String,
    /// The text: header, body, footer and buttons, each on lines of its own.
    pub text: String,
    /// The same in its parts, where the template is known.
    #[serde(skip)]
    pub seen: Option<Rendered>,
    /// Why it was chosen.
    pub kind: SampleKind,
}

/// Why a sample was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleKind {
    /// No text is longer.
    Longest,
    /// Most accents, signs and capitals: where a wrong encoding or column shows first.
    Oddest,
    /// From all over the file.
    Spread,
}

impl SampleKind {
    /// The word of its sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Longest => "longest",
            Self::Oddest => "oddest",
            Self::Spread => "spread",
        }
    }
}

#[derive(Clone)]
struct Candidate {
    row: i64,
    to: String,
    fill: Fill,
    score: usize,
}

/// Chooses while rows pass by, keeping few.
#[derive(Default)]
pub(super) struct Chooser {
    longest: Option<Candidate>,
    oddest: Option<Candidate>,
    spread: Vec<Candidate>,
    /// Every so many messages one is kept; doubled when there are too many.
    stride: u64,
    seen: u64,
}

impl Chooser {
    pub(super) fn see(&mut self, row: i64, draft: &Draft) {
        let candidate = |score| Candidate { row, to: draft.to.with_plus(), fill: draft.fill.clone(), score };
        let longer = length(&draft.fill);
        if self.longest.as_ref().is_none_or(|c| longer > c.score) {
            self.longest = Some(candidate(longer));
        }
        let odder = oddity(draft);
        if self.oddest.as_ref().is_none_or(|c| odder > c.score) {
            self.oddest = Some(candidate(odder));
        }
        self.stride = self.stride.max(1);
        if self.seen.is_multiple_of(self.stride) {
            self.spread.push(candidate(0));
        }
        self.seen += 1;
        if self.spread.len() >= 4 * SAMPLES {
            self.spread = std::mem::take(&mut self.spread).into_iter().step_by(2).collect();
            self.stride *= 2;
        }
    }

    /// The chosen ones in the order of the file, as `template` renders them; times on the clock of `zone`.
    pub(super) fn choose(
        self,
        (template, translations): (Option<&Template>, &[Template]),
        zone: &TimeZone,
    ) -> Vec<Sample> {
        let mut chosen: Vec<(Candidate, SampleKind)> = Vec::new();
        let remarkable = [(self.longest, SampleKind::Longest), (self.oddest, SampleKind::Oddest)];
        for (candidate, kind) in remarkable {
            chosen.extend(candidate.filter(|c| chosen.iter().all(|(other, _)| other.row != c.row)).map(|c| (c, kind)));
        }
        let rest: Vec<Candidate> =
            self.spread.into_iter().filter(|c| chosen.iter().all(|(other, _)| other.row != c.row)).collect();
        let wanted = (SPREAD + 2 - chosen.len()).min(rest.len());
        for i in 0..wanted {
            chosen.push((rest[i * rest.len() / wanted].clone(), SampleKind::Spread));
        }
        chosen.sort_by_key(|(candidate, _)| candidate.row);
        chosen
            .into_iter()
            .map(|(c, kind)| {
                let own = translations.iter().find(|t| c.fill.language.as_ref() == Some(&t.language));
                let template = own.or(template);
                let seen = template.filter(|t| !t.parameters_unknown).map(|t| t.render(&c.fill));
                Sample { row: c.row, to: c.to, text: seen_text(template, &c.fill, zone), seen, kind }
            })
            .collect()
    }
}

fn texts(fill: &Fill) -> impl Iterator<Item = &str> {
    let header = match &fill.header {
        Some(HeaderFill::Text(value)) => Some(value.text.as_str()),
        _ => None,
    };
    let body = fill.body.iter().chain(fill.cards.iter().flat_map(|card| &card.body)).map(|v| v.text.as_str());
    header.into_iter().chain(body).chain(fill.buttons.iter().map(|b| b.text.as_str()))
}

/// Only the values differ from row to row, so the longest values make the longest text.
fn length(fill: &Fill) -> usize {
    texts(fill).map(|t| t.chars().count()).sum()
}

fn oddity(draft: &Draft) -> usize {
    let of = |text: &str| {
        let odd = text.chars().filter(|c| !c.is_ascii_alphanumeric() && !" .,:-/".contains(*c));
        let shouted = text.chars().filter(|c| c.is_uppercase()).count() > text.chars().count() / 2;
        odd.map(|c| if c.is_alphabetic() { 2 } else { 3 }).sum::<usize>() + usize::from(shouted && text.len() > 3) * 4
    };
    texts(&draft.fill).map(of).sum::<usize>() + usize::from(draft.flattened) * 10
}

/// What a person sees; without a template, the values.
fn seen_text(template: Option<&Template>, fill: &Fill, zone: &TimeZone) -> String {
    if let Some(template) = template.filter(|t| !t.parameters_unknown) {
        return lines(&template.render(fill), zone);
    }
    let values = fill.body.iter().map(|v| format!("{} = {}", v.name, v.text));
    let buttons = fill.buttons.iter().map(|b| format!("[{}] {}", b.index, b.text));
    values.chain(buttons).collect::<Vec<_>>().join("\n")
}

fn lines(seen: &Rendered, zone: &TimeZone) -> String {
    let button = |b: &crate::domain::fill::RenderedButton| match &b.target {
        Some(target) => format!("[{}] {target}", b.text),
        None => format!("[{}]", b.text),
    };
    let buttons = seen.buttons.iter().map(button);
    let offer = seen.offer.as_ref().map(|offer| match offer.ends_at {
        Some(at) => format!("{} ({})", offer.text, at.in_zone(zone).strftime("%Y-%m-%d %H:%M")),
        None => offer.text.clone(),
    });
    let text = [seen.header.clone(), offer, Some(seen.body.clone()), seen.footer.clone()].into_iter().flatten();
    let cards = seen.cards.iter().zip(1..).flat_map(|(card, no)| {
        let said = [Some(format!("({no})")), card.header.clone(), Some(card.body.clone())].into_iter().flatten();
        let line = said.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        std::iter::once(line).chain(card.buttons.iter().map(button))
    });
    text.chain(buttons).chain(cards).collect::<Vec<_>>().join("\n")
}
