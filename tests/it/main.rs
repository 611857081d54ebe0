//! Every integration test in one binary: one link, one PostgreSQL, shared support.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "these are tests, their helpers included")]
#![expect(
    clippy::unnecessary_wraps,
    clippy::items_after_statements,
    clippy::format_push_string,
    reason = "a table of cases reads better when what it compares has the form of the production value"
)]

#[path = "../rig/rig.rs"]
#[expect(dead_code, reason = "each program uses its part of the rig")]
mod rig;
mod support;

mod billing;
mod browser;
mod cli;
mod client;
mod demo;
mod disk;
mod doctor;
mod engine;
mod gupshup;
mod house;
mod inbox;
mod intake;
mod nodes;
mod preflight;
mod provider;
mod sandbox;
mod store;
mod web;
