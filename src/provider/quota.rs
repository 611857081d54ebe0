//! How much of a provider's quota of calls is used: told with its answers, and counted here for what it does not tell.
//! Calls slow down before the limit, and stop until the provider takes them again.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::ProviderError;

/// From this share on calls are spaced, in hundredths (cloud-api.md 5.5).
const SLOW_FROM: u32 = 80;

/// Longest time between two calls of a nearly used quota.
const LONGEST_SPACE: Duration = Duration::from_secs(5);

/// Calls in an hour that an account with a registered number is granted (cloud-api.md 5.5). Counted for what the provider
/// tells nothing of.
const PER_HOUR: usize = 5_000;

const HOUR: Duration = Duration::from_hours(1);

/// What the provider told last is as good as forgotten after this: its windows are an hour.
const STALE_AFTER: Duration = HOUR;

/// What an answer's headers say of quotas (`X-App-Usage`, `X-Business-Use-Case-Usage`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Usage {
    /// The most used share, in hundredths; `None`: nothing is told.
    pub percent: Option<u32>,
    /// Minutes until calls are taken again; 0: they are.
    pub wait_minutes: u64,
}

impl Usage {
    /// Of the two headers, as far as they are there.
    pub fn read(app: Option<&str>, business: Option<&str>) -> Self {
        let json = |text: Option<&str>| text.and_then(|t| serde_json::from_str::<serde_json::Value>(t).ok());
        let mut usage = Self::default();
        if let Some(app) = json(app) {
            usage.take(&app);
        }
        if let Some(serde_json::Value::Object(accounts)) = json(business) {
            accounts.values().filter_map(|a| a.as_array()).flatten().for_each(|bucket| usage.take(bucket));
        }
        usage
    }

    fn take(&mut self, bucket: &serde_json::Value) {
        for share in ["call_count", "total_time", "total_cputime"] {
            let told = bucket.get(share).and_then(serde_json::Value::as_f64).filter(|p| *p >= 0.0);
            let told = told.map(|p| p.min(1_000.0).ceil() as u32);
            self.percent = self.percent.max(told);
        }
        let wait = bucket.get("estimated_time_to_regain_access").and_then(serde_json::Value::as_u64);
        self.wait_minutes = self.wait_minutes.max(wait.unwrap_or_default());
    }
}

/// How a quota stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QuotaState {
    /// The used share, in hundredths.
    pub percent: u32,
    /// Minutes until calls are taken again; 0: they are.
    pub wait_minutes: u64,
}

/// One account's quota. Shared by everything that calls for it.
#[derive(Debug, Default)]
pub(super) struct Quota(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    percent: u32,
    at: Option<Instant>,
    closed_until: Option<Instant>,
    calls: VecDeque<Instant>,
}

impl Told {
    /// The larger of what was told and what was counted.
    fn percent(&mut self, now: Instant) -> u32 {
        while self.calls.front().is_some_and(|at| now.duration_since(*at) >= HOUR) {
            self.calls.pop_front();
        }
        let told = if self.at.is_some_and(|at| now.duration_since(at) < STALE_AFTER) { self.percent } else { 0 };
        let counted = u32::try_from(self.calls.len() * 100 / PER_HOUR).unwrap_or(u32::MAX);
        told.max(counted)
    }

    fn wait_minutes(&self, now: Instant) -> u64 {
        let left = self.closed_until.map(|until| until.saturating_duration_since(now)).unwrap_or_default();
        left.as_secs().div_ceil(60)
    }
}

impl Quota {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits as long as the next call should, and counts it.
    ///
    /// # Errors
    /// [`ProviderError::Later`]: the provider has said that it takes none for now.
    pub async fn next(&self) -> Result<(), ProviderError> {
        let space = {
            let (mut told, now) = (self.told(), Instant::now());
            let minutes = told.wait_minutes(now);
            if minutes > 0 {
                return Err(ProviderError::Later { minutes });
            }
            told.calls.push_back(now);
            space(told.percent(now))
        };
        if !space.is_zero() {
            sleep(space).await;
        }
        Ok(())
    }

    /// Keeps what an answer said; `is_over`: it was a refusal because of the quota.
    pub fn keep(&self, usage: Usage, is_over: bool) {
        let (mut told, now) = (self.told(), Instant::now());
        if let Some(percent) = usage.percent {
            (told.percent, told.at) = (percent, Some(now));
        }
        // A refusal that names no time is given a minute.
        let minutes = if is_over { usage.wait_minutes.max(1) } else { usage.wait_minutes };
        told.closed_until = (minutes > 0).then(|| now + Duration::from_secs(minutes.min(24 * 60) * 60));
    }

    /// How it stands now; `None`: the provider has told nothing of it.
    pub fn state(&self) -> Option<QuotaState> {
        let (mut told, now) = (self.told(), Instant::now());
        let wait_minutes = told.wait_minutes(now);
        (told.at.is_some() || wait_minutes > 0).then(|| QuotaState { percent: told.percent(now), wait_minutes })
    }
}

/// Time between two calls: nothing below [`SLOW_FROM`], then longer with each hundredth.
fn space(percent: u32) -> Duration {
    let over = percent.saturating_sub(SLOW_FROM - 1).min(20);
    LONGEST_SPACE * over / 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_used_share_and_the_longest_wait_of_both_headers_count() {
        let business = r#"{"1":[{"call_count":12,"total_cputime":85,"estimated_time_to_regain_access":0}],
            "2":[{"call_count":3,"estimated_time_to_regain_access":7},{}]}"#;
        for (app, business, percent, wait) in [
            (None, Some(business), Some(85), 7),
            (Some(r#"{"call_count":91.2,"total_time":25,"total_cputime":25}"#), Some(business), Some(92), 7),
            (Some(r#"{"call_count":-1}"#), Some(r#"{"1":[]}"#), None, 0),
            (Some("[1]"), Some("not JSON"), None, 0),
            (None, None, None, 0),
        ] {
            assert_eq!(Usage::read(app, business), Usage { percent, wait_minutes: wait }, "{app:?}");
        }
    }

    #[test]
    fn calls_are_spaced_from_four_fifths_on() {
        assert_eq!(space(79), Duration::ZERO);
        assert!(space(80) > Duration::ZERO && space(80) < space(95));
        assert_eq!([space(99), space(400)], [LONGEST_SPACE; 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_used_up_quota_is_not_asked_until_the_provider_takes_calls_again() {
        let quota = Quota::default();
        assert_eq!(quota.state(), None);
        quota.next().await.unwrap();
        quota.keep(Usage { percent: Some(100), wait_minutes: 7 }, true);
        assert!(matches!(quota.next().await, Err(ProviderError::Later { minutes: 7 })));
        assert_eq!(quota.state(), Some(QuotaState { percent: 100, wait_minutes: 7 }));
        tokio::time::advance(Duration::from_mins(7)).await;
        let before = Instant::now();
        quota.next().await.unwrap();
        assert_eq!(before.elapsed(), LONGEST_SPACE, "still nearly used, so slowly");
        quota.keep(Usage { percent: Some(10), wait_minutes: 0 }, false);
        let before = Instant::now();
        quota.next().await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
        tokio::time::advance(HOUR).await;
        assert_eq!(quota.state().map(|s| s.percent), Some(0), "what was told has passed");
        for _ in 0..PER_HOUR * 81 / 100 {
            quota.told().calls.push_back(Instant::now());
        }
        assert_eq!(quota.state().map(|s| s.percent), Some(81), "counted where nothing is told");
    }
}
