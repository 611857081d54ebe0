//! Tests of what is told elsewhere, and of what comes back from there.

mod away;
mod chatwoot;
pub mod hook;
mod pace;
mod webhooks;
pub mod woot;
