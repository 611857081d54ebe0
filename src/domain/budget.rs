//! Budgets of campaigns. Arithmetic only.

use std::fmt;

use jiff::tz::TimeZone;

use super::money::{Currency, Micros};
use super::time::UnixMs;

/// What a campaign may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// At most this.
    pub amount: Micros,
    /// In this currency, which must be the account's.
    pub currency: Currency,
    /// Begins anew each month of the account's zone; else once for the whole campaign.
    pub monthly: bool,
}

impl Budget {
    /// Reads `150 USD` or `150 USD per month`.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that begins with the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (amount, currency, monthly) = match words[..] {
            [amount, currency] => (amount, currency, false),
            [amount, currency, "per", "month"] => (amount, currency, true),
            _ => return Err("must be an amount and a currency, as \"150 USD\" or \"150 USD per month\"".to_owned()),
        };
        let amount = Micros::parse(amount).filter(|amount| amount.0 > 0);
        let amount = amount.ok_or("must begin with an amount above 0, as \"150\" or \"99.50\"")?;
        let currency = Currency::parse(currency)
            .map_err(|_| "must name a currency of three capital letters, as \"USD\"".to_owned())?;
        Ok(Self { amount, currency, monthly })
    }

    /// The month it counts in on `day` (`2026-11-24`), as `2026-11`; empty for a budget of the whole campaign.
    pub fn period(&self, day: &str) -> String {
        if self.monthly { day.get(..7).unwrap_or(day).to_owned() } else { String::new() }
    }

    /// What is left of it after `spent`; never negative.
    pub fn left(&self, spent: Micros) -> Micros {
        Micros(self.amount.0.saturating_sub(spent.0).max(0))
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)?;
        if self.monthly { f.write_str(" per month") } else { Ok(()) }
    }
}

/// When the months after the one of `now` begin in `zone`, as many as are asked for.
pub fn next_months(now: UnixMs, zone: &TimeZone) -> impl Iterator<Item = UnixMs> + '_ {
    let this = now.in_zone(zone).date().first_of_month();
    (1_i64..).map_while(move |month| {
        let day = this.checked_add(jiff::Span::new().months(month)).ok()?;
        Some(UnixMs::from(day.to_zoned(zone.clone()).ok()?.timestamp()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_budget_is_an_amount_a_currency_and_perhaps_a_month() {
        let usd = Currency::parse("USD").unwrap();
        let once = Budget { amount: Micros(150_000_000), currency: usd, monthly: false };
        assert_eq!(Budget::parse("150 USD"), Ok(once));
        assert_eq!(Budget::parse("150  USD per month"), Ok(Budget { monthly: true, ..once }));
        assert_eq!(Budget::parse("99.50 USD").map(|b| b.amount), Ok(Micros(99_500_000)));
        for wrong in ["150", "USD 150", "150 usd", "0 USD", "-5 USD", "150 USD per week", "150 USD monthly", ""] {
            assert!(Budget::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_monthly_budget_counts_in_the_month_of_the_day() {
        let budget = Budget::parse("1 USD per month").unwrap();
        assert_eq!(budget.period("2026-11-24"), "2026-11");
        assert_eq!(Budget { monthly: false, ..budget }.period("2026-11-24"), "");
    }

    #[test]
    fn the_coming_months_begin_at_midnight_of_the_zone() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let at = |text: &str| UnixMs::from(text.parse::<jiff::Timestamp>().unwrap());
        let months: Vec<UnixMs> = next_months(at("2026-11-30T23:00:00-03:00"), &zone).take(2).collect();
        assert_eq!(months, [at("2026-12-01T00:00:00-03:00"), at("2027-01-01T00:00:00-03:00")]);
    }

    proptest! {
        #[test]
        fn a_budget_is_read_as_it_is_written(amount in 1_i64..1_000_000_000_000, monthly: bool) {
            let budget = Budget { amount: Micros(amount), currency: Currency::parse("BRL").unwrap(), monthly };
            prop_assert_eq!(Budget::parse(&budget.to_string()), Ok(budget));
        }

        #[test]
        fn what_is_left_and_what_is_spent_never_exceed_the_budget(amount in 1_i64..1_000_000, spent in 0_i64..2_000_000) {
            let budget = Budget { amount: Micros(amount), currency: Currency::parse("USD").unwrap(), monthly: false };
            let left = budget.left(Micros(spent));
            prop_assert!(left.0 >= 0 && (left.0 == 0 || left.plus(Micros(spent)) == budget.amount));
        }
    }
}
