//! Nodes: daemons that share the senders of one store. Who is there, who fell silent, and who sends for them since. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use super::time::UnixMs;

/// How long a node may send for a sender after it last said that it is there. Another takes the sender when this has
/// passed, and its first message leaves within [`START`]: 15 s at most without the sender.
pub const LEASE: Duration = Duration::from_secs(12);

/// How often a node says it: before half of the lease has passed, even where something held one turn up.
pub const RENEW: Duration = Duration::from_secs(3);

/// A lease that could not be renewed is given up this long before it runs out: what was claimed leaves within a second, and
/// clocks differ by two.
pub const MARGIN: Duration = Duration::from_secs(3);

/// How long a sender that has just been taken waits for what its provider says of its pace.
pub const START: Duration = Duration::from_secs(2);

/// A node that said nothing for so long is silent: clearly longer than a lease, and than a restart.
pub const SILENT: Duration = Duration::from_secs(30);

/// A node that said nothing for so long is forgotten: it was taken away for good.
pub const FORGOTTEN: Duration = Duration::from_hours(7 * 24);

/// A node as it last said of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Its data directory's own name.
    pub home: String,
    /// What people call it.
    pub name: String,
    /// Senders that it sent for.
    pub led: Vec<String>,
    /// When it said so.
    pub seen_at: UnixMs,
}

/// Who sends for a sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// Which.
    pub sender: String,
    /// The data directory's name of the node that does.
    pub home: String,
    /// Until when.
    pub until_at: UnixMs,
}

/// A node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its data directory's own name.
    pub home: String,
    /// What people call it; where two are called the same, with the beginning of the data directory's name: `clinic#3f2a`.
    pub label: String,
    /// When it was last heard of.
    pub seen_at: UnixMs,
    /// How it stands.
    pub standing: Standing,
}

/// How a node stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is there.
    Here {
        /// Senders that it sends for.
        leads: Vec<String>,
    },
    /// Nothing was heard of it for longer than [`SILENT`].
    Silent(Left),
}

/// What became of the senders of a silent node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Left {
    /// Those that others send for.
    pub taken: Vec<String>,
    /// These others.
    pub by: Vec<String>,
    /// Those that nobody sends for.
    pub orphans: Vec<String>,
}

impl Node {
    /// Senders that it sends for.
    pub fn leads(&self) -> &[String] {
        match &self.standing {
            Standing::Here { leads } => leads,
            Standing::Silent(_) => &[],
        }
    }
}

/// How every one of `known` stands at `now`, in the order of their labels.
pub fn nodes(known: &[Known], leases: &[Lease], now: UnixMs) -> Vec<Node> {
    let is_silent = |one: &Known| now.since(one.seen_at) >= SILENT;
    let holder = |sender: &str| {
        let lease = leases.iter().find(|lease| lease.sender == sender && lease.until_at >= now)?;
        known.iter().find(|one| one.home == lease.home && !is_silent(one))
    };
    let standing = |one: &Known| {
        if !is_silent(one) {
            let leads = leases.iter().filter(|lease| lease.home == one.home && lease.until_at >= now);
            return Standing::Here { leads: leads.map(|lease| lease.sender.clone()).collect() };
        }
        let (mut left, mut by) = (Left::default(), BTreeSet::new());
        for sender in &one.led {
            match holder(sender) {
                Some(other) => {
                    left.taken.push(sender.clone());
                    by.insert(label(known, other));
                }
                None => left.orphans.push(sender.clone()),
            }
        }
        Standing::Silent(Left { by: by.into_iter().collect(), ..left })
    };
    let node = |one: &Known| Node {
        home: one.home.clone(),
        label: label(known, one),
        seen_at: one.seen_at,
        standing: standing(one),
    };
    let mut nodes: Vec<Node> = known.iter().map(node).collect();
    nodes.sort_by(|a, b| a.label.cmp(&b.label));
    nodes
}

fn label(known: &[Known], one: &Known) -> String {
    let is_alone = known.iter().all(|other| other.home == one.home || other.name != one.name);
    let home: String = one.home.chars().take(4).collect();
    if is_alone { one.name.clone() } else { format!("{}#{home}", one.name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_000_000_000);

    /// The usual `transaction_timeout`.
    const HANGS: Duration = Duration::from_secs(5);

    fn known(home: &str, name: &str, led: &[&str], ago: Duration) -> Known {
        let led = led.iter().map(|sender| (*sender).to_owned()).collect();
        Known { home: home.to_owned(), name: name.to_owned(), led, seen_at: NOW.minus(ago) }
    }

    fn lease(sender: &str, home: &str, until_at: UnixMs) -> Lease {
        Lease { sender: sender.to_owned(), home: home.to_owned(), until_at }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_sender_that_was_taken_is_there_again_within_fifteen_seconds() {
        assert!(LEASE + START < Duration::from_secs(15));
        assert!(SILENT >= 2 * LEASE, "clearly longer than a lease");
        // One turn may wait for a node that hangs for as long as PostgreSQL lets it.
        assert!(RENEW + HANGS <= LEASE.checked_sub(MARGIN).unwrap());
    }

    #[test]
    fn of_a_silent_node_it_is_known_who_sends_for_its_senders() {
        let soon = NOW.plus(Duration::from_secs(5));
        let all = [
            known("aaaa1", "one", &["back", "front", "side"], SILENT),
            known("bbbb1", "two", &["front"], Duration::from_secs(2)),
            known("cccc1", "three", &[], Duration::from_secs(29)),
        ];
        let leases = [
            lease("front", "bbbb1", soon),
            lease("back", "bbbb1", soon),
            lease("side", "aaaa1", NOW.minus(Duration::from_secs(18))),
        ];
        let found = nodes(&all, &leases, NOW);
        let labels: Vec<&str> = found.iter().map(|node| node.label.as_str()).collect();
        assert_eq!(labels, ["one", "three", "two"]);
        let left = Left { taken: words(&["back", "front"]), by: words(&["two"]), orphans: words(&["side"]) };
        assert_eq!(found[0].standing, Standing::Silent(left));
        assert_eq!(found[1].standing, Standing::Here { leads: Vec::new() }, "late is not silent");
        assert_eq!(found[2].leads(), ["front", "back"]);
    }

    #[test]
    fn a_sender_of_two_nodes_that_are_both_silent_is_nobodys() {
        let all = [known("aaaa1", "one", &["front"], SILENT), known("bbbb1", "two", &["front"], SILENT)];
        let leases = [lease("front", "bbbb1", NOW.minus(SILENT))];
        let orphaned = |node: &Node| match &node.standing {
            Standing::Silent(left) => left.orphans.clone(),
            Standing::Here { .. } => Vec::new(),
        };
        let found = nodes(&all, &leases, NOW);
        assert!(found.iter().all(|node| orphaned(node) == ["front"]), "{found:?}");
    }

    #[test]
    fn two_nodes_of_one_name_are_told_apart() {
        let all = [known("3f2a9", "clinic", &[], LEASE), known("77b01", "clinic", &[], LEASE)];
        let labels: Vec<String> = nodes(&all, &[], NOW).into_iter().map(|node| node.label).collect();
        assert_eq!(labels, ["clinic#3f2a", "clinic#77b0"]);
    }
}
