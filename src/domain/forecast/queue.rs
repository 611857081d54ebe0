//! One run's queue as time goes on. Times are milliseconds since the scene's now.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{LimitedBy, Line, Luck};
use crate::domain::time::UnixMs;

/// Less than this is nothing: what remains of dividing.
const NOTHING: f64 = 1e-6;

/// Messages that are alike and have not left.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    latest: f64,
    zone: usize,
    left: f64,
    /// Places a message takes.
    each: f64,
    /// They have failed once.
    again: bool,
}

/// What may leave now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lot {
    place: usize,
    /// At most so many messages.
    pub most: f64,
    /// As long as it is before this.
    pub until: f64,
}

/// Hours of one of the line's clocks.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    is_open: bool,
    /// It stays so until then.
    until: f64,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue<'a> {
    pub line: &'a Line,
    now: UnixMs,
    /// By when they are due.
    coming: BTreeMap<i64, Vec<Waiting>>,
    due: VecDeque<Waiting>,
    clocks: Vec<Open>,
    money: f64,
    price: f64,
    /// Messages that the wallet still pays.
    wallet: f64,
    renewed: usize,
    canary: f64,
    verdict: f64,
    again: f64,
    /// Whose turn was longest ago goes first.
    pub served: u64,
    /// What it was given last leaves until then.
    pub busy: f64,
    /// The share of the pace that it keeps, and when the next of it may leave.
    share: f64,
    paced: f64,
    first: f64,
    end: f64,
    /// What left last had failed before.
    pub by_again: bool,
    pub too_late: f64,
    /// Places of what is planned by when it is due, and how many of them have passed the horizon, left or ended.
    planned: Vec<(f64, f64)>,
    near: usize,
    ahead: f64,
    waits: [f64; LimitedBy::ALL.len()],
}

