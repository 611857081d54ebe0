//! What it cost: a month, broken down as asked, as table, chart and file; never added across currencies.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::billing::report::{self, CostReport, Month};
use crate::domain::money::Micros;
use crate::store::cost::{self, CostKey, CostLine};

use super::error::WebError;
use super::page::{Page, html};
use super::state::WebState;

/// Bars of a chart; the rest is in the table.
const BARS: usize = 12;

/// What a report is asked for with.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    pub(super) month: String,
    #[serde(default)]
    pub(super) by: String,
}

impl Asked {
    fn month(&self, state: &WebState) -> Result<Month, WebError> {
        if self.month.is_empty() {
            return Ok(Month::at(state.now(), &state.zone()));
        }
        Month::parse(&self.month).map_err(|_| WebError::Bad("month"))
    }

    fn keys(&self) -> Result<Vec<CostKey>, WebError> {
        let by = if self.by.is_empty() { "campaign" } else { &self.by };
        report::keys(by).map_err(|_| WebError::Bad("cost_keys"))
    }
}

/// The report, for page, file and API.
pub async fn report(state: &WebState, asked: &Asked) -> Result<(CostReport, Vec<CostLine>), WebError> {
    let (month, keys) = (asked.month(state)?, asked.keys()?);
    let mut lines = cost::report(state.store(), &month.query(keys.clone(), &state.zone())).await?;
    lines.sort_by(|a, b| a.currency.cmp(&b.currency).then(b.charged.cmp(&a.charged)).then(a.keys.cmp(&b.keys)));
    Ok((report::shape(month, &keys, &lines), lines))
}

#[derive(Template)]
#[template(path = "costs.html")]
struct CostsPage {
    p: Page,
    month: String,
    earlier: String,
    later: String,
    by: String,
    choices: Vec<(&'static str, String)>,
    columns: Vec<String>,
    lines: Vec<CostLine>,
    totals: Vec<CostLine>,
    charts: Vec<Chart>,
}

/// Bars of one currency.
pub struct Chart {
    currency: String,
    bars: Vec<Bar>,
    height: usize,
}

struct Bar {
    label: String,
    value: String,
    y: usize,
    width: f64,
}

impl CostsPage {
    /// The words of a key's value.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass what they show by reference")]
    fn cell(&self, line: &CostLine, place: &usize) -> String {
        let value = line.keys.get(*place).cloned().unwrap_or_default();
        let column = self.columns.get(*place).map_or("", String::as_str);
        label(&self.p, column, &value, &line.title)
    }
}

fn label(p: &Page, column: &str, value: &str, title: &str) -> String {
    match (column, value) {
        ("campaign", "") => p.t("costs.by_hand"),
        ("campaign", name) if name.starts_with("test:") => p.say("web.test.costs", &[("campaign", title)]),
        ("campaign", _) if !title.is_empty() => title.to_owned(),
        ("category", "") => p.t("web.costs.none"),
        ("category", word) => p.t(&format!("web.category.{word}")),
        (_, "") => p.t("web.costs.none"),
        (_, word) => word.to_owned(),
    }
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let (shaped, lines) = report(&state, &asked).await?;
    let columns: Vec<String> = shaped.by.iter().map(|k| k.as_str().to_owned()).collect();
    let totals = report::totals(&lines);
    let charts =
        totals.iter().map(|t| chart(&p, &t.currency, &columns, &lines)).filter(|c| !c.bars.is_empty()).collect();
    let mut choices: Vec<(&'static str, String)> =
        CostKey::ALL.iter().map(|k| (k.as_str(), p.t(&format!("web.cost_key.{}", k.as_str())))).collect();
    choices.push(("campaign,cost_centre", p.t("web.cost_key.campaign_cost_centre")));
    choices.push(("cost_centre,category", p.t("web.cost_key.cost_centre_category")));
    let (earlier, later) = neighbours(&shaped.month);
    html(&CostsPage {
        p,
        earlier,
        later,
        month: shaped.month,
        by: columns.join(","),
        choices,
        columns,
        lines,
        totals,
        charts,
    })
}

/// The months before and after `2026-11`.
fn neighbours(month: &str) -> (String, String) {
    let (year, number) = month.split_once('-').unwrap_or(("1970", "01"));
    let months = year.parse::<i32>().unwrap_or(1970) * 12 + number.parse::<i32>().unwrap_or(1) - 1;
    let written = |m: i32| format!("{:04}-{:02}", m.div_euclid(12), m.rem_euclid(12) + 1);
    (written(months - 1), written(months + 1))
}

fn chart(p: &Page, currency: &str, columns: &[String], lines: &[CostLine]) -> Chart {
    let of = lines.iter().filter(|l| l.currency == currency && l.charged > Micros(0));
    let largest = of.clone().map(|l| l.charged.0).max().unwrap_or(1) as f64;
    let bars: Vec<Bar> = of
        .take(BARS)
        .enumerate()
        .map(|(i, line)| {
            let words = columns.iter().zip(&line.keys).map(|(c, v)| label(p, c, v, &line.title));
            Bar {
                label: words.collect::<Vec<_>>().join(" · "),
                value: p.money(&line.charged, currency),
                y: i * 44,
                width: line.charged.0 as f64 * 640.0 / largest,
            }
        })
        .collect();
    Chart { currency: currency.to_owned(), height: bars.len() * 44, bars }
}

/// The same as a file.
pub async fn csv(State(state): State<WebState>, p: Page, Query(asked): Query<Asked>) -> Result<Response, WebError> {
    let (shaped, _) = report(&state, &asked).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"costs-{}.csv\"", shaped.month)),
    ];
    Ok((headers, report::csv(&shaped, p.language)).into_response())
}

#[cfg(test)]
mod tests {
    use super::neighbours;

    #[test]
    fn months_follow_each_other_over_new_year() {
        assert_eq!(neighbours("2026-12"), ("2026-11".to_owned(), "2027-01".to_owned()));
        assert_eq!(neighbours("2026-01"), ("2025-12".to_owned(), "2026-02".to_owned()));
    }
}
