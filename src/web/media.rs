//! Attachments, to those who may read conversations. What people send is never trusted: its type is one of a few that
//! its bytes show, everything else is a download, and no page made of it may do anything. A PDF is shown by the browser's own
//! reader, which runs nothing of it in our pages.

use std::io::{Read, Seek, SeekFrom};

use async_stream::stream;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RANGE,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::domain::id::MediaId;
use crate::domain::media::{MediaState, is_read, is_shown};
use crate::store::media::{self, Attachment};

use super::error::WebError;
use super::state::WebState;

/// Read at once while it is sent.
const PIECE: u64 = 64 * 1024;

/// Nothing may run, load or be sent from what people send, were it opened as a page.
pub(super) const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");

/// The same of a document that the browser's own reader shows in a frame of our pages: not every browser starts it in a
/// sandbox. Nothing else may load, run or be sent, and no page of anybody else's may frame it.
const READ: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'; form-action 'none'; \
     base-uri 'none'",
);

/// The bytes of an attachment.
#[utoipa::path(
    get, path = "/api/v1/media/{id}", tag = "conversations",
    params(("id" = i64, Path), ("Range" = Option<String>, Header, description = "`bytes=0-1023`, `bytes=1024-` or `bytes=-512`")),
    responses(
        (status = 200, description = "The whole of it", content_type = "application/octet-stream"),
        (status = 206, description = "The part asked for"),
        (status = 404, description = "There is none, or its bytes are not here (yet)", body = super::error::ProblemDocument)
    )
)]
pub async fn show(
    State(state): State<WebState>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let found = media::get(state.store(), MediaId(id)).await?.ok_or(WebError::NotFound)?;
    let hash = found.hash.as_deref().filter(|_| found.state == MediaState::Here).ok_or(WebError::NotFound)?;
    let kept = state.engine.media_file(hash).await?.ok_or(WebError::NotFound)?;
    let asked = headers.get(RANGE).and_then(|range| range.to_str().ok());
    let (status, from, length) = match asked.map(|range| part(range, kept.size)) {
        None | Some(Part::Whole) => (StatusCode::OK, 0, kept.size),
        Some(Part::Some { from, length }) => (StatusCode::PARTIAL_CONTENT, from, length),
        Some(Part::None) => {
            let range = [(CONTENT_RANGE, format!("bytes */{}", kept.size))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, range).into_response());
        }
    };
    let mut response = (status, Body::from_stream(bytes(kept.file, from, length))).into_response();
    let of = response.headers_mut();
    of.insert(CONTENT_TYPE, HeaderValue::from_str(&found.mime_type).unwrap_or(OPAQUE));
    of.insert(CONTENT_DISPOSITION, disposition(&found));
    if is_read(&found.mime_type) {
        of.insert(CONTENT_SECURITY_POLICY, READ);
        of.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    } else {
        of.insert(CONTENT_SECURITY_POLICY, POLICY);
    }
    of.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    of.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {from}-{}/{}", from + length - 1, kept.size);
        of.insert(CONTENT_RANGE, HeaderValue::from_str(&range).map_err(|_| WebError::NotFound)?);
    }
    Ok(response)
}

const OPAQUE: HeaderValue = HeaderValue::from_static(crate::domain::media::OPAQUE);

/// `length` bytes of `file` from `from` on.
pub(super) fn bytes(
    mut file: std::fs::File,
    from: u64,
    length: u64,
) -> impl futures::Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static {
    stream! {
        if let Err(cause) = file.seek(SeekFrom::Start(from)) {
            yield Err(cause);
            return;
        }
        let mut left = length;
        while left > 0 {
            let mut piece = vec![0; left.min(PIECE) as usize];
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => {
                    piece.truncate(n);
                    left -= n as u64;
                    yield Ok(piece);
                }
                Err(cause) => {
                    yield Err(cause);
                    break;
                }
            }
        }
    }
}

/// What of a file is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// All of it: what cannot be read, or asks for several parts, may be answered so (RFC 9110, 14.2).
    Whole,
    /// These bytes; `length` is not 0.
    Some { from: u64, length: u64 },
    /// Bytes that it does not have.
    None,
}

/// The part of `size` bytes that the header asks for.
fn part(range: &str, size: u64) -> Part {
    let Some((from, to)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let (from, to) = (from.trim(), to.trim());
    match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), _) if from >= size && (to.is_empty() || to.parse::<u64>().is_ok()) => Part::None,
        (Ok(from), Ok(to)) if from <= to => Part::Some { from, length: to.min(size - 1) - from + 1 },
        (Ok(from), Err(_)) if to.is_empty() => Part::Some { from, length: size - from },
        (Err(_), Ok(0)) if from.is_empty() => Part::None,
        (Err(_), Ok(_)) if from.is_empty() && size == 0 => Part::None,
        (Err(_), Ok(last)) if from.is_empty() => Part::Some { from: size.saturating_sub(last), length: last.min(size) },
        _ => Part::Whole,
    }
}

/// Shown in the page, or a download under its name.
fn disposition(of: &Attachment) -> HeaderValue {
    let how = if is_shown(&of.mime_type) || is_read(&of.mime_type) { "inline" } else { "attachment" };
    let name =
        if of.filename.trim().is_empty() { format!("{}-{}", of.kind.as_str(), of.id) } else { of.filename.clone() };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    let encoded = percent(&name);
    HeaderValue::from_str(&format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

/// As RFC 5987 writes names.
fn percent(name: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a text cannot fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_answered_as_far_as_there_are_bytes() {
        let some = |from, length| Part::Some { from, length };
        for (range, part_of_ten) in [
            ("bytes=0-3", some(0, 4)),
            ("bytes=0-0", some(0, 1)),
            ("bytes=4-", some(4, 6)),
            ("bytes=4-99", some(4, 6)),
            ("bytes=-3", some(7, 3)),
            ("bytes=-99", some(0, 10)),
            ("bytes=10-", Part::None),
            ("bytes=10-12", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("items=0-3", Part::Whole),
            ("bytes=-", Part::Whole),
        ] {
            assert_eq!(part(range, 10), part_of_ten, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::None);
        assert_eq!(part("bytes=-1", 0), Part::None);
    }
}
