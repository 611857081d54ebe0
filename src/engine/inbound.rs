//! Messages of people by sender, on their way from the receiver to the pace of that sender: the provider counts what a
//! number sends and receives together (cloud-api.md 5.1). Which node receives them does not matter: each tells the others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What was not taken up within this is over: another node has the sender, or nothing was to be sent.
const LASTS: Duration = Duration::from_secs(5);

/// Counts not yet taken up by a pacer, and those the other nodes have not been told.
#[derive(Debug, Default)]
pub struct Inbound(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    waiting: BTreeMap<String, (u64, Instant)>,
    untold: BTreeMap<String, u64>,
}

impl Counts {
    fn wait(&mut self, sender: &str, messages: u64) {
        let now = Instant::now();
        let (count, since) = self.waiting.entry(sender.to_owned()).or_insert((0, now));
        if now.duration_since(*since) > LASTS {
            (*count, *since) = (0, now);
        }
        *count += messages;
    }
}

impl Inbound {
    /// People have written `messages` to `sender`, as this node received.
    pub fn add(&self, sender: &str, messages: u64) {
        let mut counts = self.counts();
        counts.wait(sender, messages);
        *counts.untold.entry(sender.to_owned()).or_default() += messages;
    }

    /// The same as another node received and told.
    pub fn hear(&self, written: &BTreeMap<String, u64>) {
        let mut counts = self.counts();
        for (sender, messages) in written {
            counts.wait(sender, *messages);
        }
    }

    /// What has been written to `sender` since the last call, as far as it still counts.
    pub fn drain(&self, sender: &str) -> u64 {
        let found = self.counts().waiting.remove(sender);
        found.filter(|(_, since)| since.elapsed() <= LASTS * 2).map_or(0, |(count, _)| count)
    }

    /// What this node received since the last call, for the others.
    pub fn untold(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.counts().untold)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_nobody_takes_up_for_long_slows_nobody_later() {
        let inbound = Inbound::default();
        for _ in 0..3_600 {
            inbound.add("front", 100);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let owed = inbound.drain("front");
        assert!((100..=600).contains(&owed), "a few seconds of it: {owed}");
        inbound.add("front", 7);
        tokio::time::advance(LASTS * 3).await;
        assert_eq!((inbound.drain("front"), inbound.drain("back")), (0, 0));
    }

    #[test]
    fn what_was_heard_counts_and_is_not_told_on() {
        let inbound = Inbound::default();
        inbound.add("front", 2);
        inbound.hear(&BTreeMap::from([("front".to_owned(), 3), ("back".to_owned(), 1)]));
        assert_eq!((inbound.drain("front"), inbound.drain("back")), (5, 1));
        assert_eq!(inbound.untold(), BTreeMap::from([("front".to_owned(), 2)]));
        assert_eq!(inbound.untold(), BTreeMap::new());
    }
}
