//! The one pass over the audience: every row ends as a message or as an exclusion.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::before::messages;
use super::cost::Tally;
use super::diff::{Changes, Diff};
use super::forecast::Ahead;
use super::problems::DEFAULT_TIME_TO_LIVE_S;
use super::routes::Routes;
use super::sample::Chooser;
use super::sheet::{SheetInputs, SheetRow};
use crate::billing::market;
use crate::domain::amend::{Fate, FileKeys, Standing};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::RunId;
use crate::domain::kind::CampaignKind;
use crate::domain::problem::Problem;
use crate::intake::audience::FileFacts;
use crate::intake::rows::{
    self, Draft, ResolvedRow, RowFate, RowsRequest, Stopped, TOLD_EVERY, file_keys, open_rows_or_tell,
};

/// Nobody knows prices of days further off: what is due later is reckoned as if it were due then.
const PRICES_AHEAD: Duration = Duration::from_hours(2 * 366 * 24);

/// Rows of which is asked together what was planned for them.
const PIECE: usize = 500;

/// Row numbers kept per reason; all of them are in the rows of the sheet when those are asked for.
const ROWS_NAMED: usize = 20;

/// What the pass found.
#[derive(Default)]
pub(super) struct Reading {
    /// Whether every row was read. Otherwise only facts are known, and perhaps how many rows there are.
    pub is_whole: bool,
    pub rows_read: i64,
    /// Rows of a file that was only looked through.
    pub rows_there: Option<i64>,
    pub messages: i64,
    pub excluded: BTreeMap<ExclusionReason, Left>,
    pub already_sent: BTreeMap<RunId, i64>,
    pub rows: Vec<SheetRow>,
    pub tally: Tally,
    /// Messages in other languages, by translation.
    pub translated: BTreeMap<String, Tally>,
    /// When messages may leave.
    pub ahead: Ahead,
    pub samples: Chooser,
    pub facts: Option<FileFacts>,
    pub warnings: Vec<Problem>,
    pub routes: Routes,
    /// Messages that may still arrive after what they speak of.
    pub outliving: i64,
    /// What the file does to a standing run.
    pub changes: Option<Changes>,
    /// What keeps it from being applied unattended.
    pub guards: Vec<Problem>,
    /// Rows whose time has passed and that do not go out all the same, as what was sent.
    not_overdue: u64,
    /// Rows that are too late by now, and were reminded in time.
    in_time: u64,
    /// Rows of the piece in hand that went to people who were erased since, by their keys.
    to_erased: BTreeMap<String, RunId>,
}

/// Rows left out for one reason.
#[derive(Default)]
pub(super) struct Left {
    pub count: i64,
    pub first_rows: Vec<i64>,
    /// The detail of the first; empty where there is none.
    pub example: String,
}

/// Reads the audience, and tells now and then how many rows of how many are done (0: that is not known yet), and each row;
/// `Err` is what keeps it from being read.
pub(super) fn read(
    inputs: &SheetInputs<'_>,
    progress: &dyn Fn(u64, u64),
    each: &mut dyn FnMut(&SheetRow),
) -> Result<Reading, Box<Stopped>> {
    let request = request(inputs);
    let mut rows = open_rows_or_tell(&request, &|done| progress(done, 0))?;
    let mut diff = match inputs.feed {
        Some(feed) => Some(Diff::new(feed, file_keys(&request, &|done| progress(done, 0))?)),
        None => None,
    };
    let mut reading = Reading { is_whole: true, ..Reading::default() };
    // What tells a later file that one id stands for two people tells it of the first.
    let mut first = (inputs.feed.is_none() && inputs.campaign.is_standing()).then(FileKeys::default);
    let zone = inputs.account.map_or(&inputs.campaign.timezone, |account| &account.timezone);
    let (expected, mut done) = (rows.expected(), 0);
    loop {
        let piece: Vec<ResolvedRow> = rows.by_ref().take(PIECE).collect();
        if piece.is_empty() {
            break;
        }
        let standing = diff.as_ref().map(|diff| diff.look(&piece)).transpose().map_err(unknown)?;
        reading.to_erased = inputs.earlier.to_erased(&messages(&piece)).map_err(unknown)?;
        for row in piece {
            if let (Some(keys), RowFate::Message(draft)) = (&mut first, &row.fate) {
                keys.see_person(draft.external_id.as_deref(), &draft.to, row.no);
            }
            let row = reading.count(row, inputs, zone, diff.as_mut().zip(standing.as_deref()));
            each(&row);
            if inputs.listed.as_ref().is_some_and(|listed| listed.contains(&row.row)) {
                reading.rows.push(row);
            }
            done += 1;
            if done % TOLD_EVERY == 0 {
                progress(done, expected);
            }
        }
    }
    if let Some(failure) = rows.failure() {
        return Err(unknown(failure.clone()));
    }
    reading.warnings = rows.warnings();
    if let Some(diff) = diff {
        reading.warnings.extend(diff.warning(rows.facts()));
        let (changes, guards) = diff.done(inputs, &rows.facts().header).map_err(unknown)?;
        (reading.changes, reading.guards) = (Some(changes), guards);
    }
    if let Some(mut keys) = first {
        keys.conflicts.join(rows.conflicts().clone());
        reading.guards.extend(keys.conflicts.problem("first_ids"));
    }
    reading.facts = Some(rows.facts().clone());
    reading.count_late(rows.tally().overdue, rows.tally().misses_latest);
    Ok(reading)
}

