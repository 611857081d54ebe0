//! The one way from a file to rows: `check`, the pre-flight and the planner all read an audience through here. Every
//! row read becomes a message or an exclusion with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use crate::domain::exclusion::ExclusionReason;
use crate::domain::fill::Fill;
use crate::domain::hours::law::Laws;
use crate::domain::id::RunId;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::reach::Reaches;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::locale::{self, Language};

use super::audience::{self, Audience, FileFacts, Line, Lines, Unreadable};
use super::campaign_file::CampaignFile;

mod fingerprint;
mod keys;
mod plan;
mod resolve;
mod seen;
mod survey;
pub mod when;
mod zones;

pub use fingerprint::content_hash;
pub use keys::file_keys;

use plan::Plan;
use seen::Seen;
use zones::Zones;

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
    /// A word and perhaps a fact, as `same_as_row: 12`; [`explain`] turns it into a sentence. May be empty.
    pub detail: String,
}

/// A message to be planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Where it goes.
    pub to: Phone,
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
    /// Unique within a run: `i:<id>|<happens_at ms>`, or `p:<person>`, in a standing run with `|<happens_at ms>`.
    pub key: String,
    /// Whether a value had line ends, tabs or long blanks that were taken out.
    pub flattened: bool,
}

/// What was counted while the rows were read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Tally {
    /// Rows.
    pub rows: u64,
    /// Of them, messages.
    pub messages: u64,
    /// Messages with a value that had to be flattened.
    pub flattened: u64,
    /// Messages whose number was written without its country code.
    pub completed_numbers: u64,
    /// Of them, Argentine ones that got the 9 of a mobile although neither it nor 15 was written.
    pub taken_for_mobiles: u64,
    /// Messages whose number is written in a form that the person's WhatsApp may not carry.
    pub other_forms: u64,
    /// Rows with the number of a person's or company's papers in place of a phone.
    pub papers: u64,
    /// Messages in the campaign's language, because the template is not approved in the row's.
    pub fell_back: u64,
    /// Messages due before the time that the schedule says, because it is closed then.
    pub goes_earlier: u64,
    /// Messages due after it, because it is closed then.
    pub goes_later: u64,
    /// Messages whose time had passed at the start, and that are due at once.
    pub overdue: u64,
    /// Rows whose latest time has passed at the start, or comes before they are due.
    pub misses_latest: u64,
    /// Rows for which no open moment is left before their latest time.
    pub closed_until_latest: u64,
    /// Messages whose column of routes holds no route.
    pub unknown_routes: u64,
    /// Rows that are no UTF-8 in a file that is.
    pub not_utf8: u64,
}

/// The rows of an audience, as a stream.
pub struct Rows<'a> {
    request: &'a RowsRequest<'a>,
    plan: Plan<'a>,
    lines: Lines,
    facts: FileFacts,
    warnings: Vec<Problem>,
    zones: Zones,
    seen: Seen,
    tally: Tally,
    /// The first rows that are no UTF-8.
    not_utf8: Vec<i64>,
    columns: Arc<BTreeMap<String, usize>>,
    vars: Arc<BTreeMap<String, String>>,
}

/// Opens an audience for a campaign. `Err` is everything that stands in the way: the file cannot be read, a column is
/// missing or not what it seems, an expression names something unknown, the template wants other parameters.
pub fn open_rows<'a>(request: &'a RowsRequest<'a>) -> Result<Rows<'a>, Vec<Problem>> {
    let mut file = Audience::open(request.audience)?;
    let plan = Plan::prepare(request, &file.facts.header)?;
    let unreadable = |e: std::io::Error| vec![audience::unreadable(request.audience, &e)];
    let survey = survey::survey(&file, &plan.columns.when, plan.columns.phone).map_err(unreadable)?;
    if !survey.blockers.is_empty() {
        return Err(survey.blockers);
    }
    file.facts.columns.clone_from(&plan.columns.found);
    file.facts.dates = (!plan.columns.when.is_empty()).then_some(survey.order);
    let mut warnings = survey.warnings;
    if file.lost_characters > 0 {
        warnings.push(Problem::new("lost_characters", &[("n", &file.lost_characters.to_string())]));
    }
    if request.template.is_some_and(|t| t.parameters_unknown) {
        warnings.push(Problem::new("parameters_unknown", &[("template", &request.campaign.template.name)]));
    }
    Ok(Rows {
        request,
        lines: file.lines().map_err(unreadable)?,
        facts: file.facts,
        warnings,
        zones: Zones::new(request.campaign.timezone.clone(), request.campaign.country.as_deref()),
        seen: Seen::default(),
        tally: Tally::default(),
        not_utf8: Vec::new(),
        columns: Arc::new(plan.columns.names.clone()),
        vars: Arc::new(request.vars.clone()),
        plan,
    })
}

