//! `[hours.*]`: when somebody is here to answer, and what whoever writes at another time is told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::toml_file::Table;
use super::{checks, week};
use crate::domain::hours::Hours;
use crate::locale::Language;

/// What is no day of the week.
const KEYS: [&str; 3] = ["timezone", "holidays", "away"];

/// WhatsApp's limit of a text, in characters, less what `{opens}` may become.
const LONGEST: usize = 4_000;

/// `[hours.*]`.
#[derive(Clone, PartialEq, Debug)]
pub struct OfficeHours {
    /// Its name in the configuration.
    pub name: String,
    /// When somebody is here.
    pub hours: Hours,
    /// On whose clock.
    pub timezone: TimeZone,
    /// What is answered by itself at other times, by language; `{opens}` stands for when somebody is here again.
    pub away: BTreeMap<Language, String>,
}

impl OfficeHours {
    /// What is answered by itself in `language`, or in the first language there is a text in.
    pub fn away_in(&self, language: Language) -> Option<(Language, &str)> {
        let (language, text) = self.away.get_key_value(&language).or_else(|| self.away.first_key_value())?;
        Some((*language, text))
    }
}

/// One of the tables. `lists` are the configuration's holidays.
pub(super) fn read(
    table: &mut Table<'_, '_>,
    name: &str,
    lists: &BTreeMap<String, BTreeSet<Date>>,
) -> Option<OfficeHours> {
    let timezone = table.need("timezone").and_then(|v| checks::timezone(&v));
    let holidays = match table.get("holidays") {
        None => Some(BTreeSet::new()),
        Some(value) => checks::holidays(&value, lists),
    };
    let away = table.get("away").map_or(Some(BTreeMap::new()), |v| v.table(away).flatten());
    let week = week::read(table, &KEYS, &format!("hours.{name}"));
    let hours = Hours { week, holidays: holidays?, ..Hours::default() };
    Some(OfficeHours { name: name.to_owned(), hours, timezone: timezone?, away: away? })
}

fn away(table: &mut Table<'_, '_>) -> Option<BTreeMap<Language, String>> {
    let read = table.entries().into_iter().map(|value| {
        let Some(language) = Language::ALL.into_iter().find(|language| language.as_str() == value.key()) else {
            value.refuse_key("is no language of Recado: en, es or pt");
            return None;
        };
        let text = value.text()?.trim().to_owned();
        if text.is_empty() || text.chars().count() > LONGEST {
            value.refuse("must be a text of at most 4,000 characters");
            return None;
        }
        Some((language, text))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}
