//! How long PostgreSQL waits for a daemon that says nothing, and a daemon for what another has locked.

use std::time::Duration;

use super::checks;

/// `[store]`: two of PostgreSQL's own limits, set for every connection of ours (postgresql.org, "Client Connection
/// Defaults"). They keep a node that hangs from stopping the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// A unit of work that stands still for longer is ended by the server (`idle_in_transaction_session_timeout`).
    pub transaction: Duration,
    /// Nobody waits longer for what another has locked (`lock_timeout`).
    pub lock: Duration,
}

impl Patience {
    /// A span that can be set; shorter ones would end work that goes on, longer ones outlast every lease.
    pub fn span(text: &str) -> Result<Duration, &'static str> {
        let span = checks::length(text)?;
        let fits = (Duration::from_secs(1)..=Duration::from_mins(10)).contains(&span);
        fits.then_some(span).ok_or("must be from \"1s\" to \"10m\"")
    }
}

impl Default for Patience {
    /// Short enough that whoever waits for a node that hangs renews its own leases in time (`domain::node`); and twice that,
    /// so that it outlasts it.
    fn default() -> Self {
        Self { transaction: Duration::from_secs(5), lock: Duration::from_secs(10) }
    }
}
