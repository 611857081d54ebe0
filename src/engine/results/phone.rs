//! Whom to phone: people who were not reached, or have not answered, and whose matter is still to come.

use std::collections::{BTreeMap, HashMap};

use super::answers::Answers;
use super::cell::Cell;
use super::make::{Made, PIECE, Sinks, Source};
use super::words;
use crate::domain::amend::TakenBack;
use crate::domain::exclusion::ExclusionReason as E;
use crate::domain::failure::{FailureClass, known};
use crate::domain::hashed::hashed;
use crate::domain::id::MessageId;
use crate::domain::kind::CampaignKind;
use crate::domain::message::MessageState as S;
use crate::domain::schedule::Moved;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::intake::campaign_file::Contains;
use crate::intake::rows::sent_elsewhere;
use crate::locale::say;
use crate::store::exclusion::{self, Exclusion};
use crate::store::message::LEFT;
use crate::store::run::Run;
use crate::store::view::result::{self, Told};

/// Whom a call is to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Whom {
    Message(MessageId),
    /// A row that was left out: of which file, and which.
    Row(i64, i64),
}

/// A call to be made: as little as puts the calls of a million people into their order.
struct Call {
    /// Number of its cost centre among those found.
    centre: u32,
    happens_at: Option<UnixMs>,
    whom: Whom,
    /// Something later was sent about the same.
    is_over: bool,
}

/// The calls found so far.
#[derive(Default)]
struct Calls {
    all: Vec<Call>,
    centres: BTreeMap<String, u32>,
    /// Of rows with ids, where the call about the last message of each is.
    of_ids: HashMap<u64, usize>,
}

impl Calls {
    /// The call about a message. What comes later about the same id stands for what came before, whether it makes a call or
    /// not: an appointment that has moved is one matter.
    fn add_last(&mut self, told: &Told, is_to_be: bool) {
        let id = told.external_id.as_deref().map(hashed);
        if let Some(earlier) = id.and_then(|id| self.of_ids.remove(&id)).and_then(|at| self.all.get_mut(at)) {
            earlier.is_over = true;
        }
        if is_to_be {
            self.of_ids.extend(id.map(|id| (id, self.all.len())));
            self.add(&told.cost_centre, told.happens_at, Whom::Message(told.id));
        }
    }

    fn add(&mut self, centre: &str, happens_at: Option<UnixMs>, whom: Whom) {
        let next = u32::try_from(self.centres.len()).unwrap_or(u32::MAX);
        let centre = match self.centres.get(centre) {
            Some(known) => *known,
            None => *self.centres.entry(centre.to_owned()).or_insert(next),
        };
        self.all.push(Call { centre, happens_at, whom, is_over: false });
    }

    /// By cost centre, whose time comes first on top.
    fn in_order(self) -> Vec<Call> {
        // The centres' numbers by their names.
        let mut place = vec![0; self.centres.len()];
        for (at, number) in (0_u32..).zip(self.centres.values()) {
            if let Some(place) = place.get_mut(*number as usize) {
                *place = at;
            }
        }
        let mut all = self.all;
        all.retain(|call| !call.is_over);
        all.sort_unstable_by_key(|call| (place.get(call.centre as usize).copied(), call.happens_at, call.whom));
        all
    }
}

impl Engine {
    /// Whom to phone, by cost centre, whose time comes first on top.
    pub(super) async fn phone(&self, run: &Run, source: &Source, sinks: Sinks) -> Result<Vec<Made>, EngineError> {
        let now = self.clock.now();
        let named = ["cost_centre", "hours_left", "id", "name", "phone", "when", "why"];
        let mut sinks = sinks.write(vec![named.map(|name| source.say(name)).to_vec()]).await?;
        for piece in self.calls(run, source, now).await?.in_order().chunks(PIECE) {
            let mut rows = self.rows_of_calls(run, source, piece, now).await?;
            let rows = piece.iter().filter_map(|call| rows.remove(&call.whom)).collect();
            sinks = sinks.write(rows).await?;
        }
        sinks.finish().await
    }

    /// Whoever was not reached, or has not answered. What is past needs no call.
    async fn calls(&self, run: &Run, source: &Source, now: UnixMs) -> Result<Calls, EngineError> {
        let mut calls = Calls::default();
        let is_ahead = |at: Option<UnixMs>| at.is_none_or(|at| at > now);
        // Where files hold changes alone, what earlier ones planned is still ahead.
        let is_whole = source.file.contains == Some(Contains::EverythingAhead);
        let revision = if is_whole { run.revision } else { 0 };
        let mut after = MessageId(0);
        loop {
            let page = result::of_run(&self.store, (run.id, revision), after, PIECE as i64).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let answers = self.answers(run, &page).await?;
            for told in page.iter().filter(|told| !was_undone(told)) {
                let is_to_be = is_ahead(told.happens_at) && source.why_call(told, &answers).is_some();
                if run.revision > 1 && !is_whole {
                    calls.add_last(told, is_to_be);
                } else if is_to_be {
                    calls.add(&told.cost_centre, told.happens_at, Whom::Message(told.id));
                }
            }
        }
        self.calls_left_out(run, source, now, &mut calls).await?;
        Ok(calls)
    }

