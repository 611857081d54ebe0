//! A campaign: its latest version's pre-flight with the button that starts it, and its runs.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::domain::id::{CampaignId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::role::Right;
use crate::domain::time::UnixMs;
use crate::engine::Soon;
use crate::locale;
use crate::preflight::{self, Sheet, diff};
use crate::store::campaign::{self, Campaign};
use crate::store::secret::Secret;
use crate::store::version::{self, Version};
use crate::store::{run, user};

use super::act::{self, Begun, Looked};
use super::actor::Actor;
use super::clock;
use super::error::WebError;
use super::figures::Figures;
use super::file_questions::{self, Asked, asked};
use super::form::{Form, done, with_done};
use super::once::once_for_words;
use super::page::{Page, html};
use super::reading::{PATIENCE, Reading};
use super::row_words;
use super::run::row_list;
use super::state::WebState;

mod changes;
mod means;
pub mod rows;

/// Runs listed.
const RUNS: i64 = 20;

#[derive(Template)]
#[template(path = "campaign.html")]
struct CampaignPage {
    p: Page,
    c: Campaign,
    version: Option<Version>,
    sheet: Option<SheetView>,
    /// How far the file is read, while the sheet is being made.
    reading: Option<Reading>,
    runs: Vec<Figures>,
    may_start: bool,
    /// The run of this very version, if it was started before.
    started: Option<crate::domain::id::RunId>,
    people: Right,
    load: Right,
    /// What is otherwise than it was when somebody said yes.
    changed: Vec<String>,
    /// Whether samples can be sent to one's own number.
    test: Option<TestForm>,
    /// When the next run of a campaign that comes again is due.
    next: Option<UnixMs>,
    may_steer: bool,
}

/// The form that sends a row to one's own number.
pub struct TestForm {
    /// The number of the last test.
    number: String,
    /// Makes the form, sent again, send nothing more.
    once: String,
}

/// A sheet in words.
pub struct SheetView {
    sheet: Sheet,
    blockers: Vec<String>,
    /// What only a person can say of the file, with the answers.
    asked: Vec<Asked>,
    warnings: Vec<String>,
    excluded: Vec<Excluded>,
}

struct Excluded {
    why: String,
    n: i64,
    rows: String,
}

impl SheetView {
    fn of(p: &Page, sheet: Sheet) -> Self {
        let mut excluded: Vec<Excluded> = sheet
            .excluded
            .iter()
            .map(|(reason, n)| {
                let rows = sheet.excluded_rows.get(reason).map_or(&[][..], Vec::as_slice);
                Excluded { why: row_words::reason(p, Some(reason.as_str())), n: *n, rows: row_list(rows, *n) }
            })
            .collect();
        excluded.sort_by_key(|e| std::cmp::Reverse(e.n));
        Self {
            blockers: sheet
                .blockers
                .iter()
                .filter(|b| asked(p, b).is_none())
                .map(|b| locale::page_problem(p.language, b))
                .collect(),
            asked: sheet.blockers.iter().filter_map(|b| asked(p, b)).collect(),
            warnings: sheet.warnings.iter().map(|w| locale::page_problem(p.language, w)).collect(),
            excluded,
            sheet,
        }
    }

    /// Whether only the look of a file keeps it from being applied: a person may say that it is right.
    fn is_guarded(&self) -> bool {
        self.sheet.blockers.iter().all(diff::is_guard)
    }

    /// Whether somebody has to say what becomes of people who got the same file with another campaign.
    fn asks_elsewhere(&self) -> bool {
        self.sheet
            .warnings
            .iter()
            .any(|warning| ["same_audience", "same_audience_waits"].contains(&warning.code.as_str()))
    }

    /// What the file does to what was planned: word, count, and which.
    fn changes(&self, p: &Page) -> Vec<changes::Change> {
        self.sheet.changes.as_ref().map_or_else(Vec::new, |all| changes::lines(all, p))
    }

    fn cost(&self, p: &Page) -> String {
        let cost = &self.sheet.cost;
        match (cost.low, cost.likely, cost.high) {
            (Some(low), Some(likely), Some(high)) => p.say(
                "web.cost_range",
                &[
                    ("low", &p.money(&low, &cost.currency)),
                    ("likely", &p.money(&likely, &cost.currency)),
                    ("high", &p.money(&high, &cost.currency)),
                ],
            ),
            _ if self.sheet.messages.is_none() => p.t("preflight.not_known"),
            _ => p.t("web.cost_unknown"),
        }
    }

