//! The house rules: floors, locales, files that are documentation.

mod config;
mod floors;
mod fuzzing;
mod invariants;
mod locales;
