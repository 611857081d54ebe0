//! What is decided once per file, before the first row.

use std::collections::BTreeSet;

use crate::domain::hours::Hours;
use crate::domain::problem::Problem;

use super::super::campaign_file::{ButtonUse, CampaignFile, Holidays, Labelled};
use super::super::columns::{self, Columns};
use super::super::content::Content;
use super::super::expression::{self, Expression, Place, Style};
use super::super::phone_number::{self, Home};
use super::RowsRequest;

pub(super) struct Plan<'a> {
    pub(super) columns: Columns,
    pub(super) content: Content<'a>,
    pub(super) only: Option<Expression>,
    pub(super) home: Option<Home>,
    pub(super) hours: Option<Hours>,
    pub(super) style: Style,
    /// Whether the template is, or will be, billed as marketing.
    pub(super) marketing: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn prepare(request: &RowsRequest<'a>, header: &[String]) -> Result<Self, Vec<Problem>> {
        let campaign = request.campaign;
        let mut problems = Vec::new();
        let columns = columns::resolve(header, campaign, speaks_of_when(campaign)).or_else(|found| {
            problems.extend(found);
            // Expressions are looked at all the same: one reading finds everything.
            Ok::<_, Vec<Problem>>(Columns { names: columns::names(header), ..Columns::default() })
        })?;
        problems.extend(named_twice(campaign, header));
        let style = Style::of_tag(&campaign.template.language);
        let names = columns.names.keys().chain(request.vars.keys()).map(String::as_str);
        let client = [columns::CLIENT_NAME, columns::CLIENT_PHONE];
        let known: BTreeSet<&str> = names.chain([expression::WHEN]).chain(client).collect();
        if !columns.names.contains_key(columns::CLIENT_NAME) && speaks_of(campaign, columns::CLIENT_NAME) {
            // Whoever is not known by name cannot be greeted by it.
            problems.push(Problem::new("client_name_unknown", &[("columns", &header.join(", "))]));
        }
        let content = keep(Content::prepare(campaign, request.template, columns.link, &known), &mut problems);
        let at = campaign.places.get(&("columns", "only".to_owned())).copied();
        let only_at = Place::of("columns", "only", at);
        let only = campaign.columns.only.as_ref();
        let only = only.map(|source| Expression::condition(source, &only_at, style, &known));
        let only = only.and_then(|compiled| keep(compiled, &mut problems));
        let home = campaign.country.as_ref().and_then(|country| {
            let home = Home::new(country, campaign.area_code.as_deref());
            keep(home.ok_or_else(|| vec![Problem::new("unknown_country", &[("country", country)])]), &mut problems)
        });
        let hours = campaign.hours.as_ref().and_then(|rule| {
            let hours = rule.resolve(request.holidays);
            let name = match &rule.holidays {
                Holidays::Named(name) => name.as_str(),
                Holidays::Dates(_) => "",
            };
            keep(hours.ok_or_else(|| vec![Problem::new("unknown_holidays", &[("name", name)])]), &mut problems)
        });
        let category = request.template.map(|t| t.category);
        let marketing = phone_number::is_marketing(campaign.kind, category);
        drop(known);
        match content {
            Some(content) if problems.is_empty() => Ok(Self { columns, content, only, home, hours, style, marketing }),
            _ => Err(problems),
        }
    }
}

fn keep<T>(result: Result<T, Vec<Problem>>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|found| problems.extend(found)).ok()
}

/// Whether something that will be sent, or the choice of rows, depends on the row's date.
fn speaks_of_when(campaign: &CampaignFile) -> bool {
    speaks_of(campaign, expression::WHEN)
}

fn speaks_of(campaign: &CampaignFile, name: &str) -> bool {
    sources(campaign).any(|source| expression::speaks_of(source, name))
}

/// Columns of which there are two, where an expression names one of them.
fn named_twice(campaign: &CampaignFile, header: &[String]) -> Vec<Problem> {
    let twice = columns::twice(header).into_iter();
    let named = twice.filter(|(name, _)| sources(campaign).any(|source| expression::speaks_of(source, name)));
    named.map(|(_, title)| Problem::new("column_twice", &[("column", &title)])).collect()
}

/// Every expression of a campaign.
fn sources(campaign: &CampaignFile) -> impl Iterator<Item = &String> {
    let buttons = campaign.template.buttons.iter().map(|(_, takes)| match takes {
        ButtonUse::Url(source) | ButtonUse::Code(source) => source,
    });
    campaign.variables.iter().map(|(_, source)| source).chain(buttons).chain(&campaign.columns.only)
}

/// The text that a label has in a row.
pub(super) fn label(label: &Labelled, column: Option<usize>, cells: &[String]) -> String {
    match label {
        Labelled::None => String::new(),
        Labelled::Fixed(text) => text.clone(),
        Labelled::Column(_) => column.and_then(|place| cells.get(place)).cloned().unwrap_or_default(),
    }
}
