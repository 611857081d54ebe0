//! Cost before sending, as a range.
//!
//! The provider charges what it delivers, so the range is about how much that will be:
//! - **low**: a bad day: of marketing 70 % arrive, of everything else 85 %, at the rates of the day they are due;
//! - **likely**: of marketing 85 % arrive (people over Meta's marketing cap get nothing, cloud-api.md 8.1), of
//!   everything else 95 %, at the same rates;
//! - **high**: every message arrives, each at the worst price it may be billed at: what is reserved when it is sent.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use serde::Serialize;

use crate::billing::card::Cards;
use crate::billing::estimate;
use crate::billing::market::Market;
use crate::config::Account;
use crate::domain::money::{Currency, Micros};
use crate::domain::template::{Category, Template};

/// Meta keeps trying for 30 days unless the template says otherwise.
const DEFAULT_TIME_TO_LIVE_DAYS: i64 = 30;
const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

/// How many messages go to a market on a day (of the account's zone).
pub(super) type Tally = BTreeMap<(Market, String), i64>;

/// What a run costs. All of one currency; nothing is known where there is no rate card.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Cost {
    /// ISO 4217; the account's.
    pub currency: String,
    /// A bad day.
    #[serde(serialize_with = "decimal")]
    pub low: Option<Micros>,
    /// What to expect.
    #[serde(serialize_with = "decimal")]
    pub likely: Option<Micros>,
    /// It cannot cost more.
    #[serde(serialize_with = "decimal")]
    pub high: Option<Micros>,
    /// Messages in a hundred that `low` and `likely` reckon to be delivered.
    pub delivered_percent: Shares,
    /// Messages and likely cost per market, the dearest first.
    pub markets: Vec<MarketCost>,
}

impl Cost {
    /// The same where nothing can be said of the amounts.
    pub(super) fn unknown(self) -> Self {
        Self { low: None, likely: None, high: None, markets: Vec::new(), ..self }
    }

    /// What so many messages will probably take from the prepaid wallet of `account`, the provider's own fee included;
    /// `None`: it has none, or nothing is known.
    pub(super) fn of_wallet(&self, account: &Account, messages: i64) -> Option<Micros> {
        let (_, fee) = account.access.wallet_terms()?;
        Some(self.likely?.plus(fee.times(messages)))
    }
}

/// One market's part of the cost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MarketCost {
    /// The market.
    pub market: String,
    /// Messages to it.
    pub messages: i64,
    /// What to expect.
    #[serde(serialize_with = "decimal")]
    pub likely: Option<Micros>,
}

/// Amounts leave as decimals in text, so that no reader turns them into floats.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn decimal<S: serde::Serializer>(amount: &Option<Micros>, to: S) -> Result<S::Ok, S::Error> {
    match amount {
        Some(amount) => to.serialize_str(&amount.to_string()),
        None => to.serialize_none(),
    }
}

/// What a message is billed as, in what, and for how long it may arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Billing<'a> {
    pub cards: &'a Cards,
    pub currency: Currency,
    pub category: Category,
    /// `None`: the provider's default.
    pub time_to_live_s: Option<i64>,
}

/// Messages in a hundred that are delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Shares {
    /// On a bad day.
    pub low: i64,
    /// Usually.
    pub likely: i64,
}

/// Rules of thumb: the provider publishes none.
const fn shares(category: Category) -> Shares {
    match category {
        Category::Marketing => Shares { low: 70, likely: 85 },
        _ => Shares { low: 85, likely: 95 },
    }
}

/// The range for `tally`; amounts are `None` when a rate is missing.
pub(super) fn range(billing: Billing<'_>, tally: &Tally) -> Cost {
    let shares = shares(billing.category);
    let full = |category, ((market, day), count): (&(Market, String), &i64)| {
        let rate = estimate::estimate(billing.cards, billing.currency, market.as_str(), category, day)?;
        Some(rate.times(*count))
    };
    let each = |entry| full(billing.category, entry);
    let worst = |((market, day), count): (&(Market, String), &i64)| {
        let until = last_day(day, billing.time_to_live_s);
        let (cards, currency) = (billing.cards, billing.currency);
        let rate = estimate::worst(cards, currency, market.as_str(), billing.category, day, &until)?;
        Some(rate.times(*count))
    };
    let delivered: Option<Micros> = tally.iter().map(each).try_fold(Micros(0), |sum, a| Some(sum.plus(a?)));
    let high: Option<Micros> = tally.iter().map(worst).try_fold(Micros(0), |sum, a| Some(sum.plus(a?)));
    let mut markets: BTreeMap<Market, (i64, Option<Micros>)> = BTreeMap::new();
    for entry in tally {
        let (count, sum) = markets.entry(entry.0.0).or_insert((0, Some(Micros(0))));
        *count += entry.1;
        *sum = sum.zip(each(entry)).map(|(sum, amount)| sum.plus(amount));
    }
    let mut markets: Vec<MarketCost> = markets
        .into_iter()
        .map(|(market, (messages, sum))| MarketCost {
            market: market.as_str().to_owned(),
            messages,
            likely: sum.map(|sum| share(sum, shares.likely)),
        })
        .collect();
    markets.sort_by(|a, b| b.likely.cmp(&a.likely).then(b.messages.cmp(&a.messages)));
    Cost {
        currency: billing.currency.to_string(),
        low: delivered.map(|sum| share(sum, shares.low)),
        likely: delivered.map(|sum| share(sum, shares.likely)),
        high,
        delivered_percent: shares,
        markets,
    }
}

