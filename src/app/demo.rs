//! `recado demo`: the daemon, the sandbox and three sample campaigns in one process and one throw-away directory.
//!
//! The clock starts on a fixed Tuesday at 10:00 and runs fast while a run is open, so that reminders of two days go out,
//! are delivered, read and answered in about a minute, whatever the hour of the real day. While nothing is open it
//! runs at a person's speed: conversations can be read and answered before their window closes. Each time it slows down,
//! somebody writes, so that there is one to answer.

mod place;
mod playing;
mod report;
mod stage;

use std::net::SocketAddr;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use report::Report;

use super::daemon::StartError;
use super::lifecycle::Lifecycle;
use crate::clock::Clock;
use crate::domain::run::RunState;
use crate::engine::{Engine, EngineError};
use crate::sandbox::{Sandbox, SandboxProvider};
use crate::store::{StoreError, run};
use playing::Playing;
use stage::Stage;

/// Clock seconds per real second while a run is open: 40 minutes a second, the reminders' two days in about a minute.
const FAST: f64 = 2_400.0;
/// How often the demo looks whether a run is open; half a minute of the fast clock.
const LOOK: Duration = Duration::from_millis(100);

/// What somebody writes when the clock slows down.
const QUESTION: &str = "Hola, ¿puedo ir acompañado?";

/// How the demo runs.
#[derive(Clone, Copy, Debug)]
pub struct DemoSettings {
    /// Where the pages are; a busy port is replaced by a free one.
    pub listen: SocketAddr,
    /// Whose protocol daemon and sandbox speak.
    pub provider: SandboxProvider,
    /// Starts all campaigns by itself and ends when every run is closed.
    pub exit_when_done: bool,
}

/// What a person needs to know to look around.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Welcome {
    /// Where the pages are.
    pub address: String,
    /// Signs in once, as administrator.
    pub sign_in_link: String,
}

/// Why a demo ended badly.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A directory, a port or a file.
    #[error("the demo's place cannot be made")]
    Place(#[from] std::io::Error),
    /// The configuration it wrote for itself.
    #[error("the demo's configuration")]
    Config(#[from] crate::config::ConfigError),
    /// The daemon did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store.
    #[error("the store")]
    Store(#[from] StoreError),
    /// The engine.
    #[error("the engine")]
    Engine(#[from] EngineError),
    /// A campaign was not loaded, or something stood in its way.
    #[error("the sample campaign {name} does not start: {why}")]
    Sample {
        /// Which.
        name: String,
        /// Problem codes.
        why: String,
    },
    /// It took too long.
    #[error("the runs were not closed within {seconds} s")]
    TooSlow {
        /// How long it waited.
        seconds: u64,
    },
    /// The sandbox's own count cannot be read.
    #[error("the sandbox's count")]
    Count(#[from] reqwest::Error),
}

/// Runs the demo. `welcome` is called once everything is up. Returns a report when it is to exit when done, and `None`
/// when a signal ended it.
pub async fn demo(settings: DemoSettings, welcome: impl FnOnce(&Welcome)) -> Result<Option<Report>, DemoError> {
    let stage = Stage::build(settings.provider, settings.listen, Clock::starting_now(place::START, 1.0)).await?;
    let greeting = stage.welcome()?;
    let life = Lifecycle::default();
    let playing = stage.start(&life)?;
    welcome(&greeting);
    let engine = playing.daemon.engine.clone();
    let people = (!settings.exit_when_done).then(|| playing.sandbox.clone());
    life.start("demo's clock", keep_pace(engine.clone(), people, life.soft()));
    if settings.exit_when_done {
        let report = playing.to_the_end().await;
        life.stop();
        life.run_until_stopped().await?;
        playing.daemon.store().close().await;
        return report.map(Some);
    }
    life.start("demo's campaigns", playing::begin_when_somebody_looks(engine, life.soft()));
    life.run_until_stopped().await?;
    playing.daemon.store().close().await;
    Ok(None)
}

/// Fast while a run is open, a person's pace while none is.
async fn keep_pace(engine: Engine, people: Option<Sandbox>, stop: CancellationToken) {
    let mut fast = false;
    while !stop.is_cancelled() {
        // A read that fails is tried again at the next look.
        if let Ok(runs) = run::open(&engine.store).await {
            let busy = runs.iter().any(|run| matches!(run.state, RunState::Planning | RunState::Running));
            if busy != fast {
                engine.clock.change_speed(if busy { FAST } else { 1.0 });
                fast = busy;
                if let Some(people) = people.as_ref().filter(|_| !busy) {
                    people.last_reader_writes(QUESTION);
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
