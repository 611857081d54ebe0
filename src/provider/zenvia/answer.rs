//! What Zenvia's answer to a send means (gupshup-zenvia.md 2.2, "Errors").

use std::time::Duration;

use serde_json::Value;
use tracing::info;

use crate::domain::answer::{Acceptance, Answer, StopScope};
use crate::domain::failure::{Failure, FailureClass, Policy, Table};
use crate::provider::http::Reply;
use crate::provider::loose;
use crate::provider::refusal::{self, Said, in_doubt};

/// The table's code of a request that is refused for what it says.
pub(super) const VALIDATION: i64 = 400;

/// Zenvia's words of errors, and the status each is documented with: the table goes by that.
const WORDS: [(&str, i64); 5] = [
    ("VALIDATION_ERROR", VALIDATION),
    ("AUTHENTICATION_ERROR", 401),
    ("NOT_FOUND", 404),
    ("DUPLICATED", 409),
    ("INTERNAL_ERROR", 500),
];

/// Statuses that say enough without a word of Zenvia's: a front end answers so before anything is taken.
const CERTAIN: [i64; 3] = [401, 403, 429];

/// The answer of a whole reply.
pub(super) fn of(reply: &Reply, errors: &Table) -> Answer {
    let body = serde_json::from_slice::<Value>(&reply.body).ok().filter(Value::is_object);
    if (200..=299).contains(&reply.status) {
        return match body.as_ref().and_then(acceptance) {
            Some(acceptance) => Answer::Accepted(acceptance),
            None => in_doubt(format!("HTTP {} without a message id", reply.status)),
        };
    }
    let word = body.as_ref().and_then(|b| loose::some_text(b, "code")).unwrap_or_default();
    let code = code(reply.status, &word);
    if word.is_empty() && !CERTAIN.contains(&code) {
        return in_doubt(format!("HTTP {} without an error of Zenvia's", reply.status));
    }
    let failure = Failure { code, detail: body.as_ref().map(detail).unwrap_or_default() };
    let policy = errors.policy(code).unwrap_or_else(|| Policy::of(by_status(reply.status)));
    let fault = if policy.class == FailureClass::Fix { body.as_ref().and_then(wide_fault) } else { None };
    let answer = if let Some(scope) = fault {
        Answer::Stopped { scope, failure }
    } else {
        let wait = reply.retry_after_s.map(Duration::from_secs);
        refusal::of(policy, failure, Said { status: reply.status, wait, pause: None })
    };
    if matches!(answer, Answer::Stopped { .. } | Answer::Unknown { .. }) {
        info!(failure.code = code, "the provider answered HTTP {}", reply.status);
    }
    answer
}

/// A server's error is never a certain refusal, whatever its word; elsewhere the word decides.
fn code(status: u16, word: &str) -> i64 {
    let known = WORDS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known)).map(|(_, code)| *code);
    known.filter(|_| status < 500).unwrap_or_else(|| i64::from(status))
}

/// A status that no table knows.
fn by_status(status: u16) -> FailureClass {
    match status {
        // The address leads elsewhere: nothing is taken, and the next message meets the same.
        300..=399 => FailureClass::HoldAccount,
        408 | 425 => FailureClass::Ambiguous,
        400..=499 => FailureClass::Fix,
        _ => FailureClass::Ambiguous,
    }
}

/// A fault in what every message of the template or of the sender has in common.
fn wide_fault(body: &Value) -> Option<StopScope> {
    let paths = loose::items(body, "details").iter().filter_map(|d| loose::text(d, "path"));
    paths.into_iter().find_map(|path| {
        if path == "$.from" || path == "from" {
            Some(StopScope::Sender)
        } else if path.ends_with("templateId") {
            Some(StopScope::Template)
        } else {
            None
        }
    })
}

/// Zenvia's own words: message, then what is wrong where.
pub(super) fn detail(error: &Value) -> String {
    let mut words = loose::some_text(error, "message").unwrap_or_default();
    for part in loose::items(error, "details") {
        let pieces = [loose::some_text(part, "path"), loose::some_text(part, "message")];
        let pieces: Vec<String> = pieces.into_iter().flatten().collect();
        if !pieces.is_empty() {
            words = format!("{words}; {}", pieces.join(": "));
        }
    }
    words
}

/// Zenvia tells no WhatsApp id and holds nothing for review.
fn acceptance(body: &Value) -> Option<Acceptance> {
    Some(Acceptance { provider_id: loose::some_text(body, "id")?, wa_id: None, bsuid: None, in_review: false })
}
