//! Tests of `web`.

mod api;
pub mod site;
