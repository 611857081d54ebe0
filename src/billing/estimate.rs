//! What a message will cost, before anybody knows whether it arrives.

use super::card::Cards;
use crate::domain::money::{Currency, Micros};
use crate::domain::template::Category;

/// The price of one message if it is delivered on `day` (a day of the account's zone); `None` without a rate.
pub fn estimate(cards: &Cards, currency: Currency, market: &str, category: Category, day: &str) -> Option<Micros> {
    cards.rate(currency, market, category, day)
}

/// What a message may cost at most: the provider may bill a template as marketing, and the message may arrive on any
/// day from `from` until its time to live ends on `until`. This is what is reserved.
pub fn worst(
    cards: &Cards,
    currency: Currency,
    market: &str,
    category: Category,
    from: &str,
    until: &str,
) -> Option<Micros> {
    let mut days = cards.changes(currency, from, until);
    days.push(from);
    let categories = match category {
        // A free-form message is no template: nobody can bill it as marketing.
        Category::Service => [Category::Service, Category::Service],
        _ => [category, Category::Marketing],
    };
    days.iter().flat_map(|day| categories.map(|c| cards.rate(currency, market, c, day))).flatten().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_price_looks_at_marketing_and_at_the_rates_that_begin_before_the_time_to_live_ends() {
        let cards = Cards::of(&[]).unwrap();
        let usd = Currency::parse("USD").unwrap();
        let worst = |market, category, from, until| worst(&cards, usd, market, category, from, until);
        for (market, category, from, until, expected) in [
            ("mexico", Category::Utility, "2026-09-20", "2026-09-30", "0.0305"),
            ("mexico", Category::Utility, "2026-09-20", "2026-10-20", "0.0397"),
            ("turkey", Category::Authentication, "2026-11-24", "2026-12-24", "0.0109"),
            ("argentina", Category::Service, "2026-11-24", "2026-11-25", "0.0260"),
        ] {
            assert_eq!(worst(market, category, from, until), Micros::parse(expected), "{market} {from} {until}");
        }
    }

    #[test]
    fn no_estimate_is_above_the_worst_price() {
        let cards = Cards::of(&[]).unwrap();
        let usd = Currency::parse("USD").unwrap();
        for market in crate::billing::market::Market::all() {
            for category in [Category::Marketing, Category::Utility, Category::Authentication, Category::Service] {
                let (day, later) = ("2026-11-24", "2026-12-24");
                let likely = estimate(&cards, usd, market.as_str(), category, day);
                assert!(likely.is_some() && likely <= worst(&cards, usd, market.as_str(), category, day, later));
            }
        }
    }
}
