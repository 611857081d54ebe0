//! What a result file says of a message, in words and times.

use jiff::tz::TimeZone;

use super::cell::Cell;
use super::fates::{Fate, RowResult};
use crate::domain::amend::TakenBack;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::failure::sentence_key;
use crate::domain::message::MessageState as S;
use crate::domain::money::Micros;
pub(super) use crate::domain::outcome::{ANSWERED, NO_ANSWER, TO_BE_READ};
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;
use crate::intake::phone_number::{self, Home};
use crate::intake::rows::explain;
use crate::locale::{Language, say, sentences};
use crate::store::exclusion::Exclusion;
use crate::store::message::LEFT;
use crate::store::view::result::Told;

/// Columns after the user's own.
pub(super) const COLUMNS: [&str; 8] =
    ["state", "sent_at", "delivered_at", "read_at", "reason", "cost", "currency", "answer"];

/// Where among them the reason stands.
const REASON: usize = 4;

/// Where among them the cost stands.
const COST: usize = 5;

/// Where among them the answer stands.
const ANSWER: usize = 7;

/// How things are told.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub language: Language,
    pub zone: TimeZone,
    /// Where numbers written without a country are from.
    pub home: Option<Home>,
}

impl Voice {
    /// The names of the columns after the user's own.
    pub fn header(&self) -> Vec<String> {
        COLUMNS.iter().map(|name| say(self.language, &format!("results.{name}"), &[])).collect()
    }

    /// The cells of a row, whatever files spoke of it.
    pub fn fate(&self, fate: &Fate) -> Vec<Cell> {
        let mut cells = self.became(fate);
        cells[ANSWER] = self.answer(fate.word.as_deref());
        cells
    }

    /// The cells without the answer.
    fn became(&self, fate: &Fate) -> Vec<Cell> {
        let mut cells = match (&fate.now, &fate.before) {
            (RowResult::Message(told), _) => self.message(told, None),
            // What was sent before the file left it out stays so.
            (RowResult::LeftOut(left), Some(before)) => {
                let mut cells = self.message(before, None);
                if let Some(why) = self.why_left_out_after(left, before) {
                    cells[REASON] = Cell::Word(why);
                }
                cells
            }
            (RowResult::LeftOut(left), None) => self.left_out(left),
        };
        let RowResult::Message(now) = &fate.now else { return with_cost(cells, fate.cost_before, fate) };
        if let Some(before) = &fate.before {
            let state = say(self.language, &format!("web.state.{}", before.state.as_str()), &[]);
            let at = self.time(before.sent_at.or(before.accepted_at)).text(false);
            // A number that was corrected meanwhile: the row has the new one.
            let is_same = before.recipient.is_empty() || person(&before.recipient) == person(&now.recipient);
            let (key, to) = (if is_same { "results.before" } else { "results.before_to" }, with_plus(before));
            let said = say(self.language, key, &[("state", &state), ("at", &at), ("to", &to)]);
            let both =
                [cells[REASON].words(), &said].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("; ");
            cells[REASON] = Cell::Word(both);
        }
        with_cost(cells, Micros(now.charged.0 + fate.cost_before.0), fate)
    }

    /// The cells of a message; `word` is what was answered about what it is about.
    pub fn message(&self, told: &Told, word: Option<&str>) -> Vec<Cell> {
        let state = say(self.language, &format!("web.state.{}", told.state.as_str()), &[]);
        let sent = told.sent_at.or(told.accepted_at);
        let costs = told.charged != Micros::default();
        vec![
            Cell::Word(state),
            self.time(sent),
            self.time(told.delivered_at),
            self.time(told.read_at),
            Cell::Word(self.reason(told)),
            if costs { Cell::Amount(told.charged) } else { Cell::Empty },
            if costs { Cell::word(told.currency.as_str()) } else { Cell::Empty },
            self.answer(word),
        ]
    }

    /// The cells of a row that became no message.
    pub fn left_out(&self, left: &Exclusion) -> Vec<Cell> {
        let mut cells = vec![Cell::Empty; COLUMNS.len()];
        cells[0] = Cell::Word(say(self.language, "web.state.excluded", &[]));
        cells[REASON] = Cell::Word(self.why_left_out(left));
        cells
    }

