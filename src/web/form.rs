//! Fields of forms and addresses.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::de::DeserializeOwned;

use super::error::WebError;

/// The fields of a form without files. Every form of a page is read by it, so that one whose fields are missing or hold what
/// does not belong there is answered with a page.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = WebError;
    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        match axum_extra::extract::Form::from_request(request, state).await {
            Ok(axum_extra::extract::Form(read)) => Ok(Self(read)),
            Err(unread) => Err(match unread.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => WebError::TooLarge,
                _ => WebError::Unprocessable(UNREAD),
            }),
        }
    }
}

/// What a form is called that cannot be read (`web.error.<word>`).
pub const UNREAD: &str = "form";

/// Back to `path` with what was done, told once at its top.
pub fn done(path: &str, word: &str) -> Redirect {
    Redirect::to(&with_done(path, word))
}

/// Where [`done`] leads.
pub fn with_done(path: &str, word: &str) -> String {
    format!("{path}{}done={word}", if path.contains('?') { '&' } else { '?' })
}

/// The same with a count.
pub fn done_n(path: &str, word: &str, n: u64) -> Redirect {
    Redirect::to(&with_done_n(path, word, n))
}

/// Where [`done_n`] leads.
pub fn with_done_n(path: &str, word: &str, n: u64) -> String {
    format!("{path}{}done={word}&n={n}", if path.contains('?') { '&' } else { '?' })
}

/// A path of this site, whatever was asked for: never another host's.
pub fn local(path: &str) -> &str {
    let safe = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|b| (0x21..0x7f).contains(&b));
    if safe { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_never_leaves_the_site() {
        for (asked, given) in [
            ("/runs/5?state=failed", "/runs/5?state=failed"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(asked), given);
        }
    }
}
