//! The house rules: floors, locales, files that are documentation.

mod floors;
mod invariants;
mod locales;