fn request<'a>(inputs: &'a SheetInputs<'_>) -> RowsRequest<'a> {
    RowsRequest {
        campaign: inputs.campaign,
        template: inputs.template,
        translations: inputs.translations,
        vars: inputs.vars,
        names: inputs.names,
        holidays: inputs.holidays,
        laws: inputs.laws,
        reach: inputs.reach,
        audience: inputs.audience,
        started_at: inputs.now,
    }
}

/// What the store knows cannot be asked for now.
fn unknown(problem: Problem) -> Box<Stopped> {
    vec![problem].into()
}

impl Reading {
    /// What is known of a file that cannot be read.
    pub(super) fn of_stopped(stopped: Stopped) -> (Self, Vec<Problem>) {
        let Stopped { problems, facts, rows } = stopped;
        (Self { facts, rows_there: rows, ..Self::default() }, problems)
    }

    fn count(
        &mut self,
        row: ResolvedRow,
        inputs: &SheetInputs<'_>,
        zone: &TimeZone,
        mut diff: Option<(&mut Diff<'_>, &Standing)>,
    ) -> SheetRow {
        self.rows_read += 1;
        let (to, reason, detail) = match row.fate {
            RowFate::Excluded(left)
                if diff.as_mut().is_some_and(|(diff, standing)| diff.was_in_time(&left, standing)) =>
            {
                self.in_time += 1;
                let (why, detail) = self.sent_by_feed(inputs);
                (left.recipient, Some(why), detail)
            }
            RowFate::Excluded(exclusion) => (exclusion.recipient, Some(exclusion.reason), exclusion.detail),
            RowFate::Message(draft) => {
                let (stopped, detail) = match diff {
                    Some(diff) => self.amended(row.no, &draft, inputs, diff),
                    None => self.stopped(&draft, inputs, false),
                };
                if stopped.is_some() {
                    self.not_overdue += u64::from(draft.due_at <= inputs.now);
                } else {
                    self.take(row.no, &draft, inputs, zone);
                    self.routes.see(&draft.route, inputs);
                }
                (draft.to.with_plus(), stopped, detail)
            }
        };
        if let Some(reason) = reason {
            let left = self.excluded.entry(reason).or_default();
            left.count += 1;
            if left.first_rows.len() < ROWS_NAMED {
                left.first_rows.push(row.no);
            }
            if left.count == 1 {
                left.example.clone_from(&detail);
            }
        }
        SheetRow { row: row.no, to, reason, detail }
    }

    /// What was sent already goes out no more, however late it is, and was not too late.
    fn count_late(&mut self, overdue: u64, misses_latest: u64) {
        for (code, left) in [
            ("overdue", overdue.saturating_sub(self.not_overdue)),
            ("misses_latest", misses_latest.saturating_sub(self.in_time)),
        ] {
            self.warnings.retain(|warning| warning.code != code || left > 0);
            for warning in self.warnings.iter_mut().filter(|warning| warning.code == code) {
                *warning = Problem::new(code, &[("n", &left.to_string())]);
            }
        }
    }

    fn take(&mut self, row: i64, draft: &Draft, inputs: &SheetInputs<'_>, zone: &TimeZone) {
        self.messages += 1;
        // Rows without an id are one a person.
        let once = inputs.campaign.columns.id.is_none();
        self.ahead.take(draft, once, (inputs.reached)(&draft.to));
        let tally = match &draft.fill.language {
            None => &mut self.tally,
            Some(language) => self.translated.entry(language.clone()).or_default(),
        };
        let day = draft.due_at.min(inputs.now.plus(PRICES_AHEAD)).day_in(zone);
        *tally.entry((market::of(&draft.to), day)).or_default() += 1;
        let life = inputs.template.map(|t| t.time_to_live_s.unwrap_or(DEFAULT_TIME_TO_LIVE_S).max(0));
        let until = life.map(|life| draft.due_at.plus(Duration::from_secs(life.unsigned_abs())));
        // Only reminders are about something that passes.
        let is_reminder = inputs.campaign.kind == CampaignKind::Reminder;
        let outlives = until.zip(draft.happens_at).is_some_and(|(until, happens)| until > happens);
        self.outliving += i64::from(is_reminder && outlives);
        self.samples.see(row, draft);
    }

    /// What a row does to a standing run; what has gone is left out of what is to be sent.
    fn amended(
        &mut self,
        no: i64,
        draft: &Draft,
        inputs: &SheetInputs<'_>,
        (diff, standing): (&mut Diff<'_>, &Standing),
    ) -> (Option<ExclusionReason>, String) {
        let (fate, is_in_doubt) = diff.see(no, draft, standing, inputs);
        match fate {
            fate @ (Fate::Add | Fate::AddNumber(_)) => {
                let stopped = self.stopped(draft, inputs, matches!(fate, Fate::AddNumber(_)));
                if stopped.0.is_some() {
                    diff.not_added(no, &fate);
                }
                stopped
            }
            Fate::AddMoved(_) | Fate::Renew(_) | Fate::Same(_) => (None, String::new()),
            Fate::Gone(_) | Fate::Renamed(_) => {
                let (why, detail) = self.sent_by_feed(inputs);
                (Some(why), detail)
            }
            Fate::Elsewhere(_) => (Some(ExclusionReason::AlreadySent), rows::sent_elsewhere()),
            Fate::Decline(_) => (Some(ExclusionReason::Declined), String::new()),
            Fate::Leave(ExclusionReason::AlreadySent, _) => {
                (Some(ExclusionReason::AlreadySent), rows::moved_and_left())
            }
            Fate::Leave(reason, _) if is_in_doubt => (Some(reason), rows::declined_by_somebody()),
            Fate::Leave(reason, _) => (Some(reason), String::new()),
        }
    }

    /// The standing run has sent it.
    fn sent_by_feed(&mut self, inputs: &SheetInputs<'_>) -> (ExclusionReason, String) {
        let run = inputs.feed.map(|feed| feed.run).unwrap_or_default();
        *self.already_sent.entry(run).or_default() += 1;
        (ExclusionReason::AlreadySent, rows::sent_in(run))
    }

    /// What only the store knows about a row. `has_new_number`: what went to its number before does not stop it.
    fn stopped(
        &mut self,
        draft: &Draft,
        inputs: &SheetInputs<'_>,
        has_new_number: bool,
    ) -> (Option<ExclusionReason>, String) {
        if (inputs.barred)(&draft.to) {
            return (Some(ExclusionReason::Unreachable), String::new());
        }
        if (inputs.suppressed)(&draft.to) {
            return (Some(ExclusionReason::Suppressed), String::new());
        }
        let (key, to, at) = (&draft.key, &draft.to, draft.happens_at);
        let of_known = if has_new_number { None } else { inputs.earlier.earlier().run_of_known(key, to, at) };
        let Some(run) = of_known.max(self.to_erased.get(key).copied()) else { return (None, String::new()) };
        *self.already_sent.entry(run).or_default() += 1;
        (Some(ExclusionReason::AlreadySent), rows::sent_in(run))
    }

    /// Rows left out, whatever the reason.
    pub(super) fn left_out(&self) -> i64 {
        self.excluded.values().map(|left| left.count).sum()
    }
}
