//! Tests of what is told elsewhere, and of what comes back from there.

mod away;
mod chatwoot;
mod config;
pub mod hook;
mod pace;
mod pages;
mod webhooks;
pub mod woot;
