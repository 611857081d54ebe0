//! What was found out about a file, with the evidence, to be shown before anything is sent.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::Repair;

/// How the text of a file is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub enum Encoding {
    /// UTF-8, with or without the mark at its start.
    #[default]
    #[serde(rename = "UTF-8")]
    Utf8,
    /// UTF-16 with the low byte first, as Excel's "Unicode text".
    #[serde(rename = "UTF-16LE")]
    Utf16Le,
    /// UTF-16 with the high byte first.
    #[serde(rename = "UTF-16BE")]
    Utf16Be,
    /// What spreadsheets on Windows write in Western languages.
    #[serde(rename = "Windows-1252")]
    Windows1252,
    /// ISO 8859-1: Windows-1252 without a byte from 80 to 9F, where the two differ.
    #[serde(rename = "Latin-1")]
    Latin1,
    /// What Excel for Mac writes as CSV.
    #[serde(rename = "Mac Roman")]
    MacRoman,
    /// DOS code page 850, which old programs write.
    #[serde(rename = "CP850")]
    Dos,
}

impl Encoding {
    /// Every encoding with the name that a campaign file gives it. `UTF-16` is the one with the low byte first unless
    /// the file's own mark says otherwise.
    pub const NAMED: [(&'static str, Self); 8] = [
        ("UTF-8", Self::Utf8),
        ("UTF-16", Self::Utf16Le),
        ("UTF-16LE", Self::Utf16Le),
        ("UTF-16BE", Self::Utf16Be),
        ("Windows-1252", Self::Windows1252),
        ("Latin-1", Self::Latin1),
        ("Mac Roman", Self::MacRoman),
        ("CP850", Self::Dos),
    ];

    /// As a campaign file names it.
    pub fn name(self) -> &'static str {
        if self == Self::Utf16Le {
            return "UTF-16LE";
        }
        Self::NAMED.iter().find(|(_, encoding)| *encoding == self).map_or("", |(name, _)| name)
    }
}

/// What stands between two cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// `,`
    #[default]
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    pub(super) const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// Every delimiter as a campaign file says it.
    pub const NAMED: [(&'static str, Self); 5] =
        [(",", Self::Comma), (";", Self::Semicolon), ("tab", Self::Tab), ("\t", Self::Tab), ("|", Self::Pipe)];

    /// The byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }
}

/// What encloses a cell in which a delimiter stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quote {
    /// `"`, doubled inside a cell.
    #[default]
    Double,
    /// `"`, with a backslash before one inside a cell.
    Backslash,
    /// `'`, doubled inside a cell.
    Single,
    /// Nothing: a quotation mark is a character like any other.
    None,
}

impl Quote {
    /// Every way of quoting as a campaign file says it.
    pub const NAMED: [(&'static str, Self); 4] =
        [("\"", Self::Double), ("\\\"", Self::Backslash), ("'", Self::Single), ("none", Self::None)];

    /// The mark.
    pub const fn byte(self) -> Option<u8> {
        match self {
            Self::Double | Self::Backslash => Some(b'"'),
            Self::Single => Some(b'\''),
            Self::None => None,
        }
    }
}

/// Order of day, month and year in a date of three numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 25/11/2026
    #[default]
    DayFirst,
    /// 11/25/2026
    MonthFirst,
    /// 26-11-25; where the year has four digits and stands last, the day comes first.
    YearFirst,
}

/// What kind of file it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// Delimited text.
    #[default]
    Text,
    /// Excel's workbook.
    Xlsx,
    /// The workbook of `OpenDocument`.
    Ods,
}

/// Why a row was taken for the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderEvidence {
    /// The campaign file says it.
    Named,
    /// It has names that Recado or the campaign file knows.
    Words,
    /// It is the first row that is as wide as those below it and holds no data.
    Shape,
    /// It is the first row that holds anything.
    #[default]
    First,
}

/// What was found out about a file. Serialises with what its format has: a workbook has no delimiter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FileFacts {
    /// What kind of file it is.
    pub format: FileFormat,
    /// Encoding of a text.
    pub encoding: Encoding,
    /// Whether a mark at its start says so.
    pub has_mark: bool,
    /// What tells it: a word, and how many characters or letters of the file agree.
    pub encoding_evidence: EncodingEvidence,
    /// Delimiter of a text.
    pub delimiter: Delimiter,
    /// What encloses cells of a text.
    pub quote: Quote,
    /// The sheet that is read; `None` in a text.
    pub sheet: Option<String>,
    /// Every sheet of the workbook.
    pub sheets: Vec<String>,
    /// Rows at the beginning of the file that were looked at.
    pub rows_looked_at: u64,
    /// How many of them have as many cells as the header.
    pub rows_agreeing: u64,
    /// The line of a text, or the row of a sheet, with the header, from 1.
    pub header_row: u64,
    /// Why that one.
    pub header_evidence: HeaderEvidence,
    /// What stands above it.
    pub title_lines: Vec<String>,
    /// The header's cells.
    pub header: Vec<String>,
    /// What the columns were taken for: role and header.
    pub columns: Vec<(String, String)>,
    /// How dates such as 03/04/2026 are read; `None` where no column holds dates.
    pub dates: Option<DateOrder>,
    /// Cells that were repaired, by what was wrong with them; complete after the last row.
    pub repairs: BTreeMap<Repair, u64>,
}

/// The facts as they are told.
#[derive(Serialize)]
struct Told<'a> {
    format: FileFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_evidence: Option<EncodingEvidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<Delimiter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<Quote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    sheets: &'a [String],
    rows_looked_at: u64,
    rows_agreeing: u64,
    header_row: u64,
    header_evidence: HeaderEvidence,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    title_lines: &'a [String],
    header: &'a [String],
    columns: &'a [(String, String)],
    dates: Option<DateOrder>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    repairs: &'a BTreeMap<Repair, u64>,
}

impl Serialize for FileFacts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let is_text = self.sheet.is_none();
        let told = Told {
            format: self.format,
            encoding: is_text.then_some(self.encoding),
            encoding_evidence: is_text.then_some(self.encoding_evidence),
            delimiter: is_text.then_some(self.delimiter),
            quote: is_text.then_some(self.quote),
            sheet: self.sheet.as_deref(),
            sheets: &self.sheets,
            rows_looked_at: self.rows_looked_at,
            rows_agreeing: self.rows_agreeing,
            header_row: self.header_row,
            header_evidence: self.header_evidence,
            title_lines: &self.title_lines,
            header: &self.header,
            columns: &self.columns,
            dates: self.dates,
            repairs: &self.repairs,
        };
        told.serialize(to)
    }
}

/// What tells an encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EncodingEvidence {
    /// The campaign file says it.
    Named,
    /// The mark at the start of the file.
    Mark,
    /// Every byte is ASCII, which nearly all encodings share.
    #[default]
    Ascii,
    /// All of the file, or most of it, is UTF-8, which no other text is by chance.
    Valid {
        /// Characters of more than one byte.
        characters: u64,
    },
    /// Every second byte is 0.
    Zeros,
    /// The letters that it gives are those of Spanish, Portuguese and English words.
    Letters {
        /// So many of the letters fit.
        fitting: u64,
        /// Of so many.
        of: u64,
    },
}
