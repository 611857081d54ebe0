//! From the cells of one row to a message or an exclusion.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use minijinja::value::Value;

use crate::domain::exclusion::ExclusionReason;
use crate::domain::kind::CampaignKind;
use crate::domain::phone::Phone;
use crate::domain::schedule::{self, Due, NotDue, Shift};
use crate::domain::time::UnixMs;

use super::super::audience::{DateOrder, Repair, Take};
use super::super::campaign_file::{Labelled, is_route};
use super::super::content::Picked;
use super::super::expression::{RowValues, Style, WHEN, When};
use super::super::phone_number::{self, NotAPhone};
use super::damage::{self, FoundPhone};
use super::plan::{Plan, label};
use super::seen::{Key, Same};
use super::tally::Tally;
use super::when::{self, NoMoment};
use super::who::{self, Who};
use super::zones::{self, Zones};
use super::{Draft, RowExclusion, RowsRequest, beginning, detail};

mod agreed;
mod moment;

use moment::Happens;

/// The word of a row that has the id of another person's row.
pub(super) const SAME_ID: &str = "same_id_as_row";

/// Why a row becomes no message, and the word of the detail.
type Why = (ExclusionReason, String);

/// Decides rows, each by itself: what depends on the rows before it is settled afterwards. Several of them work at once.
pub(super) struct Resolver<'a> {
    request: &'a RowsRequest<'a>,
    plan: Arc<Plan<'a>>,
    dates: DateOrder,
    /// Dates come as the numbers of their days.
    serial_dates: bool,
    pub(super) zones: Zones,
    pub(super) repairs: BTreeMap<Repair, u64>,
    columns: Arc<BTreeMap<String, usize>>,
    vars: Arc<BTreeMap<String, String>>,
    /// Of the row in hand.
    tally: Tally,
    key: Option<Key>,
    /// Numbers of the row in hand that a text would not tell the value of.
    numbers: Vec<usize>,
    /// What the person of the row in hand is called, where somebody knows.
    client: Option<String>,
}

/// A row as it was read.
pub(super) struct Raw {
    pub(super) cells: Vec<String>,
    pub(super) is_hidden: bool,
    /// Numbers that a text would not tell the value of.
    pub(super) numbers: Vec<usize>,
    /// What its person is called, where somebody knows.
    pub(super) client: Option<String>,
}

/// A row, decided but for the rows before it.
pub(super) struct Decided {
    pub(super) fate: Result<Box<Draft>, Box<RowExclusion>>,
    /// What makes its message unique, where it came as far as that.
    pub(super) key: Option<Key>,
    /// What it adds to the tally, if it is not a double.
    pub(super) noted: Tally,
}

impl Decided {
    /// Its exclusion: an earlier row became a message for the same.
    pub(super) fn doubles(self, earlier: Same) -> RowExclusion {
        let word = if earlier.other_person { SAME_ID } else { "same_as_row" };
        let (reason, detail) = (ExclusionReason::Duplicate, format!("{word}: {}", earlier.row));
        match self.fate {
            Err(exclusion) => RowExclusion { reason, detail, ..*exclusion },
            Ok(draft) => RowExclusion {
                reason,
                recipient: draft.given,
                external_id: draft.external_id,
                name: draft.name,
                cost_centre: draft.cost_centre,
                happens_at: draft.happens_at,
                to: Some(draft.to),
                detail,
            },
        }
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn new(request: &'a RowsRequest<'a>, plan: Plan<'a>, dates: DateOrder, serial_dates: bool) -> Self {
        let columns = Arc::new(plan.columns.names.clone());
        Self {
            request,
            plan: Arc::new(plan),
            dates,
            serial_dates,
            zones: Zones::new(request.campaign.timezone.clone()),
            repairs: BTreeMap::new(),
            columns,
            vars: Arc::new(request.vars.clone()),
            tally: Tally::default(),
            key: None,
            numbers: Vec::new(),
            client: None,
        }
    }

    /// Another one for the same rows.
    pub(super) fn twin(&self) -> Self {
        Self {
            request: self.request,
            plan: Arc::clone(&self.plan),
            dates: self.dates,
            serial_dates: self.serial_dates,
            zones: Zones::new(self.request.campaign.timezone.clone()),
            repairs: BTreeMap::new(),
            columns: Arc::clone(&self.columns),
            vars: Arc::clone(&self.vars),
            tally: Tally::default(),
            key: None,
            numbers: Vec::new(),
            client: None,
        }
    }

    /// What it decides rows by.
    pub(super) fn plan(&self) -> Arc<Plan<'a>> {
        Arc::clone(&self.plan)
    }