    fn ends(&self, p: &Page) -> String {
        self.sheet.sent_out_at.as_ref().map_or_else(String::new, |told| super::forecasts::sentence(p, told))
    }

    fn likely(&self, p: &Page) -> String {
        let cost = &self.sheet.cost;
        if self.sheet.messages.is_none() {
            return p.t("preflight.not_known");
        }
        cost.likely.map_or_else(|| p.t("web.cost_unknown"), |likely| p.money(&likely, &cost.currency))
    }

    /// Status, what people think of it, and for how long a message is tried.
    fn template(&self, p: &Page) -> String {
        let (template, mut facts) = (&self.sheet.template, Vec::new());
        facts.push(p.t(&format!("web.category.{}", template.category.as_str())));
        facts.extend(template.status.iter().map(|status| preflight::status_words(p.language, status)));
        facts.extend(template.quality.map(|q| p.t(&format!("preflight.quality.{}", q.as_str()))));
        facts.extend(template.time_to_live_s.map(|s| preflight::life_words(p.language, s)));
        facts.join(" · ")
    }

    fn budget(&self, p: &Page) -> Option<String> {
        let budget = self.sheet.budget.as_ref()?;
        let [left, whole] = [budget.left, budget.amount].map(|a| p.money(&a, &budget.currency));
        let key = if budget.monthly { "preflight.budget_month" } else { "preflight.budget_whole" };
        Some(p.say(key, &[("left", &left), ("budget", &whole)]))
    }

    fn balance(&self, p: &Page) -> Option<String> {
        let balance = self.sheet.balance.as_ref()?;
        Some(p.money(&balance.amount, &balance.currency))
    }

    fn tier(&self, p: &Page) -> Option<String> {
        let tier = self.sheet.tier?;
        Some(match (tier.left, tier.limit) {
            (Some(left), Some(limit)) => {
                p.say("preflight.tier_left", &[("n", &p.number(left)), ("limit", &p.number(limit))])
            }
            _ => p.t("preflight.tier_free"),
        })
    }

