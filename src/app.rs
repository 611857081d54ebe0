//! Wiring and lifecycle.

pub mod lifecycle;
pub mod lock;
pub mod telemetry;
