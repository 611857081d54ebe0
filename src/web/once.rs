//! Forms that do their work once, however often they are sent.

use std::future::Future;

use axum::http::StatusCode;

use crate::store::idempotency::{self, Key, Reservation};
use crate::store::secret::hash_of;

use super::actor::Actor;
use super::error::WebError;
use super::state::WebState;

/// A form's key is shorter.
const LONGEST_KEY: usize = 100;

/// Does `work` once for a form's key; where it leads. Sent again, the form leads to the same. `request` is everything
/// that makes it another one.
pub async fn once(
    state: &WebState,
    actor: &Actor,
    (route, key): (&str, &str),
    request: &str,
    work: impl Future<Output = Result<String, WebError>>,
) -> Result<String, WebError> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(WebError::Unprocessable("form_once"));
    }
    let (store, key) = (state.store(), Key { actor: &actor.name, route, key });
    match idempotency::reserve(store, key, &hash_of(request), state.people_now()).await? {
        Reservation::New => {}
        Reservation::Done { response, .. } => return Ok(response),
        Reservation::Unfinished => return Err(WebError::Conflict("key_unfinished")),
        Reservation::Mismatch => return Err(WebError::Unprocessable("form_changed")),
    }
    match work.await {
        Ok(path) => {
            idempotency::finish(store, key, i64::from(StatusCode::SEE_OTHER.as_u16()), &path).await?;
            Ok(path)
        }
        Err(error) => {
            // Nothing was done; after any other error nobody knows.
            if matches!(error, WebError::Refused(_) | WebError::NotFound | WebError::Conflict(_)) {
                idempotency::forget(store, key).await?;
            }
            Err(error)
        }
    }
}
