//! `[hours_law.*]`: hours in which the law of a person's country allows marketing; built-in ones switched on or off, and
//! the operator's own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::toml_file::{Table, Value};
use super::{checks, week};
use crate::domain::hours::law::{BUILT_IN, BuiltIn, Law, Laws};

/// What is no day of the week.
const KEYS: [&str; 4] = ["enabled", "country", "since", "holidays"];

/// `[hours_law]`: a table for each law, beside the built-in ones. `lists` are the configuration's holidays.
pub(super) fn read(table: &mut Table<'_, '_>, lists: &BTreeMap<String, BTreeSet<Date>>) -> Option<Laws> {
    let mut laws = Laws::default();
    let read = table.entries().into_iter().map(|value| {
        let name = value.key().to_owned();
        if !checks::is_name(&name) {
            value.refuse_key("must be a name of lower-case letters, digits and _");
            return None;
        }
        value.table(|t| law(t, &value, &mut laws, lists)).flatten()
    });
    let whole: Option<Vec<()>> = read.collect::<Vec<_>>().into_iter().collect();
    whole.map(|_| laws)
}

fn law(
    table: &mut Table<'_, '_>,
    whole: &Value<'_, '_>,
    laws: &mut Laws,
    lists: &BTreeMap<String, BTreeSet<Date>>,
) -> Option<()> {
    let enabled = table.get("enabled").and_then(|v| v.flag());
    if let Some(known) = BuiltIn::named(whole.key()) {
        match enabled {
            Some(true) => laws.hold(known.law()),
            Some(false) => laws.drop(known.name),
            None => table.refuse("a law that comes with Recado takes enabled = true or false, and nothing else"),
        }
        return enabled.map(drop);
    }
    let country = table.get("country").and_then(|v| country(&v));
    if country.is_none() {
        let names: Vec<&str> = BUILT_IN.iter().map(|law| law.name).collect();
        let names = names.join(", ");
        table.refuse(&format!("a law of your own takes a country; those that come with Recado are {names}"));
    }
    let since = table.get("since").and_then(|v| v.parsed(day));
    let holidays = match table.get("holidays") {
        None => BTreeSet::new(),
        Some(value) => checks::holidays(&value, lists)?,
    };
    let week = week::read(table, &KEYS, &format!("hours_law.{}", whole.key()));
    let (name, since) = (whole.key().to_owned(), since.unwrap_or(Date::MIN));
    if enabled != Some(false) {
        laws.hold(Law { name, country: country?, since, week, holidays });
    }
    Some(())
}

fn day(text: &str) -> Result<Date, &'static str> {
    Date::strptime("%Y-%m-%d", text.trim()).map_err(|_| "must be a day, as \"2026-12-01\"")
}

/// ISO 3166 code of a country that has numbers.
pub fn country(value: &Value<'_, '_>) -> Option<String> {
    let code = value.text()?;
    if code.parse::<phonenumber::country::Id>().is_ok() {
        return Some(code.to_owned());
    }
    let upper = code.trim().to_ascii_uppercase();
    let known = upper.parse::<phonenumber::country::Id>().is_ok().then_some(upper.as_str());
    value.refuse_for("must be the two capital letters of a country, as \"AR\"", &upper, known);
    None
}
