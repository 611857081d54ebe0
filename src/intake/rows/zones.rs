//! Whose clock a row goes by: its own column's, else its country's (or, where that has several, its area's), else the
//! campaign's.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::domain::phone::Phone;

use super::beginning;

mod areas;

/// Country codes and the zone in which (nearly) everybody of the country lives, but for countries of which [`areas`] knows
/// more. A person of the campaign's own country goes by the campaign's zone.
const COUNTRIES: [(&str, &str); 62] = [
    ("54", "America/Argentina/Buenos_Aires"),
    ("598", "America/Montevideo"),
    ("595", "America/Asuncion"),
    ("591", "America/La_Paz"),
    ("56", "America/Santiago"),
    ("51", "America/Lima"),
    ("57", "America/Bogota"),
    ("58", "America/Caracas"),
    ("593", "America/Guayaquil"),
    ("502", "America/Guatemala"),
    ("503", "America/El_Salvador"),
    ("504", "America/Tegucigalpa"),
    ("505", "America/Managua"),
    ("506", "America/Costa_Rica"),
    ("507", "America/Panama"),
    ("34", "Europe/Madrid"),
    ("351", "Europe/Lisbon"),
    ("39", "Europe/Rome"),
    ("33", "Europe/Paris"),
    ("49", "Europe/Berlin"),
    ("41", "Europe/Zurich"),
    ("43", "Europe/Vienna"),
    ("31", "Europe/Amsterdam"),
    ("32", "Europe/Brussels"),
    ("44", "Europe/London"),
    ("353", "Europe/Dublin"),
    ("48", "Europe/Warsaw"),
    ("972", "Asia/Jerusalem"),
    ("91", "Asia/Kolkata"),
    ("81", "Asia/Tokyo"),
    ("27", "Africa/Johannesburg"),
    ("244", "Africa/Luanda"),
    ("258", "Africa/Maputo"),
    ("501", "America/Belize"),
    ("509", "America/Port-au-Prince"),
    ("592", "America/Guyana"),
    ("597", "America/Paramaribo"),
    ("45", "Europe/Copenhagen"),
    ("46", "Europe/Stockholm"),
    ("47", "Europe/Oslo"),
    ("358", "Europe/Helsinki"),
    ("420", "Europe/Prague"),
    ("36", "Europe/Budapest"),
    ("30", "Europe/Athens"),
    ("40", "Europe/Bucharest"),
    ("359", "Europe/Sofia"),
    ("385", "Europe/Zagreb"),
    ("90", "Europe/Istanbul"),
    ("20", "Africa/Cairo"),
    ("212", "Africa/Casablanca"),
    ("234", "Africa/Lagos"),
    ("254", "Africa/Nairobi"),
    ("233", "Africa/Accra"),
    ("65", "Asia/Singapore"),
    ("60", "Asia/Kuala_Lumpur"),
    ("66", "Asia/Bangkok"),
    ("63", "Asia/Manila"),
    ("84", "Asia/Ho_Chi_Minh"),
    ("82", "Asia/Seoul"),
    ("971", "Asia/Dubai"),
    ("966", "Asia/Riyadh"),
    ("92", "Asia/Karachi"),
];

/// Names that are kept with what they mean: more than there are zones. A column of anything else may hold millions.
const MOST_KEPT: usize = 1_000;

/// The zones of a campaign's rows.
pub(super) struct Zones {
    campaign: TimeZone,
    /// Calling code of the campaign's country.
    home: Option<String>,
    named: HashMap<String, Option<TimeZone>>,
    /// Rows whose column names no zone there is, and one such name.
    pub(super) unknown: u64,
    pub(super) unknown_example: Option<String>,
}

impl Zones {
    /// `country` is the campaign's, as `AR`.
    pub(super) fn new(campaign: TimeZone, country: Option<&str>) -> Self {
        let database = &phonenumber::metadata::DATABASE;
        let home = country.and_then(|c| database.by_id(c)).map(|m| m.country_code().to_string());
        Self { campaign, home, named: HashMap::new(), unknown: 0, unknown_example: None }
    }

    /// The zone that a cell names; `None` when it is empty or names none, which is counted.
    pub(super) fn of_cell(&mut self, cell: &str) -> Option<TimeZone> {
        if cell.is_empty() {
            return None;
        }
        let zone = match self.named.get(cell) {
            Some(known) => known.clone(),
            None if self.named.len() >= MOST_KEPT => TimeZone::get(cell).ok(),
            None => self.named.entry(cell.to_owned()).or_insert_with(|| TimeZone::get(cell).ok()).clone(),
        };
        if zone.is_none() {
            self.unknown += 1;
            self.unknown_example.get_or_insert_with(|| beginning(cell).to_owned());
        }
        zone
    }

    /// The campaign's zone: the clock of dates written in the file.
    pub(super) fn campaign(&self) -> TimeZone {
        self.campaign.clone()
    }

    /// The clock of a person whose row names no zone.
    pub(super) fn of_person(&mut self, phone: &Phone) -> TimeZone {
        let digits = phone.digits();
        let of_country = || COUNTRIES.iter().find(|(code, _)| digits.starts_with(code)).map(|(_, zone)| *zone);
        let is_home = self.home.as_ref().is_none_or(|home| digits.starts_with(home));
        let zone = areas::of(digits).or_else(|| if is_home { None } else { of_country() });
        let Some(zone) = zone else { return self.campaign() };
        let known = self.named.entry(zone.to_owned()).or_insert_with(|| TimeZone::get(zone).ok());
        known.clone().unwrap_or_else(|| self.campaign.clone())
    }
}
