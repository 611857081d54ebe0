//! The house rules: floors, locales, files that are documentation.

mod config;
mod locales;
