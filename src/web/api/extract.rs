//! What a request says, read into types. What does not fit is told by the name of its field.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::domain::problem::Problem;
use crate::web::error::WebError;
use crate::web::state::WebState;

/// The number in the path; anything else is no thing of ours.
pub struct Id(pub i64);

impl FromRequestParts<WebState> for Id {
    type Rejection = WebError;
    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, WebError> {
        let Path(id) = Path::<i64>::from_request_parts(parts, state).await.map_err(|_| WebError::NotFound)?;
        Ok(Self(id))
    }
}

/// The query.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<WebState> for Asked<T> {
    type Rejection = WebError;
    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, WebError> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(misfit(&rejection.body_text())),
        }
    }
}

/// The JSON body; nothing at all counts as `{}`.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned> FromRequest<WebState> for Sent<T> {
    type Rejection = WebError;
    async fn from_request(request: Request, state: &WebState) -> Result<Self, WebError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|e| unread(&e))?;
        let text = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes[..] };
        match Json::<T>::from_bytes(text) {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::JsonDataError(e)) => Err(misfit(&e.body_text())),
            Err(_) => Err(WebError::Bad("body")),
        }
    }
}

fn unread(rejection: &BytesRejection) -> WebError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { WebError::TooLarge } else { WebError::Bad("body") }
}

/// A field that is wrong, as a problem that names it.
pub fn wrong(field: &str, detail: &str) -> WebError {
    WebError::Refused(vec![Problem::new("field", &[("field", field), ("detail", detail)])])
}

/// The same from what axum says: `Failed to …: values.name: invalid type: …`.
fn misfit(text: &str) -> WebError {
    let detail = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let path = detail.split_once(": ").map(|(path, _)| path).filter(|p| !p.contains(' ') && *p != ".");
    let quoted = detail.split('`').nth(1);
    let about_a_name = ["missing field", "unknown field", "duplicate field"].iter().any(|w| detail.contains(w));
    let field = if about_a_name { quoted.or(path) } else { path.or(quoted) }.unwrap_or("body");
    let plain = detail.strip_prefix(field).and_then(|d| d.strip_prefix(": ")).unwrap_or(detail);
    let plain = plain.split(" at line ").next().unwrap_or(plain);
    wrong(field, plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_named() {
        for (text, field, detail) in [
            (
                "Failed to deserialize the JSON body into the target type: version: invalid type: string \"x\", expected i64 at line 1 column 13",
                "version",
                "invalid type: string \"x\", expected i64",
            ),
            (
                "Failed to deserialize the JSON body into the target type: missing field `to` at line 1 column 2",
                "to",
                "missing field `to`",
            ),
            (
                "Failed to deserialize query string: unknown field `cursr`, expected `cursor` or `limit`",
                "cursr",
                "unknown field `cursr`, expected `cursor` or `limit`",
            ),
            (
                "Failed to deserialize query string: limit: invalid digit found in string",
                "limit",
                "invalid digit found in string",
            ),
        ] {
            let WebError::Refused(problems) = misfit(text) else { panic!("a misfit is refused") };
            let args: Vec<(&str, &str)> = problems[0].args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(args, [("field", field), ("detail", detail)]);
        }
    }
}
