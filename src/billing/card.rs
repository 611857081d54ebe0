//! Rate cards: the provider's list price per delivered message, by currency, market and category, with the day each
//! card takes effect (cloud-api.md 7.4), or what the operator gives instead. List rates: volume discounts are not
//! modelled, so an estimate is never too low.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::card_file;
use super::market::{self, Market, OTHER};
use crate::config::{ConfigError, RateCard};
use crate::domain::money::{Currency, Micros};
use crate::domain::template::Category;

/// Currency, first day in effect, card. A currency is listed only when its card is complete.
const EMBEDDED: &[(&str, &str, &str)] = &[
    ("USD", "2026-07-01", include_str!("data/usd_2026-07-01.csv")),
    ("USD", "2026-10-01", include_str!("data/usd_2026-10-01.csv")),
];

/// How a rate that does not exist is written; it is not a rate of zero.
pub(super) const NO_RATE: &str = "n/a";

/// What a message is priced as: the template's category, or what the provider says instead.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PricedAs {
    /// Marketing.
    Marketing,
    /// Utility.
    Utility,
    /// Authentication.
    Authentication,
    /// Authentication of a business from another country, in the markets that have such a rate.
    AuthenticationInternational,
    /// Free-form messages.
    Service,
}

impl PricedAs {
    /// Columns of a card, in order.
    pub(super) const COLUMNS: [Self; 5] =
        [Self::Marketing, Self::Utility, Self::Authentication, Self::AuthenticationInternational, Self::Service];

    /// The word in database, API and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
            Self::AuthenticationInternational => "authentication_international",
            Self::Service => "service",
        }
    }

    /// From the provider's `pricing.category` (cloud-api.md 3.4): groups and lite have the list price of what they
    /// are a kind of. `None`: a word without a list price.
    pub fn of_word(word: &str) -> Option<Self> {
        match word.replace('-', "_").to_ascii_lowercase().as_str() {
            "marketing" | "marketing_lite" | "group_marketing" => Some(Self::Marketing),
            "utility" | "group_utility" => Some(Self::Utility),
            "authentication" => Some(Self::Authentication),
            "authentication_international" => Some(Self::AuthenticationInternational),
            "service" | "group_service" => Some(Self::Service),
            _ => None,
        }
    }
}

impl From<Category> for PricedAs {
    fn from(category: Category) -> Self {
        match category {
            Category::Marketing => Self::Marketing,
            Category::Utility => Self::Utility,
            Category::Authentication => Self::Authentication,
            Category::Service => Self::Service,
        }
    }
}

/// Rates in the order of the columns.
pub(super) type Rates = [Option<Micros>; PricedAs::COLUMNS.len()];

/// The rates of every market.
type Card = BTreeMap<&'static str, Rates>;

/// All cards: those of this build, and the configuration's.
#[derive(Clone, Debug)]
pub struct Cards(BTreeMap<Currency, BTreeMap<String, Card>>);

impl Cards {
    /// The cards of this build with those that the configuration gives; one of the same currency and day stands in the
    /// place of the build's.
    ///
    /// # Errors
    /// Everything that is wrong in the files of the configuration's.
    pub fn of(given: &[RateCard]) -> Result<Self, ConfigError> {
        let embedded = EMBEDDED.iter().map(|(currency, from, csv)| {
            let currency = Currency::parse(currency).expect("the embedded cards are named by their currency");
            (currency, *from, *from, *csv)
        });
        let given = given.iter().map(|card| (card.currency, &*card.from, &*card.name, &*card.text));
        let mut cards: BTreeMap<Currency, BTreeMap<String, Card>> = BTreeMap::new();
        let mut problems = Vec::new();
        for (currency, from, name, text) in embedded.chain(given) {
            match card_file::read(name, text) {
                Ok(rows) => {
                    cards.entry(currency).or_default().insert(from.to_owned(), whole(&rows, from));
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(Self(cards)) } else { Err(ConfigError::Problems(problems)) }
    }

    /// True when there is a card of that currency.
    pub fn has(&self, currency: Currency) -> bool {
        self.0.contains_key(&currency)
    }

    /// First day of the latest card in effect on `day`; `None`: no card of that currency is.
    pub fn in_effect(&self, currency: &str, day: &str) -> Option<&str> {
        self.latest(Currency::parse(currency).ok()?, day).map(|(from, _)| from)
    }

    fn latest(&self, currency: Currency, day: &str) -> Option<(&str, &Card)> {
        let until_day = (Bound::Unbounded, Bound::Included(day));
        let (from, card) = self.0.get(&currency)?.range::<str, _>(until_day).next_back()?;
        Some((from, card))
    }

    /// First days of the cards that take effect after `from` and not later than `until`.
    pub fn changes<'a>(&'a self, currency: Currency, from: &str, until: &str) -> Vec<&'a str> {
        let days = self.0.get(&currency).into_iter().flat_map(BTreeMap::keys).map(String::as_str);
        days.filter(|day| *day > from && *day <= until).collect()
    }

