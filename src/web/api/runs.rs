//! Runs: counts, messages, steering.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::RunId;
use crate::domain::message::MessageState;
use crate::engine::waiting;
use crate::locale::Language;
use crate::store::view::row::{self, RunRow};
use crate::store::view::tally;
use crate::store::{exclusion, run};
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::figures::Figures;
use crate::web::run_rows::Asked;
use crate::web::state::WebState;

use super::body::Body;
use super::start::PauseRequest;

/// A run with its counts.
#[derive(Serialize, ToSchema)]
pub struct RunView {
    /// Its number.
    id: i64,
    /// Its campaign.
    campaign: i64,
    /// The version it runs.
    version: i64,
    /// `planning`, `running`, `sent_out`, `paused`, `held`, `cancelled`, `closed`.
    state: String,
    /// Its sender.
    sender: String,
    /// Who started it.
    starter: String,
    /// When, Unix milliseconds.
    started_at: i64,
    /// When nothing was left to send.
    sent_out_at: Option<i64>,
    /// When every message had been delivered, read or had ended.
    closed_at: Option<i64>,
    /// Rows of its audience; absent while they are being read.
    rows_read: Option<i64>,
    /// Messages by state.
    states: BTreeMap<String, i64>,
    /// Rows left out, by reason.
    excluded: BTreeMap<String, i64>,
    /// Failures by the provider's code.
    failures: Vec<tally::Failures>,
    /// What waits, by gate.
    waiting: Vec<tally::Waiting>,
    /// Why the run does not go on, in one sentence.
    why: Option<String>,
    /// The last outcome of each message, counted.
    outcomes: BTreeMap<String, i64>,
    /// Conversations of the run that wait for somebody.
    to_be_read: i64,
    /// Messages per minute.
    per_minute: Option<i64>,
    /// When the last message leaves, Unix milliseconds.
    ends_at: Option<i64>,
    /// ISO 4217.
    currency: String,
    /// So far, a decimal in text.
    charged: String,
    /// For what is under way.
    reserved: String,
}

/// The run of that number.
pub async fn view(state: &WebState, id: RunId) -> Result<RunView, WebError> {
    let store = state.store();
    let run = run::get(store, id).await?.ok_or(WebError::NotFound)?;
    let answers = tally::answers(store, id).await?;
    let money = tally::money(store, id).await?;
    let excluded = exclusion::counts(store, id).await?;
    let why = waiting::run(&state.engine, id).await?.map(|w| w.sentence(Language::En));
    let f = Figures::of(state, run).await?;
    let counted = MessageState::ALL.iter().map(|s| (s.as_str().to_owned(), f.counts.get(*s)));
    Ok(RunView {
        id: id.0,
        campaign: f.run.campaign_id.0,
        version: f.run.version_id.0,
        state: f.word.to_owned(),
        states: counted.filter(|(_, n)| *n > 0).collect(),
        excluded: excluded.into_iter().map(|(reason, n)| (reason.as_str().to_owned(), n)).collect(),
        failures: tally::failures(store, id).await?,
        waiting: tally::waiting(store, id).await?,
        why,
        outcomes: answers.outcomes.into_iter().collect(),
        to_be_read: answers.to_be_read,
        per_minute: f.counts.per_minute,
        ends_at: f.ends_at.map(|t| t.0),
        charged: money.charged.to_string(),
        reserved: money.reserved.to_string(),
        started_at: f.run.started_at.0,
        sent_out_at: f.run.sent_out_at.map(|t| t.0),
        closed_at: f.run.closed_at.map(|t| t.0),
        rows_read: f.run.rows_read,
        sender: f.run.sender,
        starter: f.run.starter,
        currency: f.run.currency,
    })
}

/// One run.
pub async fn show(State(state): State<WebState>, Path(id): Path<i64>) -> Result<Json<RunView>, WebError> {
    view(&state, RunId(id)).await.map(Json)
}

/// Pause.
pub async fn pause(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    body: Body<PauseRequest>,
) -> Result<Json<RunView>, WebError> {
    act::pause(&state, &actor, RunId(id), body.value.why()).await?;
    view(&state, RunId(id)).await.map(Json)
}

/// Resume.
pub async fn resume(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
) -> Result<Json<RunView>, WebError> {
    act::resume(&state, &actor, RunId(id)).await?;
    view(&state, RunId(id)).await.map(Json)
}

/// Cancel.
pub async fn cancel(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
) -> Result<Json<RunView>, WebError> {
    act::cancel(&state, &actor, RunId(id)).await?;
    view(&state, RunId(id)).await.map(Json)
}

/// A message of a run.
#[derive(Serialize, ToSchema)]
pub struct MessageView {
    /// Its number.
    id: i64,
    /// Its row.
    row: i64,
    /// The row's own id.
    external_id: Option<String>,
    /// The number it goes to, with `+`.
    to: String,
    /// The row's name.
    name: String,
    /// Its state.
    state: String,
    /// The gate it waits for.
    waiting_for: Option<String>,
    /// Why it ended.
    end_reason: Option<String>,
    /// The provider's code of its failure.
    failure_code: Option<i64>,
    /// What its person decided.
    outcome: Option<String>,
    /// When it is or was due, Unix milliseconds; the others likewise.
    due_at: i64,
    accepted_at: Option<i64>,
    sent_at: Option<i64>,
    delivered_at: Option<i64>,
    read_at: Option<i64>,
    /// Tries so far.
    attempts: i64,
    /// Who pays.
    cost_centre: String,
    /// ISO 4217.
    currency: String,
    /// A decimal in text.
    charged: String,
    /// The provider's id of the latest try.
    provider_id: Option<String>,
}

impl From<RunRow> for MessageView {
    fn from(r: RunRow) -> Self {
        Self {
            id: r.id.0,
            row: r.row_no,
            external_id: r.external_id,
            to: format!("+{}", r.recipient),
            name: r.name,
            state: r.state.as_str().to_owned(),
            waiting_for: r.waiting_for,
            end_reason: r.end_reason,
            failure_code: r.failure_code,
            outcome: r.outcome,
            due_at: r.due_at.0,
            accepted_at: r.accepted_at.map(|t| t.0),
            sent_at: r.sent_at.map(|t| t.0),
            delivered_at: r.delivered_at.map(|t| t.0),
            read_at: r.read_at.map(|t| t.0),
            attempts: r.attempt,
            cost_centre: r.cost_centre,
            currency: r.currency,
            charged: r.charged.to_string(),
            provider_id: r.provider_id,
        }
    }
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub struct MessageList {
    /// In the order of their rows.
    items: Vec<MessageView>,
    /// Give it as `after` for the next page; absent on the last.
    next: Option<String>,
}

/// The messages of a run.
pub async fn messages(
    State(state): State<WebState>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Json<MessageList>, WebError> {
    let run = run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)?;
    let limit = asked.limit();
    let mut rows = row::page(state.store(), run.id, &asked.query(limit + 1)?).await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next = if more { rows.last().map(|r| r.id.to_string()) } else { None };
    Ok(Json(MessageList { items: rows.into_iter().map(MessageView::from).collect(), next }))
}
