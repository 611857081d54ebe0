//! Tests of `billing`.

mod cards;
mod charge;
mod report;
mod service;
