//! The number of a row: the first of its columns, and of the several that a cell may hold, that can be sent to.

use super::super::super::phone_number::{self, Home, NotAPhone, Paper};
use super::super::detail::several_none;
use super::apart;
use crate::domain::phone::Phone;

/// Digits of the shortest number that stands among others in a cell.
const SHORTEST: usize = 7;

/// Digits of what was meant for a number, beside another.
const MEANT: usize = 6;

/// Numbers of a cell that are told one by one, and characters of each.
const TOLD: usize = 4;
const TOLD_LONGEST: usize = 40;

/// The number of a row.
pub(in super::super) struct FoundPhone {
    /// The cell as it stands, or the part of it that was taken.
    pub(in super::super) given: String,
    pub(in super::super) to: Result<Phone, NotAPhone>,
    /// What it is a number of in place of a phone.
    pub(in super::super) paper: Option<Paper>,
    /// There were others.
    pub(in super::super) is_one_of_several: bool,
    /// Of several in one cell, none of them good: each, and the word of what is wrong with it.
    bad: Vec<(String, String)>,
}

impl FoundPhone {
    fn new(given: &str, to: Result<Phone, NotAPhone>, paper: Option<Paper>) -> Self {
        Self { given: given.to_owned(), to, paper, is_one_of_several: false, bad: Vec::new() }
    }

    /// Whether it is a number that can be sent to.
    pub(in super::super) fn is_good(&self) -> bool {
        self.to.is_ok() && self.paper.is_none()
    }

    /// Why it is none, as the detail of an exclusion; `None`: it is one.
    pub(in super::super) fn wrong(&self) -> Option<String> {
        if let Some(paper) = self.paper {
            return Some(format!("paper: {}", paper.as_str()));
        }
        let why = self.to.as_ref().err()?;
        if self.bad.is_empty() {
            return Some(why.detail().to_owned());
        }
        let shown = |number: &str| number.char_indices().nth(TOLD_LONGEST).map_or(number.len(), |(at, _)| at);
        let told = self.bad.iter().take(TOLD);
        Some(several_none(told.map(|(number, word)| (&number[..shown(number)], word.as_str()))))
    }
}

/// How numbers are read, and which of several is taken.
pub(in super::super) struct Wanted<'a> {
    pub(in super::super) home: Option<&'a Home>,
    /// Whether what the campaign sends is delivered there.
    pub(in super::super) is_reached: &'a dyn Fn(&Phone) -> bool,
}

impl<'a> Wanted<'a> {
    /// The first that can be one, wherever it is.
    pub(in super::super) const fn anywhere(home: Option<&'a Home>) -> Self {
        Self { home, is_reached: &|_| true }
    }

    fn is_reached(&self, found: &FoundPhone) -> bool {
        found.is_good() && found.to.as_ref().is_ok_and(|to| (self.is_reached)(to))
    }
}

/// The first of a row's numbers that can be sent to, else the first that can be one. `phones` are columns, each perhaps
/// joined of several.
pub(in super::super) fn phone(cells: &[String], phones: &[Vec<usize>], wanted: &Wanted<'_>) -> FoundPhone {
    let mut first: Option<FoundPhone> = None;
    let mut filled = 0;
    for places in phones {
        let given = joined(cells, places);
        if given.is_empty() {
            continue;
        }
        filled += 1;
        let found = one_of(&given, wanted);
        // Where there is one number, whoever asked sees for themselves.
        let ends = found.is_good() && (phones.len() == 1 || wanted.is_reached(&found));
        if ends || first.as_ref().is_none_or(|first| found.is_good() && !first.is_good()) {
            first = Some(found);
        }
        if ends {
            break;
        }
    }
    let mut found = first.unwrap_or_else(|| FoundPhone::new("", Err(NotAPhone::Empty), None));
    found.is_one_of_several |= filled > 1;
    found
}

pub(super) fn joined(cells: &[String], places: &[usize]) -> String {
    match places {
        [one] => cells.get(*one).cloned().unwrap_or_default(),
        several => {
            let parts = several.iter().filter_map(|place| cells.get(*place)).map(String::as_str);
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        }
    }
}

