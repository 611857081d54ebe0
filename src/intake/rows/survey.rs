//! The pass over an audience before its rows are read: what only the whole file tells.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::domain::problem::Problem;
use crate::domain::template::Template;

use super::super::audience::{Audience, DateOrder, Line, Lines, Rules, Short, Unreadable};
use super::super::phone_number::{Documents, Papers, is_called_document};
use super::damage;
use super::evidence::{Dates, Examples, Phones, Place, Places};
use super::plan::Plan;

/// So many rows as short as each other are no accident.
const ALIKE: u64 = 2;

/// What the whole file told.
#[derive(Default)]
pub(super) struct Survey {
    /// Rows of the file.
    pub(super) rows: u64,
    pub(super) order: DateOrder,
    /// The dates are the numbers of their days.
    pub(super) serial_dates: bool,
    /// Rows that end before the last columns, and are taken.
    pub(super) short: Short,
    pub(super) warnings: Vec<Problem>,
    pub(super) blockers: Vec<Problem>,
}

/// What is looked for in the rows.
struct Looking<'a> {
    plan: &'a Plan<'a>,
    header: &'a [String],
    dates: Dates,
    phones: Phones,
    papers: Papers,
    documents: Documents,
    examples: Examples<'a>,
    hidden: Places,
    totals: Places,
    /// Cells merged over several rows.
    merged: Places,
    errors: Places,
    rounded_ids: Places,
    /// Formulas that were never calculated.
    formulas: Places,
    /// Translations that rows name and that want other values.
    unfit: BTreeSet<usize>,
}

/// Rows with fewer cells than the header, by how many they have.
#[derive(Default)]
struct ShortRows {
    rows: BTreeMap<usize, u64>,
    /// The last of them: which, and its cells.
    last: Option<(u64, usize)>,
}

impl ShortRows {
    fn see(&mut self, row: u64, found: usize) {
        *self.rows.entry(found).or_default() += 1;
        self.last = Some((row, found));
    }

    /// Those that only lack their last cells: several are alike, and nothing depends on what they lack. The last row of a file
    /// may have been cut off, unless most rows are as short.
    fn taken(&self, rows: u64, needed: usize, width: usize) -> Short {
        let alike = self.rows.iter().filter(|(found, n)| **n >= ALIKE && (needed..width).contains(*found));
        let widths = alike.map(|(found, _)| *found).collect();
        let usual = |found: usize| self.rows.get(&found).is_some_and(|n| n * 2 > rows);
        let but = self.last.filter(|(row, found)| *row == rows && !usual(*found)).map(|(row, _)| row);
        Short { widths, but }
    }
}

impl Survey {
    pub(super) fn of(
        audience: &Audience,
        plan: &Plan<'_>,
        (rules, template): (&Rules, Option<&Template>),
        told: &dyn Fn(u64),
    ) -> io::Result<Self> {
        let mut survey = Self::default();
        let header = &audience.facts.header;
        let mut looking = Looking::new(plan, header, template);
        let mut lines = audience.lines()?;
        let mut short = ShortRows::default();
        while let Some(line) = lines.next() {
            survey.rows += 1;
            if survey.rows.is_multiple_of(super::TOLD_EVERY) {
                told(survey.rows);
            }
            match line {
                Line::Cells(cells) => looking.look(survey.rows, &cells, &lines),
                // A row of several lines that does not fit the header has swallowed others behind a stray quote.
                Line::Unreadable(Unreadable::Width { quoted_from: Some(line), .. }, _)
                    if survey.blockers.is_empty() =>
                {
                    survey.blockers.push(Problem::new("quote_not_closed", &[("line", &line.to_string())]));
                }
                Line::Unreadable(Unreadable::Width { found, .. }, _) => short.see(survey.rows, found),
                Line::Unreadable(..) => {}
            }
        }
        survey.short = short.taken(survey.rows, plan.used.last().map_or(0, |last| last + 1), header.len());
        if let Some(failure) = lines.take_failure() {
            return Err(failure);
        }
        if survey.blockers.is_empty() && lines.last_cell_goes_on() && audience.ends_in_open_quote()? {
            survey.blockers.push(Problem::new("quote_open_at_end", &[]));
        }
        looking.merged(&lines, audience.facts.header_row);
        survey.damage(&lines, header);
        survey.ask(&looking, rules);
        survey.phones(&looking, rules);
        survey.blockers.extend(looking.examples.blocker(header).filter(|_| !rules.takes_unlike_example));
        for (problem, falls_back) in looking.unfit.iter().filter_map(|place| plan.contents.told_of_unfit(*place)) {
            let told = if falls_back { &mut survey.warnings } else { &mut survey.blockers };
            told.push(problem);
        }
        survey.dates(&looking.dates, rules);
        survey.warnings.extend(looking.errors.problem("cell_errors", header));
        Ok(survey)
    }

    /// Accents that were damaged so that nobody can tell what stood there.
    fn damage(&mut self, lines: &Lines, header: &[String]) {
        if let Some((row, column)) = lines.damaged() {
            let column = header.get(column).map(String::as_str).unwrap_or_default();
            self.blockers.push(Problem::new("audience_mojibake", &[("line", &row.to_string()), ("column", column)]));
        }
        let lost = lines.lost();
        if lost.characters > 0 {
            let column = header.get(lost.column).map(String::as_str).unwrap_or_default();
            let (n, line) = (lost.characters.to_string(), lost.line.to_string());
            self.warnings.push(Problem::new("lost_characters", &[("n", &n), ("line", &line), ("column", column)]));
        }
    }

