//! Taking a person's lines out of a workbook: its rows are written anew, each in its place, as the texts they are read as.
//! Other sheets, looks and formulas go; nothing reads them from a kept audience.

use std::io;
use std::path::Path;

use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};

use super::is_of;
use crate::domain::phone::Phone;
use crate::intake::audience::{Audience, Line};
use crate::intake::phone_number::Home;

/// Writes `audience` anew at `to` without the lines of `phones`; how many there were.
pub(super) fn without(audience: &Audience, to: &Path, phones: &[Phone], home: Option<&Home>) -> io::Result<u64> {
    let mut book = Workbook::new();
    if let Some(folder) = to.parent() {
        book.set_tempdir(folder).map_err(io_error)?;
    }
    let sheet = book.add_worksheet_with_constant_memory().map_err(io_error)?;
    if let Some(name) = &audience.facts.sheet {
        sheet.set_name(name).map_err(io_error)?;
    }
    let header_row = audience.facts.header_row.max(1) - 1;
    // Titles stand above the header, so that it is found where it was.
    for (row, title) in (0..header_row).zip(&audience.facts.title_lines) {
        write(sheet, row, std::slice::from_ref(title), &[]).map_err(io_error)?;
    }
    write(sheet, header_row, &audience.facts.header, &[]).map_err(io_error)?;
    let (mut lines, mut emptied) = (audience.lines()?.as_written(), 0);
    let mut row = header_row;
    while let Some(line) = lines.next() {
        row += 1;
        let (Line::Cells(cells) | Line::Unreadable(_, cells)) = line;
        if lines.is_hidden() {
            sheet.set_row_hidden(place(row)?).map_err(io_error)?;
        }
        if cells.iter().any(|cell| is_of(phones, cell, home)) {
            emptied += 1;
        } else {
            write(sheet, row, &cells, lines.numbers()).map_err(io_error)?;
        }
    }
    if let Some(failure) = lines.failure() {
        return Err(io::Error::new(failure.kind(), failure.to_string()));
    }
    book.save(to).map_err(io_error)?;
    Ok(emptied)
}

fn write(sheet: &mut Worksheet, row: u64, cells: &[String], numbers: &[usize]) -> Result<(), XlsxError> {
    let row = u32::try_from(row).map_err(|_| XlsxError::RowColumnLimitError)?;
    for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        let column = u16::try_from(at).map_err(|_| XlsxError::RowColumnLimitError)?;
        match cell.parse::<f64>() {
            // As a text nobody could tell its value.
            Ok(number) if numbers.contains(&at) => drop(sheet.write_number(row, column, number)?),
            _ => drop(sheet.write_string(row, column, cell)?),
        }
    }
    Ok(())
}

fn place(row: u64) -> io::Result<u32> {
    u32::try_from(row).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn io_error(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
