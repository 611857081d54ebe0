//! Tickets: what a case can be, and what can be said of it.

use serde::{Deserialize, Serialize};

use super::free::is_blank;

/// State of a ticket.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TicketState {
    /// Somebody of ours has something to do.
    #[default]
    Open,
    /// It waits for the person or for others.
    Pending,
    /// It is done. It can be opened again.
    Closed,
}

impl TicketState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Pending, Self::Closed];

    /// As stored and as in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Closed => "closed",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// How urgent a ticket is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Priority {
    /// When there is time.
    Low,
    /// As they come.
    #[default]
    Normal,
    /// Before others.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// Every priority, the least urgent first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// As stored and as in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The priority of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == word)
    }
}

/// Characters of a subject.
pub const LONGEST_SUBJECT: usize = 200;
/// Characters of an external reference.
pub const LONGEST_REFERENCE: usize = 200;

/// `text` as a subject: one line; `None`: nothing is left of it, or it is too long.
pub fn subject(text: &str) -> Option<String> {
    let line = text.replace('\0', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    (!is_blank(&line) && line.chars().count() <= LONGEST_SUBJECT).then_some(line)
}

/// Whether `text` can be another system's own name for a case.
pub fn is_reference(text: &str) -> bool {
    (1..=LONGEST_REFERENCE).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_subject_is_one_line_and_stays_what_it_is(text in ".{0,260}") {
            if let Some(line) = subject(&text) {
                prop_assert!(!line.is_empty() && line.chars().count() <= LONGEST_SUBJECT);
                prop_assert!(!line.contains(['\n', '\r', '\t', '\0']));
                prop_assert_eq!(subject(&line), Some(line.clone()));
            }
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        assert!(TicketState::ALL.into_iter().all(|s| TicketState::parse(s.as_str()) == Some(s)));
        assert!(Priority::ALL.into_iter().all(|p| Priority::parse(p.as_str()) == Some(p)));
        for (text, fits) in [("HIS-4711", true), ("", false), (" x", false), ("a\nb", false)] {
            assert_eq!(is_reference(text), fits, "{text:?}");
        }
    }
}
