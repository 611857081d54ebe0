//! The messaging limit as time goes on: places taken and let go.

use std::collections::BTreeMap;

use super::{Luck, Scene, Tier};
use crate::domain::tier::OPEN;

/// Places that are let go within so many milliseconds are let go together, with the last of them.
const TOGETHER: i64 = 10_000;

/// How much longer a place is taken whose person's phone is off, in milliseconds.
const PHONE_OFF: f64 = 12.0 * 3_600_000.0;

/// Who may pass. Times are milliseconds since the scene's now.
#[derive(Debug)]
pub(super) struct Door {
    /// Free places; below zero where others took more than there are; infinite without a limit.
    free: f64,
    /// When places are let go, in microseconds.
    leaves: BTreeMap<i64, f64>,
    kept: f64,
    luck: Luck,
}

impl Door {
    pub(super) fn new(scene: &Scene, luck: Luck) -> Self {
        let Some(tier) = &scene.tier else {
            return Self { free: f64::INFINITY, leaves: BTreeMap::new(), kept: 0.0, luck };
        };
        let kept = tier.kept.as_secs_f64() * 1000.0;
        let mut door = Self { free: tier.room, leaves: BTreeMap::new(), kept, luck };
        for (at, people) in together(tier, scene.now.0) {
            door.free -= people;
            *door.leaves.entry(at.saturating_mul(1000)).or_default() += people;
        }
        door
    }

    /// Lets go whose time has come.
    pub(super) fn let_go(&mut self, at: f64) {
        let now = micros(at);
        while let Some(first) = self.leaves.first_entry().filter(|first| *first.key() <= now) {
            self.free += first.remove();
        }
    }

    /// Places of messages that have left by `at`.
    pub(super) fn take(&mut self, places: f64, at: f64) {
        if places <= 0.0 || self.free.is_infinite() {
            return;
        }
        let places = places * (1.0 - self.luck.fails);
        self.free -= places;
        let late = places * self.luck.late;
        *self.leaves.entry(micros(at + self.kept)).or_default() += places - late;
        if late > 0.0 {
            *self.leaves.entry(micros(at + self.kept + PHONE_OFF)).or_default() += late;
        }
    }

    /// Free places, where room is left for `others`.
    pub(super) fn free(&self, others: f64) -> f64 {
        self.free - others
    }

    /// When the next are let go.
    pub(super) fn next(&self) -> f64 {
        self.leaves.keys().next().map_or(f64::INFINITY, |at| *at as f64 / 1000.0)
    }
}

/// A little late rather than a little early: what waits for an instant must find that it has come.
fn micros(at: f64) -> i64 {
    (at * 1000.0).ceil() as i64
}

/// Who holds a place, in small groups, with milliseconds from `now` until they let go.
fn together(tier: &Tier, now: i64) -> Vec<(i64, f64)> {
    let kept = i64::try_from(tier.kept.as_millis()).unwrap_or(i64::MAX);
    let mut groups: BTreeMap<i64, (i64, f64)> = BTreeMap::new();
    for (until, people) in &tier.held {
        let at = if *until == OPEN { kept } else { (until.0 - now).max(0) };
        let group = groups.entry(at / TOGETHER).or_default();
        *group = (group.0.max(at), group.1 + people);
    }
    groups.into_values().collect()
}
