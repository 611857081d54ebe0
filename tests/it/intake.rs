//! Tests of `intake`.

mod audience;
mod campaign_file;
mod expressions;
mod given;
mod languages;
mod parsers;
mod phones;
mod rows;
mod samples;
mod schedules;
mod when;
