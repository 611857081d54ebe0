//! Posting to one endpoint.

use std::time::Duration;

use futures::future::join_all;
use tracing::{info, warn};
use url::Url;

use super::{Outgoing, sign};
use crate::domain::change::Change;
use crate::domain::outgoing::{OFF_AFTER, rest, wait};
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::provider::outside::{Answered, Line, OutsideError};
use crate::store::audit::{self, Deed};
use crate::store::outgoing::delivery::{self, DeliveryState, Due, Tried};
use crate::store::outgoing::endpoint::{self, Endpoint, EndpointSecrets};

/// Posts to one endpoint in one look.
const TOGETHER: i64 = 64;

/// Of these at the same time.
const AT_ONCE: usize = 8;

/// Real time for which a post is reserved: longer than it may take.
const RESERVED: Duration = Duration::from_secs(30);

/// The endpoint is gone for good, as Standard Webhooks has it.
const GONE: u16 = 410;

impl Outgoing {
    /// Posts what is due to an endpoint; how much was tried. One that fails is tried with a single post until it takes one.
    pub(super) async fn tell(&self, endpoint: &Endpoint) -> Result<usize, EngineError> {
        let store = &self.engine.store;
        let now = self.engine.clock.now();
        if endpoint.rest_until > now {
            return Ok(0);
        }
        let limit = if endpoint.failures > 0 { 1 } else { TOGETHER };
        let due = delivery::due(store, endpoint.id, now, limit).await?;
        let Some(secrets) = endpoint::secrets(store, endpoint.id).await?.filter(|_| !due.is_empty()) else {
            return Ok(0);
        };
        let line = match Url::parse(&endpoint.url) {
            Ok(url) => self.outside.line(&url).await,
            Err(_) => Err(OutsideError::NotHttps),
        };
        let mut tried = 0;
        for some in due.chunks(AT_ONCE) {
            let all = join_all(some.iter().map(|due| self.post(endpoint, due, &secrets, &line))).await;
            let all: Vec<Option<bool>> = all.into_iter().collect::<Result<_, EngineError>>()?;
            tried += all.iter().flatten().count();
            if all.contains(&Some(false)) {
                break;
            }
        }
        Ok(tried)
    }

    /// Posts one. `None`: another node does; false: it was not taken.
    async fn post(
        &self,
        endpoint: &Endpoint,
        due: &Due,
        secrets: &EndpointSecrets,
        line: &Result<Line, OutsideError>,
    ) -> Result<Option<bool>, EngineError> {
        let store = &self.engine.store;
        let until = self.engine.clock.now().plus(self.engine.clock_span(RESERVED));
        if !delivery::reserve(store, due, until).await? {
            return Ok(None);
        }
        let (status, answer) = match self.send(due, secrets, line).await {
            Ok(answered) => (Some(answered.status), answered.beginning),
            Err(why) => (None, why),
        };
        let now = self.engine.clock.now();
        let taken = status.is_some_and(|status| (200..300).contains(&status));
        let (state, next_at) = match wait(due.tries + 1) {
            _ if taken => (DeliveryState::Delivered, now),
            Some(wait) => (DeliveryState::Waiting, now.plus(wait)),
            None => (DeliveryState::GivenUp, now),
        };
        let status = status.map(i64::from);
        // PostgreSQL keeps no NUL in a text.
        let answer = answer.replace('\0', "");
        delivery::tried(store, due.id, &Tried { state, next_at, at: now, status, answer }).await?;
        if taken {
            endpoint::took(store, endpoint.id).await?;
        } else {
            self.failed(endpoint, status, now).await?;
        }
        Ok(Some(taken))
    }

    async fn send(
        &self,
        due: &Due,
        secrets: &EndpointSecrets,
        line: &Result<Line, OutsideError>,
    ) -> Result<Answered, String> {
        let line = line.as_ref().map_err(ToString::to_string)?;
        let id = format!("evt_{}_{}", self.engine.instance.as_str(), due.event_id);
        let old = secrets.old_secret.as_deref();
        let old = old.filter(|_| secrets.old_until.is_some_and(|until| until > self.engine.clock.now()));
        let all: Vec<&str> = std::iter::once(secrets.secret.as_str()).chain(old).collect();
        let headers = sign::headers(&all, &id, self.real.now(), &due.body);
        let headers = headers.ok_or_else(|| "the secret cannot sign".to_owned())?;
        line.post(headers, due.body.clone().into_bytes()).await.map_err(|why| why.to_string())
    }

    /// Lets an endpoint rest that fails again and again; one that has failed for days, or says that it is gone, is
    /// switched off.
    async fn failed(&self, endpoint: &Endpoint, status: Option<i64>, now: UnixMs) -> Result<(), EngineError> {
        let store = &self.engine.store;
        let (failures, since) = endpoint::failed(store, endpoint.id, now).await?;
        let is_gone = status == Some(i64::from(GONE));
        if is_gone || now.since(since) >= OFF_AFTER {
            if endpoint::turn_off(store, endpoint.id, now, endpoint::ITSELF).await? {
                warn!(endpoint.id = %endpoint.id, "endpoint {} is switched off: it has taken nothing", endpoint.id);
                let subject = format!("endpoint {}", endpoint.name);
                let (action, detail) = ("endpoint.off", "it has taken nothing");
                let deed = Deed { actor: audit::ITSELF, action, subject: &subject, detail };
                audit::write(store, now, deed).await?;
                self.engine.tell(Change::Holds);
            }
            return Ok(());
        }
        info!(endpoint.id = %endpoint.id, endpoint.failures = failures, "endpoint {} has not taken it", endpoint.id);
        Ok(endpoint::rest(store, endpoint.id, now.plus(rest(failures))).await?)
    }
}
