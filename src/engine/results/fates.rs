//! What became of each row of a file, in the file's order, read a page at a time.

use std::collections::BTreeMap;

use crate::domain::id::MessageId;
use crate::domain::money::Micros;
use crate::engine::{Engine, EngineError};
use crate::store::exclusion::{self, Exclusion};
use crate::store::run::Run;
use crate::store::view::result::{self, Told};

/// Read at once.
const PAGE: i64 = 1_000;

/// Rows that may be inserted out of order: those of one statement.
const AHEAD: i64 = 2 * PAGE;

/// What became of a row, and what was sent about it before: by files that a standing run took up earlier.
#[derive(Clone, Debug)]
pub(super) struct Fate {
    pub now: RowResult,
    /// The last of its other messages that left.
    pub before: Option<Box<Told>>,
    /// What those cost.
    pub cost_before: Micros,
}

/// What became of a row.
#[derive(Clone, Debug)]
pub(super) enum RowResult {
    Message(Box<Told>),
    LeftOut(Box<Exclusion>),
}

/// A cursor over both tables.
pub(super) struct Fates<'a> {
    engine: &'a Engine,
    run: &'a Run,
    known: BTreeMap<i64, RowResult>,
    /// The last message read; `None`: all were.
    after: Option<MessageId>,
    /// The highest row of a message read so far.
    seen: i64,
    /// The last row read of those left out; `None`: all were.
    left_after: Option<i64>,
    /// What has left of a standing run, by the rows' ids; `None`: not read yet.
    gone: Option<BTreeMap<String, Vec<Told>>>,
}

impl<'a> Fates<'a> {
    pub fn new(engine: &'a Engine, run: &'a Run) -> Self {
        Self {
            engine,
            run,
            known: BTreeMap::new(),
            after: Some(MessageId(0)),
            seen: 0,
            left_after: Some(0),
            gone: None,
        }
    }

    /// What became of row `no`; rows are asked for in order. `None`: it has not been planned.
    pub async fn of(&mut self, no: i64) -> Result<Option<Fate>, EngineError> {
        // The rows of a standing run were named in any order: all of them are read before the first.
        while self.after.is_some() && (self.run.revision > 1 || self.seen < no + AHEAD) {
            self.read_messages().await?;
        }
        while self.left_after.is_some_and(|last| last < no) {
            self.read_left_out().await?;
        }
        if self.run.revision > 1 && self.gone.is_none() {
            self.gone = Some(self.read_gone().await?);
        }
        Ok(self.known.remove(&no).map(|now| self.with_before(now)))
    }

    fn with_before(&self, now: RowResult) -> Fate {
        let (id, own) = match &now {
            RowResult::Message(told) => (&told.external_id, Some(told.id)),
            RowResult::LeftOut(left) => (&left.external_id, None),
        };
        let gone = id.as_ref().and_then(|id| self.gone.as_ref()?.get(id)).map_or(&[][..], Vec::as_slice);
        let others = || gone.iter().filter(|told| Some(told.id) != own);
        let cost_before = Micros(others().map(|told| told.charged.0).sum());
        Fate { before: others().next_back().cloned().map(Box::new), cost_before, now }
    }

    /// Messages of every file that left, by the ids of their rows.
    async fn read_gone(&self) -> Result<BTreeMap<String, Vec<Told>>, EngineError> {
        let mut gone: BTreeMap<String, Vec<Told>> = BTreeMap::new();
        let mut after = MessageId(0);
        loop {
            let page = result::all_of_run(&self.engine.store, self.run.id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(gone) };
            after = last.id;
            for told in page.into_iter().filter(|told| told.accepted_at.is_some()) {
                if let Some(id) = told.external_id.clone() {
                    gone.entry(id).or_default().push(told);
                }
            }
        }
    }

    async fn read_messages(&mut self) -> Result<(), EngineError> {
        let Some(after) = self.after else { return Ok(()) };
        let of = (self.run.id, self.run.revision);
        let page = result::of_run(&self.engine.store, of, after, PAGE).await?;
        self.after = page.last().map(|last| last.id);
        for told in page {
            self.seen = self.seen.max(told.row_no);
            self.known.insert(told.row_no, RowResult::Message(Box::new(told)));
        }
        Ok(())
    }

    async fn read_left_out(&mut self) -> Result<(), EngineError> {
        let Some(after) = self.left_after else { return Ok(()) };
        let page = exclusion::list(&self.engine.store, self.run.id, after, PAGE).await?;
        self.left_after = page.last().map(|last| last.row_no);
        for left in page {
            self.known.insert(left.row_no, RowResult::LeftOut(Box::new(left)));
        }
        Ok(())
    }
}
