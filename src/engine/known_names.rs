//! What people are called, asked of the store for some rows at a time while a file is read on a thread of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::Handle;
use tracing::error;

use super::feed::Failure;
use super::{Engine, EngineError};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::intake::campaign_file::CampaignFile;
use crate::intake::rows::{NOBODY, Names, greets};
use crate::store::{Store, person};

/// The store, for a thread that waits for its answers.
#[derive(Debug)]
struct Asked {
    store: Store,
    handle: Handle,
    failure: Failure,
}

impl Names for Asked {
    fn nobody(&self) -> Option<&'static str> {
        None
    }

    fn of(&self, phones: &[Phone]) -> Result<BTreeMap<String, String>, Problem> {
        self.handle.block_on(person::names_of(&self.store, phones)).map_err(|cause| {
            let error = &cause as &dyn std::error::Error;
            error!(error, "what people are called could not be read");
            self.failure.keep(cause);
            Problem::new("names_unread", &[])
        })
    }
}

impl Engine {
    /// What people are called whose number is known with a name, for a campaign that greets them by it where its file does
    /// not say it. To be asked from threads of their own only; what fails stays in `failure`.
    pub(super) async fn client_names(
        &self,
        file: &CampaignFile,
        failure: &Failure,
    ) -> Result<Arc<dyn Names>, EngineError> {
        if !greets(file) || !person::is_anybody_named(&self.store).await? {
            return Ok(Arc::new(NOBODY.clone()));
        }
        let (store, handle, failure) = (self.store.clone(), Handle::current(), failure.clone());
        Ok(Arc::new(Asked { store, handle, failure }))
    }
}
