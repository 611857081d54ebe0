//! Audience files: delimited text in the encodings and with the delimiters that spreadsheets write, read as a stream.
//!
//! A first pass over the bytes decides the encoding for the whole file, so that a row is never read twice in two ways;
//! the delimiter is the one under which the rows at the beginning agree best with the header.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::problem::Problem;

mod bytes;
mod delimiter;
mod lines;
mod newest;

pub use lines::{Line, Lines, Unreadable};
pub use newest::newest;

/// How the text of a file is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Encoding {
    /// UTF-8, with or without the mark at its start.
    #[serde(rename = "UTF-8")]
    Utf8,
    /// What spreadsheets on Windows write in Western languages.
    #[serde(rename = "Windows-1252")]
    Windows1252,
}

/// What stands between two cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

impl Delimiter {
    const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// What was found out about a file, with the evidence, to be shown before anything is sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileFacts {
    /// Encoding.
    pub encoding: Encoding,
    /// Delimiter.
    pub delimiter: Delimiter,
    /// Rows at the beginning of the file that were looked at for the delimiter.
    pub rows_looked_at: u64,
    /// How many of them have as many cells as the header.
    pub rows_agreeing: u64,
    /// The header's cells.
    pub header: Vec<String>,
    /// What the columns were taken for: role and header.
    pub columns: Vec<(String, String)>,
    /// How dates such as 03/04/2026 are read; `None` where no column holds dates.
    pub dates: Option<DateOrder>,
}

/// Order of day and month in a date of three numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 25/11/2026
    #[default]
    DayFirst,
    /// 11/25/2026
    MonthFirst,
}

/// An audience file that can be read.
#[derive(Clone, Debug)]
pub struct Audience {
    path: PathBuf,
    /// Bytes before the header: a byte order mark, Excel's `sep=;` line.
    start: u64,
    /// What was found out. `columns` and `dates` are filled in by whoever knows the campaign.
    pub facts: FileFacts,
    /// Characters that were lost before the file came here: `�`.
    pub lost_characters: u64,
}

impl Audience {
    /// Looks at a file. `Err` is what stands in the way, in words for people.
    pub fn open(path: &Path) -> Result<Self, Vec<Problem>> {
        Self::look_at(path).map_err(|e| vec![e.into_problem(path)])
    }

    fn look_at(path: &Path) -> Result<Self, Refused> {
        let mut file = File::open(path)?;
        let mut beginning = Vec::new();
        (&mut file).take(delimiter::PREFIX as u64).read_to_end(&mut beginning)?;
        bytes::refuse_other_formats(path, &beginning)?;
        file.seek(SeekFrom::Start(0))?;
        let survey = bytes::survey(&mut file)?;
        let found = delimiter::find(&beginning, survey.bom);
        let facts = FileFacts {
            encoding: survey.encoding,
            delimiter: found.delimiter,
            rows_looked_at: found.looked_at,
            rows_agreeing: found.agreeing,
            header: Vec::new(),
            columns: Vec::new(),
            dates: None,
        };
        let mut audience = Self { path: path.to_owned(), start: found.start, facts, lost_characters: survey.lost };
        let mut lines = audience.lines()?;
        audience.facts.header = lines.take_header()?.ok_or(Refused::Empty)?;
        Ok(audience)
    }

    /// The rows after the header, from the beginning.
    pub fn lines(&self) -> io::Result<Lines> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.start))?;
        let mut lines = Lines::new(file, self.facts.encoding, self.facts.delimiter);
        if !self.facts.header.is_empty() {
            lines.take_header()?;
        }
        Ok(lines)
    }

    /// The last byte of the file that is not a line end.
    pub(super) fn last_byte(&self) -> io::Result<Option<u8>> {
        let mut file = File::open(&self.path)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(1024)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        Ok(tail.into_iter().rev().find(|b| !b.is_ascii_whitespace()))
    }
}

/// The problem of a file that is not there or cannot be read; it names the file, never the folders above it.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    if error.kind() == io::ErrorKind::NotFound {
        return Problem::new("audience_missing", &[("file", &file)]);
    }
    Problem::new("audience_unreadable", &[("file", &file), ("why", &error.kind().to_string())])
}

/// Why a file cannot be an audience.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("cannot be read")]
    Io(#[from] io::Error),
    #[error("{0} is not available yet")]
    Format(&'static str),
    #[error("holds a NUL character")]
    Nul,
    #[error("was decoded twice on its way here")]
    Mojibake { line: u64 },
    #[error("is empty")]
    Empty,
}

impl Refused {
    fn into_problem(self, path: &Path) -> Problem {
        match self {
            Self::Io(e) => unreadable(path, &e),
            Self::Format(format) => Problem::new("audience_format", &[("format", format)]),
            Self::Nul => Problem::new("audience_nul", &[]),
            Self::Mojibake { line } => Problem::new("audience_mojibake", &[("line", &line.to_string())]),
            Self::Empty => Problem::new("audience_empty", &[]),
        }
    }
}
