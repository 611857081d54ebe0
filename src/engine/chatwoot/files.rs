//! Files that agents attach there, brought here to be sent as any other.

use std::pin::Pin;

use async_stream::stream;
use axum::body::Bytes;
use futures::Stream;
use serde::Deserialize;
use tracing::info;
use url::{Url, form_urlencoded};

use super::{Broken, Connector};
use crate::domain::event::MediaKind;
use crate::domain::free::{Attached, Free};
use crate::domain::id::ConversationId;
use crate::domain::problem::Problem;
use crate::engine::media::Brought;
use crate::provider::chatwoot::ChatwootError;
use crate::provider::media::{Download, MediaError};
use crate::provider::outside::{Outside, OutsideError};
use crate::store::media::Attachment;

/// A file of a message there, as far as it matters (developers.chatwoot.com, `attachments`). What is no file (a place, a
/// contact) has no `data_url` that leads to one.
#[derive(Clone, PartialEq, Eq, Deserialize, Default, Debug)]
#[serde(default)]
pub(super) struct There {
    file_type: Option<String>,
    data_url: Option<String>,
}

impl There {
    fn address(&self) -> Option<&str> {
        let is_file = matches!(self.file_type.as_deref(), Some("image" | "audio" | "video" | "file"));
        self.data_url.as_deref().filter(|_| is_file)
    }
}

/// Whether a file is not here for good, or may come yet.
enum Missing {
    Never(Problem),
    Perhaps(MediaError),
}

impl Connector {
    /// What is to be sent for a message: its files, the text with the first that takes one. `is_last`: it is not tried again.
    /// Why it cannot be sent, where it cannot.
    pub(super) async fn parts(
        &self,
        id: ConversationId,
        (text, files): (&str, &[There]),
        author: &str,
        is_last: bool,
    ) -> Result<Result<Vec<Free>, Problem>, Broken> {
        let mut brought = Vec::new();
        for file in files {
            let Some(address) = file.address() else { return Ok(Err(Problem::new("attachment_from_chatwoot", &[]))) };
            match self.bring(id, address, author).await? {
                Ok(attachment) => brought.push(attachment),
                Err(Missing::Never(why)) => return Ok(Err(why)),
                Err(Missing::Perhaps(cause)) if is_last => {
                    let error = &cause as &dyn std::error::Error;
                    info!(error, conversation.id = %id, "a file from Chatwoot for conversation {id} could not be fetched");
                    return Ok(Err(Problem::new("attachment_not_fetched", &[])));
                }
                Err(Missing::Perhaps(cause)) => return Err(ChatwootError::Unreachable(cause.to_string()).into()),
            }
        }
        Ok(Ok(together(text, brought)))
    }

    async fn bring(
        &self,
        id: ConversationId,
        address: &str,
        author: &str,
    ) -> Result<Result<Attachment, Missing>, Broken> {
        let outside = Outside::of(self.engine.config.is_loopback_only());
        let most = MediaKind::Document.most_taken();
        let download = match self.there.file(address, outside, most).await {
            Ok(download) => download,
            Err(cause) => return Ok(Err(missing(cause))),
        };
        let brought = Brought { filename: name(address), is_voice: false, by: author.to_owned() };
        Ok(self.engine.attach(id, brought, pieces(download)).await?.map_err(Missing::Never))
    }
}

fn missing(cause: MediaError) -> Missing {
    match cause {
        MediaError::NotThere
        | MediaError::TooLarge
        | MediaError::Redirected
        | MediaError::Provider(_)
        | MediaError::Outside(OutsideError::NotHttps | OutsideError::NotPublic) => {
            Missing::Never(Problem::new("attachment_not_fetched", &[]))
        }
        MediaError::Status(_) | MediaError::BrokeOff(_) | MediaError::Outside(_) => Missing::Perhaps(cause),
    }
}

fn pieces(mut download: Download) -> Pin<Box<impl Stream<Item = Result<Bytes, MediaError>>>> {
    Box::pin(stream! {
        while let Some(piece) = download.chunk().await.transpose() {
            yield piece;
        }
    })
}

/// The name at an address's end.
fn name(address: &str) -> String {
    let url = Url::parse(address).ok();
    let last = url.as_ref().and_then(|url| url.path_segments()?.next_back()).unwrap_or_default();
    // Only percent signs mean something in a path.
    let plain = last.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let decoded = form_urlencoded::parse(plain.as_bytes()).next().map(|(name, _)| name.into_owned());
    decoded.unwrap_or_default().replace(['\0', '/', '\\'], "").chars().take(200).collect()
}

/// Sounds and stickers take no words, which then go before them.
fn together(text: &str, files: Vec<Attachment>) -> Vec<Free> {
    let takes_words =
        |file: &Attachment| matches!(file.kind, MediaKind::Image | MediaKind::Video | MediaKind::Document);
    let mut words = Some(text.to_owned()).filter(|text| !text.is_empty());
    let mut all = Vec::new();
    if !files.first().is_some_and(takes_words) {
        all.extend(words.take().map(|text| Free::text(&text)));
    }
    for file in files {
        all.push(Free::Attachment(Attached { media: file.id, caption: words.take(), kind: None, filename: None }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_the_last_part_of_its_address() {
        for (address, expected) in [
            ("https://c.example/rails/active_storage/blobs/redirect/x--y/Turno%20ma%C3%B1ana.pdf", "Turno mañana.pdf"),
            ("https://c.example/a/b+c&d=e.png?x=1", "b+c&d=e.png"),
            ("https://c.example/%2e%2e%2Fetc", "..etc"),
            ("no address", ""),
        ] {
            assert_eq!(name(address), expected, "{address}");
        }
    }
}
