//! What the rows of a file prove: how its dates are written, whether its phones are phones, whether its values are what
//! the template was made for.

use jiff::civil::Date;

use crate::domain::problem::Problem;
use crate::domain::template::Template;

use super::super::audience::DateOrder;
use super::super::phone_number::{Home, NotAPhone};
use super::plan::Plan;
use super::shape::{Shape, Source, are_unlike, shape};
use super::when::{self, Evidence};
use super::{beginning, damage};

mod years;

use years::ShortYears;

/// Rows that are looked at one by one; beyond, one in [`STRIDE`].
const ALL_UP_TO: u64 = 2_000;
const STRIDE: u64 = 64;

/// Cells with something in them from which on a share says something.
const ENOUGH: u64 = 10;

/// So many dates of one order weigh more than one of the other, and than so many that could be either.
const MOSTLY: u64 = 5;

/// Below this share of numbers that can be one, in percent, a column is not the phone's.
const GOOD_PER_CENT: u64 = 70;

fn is_looked_at(row: u64) -> bool {
    row <= ALL_UP_TO || row.is_multiple_of(STRIDE)
}

/// Where something stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) row: u64,
    /// Line of a text, or row of a sheet.
    pub(super) line: u64,
    pub(super) column: usize,
}

/// Places that were found, counted, and the first of them.
#[derive(Default)]
pub(super) struct Places {
    count: u64,
    first: Option<(Place, String)>,
}

impl Places {
    pub(super) fn add(&mut self, place: Place, cell: &str) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((place, beginning(cell).to_owned()));
        }
    }

    /// `code` with how many there are, and row, line, column and cell of the first.
    pub(super) fn problem(&self, code: &str, header: &[String]) -> Option<Problem> {
        let (place, cell) = self.first.as_ref()?;
        let [n, row, line] = [self.count, place.row, place.line].map(|n| n.to_string());
        let column = header.get(place.column).map(String::as_str).unwrap_or_default();
        Some(Problem::new(code, &[("n", &n), ("row", &row), ("line", &line), ("column", column), ("cell", cell)]))
    }
}

/// How dates are written.
pub(super) struct Dates {
    short_years: ShortYears,
    day_first: u64,
    month_first: u64,
    /// The first that could be read in both orders, and how many there are.
    either: Option<String>,
    either_count: u64,
    /// The first that proves that the month comes first.
    month_example: Option<String>,
    serial: u64,
    others: u64,
    serial_example: Option<String>,
}

impl Dates {
    /// For a campaign that starts on `day`.
    pub(super) fn about(day: Date) -> Self {
        Self {
            short_years: ShortYears::about(day),
            day_first: 0,
            month_first: 0,
            either: None,
            either_count: 0,
            month_example: None,
            serial: 0,
            others: 0,
            serial_example: None,
        }
    }

    /// A cell of a column with dates; `columns`: how many such columns there are.
    pub(super) fn look(&mut self, cell: &str, columns: usize) {
        if cell.is_empty() {
            return;
        }
        if damage::is_serial(cell) {
            self.serial += 1;
            // A part of a day alone is a time, not an example of a date.
            if self.serial_example.is_none() && !cell.starts_with('0') {
                self.serial_example = Some(cell.to_owned());
            }
            return;
        }
        self.short_years.look(cell);
        match when::evidence(cell) {
            Some(Evidence::DayFirst) => self.day_first += 1,
            Some(Evidence::MonthFirst) => {
                self.month_first += 1;
                self.month_example.get_or_insert_with(|| cell.to_owned());
            }
            Some(Evidence::Either) => {
                self.either_count += 1;
                self.either.get_or_insert_with(|| cell.to_owned());
            }
            None => {}
        }
        // Times beside dates that are numbers may be texts.
        let is_time = columns > 1 && cell.contains(':') && !cell.contains(['/', '-']);
        self.others += u64::from(!is_time);
    }

    /// Every date is a number that only a date would be.
    pub(super) fn are_serial(&self) -> bool {
        self.serial_example.is_some() && self.others == 0
    }

    /// Day first, unless the file proves otherwise: by nearly all of its dates that prove anything.
    pub(super) fn order(&self) -> DateOrder {
        if self.short_years.come_first() {
            return DateOrder::YearFirst;
        }
        let proved = self.month_first > 0 && self.month_first >= self.day_first * MOSTLY;
        if proved { DateOrder::MonthFirst } else { DateOrder::DayFirst }
    }

    /// A few dates say that the month comes first, and many that could be read so say nothing: one slip of the hand must
    /// not turn all of them round, so a person is asked.
    pub(super) fn question(&self) -> Option<Problem> {
        let is_thin = self.month_first * MOSTLY < self.either_count;
        let example = self.month_example.as_deref().filter(|_| is_thin && self.order() == DateOrder::MonthFirst)?;
        let (n, of) = (self.month_first.to_string(), (self.month_first + self.either_count).to_string());
        let either = self.either.as_deref().unwrap_or_default();
        Some(Problem::new("dates_order", &[("n", &n), ("of", &of), ("example", example), ("either", either)]))
    }

