//! The JSON API under `/api/v1`: what the pages do, for programs.

mod body;
mod campaigns;
mod conversations;
mod docs;
mod doubts;
mod idempotent;
mod lists;
mod messages;
mod openapi;
pub mod route;
mod runs;
pub mod shape;
mod start;
mod suppressions;
