//! The one way from a file to rows: `check`, the pre-flight and the planner all read an audience through here. Every
//! row read becomes a message or an exclusion with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;

use crate::domain::amend::{Conflicts, Known, who as who_is};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::fill::Fill;
use crate::domain::hours::law::Laws;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::reach::Reaches;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;

use super::audience::{self, Audience, FileFacts, Lines, Unreadable};
use super::campaign_file::CampaignFile;
use super::columns;

mod ahead;
mod batch;
mod damage;
mod detail;
mod evidence;
mod few;
mod fingerprint;
mod first;
mod keys;
mod names;
mod own_numbers;
mod plan;
mod resolve;
mod runs;
mod seen;
mod shape;
mod survey;
mod tally;
mod told;
mod truths;
mod unread;
pub mod when;
mod who;
mod zones;

pub use detail::{declined_by_somebody, explain, moved_and_left, sent_elsewhere, sent_in};
pub use fingerprint::{Fingerprint, fingerprint};
pub use keys::file_keys;
pub use names::{NOBODY, Names};
pub use own_numbers::OwnNumbers;
pub use plan::greets;
pub use tally::Tally;

use ahead::FarAhead;
use batch::{Batch, Read};
use few::FewNumbers;
use plan::Plan;
use resolve::Resolver;
use seen::Seen;
use survey::Survey;
use unread::{as_one, may_be_phone};

/// Rows between two words on how far a reading is.
pub const TOLD_EVERY: u64 = 10_000;

/// Rows that a warning names.
const ROWS_NAMED: usize = 20;

/// What rows are made from.
#[derive(Clone, Copy, Debug)]
pub struct RowsRequest<'a> {
    /// The campaign file.
    pub campaign: &'a CampaignFile,
    /// The template, where it is known.
    pub template: Option<&'a Template>,
    /// The template in other languages that it is approved in; counts where the language comes from a column.
    pub translations: &'a [Template],
    /// The configuration's vars.
    pub vars: &'a BTreeMap<String, String>,
    /// What people are called, for rows that do not say it.
    pub names: &'a dyn Names,
    /// The configuration's lists of holidays.
    pub holidays: &'a BTreeMap<String, BTreeSet<Date>>,
    /// Hours in which the law allows marketing.
    pub laws: &'a Laws,
    /// What is delivered where.
    pub reach: &'a Reaches,
    /// The audience file.
    pub audience: &'a Path,
    /// When the run is, or would be, started.
    pub started_at: UnixMs,
}

/// A row of the audience and what became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvedRow {
    /// 1 is the first row after the header.
    pub no: i64,
    /// What became of it.
    pub fate: RowFate,
}

/// What a row becomes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RowFate {
    /// A message to be planned.
    Message(Box<Draft>),
    /// Nothing, and why.
    Excluded(RowExclusion),
}

/// Why a row becomes no message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowExclusion {
    /// The reason.
    pub reason: ExclusionReason,
    /// The phone cell as it stands.
    pub recipient: String,
    /// The row's identity across files.
    pub external_id: Option<String>,
    /// The person's name as it stands; empty when the file has none, or the row cannot be read.
    pub name: String,
    /// Who would have paid; empty when nobody is named.
    pub cost_centre: String,
    /// The row's date and time, where it can be read.
    pub happens_at: Option<UnixMs>,
    /// Where it would have gone, where that can be read.
    pub to: Option<Phone>,
    /// A word and perhaps a fact, as `same_as_row: 12`; [`explain`] turns it into a sentence. May be empty.
    pub detail: String,
}

impl RowExclusion {
    /// What the row is known by, whatever its id, where its number can be read.
    pub fn known(&self) -> Option<Known<'_>> {
        let to = self.to.as_ref()?;
        Some(Known { to, happens_at: self.happens_at, who: who_is(&self.name) })
    }
}

