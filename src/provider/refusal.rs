//! What an error of a provider calls for, once its table has said what class it is: the one place where classes become
//! answers.

use std::time::Duration;

use crate::domain::answer::{Answer, StopScope, ThrottleScope};
use crate::domain::failure::{Failure, FailureClass, Policy};

/// How long what was turned away waits where neither the provider nor the table says so.
const A_MOMENT: Duration = Duration::from_secs(1);

/// What the provider said beside the code.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    /// The HTTP status.
    pub status: u16,
    /// How long it wants us to wait; `None`: as the table says.
    pub wait: Option<Duration>,
    /// How long the sender had better pause when nobody knows whether it took the message.
    pub pause: Option<Duration>,
}

/// The answer that `failure` is.
pub(super) fn of(policy: Policy, failure: Failure, said: Said) -> Answer {
    let throttled = |scope, failure| {
        let retry_after = said.wait.or(policy.retry_after).unwrap_or(A_MOMENT);
        Answer::Throttled { scope, retry_after, failure }
    };
    match policy.class {
        FailureClass::Retry => throttled(ThrottleScope::Sender, failure),
        FailureClass::RetryPair => throttled(ThrottleScope::Pair, failure),
        FailureClass::Later => throttled(ThrottleScope::Message, failure),
        FailureClass::Ambiguous => {
            Answer::Unknown { reason: format!("HTTP {}, code {}", said.status, failure.code), pause: said.pause }
        }
        FailureClass::HoldTemplate => Answer::Stopped { scope: StopScope::Template, failure },
        FailureClass::HoldSender => Answer::Stopped { scope: StopScope::Sender, failure },
        FailureClass::HoldAccount => Answer::Stopped { scope: StopScope::Account, failure },
        FailureClass::Failed
        | FailureClass::Strike
        | FailureClass::StopMarketing
        | FailureClass::StopAll
        | FailureClass::StopCountry
        | FailureClass::Fix => Answer::Refused(failure),
    }
}

/// Nobody can say whether the provider took it.
pub(super) fn in_doubt(reason: String) -> Answer {
    Answer::Unknown { reason, pause: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_answered_and_only_what_is_tried_again_waits() {
        for class in FailureClass::ALL {
            let failure = Failure { code: 7, detail: String::new() };
            let answer = of(Policy::of(class), failure, Said { status: 400, ..Said::default() });
            let expected = match class {
                FailureClass::Retry | FailureClass::RetryPair | FailureClass::Later => "throttled for a moment",
                FailureClass::Ambiguous => "HTTP 400, code 7",
                FailureClass::HoldTemplate | FailureClass::HoldSender | FailureClass::HoldAccount => "stopped",
                _ => "refused",
            };
            let told = match &answer {
                Answer::Throttled { retry_after, .. } if *retry_after == A_MOMENT => "throttled for a moment",
                Answer::Unknown { reason, pause: None } => reason,
                Answer::Stopped { .. } => "stopped",
                Answer::Refused(_) => "refused",
                _ => "something else",
            };
            assert_eq!(told, expected, "{class:?}");
        }
    }

    #[test]
    fn what_the_provider_asks_for_counts_before_the_table() {
        let failure = || Failure { code: 7, detail: String::new() };
        let said = Said { status: 500, wait: Some(Duration::from_secs(9)), pause: Some(Duration::from_mins(1)) };
        let waits = of(Policy::of(FailureClass::Retry), failure(), said);
        assert!(matches!(waits, Answer::Throttled { retry_after, .. } if retry_after == Duration::from_secs(9)));
        let doubt = of(Policy::of(FailureClass::Ambiguous), failure(), said);
        assert!(matches!(doubt, Answer::Unknown { pause: Some(pause), .. } if pause == Duration::from_mins(1)));
    }
}
