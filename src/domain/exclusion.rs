//! Why a row became no message, or a message was stopped at sending.

use serde::{Deserialize, Serialize};

/// The reason. Its word is the same in database, API, `check --json` and exports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ExclusionReason {
    /// The phone cell is empty.
    NoPhone,
    /// The phone is not a possible number.
    BadPhone,
    /// The number is written without country code and the campaign names no `country`.
    NoCountry,
    /// An earlier row of the file is for the same person (and the same appointment, where rows have ids).
    Duplicate,
    /// A value the template needs is empty.
    EmptyValue,
    /// A value breaks the template's limits, or the expression failed on this row.
    BadValue,
    /// `columns.only` leaves the row out.
    NotSelected,
    /// The date or time of the row cannot be read.
    BadWhen,
    /// The time to send it has passed (its latest time, or the appointment itself).
    TooLate,
    /// The row has more or fewer cells than the header, or cannot be read.
    Unreadable,
    /// The person asked for no promotions, or is on the do-not-send list.
    Suppressed,
    /// The same appointment was already sent or planned by another run of the campaign.
    AlreadySent,
    /// The person has answered that they cancel this appointment: nothing more is sent about it.
    Declined,
    /// The person is talking to an agent now.
    OpenConversation,
    /// The person has got as many messages as the campaign's `at_most` allows, until it is too late for this one.
    Frequency,
    /// The country cannot be reached, or marketing is not delivered there.
    Unreachable,
    /// The template is not approved in the row's language.
    NoTranslation,
}

impl ExclusionReason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::NoPhone,
        Self::BadPhone,
        Self::NoCountry,
        Self::Duplicate,
        Self::EmptyValue,
        Self::BadValue,
        Self::NotSelected,
        Self::BadWhen,
        Self::TooLate,
        Self::Unreadable,
        Self::Suppressed,
        Self::AlreadySent,
        Self::Declined,
        Self::OpenConversation,
        Self::Frequency,
        Self::Unreachable,
        Self::NoTranslation,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPhone => "no_phone",
            Self::BadPhone => "bad_phone",
            Self::NoCountry => "no_country",
            Self::Duplicate => "duplicate",
            Self::EmptyValue => "empty_value",
            Self::BadValue => "bad_value",
            Self::NotSelected => "not_selected",
            Self::BadWhen => "bad_when",
            Self::TooLate => "too_late",
            Self::Unreadable => "unreadable",
            Self::Suppressed => "suppressed",
            Self::AlreadySent => "already_sent",
            Self::Declined => "declined",
            Self::OpenConversation => "open_conversation",
            Self::Frequency => "frequency",
            Self::Unreachable => "unreachable",
            Self::NoTranslation => "no_translation",
        }
    }

    /// The reason of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == word)
    }
}
