//! Tests of `preflight` and of the command that prints it.

mod asking;
mod check;
pub mod folder;
mod known;
mod sheet;
mod told;
mod words;