    /// The price of one delivered message by the latest card in effect on `day`, a day of the account's zone.
    pub fn rate(&self, currency: Currency, market: &str, category: Category, day: &str) -> Option<Micros> {
        self.rate_as(currency, market, category.into(), day)
    }

    /// The same for what the provider says it is priced as.
    pub fn rate_as(&self, currency: Currency, market: &str, priced: PricedAs, day: &str) -> Option<Micros> {
        let (_, card) = self.latest(currency, day)?;
        let rates = card.get(market)?;
        let column = PricedAs::COLUMNS.iter().position(|c| *c == priced)?;
        // A market without a rate of its own for foreign businesses has one authentication rate for all.
        match (rates[column], priced) {
            (None, PricedAs::AuthenticationInternational) => {
                self.rate_as(currency, market, PricedAs::Authentication, day)
            }
            (rate, _) => rate,
        }
    }
}

/// A row for every market of a card of `from`: its own, that of what it was billed as then, or that of all the others.
fn whole(rows: &Card, from: &str) -> Card {
    let rates = |market: Market| {
        let market = market.as_str();
        rows.get(market).or_else(|| rows.get(market::billed_as(market, from).as_str())).or_else(|| rows.get(OTHER))
    };
    Market::all().filter_map(|market| Some((market.as_str(), *rates(market)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn usd(market: &str, category: Category, day: &str) -> Option<String> {
        let usd = Currency::parse("USD").unwrap();
        Cards::of(&[]).unwrap().rate(usd, market, category, day).map(|r| r.to_string())
    }

    #[test]
    fn a_card_has_a_row_for_every_market_of_its_day() {
        for (currency, from, csv) in EMBEDDED {
            let listed: BTreeSet<_> = card_file::read(from, csv).unwrap().into_keys().map(str::to_owned).collect();
            let needed: BTreeSet<_> = Market::all().map(|m| market::billed_as(m.as_str(), from)).collect();
            assert_eq!(listed, needed, "{currency} {from}");
        }
    }

    #[test]
    fn the_rate_of_a_day_is_that_of_the_latest_card_in_effect() {
        for (market, category, day, expected) in [
            ("mexico", Category::Marketing, "2026-09-30", Some("0.0305")),
            ("mexico", Category::Marketing, "2026-10-01", Some("0.0397")),
            ("mexico", Category::Marketing, "2027-03-31", Some("0.0397")),
            ("argentina", Category::Utility, "2026-11-24", Some("0.026")),
            ("argentina", Category::Service, "2026-09-30", None),
            ("argentina", Category::Service, "2026-10-01", Some("0.026")),
            ("argentina", Category::Utility, "2026-06-30", None),
            ("bangladesh", Category::Marketing, "2026-07-01", Some("0.0732")),
            ("bangladesh", Category::Utility, "2026-09-30", Some("0.0113")),
            ("bangladesh", Category::Utility, "2026-10-01", Some("0.0037")),
            ("atlantis", Category::Utility, "2026-10-01", None),
        ] {
            assert_eq!(usd(market, category, day).as_deref(), expected, "{market} {category:?} {day}");
        }
    }

    #[test]
    fn a_currency_without_a_complete_card_has_none() {
        let cards = Cards::of(&[]).unwrap();
        let brl = Currency::parse("BRL").unwrap();
        assert!(!cards.has(brl));
        assert_eq!(cards.rate(brl, "brazil", Category::Utility, "2026-11-24"), None);
    }

    #[test]
    fn international_authentication_has_its_own_rate_only_where_the_card_lists_one() {
        let cards = Cards::of(&[]).unwrap();
        let usd = Currency::parse("USD").unwrap();
        let priced = PricedAs::of_word("authentication-international").unwrap();
        assert_eq!(cards.rate_as(usd, "india", priced, "2026-11-24"), Micros::parse("0.0304"));
        assert_eq!(cards.rate_as(usd, "argentina", priced, "2026-11-24"), Micros::parse("0.0260"));
    }
}
