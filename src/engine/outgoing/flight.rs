//! Posts on their way to one endpoint: how many, and what becomes of each.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use reqwest::header::HeaderMap;
use tokio::sync::OnceCell;
use url::Url;

use crate::domain::id::{DeliveryId, EndpointId};
use crate::domain::outgoing::wait;
use crate::domain::time::UnixMs;
use crate::provider::outside::{Answered, Line, Outside, OutsideError};
use crate::store::outgoing::delivery::{DeliveryState, Due, Tried};
use crate::store::outgoing::endpoint::{Endpoint, EndpointSecrets};

/// Posts to one endpoint at the same time.
const AT_ONCE: usize = 8;

/// What of one endpoint is due and on its way.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Due, in its order, and not reserved yet.
    pub(super) due: VecDeque<Due>,
    /// What `due` was read with.
    pub(super) batch: Option<Arc<Batch>>,
    /// On their way.
    pub(super) flying: BTreeSet<DeliveryId>,
}

impl Desk {
    /// How many more may leave: one that fails is tried with a single post until it takes one.
    pub(super) fn room(&self, failures: i64) -> usize {
        let bound = if failures > 0 { 1 } else { AT_ONCE };
        bound.saturating_sub(self.flying.len())
    }
}

/// What the posts of one look at an endpoint have in common.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) endpoint: EndpointId,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) secrets: EndpointSecrets,
    outside: Outside,
    /// Its name is resolved by the first that leaves, since that may take as long as a post.
    line: OnceCell<Result<Line, OutsideError>>,
}

impl Batch {
    /// To `endpoint`.
    pub(super) fn new(endpoint: &Endpoint, secrets: EndpointSecrets, outside: Outside) -> Arc<Self> {
        let (name, url, line) = (endpoint.name.clone(), endpoint.url.clone(), OnceCell::new());
        Arc::new(Self { endpoint: endpoint.id, name, url, secrets, outside, line })
    }

    async fn post(&self, headers: Option<HeaderMap>, body: String) -> Result<Answered, String> {
        let headers = headers.ok_or_else(|| "the secret cannot sign".to_owned())?;
        let line = self.line.get_or_init(|| self.connect()).await.as_ref().map_err(ToString::to_string)?;
        line.post(headers, body.into_bytes()).await.map_err(|why| why.to_string())
    }

    async fn connect(&self) -> Result<Line, OutsideError> {
        match Url::parse(&self.url) {
            Ok(url) => self.outside.line(&url).await,
            Err(_) => Err(OutsideError::NotHttps),
        }
    }
}

/// A post that was answered, or was not.
#[derive(Debug)]
pub(super) struct Landed {
    pub(super) batch: Arc<Batch>,
    pub(super) delivery: DeliveryId,
    tries: i64,
    /// `None`: no answer came.
    pub(super) status: Option<u16>,
    /// Its beginning, or why there is none.
    answer: String,
}

impl Landed {
    /// Whether the endpoint has it.
    pub(super) fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// What is kept of the try.
    pub(super) fn tried(&self, now: UnixMs) -> Tried {
        let (state, next_at) = match wait(self.tries + 1) {
            _ if self.is_taken() => (DeliveryState::Delivered, now),
            Some(wait) => (DeliveryState::Waiting, now.plus(wait)),
            None => (DeliveryState::GivenUp, now),
        };
        // PostgreSQL keeps no NUL in a text.
        let answer = self.answer.replace('\0', "");
        Tried { state, next_at, at: now, status: self.status.map(i64::from), answer }
    }
}

/// Posts one, which is reserved.
pub(super) async fn fly(batch: Arc<Batch>, due: Due, headers: Option<HeaderMap>) -> Landed {
    let (delivery, tries) = (due.id, due.tries);
    let (status, answer) = match batch.post(headers, due.body).await {
        Ok(answered) => (Some(answered.status), answered.beginning),
        Err(why) => (None, why),
    };
    Landed { batch, delivery, tries, status, answer }
}
