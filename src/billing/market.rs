//! Markets: the provider prices a message by where its person's number is from (cloud-api.md 7.5).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use crate::domain::phone::Phone;
use crate::domain::recipient::Recipient;
use crate::intake::phone_number;

/// Where a number that matches no calling code belongs.
pub(super) const OTHER: &str = "other";
/// The longest prefix in the table, as `1809`.
const LONGEST_PREFIX: usize = 4;

static CALLING_CODES: &str = include_str!("data/calling_codes.csv");
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(CALLING_CODES));

/// A market's word, as `argentina` or `rest_of_latin_america`: the same in database, API and exports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Market(&'static str);

impl Market {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The market of that word.
    pub fn named(word: &str) -> Option<Self> {
        TABLE.markets.get_key_value(word).map(|(word, _)| Self(word))
    }

    /// Every market, by its word.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.markets.keys().map(|word| Self(word))
    }
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The market of a number: the longest calling code that it starts with.
pub fn of(phone: &Phone) -> Market {
    let digits = phone.digits();
    let longest = LONGEST_PREFIX.min(digits.len());
    let found = (1..=longest).rev().find_map(|length| TABLE.codes.get(&digits[..length]));
    Market(found.copied().unwrap_or(OTHER))
}

/// The market of whoever a message goes to: of a person without a number, their country's.
pub fn of_recipient(to: &Recipient) -> Market {
    match to {
        Recipient::Phone(phone) => of(phone),
        Recipient::User(_) => {
            let code = to.country().and_then(phone_number::calling_code);
            // Only the code counts; the digits after it are nobody's.
            let number = code.and_then(|code| Phone::from_international(&format!("{code}0000000")));
            number.map_or(Market(OTHER), |number| of(&number))
        }
    }
}

/// The market under which `market` is found in a card of `day` (`2026-09-30`): markets that got a row of their own
/// later were billed as another until then.
pub fn billed_as(market: &str, day: &str) -> String {
    match TABLE.markets.get(market) {
        Some(own) if day < own.from && !own.before.is_empty() => own.before.to_owned(),
        _ => market.to_owned(),
    }
}

struct Table {
    codes: BTreeMap<&'static str, &'static str>,
    markets: BTreeMap<&'static str, OwnRow>,
}

struct OwnRow {
    from: &'static str,
    before: &'static str,
}

impl Table {
    fn read(csv: &'static str) -> Self {
        let mut table = Self { codes: BTreeMap::new(), markets: BTreeMap::new() };
        for line in csv.lines().filter(|l| !l.starts_with('#')).skip(1) {
            let cells: Vec<&'static str> = line.split(',').collect();
            let [code, market, from, before] = cells[..] else {
                unreachable!("a test reads every line of calling_codes.csv: {line}")
            };
            table.codes.insert(code, market);
            table.markets.insert(market, OwnRow { from, before });
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(digits: &str) -> &'static str {
        of(&Phone::from_international(digits).unwrap()).as_str()
    }

    #[test]
    fn the_longest_calling_code_decides() {
        for (number, expected) in [
            ("5491155550123", "argentina"),
            ("5511955550123", "brazil"),
            ("12025550123", "north_america"),
            ("18095550123", "rest_of_latin_america"),
            ("17875550123", "rest_of_latin_america"),
            ("18765550123", "rest_of_latin_america"),
            ("18685550123", "other"),
            ("79161234567", "russia"),
            ("77011234567", "kazakhstan"),
            ("76011234567", "kazakhstan"),
            ("8801712345678", "bangladesh"),
            ("59899123456", "rest_of_latin_america"),
            ("821012345678", "other"),
            ("5351234567", "other"),
            ("447400123456", "united_kingdom"),
        ] {
            assert_eq!(market(number), expected, "{number}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_a_code_a_market_and_a_day() {
        let codes = &TABLE.codes;
        assert_eq!(codes.len(), 162);
        assert_eq!(TABLE.markets.len(), 47);
        for (code, market) in codes {
            assert!(code.len() <= LONGEST_PREFIX && code.bytes().all(|b| b.is_ascii_digit()), "{code} {market}");
        }
        for own in TABLE.markets.values() {
            assert!(own.before.is_empty() || TABLE.markets.contains_key(own.before), "{}", own.before);
            assert_eq!(own.from.len(), "2026-10-01".len());
        }
    }

    #[test]
    fn a_market_without_a_row_of_its_own_yet_is_billed_as_the_one_it_was_part_of() {
        assert_eq!(billed_as("bangladesh", "2026-09-30"), "rest_of_asia_pacific");
        assert_eq!(billed_as("bangladesh", "2026-10-01"), "bangladesh");
        assert_eq!(billed_as("argentina", "2026-01-01"), "argentina");
    }
}
