//! Whose clock a row goes by: its own column's, else its country's (or, where that has several, its area's), else the
//! campaign's.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::domain::phone::Phone;

use super::beginning;

mod areas;

/// Country codes and the zone in which (nearly) everybody of the country lives, but for countries of which [`areas`] knows
/// more. From the time zone database's `zone1970.tab` as of 2026-11. People of other countries go by the campaign's clock.
const COUNTRIES: [(&str, &str); 162] = [
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
    ("53", "America/Havana"),
    ("64", "Pacific/Auckland"),
    ("86", "Asia/Shanghai"),
    ("93", "Asia/Kabul"),
    ("94", "Asia/Colombo"),
    ("95", "Asia/Yangon"),
    ("98", "Asia/Tehran"),
    ("213", "Africa/Algiers"),
    ("216", "Africa/Tunis"),
    ("218", "Africa/Tripoli"),
    ("220", "Africa/Banjul"),
    ("221", "Africa/Dakar"),
    ("222", "Africa/Nouakchott"),
    ("223", "Africa/Bamako"),
    ("224", "Africa/Conakry"),
    ("225", "Africa/Abidjan"),
    ("226", "Africa/Ouagadougou"),
    ("227", "Africa/Niamey"),
    ("228", "Africa/Lome"),
    ("229", "Africa/Porto-Novo"),
    ("230", "Indian/Mauritius"),
    ("231", "Africa/Monrovia"),
    ("232", "Africa/Freetown"),
    ("235", "Africa/Ndjamena"),
    ("236", "Africa/Bangui"),
    ("237", "Africa/Douala"),
    ("238", "Atlantic/Cape_Verde"),
    ("239", "Africa/Sao_Tome"),
    ("240", "Africa/Malabo"),
    ("241", "Africa/Libreville"),
    ("242", "Africa/Brazzaville"),
    ("245", "Africa/Bissau"),
    ("249", "Africa/Khartoum"),
    ("250", "Africa/Kigali"),
    ("251", "Africa/Addis_Ababa"),
    ("252", "Africa/Mogadishu"),
    ("253", "Africa/Djibouti"),
    ("255", "Africa/Dar_es_Salaam"),
    ("256", "Africa/Kampala"),
    ("257", "Africa/Bujumbura"),
    ("260", "Africa/Lusaka"),
    ("261", "Indian/Antananarivo"),
    ("263", "Africa/Harare"),
    ("264", "Africa/Windhoek"),
    ("265", "Africa/Blantyre"),
    ("266", "Africa/Maseru"),
    ("267", "Africa/Gaborone"),
    ("268", "Africa/Mbabane"),
    ("297", "America/Aruba"),
    ("350", "Europe/Gibraltar"),
    ("352", "Europe/Luxembourg"),
    ("354", "Atlantic/Reykjavik"),
    ("355", "Europe/Tirane"),
    ("356", "Europe/Malta"),
    ("357", "Asia/Nicosia"),
    ("370", "Europe/Vilnius"),
    ("371", "Europe/Riga"),
    ("372", "Europe/Tallinn"),
    ("373", "Europe/Chisinau"),
    ("374", "Asia/Yerevan"),
    ("375", "Europe/Minsk"),
    ("376", "Europe/Andorra"),
    ("377", "Europe/Monaco"),
    ("378", "Europe/San_Marino"),
    ("380", "Europe/Kyiv"),
    ("381", "Europe/Belgrade"),
    ("382", "Europe/Podgorica"),
    ("386", "Europe/Ljubljana"),
    ("387", "Europe/Sarajevo"),
    ("389", "Europe/Skopje"),
    ("421", "Europe/Bratislava"),
    ("423", "Europe/Vaduz"),
    ("594", "America/Cayenne"),
    ("596", "America/Martinique"),
    ("679", "Pacific/Fiji"),
    ("852", "Asia/Hong_Kong"),
    ("853", "Asia/Macau"),
    ("855", "Asia/Phnom_Penh"),
    ("856", "Asia/Vientiane"),
    ("880", "Asia/Dhaka"),
    ("886", "Asia/Taipei"),
    ("960", "Indian/Maldives"),
    ("961", "Asia/Beirut"),
    ("962", "Asia/Amman"),
    ("963", "Asia/Damascus"),
    ("964", "Asia/Baghdad"),
    ("965", "Asia/Kuwait"),
    ("967", "Asia/Aden"),
    ("968", "Asia/Muscat"),
    ("970", "Asia/Hebron"),
    ("973", "Asia/Bahrain"),
    ("974", "Asia/Qatar"),
    ("975", "Asia/Thimphu"),
    ("977", "Asia/Kathmandu"),
    ("992", "Asia/Dushanbe"),
    ("993", "Asia/Ashgabat"),
    ("994", "Asia/Baku"),
    ("995", "Asia/Tbilisi"),
    ("996", "Asia/Bishkek"),
    ("998", "Asia/Tashkent"),
];

/// Zones beside the one of [`COUNTRIES`] in which people of those countries live, or its other names. Their numbers do not
/// tell which: whose campaign goes by one of them writes to its neighbours. Those of Argentina begin alike.
const OTHERS: [(&str, &str); 19] = [
    ("54", "America/Argentina/"),
    ("54", "America/Buenos_Aires"),
    ("54", "America/Cordoba"),
    ("34", "Atlantic/Canary"),
    ("34", "Africa/Ceuta"),
    ("351", "Atlantic/Azores"),
    ("351", "Atlantic/Madeira"),
    ("56", "America/Punta_Arenas"),
    ("56", "America/Coyhaique"),
    ("56", "Pacific/Easter"),
    ("56", "Chile/"),
    ("593", "Pacific/Galapagos"),
    ("49", "Europe/Busingen"),
    ("44", "Europe/Belfast"),
    ("60", "Asia/Kuching"),
    ("64", "Pacific/Chatham"),
    ("86", "Asia/Urumqi"),
    ("91", "Asia/Calcutta"),
    ("357", "Asia/Famagusta"),
];

/// Names that are kept with what they mean: more than there are zones. A column of anything else may hold millions.
const MOST_KEPT: usize = 1_000;

/// The zones of a campaign's rows.
pub(super) struct Zones {
    campaign: TimeZone,
    named: HashMap<String, Option<TimeZone>>,
    /// Rows whose column names no zone there is, and one such name.
    pub(super) unknown: u64,
    pub(super) unknown_example: Option<String>,
}

impl Zones {
    /// Those of a campaign that goes by `campaign`.
    pub(super) fn new(campaign: TimeZone) -> Self {
        Self { campaign, named: HashMap::new(), unknown: 0, unknown_example: None }
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
        let zone = areas::of(digits).or_else(|| self.of_country(digits));
        let Some(zone) = zone else { return self.campaign() };
        let known = self.named.entry(zone.to_owned()).or_insert_with(|| TimeZone::get(zone).ok());
        known.clone().unwrap_or_else(|| self.campaign.clone())
    }

    /// The zone of a number's country; `None` where it is not known, or the campaign goes by a clock of that country.
    fn of_country(&self, digits: &str) -> Option<&'static str> {
        let (code, zone) = COUNTRIES.iter().find(|(code, _)| digits.starts_with(code))?;
        let own = self.campaign.iana_name().unwrap_or_default();
        let is_own = OTHERS.iter().any(|(of, other)| of == code && own.starts_with(other));
        (!is_own).then_some(*zone)
    }
}

/// Name of a time zone in the IANA database.
pub(super) fn name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}
