//! What is counted while rows are read.

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
    /// Messages to the first good one of several numbers in a row.
    pub several_phones: u64,
    /// Messages whose column of routes holds no route.
    pub unknown_routes: u64,
    /// Rows that are no UTF-8 in a file that is.
    pub not_utf8: u64,
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
            several_phones,
            unknown_routes,
            not_utf8,
        } = more;
        self.rows += rows;
        self.messages += messages;
        self.flattened += flattened;
        self.completed_numbers += completed_numbers;
        self.taken_for_mobiles += taken_for_mobiles;
        self.several_phones += several_phones;
        self.unknown_routes += unknown_routes;
        self.not_utf8 += not_utf8;
    }
}
