//! `[[rate_card]]`: what the provider charges, in a file beside the configuration. Here the file is only fetched; its
//! rows are read where markets are known (`billing::card_file`).

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;

use super::provider;
use super::toml_file::{Table, Value};
use crate::domain::money::Currency;

/// A rate card that the operator gives.
#[derive(Clone, Debug)]
pub struct RateCard {
    /// What its amounts are.
    pub currency: Currency,
    /// The first day on which it holds, as `2026-01-01`.
    pub from: String,
    /// The file, as problems say it.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Every `[[rate_card]]`; `base` is the configuration's folder.
pub(super) fn read(value: &Value<'_, '_>, base: &Path) -> Option<Vec<RateCard>> {
    let mut taken = BTreeSet::new();
    value.tables(|table| card(table, base, &mut taken))?.into_iter().collect()
}

fn card(table: &mut Table<'_, '_>, base: &Path, taken: &mut BTreeSet<(Currency, String)>) -> Option<RateCard> {
    let currency = table.need("currency").and_then(|v| v.parsed(provider::currency));
    let from = table.need("from").and_then(|v| Some((day(&v)?, v)));
    let file = table.need("file").and_then(|v| file(&v, base));
    let ((from, place), (name, text), currency) = (from?, file?, currency?);
    if !taken.insert((currency, from.clone())) {
        place.refuse(&format!("is there twice in {}: one card for each currency and first day", currency.as_str()));
        return None;
    }
    Some(RateCard { currency, from, name, text })
}

fn day(value: &Value<'_, '_>) -> Option<String> {
    let day: Date = value.parsed(|text| {
        Date::strptime("%Y-%m-%d", text).map_err(|_| "must be the first day on which it holds, as \"2026-01-01\"")
    })?;
    Some(day.to_string())
}

fn file(value: &Value<'_, '_>, base: &Path) -> Option<(String, String)> {
    let path = base.join(value.text()?);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some((path.display().to_string(), text)),
        Err(error) => {
            value.refuse(&format!("cannot be read: {}: {error}", path.display()));
            None
        }
    }
}
