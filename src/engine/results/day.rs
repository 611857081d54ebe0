//! What happened on a day: the user's own rows that left, or ended, from whatever files they came.

use std::collections::BTreeMap;

use super::answers::Answers;
use super::cell::Cell;
use super::make::{Made, PIECE, Sinks, Source, own_cells, unwritten};
use crate::domain::id::{CampaignId, MessageId, RunId, VersionId};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, aside};
use crate::intake::audience::{Audience, Delimiter, Lines};
use crate::intake::columns::fold;
use crate::store::run::{self, Run};
use crate::store::view::result::{self, Place, Told};
use crate::store::{amendment, version};

impl Engine {
    /// Every message of the run's campaign that left or ended today, with the user's own columns.
    pub(super) async fn day(&self, run: &Run, source: &Source, sinks: Sinks) -> Result<Vec<Made>, EngineError> {
        let Some(audience) = &source.audience else { return Ok(Vec::new()) };
        let own = &audience.facts.header;
        let mut sinks = sinks.write(vec![source.header(audience)]).await?;
        let Some(span) = self.today(source) else { return sinks.finish().await };
        for id in result::runs_between(&self.store, run.campaign_id, span).await? {
            let mut places = self.places_of_day(id, span).await?;
            // Each file's rows in its own order, which is read once.
            places.sort_unstable();
            for of_file in places.chunk_by(|a, b| a.revision == b.revision) {
                let revision = of_file.first().map_or(0, |place| place.revision);
                let theirs = self.rows_of((id, revision)).await?;
                let of = (run.campaign_id, id);
                sinks = self.day_of_file(sinks, source, (own, theirs), (of, of_file)).await?;
            }
        }
        sinks.finish().await
    }

    /// From midnight to midnight on the campaign's clock.
    fn today(&self, source: &Source) -> Option<(UnixMs, UnixMs)> {
        let zone = &source.voice.zone;
        let today = self.clock.now().in_zone(zone).date();
        let start = |date: jiff::civil::Date| date.to_zoned(zone.clone()).map(|at| UnixMs::from(at.timestamp())).ok();
        start(today).zip(start(today.saturating_add(jiff::Span::new().days(1))))
    }

    /// Where the rows are of what left or ended: one walk through the run.
    async fn places_of_day(&self, run: RunId, span: (UnixMs, UnixMs)) -> Result<Vec<Place>, EngineError> {
        let (mut all, mut after) = (Vec::new(), MessageId(0));
        loop {
            let page = result::places_of_day(&self.store, run, span, after, PIECE as i64).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.id;
            all.extend(page);
        }
    }

    /// The file that messages came from; `None`: it cannot be read any more.
    async fn rows_of(&self, (id, revision): (RunId, i64)) -> Result<Option<Audience>, EngineError> {
        let amended = amendment::get(&self.store, id, revision).await?;
        let version: Option<VersionId> = match amended {
            Some(amended) => Some(amended.version_id),
            None => run::get(&self.store, id).await?.map(|run| run.version_id),
        };
        let Some(version) = version else { return Ok(None) };
        if version::get(&self.store, version).await?.is_none() {
            return Ok(None);
        }
        Ok(self.source_of(version).await?.audience)
    }

    async fn day_of_file(
        &self,
        mut sinks: Sinks,
        source: &Source,
        (own, theirs): (&[String], Option<Audience>),
        (of, of_file): ((CampaignId, RunId), &[Place]),
    ) -> Result<Sinks, EngineError> {
        let header = theirs.as_ref().map_or(&[][..], |theirs| &theirs.facts.header);
        let places = places(own, header);
        let delimiter = theirs.as_ref().map_or(Delimiter::Comma, |theirs| theirs.facts.delimiter);
        let mut rows = Rows { lines: None, at: 0, width: header.len(), delimiter };
        if let Some(theirs) = &theirs {
            rows.lines = Some(theirs.lines().map_err(unwritten)?.as_written());
        }
        for piece in of_file.chunks(PIECE) {
            let ids: Vec<MessageId> = piece.iter().map(|place| place.id).collect();
            let mut page = result::by_ids(&self.store, &ids).await?;
            page.sort_by_key(|told| (told.row_no, told.id));
            let is_standing = piece.iter().any(|place| place.revision > 0);
            let answers = if is_standing { self.answers_of(of, &page).await? } else { Answers::default() };
            let (rest, cells) = aside(move || rows.of(page)).await?;
            rows = rest;
            let lines = cells.into_iter().map(|(told, cells)| {
                let mut line: Vec<Cell> =
                    places.iter().map(|at| at.and_then(|at| cells.get(at)).cloned().unwrap_or_default()).collect();
                line.extend(source.voice.message(&told, answers.word(&told)));
                line
            });
            sinks = sinks.write(lines.collect()).await?;
        }
        Ok(sinks)
    }
}

/// A file read as far as its rows were asked for, in order.
struct Rows {
    lines: Option<Lines>,
    at: i64,
    width: usize,
    delimiter: Delimiter,
}

impl Rows {
    /// The cells of each message's row; none where the file has no such row any more.
    fn of(mut self, page: Vec<Told>) -> (Self, Vec<(Told, Vec<Cell>)>) {
        let mut cells: Vec<Cell> = Vec::new();
        let mut of = 0;
        let mut done = Vec::with_capacity(page.len());
        for told in page {
            while let (true, Some(lines)) = (self.at < told.row_no, self.lines.as_mut()) {
                let Some(line) = lines.next() else { break };
                self.at += 1;
                if self.at == told.row_no {
                    (cells, of) = (own_cells(line, self.width, self.delimiter), self.at);
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
