//! Attempts in doubt: the list, and settling them.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, Sent, wrong};
use super::paging::{self, Listed};
use super::runs::found;
use crate::domain::id::{MessageId, RunId};
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;
use crate::engine::DoubtSettlement;
use crate::store::message::{self, Doubt};
use crate::store::view::row::{self, RowFilter, RowQuery, RunRow};
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::settle::in_doubt;
use crate::web::state::WebState;

/// Messages settled by one statement.
const BATCH: usize = 500;
/// More ids in one request are asked for as a run, or in parts.
const MOST: usize = 10_000;

/// Which doubts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DoubtAsked {
    /// Only of this run.
    run: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// A message of which it is not known whether it left.
#[derive(Serialize, ToSchema)]
pub struct DoubtView {
    /// The message.
    pub message: MessageId,
    /// Its run; 0 when it was sent by hand.
    pub run: RunId,
    /// Its row in the audience.
    pub row: i64,
    /// The number it goes to, with `+`.
    pub to: String,
    /// The name in its row.
    pub name: String,
    /// Which try it was.
    pub attempt: i64,
    /// When it began.
    pub claimed_at: Option<UnixMs>,
}

/// What to do with them.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HowToSettle {
    /// A new try opens.
    SendAgain,
    /// Nothing is sent again.
    Leave,
}

/// Which doubts are settled, and how: `messages`, or all of a `run`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleBody {
    /// These messages.
    messages: Option<Vec<i64>>,
    /// Everything in doubt of this run.
    run: Option<i64>,
    /// What to do.
    settlement: HowToSettle,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct SettledView {
    /// How many were in doubt and are not any more.
    pub settled: u64,
}

/// Messages of which it is not known whether they left
#[utoipa::path(get, path = "/api/v1/doubt", tag = "doubt", params(DoubtAsked),
    responses((status = 200, description = "Messages in doubt", body = Listed<DoubtView>)))]
pub async fn all(
    State(state): State<WebState>,
    Asked(asked): Asked<DoubtAsked>,
) -> Result<Json<Listed<DoubtView>>, WebError> {
    let limit = paging::limit(asked.limit)?;
    let after = MessageId(paging::number(asked.cursor.as_deref(), 0)?);
    let place = |d: &DoubtView| d.message.to_string();
    let views: Vec<DoubtView> = match asked.run {
        Some(run) => {
            let run = found(&state, run).await?.id;
            let filter = RowFilter::State(MessageState::InDoubt);
            let query = RowQuery { filter, search: String::new(), after, limit: limit + 1 };
            row::page(state.store(), run, &query).await?.into_iter().map(|r| of_row(run, r)).collect()
        }
        None => message::doubts(state.store(), after, limit + 1).await?.into_iter().map(of_doubt).collect(),
    };
    Ok(Json(Listed::cut(views, limit, place, |d| d)))
}

fn of_row(run: RunId, r: RunRow) -> DoubtView {
    DoubtView {
        message: r.id,
        run,
        row: r.row_no,
        to: format!("+{}", r.recipient),
        name: r.name,
        attempt: r.attempt,
        claimed_at: r.claimed_at,
    }
}

fn of_doubt(d: Doubt) -> DoubtView {
    DoubtView {
        message: d.id,
        run: d.run_id,
        row: d.row_no,
        to: format!("+{}", d.recipient),
        name: d.name,
        attempt: d.attempt,
        claimed_at: d.claimed_at,
    }
}

/// Settle doubts: send again, or leave
#[utoipa::path(post, path = "/api/v1/doubt", tag = "doubt", request_body = SettleBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "How many were settled; those no longer in doubt are left as they are", body = SettledView),
              (status = 422, description = "Neither messages nor a run is named, or both", body = ProblemDocument)))]
pub async fn settle(
    State(state): State<WebState>,
    actor: Actor,
    Sent(body): Sent<SettleBody>,
) -> Result<Json<SettledView>, WebError> {
    let ids = match (body.messages, body.run) {
        (Some(ids), None) if ids.is_empty() || ids.len() > MOST => {
            return Err(wrong("messages", "from 1 to 10,000 messages"));
        }
        (Some(ids), None) => ids.into_iter().map(MessageId).collect(),
        (None, Some(run)) => in_doubt(&state, found(&state, run).await?.id).await?,
        _ => return Err(wrong("messages", "name either messages or a run")),
    };
    let how = match body.settlement {
        HowToSettle::SendAgain => DoubtSettlement::SendAgain,
        HowToSettle::Leave => DoubtSettlement::Leave,
    };
    let mut settled = 0;
    for batch in ids.chunks(BATCH) {
        settled += act::settle(&state, &actor, batch, how).await?;
    }
    Ok(Json(SettledView { settled }))
}
