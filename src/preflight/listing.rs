//! Every row of a sheet, for whoever asks for all of them: a file may have millions, so they lie in a file without a name
//! while the sheet is made, and are told from there.

use std::cell::RefCell;
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};

use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use tempfile::SpooledTempFile;

use super::sheet::SheetRow;

/// Bytes that stay in memory before all of it goes to the file.
const IN_MEMORY: usize = 256 * 1024;

/// The key under which a sheet lists its rows.
const ROWS: &str = "rows";

/// Rows being listed.
pub struct Listing {
    file: BufWriter<SpooledTempFile>,
    rows: usize,
    /// What kept a row from being written.
    failure: Option<io::Error>,
}

impl Default for Listing {
    fn default() -> Self {
        Self { file: BufWriter::new(SpooledTempFile::new(IN_MEMORY)), rows: 0, failure: None }
    }
}

impl Listing {
    /// One more row. What cannot be written is told at the end.
    pub fn add(&mut self, row: &SheetRow) {
        if self.failure.is_none() {
            self.rows += 1;
            self.failure = self.write(row).err();
        }
    }

    fn write(&mut self, row: &SheetRow) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, row)?;
        self.file.write_all(b"\n")
    }

    /// The rows, when all of them were added.
    ///
    /// # Errors
    /// When the disk did not take one.
    pub fn done(self) -> io::Result<Listed> {
        match self.failure {
            Some(failure) => Err(failure),
            None => {
                Ok(Listed { file: self.file.into_inner().map_err(io::IntoInnerError::into_error)?, rows: self.rows })
            }
        }
    }
}

/// Rows that were listed.
pub struct Listed {
    file: SpooledTempFile,
    rows: usize,
}

impl Listed {
    /// How many.
    pub fn count(&self) -> usize {
        self.rows
    }

    /// They, from the first on.
    pub(super) fn rows(&mut self) -> io::Result<impl Iterator<Item = io::Result<SheetRow>>> {
        self.read()
    }

    fn read<T: DeserializeOwned>(&mut self) -> io::Result<impl Iterator<Item = io::Result<T>>> {
        self.file.seek(SeekFrom::Start(0))?;
        let rows = serde_json::Deserializer::from_reader(BufReader::new(&mut self.file)).into_iter();
        Ok(rows.map(|row| row.map_err(io::Error::from)))
    }
}

/// A sheet as JSON with every row in its place: what [`super::json`] gives where the rows are in memory.
pub struct WithRows {
    sheet: Map<String, Value>,
    rows: RefCell<Listed>,
}

impl WithRows {
    /// `sheet` is a sheet as JSON, which may have been added to.
    pub fn new(sheet: Value, rows: Listed) -> Self {
        let mut sheet = match sheet {
            Value::Object(sheet) => sheet,
            _ => Map::new(),
        };
        sheet.insert(ROWS.to_owned(), Value::Null);
        Self { sheet, rows: RefCell::new(rows) }
    }
}

impl Serialize for WithRows {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.sheet.len()))?;
        for (key, value) in &self.sheet {
            if key == ROWS {
                map.serialize_entry(key, &Rows(&self.rows))?;
            } else {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

struct Rows<'a>(&'a RefCell<Listed>);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut listed = self.0.borrow_mut();
        let mut list = to.serialize_seq(Some(listed.rows))?;
        // As values, whose keys stand in the order of all other keys of the sheet.
        for row in listed.read::<Value>().map_err(S::Error::custom)? {
            list.serialize_element(&row.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::exclusion::ExclusionReason;

    fn row(no: i64) -> SheetRow {
        let left = (no % 3 == 0).then_some(ExclusionReason::BadPhone);
        let detail = if left.is_some() { "not_digits".to_owned() } else { String::new() };
        SheetRow { row: no, to: format!("+54911555\"{no}"), reason: left, detail }
    }

    fn listed(rows: i64) -> Listed {
        let mut listing = Listing::default();
        (1..=rows).for_each(|no| listing.add(&row(no)));
        listing.done().unwrap()
    }

    #[test]
    fn rows_that_lie_in_a_file_are_told_as_those_in_memory_are() {
        for rows in [0, 1, 7, 20_000] {
            let sheet = json!({"audience": "a.csv", "messages": rows, "samples": [], "warnings": []});
            let mut whole = sheet.clone();
            whole["rows"] = (1..=rows).map(|no| serde_json::to_value(row(no)).unwrap()).collect();
            let streamed = WithRows::new(sheet, listed(rows));
            assert_eq!(serde_json::to_string(&streamed).unwrap(), whole.to_string());
            assert_eq!(serde_json::to_string_pretty(&streamed).unwrap(), serde_json::to_string_pretty(&whole).unwrap());
        }
    }

    #[test]
    fn many_rows_leave_the_memory_and_few_stay_in_it() {
        assert!(!listed(100).file.is_rolled());
        let mut many = listed(20_000);
        assert!(many.file.is_rolled());
        assert!(many.rows().unwrap().map(|row| row.unwrap().row).eq(1..=20_000));
    }
}
