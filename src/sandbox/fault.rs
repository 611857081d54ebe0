//! Faults on demand: what a network and a provider do on a bad day.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures::stream;
use serde::{Deserialize, Serialize};

use super::connection::Cut;
use super::refusal::Refusal;
use super::world::World;

/// A fault that hits a share of the sends.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Share of the sends, 0 to 1.
    pub rate: f64,
    /// Before the send is accepted (it is not), or after (it is). One that is throttled or told an error never is.
    #[serde(default)]
    pub when: When,
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// The connection closes without an answer.
    LostAnswer,
    /// The connection is reset.
    Reset,
    /// HTTP 500, code 131000.
    ServerError,
    /// Code 130429.
    Throttle,
    /// HTTP 200 with an error in it.
    GoodError,
    /// A proxy answers with a page.
    Html,
    /// The answer takes half a minute.
    Slow,
    /// The JSON of the answer is cut in half.
    Truncated,
}

/// On which side of acceptance.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    /// The send is not accepted.
    Before,
    /// The send is accepted.
    #[default]
    After,
}

/// Real time a slow answer takes: longer than any client should wait.
const SLOW: Duration = Duration::from_secs(30);

impl World {
    /// The fault that hits this send at `when`, if any does.
    pub fn draw_fault(&mut self, when: When) -> Option<Kind> {
        for at in 0..self.faults.len() {
            let Fault { kind, rate, when: mut at_when } = self.faults[at];
            if matches!(kind, Kind::Throttle | Kind::GoodError) {
                at_when = When::Before;
            }
            if at_when == when && self.dice.chance(rate) {
                return Some(kind);
            }
        }
        None
    }
}

/// What the client gets instead of `answer`.
pub(super) async fn spoil(kind: Kind, answer: Response, cut: Option<Cut>) -> Response {
    match kind {
        Kind::LostAnswer => no_answer(),
        Kind::Reset => {
            if let Some(cut) = cut {
                cut.reset();
            }
            no_answer()
        }
        Kind::ServerError => Refusal::new(131_000, "Something went wrong.").into_response(),
        Kind::Throttle => Refusal::new(130_429, "Cloud API message throughput has been reached.").into_response(),
        Kind::GoodError => {
            let mut answer = Refusal::new(131_009, "Parameter value is not valid").into_response();
            *answer.status_mut() = StatusCode::OK;
            answer
        }
        Kind::Html => {
            (StatusCode::BAD_GATEWAY, Html("<html><body><h1>502 Bad Gateway</h1></body></html>")).into_response()
        }
        Kind::Slow => {
            tokio::time::sleep(SLOW).await;
            answer
        }
        Kind::Truncated => truncated(answer).await,
    }
}

/// A body that fails at once: the connection closes before a byte of the answer has left.
fn no_answer() -> Response {
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
    Response::new(Body::from_stream(broken))
}

async fn truncated(answer: Response) -> Response {
    let status = answer.status();
    let whole = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    (status, [(header::CONTENT_TYPE, "application/json")], half).into_response()
}

/// The answer of a send that a fault keeps from being accepted, where the fault itself leaves one.
pub(super) fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(serde_json::json!({"error": {"message": "(#2) Service temporarily unavailable", "type": "OAuthException", "code": 2, "is_transient": true, "fbtrace_id": "Asandbox"}}))).into_response()
}
