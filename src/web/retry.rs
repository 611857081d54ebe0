//! What failed in a run, by cause: what another try is worth, what it costs, and the choice.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::id::RunId;
use crate::domain::role::Right;
use crate::engine::retry::{Group, Range, RetrySheet};
use crate::store::{campaign, run};

use super::act;
use super::actor::Actor;
use super::clock;
use super::error::WebError;
use super::form::{Form, with_done_n};
use super::once::once_for_words;
use super::page::{Page, html};
use super::row_words;
use super::state::WebState;

#[derive(Template)]
#[template(path = "retry.html")]
struct RetryPage {
    p: Page,
    run: RunId,
    title: String,
    sheet: RetrySheet,
    chosen: BTreeSet<i64>,
    n: i64,
    cost: Range,
    /// Messages that people may have got: chosen, and left out.
    unsure: (i64, i64),
    may_steer: bool,
}

impl RetryPage {
    fn why(&self, group: &Group) -> String {
        row_words::failure(&self.p, Some(group.code))
    }

    /// Why some of a group are not sent again.
    fn left_out(&self, group: &Group) -> Vec<String> {
        let one = |(reason, n): (&crate::domain::exclusion::ExclusionReason, &i64)| {
            let why = self.p.t(&format!("web.reason.{}", reason.as_str()));
            self.p.say("web.retry.left_out", &[("n", &self.p.number(*n)), ("why", &why)])
        };
        group.left_out.iter().map(one).collect()
    }

    /// `USD 0.21 – 0.42`, or that there is no rate.
    fn cost(&self, range: &Range) -> String {
        match (range.low, range.high) {
            (Some(low), Some(high)) => {
                let (low, high) = (self.p.money(&low, &self.sheet.currency), self.p.money(&high, &self.sheet.currency));
                self.p.say("web.retry.between", &[("low", &low), ("high", &high)])
            }
            _ => self.p.t("web.retry.no_rate"),
        }
    }

    /// `Retry failed (17), USD 0.42`.
    fn button(&self) -> String {
        let high = self.cost.high.map(|high| self.p.money(&high, &self.sheet.currency));
        match high.filter(|_| self.n > 0) {
            Some(high) => self.p.say("web.retry.button", &[("n", &self.p.number(self.n)), ("amount", &high)]),
            None => self.p.n("web.retry.button_plain", self.n),
        }
    }

    /// Why it cannot be done now.
    fn obstacle(&self) -> Option<String> {
        let key = match () {
            () if !self.may_steer => "web.not_your_role",
            () if !self.sheet.is_open_to_it => "web.retry.cancelled",
            () if self.n == 0 => "web.retry.nothing",
            () => return None,
        };
        Some(self.p.t(key))
    }
}

/// The codes chosen in an address; `None`: nobody has chosen yet.
fn chosen(query: Option<&str>) -> Option<BTreeSet<i64>> {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query?.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    pairs
        .iter()
        .any(|(key, _)| key == "chosen")
        .then(|| pairs.iter().filter(|(key, _)| key == "code").filter_map(|(_, code)| code.parse().ok()).collect())
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    mut p: Page,
    Path(id): Path<i64>,
    RawQuery(query): RawQuery,
) -> Result<Html<String>, WebError> {
    let run = run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)?;
    p.zone = clock::of_run(&state, &run).await?;
    let title = campaign::get(state.store(), run.campaign_id).await?.map_or_else(String::new, |c| c.title);
    let sheet = state.engine.retry_sheet(run.id).await?;
    let chosen = chosen(query.as_deref()).unwrap_or_else(|| sheet.by_default());
    let ((n, cost), unsure) = (sheet.total(&chosen), sheet.unsure(&chosen));
    html(&RetryPage { p, run: run.id, title, sheet, chosen, n, cost, unsure, may_steer: actor.may(Right::SteerRuns) })
}

/// The groups chosen.
#[derive(Deserialize)]
pub struct Choice {
    #[serde(default)]
    code: Vec<i64>,
    /// The form's own key; empty: it has none.
    #[serde(default)]
    once: String,
}

/// They are tried again.
pub async fn retry(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(choice): Form<Choice>,
) -> Result<Redirect, WebError> {
    let codes: BTreeSet<i64> = choice.code.into_iter().collect();
    if codes.is_empty() {
        run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)?;
        return Err(WebError::Bad("no_cause"));
    }
    let work = async |actor: Actor| {
        let again = act::retry(&state, &actor, RunId(id), &codes).await?;
        Ok(with_done_n(&format!("/runs/{id}"), "retried", again))
    };
    let (route, words) = (format!("POST /runs/{id}/retry"), format!("{codes:?}"));
    let path = once_for_words(&state, &actor, (&route, &choice.once), &words, work).await?;
    Ok(Redirect::to(&path))
}
