//! The one place where real time is read.
//!
//! Everything of a minute or more follows a [`Clock`]; throughput, pair limit and HTTP time-outs stay real
//! (`tokio::time`). A shared clock may run faster than real time, so that a demo of two days takes a minute.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use crate::domain::time::UnixMs;

/// Tells the time. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    Real,
    Scaled(Mutex<Scale>),
    Fixed(Mutex<UnixMs>),
}

/// `origin @ real_origin * speed`: at the real instant `real_origin` the clock shows `origin`, and runs `speed` times
/// as fast from there. Two processes given the same scale agree, and so does one process before and after a restart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scale {
    /// What the clock shows at `real_origin`.
    pub origin: UnixMs,
    /// A real instant.
    pub real_origin: UnixMs,
    /// Clock seconds per real second, at least 0.001 and at most 100,000.
    pub speed: f64,
}

/// A `--clock` argument that is not `RFC3339@RFC3339*FACTOR`.
#[derive(Debug, thiserror::Error)]
#[error("a clock is ORIGIN@REAL_ORIGIN*SPEED, as 2026-11-24T10:00:00Z@2026-11-21T08:00:00Z*2400")]
pub struct NotAClock;

impl std::str::FromStr for Scale {
    type Err = NotAClock;
    fn from_str(text: &str) -> Result<Self, NotAClock> {
        let (origin, rest) = text.split_once('@').ok_or(NotAClock)?;
        let (real_origin, speed) = rest.split_once('*').ok_or(NotAClock)?;
        let instant = |t: &str| t.trim().parse::<Timestamp>().map(UnixMs::from).map_err(|_| NotAClock);
        let speed: f64 = speed.trim().parse().map_err(|_| NotAClock)?;
        if !(0.001..=100_000.0).contains(&speed) {
            return Err(NotAClock);
        }
        Ok(Self { origin: instant(origin)?, real_origin: instant(real_origin)?, speed })
    }
}

impl std::fmt::Display for Scale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}*{}", self.origin, self.real_origin, self.speed)
    }
}

impl Scale {
    /// What the clock shows at the real instant `real`.
    pub fn at(&self, real: UnixMs) -> UnixMs {
        let passed = (real.0 - self.real_origin.0) as f64 * self.speed;
        UnixMs(self.origin.0 + passed as i64)
    }
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self(Arc::new(Source::Real))
    }

    /// A clock that follows `scale`.
    pub fn scaled(scale: Scale) -> Self {
        Self(Arc::new(Source::Scaled(Mutex::new(scale))))
    }

    /// A clock that shows `scale.origin` now and runs at `speed` from here.
    pub fn starting_now(origin: UnixMs, speed: f64) -> Self {
        Self::scaled(Scale { origin, real_origin: real_now(), speed })
    }

    /// A clock that moves only by [`Clock::advance`]; for tests.
    pub fn fixed(at: UnixMs) -> Self {
        Self(Arc::new(Source::Fixed(Mutex::new(at))))
    }

    /// The time it shows.
    pub fn now(&self) -> UnixMs {
        match &*self.0 {
            Source::Real => real_now(),
            Source::Scaled(scale) => held(scale).at(real_now()),
            Source::Fixed(at) => *held(at),
        }
    }

    /// What it shows at the instant `real` of [`Clock::unscaled`].
    pub fn at(&self, real: UnixMs) -> UnixMs {
        self.scale().map_or(real, |scale| scale.at(real))
    }

    /// The clock behind a scaled one, which is the machine's; another is that clock itself.
    #[must_use]
    pub fn unscaled(&self) -> Self {
        match &*self.0 {
            Source::Scaled(_) => Self::real(),
            Source::Real | Source::Fixed(_) => self.clone(),
        }
    }

    /// Moves a fixed clock forward; does nothing to the others.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(at) = &*self.0 {
            let mut at = held(at);
            *at = at.plus(by);
        }
    }

    /// Lets a scaled clock go on from what it shows now at another speed; does nothing to the others.
    pub fn change_speed(&self, speed: f64) {
        if let Source::Scaled(scale) = &*self.0 {
            let mut scale = held(scale);
            let real = real_now();
            *scale = Scale { origin: scale.at(real), real_origin: real, speed };
        }
    }

    /// The scale in force, to hand to another process; `None` for a clock that is not scaled.
    pub fn scale(&self) -> Option<Scale> {
        match &*self.0 {
            Source::Scaled(scale) => Some(*held(scale)),
            _ => None,
        }
    }

    /// Seconds of this clock in one real second (a fixed clock: 1).
    pub fn speed(&self) -> f64 {
        self.scale().map_or(1.0, |scale| scale.speed)
    }

    /// How long `span` of this clock takes in real time (a fixed clock: `span` itself).
    pub fn real_span(&self, span: Duration) -> Duration {
        match &*self.0 {
            Source::Scaled(scale) => span.div_f64(held(scale).speed),
            _ => span,
        }
    }
}

/// A panic while holding these locks cannot leave them half-written.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "the one place where real time is read")]
fn real_now() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
