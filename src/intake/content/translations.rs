//! The campaign's content in every language that its template is approved in.

use std::collections::BTreeSet;

use super::super::campaign_file::CampaignFile;
use super::super::expression::Style;
use super::{Content, language};
use crate::domain::problem::Problem;
use crate::domain::template::{Category, Template};

/// The content by language, the campaign's own first.
#[derive(Debug)]
pub struct Contents<'a> {
    all: Vec<Content<'a>>,
    languages: Vec<&'a str>,
    /// Place of the column that names the language.
    column: Option<usize>,
    falls_back: bool,
    /// Translations that want other values than the campaign gives, and which.
    unfit: Vec<(&'a str, String)>,
}

/// Which content a row gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Picked {
    /// The one that its language names.
    Own(usize),
    /// The campaign's own, because its language has none.
    FallenBack,
}

impl Picked {
    /// Its place.
    pub const fn place(self) -> usize {
        match self {
            Self::Own(place) => place,
            Self::FallenBack => 0,
        }
    }
}

impl<'a> Contents<'a> {
    /// Compiles the campaign for `template` and, where its language comes from the column at `places.1`, for each of
    /// `translations`. `places.0` is the column of the header's link, `known` what expressions may name.
    pub fn prepare(
        campaign: &'a CampaignFile,
        (template, translations): (Option<&'a Template>, &'a [Template]),
        (link, column): (Option<usize>, Option<usize>),
        known: &BTreeSet<&str>,
    ) -> Result<Self, Vec<Problem>> {
        let by_column = campaign.template.language_column.as_ref();
        let others = translations.iter().filter(|t| by_column.is_some() && t.language != campaign.template.language);
        let mut problems = Vec::new();
        let mut contents = Self {
            all: Vec::new(),
            languages: Vec::new(),
            column,
            falls_back: by_column.is_some_and(|by| by.falls_back),
            unfit: Vec::new(),
        };
        let own = (template, campaign.template.language.as_str());
        for (template, language) in std::iter::once(own).chain(others.map(|t| (Some(t), t.language.as_str()))) {
            match Content::prepare(campaign, template, link, known) {
                Ok(content) => {
                    contents.all.push(content);
                    contents.languages.push(language);
                }
                // Whether any row is in that language is seen when they are read.
                Err(found) if !contents.all.is_empty() => contents.unfit.push((language, wanted(&found))),
                // What is wrong in every language is told once.
                Err(found) => problems.extend(found.into_iter().filter(|p| !problems.contains(p)).collect::<Vec<_>>()),
            }
        }
        if problems.is_empty() { Ok(contents) } else { Err(problems) }
    }

    /// The translation that the row of `cells` names and that wants other values than the campaign gives, by its place.
    pub fn unfit(&self, cells: &[String]) -> Option<usize> {
        if self.unfit.is_empty() {
            return None;
        }
        let cell = cells.get(self.column?).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())?;
        let unfit: Vec<&str> = self.unfit.iter().map(|(language, _)| *language).collect();
        language::pick(cell, &self.languages).is_none().then(|| language::pick(cell, &unfit)).flatten()
    }

    /// What is told of it, and whether its rows get the campaign's own content instead.
    pub fn told_of_unfit(&self, place: usize) -> Option<(Problem, bool)> {
        let (language, names) = self.unfit.get(place)?;
        let code = if self.falls_back { "translation_unfit_otherwise" } else { "translation_unfit" };
        Some((Problem::new(code, &[("language", language), ("names", names)]), self.falls_back))
    }

    /// Which content the row of `cells` gets; `Err` is the language that has none.
    pub fn pick(&self, cells: &[String]) -> Result<Picked, String> {
        let cell = self.column.and_then(|place| cells.get(place)).map_or("", |cell| cell.trim());
        if cell.is_empty() {
            return Ok(Picked::Own(0));
        }
        match language::pick(cell, &self.languages) {
            Some(place) => Ok(Picked::Own(place)),
            None if self.falls_back => Ok(Picked::FallenBack),
            None => Err(cell.to_owned()),
        }
    }

    /// The content at a place.
    pub fn at(&self, picked: Picked) -> &Content<'a> {
        &self.all[picked.place()]
    }

    /// How the language of a row writes dates; the campaign's own where it has no translation.
    pub fn style(&self, picked: Option<Picked>) -> Style {
        self.all[picked.map_or(0, Picked::place)].style
    }

    /// What all count as where one rule must hold for all: marketing when one of them is.
    pub fn strictest_category(&self) -> Option<Category> {
        let marketing = self.all.iter().find_map(|c| c.category.filter(|c| *c == Category::Marketing));
        marketing.or(self.all[0].category)
    }
}

/// What a translation wants otherwise, by name.
fn wanted(problems: &[Problem]) -> String {
    let named = |p: &Problem| {
        let arg = |key: &str| p.args.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        arg("name").or_else(|| arg("label")).or_else(|| arg("slot")).unwrap_or_else(|| p.code.clone())
    };
    problems
        .iter()
        .map(named)
        .collect::<std::collections::BTreeSet<String>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join(", ")
}
