//! The rows behind each count of a run, and the file with all of them.

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::domain::id::{MessageId, RunId};
use crate::domain::message::MessageState as S;
use crate::store::view::row::{self, RowFilter, RowQuery, RunRow};
use crate::store::{campaign, run};

use super::clock;
use super::error::WebError;
use super::page::{Page, cut, html};
use super::results;
use super::row_words::{self, OfRun};
use super::state::WebState;

/// Rows on one page.
const PAGE: i64 = 50;

/// Which rows, in an address.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    failure: Option<i64>,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: i64,
}

impl Asked {
    /// As a query; an unknown state is refused.
    pub fn query(&self, limit: i64) -> Result<RowQuery, WebError> {
        let filter = if let Some(code) = self.failure {
            RowFilter::Failure(code)
        } else if !self.outcome.is_empty() {
            RowFilter::answered(&self.outcome)
        } else if self.state.is_empty() {
            RowFilter::Any
        } else {
            RowFilter::State(S::parse(&self.state).ok_or(WebError::Bad("unknown_state"))?)
        };
        Ok(RowQuery { filter, search: self.q.clone(), after: MessageId(self.after), limit })
    }
}

#[derive(Template)]
#[template(path = "run_rows.html")]
struct RowsPage {
    p: Page,
    run: RunId,
    title: String,
    search: String,
    state: String,
    /// What else narrows the list, in words.
    narrowed: Option<String>,
    of: OfRun,
    rows: Vec<RunRow>,
    next: Option<String>,
    states: Vec<(&'static str, String)>,
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    mut p: Page,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let run = run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)?;
    p.zone = clock::of_run(&state, &run).await?;
    let title = campaign::get(state.store(), run.campaign_id).await?.map_or_else(String::new, |c| c.title);
    let mut rows = row::page(state.store(), run.id, &asked.query(PAGE + 1)?).await?;
    let next = cut(&mut rows, PAGE).map(|last| next(&asked, last.id));
    let narrowed = match asked.failure {
        Some(code) => Some(row_words::failure(&p, Some(code))),
        None if !asked.outcome.is_empty() => Some(row_words::answered(&p, &asked.outcome)),
        None => None,
    };
    let states = S::ALL.iter().map(|s| (s.as_str(), p.t(&format!("web.state.{}", s.as_str())))).collect();
    let of = OfRun::read(&state, &run).await?;
    html(&RowsPage { p, of, run: run.id, title, search: asked.q, state: asked.state, narrowed, rows, next, states })
}

fn next(asked: &Asked, last: MessageId) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("after", &last.to_string());
    for (name, value) in [("state", &asked.state), ("outcome", &asked.outcome), ("q", &asked.q)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    if let Some(code) = asked.failure {
        query.append_pair("failure", &code.to_string());
    }
    format!("?{}", query.finish())
}

/// The file: one line per row of the audience, as it is written; a million rows take no more memory than one page.
pub async fn csv(State(state): State<WebState>, p: Page, Path(id): Path<i64>) -> Result<Response, WebError> {
    let run = run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)?;
    let name = campaign::get(state.store(), run.campaign_id).await?.map_or_else(|| "run".to_owned(), |c| c.name);
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}-{id}.csv\"")),
    ];
    Ok((headers, Body::from_stream(results::lines(state, p.language, run.id))).into_response())
}
