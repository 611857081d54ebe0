//! Requests that do their work once, however often they are sent: forms by their own key, the API by `Idempotency-Key`.
//!
//! What is made under a key is written down with it in one unit of work (`store::idempotency`). Which keys are being worked
//! on is known from memory: a request that died, with this process or an earlier one, holds none, and its repetition goes on.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use tokio::sync::watch;

use crate::store::idempotency::{self, Key, Once, Reservation};
use crate::store::secret::{Secret, hash_of};

use super::actor::Actor;
use super::error::WebError;
use super::state::WebState;

/// A form's key is shorter.
const LONGEST_KEY: usize = 100;

/// Who is at work in this process, with what tells their end.
#[derive(Clone, Debug, Default)]
pub struct Working(Arc<Mutex<HashMap<String, watch::Receiver<()>>>>);

/// Somebody is at work, as long as this lives.
#[derive(Debug)]
struct Busy {
    working: Working,
    holder: String,
    /// Dropped after the entry is gone.
    _end: watch::Sender<()>,
}

impl Working {
    fn begin(&self) -> Busy {
        let ((end, ends), holder) = (watch::channel(()), Secret::draw("").shown);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(holder.clone(), ends);
        Busy { working: self.clone(), holder, _end: end }
    }

    fn end_of(&self, holder: &str) -> Option<watch::Receiver<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(holder).cloned()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.working.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.holder);
    }
}

/// What is to be done about a request with a key.
pub enum Begun {
    /// Its work, unless the key says that it is made.
    Yours(Work),
    /// Nothing yet: the same request is being worked on until this ends.
    Unfinished(watch::Receiver<()>),
    /// Nothing: the key was used for another request.
    Mismatch,
    /// Nothing: this was the answer.
    Done {
        /// HTTP status.
        status: i64,
        /// Body.
        response: String,
    },
}

/// A key that is worked on until this is dropped.
pub struct Work {
    /// For whoever makes something.
    pub once: Once,
    _busy: Busy,
}

/// Begins the work of a key, or goes on with it where somebody who began it died. `request` tells one request from another.
pub async fn begin(state: &WebState, key: Key<'_>, request: &str) -> Result<Begun, WebError> {
    let (store, busy) = (state.store(), state.working.begin());
    loop {
        match idempotency::reserve(store, key, (request, &busy.holder), state.people_now()).await? {
            Reservation::New(once) => return Ok(Begun::Yours(Work { once, _busy: busy })),
            Reservation::Mismatch => return Ok(Begun::Mismatch),
            Reservation::Done { status, response } => return Ok(Begun::Done { status, response }),
            Reservation::Begun { holder } => {
                if let Some(end) = state.working.end_of(&holder) {
                    return Ok(Begun::Unfinished(end));
                }
                if let Some(once) = idempotency::take_up(store, key, &holder, &busy.holder).await? {
                    return Ok(Begun::Yours(Work { once, _busy: busy }));
                }
                // Answered, given back or taken up this instant.
            }
        }
    }
}

/// Does `work` once for a form's key; where it leads. Sent again, also while it is being worked on, the form leads to the
/// same. `request` is everything that makes it another one. `work` is handed the actor under the key.
pub async fn once<W, F>(
    state: &WebState,
    actor: &Actor,
    (route, key): (&str, &str),
    request: &str,
    work: W,
) -> Result<String, WebError>
where
    W: FnOnce(Actor) -> F,
    F: Future<Output = Result<String, WebError>>,
{
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(WebError::Unprocessable("form_once"));
    }
    let (key, request) = (Key { actor: &actor.name, route, key }, hash_of(request));
    let held = loop {
        match begin(state, key, &request).await? {
            Begun::Yours(held) => break held,
            Begun::Done { response, .. } => return Ok(response),
            Begun::Mismatch => return Err(WebError::Unprocessable("form_changed")),
            // An error tells the end as well.
            Begun::Unfinished(mut end) => drop(end.changed().await),
        }
    };
    match work(Actor { once: held.once.clone(), ..actor.clone() }).await {
        Ok(path) => {
            held.once.finish(state.store(), i64::from(StatusCode::SEE_OTHER.as_u16()), &path).await?;
            Ok(path)
        }
        Err(error) => {
            // Nothing was done. After a surprise, what was made stands under the key.
            if error.status().is_client_error() {
                held.once.forget(state.store()).await?;
            }
            Err(error)
        }
    }
}

/// The same of a form in which other words make another form, whose page may be older than what it sent before. Without
/// a key it does its work each time.
pub async fn once_for_words<W, F>(
    state: &WebState,
    actor: &Actor,
    (route, key): (&str, &str),
    words: &str,
    work: W,
) -> Result<String, WebError>
where
    W: FnOnce(Actor) -> F,
    F: Future<Output = Result<String, WebError>>,
{
    if key.is_empty() {
        return work(actor.clone()).await;
    }
    let key = hash_of(&format!("{key} {words}"));
    once(state, actor, (route, &key), words, work).await
}
