//! How a run is doing, in words and figures: the same on the list of campaigns, on its page and in the API.

use crate::domain::forecast::Forecast;
use crate::domain::message::MessageState as S;
use crate::domain::run::RunState;
use crate::engine::holds::ITSELF;
use crate::engine::waiting::{self, Why};
use crate::locale;
use crate::store::hold::{self, HoldCause, HoldEnd};
use crate::store::run::Run;

use super::error::WebError;
use super::page::Page;
use super::sampler::Counts;
use super::state::WebState;

/// A run's figures.
pub struct Figures {
    /// The run.
    pub run: Run,
    /// Messages by state.
    pub counts: Counts,
    /// In one word: `planning`, `waiting`, `running`, `sent_out`, `paused`, `held`, `cancelled`, `closed`.
    pub word: &'static str,
    /// When it will have been sent out; while it is held nobody knows until when, as if it went on now.
    pub forecast: Option<Forecast>,
    /// Why nothing leaves although something is due: the hold that stops it.
    pub hold: Option<hold::Hold>,
    /// Why it does not go on now; `None` when it does, or has ended.
    pub waits: Option<Why>,
}

/// One part of the bar.
pub struct Segment {
    /// Its colour's name.
    pub class: &'static str,
    /// Where it begins, in hundredths.
    pub x: f64,
    /// How long it is, in hundredths.
    pub width: f64,
}

impl Figures {
    /// Counts `run`.
    pub async fn of(state: &WebState, run: Run) -> Result<Self, WebError> {
        let now = state.now();
        let counts = state.sampler.counts(state.store(), &run, now).await?;
        let hold = if run.state == RunState::Running { waiting::hold_on(&state.engine, &run).await? } else { None };
        let waits = waiting::of_run(&state.engine, &run).await?;
        // What ends by itself is waited for; what only a person ends, here or at the provider, has stopped the run.
        let stopped = hold.as_ref().is_some_and(|h| h.ends() == HoldEnd::Person || h.cause == HoldCause::Deleted);
        let word = word(&run, &counts, stopped, waits.as_ref());
        let forecast = match run.state {
            RunState::Running if counts.left() > 0 => state.forecasts.of(&state.engine, &run.sender, run.id).await?,
            _ => None,
        };
        Ok(Self { run, counts, word, forecast, hold, waits })
    }