/// A message to be planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Where it goes.
    pub to: Phone,
    /// The row's other numbers, in the order in which they stand.
    pub others: Vec<Phone>,
    /// The phone cell as it stands.
    pub given: String,
    /// The person's name as it stands; empty when the file has none.
    pub name: String,
    /// The row's identity across files.
    pub external_id: Option<String>,
    /// The row's date and time.
    pub happens_at: Option<UnixMs>,
    /// Name of the time zone of the person's clock.
    pub timezone: String,
    /// When it is due.
    pub due_at: UnixMs,
    /// When it is too late.
    pub latest_at: Option<UnixMs>,
    /// What it puts into the template.
    pub fill: Fill,
    /// Who pays; empty when nobody is named.
    pub cost_centre: String,
    /// Where replies go, as `team:recepcion`; empty: the sender's default.
    pub route: String,
    /// The cell that says on what basis the person has agreed to promotions; empty where the file does not say it.
    pub consent: String,
    /// Unique within a run: `i:<id>|<happens_at ms>`, or `p:<person>`, of a reminder or in a standing run with
    /// `|<happens_at ms>`.
    pub key: String,
    /// Whether a value had line ends, tabs or long blanks that were taken out.
    pub flattened: bool,
}

impl Draft {
    /// What the row is known by, whatever its id.
    pub fn known(&self) -> Known<'_> {
        Known { to: &self.to, happens_at: self.happens_at, who: who_is(&self.name) }
    }
}

/// The rows of an audience, as a stream.
pub struct Rows<'a> {
    request: &'a RowsRequest<'a>,
    lines: Lines,
    facts: FileFacts,
    /// Rows that the file has.
    expected: u64,
    warnings: Vec<Problem>,
    seen: Seen,
    tally: Tally,
    /// The first rows that are no UTF-8.
    not_utf8: Vec<i64>,
    unknown_zone: Option<String>,
    far_ahead: FarAhead,
    few_numbers: FewNumbers,
    /// Ids that rows of two people have.
    conflicts: Conflicts,
    batch: Batch<'a>,
}

/// Opens an audience for a campaign. `Err` is everything that stands in the way: the file cannot be read, a column is
/// missing or not what it seems, an expression names something unknown, the template wants other parameters.
pub fn open_rows<'a>(request: &'a RowsRequest<'a>) -> Result<Rows<'a>, Vec<Problem>> {
    open_rows_telling(request, &|_| ())
}

/// The same, telling now and then how many rows were looked through: the whole file is, before its first row is given.
pub fn open_rows_telling<'a>(request: &'a RowsRequest<'a>, told: &dyn Fn(u64)) -> Result<Rows<'a>, Vec<Problem>> {
    open_rows_or_tell(request, told).map_err(|stopped| stopped.problems)
}

/// What keeps an audience from being read, with what was found out about it all the same.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stopped {
    /// Everything that stands in the way.
    pub problems: Vec<Problem>,
    /// What was found out; `None`: nothing, the file is none that is read.
    pub facts: Option<FileFacts>,
    /// Its rows, where they were counted.
    pub rows: Option<i64>,
}

impl From<Vec<Problem>> for Box<Stopped> {
    fn from(problems: Vec<Problem>) -> Self {
        Self::new(Stopped { problems, ..Stopped::default() })
    }
}

/// The same; what stands in the way comes with what is known in spite of it.
pub fn open_rows_or_tell<'a>(request: &'a RowsRequest<'a>, told: &dyn Fn(u64)) -> Result<Rows<'a>, Box<Stopped>> {
    let rules = &request.campaign.reading;
    let mut file = Audience::open_by(request.audience, rules)?;
    let plan = Plan::prepare(request, &file).map_err(|problems| {
        let columns = columns::recognised(&file.facts.header);
        Stopped { problems, facts: Some(FileFacts { columns, ..file.facts.clone() }), rows: None }
    })?;
    file.facts.columns.clone_from(&plan.columns.found);
    let unreadable = |e: std::io::Error| vec![audience::unreadable(request.audience, &e)];
    let survey = Survey::of(&file, &plan, (rules, request.template), told).map_err(|e| Stopped {
        problems: unreadable(e),
        facts: Some(file.facts.clone()),
        rows: None,
    })?;
    file.facts.dates = (!plan.columns.when.is_empty()).then_some(survey.order);
    if !survey.blockers.is_empty() {
        let rows = i64::try_from(survey.rows).ok();
        return Err(Stopped { problems: survey.blockers, facts: Some(file.facts), rows }.into());
    }
    let mut warnings = survey.warnings;
    if request.template.is_some_and(|t| t.parameters_unknown) {
        warnings.push(Problem::new("parameters_unknown", &[("template", &request.campaign.template.name)]));
    }
    if let Some(column) = plan.columns.language_unused.and_then(|place| file.facts.header.get(place)) {
        warnings.push(Problem::new("language_column", &[("column", column)]));
    }
    warnings.extend(plan.undecided());
    let asked = (greets(request.campaign) && request.names.nobody().is_none()).then_some(request.names);
    let resolver = Resolver::new(request, plan, survey.order, survey.serial_dates);
    Ok(Rows {
        request,
        lines: file.lines().map_err(unreadable)?.taking(survey.short),
        facts: file.facts,
        expected: survey.rows,
        warnings,
        seen: Seen::for_rows(survey.rows),
        tally: Tally::default(),
        not_utf8: Vec::new(),
        unknown_zone: None,
        far_ahead: FarAhead::default(),
        few_numbers: FewNumbers::default(),
        conflicts: Conflicts::default(),
        batch: Batch::new(resolver, survey.rows, asked),
    })
}

