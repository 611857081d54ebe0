//! Making one result file.

use std::io;
use std::path::Path;

use jiff::tz::TimeZone;

use super::fates::Fates;
use super::sink::{MOST_ROWS, Sink, own_cell};
use super::words::{self, Voice};
use crate::domain::id::{MessageId, VersionId};
use crate::domain::spreadsheet::text_cell;
use crate::engine::{Engine, EngineError, aside, load};
use crate::intake::audience::{Audience, Delimiter, Encoding, Line};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::columns::fold;
use crate::locale::{Language, say};
use crate::store::run::Run;
use crate::store::view::result::{self, Told};
use crate::store::{StoreError, version};

/// Rows taken together.
pub(super) const PIECE: usize = 1_000;

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
pub(super) struct Source {
    pub file: CampaignFile,
    pub audience: Option<Audience>,
    pub voice: Voice,
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

    pub(super) async fn source(&self, run: &Run) -> Result<Source, EngineError> {
        self.source_of(run.version_id).await
    }

    /// What a file about messages of a version is made from.
    pub(super) async fn source_of(&self, id: VersionId) -> Result<Source, EngineError> {
        let version = version::get(&self.store, id).await?.ok_or(StoreError::Corrupt { what: "run.version_id" })?;
        let corrupt = |_| StoreError::Corrupt { what: "version.definition" };
        let file = load::parse(&version.definition).map_err(corrupt)?;
        let path = self.audience(&version.audience_hash).await?;
        let rules = file.reading.clone();
        let audience = aside(move || Audience::open_by(&path, &rules).ok()).await?;
        let zone: TimeZone = file.timezone.clone();
        // A file with semicolons comes from where a comma stands in front of the cents.
        let has_commas = audience.as_ref().is_some_and(|a| a.facts.delimiter == Delimiter::Semicolon);
        let voice = Voice { language: Language::of_tag(&file.template.language), zone, has_commas };
        Ok(Source { file, audience, voice })
    }

    async fn own(&self, run: &Run, source: &Source, target: &Path, as_sheet: bool) -> Result<Made, EngineError> {
        let Some(audience) = &source.audience else { return Ok(Made::None) };
        if as_sheet && run.rows_read.is_none_or(|rows| rows >= i64::from(MOST_ROWS)) {
            return Ok(Made::TooLong);
        }
        let width = audience.facts.header.len();
        let mut sink = source.sink(target, as_sheet, width).map_err(unwritten)?;
        sink.write(&source.header(audience)).map_err(unwritten)?;
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
                let mut cells = own_cells(line, width);
                let fate = fates.of(no).await?;
                cells.extend(fate.map_or_else(|| vec![String::new(); words::COLUMNS.len()], |f| source.voice.fate(&f)));
                rows.push(cells);
            }
            sink = written(sink, rows).await?;
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
}

/// A row of the user's file, as wide as its header. One that cannot be read stands there as well as can be.
pub(super) fn own_cells(line: Line, width: usize) -> Vec<String> {
    let mut cells = match line {
        Line::Cells(cells) | Line::Unreadable(_, cells) => cells,
    };
    if cells.len() > width && width > 0 {
        let beside = cells.split_off(width).join(" ");
        let last = &mut cells[width - 1];
        let both = format!("{last} {beside}");
        both.trim().clone_into(last);
    }
    let mut cells: Vec<String> = cells.iter().map(|cell| own_cell(cell)).collect();
    cells.resize(width, String::new());
    cells
}

pub(super) async fn written(mut sink: Sink, rows: Vec<Vec<String>>) -> Result<Sink, EngineError> {
    let done = aside(move || rows.iter().try_for_each(|cells| sink.write(cells)).map(|()| sink)).await?;
    done.map_err(unwritten)
}

pub(super) async fn finished(sink: Sink) -> Result<Made, EngineError> {
    aside(move || sink.finish()).await?.map_err(unwritten)?;
    Ok(Made::Written)
}

impl Source {
    /// The user's own delimiter and encoding.
    fn dialect(&self) -> (Delimiter, Encoding) {
        self.audience.as_ref().map_or((Delimiter::Comma, Encoding::Utf8), |a| (a.facts.delimiter, a.facts.encoding))
    }

    /// A file for people; `own` columns come before what became of each row.
    pub(super) fn sink(&self, target: &Path, as_sheet: bool, own: usize) -> io::Result<Sink> {
        let (delimiter, encoding) = self.dialect();
        let cost = u16::try_from(own + words::COST).ok();
        if as_sheet { Sink::sheet(target, cost) } else { Sink::text(target, delimiter, encoding) }
    }

    /// The user's own columns, and those after them: a name that is taken already says whose it is.
    pub(super) fn header(&self, audience: &Audience) -> Vec<String> {
        let own = &audience.facts.header;
        let taken: Vec<String> = own.iter().map(|name| fold(name)).collect();
        let ours = self.voice.header().into_iter().map(|name| {
            let mut free = name.clone();
            while taken.contains(&fold(&free)) {
                free = format!("{free} (Recado)");
            }
            free
        });
        own.iter().map(|cell| own_cell(cell)).chain(ours).collect()
    }

    pub(super) fn say(&self, column: &str) -> String {
        say(self.voice.language, &format!("results.{column}"), &[])
    }

    /// Id, name, phone and date.
    pub(super) fn who(&self, told: &Told) -> Vec<String> {
        vec![
            told.external_id.clone().unwrap_or_default(),
            text_cell(&told.name).into_owned(),
            format!("+{}", told.recipient),
            self.voice.time(told.happens_at),
        ]
    }
}
