//! Sample campaigns.