    /// What a person has to say, and has not.
    fn ask(&mut self, looking: &Looking<'_>, rules: &Rules) {
        if rules.hidden_rows.is_none() {
            self.blockers.extend(looking.hidden.problem("hidden_rows", looking.header));
        }
        if rules.total_rows.is_none() {
            self.blockers.extend(looking.totals.problem("total_rows", looking.header));
        }
        if rules.merged_cells.is_none() {
            self.blockers.extend(looking.merged.problem("merged_cells", looking.header));
        }
        self.blockers.extend(looking.formulas.problem("formulas_not_calculated", looking.header));
        self.blockers.extend(looking.rounded_ids.problem("ids_rounded", looking.header));
    }

    /// What the column of phones holds, where that may be something else.
    fn phones(&mut self, looking: &Looking<'_>, rules: &Rules) {
        let titles = looking.plan.phone_titles(looking.header);
        let of_cells = |code: &str, name: &str, n: u64, of: u64| {
            let (n, of) = (n.to_string(), of.to_string());
            Problem::new(code, &[("column", titles.as_str()), ("paper", name), ("n", &n), ("of", &of)])
        };
        // Papers in place of phones say more than that there are few phones.
        let papers =
            looking.papers.verdict().map(|(paper, n, of)| of_cells("papers_for_phones", paper.as_str(), n, of));
        if let Some(problem) = papers.or_else(|| looking.phones.blocker(&titles)) {
            self.blockers.push(problem);
            return;
        }
        if rules.takes_identity_numbers {
            return;
        }
        let mut columns = looking.plan.columns.phones.iter().flatten().filter_map(|place| looking.header.get(*place));
        if let Some(column) = columns.find(|header| is_called_document(header)) {
            self.blockers.push(Problem::new("identity_header", &[("column", column)]));
            return;
        }
        let Some(look) = looking.documents.verdict() else { return };
        let said = |code: &str| of_cells(code, look.name, look.alike, look.of);
        if look.is_question {
            self.blockers.push(said("identity_numbers"));
        } else {
            self.warnings.push(said("identity_numbers_perhaps"));
        }
    }

    fn dates(&mut self, dates: &Dates, rules: &Rules) {
        self.serial_dates = dates.are_serial();
        self.order = rules.dates.unwrap_or_else(|| dates.order());
        if rules.dates.is_none() {
            match dates.question() {
                Some(question) => self.blockers.push(question),
                None => self.warnings.extend(dates.warning(self.order)),
            }
        }
        if self.serial_dates {
            self.warnings.extend(dates.serial_warning());
        }
    }
}

impl<'a> Looking<'a> {
    fn new(plan: &'a Plan<'a>, header: &'a [String], template: Option<&'a Template>) -> Self {
        Self {
            plan,
            header,
            dates: Dates::about(plan.today),
            phones: Phones::default(),
            papers: Papers::default(),
            documents: Documents::default(),
            examples: Examples::of(template),
            hidden: Places::default(),
            totals: Places::default(),
            errors: Places::default(),
            rounded_ids: Places::default(),
            merged: Places::default(),
            formulas: Places::default(),
            unfit: BTreeSet::new(),
        }
    }

    /// Cells below the header that several rows share, where something depends on them.
    fn merged(&mut self, lines: &Lines, header_row: u64) {
        for merge in lines.merged() {
            let line = u64::from(merge.top);
            if line > header_row && self.plan.used.contains(&merge.column) {
                self.merged.add(Place { row: line - header_row, line, column: merge.column }, "");
            }
        }
    }

    fn look(&mut self, row: u64, cells: &[String], lines: &Lines) {
        let columns = &self.plan.columns;
        let at = |column| Place { row, line: lines.line(), column };
        if lines.is_hidden() {
            self.hidden.add(at(0), "");
        }
        for column in lines.uncalculated().iter().filter(|column| self.plan.used.contains(column)) {
            self.formulas.add(at(*column), "");
        }
        if damage::is_total(cells, &columns.phones) {
            let column = cells.iter().position(|cell| !cell.is_empty()).unwrap_or(0);
            self.totals.add(at(column), &cells[column]);
            return;
        }
        for place in columns.when.iter().copied() {
            self.dates.look(cells.get(place).map_or("", String::as_str), columns.when.len());
        }
        let first = columns.phones.first().and_then(|places| places.first()).and_then(|place| cells.get(*place));
        let first = first.map_or("", String::as_str);
        self.papers.look(first, self.plan.home.as_ref());
        self.documents.look(first, self.plan.home.as_ref());
        self.phones.look(row, cells, &columns.phones, self.plan.home.as_ref());
        if let Some(column) = damage::error_in(cells, &self.plan.used) {
            self.errors.add(at(column), &cells[column]);
        }
        let ids = columns.id.iter().filter_map(|column| Some((*column, cells.get(*column)?)));
        let rounded = ids.into_iter().find(|(_, id)| columns.id_is_key && damage::is_rounded(id));
        if let Some((column, id)) = rounded {
            self.rounded_ids.add(at(column), id);
        }
        self.unfit.extend(self.plan.contents.unfit(cells));
        self.examples.look(cells, self.plan);
    }
}
