//! Public holidays that laws on sending hours name, reckoned for any year: fixed days, days moved to a Monday, and days
//! that go with Easter.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// Years that are reckoned ahead: longer than any schedule may be.
const YEARS: i16 = 80;

/// Whose holidays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calendar {
    /// None are closed.
    None,
    /// Colombia: Ley 51 de 1983 (Ley Emiliani), which moves most of them to the next Monday.
    Colombia,
    /// France: article L3133-1 of the Code du travail.
    France,
    /// Spain: the days of all its regions (Real Decreto 2001/1983, article 45).
    Spain,
}

impl Calendar {
    /// The holidays from `first`'s year on.
    pub fn days(self, first: i16) -> BTreeSet<Date> {
        (first..first.saturating_add(YEARS)).flat_map(|year| self.of_year(year)).collect()
    }

    /// The holidays of a year.
    pub fn of_year(self, year: i16) -> Vec<Date> {
        let Some(easter) = easter(year) else { return Vec::new() };
        let fixed = |days: &[(i8, i8)]| days.iter().map(|(m, d)| date(year, *m, *d)).collect::<Vec<_>>();
        let from_easter = |days: &[i64]| days.iter().map(|n| after(easter, *n)).collect::<Vec<_>>();
        match self {
            Self::None => Vec::new(),
            Self::Colombia => {
                let mut all = fixed(&[(1, 1), (5, 1), (7, 20), (8, 7), (12, 8), (12, 25)]);
                all.extend(from_easter(&[-3, -2]));
                let moved = fixed(&[(1, 6), (3, 19), (6, 29), (8, 15), (10, 12), (11, 1), (11, 11)]);
                // Ascension, Corpus Christi and the Sacred Heart, each on the Monday after.
                all.extend(moved.into_iter().map(on_monday).chain(from_easter(&[43, 64, 71])));
                all
            }
            Self::France => {
                let mut all = fixed(&[(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]);
                all.extend(from_easter(&[1, 39, 50]));
                all
            }
            Self::Spain => {
                let mut all = fixed(&[(1, 1), (1, 6), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25)]);
                all.extend(from_easter(&[-2]));
                all
            }
        }
    }
}

fn after(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

/// The day itself when it is a Monday, else the next one.
fn on_monday(day: Date) -> Date {
    after(day, i64::from(day.weekday().until(Weekday::Monday)))
}

/// Easter Sunday (the Gregorian reckoning of Meeus, Jones and Butcher); `None` for years that no calendar has.
fn easter(year: i16) -> Option<Date> {
    let golden = i32::from(year) % 19;
    let (century, of_century) = (i32::from(year) / 100, i32::from(year) % 100);
    let moon = (19 * golden + century - century / 4 - (8 * century + 13) / 25 + 15) % 30;
    let sunday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let early = (golden + 11 * moon + 22 * sunday) / 451;
    let sum = moon + sunday - 7 * early + 114;
    Date::new(year, i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_falls_where_the_church_has_it() {
        for (year, month, day) in [(2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25)] {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn colombias_holidays_are_those_of_its_calendar() {
        let mut days: Vec<String> = Calendar::Colombia.of_year(2026).iter().map(ToString::to_string).collect();
        days.sort();
        let expected = "2026-01-01 2026-01-12 2026-03-23 2026-04-02 2026-04-03 2026-05-01 2026-05-18 2026-06-08 2026-06-15 \
                        2026-06-29 2026-07-20 2026-08-07 2026-08-17 2026-10-12 2026-11-02 2026-11-16 2026-12-08 2026-12-25";
        assert_eq!(days.join(" "), expected);
    }

    #[test]
    fn frances_holidays_go_with_easter() {
        let days = Calendar::France.of_year(2026);
        for day in [date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)] {
            assert!(days.contains(&day), "{day}");
        }
        assert_eq!(days.len(), 11);
    }
}
