//! A campaign as it comes in: `campaign.toml` and, where it changed, the audience.

use axum::extract::Multipart;
use axum::extract::multipart::Field;

use super::error::WebError;
use crate::config::toml_file::TomlProblem;
use crate::domain::problem::Problem;
use crate::intake::campaign_file;

/// Larger campaign files than this are not written by people.
const DEFINITION_LIMIT: usize = 256 * 1024;

/// What came in.
pub struct Upload {
    /// Name of the campaign's folder.
    pub name: String,
    /// The text of `campaign.toml`.
    pub definition: String,
    /// Name and bytes of the audience file.
    pub audience: Option<(String, Vec<u8>)>,
    /// Name and bytes of the file that the template shows in its header.
    pub header: Option<(String, Vec<u8>)>,
}

impl Upload {
    /// Reads the parts `name`, `definition` (the API's `campaign`), `audience` and `header`; any other is passed over.
    pub async fn read(mut form: Multipart) -> Result<Self, WebError> {
        let (mut name, mut definition, mut audience, mut header) = (String::new(), String::new(), None, None);
        while let Some(field) = form.next_field().await.map_err(|_| WebError::Bad("upload"))? {
            match field.name().unwrap_or_default() {
                "name" => text(field).await?.trim().clone_into(&mut name),
                "definition" | "campaign" => definition = campaign_file_text(field).await?,
                "audience" => audience = file(field).await?,
                "header" => header = file(field).await?,
                _ => {}
            }
        }
        if !is_folder_name(&name) {
            return Err(WebError::Bad("campaign_name"));
        }
        if definition.trim().is_empty() {
            return Err(WebError::Bad("no_definition"));
        }
        Ok(Self { name, definition, audience, header })
    }
}

/// What somebody brings to a campaign that is put together on the page.
#[derive(Default)]
pub struct Parts {
    /// What it is to be called.
    pub title: String,
    /// The word of its kind.
    pub kind: String,
    /// Name and bytes of the audience file.
    pub file: Option<(String, Vec<u8>)>,
}

/// Reads the parts `title`, `kind` and `audience`; any other is passed over.
pub async fn parts(mut form: Multipart) -> Result<Parts, WebError> {
    let mut parts = Parts::default();
    while let Some(field) = form.next_field().await.map_err(|_| WebError::Bad("upload"))? {
        match field.name().unwrap_or_default() {
            "title" => parts.title = text(field).await?.replace(['\0', '\n', '\r'], " ").chars().take(120).collect(),
            "kind" => parts.kind = text(field).await?,
            "audience" => parts.file = file(field).await?,
            _ => {}
        }
    }
    Ok(parts)
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

async fn bytes(field: Field<'_>) -> Result<Vec<u8>, WebError> {
    let bytes = field.bytes().await.map_err(|_| WebError::TooLarge)?;
    if bytes.len() > DEFINITION_LIMIT {
        return Err(WebError::TooLarge);
    }
    Ok(bytes.to_vec())
}

/// An empty file field of a browser has no name.
async fn file(field: Field<'_>) -> Result<Option<(String, Vec<u8>)>, WebError> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let bytes = field.bytes().await.map_err(|_| WebError::TooLarge)?;
    if name.is_empty() && bytes.is_empty() {
        return Ok(None);
    }
    // A single component, whatever a browser or a program calls it.
    let single = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    if !single {
        return Err(WebError::Bad("file_name"));
    }
    Ok(Some((name, bytes.to_vec())))
}
