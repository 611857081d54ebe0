//! Pre-flight: what would happen, what it costs, what stands in the way.
//!
//! One pass over the audience, the same way from file to rows as the planner's, ends in a [`Sheet`]: every row
//! accounted for, samples as people will see them, cost and times as low, likely and high, and what to fix before
//! starting (blockers) or to look at (warnings). Nothing is written and nothing is sent.

pub mod before;
mod billed;
mod cost;
pub mod diff;
mod forecast;
mod listing;
pub mod planned;
mod problems;
mod reading;
mod renamed;
mod repeat;
mod routes;
mod sample;
mod sheet;
mod shown;
mod text;

pub use cost::{Cost, MarketCost, Shares, of_markets};
pub use listing::{Listed, Listing, WithRows};
pub use repeat::Repeats;
pub use sample::{Sample, SampleKind};
pub use sheet::{
    Balance, Sheet, SheetBudget, SheetCanary, SheetInputs, SheetRow, SheetTemplate, SheetTier, sheet, sheet_telling,
};
pub use shown::{Behind, Shown};
pub use text::{evidence_words, header_words, json, life_words, repeat_words, status_words, text, write_text};
