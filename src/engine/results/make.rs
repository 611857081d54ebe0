//! Making one result file.

use std::io;
use std::path::Path;

use jiff::tz::TimeZone;

use super::fates::{Fates, RowResult};
use super::sink::{MOST_ROWS, Sink, own_cell};
use super::words::{self, Voice};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::MessageId;
use crate::domain::message::MessageState as S;
use crate::domain::spreadsheet::text_cell;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, aside, load};
use crate::intake::audience::{Audience, Delimiter, Encoding, Line};
use crate::intake::campaign_file::CampaignFile;
use crate::locale::{Language, say};
use crate::store::exclusion::{self, Exclusion};
use crate::store::run::Run;
use crate::store::view::result::{self, Told};
use crate::store::{StoreError, version};

/// Rows taken together.
const PIECE: usize = 1_000;

/// Which file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The user's own file with what became of each row, as it came.
    Own,
    /// The same as a workbook.
    OwnSheet,
    /// What happened today.
    Day,
    /// The same as a workbook.
    DaySheet,
    /// Ids and what was answered, in fixed words.
    Outcomes,
    /// Whom to phone.
    Phone,
    /// The same as a workbook.
    PhoneSheet,
}

/// Whether a file was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// It was.
    Written,
    /// A workbook cannot hold so many rows; the text file can.
    TooLong,
    /// Its campaign has no such file.
    None,
}

pub(super) fn unwritten(cause: io::Error) -> EngineError {
    EngineError::File { place: "the campaigns' folder", cause }
}

/// What a result file is made from.
struct Source {
    file: CampaignFile,
    audience: Option<Audience>,
    voice: Voice,
}

/// Whom to phone about what.
struct Call {
    cost_centre: String,
    happens_at: Option<UnixMs>,
    cells: [String; 5],
}

impl Engine {
    /// Makes a result file of `run` at `target`, by rename.
    pub async fn make_result(&self, run: &Run, kind: Kind, target: &Path) -> Result<Made, EngineError> {
        let source = self.source(run).await?;
        match kind {
            Kind::Own => self.own(run, &source, target, false).await,
            Kind::OwnSheet => self.own(run, &source, target, true).await,
            Kind::Day => self.day(run, &source, target, false).await,
            Kind::DaySheet => self.day(run, &source, target, true).await,
            Kind::Outcomes => self.outcomes(run, &source, target).await,
            Kind::Phone => self.phone(run, &source, target, false).await,
            Kind::PhoneSheet => self.phone(run, &source, target, true).await,
        }
    }

    /// The same in a folder of its own, which goes with what is returned.
    pub async fn result_for_download(
        &self,
        run: &Run,
        kind: Kind,
        name: &str,
    ) -> Result<(Made, tempfile::TempDir), EngineError> {
        let place = tempfile::TempDir::with_prefix_in("result-", &self.config.server.data_dir);
        let place = place.map_err(|cause| EngineError::File { place: "the data directory", cause })?;
        let made = self.make_result(run, kind, &place.path().join(name)).await?;
        Ok((made, place))
    }

    /// The day it is for the run's campaign, as `2026-11-24`.
    pub(super) async fn day_of(&self, run: &Run) -> Result<String, EngineError> {
        let source = self.source(run).await?;
        Ok(self.clock.now().day_in(&source.voice.zone))
    }

    async fn source(&self, run: &Run) -> Result<Source, EngineError> {
        let known = version::get(&self.store, run.version_id).await?;
        let version = known.ok_or(StoreError::Corrupt { what: "run.version_id" })?;
        let corrupt = |_| StoreError::Corrupt { what: "version.definition" };
        let file = load::parse(&version.definition).map_err(corrupt)?;
        let path = self.audience(&version.audience_hash).await?;
        let audience = aside(move || Audience::open(&path).ok()).await?;
        let zone: TimeZone = file.timezone.clone();
        let voice = Voice { language: Language::of_tag(&file.template.language), zone };
        Ok(Source { file, audience, voice })
    }

    async fn own(&self, run: &Run, source: &Source, target: &Path, as_sheet: bool) -> Result<Made, EngineError> {
        let Some(audience) = &source.audience else { return Ok(Made::None) };
        if as_sheet && run.rows_read.is_none_or(|rows| rows >= i64::from(MOST_ROWS)) {
            return Ok(Made::TooLong);
        }
        let mut sink = source.sink(target, as_sheet).map_err(unwritten)?;
        let width = audience.facts.header.len();
        let header: Vec<String> = audience.facts.header.iter().map(|cell| own_cell(cell)).collect();
        sink.write(&[header, source.voice.header()].concat()).map_err(unwritten)?;
        let mut fates = Fates::new(self, run);
        let mut lines = audience.lines().map_err(unwritten)?;
        let mut no = 0;
        loop {
            let (rest, piece) = aside(move || {
                let piece: Vec<Line> = lines.by_ref().take(PIECE).collect();
                (lines, piece)
            })
            .await?;
            lines = rest;
            if piece.is_empty() {
                break;
            }
            let mut rows = Vec::with_capacity(piece.len());
            for line in piece {
                no += 1;
                let mut cells = match line {
                    Line::Cells(cells) => cells.iter().map(|cell| own_cell(cell)).collect(),
                    Line::Unreadable(_) => Vec::new(),
                };
                cells.resize(width, String::new());
                cells.extend(match fates.of(no).await? {
                    Some(RowResult::Message(told)) => source.voice.message(&told),
                    Some(RowResult::LeftOut(left)) => source.voice.left_out(&left),
                    None => vec![String::new(); words::COLUMNS.len()],
                });
                rows.push(cells);
            }
            sink = written(sink, rows).await?;
        }
        finished(sink).await
    }

