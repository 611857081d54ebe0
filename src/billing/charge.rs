//! What a message did cost: decided by its receipts, booked on the day of its delivery.
//!
//! The provider charges what it delivers, and says in `pricing` how (cloud-api.md 3.4): on `sent` and on one of
//! `delivered` and `read`, though it may be missing from any of them. So a message is charged by its first receipt that
//! says it arrived, by the price told with it or before it; where none was told, by what was estimated, and the entry
//! says so until a later receipt tells.

use jiff::tz::TimeZone;

use super::card::{Cards, PricedAs};
use crate::domain::event::{Receipt, ReceiptStatus};
use crate::domain::money::{Currency, Micros};
use crate::domain::template::Category;

/// Mark of a charge that no receipt has told the price of.
const ASSUMED: &str = "assumed";
/// What an answer is booked as that the month gives for free and that no receipt has told the price of.
const FREE_ANSWER: &str = "service:free_a_month";
/// Meta's `pricing.type` of what is charged.
const REGULAR: &str = "regular";

/// What is known of a message's price before its receipts.
#[derive(Clone, Debug)]
pub struct Priced {
    /// The account's currency.
    pub currency: Currency,
    /// The person's market.
    pub market: String,
    /// The template's category, or service for free-form messages.
    pub category: Category,
    /// What was estimated.
    pub estimated: Micros,
}

/// An entry of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Charge {
    /// How much; zero for what the provider gives for free. Never negative.
    pub amount: Micros,
    /// What it was charged as (`charged_as`): a category, `utility:free_entry_point` for what was free and why, or
    /// `utility:assumed` where the provider told no price.
    pub category: String,
    /// The day of the delivery in the account's zone, as `2026-11-24`.
    pub day: String,
}

/// The charge that `receipt` brings; where an earlier one told the price, with that in its place. `None`: it charges
/// nothing, because it says of no arrival, or because a free-form message is charged only when the provider says so; one of
/// those that are free is booked as that.
pub fn of_receipt(cards: &Cards, priced: &Priced, receipt: &Receipt, zone: &TimeZone) -> Option<Charge> {
    if !matches!(receipt.status, ReceiptStatus::Delivered | ReceiptStatus::Read | ReceiptStatus::Played) {
        return None;
    }
    let day = receipt.at.day_in(zone);
    let Some(pricing) = &receipt.pricing else {
        // One of the free answers of the month is booked as what it is: some providers tell no prices at all.
        let is_free = priced.category == Category::Service && priced.estimated == Micros(0);
        return match priced.category {
            Category::Service if is_free => Some(Charge { amount: Micros(0), category: FREE_ANSWER.to_owned(), day }),
            Category::Service => None,
            _ => Some(assumed(cards, priced, day)),
        };
    };
    if pricing.kind.starts_with("free") || pricing.billable == Some(false) {
        let category = PricedAs::of_word(&pricing.category).unwrap_or(priced.category.into());
        let why = if pricing.kind.starts_with("free") { &pricing.kind } else { "free" };
        return Some(Charge { amount: Micros(0), category: format!("{}:{why}", category.as_str()), day });
    }
    // A price told for this very message is the price.
    if let Some(cost) = pricing.cost.as_ref().filter(|cost| cost.currency == priced.currency.as_str()) {
        let category = PricedAs::of_word(&pricing.category).unwrap_or(priced.category.into());
        return Some(Charge { amount: cost.amount, category: category.as_str().to_owned(), day });
    }
    let known = PricedAs::of_word(&pricing.category).filter(|_| pricing.kind == REGULAR);
    let rate = known.and_then(|c| Some((c, cards.rate_as(priced.currency, &priced.market, c, &day)?)));
    Some(match rate {
        Some((category, amount)) => Charge { amount, category: category.as_str().to_owned(), day },
        None => assumed(cards, priced, day),
    })
}

fn assumed(cards: &Cards, priced: &Priced, day: String) -> Charge {
    let rate = cards.rate(priced.currency, &priced.market, priced.category, &day);
    let amount = rate.unwrap_or(priced.estimated).max(Micros(0));
    Charge { amount, category: format!("{}:{ASSUMED}", priced.category.as_str()), day }
}
