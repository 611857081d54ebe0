//! What becomes of a conversation: its phases and the one table of what may follow what, which conversation a reply
//! belongs to, whether a template may go out by hand, and when somebody has been silent for too long.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::ConversationId;
use super::time::UnixMs;

/// Where a conversation stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Ours to answer: the person waits for an agent.
    Waiting,
    /// The person's turn, or nobody's.
    Quiet,
    /// A bot has it, and the person waits for it.
    BotWaiting,
    /// A bot has it, and the person's turn it is.
    BotQuiet,
    /// Ended.
    Closed,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Quiet, Self::BotWaiting, Self::BotQuiet, Self::Closed];

    /// The phase of a conversation's row.
    pub const fn of(is_open: bool, waits: bool, has_bot: bool) -> Self {
        match (is_open, waits, has_bot) {
            (false, _, _) => Self::Closed,
            (true, true, false) => Self::Waiting,
            (true, false, false) => Self::Quiet,
            (true, true, true) => Self::BotWaiting,
            (true, false, true) => Self::BotQuiet,
        }
    }

    /// Whether somebody may still write.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// Whether the person waits for an answer.
    pub const fn waits(self) -> bool {
        matches!(self, Self::Waiting | Self::BotWaiting)
    }

    /// Whether a bot has it.
    pub const fn has_bot(self) -> bool {
        matches!(self, Self::BotWaiting | Self::BotQuiet)
    }
}

/// What happens to a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// The person wrote something that needs an answer.
    Asked,
    /// The person wrote something that needs none.
    Heard,
    /// An agent answered.
    Answered,
    /// The bot that has it answered.
    BotAnswered,
    /// An agent sent a template.
    Recontacted,
    /// It is given to a bot.
    ToBot,
    /// The bot wants a person of ours, or said nothing for too long.
    GivenBack,
    /// A person of ours takes it from the bot.
    TakenBack,
    /// Somebody of ours ends it.
    Closed,
    /// The person's own word ends it: no more promotions, or promotions again.
    Settled,
    /// Nobody has written for as long as it waits.
    WaitPassed,
    /// Somebody of ours takes it up again.
    Reopened,
    /// What an agent or a bot had written did not arrive.
    NotDelivered,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 13] = [
        Self::Asked,
        Self::Heard,
        Self::Answered,
        Self::BotAnswered,
        Self::Recontacted,
        Self::ToBot,
        Self::GivenBack,
        Self::TakenBack,
        Self::Closed,
        Self::Settled,
        Self::WaitPassed,
        Self::Reopened,
        Self::NotDelivered,
    ];
}

/// What follows when `event` happens in `phase`; `None`: it cannot happen there, and nothing changes.
#[expect(clippy::match_same_arms, reason = "a table of transitions, in the order in which it is read")]
pub const fn next(phase: Phase, event: Event) -> Option<Phase> {
    use Event as E;
    use Phase as P;
    match (phase, event) {
        (any, E::Heard) => Some(any),
        // Whoever was not reached waits as much as whoever asks, also where that was thought to be the end.
        (P::Closed | P::Quiet | P::Waiting, E::Asked | E::NotDelivered) => Some(P::Waiting),
        (P::BotWaiting | P::BotQuiet, E::Asked | E::NotDelivered) => Some(P::BotWaiting),
        (P::Closed, E::Reopened) => Some(P::Quiet),
        // Nothing else happens to what has ended, and what is open cannot be opened.
        (P::Closed, _) | (_, E::Reopened) => None,
        (P::Waiting | P::Quiet, E::Answered | E::Recontacted) => Some(P::Quiet),
        (P::BotWaiting | P::BotQuiet, E::BotAnswered) => Some(P::BotQuiet),
        // An agent takes it from the bot before writing, and a bot writes only in what it has.
        (P::BotWaiting | P::BotQuiet, E::Answered | E::Recontacted) | (P::Waiting | P::Quiet, E::BotAnswered) => None,
        (P::Waiting | P::BotWaiting, E::ToBot) => Some(P::BotWaiting),
        (P::Quiet | P::BotQuiet, E::ToBot) => Some(P::BotQuiet),
        // Whoever is asked for by a bot has to look, whatever the person wrote last.
        (P::BotWaiting | P::BotQuiet, E::GivenBack) | (P::BotWaiting, E::TakenBack) => Some(P::Waiting),
        (P::BotQuiet, E::TakenBack) => Some(P::Quiet),
        (P::Waiting | P::Quiet, E::GivenBack | E::TakenBack) => None,
        (_, E::Closed) | (P::Quiet | P::BotWaiting | P::BotQuiet, E::Settled) => Some(P::Closed),
        // What an agent still has to read stays.
        (P::Waiting, E::Settled) => Some(P::Waiting),
        (P::Quiet | P::BotQuiet, E::WaitPassed) => Some(P::Closed),
        (P::Waiting | P::BotWaiting, E::WaitPassed) => None,
    }
}

/// The last conversation of a person with a sender, as far as it decides where a reply belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Last {
    /// Which.
    pub id: ConversationId,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether the reply answers another message than it is about.
    pub other_message: bool,
    /// When it was closed or last written in, whichever came later.
    pub ended_at: UnixMs,
}

/// Where a reply belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Belongs {
    /// To this one, which is open or is taken up again.
    To(ConversationId),
    /// To a new one, linked to the one before.
    New {
        /// The one before.
        previous: Option<ConversationId>,
    },
}

