//! Where WhatsApp does not deliver what businesses send: facts of the platform, which every provider relays, with the day
//! from which each holds and where it is written. The operator may say otherwise.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

/// What is delivered to a country.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Everything.
    Everything,
    /// Everything but marketing.
    NoMarketing,
    /// Nothing.
    Nothing,
}

/// A fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fact {
    /// ISO 3166 code, or a number's first digits with `+` for a part of a country.
    pub place: &'static str,
    /// What is delivered.
    pub reach: Reach,
    /// From when on; `None`: as long as the platform exists.
    pub since: Option<Date>,
    /// Where it is written.
    pub source: &'static str,
}

const SANCTIONS: &str = "Meta's support page on countries without the platform, read 2026-10 (cloud-api.md 8.3)";

/// What is known, as of 2026-10.
pub const FACTS: [Fact; 10] = [
    Fact { place: "CU", reach: Reach::Nothing, since: None, source: SANCTIONS },
    Fact { place: "IR", reach: Reach::Nothing, since: None, source: SANCTIONS },
    Fact { place: "KP", reach: Reach::Nothing, since: None, source: SANCTIONS },
    Fact { place: "SY", reach: Reach::Nothing, since: None, source: SANCTIONS },
    // Crimea's mobiles and fixed lines, with Sevastopol, in both plans; those of Donetsk and Luhansk have no code of their own.
    Fact { place: "+7978", reach: Reach::Nothing, since: None, source: SANCTIONS },
    Fact { place: "+7365", reach: Reach::Nothing, since: None, source: SANCTIONS },
    Fact { place: "+7869", reach: Reach::Nothing, since: None, source: SANCTIONS },
    Fact { place: "+38065", reach: Reach::Nothing, since: None, source: SANCTIONS },
    Fact { place: "+380692", reach: Reach::Nothing, since: None, source: SANCTIONS },
    Fact {
        place: "US",
        reach: Reach::NoMarketing,
        since: Some(date(2025, 4, 1)),
        source: "Meta's pages on marketing templates of 2026-04-29 and 2026-06-17 (cloud-api.md 8.3)",
    },
];

/// What is delivered where, by place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reaches(BTreeMap<String, (Reach, Option<Date>)>);

impl Default for Reaches {
    /// The known facts.
    fn default() -> Self {
        Self(FACTS.iter().map(|fact| (fact.place.to_owned(), (fact.reach, fact.since))).collect())
    }
}

impl Reaches {
    /// Says otherwise of a place.
    pub fn set(&mut self, place: String, reach: Reach, since: Option<Date>) {
        self.0.insert(place, (reach, since));
    }

    /// Places to which not everything is delivered on `day`.
    pub fn narrowed(&self, day: Date) -> impl Iterator<Item = (&str, Reach)> {
        let holds = move |since: Option<Date>| since.is_none_or(|since| since <= day);
        let narrowed = self.0.iter().filter(move |(_, (reach, since))| *reach != Reach::Everything && holds(*since));
        narrowed.map(|(place, (reach, _))| (place.as_str(), *reach))
    }
}