    /// Decides one row.
    pub(super) fn decide(&mut self, row: Raw) -> Decided {
        (self.numbers, self.client) = (row.numbers, row.client);
        let fate = self.resolve(row.cells, row.is_hidden);
        Decided { fate, key: self.key.take(), noted: std::mem::take(&mut self.tally) }
    }

    /// Decides one row; its number is the first of those it has that can be sent to.
    fn resolve(&mut self, cells: Vec<String>, is_hidden: bool) -> Result<Box<Draft>, Box<RowExclusion>> {
        let cells = self.repaired(cells);
        let own_zone = self.plan.columns.timezone.and_then(|place| cells.get(place)).cloned();
        let own_zone = own_zone.and_then(|cell| self.zones.of_cell(&cell));
        let happens = self.happens(&cells, own_zone.as_ref());
        let found = self.plan.number(&cells);
        let cost_centre = label(&self.request.campaign.cost_centre, self.plan.columns.cost_centre, &cells);
        let mut who = Who::of(&cells, &found.given, &self.plan.columns).paid_by(&cost_centre, &self.plan.columns);
        who.happens_at = happens.as_ref().ok().and_then(|h| h.map(|h| h.at));
        who.to = found.to.as_ref().ok().filter(|_| found.is_good()).cloned();
        self.tally.several_phones += u64::from(found.is_one_of_several && found.is_good());
        let weighed = self.weigh((cells, is_hidden), &who, found, (own_zone, happens));
        weighed.map_err(|(reason, detail)| Box::new(who.left_out(reason, &detail)))
    }

    /// The order is the order in which a person would ask: is it wanted at all, can it be sent to, is it in time, is
    /// everything there.
    fn weigh(
        &mut self,
        (cells, is_hidden): (Vec<String>, bool),
        who: &Who,
        found: FoundPhone,
        (own_zone, happens): (Option<TimeZone>, Result<Option<Happens>, NoMoment>),
    ) -> Result<Box<Draft>, Why> {
        let picked = self.plan.contents.pick(&cells);
        let style = self.plan.contents.style(picked.as_ref().ok().copied());
        let values = self.values(cells, happens.as_ref().ok().copied().flatten(), style);
        let row = Value::from_dyn_object(Arc::clone(&values));
        self.is_wanted(&row, &values.cells, is_hidden, happens.as_ref().err().copied())?;
        let to = self.phone(found)?;
        let picked =
            picked.map_err(|language| (ExclusionReason::NoTranslation, format!("no_translation: {language}")))?;
        self.reachable(&to, picked)?;
        if let Some(column) = who.too_long {
            return Err((ExclusionReason::BadValue, format!("cell_too_long: {}", self.header(column))));
        }
        let consent = self.consent(&values.cells, picked)?;
        let happens = happens.map_err(|e| (ExclusionReason::BadWhen, self.no_moment(e, &values.cells)))?;
        let happens_at = happens.map(|h| h.at);
        let key_text = self.keyed(&to, who.external_id.as_deref(), happens_at);
        if let Some(column) = damage::error_in(&values.cells, &self.plan.used) {
            return Err((ExclusionReason::BadValue, format!("cell_error: {}", self.header(column))));
        }
        let zone = own_zone.unwrap_or_else(|| self.zones.of_person(&to));
        let due = self.due(&to, happens_at, &zone);
        let due = due.map_err(|why| (ExclusionReason::TooLate, self.not_due(why, happens)))?;
        let odd = happens.filter(|h| h.names_other_weekday).map(|_| self.moment_cells(&values.cells).join(" "));
        let filled = self.plan.contents.at(picked).fill(&row, &values.cells);
        let (fill, flattened) = filled.map_err(|unfit| (unfit.reason, unfit.detail))?;
        // An offer that is over is made to nobody.
        let ends = fill.offer_ends_at;
        if ends.is_some_and(|ends| ends <= due.due_at) {
            return Err((ExclusionReason::TooLate, "offer_over".to_owned()));
        }
        let draft = Draft {
            others: self.plan.other_numbers(&values.cells, &to),
            name: who.name.clone(),
            external_id: who.external_id.clone(),
            happens_at,
            timezone: zones::name(&zone),
            due_at: due.due_at,
            latest_at: due.latest_at.into_iter().chain(ends).min(),
            fill,
            cost_centre: who.cost_centre.clone(),
            route: self.route(&values.cells),
            consent,
            key: key_text,
            flattened,
            to,
            given: who.given.clone(),
        };
        self.count_moment(happens, odd);
        self.count(&draft, due.shift, picked);
        Ok(Box::new(draft))
    }

