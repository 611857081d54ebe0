//! What a row of a run says about itself: the state in plain words, with the reason and the time.

use std::time::Duration;

use crate::domain::amend::TakenBack;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::message::MessageState as S;
use crate::domain::outcome::{ANSWERED, NO_ANSWER, TO_BE_READ};
use crate::domain::time::UnixMs;
use crate::engine::waiting::{self, Why};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::rows;
use crate::locale;
use crate::store::message::LEFT;
use crate::store::run::Run;
use crate::store::view::row::RunRow;
use crate::store::{StoreError, version};

use super::error::WebError;
use super::page::Page;
use super::state::WebState;

/// What a run's rows say that stands with the run.
#[derive(Clone, Debug)]
pub struct OfRun {
    cancelled_by: String,
    in_doubt_after: Duration,
    /// What those of its messages wait for that are due.
    in_line: Option<Why>,
}

impl OfRun {
    /// Who cancelled it, and for how long its campaign waits before a person is asked about what is in doubt.
    pub async fn read(state: &WebState, run: &Run) -> Result<Self, WebError> {
        let version = version::get(state.store(), run.version_id).await?.ok_or(WebError::NotFound)?;
        let corrupt = |_| StoreError::Corrupt { what: "version.definition" };
        let file = CampaignFile::parse(&version.definition, "campaign.toml").map_err(corrupt)?;
        let cancelled_by = run.cancelled_by.clone().unwrap_or_default();
        let in_line = waiting::in_line(&state.engine, run).await?;
        Ok(Self { cancelled_by, in_doubt_after: file.limits.in_doubt_after, in_line })
    }

    /// What `row` waits for, where it waits: its own gate, or what all that is due stands behind.
    pub fn gate<'a>(&'a self, row: &'a RunRow, now: UnixMs) -> Option<&'a str> {
        row.waiting_for.as_deref().or_else(|| Some(self.behind(row, now)?.code.as_str()))
    }

    fn behind(&self, row: &RunRow, now: UnixMs) -> Option<&Why> {
        let is_due = row.state == S::Queued && row.waiting_for.is_none() && row.due_at <= now;
        self.in_line.as_ref().filter(|_| is_due)
    }
}

/// `Not delivered: the number has no WhatsApp`.
pub fn sentence(p: &Page, of: &OfRun, row: &RunRow) -> String {
    match row.state {
        S::InDoubt => in_doubt(p, of, row),
        S::Queued => match of.behind(row, p.now) {
            Some(why) => why.sentence(p.language),
            None => queued(p, row),
        },
        S::Failed => p.say("web.message.failed", &[("why", &failure(p, row.failure_code))]),
        S::Excluded => p.say("web.message.not_sent", &[("why", &reason(p, row.end_reason.as_deref()))]),
        S::Cancelled if row.end_reason.as_deref() == Some(LEFT) => p.t("web.message.left_in_doubt"),
        S::Cancelled if taken_back(row).is_some() => {
            p.say("web.message.not_sent", &[("why", &reason(p, row.end_reason.as_deref()))])
        }
        S::Cancelled => cancelled(p, Some(&of.cancelled_by)),
        state => p.t(&format!("web.message.{}", state.as_str())),
    }
}

/// Whether a later file of its standing run has taken it back, and why.
pub fn taken_back(row: &RunRow) -> Option<TakenBack> {
    row.end_reason.as_deref().filter(|_| row.state == S::Cancelled).and_then(TakenBack::parse)
}

/// What the sentence says beyond the state's own word; `None`: nothing.
pub fn more(p: &Page, of: &OfRun, row: &RunRow) -> Option<String> {
    let said = sentence(p, of, row);
    (said != p.t(&format!("web.state.{}", row.state.as_str()))).then_some(said)
}

/// `Cancelled by ana`.
pub fn cancelled(p: &Page, by: Option<&str>) -> String {
    match by.filter(|by| !by.is_empty()) {
        Some(by) => p.say("web.message.cancelled_by", &[("who", by)]),
        None => p.t("web.message.cancelled"),
    }
}

/// A receipt may still settle it until then; afterwards a person is asked.
fn in_doubt(p: &Page, of: &OfRun, row: &RunRow) -> String {
    let until = row.claimed_at.map(|at| at.plus(of.in_doubt_after));
    match until.filter(|until| *until > p.now) {
        Some(until) => p.say("web.message.in_doubt_checking", &[("t", &p.clock_time(&until))]),
        None => p.t("web.message.in_doubt"),
    }
}

fn queued(p: &Page, row: &RunRow) -> String {
    match &row.waiting_for {
        Some(gate) => p.say("web.message.waiting", &[("why", &gate_words(p, gate)), ("t", &p.clock_time(&row.due_at))]),
        None if row.due_at > p.now => p.say("web.message.scheduled", &[("t", &p.clock_time(&row.due_at))]),
        None => p.t("web.message.queued"),
    }
}

/// The latest thing that happened to it.
pub fn latest(row: &RunRow) -> Option<UnixMs> {
    [row.read_at, row.delivered_at, row.ended_at, row.sent_at, row.accepted_at, row.claimed_at]
        .into_iter()
        .flatten()
        .max()
}

/// The sentence of a provider's code, in people's words.
pub fn failure(p: &Page, code: Option<i64>) -> String {
    locale::failure(p.language, code.unwrap_or(0))
}

/// The sentence of a reason to leave out.
pub fn reason(p: &Page, word: Option<&str>) -> String {
    let word = word.unwrap_or_default();
    match ExclusionReason::parse(word) {
        Some(reason) => p.t(&format!("web.reason.{}", reason.as_str())),
        None if TakenBack::parse(word).is_some() => p.t(&format!("web.reason.{word}")),
        None => word.to_owned(),
    }
}

/// Why a row became nothing, with what more is known.
pub fn left_out(p: &Page, why: ExclusionReason, detail: &str) -> String {
    let why = reason(p, Some(why.as_str()));
    let detail = rows::explain(p.language, detail);
    if detail.is_empty() { why } else { format!("{why} ({detail})") }
}

/// What a gate waits for.
pub fn gate_words(p: &Page, gate: &str) -> String {
    p.word(&format!("waiting.{gate}"), gate)
}

/// The words of an outcome; one that a campaign file made up is shown as it is.
pub fn outcome(p: &Page, word: &str) -> String {
    p.word(&format!("web.outcome.{word}"), word)
}

/// The same, and the words that stand where there is none.
pub fn answered(p: &Page, word: &str) -> String {
    match word {
        NO_ANSWER => p.t("web.no_answer"),
        TO_BE_READ => p.t("web.to_be_read"),
        ANSWERED => p.t("web.answered"),
        word => outcome(p, word),
    }
}

/// Colour of a state's tag.
pub const fn tone(state: S) -> &'static str {
    match state {
        S::Read | S::Delivered => "good",
        S::Failed | S::Undelivered => "bad",
        S::InDoubt => "warn",
        S::Accepted | S::InReview | S::Sent | S::Claimed => "info",
        S::Queued | S::Excluded | S::Expired | S::Cancelled => "",
    }
}
