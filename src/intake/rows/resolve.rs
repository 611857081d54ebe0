//! From the cells of one row to a message or an exclusion.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use minijinja::value::Value;

use crate::domain::exclusion::ExclusionReason;
use crate::domain::phone::Phone;
use crate::domain::schedule::{self, Due, NotDue, Shift};
use crate::domain::time::UnixMs;

use super::super::audience::DateOrder;
use super::super::campaign_file::{Labelled, is_route};
use super::super::content::Picked;
use super::super::expression::{RowValues, Style, WHEN, When};
use super::super::phone_number::{self, is_marketing};
use super::plan::label;
use super::seen::Key;
use super::when::{self, HasTime, NoMoment};
use super::{Draft, RowExclusion, Rows};

/// A row's date and time: the instant, and the wall clock it is printed with.
#[derive(Clone, Copy)]
struct Happens {
    at: UnixMs,
    local: DateTime,
    has_time: bool,
}

/// Whom a row is for, as its cells say it.
struct Who {
    given: String,
    external_id: Option<String>,
    name: String,
    cost_centre: String,
    happens_at: Option<UnixMs>,
}

/// Why a row becomes no message, and the word of the detail.
type Why = (ExclusionReason, String);

impl Who {
    fn left_out(self, reason: ExclusionReason, detail: String) -> RowExclusion {
        let Self { given: recipient, external_id, name, cost_centre, happens_at } = self;
        RowExclusion { reason, recipient, external_id, name, cost_centre, happens_at, detail }
    }
}

