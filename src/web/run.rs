//! A run: where its messages are, why anything waits, what failed and why, what people answered, what it costs.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::id::{RunId, VersionId};
use crate::domain::message::MessageState as S;
use crate::domain::outcome::{ANSWERED, NO_ANSWER, TO_BE_READ};
use crate::domain::role::Right;
use crate::domain::run::RunState;
use crate::domain::time::UnixMs;
use crate::engine::{self, Progress, Subject};
use crate::locale::problem;
use crate::store::amendment::{self, Amendment};
use crate::store::canary::CanaryState;
use crate::store::view::tally;
use crate::store::{campaign, click, correction, exclusion, message, run, version};

use super::act;
use super::actor::Actor;
use super::clock;
use super::error::WebError;
use super::figures::Figures;
use super::form::{Form, done, local};
use super::page::{Page, html};
use super::reading::Reading;
use super::row_words;
use super::state::WebState;

/// Files of a standing run that are listed.
const FILES: i64 = 12;

/// Row numbers named per reason.
const ROWS_NAMED: i64 = 12;

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    p: Page,
    title: String,
    template: String,
    f: Figures,
    tiles: Vec<Tile>,
    answers: Vec<Tile>,
    failures: Vec<Cause>,
    waiting: Vec<String>,
    canary: Option<String>,
    /// How many opened a link of it.
    clicks: Option<String>,
    /// What is missing in the wallet.
    recharge: Option<String>,
    /// What a category that is announced means.
    ahead: Option<String>,
    left_out: Vec<LeftOut>,
    /// How far its rows are planned.
    planning: Option<Reading>,
    stopped: Vec<Cause>,
    /// Sent again because they certainly never left.
    resent: i64,
    money: tally::Money,
    may_steer: bool,
    may_start: bool,
    /// What a correction left as it was.
    corrected: Option<String>,
    people: bool,
    /// The files that a standing run has taken up, the last first.
    files: Vec<Amendment>,
    /// What all of them did, where there are several.
    all_files: Option<amendment::Figures>,
    /// The version of a newer file that waits for somebody's yes.
    file_waits: Option<VersionId>,
}

/// A figure that leads to its rows.
pub struct Tile {
    label: String,
    n: i64,
    /// State's or outcome's word, for the bar's key and tests.
    word: String,
    href: Option<String>,
}

/// Messages of one cause.
pub struct Cause {
    why: String,
    n: i64,
    href: Option<String>,
}

/// Rows left out at loading.
pub struct LeftOut {
    why: String,
    n: i64,
    rows: String,
}

/// What was stopped before it left, by reason.
async fn stopped(state: &WebState, p: &Page, run: RunId) -> Result<Vec<Cause>, WebError> {
    let stopped = tally::stopped(state.store(), run).await?.into_iter();
    Ok(stopped.map(|s| Cause { why: row_words::reason(p, Some(&s.reason)), n: s.n, href: None }).collect())
}

/// The version of a newer file that a standing run has not taken up.
async fn waiting_file(state: &WebState, run: &run::Run) -> Result<Option<VersionId>, WebError> {
    if run.revision == 0 || run.closed_at.is_some() || run.state == RunState::Cancelled {
        return Ok(None);
    }
    let latest = version::latest(state.store(), run.campaign_id).await?;
    Ok(latest.map(|latest| latest.id).filter(|id| *id != run.version_id))
}

/// How far the rows of a run are planned. Another node may be planning it: then the store knows how far.
fn planning(state: &WebState, p: &Page, run: &run::Run) -> Option<Reading> {
    let known = state.engine.reading(&Subject::Plan(run.id));
    let stored = || Progress { rows: u64::try_from(run.planned_rows).unwrap_or_default(), of: None };
    (run.state == RunState::Planning).then(|| Reading::of(p, known.unwrap_or_else(stored)))
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    mut p: Page,
    Path(id): Path<i64>,
) -> Result<Html<String>, WebError> {
    let run = run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)?;
    state.engine.see_ids(run.id).await?;
    p.zone = clock::of_run(&state, &run).await?;
    let people = actor.may(Right::ReadPeople);
    let title = campaign::get(state.store(), run.campaign_id).await?.map_or_else(String::new, |c| c.title);
    let store = state.store();
    let failures = failures(&state, &p, run.id, people).await?;
    let (waiting, canary) = (waiting(&state, &p, run.id).await?, canary(&state, &p, run.id).await?);
    let clicks = clicks(&state, &p, run.id).await?;
    let recharge = recharge(&state, &p, &run).await?;
    let ahead = ahead(&state, &p, &run).await?;
    let answers = answers(&state, &p, run.id, &actor).await?;
    let (stopped, left_out) = (stopped(&state, &p, run.id).await?, left_out(&state, &p, run.id).await?);
    let (resent, money) = (message::resent(store, run.id).await?, tally::money(store, run.id).await?);
    let (template, planning) = (template_name(&run), planning(&state, &p, &run));
    let f = Figures::of(&state, run).await?;
    let tiles = tiles(&p, &f, people);
    let (may_steer, may_start) = (actor.may(Right::SteerRuns), actor.may(Right::StartRuns));
    let corrected = corrected(&state, &p, &f).await?;
    let files = amendment::list(store, f.run.id, FILES).await?;
    let (taken_up, figures) = amendment::totals(store, f.run.id).await?;
    let file_waits = waiting_file(&state, &f.run).await?;
    html(&RunPage {
        p,
        title,
        template,
        f,
        tiles,
        answers,
        failures,
        waiting,
        canary,
        clicks,
        recharge,
        ahead,
        left_out,
        planning,
        stopped,
        resent,
        money,
        may_steer,
        may_start,
        corrected,
        people,
        files,
        all_files: (taken_up > 1).then_some(figures),
        file_waits,
    })
}

