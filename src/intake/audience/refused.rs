//! Why a file cannot be an audience.

use std::fmt;
use std::io;
use std::path::Path;

use crate::domain::problem::Problem;

use super::decode::LONGEST_ROW_MB;
use super::unreadable;

#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("cannot be read")]
    Io(#[from] io::Error),
    #[error("is of a kind that is not read: {0}")]
    Format(Other),
    #[error("is protected with a password")]
    Password,
    #[error("holds a NUL character on line {line}")]
    Nul { line: u64 },
    #[error("is empty")]
    Empty,
    #[error("has no header on row {row}")]
    NoHeaderRow { row: u64 },
    #[error("has no sheet of that name")]
    NoSheet { wanted: String, sheets: Vec<String> },
    #[error("has several sheets that could be meant")]
    SeveralSheets { sheets: Vec<String> },
    #[error("has its phones on a hidden sheet")]
    HiddenSheet { sheet: String },
    #[error("is a damaged workbook: {0}")]
    Damaged(&'static str),
    #[error("unpacks to more than is read: {0}")]
    TooLarge(&'static str),
    #[error("has a row from line {line} on that does not end")]
    EndlessRow { line: u64 },
    #[error("has a line {line} longer than a row can be")]
    LongLine { line: u64 },
}

/// A kind of file that is refused by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Other {
    OldExcel,
    BinaryExcel,
    WebPage,
    Xml,
    Pdf,
    Document,
    Packed,
    Json,
    Sylk,
}

impl Other {
    const fn code(self) -> &'static str {
        match self {
            Self::OldExcel => "audience_old_excel",
            Self::BinaryExcel => "audience_binary_excel",
            Self::WebPage => "audience_web_page",
            Self::Xml => "audience_xml",
            Self::Pdf => "audience_pdf",
            Self::Document => "audience_document",
            Self::Packed => "audience_packed",
            Self::Json => "audience_json",
            Self::Sylk => "audience_sylk",
        }
    }
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Refused {
    pub(super) fn into_problem(self, path: &Path) -> Problem {
        self.problem(path)
    }

    pub(super) fn problem(&self, path: &Path) -> Problem {
        match self {
            Self::Io(e) => unreadable(path, e),
            Self::Format(other) => Problem::new(other.code(), &[]),
            Self::Password => Problem::new("audience_password", &[]),
            Self::Nul { line } => Problem::new("audience_nul", &[("line", &line.to_string())]),
            Self::Empty => Problem::new("audience_empty", &[]),
            Self::NoHeaderRow { row } => Problem::new("no_header_row", &[("row", &row.to_string())]),
            Self::NoSheet { wanted, sheets } => {
                Problem::new("no_such_sheet", &[("sheet", wanted), ("sheets", &sheets.join(", "))]).offering(sheets)
            }
            Self::SeveralSheets { sheets } => {
                Problem::new("several_sheets", &[("sheets", &sheets.join(", "))]).offering(sheets)
            }
            Self::HiddenSheet { sheet } => Problem::new("hidden_sheet", &[("sheet", sheet)]),
            Self::Damaged(_) => Problem::new("audience_damaged", &[]),
            Self::TooLarge(_) => Problem::new("audience_too_large", &[]),
            Self::EndlessRow { line } => Problem::new("quote_not_closed", &[("line", &line.to_string())]),
            Self::LongLine { line } => {
                let args = [("line", &*line.to_string()), ("megabytes", &*LONGEST_ROW_MB.to_string())];
                Problem::new("line_too_long", &args)
            }
        }
    }
}

/// What goes through a reader keeps its reason.
impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Io(error) => error,
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// The reason that went through a reader, or what a reader's error means for the file.
pub(super) fn reason(error: &io::Error) -> Refused {
    match error.get_ref().and_then(|e| e.downcast_ref::<Refused>()) {
        Some(Refused::TooLarge(what)) => Refused::TooLarge(what),
        Some(Refused::Damaged(what)) => Refused::Damaged(what),
        _ => match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                Refused::Damaged("it ends too early, or holds what cannot be unpacked")
            }
            kind => Refused::Io(kind.into()),
        },
    }
}
