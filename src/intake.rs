//! Intake: campaign file, audience files, mapping of columns to template parameters.

pub mod audience;
pub mod campaign_file;
pub mod columns;
pub mod consent;
pub mod content;
pub mod definition;
pub mod expression;
pub mod number_list;
pub mod occasions;
pub mod open_hours;
pub mod phone_number;
pub mod rows;
pub mod sample;
pub mod variable;
