//! What is decided once per file, before the first row.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::domain::kind::CampaignKind;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;

use super::super::audience::Audience;
use super::super::campaign_file::{CampaignFile, Labelled};
use super::super::columns::{self, Columns};
use super::super::content::{Contents, Picked};
use super::super::expression::{self, Expression, Place, Style};
use super::super::open_hours::OpenHours;
use super::super::phone_number::{Closed, Home, is_marketing};
use super::RowsRequest;
use super::damage::{self, FoundPhone, Wanted};
use super::first::FirstRows;
use super::shape::{self, Source};
use super::truths;

pub(super) struct Plan<'a> {
    pub(super) header: Vec<String>,
    /// Columns that something depends on.
    pub(super) used: Vec<usize>,
    /// Where the values of the template's parameters come from, as far as that is told.
    pub(super) sources: BTreeMap<String, Source>,
    pub(super) columns: Columns,
    pub(super) contents: Contents<'a>,
    pub(super) only: Option<Expression>,
    pub(super) home: Option<Home>,
    pub(super) hours: OpenHours,
    /// What is not delivered where.
    pub(super) closed: Closed,
    kind: CampaignKind,
    /// Columns of yes and no in a promotion that nothing speaks of, where none says who has agreed to it.
    undecided: Vec<usize>,
    /// The day of the start, on the campaign's clock.
    pub(super) today: Date,
}

impl<'a> Plan<'a> {
    pub(super) fn prepare(request: &RowsRequest<'a>, audience: &Audience) -> Result<Self, Vec<Problem>> {
        let (campaign, header) = (request.campaign, audience.facts.header.as_slice());
        let mut problems = Vec::new();
        let home = campaign.country.as_ref().and_then(|country| {
            let home = Home::new(country, campaign.area_code.as_deref());
            keep(home.ok_or_else(|| vec![Problem::new("unknown_country", &[("country", country)])]), &mut problems)
        });
        let first = FirstRows::of(audience, home.clone());
        let columns = columns::resolve((header, &first), campaign, speaks_of_when(campaign)).or_else(|found| {
            problems.extend(found);
            // Expressions are looked at all the same: one reading finds everything.
            Ok::<_, Vec<Problem>>(Columns { names: columns::names(header), ..Columns::default() })
        })?;
        problems.extend(misread(request, header, (&columns, &first)));
        let style = Style::of_tag(&campaign.template.language);
        let names = columns.names.keys().chain(request.vars.keys()).map(String::as_str);
        let client = [columns::CLIENT_NAME, columns::CLIENT_PHONE];
        let known: BTreeSet<&str> = names.chain([expression::WHEN]).chain(client).collect();
        let is_told = columns.names.contains_key(columns::CLIENT_NAME) || !columns.name.is_empty() || !greets(campaign);
        if let Some(why) = request.names.nobody().filter(|_| !is_told) {
            // Whoever is not known by name cannot be greeted by it.
            problems.push(Problem::new(why, &[("columns", &columns::listed(header))]));
        }
        let templates = (request.template, request.translations);
        let contents = Contents::prepare(campaign, templates, (columns.link, columns.language), &known);
        let contents = keep(contents, &mut problems);
        let at = campaign.places.get(&("columns", "only".to_owned())).copied();
        let only_at = Place::of("columns", "only", at);
        let only = campaign.columns.only.as_ref();
        let only = only.map(|source| Expression::condition(source, &only_at, style, &known));
        let only = only.and_then(|compiled| keep(compiled, &mut problems));
        let today = request.started_at.in_zone(&campaign.timezone).date();
        drop(known);
        let category = contents.as_ref().and_then(Contents::strictest_category);
        let hours = OpenHours::of(campaign, request.holidays, request.laws, category);
        let undecided = undecided(campaign, &columns, (header, &first));
        match (contents, keep(hours, &mut problems)) {
            (Some(contents), Some(hours)) if problems.is_empty() => Ok(Self {
                header: header.to_vec(),
                used: used(campaign, &columns),
                sources: shape::sources(campaign, &columns),
                columns,
                contents,
                only,
                home,
                hours,
                closed: Closed::on(today, request.reach),
                kind: campaign.kind,
                undecided,
                today,
            }),
            _ => Err(problems),
        }
    }
}

