//! A POST with an `Idempotency-Key` is done once; its repetition gets the first answer.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use crate::store::idempotency::{self, Key, Reservation};
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::state::WebState;

const HEADER: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";

/// One request that may be a repetition.
pub struct Once<'a> {
    /// State.
    pub state: &'a WebState,
    /// Who asks: keys of two actors never meet.
    pub actor: &'a Actor,
    /// Method and path.
    pub route: String,
    /// Where the key stands.
    pub headers: &'a HeaderMap,
    /// Hash of what is asked.
    pub request: &'a str,
}

impl Once<'_> {
    /// Does `work` unless its key was used before. A refusal gives the key back; after a surprise it stays taken, since
    /// nobody knows how far the work came.
    pub async fn answer<T: Serialize>(
        &self,
        status: StatusCode,
        work: impl Future<Output = Result<T, WebError>>,
    ) -> Result<Response, WebError> {
        let Some(key) = self.key()? else { return Ok((status, Json(work.await?)).into_response()) };
        let key = Key { actor: &self.actor.name, route: &self.route, key };
        match idempotency::reserve(self.state.store(), key, self.request, self.state.now()).await? {
            Reservation::New => self.first(status, key, work).await,
            Reservation::Mismatch => Err(WebError::Conflict("key_reused")),
            Reservation::Unfinished => Err(WebError::Conflict("key_unfinished")),
            Reservation::Done { status, response } => {
                let status = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok());
                let value: Value = serde_json::from_str(&response).unwrap_or_default();
                Ok((status.unwrap_or(StatusCode::OK), [(REPLAYED, "true")], Json(value)).into_response())
            }
        }
    }

    async fn first<T: Serialize>(
        &self,
        status: StatusCode,
        key: Key<'_>,
        work: impl Future<Output = Result<T, WebError>>,
    ) -> Result<Response, WebError> {
        match work.await {
            Ok(value) => {
                let value = serde_json::to_value(value)
                    .map_err(|e| WebError::Unexpected("an answer cannot be written", Box::new(e)))?;
                idempotency::finish(self.state.store(), key, i64::from(status.as_u16()), &value.to_string()).await?;
                Ok((status, Json(value)).into_response())
            }
            Err(error) => {
                if !error.is_surprise() {
                    idempotency::forget(self.state.store(), key).await?;
                }
                Err(error)
            }
        }
    }

    fn key(&self) -> Result<Option<&str>, WebError> {
        let Some(value) = self.headers.get(HEADER) else { return Ok(None) };
        let key = value.to_str().map_err(|_| WebError::Bad("no_key"))?;
        if (1..=200).contains(&key.len()) { Ok(Some(key)) } else { Err(WebError::Bad("no_key")) }
    }
}