    pub(super) fn serial_warning(&self) -> Option<Problem> {
        let example = self.serial_example.as_deref()?;
        let read = damage::serial_date(example)?;
        Some(Problem::new("dates_serial", &[("example", example), ("read", &read)]))
    }

    pub(super) fn warning(&self, order: DateOrder) -> Option<Problem> {
        if let Some(told) = self.short_years.warning() {
            return Some(told);
        }
        if self.month_first > 0 && self.day_first > 0 {
            let (code, others) = match order {
                DateOrder::DayFirst | DateOrder::YearFirst => ("dates_mixed", self.month_first),
                DateOrder::MonthFirst => ("dates_mixed_month", self.day_first),
            };
            return Some(Problem::new(code, &[("n", &others.to_string())]));
        }
        if order == DateOrder::MonthFirst {
            return Some(Problem::new("dates_month_first", &[]));
        }
        let example = self.either.as_deref().filter(|_| self.day_first == 0)?;
        let when::Moment::Local(read, _) = when::read(&[example], order).ok()? else { return None };
        Some(Problem::new("dates_ambiguous", &[("example", example), ("read", &read.date().to_string())]))
    }
}

/// Whether the column of phones is one.
#[derive(Default)]
pub(super) struct Phones {
    filled: u64,
    good: u64,
    rounded: u64,
    /// Without their country, where the campaign names none.
    no_country: u64,
    bad: Option<u64>,
}

impl Phones {
    pub(super) fn look(&mut self, row: u64, cells: &[String], columns: &[Vec<usize>], home: Option<&Home>) {
        if !is_looked_at(row) {
            return;
        }
        let found = damage::phone(cells, columns, &damage::Wanted::anywhere(home));
        if found.given.is_empty() {
            return;
        }
        self.filled += 1;
        let is_whole = || damage::whole_number(&found.given).is_some();
        if found.is_good() || is_whole() {
            self.good += 1;
            return;
        }
        self.rounded += u64::from(damage::is_rounded(&found.given));
        self.no_country += u64::from(found.to == Err(NotAPhone::NoCountry));
        self.bad.get_or_insert(row);
    }

    /// Too few of its cells are numbers.
    pub(super) fn blocker(&self, column: &str) -> Option<Problem> {
        if self.filled < ENOUGH || self.good * 100 >= self.filled * GOOD_PER_CENT {
            return None;
        }
        let row = self.bad?;
        // Where a spreadsheet rounded most of them away, that is what to cure.
        let mostly = |count: u64| count * 2 > self.filled - self.good;
        let code = match () {
            () if mostly(self.rounded) => "phones_rounded",
            () if mostly(self.no_country) => "phones_no_country",
            () => "few_phones",
        };
        let percent = (self.good * 100 / self.filled).to_string();
        let (row, of) = (row.to_string(), self.filled.to_string());
        let args = [("column", column), ("percent", &percent), ("of", &of), ("row", &row)];
        Some(Problem::new(code, &args))
    }
}

/// The values of the template's parameters against the examples it was approved with.
pub(super) struct Examples<'a> {
    watched: Vec<Watched<'a>>,
    rows: u64,
}

struct Watched<'a> {
    name: &'a str,
    example: &'a str,
    shape: Shape,
    filled: u64,
    unlike: u64,
    column: Option<usize>,
}

impl<'a> Examples<'a> {
    pub(super) fn of(template: Option<&'a Template>) -> Self {
        let examples = template.map(|t| t.examples.as_slice()).unwrap_or_default();
        let watched = examples.iter().filter_map(|(name, example)| {
            Some(Watched { name, example, shape: shape(example)?, filled: 0, unlike: 0, column: None })
        });
        Self { watched: watched.collect(), rows: 0 }
    }

    pub(super) fn look(&mut self, cells: &[String], plan: &Plan<'_>) {
        self.rows += 1;
        if self.watched.is_empty() || !is_looked_at(self.rows) {
            return;
        }
        for watched in &mut self.watched {
            let (found, place) = match plan.sources.get(watched.name) {
                Some(Source::Column(place)) => (cells.get(*place).and_then(|cell| shape(cell)), Some(*place)),
                Some(Source::Always(shape)) => (Some(*shape), None),
                None => continue,
            };
            let Some(found) = found else { continue };
            watched.filled += 1;
            if are_unlike(found, watched.shape) {
                watched.unlike += 1;
                watched.column = place;
            }
        }
    }

    /// A parameter most of whose values are something else than its example.
    pub(super) fn blocker(&self, header: &[String]) -> Option<Problem> {
        let wrong = self.watched.iter().find(|w| w.filled >= ENOUGH && w.unlike * 100 > w.filled * GOOD_PER_CENT)?;
        let Some(column) = wrong.column.and_then(|place| header.get(place)).map(String::as_str) else {
            let args = [("name", wrong.name), ("example", wrong.example)];
            return Some(Problem::new("unlike_example_made", &args));
        };
        Some(Problem::new("unlike_example", &[("name", wrong.name), ("example", wrong.example), ("column", column)]))
    }
}
