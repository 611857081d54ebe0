//! What happened on a day: the user's own rows that left, or ended, from whatever files they came.

use std::collections::BTreeMap;
use std::path::Path;

use super::make::{Made, PIECE, Source, finished, own_cells, unwritten, written};
use super::sink::Sink;
use crate::domain::id::{MessageId, VersionId};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, aside};
use crate::intake::audience::{Audience, Lines};
use crate::intake::columns::fold;
use crate::store::run::{self, Run};
use crate::store::view::result::{self, DayFile, Told};
use crate::store::{amendment, version};

impl Engine {
    /// Every message of the run's campaign that left or ended today, with the user's own columns.
    pub(super) async fn day(
        &self,
        run: &Run,
        source: &Source,
        target: &Path,
        as_sheet: bool,
    ) -> Result<Made, EngineError> {
        let Some(audience) = &source.audience else { return Ok(Made::None) };
        let Some(span) = self.today(source) else { return Ok(Made::None) };
        let own = &audience.facts.header;
        let mut sink = source.sink(target, as_sheet, own.len()).map_err(unwritten)?;
        sink.write(&source.header(audience)).map_err(unwritten)?;
        for file in result::files_of_day(&self.store, run.campaign_id, span).await? {
            let theirs = self.rows_of(file).await?;
            sink = self.day_of_file(sink, source, (own, theirs), (file, span)).await?;
        }
        finished(sink).await
    }

    /// From midnight to midnight on the campaign's clock.
    fn today(&self, source: &Source) -> Option<(UnixMs, UnixMs)> {
        let zone = &source.voice.zone;
        let today = self.clock.now().in_zone(zone).date();
        let start = |date: jiff::civil::Date| date.to_zoned(zone.clone()).map(|at| UnixMs::from(at.timestamp())).ok();
        start(today).zip(start(today.saturating_add(jiff::Span::new().days(1))))
    }

    /// The file that messages came from; `None`: it cannot be read any more.
    async fn rows_of(&self, file: DayFile) -> Result<Option<Audience>, EngineError> {
        let amended = amendment::get(&self.store, file.run_id, file.revision).await?;
        let version: Option<VersionId> = match amended {
            Some(amended) => Some(amended.version_id),
            None => run::get(&self.store, file.run_id).await?.map(|run| run.version_id),
        };
        let Some(version) = version else { return Ok(None) };
        if version::get(&self.store, version).await?.is_none() {
            return Ok(None);
        }
        Ok(self.source_of(version).await?.audience)
    }

    async fn day_of_file(
        &self,
        mut sink: Sink,
        source: &Source,
        (own, theirs): (&[String], Option<Audience>),
        (file, span): (DayFile, (UnixMs, UnixMs)),
    ) -> Result<Sink, EngineError> {
        let header = theirs.as_ref().map_or(&[][..], |theirs| &theirs.facts.header);
        let places = places(own, header);
        let mut rows = Rows { lines: None, at: 0, width: header.len() };
        if let Some(theirs) = &theirs {
            rows.lines = Some(theirs.lines().map_err(unwritten)?);
        }
        let mut after = (0, MessageId(0));
        loop {
            let page = result::of_day(&self.store, file, span, after, PIECE as i64).await?;
            let Some(last) = page.last() else { return Ok(sink) };
            after = (last.row_no, last.id);
            let (rest, cells) = aside(move || rows.of(page)).await?;
            rows = rest;
            let lines = cells.into_iter().map(|(told, cells)| {
                let mut line: Vec<String> =
                    places.iter().map(|at| at.and_then(|at| cells.get(at)).cloned().unwrap_or_default()).collect();
                line.extend(source.voice.message(&told));
                line
            });
            sink = written(sink, lines.collect()).await?;
        }
    }
}

/// A file read as far as its rows were asked for, in order.
struct Rows {
    lines: Option<Lines>,
    at: i64,
    width: usize,
}

impl Rows {
    /// The cells of each message's row; none where the file has no such row any more.
    fn of(mut self, page: Vec<Told>) -> (Self, Vec<(Told, Vec<String>)>) {
        let mut cells: Vec<String> = Vec::new();
        let mut of = 0;
        let mut done = Vec::with_capacity(page.len());
        for told in page {
            while let (true, Some(lines)) = (self.at < told.row_no, self.lines.as_mut()) {
                let Some(line) = lines.next() else { break };
                self.at += 1;
                if self.at == told.row_no {
                    (cells, of) = (own_cells(line, self.width), self.at);
                }
            }
            let own = if of == told.row_no { cells.clone() } else { Vec::new() };
            done.push((told, own));
        }
        (self, done)
    }
}

/// Where each of the `own` columns stands in a file with another header.
fn places(own: &[String], header: &[String]) -> Vec<Option<usize>> {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, name) in header.iter().enumerate().rev() {
        by_name.entry(fold(name)).or_default().push(at);
    }
    own.iter().map(|name| by_name.get_mut(&fold(name)).and_then(Vec::pop)).collect()
}