fn span(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

impl<'a> Queue<'a> {
    pub(super) fn new(line: &'a Line, now: UnixMs, luck: Luck) -> Self {
        let mut coming: BTreeMap<i64, Vec<Waiting>> = BTreeMap::new();
        let since = |at: UnixMs| at.0.saturating_sub(now.0);
        let held = line.held.map_or(0, since).max(0);
        for batch in line.batches.iter().filter(|batch| batch.messages >= 1.0) {
            let latest = batch.latest_at.map_or(f64::INFINITY, |at| since(at) as f64);
            let each = batch.places / batch.messages;
            let (zone, left, again) = (batch.zone, batch.messages, batch.again);
            let waiting = Waiting { latest, zone, left, each, again };
            coming.entry(since(batch.due_at).max(held)).or_default().push(waiting);
        }
        let sum: f64 = line.batches.iter().filter(|batch| !batch.again).map(|batch| batch.messages).sum();
        let again = (luck.again)(line.again);
        let planned = coming.iter().flat_map(|(at, all)| all.iter().map(|w| (*at as f64, w.left * w.each))).collect();
        Self {
            line,
            now,
            first: coming.keys().next().map_or(0.0, |at| *at as f64),
            coming,
            due: VecDeque::new(),
            clocks: vec![Open { is_open: false, until: f64::NEG_INFINITY }; line.zones.len()],
            money: line.purse.as_ref().map_or(f64::INFINITY, |purse| purse.left),
            price: line.purse.as_ref().map_or(0.0, luck.price),
            wallet: line.paid.unwrap_or(f64::INFINITY),
            renewed: 0,
            canary: line.canary.map_or(f64::INFINITY, |canary| canary.messages),
            verdict: line.canary.filter(|canary| canary.messages < NOTHING).map_or(f64::INFINITY, |c| span(c.wait)),
            // Less than a message is none.
            again: if again * sum >= luck.matters { again } else { 0.0 },
            served: 0,
            busy: f64::NEG_INFINITY,
            share: line.people.map_or(1.0, luck.people).clamp(0.0, 1.0),
            paced: f64::NEG_INFINITY,
            end: 0.0,
            by_again: false,
            too_late: 0.0,
            planned,
            near: 0,
            ahead: 0.0,
            waits: Default::default(),
        }
    }

    /// What has become due, too late, payable or judged by `at`.
    pub(super) fn tick(&mut self, at: f64) {
        while let Some(first) = self.coming.first_entry().filter(|first| *first.key() as f64 <= at) {
            self.due.extend(first.remove());
        }
        if self.due.iter().any(|waiting| waiting.latest < at) {
            let (over, due): (VecDeque<_>, _) = self.due.drain(..).partition(|waiting| waiting.latest < at);
            self.due = due;
            for waiting in over {
                self.too_late += waiting.left;
                self.end = self.end.max(waiting.latest);
                self.ahead -= waiting.left * waiting.each;
            }
        }
        while let Some(purse) = &self.line.purse
            && let Some(renewal) = purse.renewals.get(self.renewed)
            && self.since(*renewal) <= at
        {
            (self.money, self.renewed) = (purse.amount, self.renewed + 1);
        }
        if self.verdict <= at {
            (self.canary, self.verdict) = (f64::INFINITY, f64::INFINITY);
        }
    }

    fn since(&self, at: UnixMs) -> f64 {
        at.0.saturating_sub(self.now.0) as f64
    }

    /// New people for whom messages are planned before `horizon`.
    pub(super) fn ahead(&mut self, horizon: f64) -> f64 {
        while let Some((due, places)) = self.planned.get(self.near).filter(|(due, _)| *due < horizon) {
            debug_assert!(*due < horizon);
            (self.ahead, self.near) = (self.ahead + places, self.near + 1);
        }
        self.ahead.max(0.0)
    }

    pub(super) fn is_done(&self) -> bool {
        self.due.is_empty() && self.coming.is_empty()
    }

    pub(super) fn left(&self) -> f64 {
        self.due.iter().chain(self.coming.values().flatten()).map(|waiting| waiting.left).sum()
    }

    /// What may leave at `at` with `free` places; else what stands in the way.
    pub(super) fn pick(&mut self, at: f64, free: f64) -> Result<Lot, LimitedBy> {
        let Some(first) = self.due.front() else { return Err(LimitedBy::Schedule) };
        let one = first.left.min(1.0);
        if self.money + NOTHING < self.price * one {
            return Err(LimitedBy::Budget);
        }
        if self.wallet + NOTHING < one {
            return Err(LimitedBy::Wallet);
        }
        if self.canary + NOTHING < one {
            return Err(LimitedBy::Canary);
        }
        if self.share < NOTHING || at + NOTHING < self.paced {
            return Err(LimitedBy::People);
        }
        let paid = if self.price > 0.0 { self.money / self.price } else { f64::INFINITY };
        let mut why = None;
        for place in 0..self.due.len() {
            let waiting = self.due[place];
            let open = self.open(waiting.zone, at);
            let room = if waiting.each > 0.0 { free / waiting.each } else { f64::INFINITY };
            if !open.is_open {
                why.get_or_insert(LimitedBy::Hours);
            } else if room + NOTHING < waiting.left.min(1.0) {
                why.get_or_insert(LimitedBy::Tier);
            } else {
                let most = waiting.left.min(room).min(paid).min(self.wallet).min(self.canary);
                return Ok(Lot { place, most, until: open.until });
            }
        }
        Err(why.unwrap_or(LimitedBy::Schedule))
    }

    /// `messages` of `lot` leave from `since` until `at`; the places they take.
    pub(super) fn take(&mut self, lot: Lot, messages: f64, (since, at): (f64, f64)) -> f64 {
        let Some(waiting) = self.due.get_mut(lot.place) else { return 0.0 };
        waiting.left -= messages;
        let (taken, places) = (*waiting, messages * waiting.each);
        if waiting.left < NOTHING {
            self.due.remove(lot.place);
        }
        self.money -= messages * self.price;
        self.wallet -= messages;
        self.ahead -= places;
        if at >= self.end {
            self.by_again = taken.again;
        }
        (self.busy, self.end) = (at, self.end.max(at));
        if self.share < 1.0 {
            self.paced = since + (at - since) / self.share;
        }
        self.canary -= messages;
        if self.canary < NOTHING && self.verdict.is_infinite() {
            self.verdict = at + self.line.canary.map_or(0.0, |canary| span(canary.wait));
        }
        let (back, next) = (messages * self.again, at + span(self.line.again.after));
        if back > 0.0 && !taken.again && next <= taken.latest {
            let again = Waiting { left: back, again: true, ..taken };
            self.coming.entry(next.ceil() as i64).or_default().push(again);
        }
        places
    }

    fn open(&mut self, zone: usize, at: f64) -> Open {
        let always = Open { is_open: true, until: f64::INFINITY };
        let (Some(hours), Some(tz)) = (&self.line.hours, self.line.zones.get(zone)) else { return always };
        let Some(known) = self.clocks.get(zone).copied() else { return always };
        if at < known.until {
            return known;
        }
        let now = UnixMs(self.now.0.saturating_add(at.ceil() as i64));
        let open = if hours.is_open(now, tz) {
            Open { is_open: true, until: self.since(hours.open_until(now, tz)) }
        } else {
            Open { is_open: false, until: hours.next_open(now, tz).map_or(f64::INFINITY, |next| self.since(next)) }
        };
        self.clocks[zone] = open;
        open
    }

    /// When something about it changes after `at`.
    pub(super) fn next(&mut self, at: f64) -> f64 {
        let coming = self.coming.keys().next().map_or(f64::INFINITY, |due| *due as f64);
        let mut next = coming.min(self.verdict);
        if self.paced > at {
            next = next.min(self.paced);
        }
        if let Some(renewal) = self.line.purse.as_ref().and_then(|purse| purse.renewals.get(self.renewed)) {
            next = next.min(self.since(*renewal));
        }
        for place in 0..self.due.len() {
            let waiting = self.due[place];
            let open = self.open(waiting.zone, at);
            // At its latest time it may still leave.
            next = next.min(waiting.latest + 1.0).min(if open.is_open { f64::INFINITY } else { open.until });
        }
        next
    }

    /// It has waited `span` for `why`, if it was due at all. What is due later because a gate said so waits for the gate.
    pub(super) fn waited(&mut self, at: f64, why: LimitedBy, span: f64) {
        let gate = self.line.gate.filter(|(_, until)| at < self.since(*until)).map(|(gate, _)| gate);
        let is_held = self.line.held.is_some_and(|until| at < self.since(until));
        let why = match (why, gate) {
            (LimitedBy::Schedule, _) if is_held => LimitedBy::Hold,
            (LimitedBy::Schedule, Some(gate)) => gate,
            (why, _) if at >= self.first => why,
            _ => return,
        };
        if let Some(waits) = self.waits.get_mut(why as usize) {
            *waits += span;
        }
    }

    /// What limits it while something of it leaves.
    pub(super) fn pace(&self) -> LimitedBy {
        if self.share < 1.0 { LimitedBy::People } else { LimitedBy::Rate }
    }

    /// What it has waited for longest.
    pub(super) fn limited_by(&self) -> LimitedBy {
        let mut most = (LimitedBy::Rate, 0.0);
        for (why, waited) in LimitedBy::ALL.into_iter().zip(self.waits) {
            if waited > most.1 {
                most = (why, waited);
            }
        }
        most.0
    }

    /// When everything has left or ended; `None`: it has not.
    pub(super) fn end(&self) -> Option<UnixMs> {
        let end = self.end.max(self.first + span(self.line.spacing));
        self.is_done().then(|| UnixMs(self.now.0.saturating_add(end.ceil() as i64)))
    }
}
