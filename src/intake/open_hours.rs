//! When the messages of a campaign may leave, by whose they are: its own hours, and for marketing those of the law of the
//! person's country.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use phonenumber::metadata::DATABASE;

use super::campaign_file::{CampaignFile, Holidays};
use super::phone_number;
use crate::domain::hours::law::{BuiltIn, Law, Laws};
use crate::domain::hours::{Hours, Week};
use crate::domain::kind::CampaignKind;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::template::Category;

/// Hours by country.
#[derive(Clone, Debug, Default)]
pub struct OpenHours {
    usual: Option<Hours>,
    /// Countries whose law narrows them.
    lawful: Vec<Lawful>,
}

#[derive(Clone, Debug)]
struct Lawful {
    /// Calling code.
    code: String,
    country: String,
    /// Whether other countries have the same calling code.
    is_shared: bool,
    hours: Hours,
}

impl OpenHours {
    /// Of a campaign whose template is billed as `category`, where that is known. Laws count for marketing only: for
    /// promotions and for what is billed as marketing, but for those that the campaign file leaves out by name.
    ///
    /// # Errors
    /// It names a list of holidays or a law that there is not.
    pub fn of(
        campaign: &CampaignFile,
        holidays: &BTreeMap<String, BTreeSet<Date>>,
        laws: &Laws,
        category: Option<Category>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let usual = campaign.hours.as_ref().and_then(|rule| {
            let resolved = rule.resolve(holidays);
            if let (None, Holidays::Named(name)) = (&resolved, &rule.holidays) {
                problems.push(Problem::new("unknown_holidays", &[("name", name)]));
            }
            resolved
        });
        let unknown = campaign.without_laws.iter().filter(|name| !laws.has(name) && BuiltIn::named(name).is_none());
        problems.extend(unknown.map(|name| Problem::new("unknown_law", &[("name", name)])));
        if !problems.is_empty() {
            return Err(problems);
        }
        let marketing = campaign.kind == CampaignKind::Promotion || category == Some(Category::Marketing);
        let mut by_country: BTreeMap<&str, Vec<Arc<Law>>> = BTreeMap::new();
        let count = |law: &&Arc<Law>| marketing && !campaign.without_laws.contains(&law.name);
        for law in laws.iter().filter(count) {
            by_country.entry(law.country.as_str()).or_default().push(Arc::clone(law));
        }
        let lawful = by_country.into_iter().filter_map(|(country, laws)| Lawful::of(country, laws, usual.as_ref()));
        let lawful = lawful.collect();
        Ok(Self { usual, lawful })
    }

    /// Those of the person with this number; `None`: always.
    pub fn of_person(&self, phone: &Phone) -> Option<&Hours> {
        let lawful = self.lawful.iter().find(|lawful| lawful.is_of(phone));
        lawful.map(|lawful| &lawful.hours).or(self.usual.as_ref())
    }

    /// Those of people in `country` (ISO 3166), or of anybody whose law says nothing; `None`: always.
    pub fn in_country(&self, country: Option<&str>) -> Option<&Hours> {
        let lawful = self.lawful.iter().find(|lawful| Some(lawful.country.as_str()) == country);
        lawful.map(|lawful| &lawful.hours).or(self.usual.as_ref())
    }

    /// The law by which people of this number's country are protected here, by its name.
    pub fn law_of(&self, phone: &Phone) -> Option<&str> {
        let lawful = self.lawful.iter().find(|lawful| lawful.is_of(phone))?;
        lawful.hours.laws.first().map(|law| law.name.as_str())
    }
}

impl Lawful {
    fn of(country: &str, laws: Vec<Arc<Law>>, usual: Option<&Hours>) -> Option<Self> {
        let code = DATABASE.by_id(country)?.country_code();
        let always = || Hours { week: Week::always(), ..Hours::default() };
        let usual = usual.cloned().unwrap_or_else(always);
        Some(Self {
            code: code.to_string(),
            country: country.to_owned(),
            is_shared: DATABASE.region(&code).is_some_and(|regions| regions.len() > 1),
            hours: Hours { laws, ..usual },
        })
    }

    fn is_of(&self, phone: &Phone) -> bool {
        phone.digits().starts_with(&self.code)
            && (!self.is_shared || phone_number::country_of(phone).as_deref() == Some(self.country.as_str()))
    }
}
