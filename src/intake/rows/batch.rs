//! Rows are read one after the other and decided several at a time, on as many threads as the machine has cores for it.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use super::super::audience::{Line, Lines, Repair, Unreadable};
use super::names::Names;
use super::plan::Plan;
use super::resolve::{Decided, Raw, Resolver, number_of};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;

/// Rows that one thread decides at a time: a millisecond of work, and no more rows in memory than that takes.
const PORTION: usize = 256;
/// Bytes of cells that are read ahead: usual rows have a few hundred, and what is no usual table a million.
const READ_AHEAD: usize = 2 * 1024 * 1024;
/// Threads at most; the daemon has other work too.
const THREADS: usize = 4;
/// How far those threads stand back, of 19 (Linux counts by thread).
const NICE: i32 = 10;
/// Files with fewer rows are decided on the reader's own thread.
const FEW: u64 = 2_000;

/// Rows that were read and decided, and are given one by one.
pub(super) struct Batch<'a> {
    resolvers: Vec<Resolver<'a>>,
    /// Rows read and not decided yet.
    read: Vec<Unsettled>,
    ready: VecDeque<Read>,
    /// Who is asked what people are called; `None`: nothing depends on it.
    known: Option<Known<'a>>,
    /// Why they could not be asked.
    failure: Option<Problem>,
}

/// Who knows what people are called.
struct Known<'a> {
    names: &'a dyn Names,
    plan: Arc<Plan<'a>>,
}

/// A row as far as it can be decided without those before it.
pub(super) enum Read {
    Decided(Box<Decided>),
    Unreadable(Unreadable, Vec<String>),
}

struct Unsettled {
    line: Line,
    is_hidden: bool,
    numbers: Vec<usize>,
    client: Option<String>,
}

impl<'a> Batch<'a> {
    /// For a file of about so many rows; `names`, where something depends on what people are called.
    pub(super) fn new(resolver: Resolver<'a>, rows: u64, names: Option<&'a dyn Names>) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = if rows < FEW { 1 } else { cores.min(THREADS) };
        let mut resolvers: Vec<Resolver<'a>> = (1..threads).map(|_| resolver.twin()).collect();
        let known = names.map(|names| Known { names, plan: resolver.plan() });
        resolvers.insert(0, resolver);
        Self { resolvers, read: Vec::new(), ready: VecDeque::new(), known, failure: None }
    }

    /// Why no row follows, where the file has more.
    pub(super) fn failure(&self) -> Option<&Problem> {
        self.failure.as_ref()
    }

    /// The next row of `lines`.
    pub(super) fn next(&mut self, lines: &mut Lines) -> Option<Read> {
        if self.ready.is_empty() && self.failure.is_none() {
            if self.read.is_empty() {
                self.read = read(lines, PORTION * self.resolvers.len());
            }
            self.failure = self.known.as_ref().and_then(|known| known.name(&mut self.read).err());
            if self.failure.is_none() {
                self.decide(lines);
            }
        }
        self.ready.pop_front()
    }

    /// Whether the next row has to be read first.
    pub(super) fn is_drained(&self) -> bool {
        self.ready.is_empty()
    }

    /// Decides what was read, and reads on meanwhile.
    fn decide(&mut self, lines: &mut Lines) {
        let rows = std::mem::take(&mut self.read);
        let [only] = self.resolvers.as_mut_slice() else { return self.decide_together(rows, lines) };
        self.ready.extend(rows.into_iter().map(|row| only.read(row)));
    }

    fn decide_together(&mut self, rows: Vec<Unsettled>, lines: &mut Lines) {
        let portions = portions(rows, self.resolvers.len());
        let most = PORTION * self.resolvers.len();
        let (decided, next) = thread::scope(|scope| {
            let at_work: Vec<_> = self
                .resolvers
                .iter_mut()
                .zip(portions)
                .map(|(resolver, rows)| {
                    scope.spawn(move || {
                        step_back();
                        rows.into_iter().map(|row| resolver.read(row)).collect::<Vec<_>>()
                    })
                })
                .collect();
            let next = read(lines, most);
            // What one of them could not stand is not to be passed over.
            let decided: Vec<Vec<Read>> = at_work
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect();
            (decided, next)
        });
        self.read = next;
        self.ready.extend(decided.into_iter().flatten());
    }

    /// Rows that name a time zone that does not exist.
    pub(super) fn unknown_zones(&self) -> u64 {
        self.resolvers.iter().map(|resolver| resolver.zones.unknown).sum()
    }

    /// One such name.
    pub(super) fn unknown_zone(&self) -> Option<String> {
        self.resolvers.iter().find_map(|resolver| resolver.zones.unknown_example.clone())
    }

    /// Cells that were repaired while rows were decided.
    pub(super) fn add_repairs(&self, repairs: &mut BTreeMap<Repair, u64>) {
        for (repair, count) in self.resolvers.iter().flat_map(|resolver| &resolver.repairs) {
            *repairs.entry(*repair).or_default() += count;
        }
    }
}

