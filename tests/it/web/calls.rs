//! The JSON API through the real router, on both databases.

mod acts;
mod campaigns;
mod document;
mod problems;
