//! Intake: campaign file, audience files, mapping of columns to template parameters.

pub mod campaign_file;
