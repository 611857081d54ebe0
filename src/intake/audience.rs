//! Audience files: delimited text in the encodings and with the delimiters that spreadsheets write, and workbooks
//! (XLSX, ODS), read as a stream.
//!
//! What a file is, is told by its bytes, never by its name. A first pass over a text decides the encoding for the whole
//! file, so that a row is never read twice in two ways; delimiter, quotes and header are guessed from its beginning. What
//! was guessed is shown with its evidence, and `[reading]` of the campaign file overrules it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::problem::Problem;

mod beginning;
mod bytes;
mod cells;
mod decode;
mod delimited;
mod delimiter;
mod dos;
mod facts;
mod format;
mod header;
mod kept;
mod letters;
mod lines;
mod newest;
mod refused;
mod rules;
mod workbook;

pub use cells::{Cleaned, Repair, clean};
pub use dos::encode_dos;
pub use facts::{DateOrder, Delimiter, Encoding, EncodingEvidence, FileFacts, FileFormat, HeaderEvidence, Quote};
pub use kept::{as_it_stood, in_letters};
pub use lines::{Line, Lines, Lost, Short, Unreadable};
pub use newest::{newest, not_plain};
pub use rules::{Merged, Rules, Take, Truths};
pub use workbook::Merge;
pub(super) use workbook::{plain_number, serial_moment};

use beginning::Beginning;
use format::Format;
use refused::Refused;
use workbook::Workbook;

/// The marks with which a text may begin: of UTF-8, and of UTF-16 in both byte orders.
const MARKS: [&[u8]; 3] = [bytes::UTF8_BOM, b"\xFF\xFE", b"\xFE\xFF"];

/// An audience file that can be read.
#[derive(Clone, Debug)]
pub struct Audience {
    path: PathBuf,
    kind: Kind,
    /// What was found out. `columns`, `dates` and `repairs` are filled in by whoever knows the campaign.
    pub facts: FileFacts,
}

#[derive(Clone, Debug)]
enum Kind {
    Text(delimited::Dialect),
    /// `fills`: each row of merged cells gets their value.
    Sheet {
        workbook: Arc<Workbook>,
        sheet: usize,
        header_row: u32,
        fills: bool,
    },
}

impl Audience {
    /// Looks at a file of which nothing is known. `Err` is what stands in the way, in words for people.
    pub fn open(path: &Path) -> Result<Self, Vec<Problem>> {
        Self::open_by(path, &Rules::default())
    }

    /// Looks at a file of which a campaign says something.
    pub fn open_by(path: &Path, rules: &Rules) -> Result<Self, Vec<Problem>> {
        Self::look_at(path, rules).map_err(|e| vec![e.into_problem(path)])
    }

    fn look_at(path: &Path, rules: &Rules) -> Result<Self, Refused> {
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        (&mut file).take(beginning::LENGTH as u64).read_to_end(&mut start)?;
        match format::sniff(&start)? {
            Format::Text(utf16) => {
                let mut audience = Self::text(path, file, utf16, rules)?;
                audience.facts.has_mark = MARKS.iter().any(|mark| start.starts_with(mark));
                Ok(audience)
            }
            Format::Package => Self::workbook(path, rules),
        }
    }

    fn text(path: &Path, mut file: File, utf16: Option<Encoding>, rules: &Rules) -> Result<Self, Refused> {
        file.seek(SeekFrom::Start(0))?;
        let survey = bytes::survey(&mut file, utf16, rules.encoding)?;
        file.seek(SeekFrom::Start(0))?;
        let beginning = Beginning::read(file, survey.encoding)?;
        let found = delimiter::find(&beginning, rules);
        let at = found.header(&beginning, rules).ok_or_else(|| match rules.header_row {
            Some(row) if beginning.has_text() => Refused::NoHeaderRow { row },
            _ => Refused::Empty,
        })?;
        let dialect = delimited::Dialect {
            encoding: survey.encoding,
            delimiter: found.delimiter,
            quote: found.quote,
            start: at.start,
            line: at.line,
        };
        let facts = FileFacts {
            format: FileFormat::Text,
            encoding: survey.encoding,
            encoding_evidence: survey.evidence,
            delimiter: found.delimiter,
            quote: found.quote,
            rows_looked_at: at.looked_at,
            rows_agreeing: at.agreeing,
            header_row: at.line,
            header_evidence: at.evidence,
            title_lines: at.titles,
            ..FileFacts::default()
        };
        let mut audience = Self { path: path.to_owned(), kind: Kind::Text(dialect), facts };
        audience.facts.header = audience.read_header()?;
        Ok(audience)
    }

