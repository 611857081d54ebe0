//! A campaign as it comes in: `campaign.toml` and, where it changed, the audience.

use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::error::WebError;
use super::form::Form;
use super::state::WebState;
use super::words::bytes_short;
use crate::config::toml_file::TomlProblem;
use crate::domain::problem::Problem;
use crate::engine::Incoming;
use crate::intake::campaign_file;

/// Larger campaign files than this are not written by people.
const DEFINITION_LIMIT: usize = 256 * 1024;

/// The largest medium of a template's header (cloud-api.md 1.3: documents of 100 MB), as far as an example needs it.
const SAMPLE_LIMIT: usize = 16 * 1024 * 1024;

/// What came in.
pub struct Upload {
    /// Name of the campaign's folder.
    pub name: String,
    /// The text of `campaign.toml`.
    pub definition: String,
    /// The audience file.
    pub audience: Option<Incoming>,
    /// The files that the template shows in its header and its cards.
    pub shown: Vec<Incoming>,
}

impl Upload {
    /// Reads the parts `name`, `definition` (the API's `campaign`), `audience` and `header`, of which there may be several; any
    /// other is passed over.
    pub async fn read(state: &WebState, mut form: Multipart) -> Result<Self, WebError> {
        let (mut name, mut definition, mut audience, mut shown) = (String::new(), String::new(), None, Vec::new());
        while let Some(field) = form.next_field().await.map_err(WebError::cut_off)? {
            match field.name().unwrap_or_default() {
                "name" => text(field).await?.trim().clone_into(&mut name),
                "definition" | "campaign" => definition = campaign_file_text(field).await?,
                "audience" => audience = file(state, field).await?,
                "header" => shown.extend(file(state, field).await?),
                _ => {}
            }
        }
        if !is_folder_name(&name) {
            return Err(WebError::Bad("campaign_name"));
        }
        if definition.trim().is_empty() {
            return Err(WebError::Bad("no_definition"));
        }
        Ok(Self { name, definition, audience, shown })
    }
}

/// A form of a page that brings a file: its fields, as if it had come without, and the part `file`.
pub async fn form_with_file<T: DeserializeOwned>(
    mut form: Multipart,
    part: &str,
) -> Result<(T, Option<(String, Vec<u8>)>), WebError> {
    let (mut fields, mut brought) = (Vec::new(), None);
    while let Some(field) = form.next_field().await.map_err(WebError::cut_off)? {
        match field.name().unwrap_or_default().to_owned() {
            name if name == part => brought = sample(field).await?,
            name => fields.push((name, text(field).await?)),
        }
    }
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post("/").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.body(Body::from(fields)).map_err(WebError::cut_off)?;
    let Form(read) = Form::from_request(request, &()).await?;
    Ok((read, brought))
}

/// What somebody brings to a campaign that is put together on the page.
#[derive(Default)]
pub struct Parts {
    /// What it is to be called.
    pub title: String,
    /// The word of its kind.
    pub kind: String,
    /// The form's key.
    pub once: String,
    /// The audience file.
    pub file: Option<Incoming>,
}

/// A file of clients.
#[derive(Default)]
pub struct Clients {
    /// The country of local numbers; empty: the first sender's.
    pub country: String,
    /// The file.
    pub file: Option<Incoming>,
}

/// Reads the parts `country` and `clients`; any other is passed over.
pub async fn clients(state: &WebState, mut form: Multipart) -> Result<Clients, WebError> {
    let mut clients = Clients::default();
    while let Some(field) = form.next_field().await.map_err(WebError::cut_off)? {
        match field.name().unwrap_or_default() {
            "country" => clients.country = text(field).await?,
            "clients" => clients.file = file(state, field).await?,
            _ => {}
        }
    }
    Ok(clients)
}

/// The file of the part `wanted`; any other is passed over.
pub async fn one(state: &WebState, mut form: Multipart, wanted: &str) -> Result<Option<Incoming>, WebError> {
    let mut brought = None;
    while let Some(field) = form.next_field().await.map_err(WebError::cut_off)? {
        if field.name() == Some(wanted) {
            brought = file(state, field).await?;
        }
    }
    Ok(brought)
}

/// Reads the parts `title`, `kind`, `once` and `audience`; any other is passed over.
pub async fn parts(state: &WebState, mut form: Multipart) -> Result<Parts, WebError> {
    let mut parts = Parts::default();
    while let Some(field) = form.next_field().await.map_err(WebError::cut_off)? {
        match field.name().unwrap_or_default() {
            "title" => parts.title = text(field).await?.replace(['\0', '\n', '\r'], " ").chars().take(120).collect(),
            "kind" => parts.kind = text(field).await?,
            "once" => parts.once = text(field).await?,
            "audience" => {
                let given = field.file_name().unwrap_or_default().to_owned();
                parts.file = file_named(state, field, given_name(&given)).await?;
            }
            _ => {}
        }
    }
    Ok(parts)
}

