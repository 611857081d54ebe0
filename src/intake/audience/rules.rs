//! `[reading]` of a campaign file: how its audience is read where the guess is wrong, or where a person has to say.

use super::{DateOrder, Delimiter, Encoding, Quote};

/// What a campaign says about its file. What it leaves out is guessed, or asked about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// `encoding`
    pub encoding: Option<Encoding>,
    /// `delimiter`
    pub delimiter: Option<Delimiter>,
    /// `quote`
    pub quote: Option<Quote>,
    /// `header_row`: the line of a text, or the row of a sheet, from 1.
    pub header_row: Option<u64>,
    /// `sheet`: the name of the sheet.
    pub sheet: Option<String>,
    /// `hidden_rows`: rows of a sheet that are hidden or filtered out.
    pub hidden_rows: Option<Take>,
    /// `total_rows`: rows that add up others.
    pub total_rows: Option<Take>,
    /// `merged_cells`: cells of a sheet that are merged over several rows.
    pub merged_cells: Option<Merged>,
    /// `dates`
    pub dates: Option<DateOrder>,
    /// `identity_numbers = "take"`: what looks like them in the column of phones are phones.
    pub takes_identity_numbers: bool,
    /// `unlike_example = "take"`: values that are unlike the template's examples are meant.
    pub takes_unlike_example: bool,
    /// Folded names of the columns that the campaign speaks of: a row that has them is the header.
    pub wanted: Vec<String>,
    /// Those of them that hold the phone.
    pub phone: Vec<String>,
    /// How the truth values of a workbook are written.
    pub truths: Truths,
}

/// The words that a spreadsheet shows for truth values, by the language of whoever sits before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Truths {
    /// `TRUE`, `FALSE`
    #[default]
    English,
    /// `VERDADERO`, `FALSO`
    Spanish,
    /// `VERDADEIRO`, `FALSO`
    Portuguese,
}

impl Truths {
    /// Those of a language's tag, as `es_AR`.
    pub fn of_tag(tag: &str) -> Self {
        match tag.get(..2) {
            Some("es") => Self::Spanish,
            Some("pt") => Self::Portuguese,
            _ => Self::English,
        }
    }

    /// The word of a value.
    pub const fn word(self, value: bool) -> &'static str {
        match (self, value) {
            (Self::English, true) => "TRUE",
            (Self::English, false) => "FALSE",
            (Self::Spanish, true) => "VERDADERO",
            (Self::Portuguese, true) => "VERDADEIRO",
            (Self::Spanish | Self::Portuguese, false) => "FALSO",
        }
    }
}

/// What merged cells are in the rows below their first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Merged {
    /// What they show: each row has the value of the first.
    Fill,
    /// What they hold: nothing.
    Leave,
}

/// Whether rows are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Take {
    /// Like any other.
    Take,
    /// They are excluded.
    LeaveOut,
}
