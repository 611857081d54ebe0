//! What others may be told by webhook: the events, their order, and how long it is tried. Pure; whoever posts is elsewhere.

use std::time::Duration;

use super::message::MessageState;

/// What connectors follow: something of a conversation is another. Nobody outside is told.
pub const THREAD: &str = "thread";

/// States of a message that nobody is told: it waits, or leaves this moment.
const SILENT: [MessageState; 2] = [MessageState::Queued, MessageState::Claimed];

/// Events besides those of messages, in the order in which pages list them.
const OTHERS: [&str; 11] = [
    "reply.received",
    "conversation.opened",
    "conversation.assigned",
    "conversation.closed",
    "conversation.reopened",
    "outcome.set",
    "ticket.opened",
    "ticket.changed",
    "hold.begun",
    "hold.ended",
    "template.status",
];

/// Waits between the tries of one delivery: nearly four days in all (the schedule that Standard Webhooks recommends, with
/// the last waits made longer).
const WAITS: [Duration; 10] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(20),
    Duration::from_hours(20),
];

/// An endpoint that has taken nothing for so long is switched off.
pub const OFF_AFTER: Duration = Duration::from_hours(4 * 24);

/// From the fourth failure in a row an endpoint rests between tries.
const PATIENCE: i64 = 3;
const FIRST_REST: Duration = Duration::from_secs(30);
const LONGEST_REST: Duration = Duration::from_mins(30);

/// Every event that somebody may listen to.
pub fn kinds() -> Vec<String> {
    let states = MessageState::ALL.into_iter().filter(|state| !SILENT.contains(state));
    let messages = states.map(|state| format!("message.{}", state.as_str()));
    messages.chain(OTHERS.map(str::to_owned)).collect()
}

/// The wait after the try of number `tries`, from 1; `None`: it is given up.
pub fn wait(tries: i64) -> Option<Duration> {
    WAITS.get(usize::try_from(tries.max(1) - 1).ok()?).copied()
}

/// How long an endpoint rests after so many failures in a row: what waits for it is not tried one by one meanwhile.
pub fn rest(failures: i64) -> Duration {
    let over = u32::try_from((failures - PATIENCE).clamp(0, 16)).unwrap_or_default();
    let Some(doublings) = over.checked_sub(1) else { return Duration::ZERO };
    FIRST_REST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_REST)
}

/// What must be told in order: a conversation's events, else those of one message, ticket, hold or template.
pub fn lane(kind: &str, subject: i64, conversation: Option<i64>) -> String {
    match conversation {
        Some(id) => format!("c{id}"),
        None => format!("{}{subject}", kind.split('.').next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_waits_or_leaves_is_no_event() {
        let kinds = kinds();
        assert!(!kinds.iter().any(|kind| kind.ends_with(".queued") || kind.ends_with(".claimed")));
        assert_eq!(kinds.len(), MessageState::ALL.len() - SILENT.len() + OTHERS.len());
        assert!(kinds.contains(&"message.in_doubt".to_owned()));
    }

    #[test]
    fn waits_grow_over_some_days_and_end() {
        let all: Vec<Duration> = (1..).map_while(wait).collect();
        assert!(all.windows(2).all(|pair| pair[0] <= pair[1]));
        let days = all.iter().sum::<Duration>().as_secs() / 86_400;
        assert_eq!((all.len(), days), (WAITS.len(), 3));
    }

    #[test]
    fn an_endpoint_rests_only_when_it_fails_again_and_again() {
        let rests = [0, 3, 4, 5, 6, 40, i64::MAX].map(|failures| rest(failures).as_secs());
        assert_eq!(rests, [0, 0, 30, 60, 120, 1_800, 1_800]);
    }

    #[test]
    fn what_is_of_one_conversation_keeps_its_order() {
        assert_eq!(lane("reply.received", 5, Some(7)), lane("conversation.closed", 7, Some(7)));
        assert_eq!(lane("message.sent", 5, None), lane("message.read", 5, None));
        assert_ne!(lane("message.sent", 5, None), lane("hold.begun", 5, None));
    }
}
