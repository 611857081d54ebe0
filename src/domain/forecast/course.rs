//! What happens in a scene: lot by lot, from one instant at which something changes to the next.

use super::door::Door;
use super::queue::Queue;
use super::{LimitedBy, Luck, Scene};
use crate::domain::kind::Priority;
use crate::domain::time::UnixMs;

/// Everything that is queued leaves in about so many lots.
const LOTS: f64 = 2_000.0;

/// Nobody looks further ahead: a year, in milliseconds.
const HORIZON: f64 = 366.0 * 86_400_000.0;

/// A scene that takes so many steps has no end that could be told.
const MOST_STEPS: usize = 400_000;

/// What becomes of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub ends_at: Option<UnixMs>,
    pub limited_by: LimitedBy,
    pub too_late: f64,
    pub left: f64,
    /// The last of it is something that was tried again.
    pub by_again: bool,
}

/// A sender: messages per millisecond, and when it is free for the next lot.
#[derive(Clone, Copy, Debug)]
struct Way {
    speed: f64,
    free_at: f64,
    /// Its last turn.
    served: u64,
}

/// The scene as time goes on.
pub(super) struct Course<'a> {
    queues: Vec<Queue<'a>>,
    ways: Vec<Way>,
    door: Door,
    /// How far promotions look ahead for reminders; `None`: there is no limit.
    ahead: Option<f64>,
    lot: f64,
    turn: u64,
}

impl<'a> Course<'a> {
    pub(super) fn new(scene: &'a Scene, luck: Luck) -> Self {
        let all: f64 = scene.lines.iter().flat_map(|line| &line.batches).map(|batch| batch.messages).sum();
        let way = |pace: &super::Pace| {
            let speed = pace.per_second.max(1e-6) * luck.speed / (1.0 + (luck.replies)(pace.replies));
            Way { speed: speed / 1000.0, free_at: 0.0, served: 0 }
        };
        Self {
            queues: scene.lines.iter().map(|line| Queue::new(line, scene.now, luck)).collect(),
            ways: scene.paces.iter().map(way).collect(),
            door: Door::new(scene, luck),
            ahead: scene.tier.as_ref().map(|tier| tier.ahead.as_secs_f64() * 1000.0),
            lot: (all / LOTS).max(1.0),
            turn: 0,
        }
    }

    /// Lets everything happen; what becomes of each line.
    pub(super) fn run(mut self) -> Vec<Outcome> {
        let mut at = 0.0;
        for _ in 0..MOST_STEPS {
            self.door.let_go(at);
            for queue in &mut self.queues {
                queue.tick(at);
            }
            self.serve(at);
            if self.queues.iter().all(|queue| !is_asked(queue) || queue.is_done()) {
                break;
            }
            let next = self.next(at);
            if !next.is_finite() || next > HORIZON {
                self.wait(at, HORIZON - at);
                break;
            }
            self.wait(at, next - at);
            at = next;
        }
        self.queues.iter().map(outcome).collect()
    }

    /// Gives each sender that is free its next lot; of several that want the last place, that which waits longest has it.
    fn serve(&mut self, at: f64) {
        let reminders = self.reminders(at);
        let mut order: Vec<usize> = (0..self.ways.len()).filter(|no| self.ways[*no].free_at <= at).collect();
        order.sort_by_key(|no| self.ways[*no].served);
        for no in order {
            let way = &mut self.ways[no];
            let mut turns: Vec<usize> = (0..self.queues.len())
                .filter(|n| self.queues[*n].line.sender == no && !self.queues[*n].line.stopped)
                .collect();
            turns.sort_by_key(|n| (self.queues[*n].line.priority, self.queues[*n].served));
            for n in turns {
                let queue = &mut self.queues[n];
                let free = self.door.free(kept_free(queue, reminders));
                let Ok(lot) = queue.pick(at, free) else { continue };
                // One message leaves even in the last instant before closing.
                let in_time = ((lot.until - at) * way.speed).max(1.0);
                let messages = lot.most.min(self.lot).min(in_time);
                way.free_at = at + messages / way.speed;
                let places = queue.take(lot, messages, (at, way.free_at));
                self.turn += 1;
                (queue.served, way.served) = (self.turn, self.turn);
                self.door.take(places, way.free_at);
                break;
            }
        }
    }

    /// New people whose reminders are planned soon.
    fn reminders(&mut self, at: f64) -> f64 {
        let Some(ahead) = self.ahead else { return 0.0 };
        let reminders = self.queues.iter_mut().filter(|queue| queue.line.priority == Priority::REMINDER);
        reminders.map(|queue| queue.ahead(at + ahead)).sum()
    }

    /// When something changes after `at`.
    fn next(&mut self, at: f64) -> f64 {
        let later = |next: f64, candidate: f64| if candidate > at { next.min(candidate) } else { next };
        let mut next = later(f64::INFINITY, self.door.next());
        for way in &self.ways {
            next = later(next, way.free_at);
        }
        for queue in &mut self.queues {
            next = later(next, queue.next(at));
        }
        next
    }

    /// Notes what those that are asked about have waited for.
    fn wait(&mut self, at: f64, span: f64) {
        let reminders = self.reminders(at);
        for queue in self.queues.iter_mut().filter(|queue| is_asked(queue) && !queue.is_done()) {
            let free = self.door.free(kept_free(queue, reminders));
            let why =
                if queue.busy > at { queue.pace() } else { queue.pick(at, free).err().unwrap_or(LimitedBy::Rate) };
            queue.waited(at, why, span);
        }
    }
}

fn is_asked(queue: &Queue<'_>) -> bool {
    queue.line.watched && !queue.line.stopped
}

/// Places that are kept free of `queue`.
fn kept_free(queue: &Queue<'_>, reminders: f64) -> f64 {
    if queue.line.priority == Priority::PROMOTION { reminders } else { 0.0 }
}

fn outcome(queue: &Queue<'_>) -> Outcome {
    let (ends_at, limited_by, by_again) = (queue.end(), queue.limited_by(), queue.by_again);
    Outcome { ends_at, limited_by, too_late: queue.too_late, left: queue.left(), by_again }
}