    pub fn why_left_out(&self, left: &Exclusion) -> String {
        let reason = say(self.language, &format!("web.reason.{}", left.reason.as_str()), &[]);
        let detail = explain(self.language, &left.detail);
        let bare = |text: &str| text.trim_end_matches('.').to_lowercase();
        match bare(&detail) {
            same if same.is_empty() || same == bare(&reason) => reason,
            _ => format!("{reason}: {detail}"),
        }
    }

    /// Why a row was left out whose message had been sent before, and to which number that was, where the row has another
    /// by now; `None`: nothing was wrong with it in time.
    fn why_left_out_after(&self, left: &Exclusion, before: &Told) -> Option<String> {
        let read = phone_number::read(&left.recipient, self.home.as_ref()).ok();
        let is_same = read.is_some_and(|to| to.person_key() == person(&before.recipient));
        if is_same || before.recipient.is_empty() {
            return (left.reason != ExclusionReason::TooLate).then(|| self.why_left_out(left));
        }
        let went = say(self.language, "results.sent_to", &[("to", &with_plus(before))]);
        Some(format!("{}. {went}", self.why_left_out(left).trim_end_matches('.')))
    }

    /// Why it was not sent or did not arrive; empty where it did.
    pub fn reason(&self, told: &Told) -> String {
        let reason = told.end_reason.as_deref().unwrap_or_default();
        let known = ExclusionReason::parse(reason).is_some() || TakenBack::parse(reason).is_some();
        match told.state {
            S::Failed => {
                let key = sentence_key(told.failure_code.unwrap_or(0));
                let own = format!("failure.{}", told.failure_code.unwrap_or(0));
                let key = if sentences(self.language).contains_key(&own) { own } else { key.clone() };
                say(self.language, &key, &[])
            }
            S::Cancelled if reason == LEFT => say(self.language, "web.message.left_in_doubt", &[]),
            S::Excluded | S::Cancelled if known => say(self.language, &format!("web.reason.{reason}"), &[]),
            _ => String::new(),
        }
    }

    fn answer(&self, word: Option<&str>) -> Cell {
        word.map_or(Cell::Empty, |word| Cell::Given(self.outcome(word)))
    }

    fn outcome(&self, word: &str) -> String {
        let keys = [format!("web.outcome.{word}"), format!("results.outcome.{word}")];
        let known = keys.iter().find(|key| sentences(self.language).contains_key(*key));
        known.map_or_else(|| word.to_owned(), |key| say(self.language, key, &[]))
    }

    /// On the campaign's clock, to the minute.
    pub fn time(&self, at: Option<UnixMs>) -> Cell {
        at.map_or(Cell::Empty, |at| Cell::Moment(at.in_zone(&self.zone).datetime()))
    }
}

pub(super) fn with_plus(told: &Told) -> String {
    if told.recipient.is_empty() { String::new() } else { format!("+{}", told.recipient) }
}

/// What every way of writing a number shares.
fn person(digits: &str) -> String {
    Phone::from_international(digits).map_or_else(|| digits.to_owned(), |phone| phone.person_key())
}

/// What everything about the row has cost.
fn with_cost(mut cells: Vec<Cell>, cost: Micros, fate: &Fate) -> Vec<Cell> {
    if let Some(before) = &fate.before
        && cost != Micros::default()
    {
        cells[COST] = Cell::Amount(cost);
        cells[COST + 1] = Cell::word(before.currency.as_str());
    }
    cells
}

/// What was answered, as one fixed word; `None`: nothing can have been answered.
pub(super) fn outcome(told: &Told) -> Option<&str> {
    match (&told.outcome, told.conversations, told.state) {
        (Some(word), ..) => Some(word),
        (None, 1.., _) if told.waiting > 0 => Some(TO_BE_READ),
        (None, 1.., _) => Some(ANSWERED),
        (None, _, S::Delivered | S::Read) => Some(NO_ANSWER),
        _ => None,
    }
}