    fn canary(&self, p: &Page) -> Option<String> {
        let canary = self.sheet.canary?;
        let minutes = canary.wait_minutes.to_string();
        Some(p.say("preflight.canary", &[("n", &p.number(canary.messages)), ("minutes", &minutes)]))
    }
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Html<String>, WebError> {
    Box::pin(page(&state, &actor, p, id, (&[], false))).await
}

/// The page; with `changed` it says what is otherwise than when somebody said yes.
async fn page(
    state: &WebState,
    actor: &Actor,
    mut p: Page,
    id: i64,
    (changed, anew): (&[Problem], bool),
) -> Result<Html<String>, WebError> {
    let c = campaign::get(state.store(), CampaignId(id)).await?.ok_or(WebError::NotFound)?;
    let version = version::latest(state.store(), c.id).await?;
    let started = match &version {
        Some(version) => state.engine.started(version).await?,
        None => None,
    };
    // What would happen is shown until it has happened: afterwards the run tells.
    let (sheet, reading) = match &version {
        Some(version) if started.is_none() => match state.engine.sheet_soon(version.id, anew, PATIENCE).await? {
            Soon::Ready(sheet) => (Some(sheet), None),
            Soon::Reading(progress) => (None, Some(Reading::of(&p, progress))),
        },
        _ => (None, None),
    };
    if let Some(zone) = version.as_ref().and_then(clock::of_version) {
        p.zone = zone;
    }
    let mut runs = Vec::new();
    for run in run::of_campaign(state.store(), c.id, RUNS).await? {
        runs.push(Figures::of(state, run).await?);
    }
    let sheet = sheet.map(|s| SheetView::of(&p, s));
    let (may_start, may_steer) = (actor.may(Right::StartRuns), actor.may(Right::SteerRuns));
    let changed = changed.iter().map(|problem| locale::problem(p.language, problem)).collect();
    let test = test_form(state, actor).await?;
    let (people, load) = (Right::ReadPeople, Right::LoadCampaigns);
    let next = state.engine.next_run(c.id).await?;
    html(&CampaignPage {
        p,
        c,
        version,
        sheet,
        reading,
        runs,
        may_start,
        started,
        people,
        load,
        changed,
        test,
        next,
        may_steer,
    })
}

/// For persons with the right to; a token has no phone.
async fn test_form(state: &WebState, actor: &Actor) -> Result<Option<TestForm>, WebError> {
    let Some(user) = actor.user.filter(|_| actor.may(Right::SendTests)) else { return Ok(None) };
    let number = user::test_number(state.store(), user).await?.unwrap_or_default();
    Ok(Some(TestForm { number, once: Secret::draw("").shown }))
}

/// The latest version of a campaign.
pub async fn latest(state: &WebState, campaign: CampaignId) -> Result<Version, WebError> {
    let found = version::latest(state.store(), campaign).await?;
    found.ok_or(WebError::NotFound)
}

/// What the button stands for: this version, as it was shown.
#[derive(serde::Deserialize)]
pub struct StartForm {
    version: i64,
    shown: Option<String>,
    /// The file looks wrong, and is applied all the same.
    #[serde(default)]
    anyway: bool,
    /// The form's own key; empty: it has none.
    #[serde(default)]
    once: String,
}

/// Starts the version that was shown; one loaded in between has to be looked at first.
pub async fn start(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Form(form): Form<StartForm>,
) -> Result<Response, WebError> {
    let (campaign, version, shown) = (CampaignId(id), VersionId(form.version), form.shown.as_deref());
    let looked = Looked { version, shown, anyway: form.anyway };
    let work = async |actor: Actor| {
        Ok(match act::start_shown(&state, &actor, campaign, looked).await? {
            Begun::Run(run) => with_done(&format!("/runs/{run}"), "started"),
            Begun::At(_) => with_done(&format!("/campaigns/{id}"), "scheduled"),
        })
    };
    let words = format!("{:?}", (version, shown, form.anyway));
    let route = format!("POST /campaigns/{id}/start");
    match once_for_words(&state, &actor, (&route, &form.once), &words, work).await {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(WebError::Changed(changes)) => {
            let page = Box::pin(page(&state, &actor, p, id, (&changes, true))).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// What becomes of people who got the same file with another campaign.
#[derive(serde::Deserialize)]
pub struct ElsewhereForm {
    choice: String,
}

/// Writes into the campaign file what becomes of them, as if somebody had changed it there.
pub async fn elsewhere(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<ElsewhereForm>,
) -> Result<Redirect, WebError> {
    if !matches!(form.choice.as_str(), "leave them out" | "send anyway") {
        return Err(WebError::Bad("choice"));
    }
    set(&state, &actor, CampaignId(id), (&["limits", "sent_elsewhere"], &form.choice)).await
}

/// How the file is read: what was asked about it, and the answer.
#[derive(serde::Deserialize)]
pub struct AnswerForm {
    answer: String,
}

/// Writes into the campaign file what somebody says of the audience, as *Change* does.
pub async fn read_as(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<AnswerForm>,
) -> Result<Redirect, WebError> {
    let (key, value) = file_questions::answered(&form.answer).ok_or(WebError::Bad("choice"))?;
    set(&state, &actor, CampaignId(id), (&["reading", key], value)).await
}

async fn set(state: &WebState, actor: &Actor, id: CampaignId, what: (&[&str], &str)) -> Result<Redirect, WebError> {
    let c = campaign::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    match state.engine.set_in_campaign(id, what, &actor.name).await? {
        Ok((campaign, version)) => {
            let (of, which) = (format!("campaign {}", c.name), format!("version {version}"));
            state.audit(actor, "campaign.load", &of, &which).await?;
            Ok(done(&format!("/campaigns/{campaign}"), "loaded"))
        }
        // The draft shows what stands in the way.
        Err(draft) => Ok(Redirect::to(&format!("/drafts/{draft}"))),
    }
}

/// Lets a campaign that comes again not begin any more.
pub async fn end(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    act::end_recurring(&state, &actor, CampaignId(id)).await?;
    Ok(done(&format!("/campaigns/{id}"), "ended"))
}
