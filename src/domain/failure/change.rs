//! A line of the table as the operator changes it.

use std::time::Duration;

use super::{FailureClass, Policy, Told};

/// What of a line is changed; what is left out stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Change {
    /// What the code calls for.
    pub class: Option<FailureClass>,
    /// Earliest next try.
    pub retry_after: Option<Duration>,
    /// How often a message is tried again by itself.
    pub tries: Option<u32>,
}

/// Why a change cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Nothing is known of the code, so nothing could stay.
    #[error("is a code that Recado does not know: say its \"class\" too")]
    Unknown,
    /// Whoever waits has to know how long.
    #[error("tries again, so it needs \"retry\"")]
    NoTime,
    /// Whoever must not be written to again is not tried again.
    #[error("is about one person who cannot be reached: it is never tried again")]
    Never,
}

impl Change {
    /// The line of `code` with this change, where `before` is what the table says.
    ///
    /// # Errors
    /// The line would not hold together.
    pub fn apply(self, before: Option<Policy>) -> Result<Policy, Refused> {
        use FailureClass::{Failed, Later, Retry, RetryPair, StopAll, StopCountry, StopMarketing, Strike};
        let class = self.class.or(before.map(|p| p.class)).ok_or(Refused::Unknown)?;
        let kept = before.filter(|p| p.class == class);
        let tries = self.tries.or(kept.map(|p| p.tries)).unwrap_or(0);
        let retry_after = self.retry_after.or(kept.and_then(|p| p.retry_after));
        if matches!(class, Failed | Strike | StopMarketing | StopAll | StopCountry)
            && (tries > 0 || retry_after.is_some())
        {
            return Err(Refused::Never);
        }
        let again = matches!(class, Retry | RetryPair | Later) || tries > 0;
        if again && retry_after.is_none() {
            return Err(Refused::NoTime);
        }
        let told = before.map_or(Told::Class, |p| p.told);
        Ok(Policy { class, retry_after: retry_after.filter(|_| again), tries, told })
    }
}

#[cfg(test)]
mod tests {
    use super::super::known;
    use super::*;

    #[test]
    fn what_is_left_out_stays_and_what_cannot_be_is_refused() {
        let later = Change { tries: Some(3), ..Change::default() }.apply(known(131_049)).unwrap();
        assert_eq!((later.class, later.tries), (FailureClass::Later, 3));
        assert_eq!(later.retry_after, Some(Duration::from_hours(24)));
        let failed = Change { class: Some(FailureClass::Failed), ..Change::default() }.apply(known(131_049)).unwrap();
        assert_eq!((failed.tries, failed.retry_after), (0, None), "another class keeps nothing of the tries");
        let of = |class, tries| Change { class: Some(class), tries: Some(tries), retry_after: None };
        assert_eq!(of(FailureClass::Strike, 1).apply(known(131_026)), Err(Refused::Never));
        assert_eq!(of(FailureClass::Fix, 2).apply(None), Err(Refused::NoTime));
        assert_eq!(Change { tries: Some(1), ..Change::default() }.apply(None), Err(Refused::Unknown));
    }
}
