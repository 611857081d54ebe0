//! Commands.

pub mod sandbox;