    async fn day(&self, run: &Run, source: &Source, target: &Path, as_sheet: bool) -> Result<Made, EngineError> {
        let now = self.clock.now();
        let today = now.in_zone(&source.voice.zone).date();
        let start = |date: jiff::civil::Date| date.to_zoned(source.voice.zone.clone()).map(|at| at.timestamp());
        let (Ok(from), Ok(until)) = (start(today), start(today.saturating_add(jiff::Span::new().days(1)))) else {
            return Ok(Made::None);
        };
        let span = (UnixMs::from(from), UnixMs::from(until));
        let mut sink = source.sink(target, as_sheet).map_err(unwritten)?;
        let named = ["id", "name", "phone", "when", "cost_centre"];
        let header = named.iter().map(|name| source.say(name)).chain(source.voice.header()).collect::<Vec<_>>();
        sink.write(&header).map_err(unwritten)?;
        let mut after = MessageId(0);
        loop {
            let page = result::of_day(&self.store, run.campaign_id, span, after, PIECE as i64).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let rows = page.iter().map(|told| {
                let mut cells = source.who(told);
                cells.push(text_cell(&told.cost_centre).into_owned());
                cells.extend(source.voice.message(told));
                cells
            });
            sink = written(sink, rows.collect()).await?;
        }
        finished(sink).await
    }

    async fn outcomes(&self, run: &Run, source: &Source, target: &Path) -> Result<Made, EngineError> {
        let (delimiter, encoding) = source.dialect();
        let mut sink = Sink::text(target, delimiter, encoding).map_err(unwritten)?;
        sink.write(&["id".to_owned(), "outcome".to_owned()]).map_err(unwritten)?;
        let mut after = MessageId(0);
        loop {
            let page = result::all_of_run(&self.store, run.id, after, PIECE as i64).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            let rows = page.iter().filter_map(|told| {
                let word = words::outcome(told)?;
                Some(vec![told.external_id.clone()?, word.to_owned()])
            });
            sink = written(sink, rows.collect()).await?;
        }
        finished(sink).await
    }

    async fn phone(&self, run: &Run, source: &Source, target: &Path, as_sheet: bool) -> Result<Made, EngineError> {
        let now = self.clock.now();
        let mut calls = self.calls(run, source).await?;
        calls.retain(|call| call.happens_at.is_none_or(|at| at > now));
        calls.sort_by(|a, b| (&a.cost_centre, a.happens_at, &a.cells).cmp(&(&b.cost_centre, b.happens_at, &b.cells)));
        let mut sink = source.sink(target, as_sheet).map_err(unwritten)?;
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
            calls.extend(page.iter().filter(|left| is_for_phone(left.reason)).map(|left| source.call_left_out(left)));
        }
        Ok(calls)
    }
}

/// Rows that somebody waits for although Recado could not write to them.
const fn is_for_phone(reason: ExclusionReason) -> bool {
    use ExclusionReason as E;
    !matches!(
        reason,
        E::Duplicate | E::NotSelected | E::TooLate | E::AlreadySent | E::Declined | E::OpenConversation | E::Frequency
    )
}

async fn written(mut sink: Sink, rows: Vec<Vec<String>>) -> Result<Sink, EngineError> {
    let done = aside(move || rows.iter().try_for_each(|cells| sink.write(cells)).map(|()| sink)).await?;
    done.map_err(unwritten)
}

async fn finished(sink: Sink) -> Result<Made, EngineError> {
    aside(move || sink.finish()).await?.map_err(unwritten)?;
    Ok(Made::Written)
}

impl Source {
    /// The user's own delimiter and encoding.
    fn dialect(&self) -> (Delimiter, Encoding) {
        self.audience.as_ref().map_or((Delimiter::Comma, Encoding::Utf8), |a| (a.facts.delimiter, a.facts.encoding))
    }

    fn sink(&self, target: &Path, as_sheet: bool) -> io::Result<Sink> {
        let (delimiter, encoding) = self.dialect();
        if as_sheet { Sink::sheet(target) } else { Sink::text(target, delimiter, encoding) }
    }

    fn say(&self, column: &str) -> String {
        say(self.voice.language, &format!("results.{column}"), &[])
    }

    /// Id, name, phone and date.
    fn who(&self, told: &Told) -> Vec<String> {
        vec![
            told.external_id.clone().unwrap_or_default(),
            text_cell(&told.name).into_owned(),
            format!("+{}", told.recipient),
            self.voice.time(told.happens_at),
        ]
    }

    fn call(&self, told: &Told) -> Option<Call> {
        let why = match told.state {
            S::Failed | S::Excluded if told.end_reason.as_deref() != Some(ExclusionReason::Declined.as_str()) => {
                self.voice.reason(told)
            }
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
