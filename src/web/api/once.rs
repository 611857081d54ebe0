//! `Idempotency-Key`: a POST that is repeated with its key does its work once and is answered the same.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::yield_now;

use crate::engine::Incoming;
use crate::store::idempotency::{Key, Once};
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::guard::FORM_LIMIT;
use crate::web::once::{Begun, begin};
use crate::web::state::WebState;
use crate::web::upload::too_large;

/// The header.
const HEADER: &str = "idempotency-key";
/// Says of an answer that its work was done by an earlier request.
const REPLAYED: &str = "idempotency-replayed";
/// Longer keys are refused.
const LONGEST: usize = 200;
/// Answers of the API to a POST are short.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
/// Bytes of a request on the disk that are read at once.
const PIECE: usize = 64 * 1024;

/// Stands between the guard and the handlers of the API. Without the header it does nothing.
pub async fn once(State(state): State<WebState>, request: Request, next: Next) -> Response {
    if *request.method() != Method::POST {
        return next.run(request).await;
    }
    let key = match key(request.headers()) {
        Ok(Some(key)) => key,
        Ok(None) => return next.run(request).await,
        Err(e) => return e.into_response(),
    };
    work(&state, key, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

fn key(headers: &HeaderMap) -> Result<Option<String>, WebError> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > LONGEST { Err(WebError::Bad("no_key")) } else { Ok(Some(key.to_owned())) }
}

async fn work(state: &WebState, key: String, request: Request, next: Next) -> Result<Response, WebError> {
    let actor = request.extensions().get::<Actor>().ok_or(WebError::NobodyThere)?.clone();
    let route = format!("POST {}", request.uri().path());
    let (mut parts, body) = request.into_parts();
    let body = Sent::take(state, &parts.headers, body).await?;
    let hash = body.fingerprint(parts.uri.query().unwrap_or_default()).await?;
    let work = match begin(state, Key { actor: &actor.name, route: &route, key: &key }, &hash).await? {
        Begun::Yours(work) => work,
        Begun::Unfinished(_) => return Err(WebError::Conflict("key_unfinished")),
        Begun::Mismatch => return Err(WebError::Unprocessable("key_reused")),
        Begun::Done { status, response } => return Ok(again(status, response)),
    };
    parts.extensions.insert(Actor { once: work.once.clone(), ..actor });
    let response = next.run(Request::from_parts(parts, body.into_body().await?)).await;
    keep(state, &work.once, response).await
}

/// Keeps a good answer. A refusal gives the key back, since nothing was done. After a surprise, what was made stands under
/// the key, and a repetition makes what was not.
async fn keep(state: &WebState, once: &Once, response: Response) -> Result<Response, WebError> {
    let status = response.status();
    if status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED {
        once.forget(state.store()).await?;
    }
    if !status.is_success() {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let surprise = |e: axum::Error| WebError::Unexpected("an answer of the API", Box::new(e));
    let bytes = to_bytes(body, ANSWER_LIMIT).await.map_err(surprise)?;
    let text = String::from_utf8_lossy(&bytes);
    once.finish(state.store(), i64::from(status.as_u16()), &text).await?;
    if once.is_made() {
        parts.headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn again(status: i64, response: String) -> Response {
    let status = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
    let mut answer = (status, response).into_response();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    answer
}

/// The body of a request, which is read to know it again and then handled.
enum Sent {
    /// A short one.
    Short(Bytes),
    /// One with files, on the disk, and its content type.
    Form(Incoming, String),
}

impl Sent {
    async fn take(state: &WebState, headers: &HeaderMap, body: Body) -> Result<Self, WebError> {
        let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("multipart/form-data") {
            return Ok(Self::Short(to_bytes(body, FORM_LIMIT).await.map_err(|_| WebError::TooLarge)?));
        }
        let limit = state.config().server.upload_limit;
        let mut arriving = state.engine.take_in("request").await?.ok_or(WebError::Bad("upload"))?;
        let (mut pieces, mut size) = (body.into_data_stream(), 0);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(WebError::cut_off)?;
            size += piece.len() as u64;
            if size <= limit + FORM_LIMIT as u64 {
                arriving.write(&piece).await?;
            } else if size > 2 * limit {
                break;
            }
        }
        if size > limit + FORM_LIMIT as u64 {
            return Err(too_large(limit));
        }
        Ok(Self::Form(arriving.done().await?, kind.to_owned()))
    }

    /// What makes two requests the same. Uploads are compared part by part: their boundary is drawn anew every time.
    async fn fingerprint(&self, query: &str) -> Result<String, WebError> {
        let mut hash = Sha256::new();
        add(&mut hash, query.as_bytes());
        match self {
            Self::Short(bytes) => add(&mut hash, bytes),
            Self::Form(file, kind) => parts_of(&mut hash, file, kind).await?,
        }
        Ok(hex::encode(hash.finalize()))
    }

    async fn into_body(self) -> Result<Body, WebError> {
        match self {
            Self::Short(bytes) => Ok(Body::from(bytes)),
            Self::Form(file, _) => {
                let from = open(&file).await?;
                Ok(Body::from_stream(pieces(from, Some(file))))
            }
        }
    }
}

/// With its length, so that no two sequences run together.
fn add(hash: &mut Sha256, piece: &[u8]) {
    hash.update((piece.len() as u64).to_be_bytes());
    hash.update(piece);
}

/// Name, file name and content of every part, in turn; a form that is none counts as it is.
async fn parts_of(hash: &mut Sha256, file: &Incoming, kind: &str) -> Result<(), WebError> {
    let body = Body::from_stream(pieces(open(file).await?, None));
    let mut copy = Request::builder().header(CONTENT_TYPE, kind).body(body).map_err(WebError::cut_off)?;
    DefaultBodyLimit::disable().apply(&mut copy);
    let mut form = Multipart::from_request(copy, &()).await.map_err(WebError::cut_off)?;
    while let Some(mut field) = form.next_field().await.map_err(WebError::cut_off)? {
        add(hash, field.name().unwrap_or_default().as_bytes());
        add(hash, field.file_name().unwrap_or_default().as_bytes());
        let (mut content, mut size) = (Sha256::new(), 0_u64);
        while let Some(piece) = field.chunk().await.map_err(WebError::cut_off)? {
            size += piece.len() as u64;
            content.update(&piece);
        }
        hash.update(size.to_be_bytes());
        hash.update(content.finalize());
    }
    Ok(())
}

async fn open(file: &Incoming) -> Result<File, WebError> {
    let surprise = |e: std::io::Error| WebError::Unexpected("a request on the disk", Box::new(e));
    File::open(file.path()).await.map_err(surprise)
}

/// A file piece by piece; what it lies in is kept until it is read.
///
/// Its end never comes in the same look as its last piece: the reader of forms (multer 3.1) looks twice for the first field, and
/// takes a form that is there whole at the second look for one that was cut off.
fn pieces(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    kept: Option<Incoming>,
) -> impl Stream<Item = std::io::Result<Bytes>> {
    async_stream::try_stream! {
        let _kept = kept;
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            if from.read_buf(&mut piece).await? == 0 {
                yield_now().await;
                break;
            }
            yield Bytes::from(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use tokio::io::ReadBuf;

    use super::*;

    /// A form on a disk that is read between two looks: nothing is there at the first, and all of it at the second.
    struct Late(&'static [u8], bool);

    impl AsyncRead for Late {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            if !std::mem::replace(&mut self.1, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            buf.put_slice(std::mem::take(&mut self.0));
            Poll::Ready(Ok(()))
        }
    }

    const FORM: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nturnos\r\n--b--\r\n";

    #[tokio::test]
    async fn a_form_that_is_there_between_two_looks_is_whole() {
        let body = Body::from_stream(pieces(Late(FORM, false), None));
        let request = Request::builder().header(CONTENT_TYPE, "multipart/form-data; boundary=b").body(body).unwrap();
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let field = form.next_field().await.unwrap().unwrap();
        assert_eq!(field.name(), Some("name"));
        assert_eq!(field.text().await.unwrap(), "turnos");
        assert!(form.next_field().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_end_comes_later_than_the_last_piece() {
        let mut pieces = pin!(pieces(FORM, None));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(pieces.as_mut().poll_next(&mut cx), Poll::Ready(Some(Ok(_)))));
        assert!(pieces.as_mut().poll_next(&mut cx).is_pending());
        assert!(matches!(pieces.as_mut().poll_next(&mut cx), Poll::Ready(None)));
    }
}
