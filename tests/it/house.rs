//! The house rules: floors, locales, files that are documentation.

mod config;
mod floors;
mod invariants;
mod locales;
