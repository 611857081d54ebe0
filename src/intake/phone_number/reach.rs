//! Whether anything, or marketing, is delivered to a number.

use jiff::civil::Date;
use phonenumber::metadata::DATABASE;

use super::country_of;
use crate::domain::phone::Phone;
use crate::domain::reach::{Reach, Reaches};

/// What is not delivered on one day, by the numbers' first digits.
#[derive(Clone, Debug, Default)]
pub struct Closed(Vec<Place>);

#[derive(Clone, Debug)]
struct Place {
    prefix: String,
    /// The country, where others have the same calling code.
    country: Option<String>,
    name: String,
    reach: Reach,
}

impl Closed {
    /// On `day`.
    pub fn on(day: Date, reaches: &Reaches) -> Self {
        Self(reaches.narrowed(day).filter_map(|(place, reach)| Place::of(place, reach)).collect())
    }

    /// Why WhatsApp will not deliver there, as a word of the details; `None`: it does.
    pub fn because(&self, phone: &Phone, marketing: bool) -> Option<String> {
        // Which country a number is of is asked only where it matters: the plan is slow to say.
        let matters =
            |place: &&Place| place.reach == Reach::Nothing || (marketing && place.reach == Reach::NoMarketing);
        let place = self.0.iter().filter(matters).find(|place| place.has(phone))?;
        Some(match place.reach {
            Reach::Nothing => "closed_country".to_owned(),
            Reach::NoMarketing | Reach::Everything => format!("no_marketing_there: {}", place.name),
        })
    }
}

impl Place {
    fn of(name: &str, reach: Reach) -> Option<Self> {
        let name = name.to_owned();
        if let Some(prefix) = name.strip_prefix('+') {
            return Some(Self { prefix: prefix.to_owned(), country: None, name, reach });
        }
        let code = DATABASE.by_id(&name)?.country_code();
        let is_shared = DATABASE.region(&code).is_some_and(|regions| regions.len() > 1);
        Some(Self { prefix: code.to_string(), country: is_shared.then(|| name.clone()), name, reach })
    }

    fn has(&self, phone: &Phone) -> bool {
        phone.digits().starts_with(&self.prefix)
            && self.country.as_ref().is_none_or(|country| country_of(phone).as_ref() == Some(country))
    }
}
