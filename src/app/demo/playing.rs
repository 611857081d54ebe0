//! A demo that runs: starting its campaigns and waiting for their end.

use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::{DemoError, LOOK, Report};
use crate::app::daemon::Daemon;
use crate::domain::id::VersionId;
use crate::engine::{Engine, StartOutcome};
use crate::intake::sample::SAMPLES;
use crate::locale::{self, Language};
use crate::sandbox::Sandbox;
use crate::store::{campaign, run, session, summary, version};

/// The sample that waits for a person to press Start.
const LEFT_FOR_A_PERSON: &str = "promo-verao";
/// Written into the runs that the demo starts by itself.
const STARTER: &str = "demo";
/// After this long without an end something is wrong, and the demo says so instead of hanging. Real time.
const PATIENCE: Duration = Duration::from_mins(8);

/// A running demo. Dropping it removes its directory.
pub struct Playing {
    /// The daemon.
    pub daemon: Daemon,
    pub(super) sandbox: Sandbox,
    pub(super) sandbox_address: SocketAddr,
    pub(super) begun: Instant,
    pub(super) _dir: TempDir,
}

impl Playing {
    /// Starts every sample, waits until all runs are closed, and counts.
    pub async fn to_the_end(&self) -> Result<Report, DemoError> {
        let engine = &self.daemon.engine;
        for sample in SAMPLES {
            start_sample(engine, sample.name).await?;
        }
        while !run::open(&engine.store).await?.is_empty() {
            if self.begun.elapsed() > PATIENCE {
                return Err(DemoError::TooSlow { seconds: PATIENCE.as_secs() });
            }
            sleep(LOOK).await;
        }
        let stats = format!("http://{}/_sandbox/stats", self.sandbox_address);
        let duplicates = super::report::duplicates(&stats).await?;
        Ok(Report::new(&summary::read(&engine.store).await?, duplicates, self.begun.elapsed()))
    }
}

/// Starts the reminders and the resumed contacts once somebody has signed in, so that nobody misses the beginning.
pub async fn begin_when_somebody_looks(engine: Engine, stop: CancellationToken) {
    let begin = async {
        while session::count(&engine.store).await? == 0 {
            sleep(LOOK).await;
        }
        for sample in SAMPLES.iter().filter(|s| s.name != LEFT_FOR_A_PERSON) {
            start_sample(&engine, sample.name).await?;
        }
        Ok::<(), DemoError>(())
    };
    tokio::select! {
        () = stop.cancelled() => return,
        begun = begin => if let Err(cause) = begun {
            error!(error = &cause as &dyn std::error::Error, "the demo's campaigns do not start");
        },
    }
    stop.cancelled().await;
}

async fn start_sample(engine: &Engine, name: &str) -> Result<(), DemoError> {
    let version = loaded(engine, name).await?;
    match engine.start(version, STARTER).await? {
        StartOutcome::Started(_) | StartOutcome::Scheduled(_) => Ok(()),
        StartOutcome::Refused(problems) | StartOutcome::Changed(problems) => {
            let codes: Vec<&str> = problems.iter().map(|p| p.code.as_str()).collect();
            Err(DemoError::Sample { name: name.to_owned(), why: codes.join(", ") })
        }
    }
}

/// Waits until the folder's watcher has seen the sample whole.
async fn loaded(engine: &Engine, name: &str) -> Result<VersionId, DemoError> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(campaign) = campaign::by_name(&engine.store, name).await? {
            if let Some(why) = campaign.problem {
                return Err(DemoError::Sample { name: name.to_owned(), why: locale::noted(Language::En, &why) });
            }
            if let Some(version) = version::latest(&engine.store, campaign.id).await? {
                return Ok(version.id);
            }
        }
        sleep(LOOK).await;
    }
    Err(DemoError::Sample { name: name.to_owned(), why: "it was not loaded".to_owned() })
}
