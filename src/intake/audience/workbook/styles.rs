//! What the cells of an XLSX workbook show of their numbers: a date is a number whose format says so.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::super::refused::Refused;
use super::mask::Mask;
use super::number::Kind;
use super::package::PartReader;
use super::xml::{Xml, attributes};

/// Formats of cells; Excel allows 65,490.
const MOST: usize = 100_000;

/// The kind of each cell format, in the order in which cells name them.
pub(super) fn read(part: PartReader) -> Result<Vec<Kind>, Refused> {
    let mut xml = Xml::new(part);
    let mut custom: HashMap<u32, Kind> = HashMap::new();
    let mut kinds = Vec::new();
    let mut is_cells = false;
    loop {
        match xml.next()? {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                b"numFmt" => {
                    let (mut id, mut code) = (None, String::new());
                    attributes(&tag, |name, value| match name {
                        b"numFmtId" => id = value.parse().ok(),
                        b"formatCode" => value.clone_into(&mut code),
                        _ => {}
                    });
                    custom.extend(id.filter(|_| custom.len() < MOST).map(|id| (id, of_code(&code))));
                }
                b"cellXfs" => is_cells = true,
                b"xf" if is_cells && kinds.len() < MOST => {
                    let mut id = 0;
                    attributes(&tag, |name, value| {
                        if name == b"numFmtId" {
                            id = value.parse().unwrap_or(0);
                        }
                    });
                    kinds.push(custom.get(&id).cloned().unwrap_or_else(|| built_in(id)));
                }
                _ => {}
            },
            Event::End(tag) if tag.local_name().as_ref() == b"cellXfs" => is_cells = false,
            Event::Eof => return Ok(kinds),
            _ => {}
        }
    }
}

/// The formats that have a number instead of a code (ECMA-376 part 1, 18.8.30).
fn built_in(id: u32) -> Kind {
    match id {
        14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58 => Kind::Date,
        18..=21 | 32..=35 | 45 | 47 | 55 | 56 => Kind::Time,
        46 => Kind::Elapsed,
        9 => Kind::Percent(0),
        10 => Kind::Percent(2),
        _ => Kind::Plain,
    }
}

/// What a code such as `dd/mm/yyyy hh:mm` or `[$-C0A]d "de" mmmm` makes of a number.
fn of_code(code: &str) -> Kind {
    if let Some(mask) = Mask::of(code) {
        return Kind::Mask(mask);
    }
    // The part before `;` is for positive numbers.
    let bare = bare(code.split(';').next().unwrap_or(code));
    if let Some((places, _)) = bare.split_once('%') {
        let decimals = places.rsplit_once('.').map_or("", |(_, decimals)| decimals);
        return Kind::Percent(decimals.chars().filter(|c| matches!(c, '0' | '#' | '?')).count());
    }
    let counts_hours = bare.contains(ELAPSED);
    let is_date = bare.contains(['y', 'd', 'a']) || bare.contains('m') && !bare.contains(['h', 's', ELAPSED]);
    if bare.contains("general") || without_parts_of_seconds(&bare).contains(['#', '0', '?', '@']) {
        Kind::Plain
    } else if counts_hours && !is_date {
        Kind::Elapsed
    } else if is_date {
        Kind::Date
    } else if bare.contains(['h', 's']) {
        Kind::Time
    } else {
        Kind::Plain
    }
}

/// `ss.000` is `ss`: nothing else of a date has places for digits.
fn without_parts_of_seconds(bare: &str) -> String {
    let mut out = String::with_capacity(bare.len());
    let mut rest = bare;
    while let Some(at) = rest.find(['.', ',']) {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        out.push_str(before);
        rest = if before.ends_with('s') { after.trim_start_matches('0') } else { after };
    }
    out + rest
}

/// Stands for `[h]`, `[mm]` and `[ss]`.
const ELAPSED: char = '\u{1}';

/// The code in small letters without what is printed as it stands: `"de"`, `\-`, `_)`, `*x`, `[$-C0A]`, `AM/PM`.
fn bare(code: &str) -> String {
    let mut out = String::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => drop(chars.by_ref().take_while(|c| *c != '"').count()),
            '\\' | '_' | '*' => drop(chars.next()),
            '[' => {
                let inner: String = chars.by_ref().take_while(|c| *c != ']').collect();
                // [h] and [mm] count hours and minutes beyond a day.
                let counts = !inner.is_empty() && inner.chars().all(|c| matches!(c, 'h' | 'm' | 's' | 'H' | 'M' | 'S'));
                if counts {
                    out.push(ELAPSED);
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out.replace("am/pm", "h").replace("a/p", "h")
}