/// A change of what its template is billed as, which is announced.
async fn ahead(state: &WebState, p: &Page, run: &run::Run) -> Result<Option<String>, WebError> {
    Ok(state.engine.category_ahead(run).await?.map(|ahead| problem(p.language, &ahead)))
}

/// How many opened a link of it, in words; `None`: nobody, as far as is told.
async fn clicks(state: &WebState, p: &Page, run: RunId) -> Result<Option<String>, WebError> {
    let opened = click::of_run(state.store(), run).await?;
    Ok((opened > 0).then(|| p.n("web.clicks.opened", opened)))
}

/// What has to be put into the wallet for everything to go out, in words.
async fn recharge(state: &WebState, p: &Page, run: &run::Run) -> Result<Option<String>, WebError> {
    let missing = engine::wallet::recharge(&state.engine, &run.account).await?;
    let missing = missing.filter(|_| run.sent_out_at.is_none());
    let said = missing.map(|(currency, amount)| format!("{currency} {amount}"));
    Ok(said.map(|missing| p.say("web.wallet.recharge", &[("missing", &missing)])))
}

/// What a correction left as it was, in words.
async fn corrected(state: &WebState, p: &Page, f: &Figures) -> Result<Option<String>, WebError> {
    let corrected = correction::latest(state.store(), f.run.id).await?;
    Ok(corrected.map(|c| {
        let rest = (f.counts.total() - c.stayed).max(0);
        p.say("draft.corrected", &[("n", &p.number(c.stayed)), ("rest", &p.number(rest)), ("who", &c.corrected_by)])
    }))
}

fn template_name(run: &run::Run) -> String {
    let template: Option<crate::domain::template::Template> = serde_json::from_str(&run.template).ok();
    template.map_or_else(String::new, |t| format!("{} ({})", t.name, t.language))
}

fn tiles(p: &Page, f: &Figures, people: bool) -> Vec<Tile> {
    let rows = |query: &str| people.then(|| format!("/runs/{}/rows{query}", f.run.id));
    let mut tiles =
        vec![Tile { label: p.t("web.all_messages"), n: f.counts.total(), word: "all".to_owned(), href: rows("") }];
    for state in S::ALL {
        let n = f.counts.get(state);
        if n > 0 {
            let word = state.as_str();
            tiles.push(Tile {
                label: p.t(&format!("web.state.{word}")),
                n,
                word: word.to_owned(),
                href: rows(&format!("?state={word}")),
            });
        }
    }
    tiles
}

async fn answers(state: &WebState, p: &Page, run: RunId, actor: &Actor) -> Result<Vec<Tile>, WebError> {
    let answers = tally::answers(state.store(), run).await?;
    let people = actor.may(Right::ReadPeople);
    let rows = |word: &str| people.then(|| format!("/runs/{run}/rows?outcome={word}"));
    let mut tiles: Vec<Tile> = answers
        .outcomes
        .into_iter()
        .map(|(word, n)| {
            let query: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
            let href = people.then(|| format!("/runs/{run}/rows?outcome={query}"));
            Tile { label: row_words::outcome(p, &word), n, word, href }
        })
        .collect();
    if answers.to_be_read > 0 {
        // Whoever reads answers is led to them, others to the rows they are about.
        let talks = || Some(format!("/conversations?view=all&show=open&run={run}"));
        let href = if actor.may(Right::Converse) { talks() } else { rows(TO_BE_READ) };
        tiles.push(Tile { label: p.t("web.to_be_read"), n: answers.to_be_read, word: TO_BE_READ.to_owned(), href });
    }
    if answers.answered > 0 {
        let (label, word) = (p.t("web.answered"), ANSWERED.to_owned());
        tiles.push(Tile { label, n: answers.answered, word, href: rows(ANSWERED) });
    }
    let href = rows(NO_ANSWER).filter(|_| answers.no_answer > 0);
    tiles.push(Tile { label: p.t("web.no_answer"), n: answers.no_answer, word: NO_ANSWER.to_owned(), href });
    Ok(tiles)
}

