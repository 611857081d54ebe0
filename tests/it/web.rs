//! Tests of `web`.

mod alerts;
mod api;
mod audited;
mod calls;
mod chats;
pub mod daemon;
mod desk;
mod drafts;
mod forecasts;
mod forms;
mod health;
mod keys;
mod live;
mod people;
mod roles;
mod sessions;
pub mod site;
mod templates;
pub mod thread;
mod tickets;
mod ticks;
mod titles;
mod together;
mod waiting;
mod webhooks;
mod words;
