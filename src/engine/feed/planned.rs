//! What a standing run has planned, asked of the store some rows at a time while a sheet is made on a thread of its own.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tracing::error;

use crate::domain::amend::Standing;
use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::preflight::diff::PlannedView;
use crate::preflight::planned::Planned;
use crate::store::message::{self, Unnamed};
use crate::store::{Result, Store, StoreError, erased};

/// Messages told at once.
const PAGE: i64 = 1_000;

/// The store, for a thread that waits for its answers.
#[derive(Debug)]
pub(super) struct Asked {
    store: Store,
    campaign: CampaignId,
    run: RunId,
    handle: Handle,
    failure: Failure,
}

/// Why the store could not answer, if it could not: for whoever waits for the sheet.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Failure(Arc<Mutex<Option<StoreError>>>);

impl Failure {
    /// The first failure, as the result of a reading that met it.
    pub fn told(&self) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    /// Keeps the first.
    pub fn keep(&self, cause: StoreError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
    }
}

impl Asked {
    /// What `run` of `campaign` has planned. To be asked from threads of their own only; what fails stays in `failure`.
    pub fn of(store: &Store, campaign: CampaignId, run: RunId, failure: &Failure) -> Self {
        Self { store: store.clone(), campaign, run, handle: Handle::current(), failure: failure.clone() }
    }

    fn wait<T>(&self, asked: impl Future<Output = Result<T>>) -> std::result::Result<T, Problem> {
        self.handle.block_on(asked).map_err(|cause| {
            let error = &cause as &dyn std::error::Error;
            error!(error, run.id = %self.run, "what run {} has planned could not be read", self.run);
            self.failure.keep(cause);
            Problem::new("feed_unread", &[("run", &self.run.to_string())])
        })
    }
}

impl Planned for Asked {
    fn standing(&self, ids: &[&str], phones: &[Phone]) -> std::result::Result<Arc<Standing>, Problem> {
        let looked = look(&self.store, (self.campaign, self.run), ids, phones);
        Ok(Arc::new(self.wait(looked)?.into()))
    }

    fn waiting(&self, after: MessageId) -> std::result::Result<Vec<Unnamed>, Problem> {
        self.wait(message::waiting(&self.store, self.run, after, PAGE))
    }
}

/// What `run` of `campaign` has planned for rows with these ids, or for these numbers.
pub(in crate::engine) async fn look(
    store: &Store,
    (campaign, run): (CampaignId, RunId),
    ids: &[&str],
    phones: &[Phone],
) -> Result<PlannedView> {
    let planned = message::planned_for(store, (campaign, run), ids, phones).await?;
    let answers = message::answers(store, campaign, ids).await?;
    let erased = erased::of_ids(store, campaign, ids).await?;
    Ok(PlannedView { planned, answers, declined: erased.declined, told: erased.told, whose: erased.whose })
}
