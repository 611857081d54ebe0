//! A full disk, of which no row can be written: told from memory, and written down when there is room.

use std::collections::BTreeMap;

use tracing::{info, warn};

use super::conditions::Found;
use super::ways::{Of, Way};
use super::words::Phase;
use super::{Alerts, EngineError};
use crate::domain::alert::AlertKind;
use crate::domain::time::UnixMs;
use crate::store::alert::{self, Alert, NewAlert, WayRow};
use crate::store::json;
use crate::store::room::DISK_ALERT;

/// What is known of it.
#[derive(Clone, Debug)]
pub(super) struct Unwritten {
    found: Found,
    since: UnixMs,
    /// When it had lasted long enough.
    told_at: Option<UnixMs>,
    told: BTreeMap<Way, UnixMs>,
    next_at: UnixMs,
    tries: i64,
}

impl Unwritten {
    /// As it would be written down.
    fn alert(&self) -> Alert {
        let Found { key, kind, detail } = &self.found;
        Alert {
            id: DISK_ALERT,
            key: key.clone(),
            kind: *kind,
            detail: json(detail),
            began_at: self.since,
            told_at: self.told_at,
            gone_at: None,
            ended_at: None,
        }
    }

    fn ways(&self, all: &[Way]) -> Vec<WayRow> {
        let row = |way: &Way| WayRow {
            alert_id: DISK_ALERT,
            way: way.as_str().to_owned(),
            tries: if self.told.contains_key(way) { 0 } else { self.tries },
            next_at: (!self.told.contains_key(way)).then_some(self.next_at),
            began_told_at: self.told.get(way).copied(),
            failure: None,
        };
        all.iter().map(row).collect()
    }
}

impl Alerts {
    /// Tells a full disk by every way that has not told it.
    pub(super) async fn tell_unwritten(&mut self, found: &[Found], now: UnixMs) -> Result<usize, EngineError> {
        let Some(full) = found.iter().find(|one| one.kind == AlertKind::DiskFull) else { return Ok(0) };
        // What could not be written down has lasted since the disk is full, not since this look.
        let since = self.engine.store.full_since().unwrap_or(now);
        let begin =
            || Unwritten { found: full.clone(), since, told_at: None, told: BTreeMap::new(), next_at: now, tries: 0 };
        let mut known = self.unwritten.take().unwrap_or_else(begin);
        let mut told = 0;
        if now.since(known.since) >= self.ways.config().lasting && now >= known.next_at {
            known.told_at.get_or_insert(now);
            let written = self.told_before(&known.found.key).await?;
            for way in self.ways.all() {
                if known.told.contains_key(&way) || written.contains(&way.as_str().to_owned()) {
                    continue;
                }
                if self.tell_full(way, &known).await {
                    known.told.insert(way, now);
                    told += 1;
                }
            }
            known.next_at = now.plus(self.wait(known.tries));
            known.tries += 1;
        }
        self.engine.store.keep_unwritten(Some((known.alert(), known.ways(&self.ways.all()))));
        self.unwritten = Some(known);
        Ok(told)
    }

    /// Ways by which it was told while it could be written down.
    async fn told_before(&self, key: &str) -> Result<Vec<String>, EngineError> {
        let open = alert::open(&self.engine.store).await?;
        let Some(known) = open.iter().find(|alert| alert.key == key) else { return Ok(Vec::new()) };
        let ways = alert::ways(&self.engine.store).await?;
        let is_told = |way: &alert::WayRow| way.alert_id == known.id && way.began_told_at.is_some();
        Ok(ways.into_iter().filter(is_told).map(|way| way.way).collect())
    }

    async fn tell_full(&self, way: Way, known: &Unwritten) -> bool {
        let Found { key, kind, detail } = &known.found;
        let id = format!("{}.{}.{}.began", self.engine.instance.as_str(), kind.as_str(), known.since.0);
        let of = Of { kind: *kind, key, began_at: known.since, ended_at: None };
        match self.ways.tell(way, &self.ways.notice(id, of, Phase::Began, detail)).await {
            Ok(()) => {
                info!(alert.way = way.as_str(), "the full disk is told by {}", way.as_str());
                true
            }
            Err(why) => {
                warn!(alert.way = way.as_str(), why = %why, "the full disk could not be told");
                false
            }
        }
    }

    /// Writes down what was told from memory, so that its end is told too.
    pub(super) async fn write_down(&mut self, now: UnixMs) -> Result<(), EngineError> {
        let Some(known) = &self.unwritten else { return Ok(()) };
        let Found { key, kind, detail } = &known.found;
        let (store, detail) = (&self.engine.store, json(detail));
        let told_at = known.told.values().min().copied();
        alert::begin(store, &NewAlert { key, kind: *kind, detail: &detail, began_at: known.since, told_at }).await?;
        for (way, at) in &known.told {
            alert::told_already(store, key, way.as_str(), (*at).min(now)).await?;
        }
        self.unwritten = None;
        store.keep_unwritten(None);
        Ok(())
    }
}
