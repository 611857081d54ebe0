//! By which endpoint marketing templates go: Meta keeps one for them alone (cloud-api.md 1.6), and tells by its errors when a
//! template belongs to the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use crate::domain::answer::{Answer, ThrottleScope};
use crate::domain::template::{Category, Header, Template};

/// What was learned is asked anew after this.
const LEARNED_FOR: Duration = Duration::from_hours(1);

/// A fresh template is not known to the marketing endpoint for so long.
const SYNCING_FOR: Duration = Duration::from_mins(10);

/// A send that belongs to the other endpoint goes there so soon: in an attempt of its own, so that each attempt is one
/// request.
const REROUTED_AFTER: Duration = Duration::from_secs(1);

/// Marketing is refused on `/messages`, for the whole account.
const MARKETING_ELSEWHERE: i64 = 131_063;
/// A template with a highest price goes by the marketing endpoint alone.
const PRICED: i64 = 131_061;
/// The template is still being copied.
const SYNCING: i64 = 134_101;
/// It could not be copied, or the account was never admitted.
const NOT_THERE: i64 = 134_102;
/// What the marketing endpoint says of anything that is no marketing.
const NOT_MARKETING: [i64; 2] = [131_055, 134_100];

/// An endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// `/messages`.
    Messages,
    /// `/marketing_messages`.
    Marketing,
}

impl Way {
    /// The last part of its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Marketing => "marketing_messages",
        }
    }
}

/// What one account has learned. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    /// Whether marketing goes by its own endpoint where nothing else is known.
    wanted: bool,
    learned: Arc<Mutex<HashMap<String, (Way, Instant)>>>,
}

/// What holds for every marketing template of the account.
const ACCOUNT: &str = "";

fn key(template: &Template) -> String {
    format!("{}|{}", template.name, template.language)
}

impl Routes {
    pub fn new(wanted: bool) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// By which endpoint `template` goes now.
    pub fn of(&self, template: &Template) -> Way {
        // Moving pictures are known there alone (cloud-api.md 1.3).
        if template.header == Some(Header::Gif) {
            return Way::Marketing;
        }
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        learned.retain(|_, (_, until)| Instant::now() < *until);
        if let Some((way, _)) = learned.get(&key(template)) {
            return *way;
        }
        match (template.category, learned.get(ACCOUNT)) {
            (Category::Marketing, Some((way, _))) => *way,
            (Category::Marketing, None) if self.wanted => Way::Marketing,
            _ => Way::Messages,
        }
    }

    /// Takes in what an answer says of the endpoint; one that names the other is a try that certainly was not accepted.
    pub fn heed(&self, template: &Template, way: Way, answer: Answer) -> Answer {
        let failure = match &answer {
            Answer::Refused(failure) | Answer::Throttled { failure, .. } | Answer::Stopped { failure, .. } => failure,
            Answer::Accepted(_) | Answer::NotSent { .. } | Answer::Unknown { .. } => return answer,
        };
        let (of, other, span) = match (way, failure.code) {
            (Way::Messages, MARKETING_ELSEWHERE) => (ACCOUNT.to_owned(), Way::Marketing, LEARNED_FOR),
            (Way::Messages, PRICED) => (key(template), Way::Marketing, LEARNED_FOR),
            (Way::Marketing, SYNCING) => (key(template), Way::Messages, SYNCING_FOR),
            (Way::Marketing, NOT_THERE) => (key(template), Way::Messages, LEARNED_FOR),
            (Way::Marketing, code) if NOT_MARKETING.contains(&code) => (key(template), Way::Messages, LEARNED_FOR),
            _ => return answer,
        };
        let code = failure.code;
        warn!(failure.code = code, template.name = template.name, "a template goes by {} for a while", other.path());
        let failure = failure.clone();
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        learned.insert(of, (other, Instant::now() + span));
        Answer::Throttled { scope: ThrottleScope::Message, retry_after: REROUTED_AFTER, failure }
    }
}
