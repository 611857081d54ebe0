//! Which message a reply answers.

use crate::domain::id::MessageId;

/// The message a reply answers, and how sure that is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attribution {
    /// It taps that message's button or quotes it.
    Certain(MessageId),
    /// It is the only message of that sender to that person that was waiting for a reply.
    Likely(MessageId),
    /// Several were waiting, newest first.
    Ambiguous(Vec<MessageId>),
    /// None was.
    None,
}

impl Attribution {
    /// The one message, where there is one.
    pub const fn message(&self) -> Option<MessageId> {
        match self {
            Self::Certain(id) | Self::Likely(id) => Some(*id),
            Self::Ambiguous(_) | Self::None => None,
        }
    }
}

/// Attributes a reply. `pointed_at` is the message of the button tapped or the one quoted, `waiting` those of that sender to
/// that person that wait for a reply, newest first.
pub fn attribute(pointed_at: Option<MessageId>, waiting: &[MessageId]) -> Attribution {
    match (pointed_at, waiting) {
        (Some(id), _) => Attribution::Certain(id),
        (None, []) => Attribution::None,
        (None, [id]) => Attribution::Likely(*id),
        (None, several) => Attribution::Ambiguous(several.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_decides() {
        let m = MessageId;
        for (case, pointed_at, waiting, expected) in [
            ("a tap or a quote", Some(m(1)), vec![m(1), m(2)], Attribution::Certain(m(1))),
            ("a tap on what waits no longer", Some(m(1)), vec![], Attribution::Certain(m(1))),
            ("the only one waiting", None, vec![m(3)], Attribution::Likely(m(3))),
            ("two waiting", None, vec![m(4), m(3)], Attribution::Ambiguous(vec![m(4), m(3)])),
            ("out of the blue", None, vec![], Attribution::None),
        ] {
            assert_eq!(attribute(pointed_at, &waiting), expected, "{case}");
        }
    }
}
