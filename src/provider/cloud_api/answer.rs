//! What Meta's answer to a send means (cloud-api.md 1.4, 6.1, 6.2).

use std::time::Duration;

use serde_json::Value;
use tracing::{debug, info};

use crate::domain::answer::{Acceptance, Answer};
use crate::domain::event::Identity;
use crate::domain::failure::{Failure, FailureClass, Policy, Table};
use crate::provider::http::Reply;
use crate::provider::refusal::{self, Said, in_doubt};
use crate::provider::{identity, loose};

/// Code, and subcode of code 100, for an object that is gone or not ours: the phone number id, in a send.
const NO_SUCH_OBJECT: i64 = 33;

/// The number is being upgraded or moved: for a minute or two every send is in doubt (cloud-api.md 5.1).
const MAINTENANCE: [i64; 2] = [131_057, 2_494_100];

/// Codes of the quotas that `X-Business-Use-Case-Usage` tells of (cloud-api.md 5.5).
const QUOTAS: [i64; 2] = [4, 80_007];

/// An error object of the Graph API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct GraphError {
    pub code: i64,
    pub subcode: i64,
    pub is_transient: bool,
    pub detail: String,
    pub trace: String,
}

impl GraphError {
    /// The error of `body`, if it is one. Decided by the presence of a code, never by the HTTP status.
    pub fn of(body: &Value) -> Option<Self> {
        let error = body.get("error").filter(|e| e.is_object())?;
        Some(Self {
            code: loose::integer(error, "code")?,
            subcode: loose::integer(error, "error_subcode").unwrap_or_default(),
            is_transient: error.get("is_transient").and_then(Value::as_bool).unwrap_or_default(),
            detail: detail(error),
            trace: trace(error),
        })
    }
}

/// Meta's name for the request, which its support asks for. Ends in logs: letters and digits only.
fn trace(error: &Value) -> String {
    let trace = loose::text(error, "fbtrace_id").unwrap_or_default();
    trace.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(64).collect()
}

/// The provider's own words of an error: message (or title), then details where they say more.
/// `error_data` is an object here and may be a plain text in older Graph errors.
pub(super) fn detail(error: &Value) -> String {
    let message = loose::some_text(error, "message").or_else(|| loose::some_text(error, "title")).unwrap_or_default();
    let more = match error.get("error_data") {
        Some(data @ Value::Object(_)) => loose::some_text(data, "details"),
        _ => loose::some_text(error, "error_data"),
    };
    match more {
        Some(more) if message.is_empty() || more == message => more,
        Some(more) => format!("{message}: {more}"),
        None => message,
    }
}

/// The answer of a whole reply.
pub(super) fn of(reply: &Reply, errors: &Table) -> Answer {
    let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else {
        return in_doubt(format!("HTTP {} with a body that is not JSON", reply.status));
    };
    if let Some(error) = GraphError::of(&body) {
        let wait = Duration::from_secs(reply.usage.wait_minutes.saturating_mul(60));
        let answer = classify(&error, reply.status, errors);
        let GraphError { code, trace, .. } = &error;
        if matches!(answer, Answer::Stopped { .. } | Answer::Unknown { .. }) {
            info!(failure.code = code, provider.trace = trace, "the provider answered code {code}, trace {trace}");
        } else {
            debug!(failure.code = code, provider.trace = trace, "the provider answered code {code}, trace {trace}");
        }
        return at_least(answer, wait);
    }
    match (reply.status, acceptance(&body)) {
        (200..=299, Some(acceptance)) => Answer::Accepted(acceptance),
        (status, _) => in_doubt(format!("HTTP {status} with neither a message id nor an error")),
    }
}

/// What an error object calls for. The code decides; the HTTP status only where the code is not known.
pub(super) fn classify(error: &GraphError, http_status: u16, errors: &Table) -> Answer {
    // Both mean the same, and people are told the same.
    let code = if (error.code, error.subcode) == (100, NO_SUCH_OBJECT) { NO_SUCH_OBJECT } else { error.code };
    let policy = errors.policy(code).unwrap_or_else(|| Policy::of(unknown(http_status, error.is_transient)));
    let failure = Failure { code, detail: error.detail.clone() };
    let pause = policy.retry_after.filter(|_| MAINTENANCE.contains(&code));
    refusal::of(policy, failure, Said { status: http_status, wait: None, pause })
}

/// A code that the table does not know, in an answer (cloud-api.md 6.3, last paragraph).
fn unknown(http_status: u16, is_transient: bool) -> FailureClass {
    match http_status {
        _ if is_transient => FailureClass::Ambiguous,
        401 | 403 => FailureClass::HoldAccount,
        400..=499 => FailureClass::Fix,
        _ => FailureClass::Ambiguous,
    }
}

/// Waits as long as the provider's usage header asks, where that is longer than the table says.
fn at_least(answer: Answer, wait: Duration) -> Answer {
    match answer {
        Answer::Throttled { scope, retry_after, failure } if QUOTAS.contains(&failure.code) => {
            Answer::Throttled { scope, retry_after: retry_after.max(wait), failure }
        }
        other => other,
    }
}

fn acceptance(body: &Value) -> Option<Acceptance> {
    let message = loose::items(body, "messages").first()?;
    let mut person = Identity::default();
    if let Some(contact) = loose::items(body, "contacts").first() {
        identity::note(&mut person, loose::text(contact, "user_id"));
        identity::note(&mut person, loose::text(contact, "wa_id"));
    }
    // `paused`: taken like the held ones, and dropped or released like them when the template's pause ends.
    let word = loose::text(message, "message_status").unwrap_or_default();
    Some(Acceptance {
        provider_id: loose::some_text(message, "id")?,
        wa_id: person.wa_id,
        bsuid: person.bsuid,
        in_review: matches!(word.as_str(), "held_for_quality_assessment" | "paused"),
    })
}