impl Cost {
    /// Both together: of messages that are billed differently. The shares stay those of the first.
    pub(super) fn plus(mut self, other: Self) -> Self {
        let sum = |a: Option<Micros>, b: Option<Micros>| Some(a?.plus(b?));
        self.low = sum(self.low, other.low);
        self.likely = sum(self.likely, other.likely);
        self.high = sum(self.high, other.high);
        for more in other.markets {
            match self.markets.iter_mut().find(|known| known.market == more.market) {
                Some(known) => {
                    known.messages += more.messages;
                    known.likely = sum(known.likely, more.likely);
                }
                None => self.markets.push(more),
            }
        }
        self.markets.sort_by(|a, b| b.likely.cmp(&a.likely).then(b.messages.cmp(&a.messages)));
        self
    }
}

/// The range for so many messages of a template to each market, all sent on `day` (of the account's zone).
pub fn of_markets(
    cards: &Cards,
    currency: Currency,
    template: &Template,
    day: &str,
    messages: &BTreeMap<Market, i64>,
) -> Cost {
    let tally = messages.iter().map(|(market, n)| ((*market, day.to_owned()), *n)).collect();
    let (category, time_to_live_s) = (template.category, template.time_to_live_s);
    range(Billing { cards, currency, category, time_to_live_s }, &tally)
}

/// `per_cent` of `amount`, rounded half up.
fn share(amount: Micros, per_cent: i64) -> Micros {
    Micros(i64::try_from((i128::from(amount.0) * i128::from(per_cent) + 50) / 100).unwrap_or(i64::MAX))
}

/// The last day on which a message due on `day` may still arrive.
fn last_day(day: &str, time_to_live_s: Option<i64>) -> String {
    let days = time_to_live_s.map_or(DEFAULT_TIME_TO_LIVE_DAYS, |s| s.div_euclid(SECONDS_OF_A_DAY) + 1);
    let date: Option<Date> = day.parse().ok();
    let last = date.map(|d| d.saturating_add(Span::new().days(days.clamp(0, 365))));
    last.map_or_else(|| day.to_owned(), |d| d.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::billing::market;
    use crate::domain::phone::Phone;

    fn market(number: &str) -> Market {
        market::of(&Phone::from_international(number).unwrap())
    }

    fn usd(category: Category, tally: &Tally) -> Cost {
        let cards = Cards::of(&[]).unwrap();
        let currency = Currency::parse("USD").unwrap();
        range(Billing { cards: &cards, currency, category, time_to_live_s: None }, tally)
    }

    #[test]
    fn the_range_goes_from_what_is_not_delivered_to_everything_at_the_worst_price() {
        let tally = Tally::from([((market("5491155550123"), "2026-11-24".to_owned()), 1000)]);
        let cost = usd(Category::Utility, &tally);
        let amounts = [cost.low, cost.likely, cost.high].map(|a| a.unwrap().to_string());
        assert_eq!(amounts, ["22.10", "24.70", "61.80"]);
    }

    #[test]
    fn a_day_before_the_first_card_has_no_cost_rather_than_none_at_all() {
        let tally = Tally::from([((market("5491155550123"), "2025-11-24".to_owned()), 1000)]);
        let cost = usd(Category::Utility, &tally);
        assert_eq!((cost.low, cost.high), (None, None));
        assert_eq!(cost.markets[0].messages, 1000);
    }

    #[test]
    fn the_worst_price_sees_a_card_that_begins_before_the_time_to_live_ends() {
        let tally = Tally::from([((market("525512345678"), "2026-09-15".to_owned()), 100)]);
        assert_eq!(usd(Category::Marketing, &tally).high, Micros::parse("3.97"));
    }

    proptest! {
        #[test]
        fn low_is_at_most_likely_and_likely_at_most_high(
            counts in prop::collection::vec(("[1-9][0-9]{9}", 1_i64..1_000_000), 0..20),
            marketing in any::<bool>(),
        ) {
            let category = if marketing { Category::Marketing } else { Category::Utility };
            let mut tally = Tally::new();
            for (number, count) in counts {
                *tally.entry((market(&number), "2026-11-24".to_owned())).or_default() += count;
            }
            let cost = usd(category, &tally);
            prop_assert!(cost.low <= cost.likely && cost.likely <= cost.high && cost.low >= Some(Micros(0)));
        }
    }
}
