//! Tests of `preflight` and of the command that prints it.

mod check;
pub mod folder;
mod sheet;
mod words;
