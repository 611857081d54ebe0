//! What goes wrong, told as a page to people and as a problem document (RFC 9457) to programs.

use std::error::Error as _;

use askama::Template;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, LOCATION, REFERER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rand::RngExt;
use serde::Serialize;
use tracing::info;
use url::Url;

use crate::domain::problem::Problem;
use crate::engine::EngineError;
use crate::locale::{self, Language};
use crate::store::StoreError;

use super::actor::{self, Actor};
use super::form::{UNREAD, local};
use super::page::Page;
use super::state::WebState;

/// Why a request is not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Nobody is signed in and no good token came.
    #[error("nobody is signed in")]
    NobodyThere,
    /// The role has no right to it.
    #[error("not allowed")]
    NotAllowed,
    /// A form without its session's token, or from another site.
    #[error("the form does not belong to this session")]
    ForeignForm,
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// The request cannot be understood; the word says what (`web.error.<word>`).
    #[error("bad request: {0}")]
    Bad(&'static str),
    /// It was understood and is refused for these reasons.
    #[error("refused")]
    Refused(Vec<Problem>),
    /// What somebody said yes to is not what was shown any more: this changed.
    #[error("changed since it was shown")]
    Changed(Vec<Problem>),
    /// It was understood and cannot be taken as it is; the word says why (`web.error.<word>`).
    #[error("unprocessable: {0}")]
    Unprocessable(&'static str),
    /// It does not fit the present state; the word says why (`web.error.<word>`).
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// There is no such thing, or it does not fit the present state, in words of its own; the word is as of the others.
    #[error("{word}: {}", .why.code)]
    Because {
        /// HTTP status.
        status: StatusCode,
        /// Of the problem document's type and title.
        word: &'static str,
        /// What is said.
        why: Problem,
    },
    /// Too large.
    #[error("too large")]
    TooLarge,
    /// The store.
    #[error("store")]
    Store(#[from] StoreError),
    /// The engine.
    #[error("engine")]
    Engine(#[source] EngineError),
    /// A template that does not render.
    #[error("template")]
    Template(#[from] askama::Error),
    /// Anything else that should not happen.
    #[error("{0}")]
    Unexpected(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What the engine does not know is not there.
impl From<EngineError> for WebError {
    fn from(error: EngineError) -> Self {
        if matches!(error, EngineError::Unknown { .. }) { Self::NotFound } else { Self::Engine(error) }
    }
}

impl WebError {
    /// A form that cannot be read to its end; why stands in the log.
    pub fn cut_off(cause: impl std::error::Error + 'static) -> Self {
        info!(error = &cause as &dyn std::error::Error, "a form could not be read to its end");
        Self::Bad("upload")
    }

    /// Whether the disk is full: the same request may succeed later.
    fn is_full(&self) -> bool {
        match self {
            Self::Store(error) => error.is_full(),
            Self::Engine(error) => error.is_full(),
            _ => false,
        }
    }

    /// Whether the database cannot be reached: the same request may succeed later.
    fn is_away(&self) -> bool {
        match self {
            Self::Store(error) => error.is_away(),
            Self::Engine(error) => error.is_away(),
            _ => false,
        }
    }

    /// The status of its answer.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            _ if self.is_full() || self.is_away() => StatusCode::SERVICE_UNAVAILABLE,
            Self::NobodyThere => StatusCode::UNAUTHORIZED,
            Self::NotAllowed | Self::ForeignForm => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Refused(_) | Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) | Self::Changed(_) => StatusCode::CONFLICT,
            Self::Because { status, .. } => *status,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Store(_) | Self::Engine(_) | Self::Template(_) | Self::Unexpected(..) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// The word of the problem document's type and of its sentence `web.error.<word>`.
    fn word(&self) -> &'static str {
        match self {
            _ if self.is_full() => "no_room",
            _ if self.is_away() => "store_away",
            Self::NobodyThere => "nobody_there",
            Self::NotAllowed => "not_allowed",
            Self::ForeignForm => "foreign_form",
            Self::NotFound => "not_found",
            Self::Bad(word) | Self::Conflict(word) | Self::Unprocessable(word) | Self::Because { word, .. } => word,
            Self::Refused(_) => "refused",
            Self::Changed(_) => "changed",
            Self::TooLarge => "too_large",
            Self::Store(_) | Self::Engine(_) | Self::Template(_) | Self::Unexpected(..) => "unexpected",
        }
    }
}

/// What the outer layer needs to write the error out in the form and language of whoever asked.
#[derive(Clone)]
struct Told {
    word: &'static str,
    problems: Vec<Problem>,
    /// What is said instead of the word's sentence.
    why: Option<Problem>,
    /// Of a surprise: what the log calls it.
    reference: Option<String>,
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let status = self.status();
        let word = self.word();
        // A full disk is in the log once; every webhook meanwhile would fill it further.
        let is_surprise = status.is_server_error() && !self.is_full();
        let reference = is_surprise.then(|| log(&self, status)).flatten();
        let (problems, why) = match self {
            Self::Refused(problems) | Self::Changed(problems) => (problems, None),
            Self::Because { why, .. } => (Vec::new(), Some(why)),
            _ => (Vec::new(), None),
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(Told { word, problems, why, reference });
        response
    }
}

/// The browser gets an id, the log gets the chain of causes, once.
fn log(error: &WebError, status: StatusCode) -> Option<String> {
    if status == StatusCode::NOT_IMPLEMENTED {
        return None;
    }
    let reference = format!("{:08x}", rand::rng().random::<u32>());
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        chain.push_str(": ");
        chain.push_str(&e.to_string());
        cause = e.source();
    }
    tracing::error!(error.reference = %reference, error.chain = %chain, "a request failed");
    Some(reference)
}

/// The fallback.
pub async fn no_such_page() -> WebError {
    WebError::NotFound
}

/// A problem document.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// `/api/docs#problem-<word>`.
    #[serde(rename = "type")]
    kind: String,
    /// Short, the same for every problem of the type.
    title: String,
    /// HTTP status.
    status: u16,
    /// This case, in the language asked for.
    detail: String,
    /// What stands in the way, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemItem>,
    /// What the log calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

/// One of the things that stand in the way.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProblemItem {
    /// Stable word.
    code: String,
    /// Sentence.
    message: String,
    /// The field of the request that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl ProblemItem {
    /// A problem in words.
    pub fn of(language: Language, problem: &Problem) -> Self {
        let message = locale::problem(language, problem);
        Self { code: problem.code.clone(), message, field: field(problem) }
    }
}

/// The field a problem is about: its argument of that name.
fn field(problem: &Problem) -> Option<String> {
    problem.args.iter().find(|(name, _)| name == "field").map(|(_, field)| field.clone())
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    p: Page,
    title: String,
    detail: String,
    problems: Vec<String>,
    reference: Option<String>,
    back: String,
}

/// Turns bare error statuses into documents or pages.
pub async fn write_out(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let headers = request.headers().clone();
    let query = request.uri().query().map(str::to_owned);
    let response = next.run(request).await;
    let machine = is_machine(&path);
    let (status, told) = match response.extensions().get::<Told>() {
        Some(told) => (response.status(), told.clone()),
        None => match unread(response.status(), &method, machine) {
            Some((status, word)) => (status, Told { word, problems: Vec::new(), why: None, reference: None }),
            None => return response,
        },
    };
    if status == StatusCode::UNAUTHORIZED && !machine && method == Method::GET {
        let next = query.map_or(path.clone(), |q| format!("{path}?{q}"));
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        return (StatusCode::SEE_OTHER, [(LOCATION, format!("/sign-in?next={next}"))]).into_response();
    }
    let who = response.extensions().get::<Actor>().cloned();
    let language = actor::language(who.as_ref(), &headers);
    if machine {
        return document(language, status, &told);
    }
    let back = if method == Method::POST { came_from(&state, &headers) } else { None };
    page(&state, (who, language), (status, &told), back)
}

/// Whether programs ask there.
fn is_machine(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/webhooks/") || path == "/events"
}

/// The page of this site that a form was sent from.
fn came_from(state: &WebState, headers: &HeaderMap) -> Option<String> {
    let from = Url::parse(headers.get(REFERER)?.to_str().ok()?).ok()?;
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_own = from.origin().ascii_serialization() == state.public_origin() || host == Some(from.authority());
    let query = from.query().map_or(String::new(), |query| format!("?{query}"));
    is_own.then(|| local(&format!("{}{query}", from.path())).to_owned())
}

/// Status and word of a refusal that no handler wrote: the router's, or of what reads paths, queries and forms. The address
/// of a page that cannot be read is nobody's.
fn unread(status: StatusCode, method: &Method, machine: bool) -> Option<(StatusCode, &'static str)> {
    let word = match status {
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::BAD_REQUEST if *method == Method::GET && !machine => {
            return Some((StatusCode::NOT_FOUND, "not_found"));
        }
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE if *method == Method::POST && !machine => UNREAD,
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => "body",
        _ => return None,
    };
    Some((status, word))
}

fn sentences(language: Language, told: &Told) -> (String, String) {
    (
        locale::say(language, &format!("web.error_title.{}", told.word), &[]),
        match &told.why {
            Some(why) => locale::problem(language, why),
            None => locale::say(language, &format!("web.error.{}", told.word), &[]),
        },
    )
}

fn document(language: Language, status: StatusCode, told: &Told) -> Response {
    let (title, detail) = sentences(language, told);
    let errors = told.problems.iter().map(|problem| ProblemItem::of(language, problem)).collect();
    let body = ProblemDocument {
        kind: format!("/api/docs#problem-{}", told.word),
        title,
        status: status.as_u16(),
        detail,
        errors,
        reference: told.reference.clone(),
    };
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

fn page(
    state: &WebState,
    (who, language): (Option<Actor>, Language),
    (status, told): (StatusCode, &Told),
    back: Option<String>,
) -> Response {
    let (title, detail) = sentences(language, told);
    let home = if who.is_some() { "/" } else { "/sign-in" };
    let page = ErrorPage {
        back: back.unwrap_or_else(|| home.to_owned()),
        p: Page::new(state, who, language, ""),
        title,
        detail,
        problems: told.problems.iter().map(|p| locale::problem(language, p)).collect(),
        reference: told.reference.clone(),
    };
    match page.render() {
        Ok(html) => (status, axum::response::Html(html)).into_response(),
        Err(_) => status.into_response(),
    }
}
