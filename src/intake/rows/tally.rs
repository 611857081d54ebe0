//! What is counted while rows are read.

use std::collections::BTreeSet;

use serde::Serialize;

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
    /// Rows with the number of a service in place of a person's.
    pub services: u64,
    /// Messages in the campaign's language, because the template is not approved in the row's.
    pub fell_back: u64,
    /// Messages due before the time that the schedule says, because it is closed then.
    pub goes_earlier: u64,
    /// Messages due after it, because it is closed then.
    pub goes_later: u64,
    /// Messages due at another time than the schedule says, whose people are protected by a law about hours.
    pub lawful: u64,
    /// The names of those laws.
    #[serde(skip)]
    pub laws: BTreeSet<String>,
    /// Messages whose time had passed at the start, and that are due at once.
    pub overdue: u64,
    /// Rows whose latest time has passed at the start, or comes before they are due.
    pub misses_latest: u64,
    /// Rows for which no open moment is left before their latest time.
    pub closed_until_latest: u64,
    /// Messages to the first of several numbers in a row that can be sent to.
    pub several_phones: u64,
    /// Messages whose column of routes holds no route.
    pub unknown_routes: u64,
    /// Rows that are no UTF-8 in a file that is.
    pub not_utf8: u64,
    /// Rows left out of marketing whose column of consents says neither yes nor no.
    pub consent_unclear: u64,
    /// What the first of them says.
    #[serde(skip)]
    pub unclear_consent: Option<String>,
    /// Marks in columns of refusals.
    #[serde(flatten)]
    pub dashes: Dashes,
    /// What is odd about dates.
    #[serde(flatten)]
    pub dates: OddDates,
}

/// Rows of marketing whose columns of those who want none hold a mark that stands for nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Dashes {
    /// How many.
    pub refusal_dashes: u64,
    /// The first of those marks.
    #[serde(skip)]
    pub refusal_dash: Option<String>,
}

impl Dashes {
    pub(super) fn see(&mut self, mark: &str) {
        self.refusal_dashes += 1;
        self.refusal_dash.get_or_insert_with(|| mark.to_owned());
    }

    fn add(&mut self, more: &Self) {
        self.refusal_dashes += more.refusal_dashes;
        keep_first(&mut self.refusal_dash, more.refusal_dash.as_ref());
    }
}

fn keep_first(kept: &mut Option<String>, more: Option<&String>) {
    if kept.is_none() {
        *kept = more.cloned();
    }
}

/// Messages with dates that are worth a look.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct OddDates {
    /// Messages reckoned from a date without a time: from midnight.
    pub without_time: u64,
    /// Messages whose date is another weekday than the one that its cell names.
    pub other_weekdays: u64,
    /// What the first of them says.
    #[serde(skip)]
    pub other_weekday: Option<String>,
}

impl OddDates {
    fn add(&mut self, more: &Self) {
        let Self { without_time, other_weekdays, other_weekday } = more;
        self.without_time += without_time;
        self.other_weekdays += other_weekdays;
        if self.other_weekday.is_none() {
            self.other_weekday.clone_from(other_weekday);
        }
    }
}

impl Tally {
    /// Adds what one row brought.
    pub(super) fn add(&mut self, more: &Self) {
        // Taken apart, so that what is counted anew is added too.
        let Self {
            rows,
            messages,
            flattened,
            completed_numbers,
            taken_for_mobiles,
            other_forms,
            papers,
            services,
            fell_back,
            goes_earlier,
            goes_later,
            lawful,
            laws,
            overdue,
            misses_latest,
            closed_until_latest,
            several_phones,
            unknown_routes,
            not_utf8,
            consent_unclear,
            unclear_consent,
            dashes,
            dates,
        } = more;
        self.rows += rows;
        self.messages += messages;
        self.flattened += flattened;
        self.completed_numbers += completed_numbers;
        self.taken_for_mobiles += taken_for_mobiles;
        self.other_forms += other_forms;
        self.papers += papers;
        self.services += services;
        self.fell_back += fell_back;
        self.goes_earlier += goes_earlier;
        self.goes_later += goes_later;
        self.lawful += lawful;
        if !laws.is_subset(&self.laws) {
            self.laws.extend(laws.iter().cloned());
        }
        self.overdue += overdue;
        self.misses_latest += misses_latest;
        self.closed_until_latest += closed_until_latest;
        self.several_phones += several_phones;
        self.unknown_routes += unknown_routes;
        self.not_utf8 += not_utf8;
        self.consent_unclear += consent_unclear;
        keep_first(&mut self.unclear_consent, unclear_consent.as_ref());
        self.dashes.add(dashes);
        self.dates.add(dates);
    }
}
