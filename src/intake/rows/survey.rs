//! The pass over an audience before its rows are read: what only the whole file tells.

use std::io;

use crate::domain::problem::Problem;

use super::super::audience::{Audience, DateOrder, Line, Unreadable};
use super::super::phone_number::Papers;
use super::when::{self, Evidence};

/// What the whole file told.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) order: DateOrder,
    pub(super) warnings: Vec<Problem>,
    pub(super) blockers: Vec<Problem>,
}

#[derive(Default)]
struct Dates {
    day_first: u64,
    month_first: u64,
    either: Option<String>,
}

/// `when` are the columns with dates; empty when there are none.
pub(super) fn survey(audience: &Audience, when: &[usize], phone: usize) -> io::Result<Survey> {
    let mut dates = Dates::default();
    let mut survey = Survey::default();
    let mut papers = Papers::default();
    let mut lines = audience.lines()?;
    for line in &mut lines {
        match line {
            Line::Cells(cells) => {
                when.iter().filter_map(|place| cells.get(*place)).for_each(|cell| dates.look(cell));
                papers.look(cells.get(phone).map_or("", String::as_str));
            }
            // A row of several lines that does not fit the header has swallowed others behind a stray quote.
            Line::Unreadable(Unreadable::Width { quoted_from: Some(line), .. }) if survey.blockers.is_empty() => {
                survey.blockers.push(Problem::new("quote_not_closed", &[("line", &line.to_string())]));
            }
            Line::Unreadable(_) => {}
        }
    }
    if let Some(failure) = lines.failure() {
        return Err(failure.kind().into());
    }
    if lines.last_cell_goes_on() && survey.blockers.is_empty() && audience.last_byte()? != Some(b'"') {
        survey.blockers.push(Problem::new("quote_open_at_end", &[]));
    }
    if let Some((paper, n, of)) = papers.verdict() {
        let column = audience.facts.header.get(phone).map_or("", String::as_str);
        let (n, of) = (n.to_string(), of.to_string());
        let args = [("column", column), ("paper", paper.as_str()), ("n", &n), ("of", &of)];
        survey.blockers.push(Problem::new("papers_for_phones", &args));
    }
    survey.order = dates.order();
    survey.warnings.extend(dates.warning(survey.order));
    Ok(survey)
}

impl Dates {
    fn look(&mut self, cell: &str) {
        match when::evidence(cell) {
            Some(Evidence::DayFirst) => self.day_first += 1,
            Some(Evidence::MonthFirst) => self.month_first += 1,
            Some(Evidence::Either) if self.either.is_none() => self.either = Some(cell.to_owned()),
            _ => {}
        }
    }

    /// Day first, unless the file proves otherwise and nothing in it the contrary.
    fn order(&self) -> DateOrder {
        if self.month_first > 0 && self.day_first == 0 { DateOrder::MonthFirst } else { DateOrder::DayFirst }
    }

    fn warning(&self, order: DateOrder) -> Option<Problem> {
        if self.month_first > 0 && self.day_first > 0 {
            let count = self.month_first.to_string();
            return Some(Problem::new("dates_mixed", &[("n", &count)]));
        }
        if order == DateOrder::MonthFirst {
            return Some(Problem::new("dates_month_first", &[]));
        }
        let example = self.either.as_deref().filter(|_| self.day_first == 0)?;
        let when::Moment::Local(read, _) = when::read(&[example], order).ok()? else { return None };
        Some(Problem::new("dates_ambiguous", &[("example", example), ("read", &read.date().to_string())]))
    }
}
