//! Every row of a campaign's audience and what becomes of it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Html;

use super::latest;
use crate::domain::id::CampaignId;
use crate::intake::rows::explain;
use crate::preflight::SheetRow;
use crate::store::campaign::{self, Campaign};
use crate::web::error::WebError;
use crate::web::page::{Page, html};
use crate::web::row_words;
use crate::web::state::WebState;

/// The rows of the sheet, for whoever may see people.
#[derive(Template)]
#[template(path = "campaign_rows.html")]
struct RowsPage {
    p: Page,
    c: Campaign,
    rows: Vec<(SheetRow, String)>,
    next: Option<i64>,
}

/// Rows on one page.
const ROWS: i64 = 200;

/// Which page.
#[derive(serde::Deserialize)]
pub struct RowsQuery {
    #[serde(default)]
    from: i64,
}

/// Every row of the audience and what becomes of it.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    Path(id): Path<i64>,
    Query(query): Query<RowsQuery>,
) -> Result<Html<String>, WebError> {
    let c = campaign::get(state.store(), CampaignId(id)).await?.ok_or(WebError::NotFound)?;
    let version = latest(&state, c.id).await?;
    let from = query.from.clamp(0, i64::MAX / 2);
    let sheet = state.engine.sheet_listing(version.id, Some(from + 1..from + 1 + ROWS)).await?;
    let next = sheet.rows_read.filter(|rows| *rows > from + ROWS).map(|_| from + ROWS);
    let rows = sheet.rows.unwrap_or_default().into_iter();
    let rows = rows
        .map(|row| {
            let why = row.reason.map_or_else(String::new, |r| row_words::reason(&p, Some(r.as_str())));
            let detail = explain(p.language, &row.detail);
            let why = if detail.is_empty() { why } else { format!("{why} ({detail})") };
            (row, why)
        })
        .collect();
    html(&RowsPage { p, c, rows, next })
}
