//! Tests of `intake`.

mod agreeing;
mod audience;
mod campaign_file;
mod certain;
mod damage;
mod dates;
mod dialects;
mod expressions;
mod fixtures;
mod given;
mod hostile;
mod languages;
mod naming;
mod number_list;
#[path = "../../fuzz/src/package.rs"]
mod package;
mod papers;
mod parsers;
mod phones;
mod roles;
mod rows;
mod samples;
mod schedules;
mod special;
mod tails;
#[path = "../../fuzz/src/targets.rs"]
pub mod targets;
mod when;
mod workbook;

/// A workbook of Excel's of these sheets: name and XML.
pub fn workbook_of(sheets: &[(&str, &[u8])]) -> Vec<u8> {
    let sheets: Vec<(&str, &str, &[u8])> = sheets.iter().map(|(name, xml)| (*name, "", *xml)).collect();
    package::xlsx(&sheets, &[])
}
