//! Tests of `intake`.

mod campaign_file;
mod audience;
mod expressions;
mod given;
mod parsers;
mod phones;
mod rows;
mod samples;
mod when;
