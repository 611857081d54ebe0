//! Settling attempts in doubt, one by one or in bulk.

use axum::extract::{Path, State};
use axum::response::Redirect;
use axum_extra::extract::Form;
use serde::Deserialize;

use crate::domain::id::{MessageId, RunId};
use crate::domain::message::MessageState;
use crate::engine::DoubtSettlement;
use crate::store::view::row::{self, RowFilter, RowQuery};

use super::act;
use super::actor::Actor;
use super::error::WebError;
use super::form::done_n;
use super::state::WebState;

/// Messages settled by one statement.
const BATCH: i64 = 500;

/// What was ticked, and what to do with it.
#[derive(Deserialize)]
pub struct Settlement {
    /// `send_again` or `leave`, for those ticked.
    #[serde(default)]
    how: String,
    /// The messages ticked.
    #[serde(default)]
    message: Vec<i64>,
    /// The same for all of the run, ticked or not.
    #[serde(default)]
    all: String,
}

/// The word of a settlement, as in forms and the API.
pub fn parse(how: &str) -> Result<DoubtSettlement, WebError> {
    match how {
        "send_again" => Ok(DoubtSettlement::SendAgain),
        "leave" => Ok(DoubtSettlement::Leave),
        _ => Err(WebError::Bad("settlement")),
    }
}

/// The form of a run's doubts.
pub async fn settle(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<Settlement>,
) -> Result<Redirect, WebError> {
    let run = RunId(id);
    let (how, ids) = if form.all.is_empty() {
        (form.how.as_str(), of_run(&state, run, &form.message).await?)
    } else {
        (form.all.as_str(), in_doubt(&state, run).await?)
    };
    if ids.is_empty() {
        return Err(WebError::Bad("nothing_ticked"));
    }
    let mut settled = 0;
    for batch in ids.chunks(BATCH as usize) {
        settled += act::settle(&state, &actor, batch, parse(how)?).await?;
    }
    Ok(done_n(&format!("/runs/{id}"), "settled", settled))
}

/// Every message of the run that is in doubt now.
pub async fn in_doubt(state: &WebState, run: RunId) -> Result<Vec<MessageId>, WebError> {
    let mut ids: Vec<MessageId> = Vec::new();
    loop {
        let after = ids.last().copied().unwrap_or_default();
        let filter = RowFilter::State(MessageState::InDoubt);
        let query = RowQuery { filter, search: String::new(), after, limit: BATCH };
        let page = row::page(state.store(), run, &query).await?;
        let last = (page.len() as i64) < BATCH;
        ids.extend(page.into_iter().map(|r| r.id));
        if last {
            return Ok(ids);
        }
    }
}

/// Of those ticked, the ones that are this run's and still in doubt.
async fn of_run(state: &WebState, run: RunId, ticked: &[i64]) -> Result<Vec<MessageId>, WebError> {
    let mut ids = in_doubt(state, run).await?;
    ids.retain(|id| ticked.contains(&id.0));
    Ok(ids)
}