    fn workbook(path: &Path, rules: &Rules) -> Result<Self, Refused> {
        let workbook = Workbook::open(path, rules.truths)?;
        let chosen = workbook.choose(rules)?;
        let facts = FileFacts {
            format: workbook.format(),
            sheet: Some(workbook.sheet_name(chosen.sheet).to_owned()),
            sheets: workbook.sheet_names(),
            rows_looked_at: chosen.looked_at,
            rows_agreeing: chosen.agreeing,
            header_row: u64::from(chosen.header_row),
            header_evidence: chosen.evidence,
            title_lines: chosen.titles,
            ..FileFacts::default()
        };
        let (sheet, header_row) = (chosen.sheet, chosen.header_row);
        let fills = rules.merged_cells == Some(Merged::Fill);
        let kind = Kind::Sheet { workbook: Arc::new(workbook), sheet, header_row, fills };
        let mut audience = Self { path: path.to_owned(), kind, facts };
        audience.facts.header = audience.read_header()?;
        Ok(audience)
    }

    fn read_header(&self) -> Result<Vec<String>, Refused> {
        let header = self.source()?.take_header()?.ok_or(Refused::Empty)?;
        if header.is_empty() { Err(Refused::Empty) } else { Ok(header) }
    }

    /// The rows after the header, from the beginning.
    pub fn lines(&self) -> io::Result<Lines> {
        let mut lines = self.source()?;
        lines.take_header()?;
        Ok(lines)
    }

    /// The rows above the header as they stand: titles, `sep=;`. No more than a screen of them.
    pub fn above(&self) -> io::Result<Vec<Vec<String>>> {
        let (workbook, sheet, header) = match &self.kind {
            Kind::Text(dialect) => return dialect.above(File::open(&self.path)?, MOST_ABOVE),
            Kind::Sheet { workbook, sheet, header_row, .. } => (workbook, *sheet, *header_row),
        };
        let (mut raw, mut above) = (lines::Raw::default(), Vec::new());
        let mut rows = workbook.rows(sheet, 1, false)?;
        while above.len() < MOST_ABOVE && rows.read(&mut raw)? && raw.line < u64::from(header) {
            above.push(std::mem::take(&mut raw.cells));
        }
        Ok(above)
    }

    /// How the lines of a text end; those of a workbook, which has none, as in what spreadsheets write.
    pub fn line_end(&self) -> io::Result<&'static str> {
        let Kind::Text(dialect) = &self.kind else { return Ok("\r\n") };
        let mut start = Vec::new();
        let text = decode::Text::of(File::open(&self.path)?, dialect.encoding);
        text.take(beginning::LENGTH as u64).read_to_end(&mut start)?;
        // The first line tells, as nobody mixes them.
        let end = start.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        Ok(match end.map(|at| &start[at..]) {
            Some([b'\n', ..]) => "\n",
            Some([b'\r', next, ..]) if *next != b'\n' => "\r",
            _ => "\r\n",
        })
    }

    fn source(&self) -> io::Result<Lines> {
        match &self.kind {
            Kind::Text(dialect) => Ok(Lines::of_text(dialect.open(File::open(&self.path)?)?)),
            Kind::Sheet { workbook, sheet, header_row, fills } => {
                Ok(Lines::of_sheet(workbook.rows(*sheet, *header_row, *fills)?))
            }
        }
    }

    /// Whether the file ends inside a cell that no quotation mark closes, if its last cell goes over several lines.
    pub(super) fn ends_in_open_quote(&self) -> io::Result<bool> {
        let Kind::Text(dialect) = &self.kind else { return Ok(false) };
        let Some(quote) = dialect.quote.byte() else { return Ok(false) };
        let mut file = File::open(&self.path)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(1024)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        // In UTF-16 every second byte of such a character is 0.
        Ok(tail.into_iter().rev().find(|b| !b.is_ascii_whitespace() && *b != 0) != Some(quote))
    }
}

/// Rows above a header that are given back.
const MOST_ABOVE: usize = 60;

/// How the name of such a file ends, by its bytes; `None`: it is of no kind that is read.
pub fn ending(path: &Path) -> Option<&'static str> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(beginning::LENGTH as u64).read_to_end(&mut start).ok()?;
    match format::sniff(&start).ok()? {
        Format::Text(_) => Some("csv"),
        Format::Package => {
            Some(if Workbook::open(path, Truths::default()).ok()?.format() == FileFormat::Ods { "ods" } else { "xlsx" })
        }
    }
}

/// The problem of a file that is not there or cannot be read; it names the file, never the folders above it.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    if let Some(refused) = error.get_ref().and_then(|e| e.downcast_ref::<Refused>()) {
        return refused.problem(path);
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    if error.kind() == io::ErrorKind::NotFound {
        return Problem::new("audience_missing", &[("file", &file)]);
    }
    Problem::new("audience_unreadable", &[("file", &file), ("why", &error.kind().to_string())])
}
