//! Dates of three short numbers, as `26-11-30`: whether the year comes first only the whole column tells.

use jiff::civil::Date;

use super::super::super::audience::DateOrder;
use super::super::when;
use crate::domain::problem::Problem;

/// What the short dates of a column have in common.
pub(super) struct ShortYears {
    /// The last two digits of the year of the start, and of those before and after it.
    near: [i64; 3],
    /// Cells that are a date in some order.
    dates: u64,
    /// Of them, with the year first.
    year_first: u64,
    first: Span,
    last: Span,
    /// The first that is another day with the year first, of a year that may be meant.
    both: Option<String>,
}

/// From so many dates of one year on, that year is no slip of the hand.
const MANY: u64 = 3;

/// The lowest and the highest.
#[derive(Clone, Copy, Default)]
struct Span(Option<(i64, i64)>);

impl Span {
    fn see(&mut self, value: i64) {
        let (low, high) = self.0.unwrap_or((value, value));
        self.0 = Some((low.min(value), high.max(value)));
    }

    /// Whether they run on, as days do.
    fn runs_on(self) -> bool {
        self.0.is_some_and(|(low, high)| high - low > 1)
    }

    /// Whether these may be the years of a list: one, or two that follow each other, about that of the start.
    fn are_years(self, near: &[i64; 3]) -> bool {
        self.0.is_some_and(|(low, high)| high - low <= 1 && near.contains(&low) && near.contains(&high))
    }
}

impl ShortYears {
    /// For a campaign that starts on `day`.
    pub(super) fn about(day: Date) -> Self {
        let year = i64::from(day.year());
        let near = [year - 1, year, year + 1].map(|year| year.rem_euclid(100));
        let (first, last) = (Span::default(), Span::default());
        Self { near, dates: 0, year_first: 0, first, last, both: None }
    }

    /// A cell of a column with dates.
    pub(super) fn look(&mut self, cell: &str) {
        let Some((first, last)) = when::short(cell) else { return };
        self.dates += 1;
        self.year_first += u64::from(when::read(&[cell], DateOrder::YearFirst).is_ok());
        self.first.see(first);
        self.last.see(last);
        if self.both.is_none() && first != last && self.near.contains(&first) {
            self.both = Some(cell.to_owned());
        }
    }

    /// Every short date may begin with its year.
    fn may_come_first(&self) -> bool {
        self.dates > 0 && self.year_first == self.dates && self.first.are_years(&self.near)
    }

    /// They do: what stands last runs on as days do, or is, many times, no year that is near.
    pub(super) fn come_first(&self) -> bool {
        let is_no_year = self.dates >= MANY && !self.last.are_years(&self.near);
        self.may_come_first() && (self.last.runs_on() || is_no_year)
    }

    /// How the dates are read, where that is not the usual, or not certain.
    pub(super) fn warning(&self) -> Option<Problem> {
        let said = |code: &str, example: &str, order| {
            let when::Moment::Local(read, _) = when::read(&[example], order).ok()? else { return None };
            Some(Problem::new(code, &[("example", example), ("read", &read.date().to_string())]))
        };
        let example = self.both.as_deref().filter(|_| self.may_come_first())?;
        if self.come_first() {
            said("dates_year_first", example, DateOrder::YearFirst)
        } else {
            said("dates_ambiguous_year", example, DateOrder::DayFirst)
        }
    }
}
