//! One object that starts and stops everything.
//!
//! A first SIGTERM or SIGINT cancels the soft token: nothing new is claimed, planned or accepted by the web server;
//! what is in flight finishes. A second signal, or the budget below, is the hard stop: what is still claimed then is
//! found in doubt at the next start. A task that dies cancels the soft token too, and the exit code says so.
//!
//! The budget of a graceful stop, added up: a send may take 15 s (client time-out); its settlement waits at most
//! 250 ms for its batch and the write up to 10 s (SQLite's busy time-out); together 25.25 s, so 30 s are given.
//! systemd gives 40 s (`TimeoutStopSec`).

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

/// See the module's text for the sum.
pub const SOFT_STOP_BUDGET: Duration = Duration::from_secs(30);

/// Starts tasks and stops them in order.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    died: Arc<AtomicBool>,
}

/// How a lifecycle ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Everything finished within the budget.
    Graceful,
    /// Something was still running when the budget or a second signal ended it.
    Cut,
    /// A task died.
    TaskDied,
}

impl Default for Lifecycle {
    fn default() -> Self {
        let hard = CancellationToken::new();
        Self { soft: hard.child_token(), hard, tasks: TaskTracker::new(), died: Arc::default() }
    }
}

impl Lifecycle {
    /// The token that asks tasks to finish what they hold and end.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Starts `task`, which ends when the soft token is cancelled. One that ends earlier has died, and the whole daemon
    /// stops.
    pub fn start(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.start_until(name, &self.soft.clone(), task);
    }

    /// Starts `task`, which ends when `asked` (a child of the soft token) is cancelled. One that ends earlier has died.
    pub fn start_until(
        &self,
        name: &'static str,
        asked: &CancellationToken,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let hard = self.hard.clone();
        let guard = DeathGuard { name, asked: asked.clone(), soft: self.soft.clone(), died: self.died.clone() };
        self.tasks.spawn(async move {
            let _guard = guard;
            tokio::select! {
                () = task => {}
                () = hard.cancelled() => warn!(task.name = name, "task {name} was cut off"),
            }
        });
    }

    /// Whether a task has died.
    pub fn has_died(&self) -> bool {
        self.died.load(Ordering::SeqCst)
    }

    /// Asks everything to stop.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Waits for a signal (or [`Lifecycle::stop`], or a task's death), then for the tasks to end.
    pub async fn run_until_stopped(self) -> std::io::Result<Ending> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => info!("asked to stop (SIGTERM)"),
            _ = interrupt.recv() => info!("asked to stop (SIGINT)"),
            () = self.soft.cancelled() => {}
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        self.soft.cancel();
        self.tasks.close();
        let ended = tokio::select! {
            () = self.tasks.wait() => true,
            _ = terminate.recv() => false,
            _ = interrupt.recv() => false,
            () = tokio::time::sleep(SOFT_STOP_BUDGET) => false,
        };
        if !ended {
            warn!(
                task.count = self.tasks.len(),
                "stopped before everything was finished; what was claimed is in doubt"
            );
            self.hard.cancel();
            self.tasks.wait().await;
        }
        Ok(match (self.has_died(), ended) {
            (true, _) => Ending::TaskDied,
            (false, true) => Ending::Graceful,
            (false, false) => Ending::Cut,
        })
    }
}

/// Notices a task that ended without being asked to, by returning or by a panic.
struct DeathGuard {
    name: &'static str,
    asked: CancellationToken,
    soft: CancellationToken,
    died: Arc<AtomicBool>,
}

impl Drop for DeathGuard {
    fn drop(&mut self) {
        if !self.asked.is_cancelled() || std::thread::panicking() {
            error!(task.name = self.name, "task {} died, the daemon stops", self.name);
            self.died.store(true, Ordering::SeqCst);
            self.soft.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_finishes_when_asked_ends_gracefully() {
        let life = Lifecycle::default();
        let soft = life.soft();
        life.start("polite", async move {
            soft.cancelled().await;
        });
        life.stop();
        assert_eq!(life.run_until_stopped().await.unwrap(), Ending::Graceful);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ignores_the_stop_is_cut_when_the_budget_is_spent() {
        let life = Lifecycle::default();
        life.start("deaf", std::future::pending());
        life.stop();
        assert_eq!(life.run_until_stopped().await.unwrap(), Ending::Cut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_dies_stops_the_daemon_and_is_told() {
        let life = Lifecycle::default();
        life.start("fragile", async {});
        assert_eq!(life.run_until_stopped().await.unwrap(), Ending::TaskDied);
    }
}
