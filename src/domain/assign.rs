//! To whom of a team the next conversation goes.

use std::cmp::Reverse;

use super::id::UserId;

/// How a team's conversations find their agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// Agents take them themselves.
    #[default]
    ByHand,
    /// In turn: whoever was given one longest ago.
    RoundRobin,
    /// Whoever has the fewest open ones; among equals, in turn.
    LeastBusy,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::ByHand, Self::RoundRobin, Self::LeastBusy];

    /// The word in the configuration and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::RoundRobin => "round_robin",
            Self::LeastBusy => "least_busy",
        }
    }

    /// The policy of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}

/// A member of a team who is here and takes conversations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agent {
    /// Who.
    pub id: UserId,
    /// Conversations in their hands: where the person waits for them, or somebody wrote a short while ago.
    pub open: i64,
    /// How many they may have.
    pub capacity: i64,
    /// The number of the last turn that was theirs; 0: none yet.
    pub turn: i64,
}

/// Who of `agents` gets the next one; `None`: nobody has room. `but` is whoever was silent in it just now.
pub fn pick(policy: Policy, agents: &[Agent], but: Option<UserId>) -> Option<UserId> {
    let free = agents.iter().filter(|agent| agent.open < agent.capacity && Some(agent.id) != but);
    match policy {
        Policy::ByHand => None,
        Policy::RoundRobin => free.min_by_key(|agent| (agent.turn, agent.id)),
        Policy::LeastBusy => free.max_by_key(|agent| Reverse((agent.open, agent.turn, agent.id))),
    }
    .map(|agent| agent.id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agents() -> impl Strategy<Value = Vec<Agent>> {
        let agent = (0_i64..6, 0_i64..6, 0_i64..20);
        proptest::collection::vec(agent, 0..6).prop_map(|all| {
            let ids = (1..).map(UserId);
            ids.zip(all).map(|(id, (open, capacity, turn))| Agent { id, open, capacity, turn }).collect()
        })
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_they_can_and_whoever_was_silent_gets_nothing(all in agents(), but in 0_i64..7) {
            for policy in Policy::ALL {
                let but = Some(UserId(but));
                let picked = pick(policy, &all, but);
                prop_assert_ne!(picked.zip(but).map(|(one, other)| one == other), Some(true));
                if let Some(id) = picked {
                    let one = all.iter().find(|agent| agent.id == id).unwrap();
                    prop_assert!(one.open < one.capacity);
                }
                let room = all.iter().any(|a| a.open < a.capacity && Some(a.id) != but);
                prop_assert_eq!(picked.is_some(), room && policy != Policy::ByHand);
            }
        }

        #[test]
        fn in_turn_everybody_gets_as_many_as_everybody_else(n in 1_usize..6, rounds in 1_i64..5) {
            let mut all: Vec<Agent> =
                (0..n).map(|i| Agent { id: UserId(i as i64), open: 0, capacity: 100, turn: 0 }).collect();
            for turn in 1..=rounds * n as i64 {
                let id = pick(Policy::RoundRobin, &all, None).unwrap();
                let one = all.iter_mut().find(|a| a.id == id).unwrap();
                (one.open, one.turn) = (one.open + 1, turn);
            }
            prop_assert!(all.iter().all(|agent| agent.open == rounds));
        }
    }

    #[test]
    fn the_least_busy_comes_first_and_among_equals_whose_turn_is_longest_ago() {
        let agent = |id, open, turn| Agent { id: UserId(id), open, capacity: 9, turn };
        let all = [agent(1, 2, 1), agent(2, 1, 9), agent(3, 1, 4)];
        assert_eq!(pick(Policy::LeastBusy, &all, None), Some(UserId(3)));
        assert_eq!(pick(Policy::RoundRobin, &all, None), Some(UserId(1)));
        assert_eq!(pick(Policy::LeastBusy, &all, Some(UserId(3))), Some(UserId(2)));
    }
}
