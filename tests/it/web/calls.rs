//! The JSON API through the real router, on both databases.

mod acts;
mod attempts;
mod campaigns;
mod document;
mod problems;
mod starting;