impl Rows<'_> {
    /// What was found out about the file; complete after the last row.
    pub fn facts(&self) -> &FileFacts {
        &self.facts
    }

    /// What kept the rows after the last one given from being decided, where that is no matter of the file.
    pub fn failure(&self) -> Option<&Problem> {
        self.batch.failure()
    }

    /// What was counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Rows that the file has, whether read already or not: with the tally's, how far the reading is.
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// Whose row it was is told as well as can be: somebody may want to phone them.
    fn unreadable(&mut self, no: i64, why: &Unreadable, cells: &[String]) -> RowExclusion {
        let detail = match why {
            Unreadable::Width { found, .. } => format!("cells: {found}"),
            Unreadable::Encoding => {
                self.tally.not_utf8 += 1;
                if self.not_utf8.len() < ROWS_NAMED {
                    self.not_utf8.push(no);
                }
                "not_utf8".to_owned()
            }
        };
        RowExclusion {
            reason: ExclusionReason::Unreadable,
            recipient: cells.iter().find(|cell| may_be_phone(cell)).map_or("", |cell| beginning(cell)).to_owned(),
            external_id: None,
            name: as_one(cells),
            cost_centre: String::new(),
            happens_at: None,
            to: None,
            detail,
        }
    }

    /// What becomes of a row, now that the rows before it are known.
    fn settle(&mut self, no: i64, read: Read) -> RowFate {
        let decided = match read {
            Read::Decided(decided) => *decided,
            Read::Unreadable(why, cells) => return RowFate::Excluded(self.unreadable(no, &why, &cells)),
        };
        if let Some(earlier) = decided.key.as_ref().and_then(|key| self.seen.earlier(key)) {
            let double = decided.doubles(earlier);
            if earlier.other_person {
                let id = double.external_id.as_deref().unwrap_or_default();
                self.conflicts.add(id, (earlier.row.into(), no));
            }
            return RowFate::Excluded(double);
        }
        self.tally.add(&decided.noted);
        match (decided.fate, decided.key) {
            (Ok(draft), key) => {
                self.tally.messages += 1;
                self.far_ahead.see(no, draft.happens_at, self.request.started_at);
                self.few_numbers.see(&draft);
                if let Some(key) = &key {
                    self.seen.remember(key, no);
                }
                RowFate::Message(draft)
            }
            (Err(exclusion), _) => RowFate::Excluded(*exclusion),
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = ResolvedRow;

    fn next(&mut self) -> Option<ResolvedRow> {
        let read = self.batch.next(&mut self.lines)?;
        if self.batch.is_drained() {
            self.facts.repairs = self.lines.repairs().clone();
            self.batch.add_repairs(&mut self.facts.repairs);
            self.unknown_zone = self.unknown_zone.take().or_else(|| self.batch.unknown_zone());
        }
        self.tally.rows += 1;
        let no = self.tally.rows as i64;
        Some(ResolvedRow { no, fate: self.settle(no, read) })
    }
}

/// Longest text by which a row or a person is known, in characters. A cell may have a million.
const LONGEST: usize = 1_000;

/// As much of a cell as is shown or kept of it.
fn beginning(cell: &str) -> &str {
    cell.char_indices().nth(LONGEST).map_or(cell, |(at, _)| &cell[..at])
}
