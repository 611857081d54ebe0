//! Wiring and lifecycle.

pub mod lifecycle;
pub mod telemetry;
