//! Tests of `billing`.

mod charge;
mod report;
mod service;
