//! Only programs of this machine may use the sandbox, and no page of a browser that runs on it.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

use super::config::is_loopback;

/// Refuses a `Host` that is not this machine (DNS rebinding) and an `Origin` that is not the sandbox itself (a page).
pub(super) async fn own_machine_only(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
    let Some(host) = host.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str)) else {
        return refused("a request needs a Host");
    };
    if !names_this_machine(host) {
        return refused("the sandbox answers requests to 127.0.0.1, ::1 and localhost only");
    }
    let is_own = |origin: &axum::http::HeaderValue| origin.as_bytes() == format!("http://{host}").as_bytes();
    if request.headers().get(header::ORIGIN).is_some_and(|origin| !is_own(origin)) {
        return refused("the sandbox answers no pages of other origins");
    }
    next.run(request).await
}

fn names_this_machine(host: &str) -> bool {
    Url::parse(&format!("http://{host}/"))
        .is_ok_and(|url| url.username().is_empty() && url.host().is_some_and(|host| is_loopback(&host)))
}

fn refused(why: &'static str) -> Response {
    (StatusCode::FORBIDDEN, why).into_response()
}
