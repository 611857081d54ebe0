//! What is fuzzed.

pub mod package;
pub mod targets;