    /// Rows that were left out: of the latest file, and of earlier ones where files hold changes alone.
    async fn calls_left_out(
        &self,
        run: &Run,
        source: &Source,
        now: UnixMs,
        calls: &mut Calls,
    ) -> Result<(), EngineError> {
        let of_changes = source.file.contains == Some(Contains::OnlyChanges);
        let mut after = (if of_changes { 0 } else { run.revision }, 0);
        loop {
            let page = exclusion::list_all(&self.store, run.id, after, PIECE as i64).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.revision, last.row_no);
            let is_ahead = |left: &&Exclusion| left.happens_at.is_none_or(|at| at > now);
            for left in page.iter().filter(is_ahead).filter(|left| source.is_for_phone(left)) {
                calls.add(&left.cost_centre, left.happens_at, Whom::Row(left.revision, left.row_no));
            }
        }
    }

    /// The lines of some calls. Who was reached meanwhile has none.
    async fn rows_of_calls(
        &self,
        run: &Run,
        source: &Source,
        calls: &[Call],
        now: UnixMs,
    ) -> Result<BTreeMap<Whom, Vec<Cell>>, EngineError> {
        let (mut ids, mut rows) = (Vec::new(), Vec::new());
        for call in calls {
            match call.whom {
                Whom::Message(id) => ids.push(id),
                Whom::Row(revision, row) => rows.push((revision, row)),
            }
        }
        let told = result::by_ids(&self.store, &ids).await?;
        let answers = self.answers(run, &told).await?;
        let left = exclusion::by_rows(&self.store, run.id, &rows).await?;
        let call =
            |told: &Told| Some((Whom::Message(told.id), source.call(told, source.why_call(told, &answers)?, now)));
        let of_messages = told.iter().filter_map(call);
        let of_rows = left.iter().map(|left| (Whom::Row(left.revision, left.row_no), source.call_left_out(left, now)));
        Ok(of_messages.chain(of_rows).collect())
    }
}

impl Source {
    /// Whether somebody waits for a row although Recado did not write to them.
    fn is_for_phone(&self, left: &Exclusion) -> bool {
        // Whoever has the number that was corrected since heard nothing, as the campaign wants it.
        let is_unheard = self.file.moved == Moved::Leave && left.detail == sent_elsewhere();
        is_unheard || self.waits_for(left.reason, left.happens_at)
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

    /// Why the person of a message is to be phoned; `None`: they are not.
    fn why_call(&self, told: &Told, answers: &Answers) -> Option<String> {
        // Whoever was erased can be named to nobody.
        if told.recipient.is_empty() {
            return None;
        }
        let reason = told.end_reason.as_deref();
        match told.state {
            S::Failed if !self.asked_for_no_more(told) => Some(self.voice.reason(told)),
            S::Excluded if reason.and_then(E::parse).is_none_or(|why| self.waits_for(why, told.happens_at)) => {
                Some(self.voice.reason(told))
            }
            // Somebody gave up finding out whether it left.
            S::Cancelled if reason == Some(LEFT) => Some(self.voice.reason(told)),
            S::Expired | S::Undelivered | S::InDoubt => {
                Some(say(self.voice.language, &format!("web.state.{}", told.state.as_str()), &[]))
            }
            S::Delivered | S::Read if self.asks() && answers.word(told) == Some(words::NO_ANSWER) => {
                Some(say(self.voice.language, "web.no_answer", &[]))
            }
            _ => None,
        }
    }

    fn call(&self, told: &Told, why: String, now: UnixMs) -> Vec<Cell> {
        let mut cells = vec![Cell::Given(told.cost_centre.clone()), hours_left(told.happens_at, now)];
        cells.extend(self.who(told));
        cells.push(Cell::Word(why));
        cells
    }

    /// Whether the campaign asks for an answer at all: its template has buttons, or it says what answers mean.
    fn asks(&self) -> bool {
        let replies = &self.file.replies;
        let has_outcome = || replies.buttons.iter().any(|button| button.outcome.is_some());
        self.has_answers || !replies.typed.is_empty() || has_outcome()
    }

    fn call_left_out(&self, left: &Exclusion, now: UnixMs) -> Vec<Cell> {
        vec![
            Cell::Given(left.cost_centre.clone()),
            hours_left(left.happens_at, now),
            Cell::Word(left.external_id.clone().unwrap_or_default()),
            Cell::Given(left.name.clone()),
            Cell::Phone(left.recipient.clone()),
            self.voice.time(left.happens_at),
            Cell::Word(self.voice.why_left_out(left)),
        ]
    }
}

/// A message for a time, or a number, that a later file took back before it left: what went before stands.
fn was_undone(told: &Told) -> bool {
    let why = told.end_reason.as_deref().and_then(TakenBack::parse);
    told.state == S::Cancelled && matches!(why, Some(TakenBack::Moved | TakenBack::Number))
}

fn hours_left(happens_at: Option<UnixMs>, now: UnixMs) -> Cell {
    happens_at.map_or(Cell::Empty, |at| Cell::Whole(at.since(now).as_secs() / 3_600))
}