async fn failures(state: &WebState, p: &Page, run: RunId, people: bool) -> Result<Vec<Cause>, WebError> {
    let found = tally::failures(state.store(), run).await?;
    Ok(found
        .into_iter()
        .map(|f| Cause {
            why: row_words::failure(p, Some(f.code)),
            n: f.n,
            href: people.then(|| format!("/runs/{run}/rows?failure={}", f.code)),
        })
        .collect())
}

async fn waiting(state: &WebState, p: &Page, run: RunId) -> Result<Vec<String>, WebError> {
    let found = tally::waiting(state.store(), run).await?;
    Ok(found
        .into_iter()
        .map(|w| {
            let (n, why) = (p.number(w.n), row_words::gate_words(p, &w.waiting_for));
            p.say("web.waits", &[("n", &n), ("why", &why), ("t", &p.clock_time(&w.next_at))])
        })
        .collect())
}

/// How the share that goes first stands.
async fn canary(state: &WebState, p: &Page, run: RunId) -> Result<Option<String>, WebError> {
    let Some(told) = engine::canary::standing(&state.engine, run).await? else { return Ok(None) };
    let f = told.figures;
    let counts = [told.messages, f.delivered, f.failed, f.opted_out].map(|n| p.number(n));
    let [n, delivered, failed, opted_out] = counts.each_ref().map(String::as_str);
    let counts = [("n", n), ("delivered", delivered), ("failed", failed), ("opted_out", opted_out)];
    let said = |key: &str, at: Option<UnixMs>| {
        let t = at.map(|at| p.clock_time(&at)).unwrap_or_default();
        let mut args = counts.to_vec();
        args.push(("t", &t));
        p.say(key, &args)
    };
    Ok(match told.state {
        CanaryState::Sending => Some(said("web.canary_sending", None)),
        CanaryState::Waiting => Some(said("web.canary_waiting", told.judge_at)),
        CanaryState::Passed | CanaryState::Stopped | CanaryState::Overruled => {
            Some(said("web.canary_judged", told.judged_at))
        }
        CanaryState::Over => None,
    })
}

async fn left_out(state: &WebState, p: &Page, run: RunId) -> Result<Vec<LeftOut>, WebError> {
    let mut all = Vec::new();
    for (reason, n) in exclusion::counts(state.store(), run).await? {
        let rows = tally::excluded_rows(state.store(), run, reason, ROWS_NAMED).await?;
        all.push(LeftOut { why: row_words::reason(p, Some(reason.as_str())), n, rows: row_list(&rows, n) });
    }
    all.sort_by_key(|l| std::cmp::Reverse(l.n));
    Ok(all)
}

/// `3, 17, 40 …`
pub(super) fn row_list(rows: &[i64], n: i64) -> String {
    let shown: Vec<String> = rows.iter().map(ToString::to_string).collect();
    let more = if n > rows.len() as i64 { " …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Where to go after.
#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    back: String,
}

impl Back {
    fn path(&self, run: i64) -> String {
        if self.back.is_empty() { format!("/runs/{run}") } else { local(&self.back).to_owned() }
    }
}

/// A button that was pressed twice: what the first press did is no obstacle to the second.
async fn unless(
    state: &WebState,
    run: RunId,
    done_before: impl Fn(&run::Run) -> bool,
    outcome: Result<(), WebError>,
) -> Result<(), WebError> {
    match outcome {
        Err(error) if error.status() == StatusCode::CONFLICT => {
            let is_done = run::get(state.store(), run).await?.is_some_and(|run| done_before(&run));
            if is_done { Ok(()) } else { Err(error) }
        }
        other => other,
    }
}

/// Pause.
pub async fn pause(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(back): Form<Back>,
) -> Result<Redirect, WebError> {
    let done_before = |run: &run::Run| run.state == RunState::Paused;
    unless(&state, RunId(id), done_before, act::pause(&state, &actor, RunId(id), "").await).await?;
    Ok(done(&back.path(id), "paused"))
}

/// Resume.
pub async fn resume(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(back): Form<Back>,
) -> Result<Redirect, WebError> {
    let done_before = |run: &run::Run| matches!(run.state, RunState::Planning | RunState::Running);
    unless(&state, RunId(id), done_before, act::resume(&state, &actor, RunId(id)).await).await?;
    Ok(done(&back.path(id), "resumed"))
}

/// Cancel.
pub async fn cancel(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(back): Form<Back>,
) -> Result<Redirect, WebError> {
    let done_before = |run: &run::Run| run.state == RunState::Cancelled;
    unless(&state, RunId(id), done_before, act::cancel(&state, &actor, RunId(id)).await).await?;
    Ok(done(&back.path(id), "cancelled"))
}