    /// Colour of the tag.
    pub fn tone(&self) -> &'static str {
        match self.word {
            "planning" | "running" => "info live",
            "sent_out" | "waiting" => "info",
            "paused" | "held" => "warn",
            "closed" => "good",
            _ => "",
        }
    }

    /// Messages that left.
    pub fn gone(&self) -> i64 {
        self.counts.gone()
    }

    /// `Sent 159 / 170 · one is tried again`: what goes back in line is not sent any more.
    pub fn progress(&self, p: &Page) -> String {
        let (n, total) = (p.number(self.gone()), p.number(self.total()));
        let said = p.say("web.sent_of", &[("n", &n), ("total", &total)]);
        if self.counts.back > 0 { format!("{said} · {}", p.n("web.back_in_line", self.counts.back)) } else { said }
    }

    /// Messages of the run that were not stopped before they left.
    pub fn total(&self) -> i64 {
        self.counts.total() - self.counts.of(&[S::Excluded, S::Expired, S::Cancelled])
    }

    /// True while it can be paused.
    pub fn may_pause(&self) -> bool {
        matches!(self.run.state, RunState::Planning | RunState::Running) && self.word != "sent_out"
    }

    /// True while it can go on.
    pub fn may_resume(&self) -> bool {
        self.run.state == RunState::Paused
    }

    /// True while something is left to cancel.
    pub fn may_cancel(&self) -> bool {
        matches!(self.run.state, RunState::Planning | RunState::Running | RunState::Paused) && self.word != "sent_out"
    }

    /// The bar: read, delivered, on its way, failed, in doubt; the rest is empty.
    pub fn segments(&self) -> Vec<Segment> {
        let total = self.counts.total().max(1) as f64;
        let parts = [
            ("seg-read", self.counts.get(S::Read)),
            ("seg-delivered", self.counts.get(S::Delivered)),
            ("seg-sent", self.counts.of(&[S::Accepted, S::InReview, S::Sent])),
            ("seg-failed", self.counts.of(&[S::Failed, S::Undelivered])),
            ("seg-doubt", self.counts.get(S::InDoubt)),
            ("seg-other", self.counts.of(&[S::Excluded, S::Expired, S::Cancelled])),
        ];
        let mut x = 0.0;
        let mut segments = Vec::new();
        for (class, n) in parts {
            let width = n as f64 * 100.0 / total;
            if n > 0 {
                segments.push(Segment { class, x, width });
            }
            x += width;
        }
        segments
    }

    /// The state as people read it.
    pub fn sentence(&self, p: &Page) -> String {
        p.t(&format!("web.run_state.{}", self.word))
    }

    /// When it ends and what limits it, in one sentence; empty where that cannot be said.
    pub fn ends(&self, p: &Page) -> String {
        self.forecast.as_ref().map_or_else(String::new, |told| super::forecasts::sentence(p, told))
    }

    /// Who or what stopped it, and what makes it go on; empty while it goes on.
    pub fn why(&self, p: &Page) -> String {
        if let Some(hold) = self.hold.as_ref().filter(|_| self.word == "held") {
            let why = super::holds::cause(p, hold);
            let until = match (hold.ends(), hold.until_at) {
                (HoldEnd::Itself, _) if hold.cause == HoldCause::Deleted => p.t("web.until_template"),
                (HoldEnd::Itself, _) => p.t("web.until_itself"),
                (_, Some(at)) => p.clock_time(&at),
                (_, None) => p.t("web.until_person"),
            };
            return p.say("web.run_held", &[("why", why.trim_end_matches('.')), ("when", &until)]);
        }
        match self.run.state {
            RunState::Running if self.word == "waiting" => {
                self.waits.as_ref().map_or_else(String::new, |why| waiting_words(p, why))
            }
            RunState::Planning => self.waits.as_ref().map_or_else(String::new, |why| why.sentence(p.language)),
            RunState::Paused => {
                let by = self.run.paused_by.as_deref().unwrap_or_default();
                let why = locale::problems(p.language, &self.run.paused_for());
                let why = why.trim_end_matches('.');
                match (why, by) {
                    ("", by) => p.say("web.run_paused", &[("who", by)]),
                    (why, ITSELF) => p.say("web.run_held", &[("why", why), ("when", &p.t("web.until_resumed"))]),
                    (why, by) => p.say("web.run_paused", &[("who", &format!("{by} ({why})"))]),
                }
            }
            RunState::Cancelled => {
                let by = self.run.cancelled_by.as_deref().unwrap_or_default();
                p.say("web.run_cancelled", &[("who", by)])
            }
            _ => String::new(),
        }
    }
}

/// `Waiting: its time has not come. Until …`
fn waiting_words(p: &Page, why: &Why) -> String {
    let said = why.sentence(p.language);
    match why.until {
        Some(until) => p.say("web.run_waits_until", &[("why", &said), ("t", &p.clock_time(&until))]),
        None => p.say("web.run_waits", &[("why", &said)]),
    }
}

fn word(run: &Run, counts: &Counts, held: bool, waits: Option<&Why>) -> &'static str {
    let to_leave = counts.left() + counts.get(S::InDoubt);
    match run.state {
        RunState::Planning => "planning",
        RunState::Running if to_leave == 0 && run.rows_read.is_some() => "sent_out",
        RunState::Running if held => "held",
        // What has been claimed is leaving, whatever the rest waits for.
        RunState::Running if waits.is_some() && counts.get(S::Claimed) == 0 => "waiting",
        RunState::Running => "running",
        RunState::Paused => "paused",
        RunState::Cancelled => "cancelled",
        RunState::Closed => "closed",
    }
}
