//! Tests of `intake`.

mod audience;
mod campaign_file;
mod certain;
mod damage;
mod dialects;
mod expressions;
mod fixtures;
mod given;
mod hostile;
mod languages;
mod number_list;
#[path = "../../fuzz/src/package.rs"]
mod package;
mod parsers;
mod phones;
mod roles;
mod rows;
mod samples;
mod schedules;
mod special;
#[path = "../../fuzz/src/targets.rs"]
mod targets;
mod when;
mod workbook;