    /// The cells with what a spreadsheet did to numbers undone, where it is certain what they were.
    fn repaired(&mut self, mut cells: Vec<String>) -> Vec<String> {
        let plan = Arc::clone(&self.plan);
        let numbers = plan.columns.phones.iter().flatten().copied().chain(plan.columns.id.iter().copied());
        for place in numbers {
            if let Some(digits) = cells.get(place).and_then(|cell| damage::whole_number(cell)) {
                cells[place] = digits;
                *self.repairs.entry(Repair::Exponent).or_default() += 1;
            }
        }
        // Filters read a cell by itself, and day first.
        for place in plan.columns.when.iter().copied().filter(|_| self.dates == DateOrder::YearFirst) {
            if let Some(date) = cells.get(place).and_then(|cell| when::with_century(cell)) {
                cells[place] = date;
            }
        }
        for place in plan.columns.when.iter().copied().filter(|_| self.serial_dates) {
            if let Some(date) = cells.get(place).and_then(|cell| damage::serial_date(cell)) {
                cells[place] = date;
                *self.repairs.entry(Repair::SerialDate).or_default() += 1;
            }
        }
        cells
    }

    /// Whether a row is to be taken: it is what the campaign wants.
    fn is_wanted(&self, row: &Value, cells: &[String], is_hidden: bool, bad_when: Option<NoMoment>) -> Result<(), Why> {
        let not_selected = |why: &str| Err((ExclusionReason::NotSelected, why.to_owned()));
        let rules = &self.request.campaign.reading;
        if is_hidden && rules.hidden_rows == Some(Take::LeaveOut) {
            return not_selected("hidden_row");
        }
        if rules.total_rows == Some(Take::LeaveOut) && damage::is_total(cells, &self.plan.columns.phones) {
            return not_selected("total_row");
        }
        if !self.is_selected(row, bad_when)? {
            return not_selected("");
        }
        Ok(())
    }

    fn header(&self, place: usize) -> &str {
        self.plan.header.get(place).map(String::as_str).unwrap_or_default()
    }

    /// Whether anything like this is delivered there.
    fn reachable(&self, to: &Phone, picked: Picked) -> Result<(), Why> {
        let closed = self.plan.closed_because(to, Some(picked));
        closed.map_or(Ok(()), |why| Err((ExclusionReason::Unreachable, why)))
    }

    /// The number of the phone cell. The number of somebody's papers is none, even where a phone could be written so.
    fn phone(&mut self, found: FoundPhone) -> Result<Phone, Why> {
        self.tally.papers += u64::from(found.paper.is_some());
        self.tally.services += u64::from(found.to == Err(NotAPhone::Service));
        match (found.wrong(), found.to) {
            (None, Ok(to)) => Ok(to),
            (Some(detail), Err(why)) if found.paper.is_none() => Err((why.reason(), detail)),
            (detail, _) => Err((ExclusionReason::BadPhone, detail.unwrap_or_default())),
        }
    }

    fn values(&mut self, cells: Vec<String>, happens: Option<Happens>, style: Style) -> Arc<RowValues> {
        let when = happens.map(|h| When { local: h.local, has_time: h.has_time, style });
        let (columns, vars) = (Arc::clone(&self.columns), Arc::clone(&self.vars));
        // A name of one column stands in its cell.
        let joined = Some(who::name(&cells, &self.plan.columns.name)).filter(|name| !name.is_empty());
        let joined = joined.filter(|_| self.plan.columns.name.len() > 1);
        let (client, numbers) = (joined.or(self.client.take()), std::mem::take(&mut self.numbers));
        Arc::new(RowValues { cells, columns, vars, when, client, numbers })
    }

