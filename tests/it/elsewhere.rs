//! Tests of what is told elsewhere, and of what comes back from there.

mod accepted;
mod away;
mod chatwoot;
mod config;
mod hanging;
pub mod hook;
mod pace;
mod pages;
mod webhooks;
pub mod woot;
