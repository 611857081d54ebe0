//! Making result files: those of one kind, as text and as workbook, in one reading.

use std::io;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::cell::Cell;
use super::fates::Fates;
use super::sink::{Dialect, Look, Sink};
use super::words::{self, Voice, with_plus};
use crate::domain::id::VersionId;
use crate::domain::kind::CampaignKind;
use crate::domain::template::Button;
use crate::engine::{Engine, EngineError, aside, load};
use crate::intake::audience::{Audience, Delimiter, Encoding, Line};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::columns::fold;
use crate::intake::phone_number::Home;
use crate::locale::{Language, say};
use crate::store::run::Run;
use crate::store::view::result::Told;
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

impl Kind {
    /// Whether it is a workbook.
    pub const fn is_sheet(self) -> bool {
        matches!(self, Self::OwnSheet | Self::DaySheet | Self::PhoneSheet)
    }

    /// The same as a text.
    const fn as_text(self) -> Self {
        match self {
            Self::Own | Self::OwnSheet => Self::Own,
            Self::Day | Self::DaySheet => Self::Day,
            Self::Phone | Self::PhoneSheet => Self::Phone,
            Self::Outcomes => Self::Outcomes,
        }
    }
}

/// Whether a file was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// It was.
    Written,
    /// A workbook cannot hold so much; the text file can.
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
    /// How the lines of that end.
    line_end: &'static str,
    pub voice: Voice,
    /// Whether its template has buttons with which people answer.
    pub has_answers: bool,
}

/// A file that is wanted: which, and where.
pub(super) type Wanted = (Kind, PathBuf);

/// The files of one kind that are being written.
pub(super) struct Sinks(Vec<Sink>);

impl Sinks {
    /// Writes what stands above the header.
    async fn write_above(self, rows: Vec<Vec<Cell>>) -> Result<Self, EngineError> {
        let mut sinks = self.0;
        let done = aside(move || {
            sinks.iter_mut().try_for_each(|sink| sink.write_above(&rows))?;
            Ok::<_, io::Error>(sinks)
        });
        done.await?.map(Self).map_err(unwritten)
    }

    /// Writes a row into each, the header first.
    pub async fn write(self, rows: Vec<Vec<Cell>>) -> Result<Self, EngineError> {
        let mut sinks = self.0;
        let done = aside(move || {
            for sink in &mut sinks {
                rows.iter().try_for_each(|cells| sink.write(cells))?;
            }
            Ok::<_, io::Error>(sinks)
        });
        done.await?.map(Self).map_err(unwritten)
    }

    /// Puts them into their places.
    pub async fn finish(self) -> Result<Vec<Made>, EngineError> {
        let done = aside(move || self.0.into_iter().map(Sink::finish).collect::<io::Result<Vec<Made>>>());
        done.await?.map_err(unwritten)
    }
}

impl Engine {
    /// Makes a result file of `run` at `target`, by rename.
    pub async fn make_result(&self, run: &Run, kind: Kind, target: &Path) -> Result<Made, EngineError> {
        let source = self.source(run).await?;
        let made = self.make_results(run, &source, &[(kind, target.to_owned())]).await?;
        Ok(made.first().copied().unwrap_or(Made::None))
    }

