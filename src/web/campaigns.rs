//! The list of campaigns with their live progress, and the form that loads one.

use askama::Template;
use axum::extract::{Multipart, Query, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::role::Right;
use crate::locale;
use crate::store::draft::{self, Draft};
use crate::store::run;
use crate::store::view::campaign::{self, CampaignLine};

use super::act;
use super::actor::Actor;
use super::error::WebError;
use super::figures::Figures;
use super::page::{Page, html};
use super::reading::Reading;
use super::state::WebState;
use super::upload::Upload;

/// Campaigns on one page.
const PAGE: i64 = 25;

#[derive(Template)]
#[template(path = "campaigns.html")]
struct CampaignsPage {
    p: Page,
    search: String,
    cards: Vec<Card>,
    /// What lies in the folder and is left alone.
    strangers: Vec<String>,
    next: Option<i64>,
    /// Folders being loaded, with how far each is.
    loading: Vec<(String, Reading)>,
    load: Right,
    /// Begun on the page, and not finished.
    drafts: Vec<Draft>,
    /// The folder that is watched, for the hint.
    folder: String,
}

/// One campaign of the list.
pub struct Card {
    line: CampaignLine,
    figures: Option<Figures>,
    may_steer: bool,
    may_start: bool,
}

impl Card {
    fn kind(&self, p: &Page) -> String {
        self.line.kind.map_or_else(String::new, |k| p.t(&format!("web.kind.{}", k.as_str())))
    }

    /// True when its latest version has not been started, as far as the list can tell.
    fn waits_for_start(&self) -> bool {
        match (&self.figures, self.line.version_id) {
            (Some(f), Some(version)) => version > f.run.version_id,
            (None, Some(_)) => true,
            (_, None) => false,
        }
    }
}

/// Search and page.
#[derive(Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    q: String,
    before: Option<i64>,
}

/// The list.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Query(query): Query<ListQuery>,
) -> Result<Html<String>, WebError> {
    let before = query.before.unwrap_or(i64::MAX);
    let mut lines = campaign::list(state.store(), before, &query.q, PAGE + 1).await?;
    let more = lines.len() as i64 > PAGE;
    lines.truncate(PAGE as usize);
    let next = if more { lines.last().map(|l| l.id.0) } else { None };
    let mut cards = Vec::with_capacity(lines.len());
    for line in lines {
        cards.push(card(&state, &actor, line).await?);
    }
    let folder = state.config().campaigns_dir.display().to_string();
    let is_first = query.before.is_none() && query.q.is_empty();
    let strangers = if is_first { state.engine.strangers().await? } else { Vec::new() };
    let strangers = strangers.iter().map(|problem| locale::problem(p.language, problem)).collect();
    let may_load = is_first && actor.may(Right::LoadCampaigns);
    let drafts = if may_load { draft::list(state.store()).await? } else { Vec::new() };
    let loading = state.engine.loading().into_iter().filter(|(_, progress)| progress.rows > 0);
    let loading = loading.map(|(name, progress)| (name, Reading::of(&p, progress))).collect();
    let (search, load) = (query.q, Right::LoadCampaigns);
    html(&CampaignsPage { p, search, cards, strangers, next, loading, load, drafts, folder })
}

async fn card(state: &WebState, actor: &Actor, line: CampaignLine) -> Result<Card, WebError> {
    let found = match line.run_id {
        Some(id) => run::get(state.store(), id).await?,
        None => None,
    };
    let figures = match found {
        Some(run) => Some(Figures::of(state, run).await?),
        None => None,
    };
    let (may_steer, may_start) = (actor.may(Right::SteerRuns), actor.may(Right::StartRuns));
    Ok(Card { line, figures, may_steer, may_start })
}

/// A campaign comes in by the form.
pub async fn load(State(state): State<WebState>, actor: Actor, form: Multipart) -> Result<Redirect, WebError> {
    let upload = Upload::read(&state, form).await?;
    let (campaign, _) = act::load(&state, &actor, &upload.name, &upload.definition, upload.audience.as_ref()).await?;
    Ok(super::form::done(&format!("/campaigns/{campaign}"), "loaded"))
}
