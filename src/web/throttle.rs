//! Slows down whoever guesses passwords, and nobody else: wrong tries count by name and by where they come from, so that
//! who knows a colleague's name cannot keep the colleague out.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Wrong tries of one name from one place before it has to wait there.
const FREE_TRIES: u32 = 5;
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(5);
/// Names and places remembered at most; beyond this the oldest go.
const REMEMBERED: usize = 10_000;

/// Wrong tries by name and place. In memory: a restart forgives, which an attacker cannot cause.
#[derive(Clone, Debug, Default)]
pub struct Throttle(Arc<Mutex<HashMap<Who, Tries>>>);

/// A name, and where it is tried from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Who {
    name: String,
    from: Option<IpAddr>,
}

impl Who {
    /// `name` from the address `from`, where it is known. Of IPv6 the first 64 bits count: whoever has one address of such a
    /// network has them all.
    pub fn new(name: &str, from: Option<IpAddr>) -> Self {
        let place = |from: IpAddr| match from.to_canonical() {
            IpAddr::V4(from) => IpAddr::V4(from),
            IpAddr::V6(from) => IpAddr::V6(Ipv6Addr::from_bits(from.to_bits() >> 64 << 64)),
        };
        Self { name: name.to_owned(), from: from.map(place) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    next: Instant,
}

impl Throttle {
    /// How long `who` has to wait before they may try, if they have to.
    pub fn wait(&self, who: &Who, now: Instant) -> Option<Duration> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tries.get(who).and_then(|t| t.next.checked_duration_since(now)).filter(|d| !d.is_zero())
    }

    /// Notes a wrong try.
    pub fn wrong(&self, who: &Who, now: Instant) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= REMEMBERED {
            tries.retain(|_, t| t.next + LONGEST > now);
        }
        let entry = tries.entry(who.clone()).or_insert(Tries { wrong: 0, next: now });
        entry.wrong += 1;
        let beyond = entry.wrong.saturating_sub(FREE_TRIES);
        if beyond > 0 {
            entry.next = now + Duration::from_secs(1 << beyond.min(9)).min(LONGEST);
        }
    }

    /// Forgets the wrong tries of `who`: they signed in.
    pub fn right(&self, who: &Who) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(name: &str, from: &str) -> Who {
        Who::new(name, Some(from.parse().unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn after_five_wrong_tries_a_name_waits_longer_each_time() {
        let (throttle, ana) = (Throttle::default(), who("ana", "203.0.113.7"));
        for _ in 0..FREE_TRIES {
            throttle.wrong(&ana, Instant::now());
            assert_eq!(throttle.wait(&ana, Instant::now()), None);
        }
        throttle.wrong(&ana, Instant::now());
        assert_eq!(throttle.wait(&ana, Instant::now()), Some(Duration::from_secs(2)));
        throttle.wrong(&ana, Instant::now());
        assert_eq!(throttle.wait(&ana, Instant::now()), Some(Duration::from_secs(4)));
        assert_eq!(throttle.wait(&who("diego", "203.0.113.7"), Instant::now()), None);
        throttle.right(&ana);
        assert_eq!(throttle.wait(&ana, Instant::now()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_tries_from_one_place_keep_nobody_out_at_another() {
        let throttle = Throttle::default();
        for _ in 0..20 {
            throttle.wrong(&who("ana", "203.0.113.7"), Instant::now());
            throttle.wrong(&who("ana", "2001:db8:1:2::7"), Instant::now());
        }
        for (from, waits) in [
            ("203.0.113.7", true),
            ("::ffff:203.0.113.7", true),
            ("203.0.113.8", false),
            ("2001:db8:1:2:ffff::1", true),
            ("2001:db8:1:3::7", false),
        ] {
            assert_eq!(throttle.wait(&who("ana", from), Instant::now()).is_some(), waits, "{from}");
        }
    }
}