    fn is_selected(&self, row: &Value, bad_when: Option<NoMoment>) -> Result<bool, Why> {
        let Some(only) = &self.plan.only else { return Ok(true) };
        match (only.holds(row), bad_when) {
            (Ok(holds), _) => Ok(holds),
            (Err(_), Some(bad)) if only.uses(WHEN) => Err((ExclusionReason::BadWhen, bad.to_string())),
            (Err(failed), _) => Err((ExclusionReason::BadValue, detail::of_only(failed.refused))),
        }
    }

    /// The text of its key, which is kept for the rows after it.
    fn keyed(&mut self, to: &Phone, id: Option<&str>, happens_at: Option<UnixMs>) -> String {
        let key = self.key(to, id, happens_at);
        let text = key.text();
        self.key = Some(key);
        text
    }

    /// Where rows have no ids, two times of one person are two appointments of a reminder; a promotion is for the person.
    fn key(&self, to: &Phone, id: Option<&str>, happens_at: Option<UnixMs>) -> Key {
        let campaign = self.request.campaign;
        let is_of_time = campaign.is_standing() || campaign.kind == CampaignKind::Reminder;
        match (id.filter(|_| self.plan.columns.id_is_key), happens_at.filter(|_| is_of_time)) {
            (Some(id), _) => Key::of_appointment(id, happens_at, to),
            (None, Some(at)) => Key::of_person_at(to, at),
            (None, None) => Key::of_person(to),
        }
    }

    fn due(&self, to: &Phone, happens_at: Option<UnixMs>, zone: &TimeZone) -> Result<Due, NotDue> {
        let schedule = &self.request.campaign.schedule;
        schedule::due(schedule, happens_at, self.request.started_at, zone, self.plan.hours.of_person(to))
    }

    fn route(&mut self, cells: &[String]) -> String {
        let route = label(&self.request.campaign.replies.route, self.plan.columns.route, cells);
        let is_fixed = matches!(self.request.campaign.replies.route, Labelled::Fixed(_));
        if !is_fixed && !route.is_empty() && (!is_route(&route) || beginning(&route).len() < route.len()) {
            self.tally.unknown_routes += 1;
            return String::new();
        }
        route
    }

    fn count(&mut self, draft: &Draft, shift: Shift, picked: Picked) {
        self.tally.fell_back += u64::from(picked == Picked::FallenBack);
        let written: String = draft.given.chars().filter(char::is_ascii_digit).collect();
        let has_code = written.trim_start_matches('0').starts_with(&draft.to.digits()[..2]) && written.len() >= 11;
        self.tally.completed_numbers += u64::from(!has_code);
        self.tally.taken_for_mobiles += u64::from(phone_number::taken_for_mobile(&draft.given, &draft.to));
        self.tally.flattened += u64::from(draft.flattened);
        self.tally.other_forms += u64::from(phone_number::is_other_form(&draft.to));
        self.tally.goes_earlier += u64::from(shift == Shift::Earlier);
        self.tally.goes_later += u64::from(shift == Shift::Later);
        self.tally.overdue += u64::from(shift == Shift::Overdue);
        if let (Shift::Earlier | Shift::Later, Some(law)) = (shift, self.plan.hours.law_of(&draft.to)) {
            self.tally.lawful += 1;
            self.tally.laws.insert(law.to_owned());
        }
    }
}

/// The number of a row's cells, as deciding it finds it.
pub(super) fn number_of(plan: &Plan<'_>, cells: &[String]) -> Option<Phone> {
    let mut cells = cells.to_vec();
    for place in plan.columns.phones.iter().flatten() {
        if let Some(digits) = cells.get(*place).and_then(|cell| damage::whole_number(cell)) {
            cells[*place] = digits;
        }
    }
    let found = plan.number(&cells);
    if found.is_good() { found.to.ok() } else { None }
}
