//! Failed messages of a run, tried again: by cause, with what it costs.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::campaigns;
use super::extract::{Id, Sent, wrong};
use super::runs::found;
use crate::domain::id::RunId;
use crate::domain::retry::Help;
use crate::engine::retry::{Group, Range, RetrySheet};
use crate::store::run;
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::page::Page;
use crate::web::row_words;
use crate::web::state::WebState;

/// Which causes are tried again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryBody {
    /// The provider's codes; left out: those where another try can help and nobody can have got the message.
    codes: Option<Vec<i64>>,
    /// Only say what it would concern; nothing is done.
    #[serde(default)]
    check: bool,
}

/// What sending again costs, decimals in text; `null` without a rate.
#[derive(Serialize, ToSchema)]
pub struct RangeView {
    /// On a bad day.
    pub low: Option<String>,
    /// At most.
    pub high: Option<String>,
}

/// Messages that failed for one cause.
#[derive(Serialize, ToSchema)]
pub struct RetryGroup {
    /// The provider's code, -1 where it gave none.
    pub code: i64,
    /// One sentence.
    pub message: String,
    /// How many failed.
    pub n: i64,
    /// How many of them would be sent again.
    pub again: i64,
    /// The rest, by reason: `suppressed`, `too_late`, `already_sent`.
    pub left_out: BTreeMap<&'static str, i64>,
    /// Whether another try can help.
    pub help: Help,
    /// The same in one sentence.
    pub help_message: String,
    /// Whether it is (or would be) tried again with this request.
    pub chosen: bool,
    /// What sending them again costs.
    pub cost: RangeView,
}

/// What was tried again, or would be.
#[derive(Serialize, ToSchema)]
pub struct RetryView {
    /// The run.
    pub run: RunId,
    /// New attempts that opened; 0 with `check`.
    pub retried: u64,
    /// What the chosen causes come to.
    pub would: i64,
    /// Of those: messages that people may have got, and may then get twice.
    pub would_twice: i64,
    /// What they cost.
    pub cost: RangeView,
    /// ISO 4217.
    pub currency: String,
    /// Every cause, as it stood before.
    pub causes: Vec<RetryGroup>,
    /// Not part of it: their latest time passed before they were sent.
    pub expired: i64,
    /// Not part of it: accepted, and never arrived.
    pub undelivered: i64,
    /// Not part of it: people may have got them. Their codes have to be named.
    pub unsure: i64,
}

impl RangeView {
    fn of(range: Range) -> Self {
        Self { low: range.low.map(|a| a.to_string()), high: range.high.map(|a| a.to_string()) }
    }
}

impl RetryGroup {
    fn of(p: &Page, group: Group, chosen: bool) -> Self {
        Self {
            code: group.code,
            message: row_words::failure(p, Some(group.code)),
            n: group.n,
            again: group.again,
            left_out: group.left_out.into_iter().map(|(reason, n)| (reason.as_str(), n)).collect(),
            help: group.help,
            help_message: p.t(&format!("retry.{}", group.help.as_str())),
            chosen,
            cost: RangeView::of(group.cost),
        }
    }
}

/// Try failed messages of a run again
///
/// Without `codes`, the causes where another try can help and nobody can have got the message; what people may have got
/// (`help` is `unsure`) is tried again only where its code is named. A closed run goes on. Each message passes every gate again.
#[utoipa::path(post, path = "/api/v1/runs/{id}/retry", tag = "runs", request_body = RetryBody,
    params(("id" = i64, Path, description = "The run"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "How many are tried again, and the causes", body = RetryView),
              (status = 409, description = "The run was cancelled", body = ProblemDocument)))]
pub async fn of_run(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Id(id): Id,
    Sent(body): Sent<RetryBody>,
) -> Result<Json<RetryView>, WebError> {
    let run = found(&state, id).await?.id;
    retry(&state, &actor, &p, run, body).await
}

/// Try failed messages of the campaign's latest run again
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/retry", tag = "campaigns", request_body = RetryBody,
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "How many are tried again, and the causes", body = RetryView),
              (status = 409, description = "It has no run, or the run was cancelled", body = ProblemDocument)))]
pub async fn of_campaign(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Sent(body): Sent<RetryBody>,
) -> Result<Json<RetryView>, WebError> {
    let campaign = campaigns::found(&state, &id).await?;
    let runs = run::of_campaign(state.store(), campaign.id, 1).await?;
    let latest = runs.first().ok_or(WebError::Conflict("no_run"))?;
    retry(&state, &actor, &p, latest.id, body).await
}

async fn retry(
    state: &WebState,
    actor: &Actor,
    p: &Page,
    run: RunId,
    body: RetryBody,
) -> Result<Json<RetryView>, WebError> {
    let sheet = state.engine.retry_sheet(run).await?;
    let codes: BTreeSet<i64> = body.codes.map_or_else(|| sheet.by_default(), |codes| codes.into_iter().collect());
    if let Some(code) = codes.iter().find(|code| sheet.groups.iter().all(|group| group.code != **code)) {
        return Err(wrong("codes", &format!("nothing failed with {code}")));
    }
    if !sheet.is_open_to_it {
        return Err(WebError::Conflict("run_state"));
    }
    let retried = if body.check || codes.is_empty() { 0 } else { act::retry(state, actor, run, &codes).await? };
    Ok(Json(view(p, run, sheet, &codes, retried)))
}

fn view(p: &Page, run: RunId, sheet: RetrySheet, codes: &BTreeSet<i64>, retried: u64) -> RetryView {
    let (would, cost) = sheet.total(codes);
    let (would_twice, unsure) = sheet.unsure(codes);
    let group = |group: Group| {
        let chosen = codes.contains(&group.code);
        RetryGroup::of(p, group, chosen)
    };
    RetryView {
        run,
        retried,
        would,
        would_twice,
        unsure,
        cost: RangeView::of(cost),
        currency: sheet.currency,
        expired: sheet.expired,
        undelivered: sheet.undelivered,
        causes: sheet.groups.into_iter().map(group).collect(),
    }
}
