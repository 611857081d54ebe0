//! Tests of `web`.

mod api;
mod forms;
mod health;
mod roles;
pub mod served;
mod sessions;
mod site;
mod webhooks;
mod words;
