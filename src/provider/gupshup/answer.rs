//! What Gupshup's answer to a send means (gupshup-zenvia.md 1.2). It carries no code: the HTTP status stands for one, and
//! where a 2xx says `"status":"error"`, its words.

use std::time::Duration;

use serde_json::Value;
use tracing::debug;

use crate::domain::answer::{Acceptance, Answer, StopScope, ThrottleScope};
use crate::domain::failure::{Failure, FailureClass, Policy, Table};
use crate::provider::http::Reply;
use crate::provider::loose;
use crate::provider::refusal::{self, Said, in_doubt};

/// A parameter is wrong.
const BAD: i64 = 400;
/// The key or token is not accepted.
const UNAUTHORISED: i64 = 401;
/// App name, number and key do not fit together.
const NOT_OURS: i64 = 403;
/// Too fast.
const TOO_MANY: i64 = 429;
/// Gupshup's own trouble: it may have taken the message.
const TROUBLE: i64 = 500;

/// A token is fetched anew in less.
const RENEWED_AFTER: Duration = Duration::from_secs(1);

/// What the words of an error say beyond its status, lower case.
const WORDS: [(&str, i64); 8] = [
    ("too many requests", TOO_MANY),
    ("authentication failed", UNAUTHORISED),
    ("unauthorised", UNAUTHORISED),
    ("unauthorized", UNAUTHORISED),
    ("portal user not found", UNAUTHORISED),
    ("invalid app details", NOT_OURS),
    // What passes templates through is not set up for the app: every message meets the same (gupshup-zenvia.md 1.4).
    ("callback billing must be enabled", NOT_OURS),
    ("internal server error", TROUBLE),
];

/// The answer of a whole reply.
pub(super) fn of(reply: &Reply, errors: &Table) -> Answer {
    let status = reply.status;
    // Some answers are JSON under another content type.
    let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else {
        return in_doubt(format!("HTTP {status} with a body that is not JSON"));
    };
    let word = loose::text(&body, "status").unwrap_or_default().to_ascii_lowercase();
    let is_error = word == "error" || word == "failure";
    // Passed through, the same id stands where Meta's would (gupshup-zenvia.md 1.4).
    let passed = loose::items(&body, "messages").first();
    let id = loose::some_text(&body, "messageId").or_else(|| passed.and_then(|m| loose::some_text(m, "id")));
    match (status, id) {
        (200..=299, Some(provider_id)) if !is_error => {
            Answer::Accepted(Acceptance { provider_id, wa_id: None, bsuid: None, in_review: false })
        }
        (200..=299, _) if !is_error => in_doubt(format!("HTTP {status} with neither a message id nor an error")),
        (200..=299 | 400..=499, _) => refused(&body, reply, errors),
        _ => in_doubt(format!("HTTP {status}")),
    }
}

fn refused(body: &Value, reply: &Reply, errors: &Table) -> Answer {
    let status = reply.status;
    let detail = detail(body);
    let said = detail.to_ascii_lowercase();
    let by_words = WORDS.iter().find(|(words, _)| said.contains(words)).map(|(_, code)| *code);
    let by_status = if status < 300 { BAD } else { i64::from(status) };
    let code = by_words.unwrap_or(by_status);
    debug!(failure.code = code, "the provider answered HTTP {status}");
    let policy = errors.policy(code).unwrap_or(Policy::of(FailureClass::Fix));
    let wait = reply.retry_after_s.map(Duration::from_secs);
    refusal::of(policy, Failure { code, detail }, Said { status, wait, pause: None })
}

/// The provider's words; `message` is a text, or an object with one inside.
pub(super) fn detail(body: &Value) -> String {
    let inner = body.get("message").and_then(|m| loose::some_text(m, "message"));
    loose::some_text(body, "message").or(inner).unwrap_or_default()
}

/// The credentials themselves are refused where tokens are fetched: nothing was sent.
pub(super) fn credentials(failure: Failure) -> Answer {
    Answer::Stopped { scope: StopScope::Account, failure }
}

/// Nothing that Gupshup documents says it: no request is made.
pub(super) fn not_offered() -> Answer {
    let detail = "no way to send this, or to this person, is documented".to_owned();
    Answer::Refused(Failure { code: BAD, detail })
}

/// The token had run out; with the next one it is tried again.
pub(super) fn token_expired() -> Answer {
    let failure = Failure { code: UNAUTHORISED, detail: "the token has expired and is fetched anew".to_owned() };
    Answer::Throttled { scope: ThrottleScope::Message, retry_after: RENEWED_AFTER, failure }
}