/// A cell's number, or the first of its numbers that can be sent to, else that can be one.
fn one_of(given: &str, wanted: &Wanted<'_>) -> FoundPhone {
    let home = wanted.home;
    let to = phone_number::read(given, home);
    // Parts of somebody's papers could be numbers of somebody else.
    let paper = phone_number::paper_instead(given, to.as_ref().ok(), home);
    let is_none = matches!(to, Err(NotAPhone::Empty | NotAPhone::Scientific | NotAPhone::Service));
    if to.is_ok() || is_none || paper.is_some() {
        return FoundPhone::new(given, to, paper);
    }
    // Also where the first of them is no number: "s/d; 11 5555-3003".
    let pieces = between_marks(given);
    let several = pieces.len() > 1;
    // A piece must be a whole number by itself: an area code cut off would make another one.
    let whole = |piece: &&str| !several || digits(piece) >= SHORTEST;
    let good = |piece: &str, phone: Phone, several: bool| FoundPhone {
        is_one_of_several: several,
        ..FoundPhone::new(piece, Ok(phone), None)
    };
    let marked =
        pieces.iter().filter(|piece| whole(piece)).filter_map(|piece| Some((*piece, number(piece, home).ok()?)));
    if let Some((piece, phone)) = best(marked, wanted) {
        return good(piece, phone, several);
    }
    let apart = apart::apart(given);
    let wholes = apart.iter().filter(|piece| digits(piece) >= SHORTEST);
    let several = wholes.clone().count() > 1;
    match best(wholes.filter_map(|piece| Some((*piece, plain(piece, home).ok()?))), wanted) {
        Some((piece, phone)) => good(piece, phone, several),
        None => FoundPhone {
            is_one_of_several: to == Err(NotAPhone::Several),
            bad: each_wrong([pieces, apart], home),
            ..FoundPhone::new(given, to, None)
        },
    }
}

/// The first that can be sent to, else the first.
fn best<'a>(numbers: impl Iterator<Item = (&'a str, Phone)>, wanted: &Wanted<'_>) -> Option<(&'a str, Phone)> {
    let mut first = None;
    for number in numbers {
        if (wanted.is_reached)(&number.1) {
            return Some(number);
        }
        first.get_or_insert(number);
    }
    first
}

/// The stretches between marks and little words that set numbers apart.
pub(super) fn between_marks(given: &str) -> Vec<&str> {
    let pieces = given.split(['/', ';', ',', '|', '\n']);
    let pieces = pieces.flat_map(|p| p.split(" y ")).flat_map(|p| p.split(" o ")).flat_map(|p| p.split(" e "));
    pieces.flat_map(|p| p.split(" ou ")).map(str::trim).filter(|p| !p.is_empty()).collect()
}

/// What is wrong with each number of a cell, in the first of the ways of taking it apart that gives several.
fn each_wrong(ways: [Vec<&str>; 2], home: Option<&Home>) -> Vec<(String, String)> {
    let are_several = |pieces: &Vec<&str>| pieces.iter().filter(|piece| digits(piece) >= MEANT).count() > 1;
    let pieces = ways.into_iter().find(are_several).unwrap_or_default();
    let meant = pieces.into_iter().filter(|piece| digits(piece) > 0);
    let wrong = |piece: &str| number(piece, home).err().unwrap_or_else(|| NotAPhone::WrongLength.detail().to_owned());
    meant.map(|piece| (piece.to_owned(), wrong(piece))).collect()
}

fn digits(piece: &str) -> usize {
    piece.bytes().filter(u8::is_ascii_digit).count()
}

/// The number of a piece, perhaps with a note behind it, or the word of what is wrong with it.
fn number(piece: &str, home: Option<&Home>) -> Result<Phone, String> {
    plain(piece, home).or_else(|wrong| plain(without_note(piece).ok_or(wrong)?, home))
}

fn plain(piece: &str, home: Option<&Home>) -> Result<Phone, String> {
    let to = phone_number::read(piece, home);
    if phone_number::paper_instead(piece, to.as_ref().ok(), home).is_some() {
        return Err("paper_alone".to_owned());
    }
    to.map_err(|why| why.detail().to_owned())
}

/// A number without what is noted behind it: `11 5555-3000 (hija)`, `4555-3000 int. 12`; `None`: nothing is. Other words
/// could make a number of something that is none, as the number of somebody's papers is.
fn without_note(piece: &str) -> Option<&str> {
    const EXTENSIONS: [&str; 6] = ["int", "interno", "ext", "anexo", "ramal", "x"];
    let (number, note) = piece.split_at(piece.find(char::is_alphabetic)?);
    let word: String = note.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let in_brackets = number.ends_with('(') && note.ends_with(')') && !note.contains(|c: char| c.is_ascii_digit());
    let is_note = in_brackets || EXTENSIONS.contains(&word.as_str());
    is_note.then(|| number.trim_end_matches('(').trim_end())
}
