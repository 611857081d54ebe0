//! The pair limit: one message per 6 s to the same person from the same sender; a burst borrows from what comes after
//! (cloud-api.md 5.2). Pure: time is real time since an instant of the caller's, whatever the clock does.

use std::time::Duration;

/// What one message costs the pair.
pub const SPACING: Duration = Duration::from_secs(6);

/// Messages leave and arrive with a jitter; spaced exactly, every second one would come too early.
const MARGIN: Duration = Duration::from_millis(250);

/// Messages of a burst: Meta takes 45 within 6 s; one less for what a process before this one may have sent.
const BURST: u32 = 44;

/// A pair is forgotten when its burst is paid back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    burst_began: Duration,
    in_burst: u32,
    paid_back: Duration,
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// A campaign: its messages to one person are spaced.
    Spaced,
    /// An agent's answer: it may borrow.
    Answer,
}

impl Pair {
    /// A pair whose first message leaves at `now`.
    pub const fn first(now: Duration) -> Self {
        Self { burst_began: now, in_burst: 1, paid_back: now.saturating_add(SPACING).saturating_add(MARGIN) }
    }

    /// Takes the next message at `now`, or says from when on it may leave.
    ///
    /// # Errors
    /// The earliest instant; nothing is taken.
    pub fn take(&mut self, now: Duration, urgency: Urgency) -> Result<(), Duration> {
        if now >= self.paid_back {
            *self = Self::first(now);
            return Ok(());
        }
        let is_burst = now.saturating_sub(self.burst_began) + MARGIN < SPACING && self.in_burst < BURST;
        if urgency == Urgency::Answer && is_burst {
            self.in_burst += 1;
            self.paid_back += SPACING;
            return Ok(());
        }
        Err(self.paid_back)
    }

    /// The last message was certainly not taken: it does not count.
    pub fn undo(&mut self) {
        self.in_burst = self.in_burst.saturating_sub(1);
        self.paid_back = if self.in_burst == 0 { self.burst_began } else { self.paid_back.saturating_sub(SPACING) };
    }

    /// The provider said that it was too much: nothing for `wait` from `now` on.
    pub fn refused(&mut self, now: Duration, wait: Duration) {
        self.in_burst = BURST;
        self.paid_back = self.paid_back.max(now + wait);
    }

    /// Whether it says nothing any more at `now`.
    pub fn is_over(&self, now: Duration) -> bool {
        now >= self.paid_back
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn two_messages_of_a_campaign_to_one_person_are_six_seconds_apart() {
        let mut pair = Pair::first(s(0));
        let at = pair.take(s(1), Urgency::Spaced).unwrap_err();
        assert!(at >= SPACING && at < SPACING + s(1), "{at:?}");
        assert_eq!(pair.take(at, Urgency::Spaced), Ok(()));
    }

    #[test]
    fn an_agents_answers_may_come_in_a_burst_which_is_paid_back_before_the_next() {
        let mut pair = Pair::first(s(0));
        let burst = (1..100).take_while(|_| pair.take(s(1), Urgency::Answer).is_ok()).count();
        assert_eq!(burst, 43);
        let at = pair.take(s(2), Urgency::Answer).unwrap_err();
        assert!(at >= s(44 * 6), "{at:?}");
        assert_eq!(pair.take(at, Urgency::Answer), Ok(()));
    }

    #[test]
    fn what_was_certainly_not_taken_does_not_count() {
        let mut pair = Pair::first(s(0));
        pair.undo();
        assert_eq!(pair.take(s(1), Urgency::Spaced), Ok(()));
        assert_eq!(pair.take(s(2), Urgency::Answer), Ok(()));
        pair.undo();
        let at = pair.take(s(3), Urgency::Spaced).unwrap_err();
        assert!(at < s(1) + SPACING + s(1), "{at:?}");
    }

    #[test]
    fn a_refusal_stops_the_pair_for_the_time_named() {
        let mut pair = Pair::first(s(0));
        pair.refused(s(10), s(24));
        assert_eq!(pair.take(s(11), Urgency::Answer), Err(s(34)));
        assert!(pair.is_over(s(34)));
    }

    proptest! {
        #[test]
        fn no_six_seconds_hold_more_than_a_burst_and_in_the_long_run_one_message_costs_six(
            steps in prop::collection::vec((0_u64..8_000, any::<bool>()), 1..300),
        ) {
            let (mut now, mut pair, mut sent) = (Duration::ZERO, None::<Pair>, Vec::new());
            for (wait, is_answer) in steps {
                now += Duration::from_millis(wait);
                let urgency = if is_answer { Urgency::Answer } else { Urgency::Spaced };
                let took = match &mut pair {
                    None => { pair = Some(Pair::first(now)); true }
                    Some(pair) => pair.take(now, urgency).is_ok(),
                };
                if took { sent.push(now); }
            }
            for at in &sent {
                let within = sent.iter().filter(|other| **other >= *at && other.saturating_sub(*at) < SPACING).count();
                prop_assert!(within <= 45);
            }
            let (first, last) = (sent[0], sent[sent.len() - 1]);
            let lasted = last.saturating_sub(first);
            let paid = lasted.as_secs() / 6 + u64::from(BURST) + 1;
            prop_assert!(sent.len() as u64 <= paid, "{} sent in {:?}", sent.len(), lasted);
        }
    }
}
