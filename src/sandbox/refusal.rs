//! Errors as the provider words them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// (code, HTTP status, title). From Meta's error reference, editions of December 2025 and September 2026.
const TITLES: &[(i64, u16, &str)] = &[
    (100, 400, "Invalid parameter"),
    (190, 401, "Access token expired"),
    (368, 403, "Temporarily blocked for policies violations"),
    (2200, 400, "Callback verification failed"),
    (80007, 400, "Rate limit issues"),
    (130_429, 400, "Rate limit hit"),
    (130_472, 400, "User's number is part of an experiment"),
    (130_497, 403, "Business account is restricted from messaging users in this country"),
    (131_000, 500, "Something went wrong"),
    (131_008, 400, "Required parameter is missing"),
    (131_009, 400, "Parameter value is not valid"),
    (131_021, 400, "Recipient cannot be sender"),
    (131_026, 400, "Message undeliverable"),
    (131_031, 403, "Business Account locked"),
    (131_042, 400, "Business eligibility payment issue"),
    (131_047, 400, "Re-engagement message"),
    (131_048, 400, "Spam rate limit hit"),
    (131_049, 400, "This message was not delivered to maintain healthy ecosystem engagement."),
    (131_050, 400, "User has stopped receiving marketing messages"),
    (131_051, 400, "Unsupported message type"),
    (131_053, 400, "Media upload error"),
    (131_056, 400, "(Business Account, Consumer Account) pair rate limit hit"),
    (131_059, 400, "Invalid cursor"),
    (132_000, 400, "Number of parameters does not match the expected number of params"),
    (132_001, 404, "Template name does not exist in the translation"),
    (132_005, 400, "Translated text too long"),
    (132_012, 400, "Parameter format does not match format in the created template"),
    (132_015, 400, "Template is paused"),
    (132_016, 400, "Template is disabled"),
    (132_018, 400, "Template parameters failed validation"),
];

/// An answer that is an error.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// The provider's code.
    pub code: i64,
    subcode: Option<i64>,
    details: String,
}

impl Refusal {
    /// The same, with where it is.
    pub fn within(self, place: &str) -> Self {
        Self { details: format!("{place}: {}", self.details), ..self }
    }

    /// Error `code`, explained by `details`.
    pub fn new(code: i64, details: impl Into<String>) -> Self {
        Self { code, subcode: None, details: details.into() }
    }

    /// The same with a subcode.
    pub fn with_subcode(self, subcode: i64) -> Self {
        Self { subcode: Some(subcode), ..self }
    }

    /// A node that does not exist, or that this token may not see: Graph tells no difference.
    pub fn no_such_node(id: &str) -> Self {
        Self::new(100, format!("Object with ID '{id}' does not exist, cannot be loaded due to missing permissions"))
            .with_subcode(33)
    }

    fn body(&self) -> Value {
        let mut error = json!({
            "message": format!("(#{}) {}", self.code, title(self.code)),
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "Asandbox",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        json!({ "error": error })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = TITLES.iter().find(|(code, ..)| *code == self.code).map_or(400, |(_, status, _)| *status);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(self.body())).into_response()
    }
}

/// The provider's title for `code`.
pub(super) fn title(code: i64) -> &'static str {
    TITLES.iter().find(|(known, ..)| *known == code).map_or("Something went wrong", |(.., title)| *title)
}
