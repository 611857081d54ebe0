//! The first rows of a file, read where a column's name alone does not tell what it is.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::super::audience::{Audience, DateOrder, Line};
use super::super::columns::{Look, Looks, fold};
use super::super::consent::Consent;
use super::super::phone_number::Home;
use super::damage;
use super::when::{self, HasTime, Moment};

/// So many rows are looked at.
const ROWS: usize = 100;

/// Of so many filled cells in a hundred all must look the same.
const PER_CENT: usize = 70;

/// Of so many in a hundred of a column with words for yes and no the rest may be few other words, or words by which nobody knows
/// yet: of three people who were asked one may not have answered, and of a hundred most.
const ANSWERED: usize = 50;
const ANSWERED_OR_OPEN: usize = 10;

pub(super) struct FirstRows<'a> {
    audience: &'a Audience,
    home: Option<Home>,
    /// Opening a workbook takes a while: it is done where it is asked for.
    rows: OnceCell<Vec<Vec<String>>>,
}

impl<'a> FirstRows<'a> {
    pub(super) fn of(audience: &'a Audience, home: Option<Home>) -> Self {
        Self { audience, home, rows: OnceCell::new() }
    }

    fn rows(&self) -> &[Vec<String>] {
        self.rows.get_or_init(|| {
            // What cannot be read is told by who reads all of it.
            let lines = self.audience.lines().into_iter().flatten().take(ROWS);
            let cells = lines.filter_map(|line| match line {
                Line::Cells(cells) => Some(cells),
                Line::Unreadable(..) => None,
            });
            cells.collect()
        })
    }

    /// What the cells of a column say, as far as they are filled.
    pub(super) fn said(&self, place: usize) -> Said {
        let cells = self.rows().iter().filter_map(|row| row.get(place)).map(|cell| cell.trim());
        cells.filter(|cell| !cell.is_empty()).fold(Said::default(), Said::and)
    }

    fn is_phone(&self, cell: &str) -> bool {
        damage::phone(&[cell.to_owned()], &[vec![0]], &damage::Wanted::anywhere(self.home.as_ref())).is_good()
    }

    fn look(&self, cell: &str) -> Look {
        if damage::is_serial(cell) {
            return match (cell.starts_with('0'), cell.contains(['.', ','])) {
                (true, _) => Look::Times,
                (false, true) => Look::Moments,
                (false, false) => Look::Dates,
            };
        }
        if when::time_alone(cell).is_some() {
            return Look::Times;
        }
        let read = |order| when::read(&[cell], order);
        let orders = [DateOrder::MonthFirst, DateOrder::YearFirst];
        match orders.into_iter().fold(read(DateOrder::DayFirst), |found, order| found.or_else(|_| read(order))) {
            Ok(Moment::Instant(_) | Moment::Local(_, HasTime::Yes)) => Look::Moments,
            Ok(Moment::Local(_, HasTime::No)) => Look::Dates,
            Err(_) if self.is_phone(cell) => Look::Phones,
            Err(_) => Look::Other,
        }
    }
}

/// How many filled cells of a column say yes or no, and in which way.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Said {
    /// Words for yes or no.
    words: usize,
    /// Whether a yes is among them, and a no, by more than a letter.
    has: (bool, bool),
    /// Ticks, crosses and the like.
    marks: usize,
    noughts: usize,
    ones: usize,
    /// Words by which nobody knows yet, and dashes.
    open: usize,
    others: usize,
    /// What those are.
    other_words: BTreeSet<String>,
}

impl Said {
    fn and(mut self, cell: &str) -> Self {
        let kind = match cell {
            "0" => &mut self.noughts,
            "1" => &mut self.ones,
            _ if Consent::is_yes_or_no(cell) => {
                let is_yes = Consent::read(cell) == Consent::Given;
                let is_word = cell.chars().filter(|c| c.is_alphabetic()).count() > 1;
                self.has = (self.has.0 || is_word && is_yes, self.has.1 || is_word && !is_yes);
                &mut self.words
            }
            _ if Consent::is_mark(cell) => &mut self.marks,
            _ if Consent::is_open(cell) => &mut self.open,
            _ => {
                self.other_words.insert(fold(cell));
                &mut self.others
            }
        };
        *kind += 1;
        self
    }

    const fn filled(&self) -> usize {
        self.words + self.marks + self.noughts + self.ones + self.open + self.others
    }

    /// Whether some of them say yes or no.
    pub(super) const fn anything(&self) -> bool {
        self.words + self.marks + self.noughts + self.ones > 0
    }

    /// Whether nearly all of them do: 1 alone counts something, and other words may stand among those for yes and no.
    pub(super) fn yes_or_no(&self) -> bool {
        let digits = self.noughts > 0 && self.ones > 0;
        let all = self.open + self.others == 0 && (self.words + self.marks > 0 || digits);
        all || self.words > 0 && self.words * 100 >= self.filled() * PER_CENT || self.is_answered()
    }

    /// Whether it is an answer of a yes, a no and few other words that come again, as a status has them: of notes no two are
    /// the same.
    fn is_answered(&self) -> bool {
        let has_few = self.other_words.len() * 2 <= self.others;
        let words = if self.others == 0 { ANSWERED_OR_OPEN } else { ANSWERED };
        self.has == (true, true) && has_few && self.words * 100 >= self.filled() * words
    }

    /// Whether to take what is filled for a yes would turn a no round.
    pub(super) const fn has_a_no(&self) -> bool {
        let said = if self.noughts > 0 { self.words + self.noughts + self.ones } else { self.words };
        said > 0 && said * 2 >= self.filled()
    }
}

impl Looks for FirstRows<'_> {
    fn of(&self, place: usize) -> Look {
        let cells = self.rows().iter().filter_map(|row| row.get(place)).map(|cell| cell.trim());
        let looks: Vec<Look> = cells.filter(|cell| !cell.is_empty()).map(|cell| self.look(cell)).collect();
        if looks.is_empty() {
            return Look::Empty;
        }
        let all = [Look::Phones, Look::Moments, Look::Dates, Look::Times];
        let most = |look: &Look| looks.iter().filter(|one| *one == look).count() * 100 >= looks.len() * PER_CENT;
        all.into_iter().find(most).unwrap_or(Look::Other)
    }
}