impl Rows<'_> {
    /// Decides one row.
    pub(super) fn resolve(&mut self, no: i64, cells: Vec<String>) -> Result<Box<Draft>, Box<RowExclusion>> {
        let own_zone = self.plan.columns.timezone.and_then(|place| cells.get(place)).cloned();
        let own_zone = own_zone.and_then(|cell| self.zones.of_cell(&cell));
        let happens = self.happens(&cells, own_zone.as_ref());
        let who = Who {
            given: cells.get(self.plan.columns.phone).cloned().unwrap_or_default(),
            external_id: self.external_id(&cells),
            name: self.plan.columns.name.and_then(|place| cells.get(place)).cloned().unwrap_or_default(),
            cost_centre: label(&self.request.campaign.cost_centre, self.plan.columns.cost_centre, &cells),
            happens_at: happens.as_ref().ok().and_then(|h| h.map(|h| h.at)),
        };
        let decided = self.decide(no, cells, &who, (own_zone, happens));
        decided.map_err(|(reason, detail)| Box::new(who.left_out(reason, detail)))
    }

    /// The order is the order in which a person would ask: is it wanted at all, can it be sent to, is it new, is it in time,
    /// is everything there.
    fn decide(
        &mut self,
        no: i64,
        cells: Vec<String>,
        who: &Who,
        (own_zone, happens): (Option<TimeZone>, Result<Option<Happens>, NoMoment>),
    ) -> Result<Box<Draft>, Why> {
        let picked = self.plan.contents.pick(&cells);
        let style = self.plan.contents.style(picked.as_ref().ok().copied());
        let values = self.values(cells, happens.as_ref().ok().copied().flatten(), style);
        let row = Value::from_dyn_object(Arc::clone(&values));
        if !self.is_selected(&row, happens.as_ref().err().copied())? {
            return Err((ExclusionReason::NotSelected, String::new()));
        }
        let to = self.phone(&who.given)?;
        let picked =
            picked.map_err(|language| (ExclusionReason::NoTranslation, format!("no_translation: {language}")))?;
        self.reachable(&to, picked)?;
        let happens = happens.map_err(|e| (ExclusionReason::BadWhen, self.no_moment(e, &values.cells)))?;
        let happens_at = happens.map(|h| h.at);
        let key = self.key(&to, who.external_id.as_deref(), happens_at);
        if let Some(earlier) = self.seen.earlier(&key) {
            return Err((ExclusionReason::Duplicate, format!("same_as_row: {earlier}")));
        }
        let zone = own_zone.unwrap_or_else(|| self.zones.of_person(&to));
        let due = self.due(&to, happens_at, &zone);
        let due = due.map_err(|why| (ExclusionReason::TooLate, self.not_due(why, happens)))?;
        let filled = self.plan.contents.at(picked).fill(&row, &values.cells);
        let (fill, flattened) = filled.map_err(|unfit| (unfit.reason, unfit.detail))?;
        let draft = Draft {
            name: who.name.clone(),
            external_id: who.external_id.clone(),
            happens_at,
            timezone: zone_name(&zone),
            due_at: due.due_at,
            latest_at: due.latest_at,
            fill,
            cost_centre: who.cost_centre.clone(),
            route: self.route(&values.cells),
            key: self.key_text(&key, happens_at),
            flattened,
            to,
            given: who.given.clone(),
        };
        self.seen.remember(key, no);
        self.count(&draft, due.shift, picked);
        Ok(Box::new(draft))
    }

    /// Whether anything like this is delivered there.
    fn reachable(&self, to: &Phone, picked: Picked) -> Result<(), Why> {
        let marketing = is_marketing(self.request.campaign.kind, self.plan.contents.at(picked).category);
        let closed = self.plan.closed.because(to, marketing);
        closed.map_or(Ok(()), |why| Err((ExclusionReason::Unreachable, why)))
    }

    /// The number of the phone cell. The number of somebody's papers is none, even where a phone could be written so.
    fn phone(&mut self, given: &str) -> Result<Phone, Why> {
        let read = phone_number::read(given, self.plan.home.as_ref());
        let paper = match read {
            Ok(_) => phone_number::certain_paper(given),
            Err(_) => phone_number::paper(given),
        };
        if let Some(paper) = paper {
            self.tally.papers += 1;
            return Err((ExclusionReason::BadPhone, format!("paper: {}", paper.as_str())));
        }
        read.map_err(|e| (e.reason(), e.detail().to_owned()))
    }

    fn values(&self, cells: Vec<String>, happens: Option<Happens>, style: Style) -> Arc<RowValues> {
        let when = happens.map(|h| When { local: h.local, has_time: h.has_time, style });
        Arc::new(RowValues { cells, columns: Arc::clone(&self.columns), vars: Arc::clone(&self.vars), when })
    }

    /// The date and time, `None` where the campaign has no use for one. It is written on the clock of the row's own
    /// zone, else the campaign's: a clinic writes its appointments in its own time, wherever the patient's phone is from.
    fn happens(&self, cells: &[String], own_zone: Option<&TimeZone>) -> Result<Option<Happens>, NoMoment> {
        let places = &self.plan.columns.when;
        if places.is_empty() {
            return Ok(None);
        }
        let parts: Vec<&str> = places.iter().filter_map(|p| cells.get(*p)).map(String::as_str).collect();
        let order = self.facts.dates.unwrap_or(DateOrder::DayFirst);
        let zone = own_zone.cloned().unwrap_or_else(|| self.zones.campaign());
        let moment = when::read(&parts, order)?;
        let (at, local, has_time) = moment.in_zone(&zone).ok_or(NoMoment::Unreadable)?;
        Ok(Some(Happens { at, local, has_time: has_time == HasTime::Yes }))
    }

    fn is_selected(&self, row: &Value, bad_when: Option<NoMoment>) -> Result<bool, Why> {
        let Some(only) = &self.plan.only else { return Ok(true) };
        match (only.holds(row), bad_when) {
            (Ok(holds), _) => Ok(holds),
            (Err(_), Some(bad)) if only.uses(WHEN) => Err((ExclusionReason::BadWhen, bad.to_string())),
            (Err(_), _) => Err((ExclusionReason::BadValue, "expression: columns.only".to_owned())),
        }
    }

    fn no_moment(&self, why: NoMoment, cells: &[String]) -> String {
        let parts: Vec<&str> =
            self.plan.columns.when.iter().filter_map(|p| cells.get(*p)).map(String::as_str).collect();
        match why {
            NoMoment::Unreadable => format!("{why}: {}", parts.join(" ")),
            NoMoment::NoDate | NoMoment::NoTime => why.to_string(),
        }
    }

    fn external_id(&self, cells: &[String]) -> Option<String> {
        self.plan.columns.id.and_then(|place| cells.get(place)).filter(|id| !id.is_empty()).cloned()
    }

    fn key(&self, to: &Phone, id: Option<&str>, happens_at: Option<UnixMs>) -> Key {
        match id.filter(|_| self.plan.columns.id_is_key) {
            Some(id) => Key::of_appointment(id, happens_at),
            None => Key::of_person(to),
        }
    }

    /// In a standing run the next appointment of a person is another message, also where rows have no ids.
    fn key_text(&self, key: &Key, happens_at: Option<UnixMs>) -> String {
        match (key, happens_at) {
            (Key::Person(_), Some(at)) if self.request.campaign.is_standing() => format!("{}|{}", key.text(), at.0),
            _ => key.text(),
        }
    }

    fn due(&self, to: &Phone, happens_at: Option<UnixMs>, zone: &TimeZone) -> Result<Due, NotDue> {
        let schedule = &self.request.campaign.schedule;
        schedule::due(schedule, happens_at, self.request.started_at, zone, self.plan.hours.of_person(to))
    }

    /// Counts a row that is too late, and says what it was for.
    fn not_due(&mut self, why: NotDue, happens: Option<Happens>) -> String {
        if why == NotDue::Closed {
            self.tally.closed_until_latest += 1;
            return "closed_until_latest".to_owned();
        }
        self.tally.misses_latest += 1;
        happens.map(|h| format!("happens: {}", h.local.strftime("%Y-%m-%d %H:%M"))).unwrap_or_default()
    }

    fn route(&mut self, cells: &[String]) -> String {
        let route = label(&self.request.campaign.replies.route, self.plan.columns.route, cells);
        if matches!(self.request.campaign.replies.route, Labelled::Column(_)) && !route.is_empty() && !is_route(&route)
        {
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
    }
}

/// Name of a time zone in the IANA database.
pub(super) fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}