/// Where a reply of `at` belongs. What asks for nothing (`noted`: a reaction, a deletion) never begins a conversation of
/// its own where there was one; another message's answer always does, once the last is closed.
pub fn belongs(last: Option<Last>, noted: bool, at: UnixMs, reopen_within: Duration) -> Belongs {
    let Some(last) = last else { return Belongs::New { previous: None } };
    let soon = at.since(last.ended_at) <= reopen_within;
    if last.is_open || noted || (soon && !last.other_message) {
        Belongs::To(last.id)
    } else {
        Belongs::New { previous: Some(last.id) }
    }
}

/// The open conversation to which somebody wants to send a template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recontact {
    /// Whether a bot has it.
    pub has_bot: bool,
    /// Until when the person can be written to freely.
    pub window_until: Option<UnixMs>,
    /// Templates sent by hand in it that did not fail, without the one it began with.
    pub sent: i64,
}

/// Why no template goes out by hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// A bot has the conversation.
    Bot,
    /// The person can be written to freely until then.
    Session {
        /// When that ends.
        until: UnixMs,
    },
    /// The conversation has had as many as it may.
    Enough {
        /// So many.
        allowed: i64,
    },
}

/// Whether a template may go out at `now` in an open conversation that allows `allowed` recontacts.
pub fn recontact(to: Recontact, allowed: i64, now: UnixMs) -> Result<(), Refusal> {
    match to.window_until {
        _ if to.has_bot => Err(Refusal::Bot),
        Some(until) if until > now => Err(Refusal::Session { until }),
        _ if to.sent >= allowed => Err(Refusal::Enough { allowed }),
        _ => Ok(()),
    }
}

/// Since when whoever has a conversation owes an answer: from when the person waits, but not from before they had it.
pub fn owed_since(waiting_since: UnixMs, had_since: Option<UnixMs>) -> UnixMs {
    had_since.map_or(waiting_since, |had| had.max(waiting_since))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phase() -> impl Strategy<Value = Phase> {
        proptest::sample::select(Phase::ALL.to_vec())
    }

    fn event() -> impl Strategy<Value = Event> {
        proptest::sample::select(Event::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn a_bot_comes_in_only_by_being_given_the_conversation(from in phase(), event in event()) {
            if let Some(to) = next(from, event)
                && to.has_bot() && !from.has_bot()
            {
                prop_assert_eq!(event, Event::ToBot);
            }
        }

        #[test]
        fn whoever_waits_is_never_closed_upon_by_time_and_only_an_answer_or_an_end_stops_the_waiting(
            from in phase(), event in event()
        ) {
            let to = next(from, event);
            if event == Event::WaitPassed && from.waits() {
                prop_assert_eq!(to, None);
            }
            if from.waits() && to.is_some_and(|to| !to.waits()) {
                prop_assert!(matches!(
                    event,
                    Event::Answered | Event::BotAnswered | Event::Recontacted | Event::Closed | Event::Settled
                ));
            }
        }

        #[test]
        fn what_has_ended_begins_again_only_by_the_person_one_of_ours_or_an_answer_that_did_not_arrive(event in event()) {
            if next(Phase::Closed, event).is_some_and(Phase::is_open) {
                prop_assert!(matches!(event, Event::Asked | Event::Reopened | Event::NotDelivered));
            }
        }

        #[test]
        fn a_phase_is_what_its_row_says(from in phase(), events in proptest::collection::vec(event(), 0..30)) {
            let mut at = from;
            for event in events {
                at = next(at, event).unwrap_or(at);
                prop_assert_eq!(Phase::of(at.is_open(), at.waits(), at.has_bot()), at);
                // Everything can be ended, and whoever writes is heard.
                prop_assert!(!at.is_open() || next(at, Event::Closed) == Some(Phase::Closed));
                prop_assert!(next(at, Event::Asked).is_some_and(Phase::waits));
            }
        }

        #[test]
        fn no_template_goes_out_to_whom_one_can_write_or_whom_a_bot_has(
            has_bot: bool, until in proptest::option::of(0_i64..200), sent in 0_i64..4, allowed in 0_i64..4
        ) {
            let to = Recontact { has_bot, window_until: until.map(UnixMs), sent };
            let may = recontact(to, allowed, UnixMs(100)).is_ok();
            prop_assert_eq!(may, !has_bot && until.is_none_or(|until| until <= 100) && sent < allowed);
        }
    }

    #[test]
    fn a_reply_finds_its_conversation() {
        let hour = Duration::from_hours(1);
        let last = Last { id: ConversationId(7), is_open: false, other_message: false, ended_at: UnixMs(0) };
        let soon = UnixMs(3_600_000);
        let new = Belongs::New { previous: Some(last.id) };
        for (case, last, noted, at, expected) in [
            ("the first ever", None, false, soon, Belongs::New { previous: None }),
            ("soon after", Some(last), false, soon, Belongs::To(last.id)),
            ("too late", Some(last), false, UnixMs(3_600_001), new),
            ("another message", Some(Last { other_message: true, ..last }), false, soon, new),
            ("a reaction, however late", Some(last), true, UnixMs(9_000_000), Belongs::To(last.id)),
            (
                "an open one, whatever it is about",
                Some(Last { is_open: true, other_message: true, ..last }),
                false,
                UnixMs(9_000_000),
                Belongs::To(last.id),
            ),
        ] {
            assert_eq!(belongs(last, noted, at, hour), expected, "{case}");
        }
    }
}
