//! Recado sends WhatsApp template campaigns and brings the answers back to people.
//!
//! The floors, from the ground up; a module uses what stands below it and never names a sibling or what stands above
//! (see `ARCHITECTURE.md`; a test enforces it).

pub mod clock;
pub mod domain;
pub mod locale;

pub mod config;

pub mod store;

pub mod intake;
pub mod provider;

pub mod billing;
pub mod inbox;

pub mod preflight;

pub mod engine;

pub mod cli;
pub mod web;

pub mod app;

pub mod sandbox;