impl Plan<'_> {
    /// The number of a row's cells.
    pub(super) fn number(&self, cells: &[String]) -> FoundPhone {
        let is_reached = |phone: &Phone| self.closed_because(phone, self.contents.pick(cells).ok()).is_none();
        damage::phone(cells, &self.columns.phones, &Wanted { home: self.home.as_ref(), is_reached: &is_reached })
    }

    /// The row's numbers besides the one that is sent to.
    pub(super) fn other_numbers(&self, cells: &[String], to: &Phone) -> Vec<Phone> {
        damage::other_numbers(cells, &self.columns.phones, (self.home.as_ref(), to))
    }

    /// Why what is sent in this language is not delivered to a number; `None`: it is. Where no language is known, by the
    /// campaign's kind.
    pub(super) fn closed_because(&self, phone: &Phone, picked: Option<Picked>) -> Option<String> {
        let category = picked.and_then(|picked| self.contents.at(picked).category);
        self.closed.because(phone, is_marketing(self.kind, category))
    }

    /// What is told of columns of yes and no where nothing says who has agreed: those that sound as if they said who has not are
    /// never to be taken for the others.
    pub(super) fn undecided(&self) -> Vec<Problem> {
        let titles = self.undecided.iter().map(|place| self.header[*place].as_str());
        let (refusing, others): (Vec<&str>, Vec<&str>) = titles.partition(|title| columns::sounds_like_refusal(title));
        let told = [("yes_or_no_columns", others), ("refusal_columns", refusing)].into_iter();
        let told = told.filter(|(_, titles)| !titles.is_empty());
        told.map(|(code, titles)| Problem::new(code, &[("columns", &titles.join(", "))])).collect()
    }

    /// The columns of phones, as problems name them.
    pub(super) fn phone_titles(&self, header: &[String]) -> String {
        let titles = self.columns.phones.iter().flatten().filter_map(|place| header.get(*place));
        titles.map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// Columns that have a role, or that an expression names.
fn used(campaign: &CampaignFile, columns: &Columns) -> Vec<usize> {
    let mut used = columns.with_roles();
    let named = columns.names.iter().filter(|(name, _)| sources(campaign).any(|s| expression::speaks_of(s, name)));
    used.extend(named.map(|(_, place)| *place));
    used.sort_unstable();
    used.dedup();
    used
}

/// See [`Plan::undecided`].
fn undecided(campaign: &CampaignFile, columns: &Columns, (header, first): (&[String], &FirstRows<'_>)) -> Vec<usize> {
    if campaign.kind != CampaignKind::Promotion || columns.tells_consent() {
        return Vec::new();
    }
    let used = used(campaign, columns);
    let others = (0..header.len()).filter(|place| !used.contains(place));
    let tells = |place: &usize| {
        let said = first.said(*place);
        said.yes_or_no() || said.anything() && columns::may_be_consent(&header[*place])
    };
    others.filter(tells).collect()
}

fn keep<T>(result: Result<T, Vec<Problem>>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|found| problems.extend(found)).ok()
}

/// Whether something that will be sent, or the choice of rows, depends on the row's date.
fn speaks_of_when(campaign: &CampaignFile) -> bool {
    speaks_of(campaign, expression::WHEN)
}

/// Whether something that will be sent speaks of what the person is called.
pub fn greets(campaign: &CampaignFile) -> bool {
    speaks_of(campaign, columns::CLIENT_NAME)
}

fn speaks_of(campaign: &CampaignFile, name: &str) -> bool {
    sources(campaign).any(|source| expression::speaks_of(source, name))
}

/// What expressions would silently read otherwise than was meant.
fn misread(request: &RowsRequest<'_>, header: &[String], (columns, first): (&Columns, &FirstRows<'_>)) -> Vec<Problem> {
    let mut problems = named_twice(request.campaign, header);
    problems.extend(truths::turned_round(request.campaign, (&columns.names, request.vars), first));
    problems
}

/// Columns of which there are two, where an expression names one of them.
fn named_twice(campaign: &CampaignFile, header: &[String]) -> Vec<Problem> {
    let twice = columns::twice(header).into_iter();
    let named = twice.filter(|(name, _)| sources(campaign).any(|source| expression::speaks_of(source, name)));
    named.map(|(_, title)| Problem::new("column_twice", &[("column", &title)])).collect()
}

/// Every expression of a campaign.
fn sources(campaign: &CampaignFile) -> impl Iterator<Item = &str> {
    let buttons = campaign.template.buttons.iter().map(|(_, takes)| takes.source());
    let slots = campaign.template.slots.iter().map(|(_, source)| source.as_str());
    let own = campaign.template.header_text.iter().chain(&campaign.columns.only).map(String::as_str);
    campaign.variables.iter().map(|(_, source)| source.as_str()).chain(buttons).chain(slots).chain(own)
}

/// The text that a label has in a row: its own, or that of the column which it names, or which was recognised.
pub(super) fn label(label: &Labelled, column: Option<usize>, cells: &[String]) -> String {
    match label {
        Labelled::Fixed(text) => text.clone(),
        Labelled::None | Labelled::Column(_) => column.and_then(|p| cells.get(p)).cloned().unwrap_or_default(),
    }
}
