//! Wiring and lifecycle.

pub mod daemon;
pub mod demo;
pub mod leases;
pub mod lifecycle;
pub mod lock;
pub mod relay;
pub mod serve;
mod silence;
pub mod telemetry;