impl Known<'_> {
    /// Puts to each row what its person is called, whichever way their number is written.
    fn name(&self, rows: &mut [Unsettled]) -> Result<(), Problem> {
        let number = |row: &Unsettled| match &row.line {
            Line::Cells(cells) => number_of(&self.plan, cells),
            Line::Unreadable(..) => None,
        };
        let numbers: Vec<Option<Phone>> = rows.iter().map(number).collect();
        let asked: Vec<Phone> = numbers.iter().flatten().flat_map(Phone::variants).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let names = self.names.of(&asked)?;
        for (row, number) in rows.iter_mut().zip(numbers) {
            let mut ways = number.iter().flat_map(Phone::variants);
            row.client = ways.find_map(|way| names.get(way.digits()).cloned());
        }
        Ok(())
    }
}

/// What this thread does waits for what somebody is waiting for: answers to webhooks, sending, pages. Where the system
/// does not allow it, it is done all the same.
fn step_back() {
    let _ = rustix::process::nice(NICE);
}

impl Resolver<'_> {
    fn read(&mut self, row: Unsettled) -> Read {
        let Unsettled { line, is_hidden, numbers, client } = row;
        match line {
            Line::Cells(cells) => Read::Decided(Box::new(self.decide(Raw { cells, is_hidden, numbers, client }))),
            Line::Unreadable(why, cells) => Read::Unreadable(why, cells),
        }
    }
}

fn read(lines: &mut Lines, most: usize) -> Vec<Unsettled> {
    let (mut rows, mut bytes) = (Vec::with_capacity(most), 0);
    while rows.len() < most && bytes < READ_AHEAD {
        let Some(line) = lines.next() else { break };
        let (Line::Cells(cells) | Line::Unreadable(_, cells)) = &line;
        bytes += cells.iter().map(String::len).sum::<usize>();
        rows.push(Unsettled { line, is_hidden: lines.is_hidden(), numbers: lines.numbers().to_vec(), client: None });
    }
    rows
}

/// The rows in so many parts of the same size, in order.
fn portions(rows: Vec<Unsettled>, parts: usize) -> Vec<Vec<Unsettled>> {
    let each = rows.len().div_ceil(parts).max(1);
    let mut portions: Vec<Vec<Unsettled>> = Vec::with_capacity(parts);
    for row in rows {
        match portions.last_mut().filter(|last| last.len() < each) {
            Some(last) => last.push(row),
            None => portions.push(vec![row]),
        }
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::super::super::audience::Audience;
    use super::*;

    #[test]
    fn of_rows_as_long_as_they_may_be_a_few_are_read_ahead_and_of_usual_ones_as_many_as_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        for (length, ahead) in [(400_000, 6), (100, 1_024)] {
            let file = dir.path().join("a.csv");
            let row = format!("1155550101,{}\n", "x".repeat(length));
            std::fs::write(&file, format!("Celular,Nombre\n{}", row.repeat(if length > 1_000 { 20 } else { 2_000 })))
                .unwrap();
            let mut lines = Audience::open(&file).unwrap().lines().unwrap();
            assert_eq!(read(&mut lines, 1_024).len(), ahead);
        }
    }
}
