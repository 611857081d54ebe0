//! Billing: markets, rate cards, estimates, charges, reports.
//!
//! What a provider charges is data with the day it takes effect (`billing/data/*.csv`). An amount is estimated when a
//! message is planned, reserved at its claim, and charged once it has been delivered, by what its receipts tell.

pub mod card;
mod card_file;
pub mod charge;
pub mod estimate;
pub mod market;
pub mod report;
pub mod report_text;
pub mod service;