impl Rows<'_> {
    /// What was found out about the file.
    pub fn facts(&self) -> &FileFacts {
        &self.facts
    }

    /// What was counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What is worth a look; complete after the last row.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut all = self.warnings.clone();
        let mut counted = |count: u64, code: &str, more: &[(&str, &str)]| {
            if count > 0 {
                let count = count.to_string();
                let args = [&[("n", count.as_str())], more].concat();
                all.push(Problem::new(code, &args));
            }
        };
        let rows: Vec<String> = self.not_utf8.iter().map(ToString::to_string).collect();
        counted(self.tally.not_utf8, "rows_not_utf8", &[("rows", &rows.join(", "))]);
        counted(self.tally.taken_for_mobiles, "taken_for_mobiles", &[]);
        counted(self.tally.flattened, "flattened", &[]);
        counted(self.tally.other_forms, "other_forms", &[]);
        counted(self.tally.papers, "papers", &[]);
        counted(self.tally.fell_back, "fell_back", &[("language", &self.request.campaign.template.language)]);
        counted(self.tally.goes_earlier, "goes_earlier", &[]);
        counted(self.tally.goes_later, "goes_later", &[]);
        counted(self.tally.overdue, "overdue", &[]);
        counted(self.tally.misses_latest, "misses_latest", &[]);
        counted(self.tally.closed_until_latest, "closed_until_latest", &[]);
        let example = self.zones.unknown_example.as_deref().unwrap_or_default();
        let zone = resolve::zone_name(&self.request.campaign.timezone);
        counted(self.zones.unknown, "unknown_timezones", &[("example", example), ("timezone", &zone)]);
        counted(self.tally.unknown_routes, "unknown_routes", &[]);
        if self.lines.failure().is_some() {
            all.push(Problem::new("audience_cut_short", &[("rows", &self.tally.rows.to_string())]));
        }
        all
    }
}

impl Rows<'_> {
    fn unreadable(&mut self, no: i64, why: &Unreadable) -> RowExclusion {
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
            recipient: String::new(),
            external_id: None,
            name: String::new(),
            cost_centre: String::new(),
            happens_at: None,
            detail,
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = ResolvedRow;

    fn next(&mut self) -> Option<ResolvedRow> {
        let line = self.lines.next()?;
        self.tally.rows += 1;
        let no = self.tally.rows as i64;
        let fate = match line {
            Line::Cells(cells) => self.resolve(no, cells).map_err(|left_out| *left_out),
            Line::Unreadable(why) => Err(self.unreadable(no, &why)),
        };
        let fate = match fate {
            Ok(draft) => {
                self.tally.messages += 1;
                RowFate::Message(draft)
            }
            Err(exclusion) => RowFate::Excluded(exclusion),
        };
        Some(ResolvedRow { no, fate })
    }
}

/// The detail of a row that an earlier run has sent.
pub fn sent_in(run: RunId) -> String {
    format!("sent_in_run: {run}")
}

/// The detail of a row whose person was told another time, which the campaign leaves so.
pub fn moved_and_left() -> String {
    "moved_and_left".to_owned()
}

/// The sentence of an exclusion's detail; a detail that has none, or an empty one, as it is.
pub fn explain(language: Language, detail: &str) -> String {
    let (word, fact) = detail.split_once(": ").unwrap_or((detail, ""));
    let key = format!("detail.{word}");
    let sentence = locale::say(language, &key, &[("fact", fact)]);
    if sentence == key { detail.to_owned() } else { sentence }
}
