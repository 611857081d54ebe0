//! Whom to phone: people who were not reached, or have not answered, and whose matter is still to come.

use std::path::Path;

use super::make::{Made, PIECE, Source, finished, unwritten, written};
use super::sink::own_cell;
use super::words;
use crate::domain::exclusion::ExclusionReason as E;
use crate::domain::failure::{FailureClass, known};
use crate::domain::id::MessageId;
use crate::domain::kind::CampaignKind;
use crate::domain::message::MessageState as S;
use crate::domain::spreadsheet::text_cell;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::locale::say;
use crate::store::exclusion::{self, Exclusion};
use crate::store::message::LEFT;
use crate::store::run::Run;
use crate::store::view::result::{self, Told};

/// Whom to phone about what.
struct Call {
    cost_centre: String,
    happens_at: Option<UnixMs>,
    cells: [String; 5],
}

impl Engine {
    /// Whom to phone, by cost centre, whose time comes first on top.
    pub(super) async fn phone(
        &self,
        run: &Run,
        source: &Source,
        target: &Path,
        as_sheet: bool,
    ) -> Result<Made, EngineError> {
        let now = self.clock.now();
        let mut calls = self.calls(run, source).await?;
        // What is past needs no call.
        calls.retain(|call| call.happens_at.is_none_or(|at| at > now));
        calls.sort_by(|a, b| (&a.cost_centre, a.happens_at, &a.cells).cmp(&(&b.cost_centre, b.happens_at, &b.cells)));
        let mut sink = source.sink(target, as_sheet, usize::from(u16::MAX)).map_err(unwritten)?;
        let named = ["cost_centre", "hours_left", "id", "name", "phone", "when", "why"];
        sink.write(&named.map(|name| source.say(name))).map_err(unwritten)?;
        let rows = calls.into_iter().map(|call| {
            let left = call.happens_at.map(|at| at.since(now).as_secs() / 3_600);
            let left = left.map(|hours| hours.to_string()).unwrap_or_default();
            [vec![text_cell(&call.cost_centre).into_owned(), left], call.cells.to_vec()].concat()
        });
        finished(written(sink, rows.collect()).await?).await
    }

    /// Whoever was not reached, or has not answered.
    async fn calls(&self, run: &Run, source: &Source) -> Result<Vec<Call>, EngineError> {
        let mut calls = Vec::new();
        let mut after = MessageId(0);
        loop {
            let page = result::of_run(&self.store, (run.id, run.revision), after, PIECE as i64).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            calls.extend(page.iter().filter_map(|told| source.call(told)));
        }
        let mut after = 0;
        loop {
            let page = exclusion::list(&self.store, run.id, after, PIECE as i64).await?;
            let Some(last) = page.last() else { break };
            after = last.row_no;
            calls.extend(page.iter().filter(|left| source.is_for_phone(left)).map(|left| source.call_left_out(left)));
        }
        Ok(calls)
    }
}

impl Source {
    /// Whether somebody waits for a row although Recado did not write to them.
    fn is_for_phone(&self, left: &Exclusion) -> bool {
        self.waits_for(left.reason, left.happens_at)
    }

    /// Whether whoever was left out for this reason is to be phoned.
    fn waits_for(&self, reason: E, happens_at: Option<UnixMs>) -> bool {
        match reason {
            E::Duplicate | E::NotSelected | E::AlreadySent | E::Declined | E::OpenConversation | E::Frequency => false,
            // It was too late to write, not to speak.
            E::TooLate => happens_at.is_some(),
            // Who wants no promotions wants no call about one.
            E::Suppressed | E::NoConsent => self.file.kind == CampaignKind::Reminder,
            _ => true,
        }
    }

    /// Whether the failure says that the person wants no promotions.
    fn asked_for_no_more(&self, told: &Told) -> bool {
        let class = told.failure_code.and_then(known).map(|policy| policy.class);
        let wants_none = matches!(class, Some(FailureClass::StopMarketing | FailureClass::StopAll));
        wants_none && self.file.kind != CampaignKind::Reminder
    }

    fn call(&self, told: &Told) -> Option<Call> {
        let why = match told.state {
            S::Failed if !self.asked_for_no_more(told) => self.voice.reason(told),
            S::Excluded
                if told
                    .end_reason
                    .as_deref()
                    .and_then(E::parse)
                    .is_none_or(|why| self.waits_for(why, told.happens_at)) =>
            {
                self.voice.reason(told)
            }
            // Somebody gave up finding out whether it left.
            S::Cancelled if told.end_reason.as_deref() == Some(LEFT) => self.voice.reason(told),
            S::Expired | S::Undelivered | S::InDoubt => {
                say(self.voice.language, &format!("web.state.{}", told.state.as_str()), &[])
            }
            S::Delivered | S::Read if self.asks() && words::outcome(told) == Some(words::NO_ANSWER) => {
                say(self.voice.language, "web.no_answer", &[])
            }
            _ => return None,
        };
        let [id, name, phone, when] = <[String; 4]>::try_from(self.who(told)).ok()?;
        Some(Call {
            cost_centre: told.cost_centre.clone(),
            happens_at: told.happens_at,
            cells: [id, name, phone, when, why],
        })
    }

    /// Whether the campaign asks for an answer at all.
    fn asks(&self) -> bool {
        let replies = &self.file.replies;
        replies.buttons.iter().any(|button| button.outcome.is_some()) || !replies.typed.is_empty()
    }

    fn call_left_out(&self, left: &Exclusion) -> Call {
        let id = left.external_id.clone().unwrap_or_default();
        let (name, phone) = (text_cell(&left.name).into_owned(), own_cell(&left.recipient));
        let (when, why) = (self.voice.time(left.happens_at), self.voice.why_left_out(left));
        Call { cost_centre: left.cost_centre.clone(), happens_at: left.happens_at, cells: [id, name, phone, when, why] }
    }
}
