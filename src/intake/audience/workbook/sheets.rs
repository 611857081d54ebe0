//! Which sheet of a workbook is the audience: the one that is named, the only one, or the only one with a column of
//! phones. Anything else is asked about.

use super::super::super::columns::{fold, is_phone_word};
use super::super::header;
use super::super::lines::Raw;
use super::super::refused::Refused;
use super::super::rules::Rules;
use super::super::{Cleaned, HeaderEvidence, clean};
use super::{Chosen, SheetRows, Workbook};

/// Rows of a sheet that are looked at; empty ones do not count.
const ROWS: usize = 64;
/// Rows that are read for them.
const MOST_READ: usize = 10_000;
/// Bytes of cells that are kept of them.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The beginning of a sheet.
struct Look {
    sheet: usize,
    /// Row numbers and cells.
    rows: Vec<(u32, Vec<String>)>,
}

pub(super) fn choose(workbook: &Workbook, rules: &Rules) -> Result<Chosen, Refused> {
    let look = match &rules.sheet {
        Some(name) => {
            let sheet = named(workbook, name)?;
            look(sheet, &mut workbook.rows(sheet, 1, false)?)?
        }
        None => by_content(workbook, rules)?,
    };
    let cells: Vec<&[String]> = look.rows.iter().map(|(_, cells)| cells.as_slice()).collect();
    let (at, evidence) = match rules.header_row {
        Some(row) => {
            let at = look.rows.iter().position(|(no, _)| u64::from(*no) >= row);
            (at.ok_or(Refused::NoHeaderRow { row })?, HeaderEvidence::Named)
        }
        None => header::pick(&cells, &rules.wanted).ok_or(Refused::Empty)?,
    };
    let width = width(cells[at]);
    let below = &cells[at + 1..];
    Ok(Chosen {
        sheet: look.sheet,
        header_row: look.rows[at].0,
        evidence,
        titles: header::titles(&cells[..at]),
        looked_at: below.len() as u64,
        agreeing: below.iter().filter(|row| self::width(row) <= width).count() as u64,
    })
}

fn named(workbook: &Workbook, name: &str) -> Result<usize, Refused> {
    let exact = workbook.sheets.iter().position(|sheet| sheet.name == name.trim());
    let folded = || workbook.sheets.iter().position(|sheet| fold(&sheet.name) == fold(name));
    exact.or_else(folded).ok_or_else(|| Refused::NoSheet { wanted: name.to_owned(), sheets: workbook.sheet_names() })
}

fn by_content(workbook: &Workbook, rules: &Rules) -> Result<Look, Refused> {
    let visible = workbook.sheets.iter().enumerate().filter(|(_, sheet)| !sheet.is_hidden);
    // Of all sheets only what is asked of them is kept: each may hold much.
    let (mut filled, mut with_phones, mut chosen) = (Vec::new(), Vec::new(), None);
    let mut before = None;
    for (at, sheet) in visible {
        let mut rows = workbook.rows_after(before.take(), at)?;
        let look = look(at, &mut rows)?;
        before = Some((at, rows));
        if look.rows.is_empty() {
            continue;
        }
        filled.push(sheet.name.clone());
        let has_phones = look.has_phones(rules);
        if chosen.is_none() || (has_phones && with_phones.is_empty()) {
            chosen = Some(look);
        }
        if has_phones {
            with_phones.push(sheet.name.clone());
        }
    }
    if with_phones.is_empty()
        && let Some(sheet) = hidden_with_phones(workbook, rules)?
    {
        return Err(Refused::HiddenSheet { sheet });
    }
    match (filled.len(), with_phones.len()) {
        (0 | 1, _) | (_, 1) => chosen.ok_or(Refused::Empty),
        (_, 0) => Err(Refused::SeveralSheets { sheets: filled }),
        _ => Err(Refused::SeveralSheets { sheets: with_phones }),
    }
}

/// The first hidden sheet with a column of phones: somebody may have hidden it from others, not from Recado.
fn hidden_with_phones(workbook: &Workbook, rules: &Rules) -> Result<Option<String>, Refused> {
    for (at, sheet) in workbook.sheets.iter().enumerate().filter(|(_, sheet)| sheet.is_hidden) {
        if look(at, &mut workbook.rows(at, 1, false)?)?.has_phones(rules) {
            return Ok(Some(sheet.name.clone()));
        }
    }
    Ok(None)
}

impl Look {
    /// Whether its header has the phone's column.
    fn has_phones(&self, rules: &Rules) -> bool {
        let cells: Vec<&[String]> = self.rows.iter().map(|(_, cells)| cells.as_slice()).collect();
        let Some((at, _)) = header::pick(&cells, &rules.wanted) else { return false };
        cells[at]
            .iter()
            .map(|cell| fold(cell))
            .any(|folded| if rules.phone.is_empty() { is_phone_word(&folded) } else { rules.phone.contains(&folded) })
    }
}

fn look(sheet: usize, rows: &mut SheetRows) -> Result<Look, Refused> {
    let mut raw = Raw::default();
    let mut look = Look { sheet, rows: Vec::new() };
    let (mut read, mut bytes) = (0, 0);
    while look.rows.len() < ROWS
        && read < MOST_READ
        && bytes < MOST_BYTES
        && rows.read(&mut raw).map_err(|e| super::super::refused::reason(&e))?
    {
        read += 1;
        if header::filled(&raw.cells) > 0 {
            bytes += raw.cells.iter().map(String::len).sum::<usize>();
            let cells = raw.cells.iter().map(|cell| {
                let Cleaned { text, .. } = clean(cell);
                text.into_owned()
            });
            look.rows.push((raw.line as u32, cells.collect()));
        }
    }
    Ok(look)
}

/// Cells up to the last one with something in it.
fn width(row: &[String]) -> usize {
    row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1)
}