/// Longest name that is kept of a file, in characters.
const LONGEST_NAME: usize = 120;

/// The name of a file that somebody chose, as one component: some programs send the folders that it came from.
fn given_name(given: &str) -> String {
    let name = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '*' | '?')).collect();
    let name = name.trim().trim_start_matches('.');
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let stem: String = stem.chars().take(LONGEST_NAME).collect();
    match (stem.trim(), extension) {
        ("", _) if given.trim().is_empty() => String::new(),
        ("", _) => "file".to_owned(),
        (stem, "") => stem.to_owned(),
        (stem, extension) => format!("{stem}.{}", extension.chars().take(10).collect::<String>()),
    }
}

/// Campaign folders are `[a-z0-9_-]`.
fn is_folder_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

async fn text(field: Field<'_>) -> Result<String, WebError> {
    String::from_utf8(bytes(field).await?).map_err(|_| WebError::Bad("not_utf8"))
}

/// A campaign file that is not UTF-8 is told with the place.
async fn campaign_file_text(field: Field<'_>) -> Result<String, WebError> {
    let told = |problem: TomlProblem| {
        WebError::Refused(vec![Problem::new("campaign_file", &[("detail", &problem.to_string())])])
    };
    campaign_file::text(bytes(field).await?, "campaign.toml").map_err(told)
}

async fn bytes(mut field: Field<'_>) -> Result<Vec<u8>, WebError> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(WebError::cut_off)? {
        if bytes.len() + piece.len() > DEFINITION_LIMIT {
            return Err(WebError::TooLarge);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A file that a provider takes as an example: a few megabytes, and never a campaign's.
async fn sample(mut field: Field<'_>) -> Result<Option<(String, Vec<u8>)>, WebError> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(WebError::cut_off)? {
        if bytes.len() + piece.len() > SAMPLE_LIMIT {
            return Err(WebError::TooLarge);
        }
        bytes.extend_from_slice(&piece);
    }
    if name.is_empty() && bytes.is_empty() {
        return Ok(None);
    }
    // A single component, whatever a browser or a program calls it.
    let single = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    if single { Ok(Some((name, bytes))) } else { Err(WebError::Bad("file_name")) }
}

/// The file goes to the disk as it comes. An empty file field of a browser has no name.
async fn file(state: &WebState, field: Field<'_>) -> Result<Option<Incoming>, WebError> {
    let name = field.file_name().unwrap_or_default().to_owned();
    file_named(state, field, name).await
}

/// The same under another name.
async fn file_named(state: &WebState, mut field: Field<'_>, name: String) -> Result<Option<Incoming>, WebError> {
    let mut next = field.chunk().await.map_err(WebError::cut_off)?;
    if name.is_empty() && next.is_none() {
        return Ok(None);
    }
    // A single component, whatever a browser or a program calls it.
    let mut arriving = state.engine.take_in(&name).await?.ok_or(WebError::Bad("file_name"))?;
    let limit = state.config().server.upload_limit;
    let mut size = 0;
    while let Some(piece) = next {
        size += piece.len() as u64;
        if size > limit {
            throw_away(field, limit).await;
            return Err(too_large(limit));
        }
        arriving.write(&piece).await?;
        next = field.chunk().await.map_err(WebError::cut_off)?;
    }
    Ok(Some(arriving.done().await?))
}

/// Whoever is cut off in the middle sees a broken connection instead of the answer: some more is taken and dropped.
async fn throw_away(mut field: Field<'_>, limit: u64) {
    let mut dropped = 0;
    while let (true, Ok(Some(piece))) = (dropped < limit, field.chunk().await) {
        dropped += piece.len() as u64;
    }
}

/// What says how large a file may be, and what to do with one that is larger.
pub fn too_large(limit: u64) -> WebError {
    let why = Problem::new("upload_too_large", &[("limit", &bytes_short(limit))]);
    WebError::Because { status: StatusCode::PAYLOAD_TOO_LARGE, word: "too_large", why }
}

#[cfg(test)]
mod tests {
    use super::given_name;

    #[test]
    fn of_a_name_with_folders_the_last_part_is_kept_and_what_no_name_may_have_goes() {
        for (given, kept) in [
            ("Turnos del martes.csv", "Turnos del martes.csv"),
            ("C:\\Datos\\turnos.xlsx", "turnos.xlsx"),
            ("../../etc/passwd", "passwd"),
            ("a\"b?.csv", "ab.csv"),
            (".csv", "csv"),
            ("...", "file"),
            ("turnos", "turnos"),
            ("", ""),
        ] {
            assert_eq!(given_name(given), kept, "{given}");
        }
        assert!(given_name(&format!("{}.csv", "x".repeat(500))).len() < 130);
    }
}
