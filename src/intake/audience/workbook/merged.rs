//! Cells of a sheet that are merged: the first of them holds what all of them show, and the others are empty.

/// Groups that are noted; nobody merges more by hand.
const MOST: usize = 100_000;

/// Groups that may go through one row: no two of them share a cell.
const MOST_AT_ONCE: usize = 64;

/// Cells merged over several rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Merge {
    /// The first row of the sheet, from 1: the one that has the value.
    pub top: u32,
    /// The last.
    pub bottom: u32,
    /// The column of the value, from 0.
    pub column: usize,
}

/// The merged cells of a sheet, in the order of their first rows.
#[derive(Debug, Default)]
pub(super) struct Merged {
    all: Vec<Merge>,
    /// The first of them whose rows were not come to yet.
    next: usize,
    /// Those that go through the row in hand, with their value.
    open: Vec<(Merge, String)>,
}

impl Merged {
    /// Notes a group. One within a single row hides nothing that a row below it has.
    pub(super) fn add(&mut self, merge: Merge) {
        if merge.bottom > merge.top && self.all.len() < MOST {
            self.all.push(merge);
        }
    }

    /// Those noted, however a workbook lists them, in the order of their rows.
    pub(super) fn in_order(mut self) -> Self {
        self.all.sort_by_key(|merge| (merge.top, merge.column));
        self
    }

    pub(super) fn all(&self) -> &[Merge] {
        &self.all
    }

    /// Gives a row, which comes after those given before, the values that it shows.
    pub(super) fn fill(&mut self, row: u32, cells: &mut Vec<String>) {
        self.open.retain(|(merge, _)| merge.bottom >= row);
        while let Some(merge) = self.all.get(self.next).filter(|merge| merge.top <= row) {
            self.next += 1;
            let value = cells.get(merge.column).filter(|value| !value.is_empty() && merge.top == row);
            if let Some(value) = value.filter(|_| self.open.len() < MOST_AT_ONCE) {
                self.open.push((*merge, value.clone()));
            }
        }
        for (merge, value) in &self.open {
            if cells.len() <= merge.column {
                cells.resize(merge.column + 1, String::new());
            }
            if cells[merge.column].is_empty() {
                cells[merge.column].clone_from(value);
            }
        }
    }
}

/// `B2:C5` as rows and column.
pub(super) fn of_reference(reference: &str) -> Option<Merge> {
    let (first, last) = reference.split_once(':')?;
    let row = |cell: &str| cell.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().ok();
    Some(Merge { top: row(first)?, bottom: row(last)?, column: super::xlsx::column(first)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_a_group_gets_what_its_first_row_has() {
        let mut merged = Merged::default();
        for reference in ["C9:C9", "B2:B4", "A3:B5"] {
            merged.add(of_reference(reference).unwrap());
        }
        let mut merged = merged.in_order();
        assert_eq!(merged.all().len(), 2, "one cell is no group");
        let mut rows = Vec::new();
        for (row, cells) in [(2, ["x", "lunes"]), (3, ["y", ""]), (4, ["", ""]), (5, ["", "own"]), (6, ["", ""])] {
            let mut cells = cells.map(str::to_owned).to_vec();
            merged.fill(row, &mut cells);
            rows.push(cells.join("|"));
        }
        assert_eq!(rows, ["x|lunes", "y|lunes", "y|lunes", "y|own", "|"]);
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in ["", "B2", "B2:", ":", "2:5", "B:C"] {
            assert_eq!(of_reference(text), None, "{text}");
        }
    }
}
