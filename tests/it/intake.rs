//! Tests of `intake`.

mod campaign_file;
