//! Lists of numbers: any file that an audience can be, read by the same reader, or lines that somebody has pasted. A list
//! needs no header, and every number of a line counts.

use std::path::Path;

use crate::domain::phone::Phone;
use crate::domain::problem::Problem;

use super::audience::{Audience, HeaderEvidence, Line, Rules};
use super::columns::{fold, is_phone_word};
use super::phone_number::{self, Home, NotAPhone};

/// Rows by which the column of the numbers is found where no header names it.
const LOOKED_AT: usize = 200;

/// A cell with fewer digits is not meant to be a number.
const FEWEST_DIGITS: usize = 6;

/// What a list holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NumberList {
    /// Its numbers, in its order; one that stands there twice comes twice.
    pub phones: Vec<Phone>,
    /// Lines (of a workbook: rows) with something in them that is no number, from 1.
    pub wrong: Vec<u64>,
}

/// Reads the list at `path`; numbers without a country code are of `home`.
pub fn read(path: &Path, home: Option<&Home>) -> Result<NumberList, Vec<Problem>> {
    let audience = open(path)?;
    let unreadable = |cause: std::io::Error| vec![super::audience::unreadable(path, &cause)];
    let columns = columns(&audience).map_err(unreadable)?;
    let mut list = NumberList::default();
    // A list without a header begins at once. What a header says is no number, and not wrong.
    if is_data(&audience.facts.header, &columns) {
        list.take(audience.facts.header_row, &audience.facts.header, (&columns, home));
    }
    let mut lines = audience.lines().map_err(unreadable)?;
    while let Some(line) = lines.next() {
        match line {
            Line::Cells(cells) => list.take(lines.line(), &cells, (&columns, home)),
            Line::Unreadable(..) => list.wrong.push(lines.line()),
        }
    }
    match lines.take_failure() {
        Some(cause) => Err(unreadable(cause)),
        None => Ok(list),
    }
}

/// Where no header was recognised by its words, the list begins with its first line: what stands above a row that only
/// looks like a header would be lost.
fn open(path: &Path) -> Result<Audience, Vec<Problem>> {
    let told = |problems: Vec<Problem>| problems.into_iter().map(in_plain_words).collect::<Vec<_>>();
    let audience = Audience::open(path).map_err(told)?;
    if audience.facts.header_evidence == HeaderEvidence::Words || audience.facts.header_row == 1 {
        return Ok(audience);
    }
    let from_the_top = Rules { header_row: Some(1), ..Rules::default() };
    Ok(Audience::open_by(path, &from_the_top).unwrap_or(audience))
}

/// There is no campaign file that could say which sheet.
fn in_plain_words(problem: Problem) -> Problem {
    if problem.code == "several_sheets" {
        Problem { code: "list_several_sheets".to_owned(), ..problem }
    } else {
        problem
    }
}

fn is_data(header: &[String], columns: &[usize]) -> bool {
    columns.iter().any(|place| header.get(*place).is_some_and(|cell| digits(cell) >= FEWEST_DIGITS))
}

fn digits(cell: &str) -> usize {
    cell.bytes().filter(u8::is_ascii_digit).count()
}

/// The columns that are called phones; else the one with most numbers in it.
fn columns(audience: &Audience) -> std::io::Result<Vec<usize>> {
    let header = &audience.facts.header;
    let named: Vec<usize> = (0..header.len()).filter(|place| is_phone_word(&fold(&header[*place]))).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let mut found = vec![0; header.len()];
    let rows = audience.lines()?.take(LOOKED_AT).filter_map(|line| match line {
        Line::Cells(cells) => Some(cells),
        Line::Unreadable(..) => None,
    });
    for cells in rows.chain([header.clone()]) {
        for (place, cell) in cells.iter().enumerate().take(header.len()) {
            // A date has as many digits as a short number; a number has more.
            found[place] += usize::from(digits(cell) > FEWEST_DIGITS + 2) + usize::from(digits(cell) >= FEWEST_DIGITS);
        }
    }
    let most = found.iter().copied().max().unwrap_or_default();
    Ok(vec![found.iter().position(|n| *n == most).unwrap_or_default()])
}

impl NumberList {
    fn take(&mut self, line: u64, cells: &[String], (columns, home): (&[usize], Option<&Home>)) {
        let mut wrong = false;
        for cell in columns.iter().filter_map(|place| cells.get(*place)).filter(|cell| !cell.trim().is_empty()) {
            let found = all_in(cell, home);
            wrong |= found.iter().any(Result::is_err);
            self.phones.extend(found.into_iter().flatten());
        }
        if wrong {
            self.wrong.push(line);
        }
    }
}

/// Every number of a cell.
fn all_in(cell: &str, home: Option<&Home>) -> Vec<Result<Phone, NotAPhone>> {
    let whole = phone_number::read(cell, home);
    if whole.is_ok() {
        return vec![whole];
    }
    let marked = cell.split(['/', ';', ',', '|', '\n']).flat_map(|piece| piece.split(" y "));
    let marked = marked.flat_map(|p| p.split(" o ")).flat_map(|p| p.split(" e ")).flat_map(|p| p.split(" ou "));
    let marked: Vec<&str> = marked.map(str::trim).filter(|piece| !piece.is_empty()).collect();
    // Two numbers with a blank between; the parts of one number are shorter.
    let blank = || cell.split_whitespace().collect::<Vec<_>>();
    let pieces = if marked.len() > 1 { marked } else { blank() };
    let are_numbers = pieces.len() > 1 && pieces.iter().all(|piece| digits(piece) >= FEWEST_DIGITS + 2);
    if are_numbers { pieces.into_iter().map(|piece| phone_number::read(piece, home)).collect() } else { vec![whole] }
}
