//! Messages of people by sender, on their way from the receiver to the pace of that sender: the provider counts what a
//! number sends and receives together (cloud-api.md 5.1). A webhook that another node receives is not counted here.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts not yet taken up by a pacer.
#[derive(Debug, Default)]
pub struct Inbound(Mutex<BTreeMap<String, u64>>);

impl Inbound {
    /// People have written `messages` to `sender`.
    pub fn add(&self, sender: &str, messages: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(sender.to_owned()).or_default() += messages;
    }

    /// What has been written to `sender` since the last call.
    pub fn drain(&self, sender: &str) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(sender).unwrap_or(0)
    }
}