    /// Makes files of one kind, each by rename, from one reading.
    pub(super) async fn make_results(
        &self,
        run: &Run,
        source: &Source,
        wanted: &[Wanted],
    ) -> Result<Vec<Made>, EngineError> {
        let Some((kind, _)) = wanted.first() else { return Ok(Vec::new()) };
        let is_of_rows = matches!(kind.as_text(), Kind::Own | Kind::Day);
        if is_of_rows && source.audience.is_none() {
            return Ok(vec![Made::None; wanted.len()]);
        }
        let (sinks, above) = source.sinks(wanted).map_err(unwritten)?;
        let sinks = sinks.write_above(above).await?;
        match kind.as_text() {
            Kind::Day => self.day(run, source, sinks).await,
            Kind::Outcomes => self.outcomes(run, sinks).await,
            Kind::Phone => self.phone(run, source, sinks).await,
            _ => self.own(run, source, sinks).await,
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
        let version = version::get(&self.store, run.version_id).await?;
        let zone = version.and_then(|version| load::parse(&version.definition).ok()).map(|file| file.timezone);
        Ok(self.clock.now().day_in(&zone.unwrap_or(TimeZone::UTC)))
    }

    pub(super) async fn source(&self, run: &Run) -> Result<Source, EngineError> {
        let source = self.source_of(run.version_id).await?;
        // What a promotion offers under a button nobody has to answer.
        let asks = source.file.kind != CampaignKind::Promotion;
        let is_answer = |button: &Button| matches!(button, Button::QuickReply { .. });
        let has_answers = asks && run.snapshots().is_ok_and(|all| all.main.buttons.iter().any(is_answer));
        Ok(Source { has_answers, ..source })
    }

    /// What a file about messages of a version is made from.
    pub(super) async fn source_of(&self, id: VersionId) -> Result<Source, EngineError> {
        let version = version::get(&self.store, id).await?.ok_or(StoreError::Corrupt { what: "run.version_id" })?;
        let corrupt = |_| StoreError::Corrupt { what: "version.definition" };
        let file = load::parse(&version.definition).map_err(corrupt)?;
        let path = self.audience(&version.audience_hash).await?;
        let rules = file.reading.clone();
        let read = move || {
            let audience = Audience::open_by(&path, &rules).ok()?;
            let line_end = audience.line_end().unwrap_or("\r\n");
            Some((audience, line_end))
        };
        let (audience, line_end) = aside(read).await?.unzip();
        let zone: TimeZone = file.timezone.clone();
        let home = file.country.as_deref().and_then(|country| Home::new(country, file.area_code.as_deref()));
        let voice = Voice { language: Language::of_tag(&file.template.language), zone, home };
        Ok(Source { file, audience, line_end: line_end.unwrap_or("\r\n"), voice, has_answers: false })
    }

    async fn own(&self, run: &Run, source: &Source, sinks: Sinks) -> Result<Vec<Made>, EngineError> {
        let Some(audience) = &source.audience else { return Ok(Vec::new()) };
        let width = audience.facts.header.len();
        let mut sinks = sinks.write(vec![source.header(audience)]).await?;
        let mut fates = Fates::new(self, run);
        let mut lines = audience.lines().map_err(unwritten)?.as_written();
        let mut done = 0;
        loop {
            let (rest, piece) = aside(move || {
                let piece: Vec<Line> = lines.by_ref().take(PIECE).collect();
                (lines, piece)
            })
            .await?;
            lines = rest;
            if piece.is_empty() {
                return sinks.finish().await;
            }
            let mut of_rows = fates.up_to(done + piece.len() as i64).await?;
            let mut rows = Vec::with_capacity(piece.len());
            for line in piece {
                done += 1;
                let mut cells = own_cells(line, width, audience.facts.delimiter);
                let fate = of_rows.remove(&done);
                cells.extend(fate.map_or_else(|| vec![Cell::Empty; words::COLUMNS.len()], |f| source.voice.fate(&f)));
                rows.push(cells);
            }
            sinks = sinks.write(rows).await?;
        }
    }
}

/// A row of the user's file, as wide as its header. Of one that has more cells the last holds what stood there, marks
/// between them and all, so that what is appended stands in its own columns.
pub(super) fn own_cells(line: Line, width: usize, delimiter: Delimiter) -> Vec<Cell> {
    let mut cells = match line {
        Line::Cells(cells) | Line::Unreadable(_, cells) => cells,
    };
    if cells.len() > width && width > 0 {
        let mark = char::from(delimiter.byte()).to_string();
        let last = cells.split_off(width - 1).join(&mark);
        cells.push(last);
    }
    let mut cells: Vec<Cell> = cells.into_iter().map(Cell::Own).collect();
    cells.resize(width, Cell::Empty);
    cells
}

impl Source {
    /// The user's own delimiter, encoding and mark. A text made of a workbook gets a mark, by which spreadsheets know it.
    fn dialect(&self) -> Dialect {
        let facts = self.audience.as_ref().map(|audience| &audience.facts);
        let of_workbook = facts.is_some_and(|facts| facts.sheet.is_some());
        // Where a comma stands in front of the cents, spreadsheets take semicolons between cells.
        let delimiter = match facts {
            Some(_) if of_workbook && self.voice.language != Language::En => Delimiter::Semicolon,
            facts => facts.map_or(Delimiter::Comma, |facts| facts.delimiter),
        };
        Dialect {
            delimiter,
            encoding: facts.map_or(Encoding::Utf8, |facts| facts.encoding),
            has_mark: facts.is_none_or(|facts| facts.has_mark || facts.sheet.is_some()),
            // A file with semicolons comes from where a comma stands in front of the cents.
            has_commas: delimiter == Delimiter::Semicolon,
            line_end: self.line_end,
            of_workbook,
        }
    }

    /// The files, and what stands above the header in those of the user's own rows.
    fn sinks(&self, wanted: &[Wanted]) -> io::Result<(Sinks, Vec<Vec<Cell>>)> {
        let audience = self.audience.as_ref();
        let is_own = wanted.iter().all(|(kind, _)| kind.as_text() == Kind::Own);
        let is_of_rows = is_own || wanted.iter().all(|(kind, _)| kind.as_text() == Kind::Day);
        let sheet = audience.and_then(|audience| audience.facts.sheet.clone());
        let look = Look {
            of_workbook: sheet.is_some(),
            name: sheet.filter(|_| is_of_rows),
            day_first: self.voice.language != Language::En,
        };
        let one = |(kind, target): &Wanted| {
            if kind.is_sheet() { Sink::sheet(target, &look) } else { Sink::text(target, self.dialect()) }
        };
        let sinks = wanted.iter().map(one).collect::<io::Result<Vec<Sink>>>()?;
        let above = audience.filter(|_| is_own).map(Audience::above).transpose()?.unwrap_or_default();
        let own = |cells: Vec<String>| cells.into_iter().map(Cell::Own).collect();
        Ok((Sinks(sinks), above.into_iter().map(own).collect()))
    }

    /// The user's own columns, and those after them: a name that is taken already says whose it is.
    pub(super) fn header(&self, audience: &Audience) -> Vec<Cell> {
        let own = &audience.facts.header;
        let taken: Vec<String> = own.iter().map(|name| fold(name)).collect();
        let ours = self.voice.header().into_iter().map(|name| {
            let mut free = name.clone();
            while taken.contains(&fold(&free)) {
                free = format!("{free} (Recado)");
            }
            Cell::Word(free)
        });
        own.iter().map(|cell| Cell::Own(cell.clone())).chain(ours).collect()
    }

    pub(super) fn say(&self, column: &str) -> Cell {
        Cell::Word(say(self.voice.language, &format!("results.{column}"), &[]))
    }

    /// Id, name, phone and date.
    pub(super) fn who(&self, told: &Told) -> [Cell; 4] {
        [
            Cell::word(told.external_id.clone().unwrap_or_default()),
            Cell::Given(told.name.clone()),
            Cell::Word(with_plus(told)),
            self.voice.time(told.happens_at),
        ]
    }
}
