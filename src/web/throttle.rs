//! Slows down whoever guesses passwords.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Wrong tries of one name before it has to wait.
const FREE_TRIES: u32 = 5;
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(5);
/// Names remembered at most; beyond this the oldest go.
const REMEMBERED: usize = 10_000;

/// Wrong tries by name. In memory: a restart forgives, which an attacker cannot cause.
#[derive(Clone, Debug, Default)]
pub struct Throttle(Arc<Mutex<HashMap<String, Tries>>>);

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    next: Instant,
}

impl Throttle {
    /// How long `name` has to wait before it may try, if it has to.
    pub fn wait(&self, name: &str, now: Instant) -> Option<Duration> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tries.get(name).and_then(|t| t.next.checked_duration_since(now)).filter(|d| !d.is_zero())
    }

    /// Notes a wrong try.
    pub fn wrong(&self, name: &str, now: Instant) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= REMEMBERED {
            tries.retain(|_, t| t.next + LONGEST > now);
        }
        let entry = tries.entry(name.to_owned()).or_insert(Tries { wrong: 0, next: now });
        entry.wrong += 1;
        let beyond = entry.wrong.saturating_sub(FREE_TRIES);
        if beyond > 0 {
            entry.next = now + Duration::from_secs(1 << beyond.min(9)).min(LONGEST);
        }
    }

    /// Forgets the wrong tries of `name`: it signed in.
    pub fn right(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_five_wrong_tries_a_name_waits_longer_each_time() {
        let throttle = Throttle::default();
        for _ in 0..FREE_TRIES {
            throttle.wrong("ana", Instant::now());
            assert_eq!(throttle.wait("ana", Instant::now()), None);
        }
        throttle.wrong("ana", Instant::now());
        assert_eq!(throttle.wait("ana", Instant::now()), Some(Duration::from_secs(2)));
        throttle.wrong("ana", Instant::now());
        assert_eq!(throttle.wait("ana", Instant::now()), Some(Duration::from_secs(4)));
        assert_eq!(throttle.wait("diego", Instant::now()), None);
        throttle.right("ana");
        assert_eq!(throttle.wait("ana", Instant::now()), None);
    }
}
