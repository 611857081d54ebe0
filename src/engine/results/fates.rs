//! What became of each row of a file, in the file's order, read a page at a time.

use std::collections::BTreeMap;

use super::answers::{About, Answers};
use super::make::PIECE;
use crate::domain::id::MessageId;
use crate::domain::money::Micros;
use crate::engine::{Engine, EngineError};
use crate::store::exclusion::{self, Exclusion};
use crate::store::run::Run;
use crate::store::view::result::{self, Told};

/// Read at once.
const PAGE: i64 = PIECE as i64;

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
    /// What was answered about it, as one fixed word.
    pub word: Option<String>,
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
    messages: Messages,
    /// The last row read of those left out; `None`: all were.
    left_after: Option<i64>,
}

/// How the rows of messages are come by.
enum Messages {
    /// They were planned in the file's order, nearly: one walk finds them as they are asked for.
    Planned {
        /// The last message read; `None`: all were.
        after: Option<MessageId>,
        /// The highest row of a message read so far.
        seen: i64,
    },
    /// The rows of a standing run were named in any order: row and message of each, some 16 MB for a million, from which
    /// those asked for are read.
    Named { places: Vec<(i64, MessageId)>, next: usize },
    /// The same, before they were read.
    Unread,
}

impl<'a> Fates<'a> {
    pub fn new(engine: &'a Engine, run: &'a Run) -> Self {
        let planned = Messages::Planned { after: Some(MessageId(0)), seen: 0 };
        let messages = if run.revision > 1 { Messages::Unread } else { planned };
        Self { engine, run, known: BTreeMap::new(), messages, left_after: Some(0) }
    }

    /// What became of the rows after those asked for before up to row `to`. Rows that are not there have not been planned.
    pub async fn up_to(&mut self, to: i64) -> Result<BTreeMap<i64, Fate>, EngineError> {
        if matches!(self.messages, Messages::Unread) {
            let mut places = self.places().await?;
            places.sort_unstable();
            self.messages = Messages::Named { places, next: 0 };
        }
        self.read_messages(to).await?;
        while self.left_after.is_some_and(|last| last < to) {
            self.read_left_out().await?;
        }
        let later = self.known.split_off(&(to + 1));
        let rows = std::mem::replace(&mut self.known, later);
        self.with_before(rows).await
    }

    /// Where the rows of the run's file are.
    async fn places(&self) -> Result<Vec<(i64, MessageId)>, EngineError> {
        let of = (self.run.id, self.run.revision);
        let (mut all, mut after) = (Vec::new(), MessageId(0));
        loop {
            let page = result::places(&self.engine.store, of, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.id;
            all.extend(page.iter().map(|place| (place.row_no, place.id)));
        }
    }

    async fn read_messages(&mut self, to: i64) -> Result<(), EngineError> {
        loop {
            let page = match &mut self.messages {
                Messages::Planned { after: Some(after), seen } if *seen < to + AHEAD => {
                    let of = (self.run.id, self.run.revision);
                    let page = result::of_run(&self.engine.store, of, *after, PAGE).await?;
                    let (last, highest) = (page.last().map(|last| last.id), page.iter().map(|told| told.row_no).max());
                    let seen = (*seen).max(highest.unwrap_or_default());
                    self.messages = Messages::Planned { after: last, seen };
                    page
                }
                Messages::Named { places, next } => {
                    let rest = &places[*next..];
                    let count = rest.partition_point(|(row, _)| *row <= to).min(PIECE);
                    let ids: Vec<MessageId> = rest[..count].iter().map(|(_, id)| *id).collect();
                    *next += count;
                    if ids.is_empty() {
                        return Ok(());
                    }
                    result::by_ids(&self.engine.store, &ids).await?
                }
                Messages::Planned { .. } | Messages::Unread => return Ok(()),
            };
            for told in page {
                self.known.insert(told.row_no, RowResult::Message(Box::new(told)));
            }
        }
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

    /// Adds what left for the same rows before, and what was answered to any of it, of a standing run.
    async fn with_before(&self, rows: BTreeMap<i64, RowResult>) -> Result<BTreeMap<i64, Fate>, EngineError> {
        let mut theirs = Vec::new();
        if self.run.revision > 1 {
            let ids: Vec<&str> = rows.values().filter_map(RowResult::external_id).collect();
            let of = (self.run.campaign_id, self.run.id);
            theirs = result::by_external_ids(&self.engine.store, of, &ids).await?;
        }
        let answers = Answers::of(&theirs);
        let mut gone: BTreeMap<String, Vec<Told>> = BTreeMap::new();
        for told in theirs.into_iter().filter(|told| told.accepted_at.is_some()) {
            if let Some(id) = told.external_id.clone() {
                gone.entry(id).or_default().push(told);
            }
        }
        Ok(rows.into_iter().map(|(no, now)| (no, now.with_before(&gone, &answers))).collect())
    }
}

impl RowResult {
    fn external_id(&self) -> Option<&str> {
        match self {
            Self::Message(told) => told.external_id.as_deref(),
            Self::LeftOut(left) => left.external_id.as_deref(),
        }
    }

    fn with_before(self, gone: &BTreeMap<String, Vec<Told>>, answers: &Answers) -> Fate {
        let (word, matter, own) = match &self {
            Self::Message(told) => (answers.word(told), answers.of_message(told), Some(told.id)),
            Self::LeftOut(left) => {
                let (id, about) =
                    (left.external_id.as_deref(), About::new(&left.recipient, &left.name, left.happens_at));
                (answers.word_of_row(id, &about), answers.of_row(id, &about), None)
            }
        };
        let word = word.map(str::to_owned);
        let gone = self.external_id().and_then(|id| gone.get(id)).map_or(&[][..], Vec::as_slice);
        let is_of_it = |told: &Told| matter.is_some_and(|matter| matter.has(told.id));
        let others = || gone.iter().filter(|told| Some(told.id) != own && is_of_it(told));
        let cost_before = Micros(others().map(|told| told.charged.0).sum());
        Fate { before: others().next_back().cloned().map(Box::new), cost_before, word, now: self }
    }
}
