//! Media nodes (cloud-api.md 2): where an attachment lies, for five minutes; and uploads, which live for thirty days.

use std::time::Duration;

use reqwest::Body;
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use url::Url;

use super::{CloudApi, node};
use crate::config::Through;
use crate::provider::media::{Download, MediaError, Place, same_host};
use crate::provider::outside::Outside;
use crate::provider::{ProviderError, Upload, http, loose};

/// Where Meta keeps attachments.
const HOST: &str = "lookaside.fbsbx.com";

/// Longest time for an upload, from the first byte to the answer.
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(2);

/// Codes of a media id that is none (any more): an unknown object, and a download that is over.
const GONE: [i64; 3] = [100, 33, 131_052];

impl CloudApi {
    /// Begins to fetch the attachment `id`.
    pub(in crate::provider) async fn media(
        &self,
        id: &str,
        outside: Outside,
        most: u64,
    ) -> Result<Download, MediaError> {
        let node = match self.get(self.address(&[id]), &[]).await {
            Ok(node) => node,
            Err(ProviderError::Refused { code, .. }) if GONE.contains(&code) => return Err(MediaError::NotThere),
            Err(cause) => return Err(MediaError::Provider(cause)),
        };
        if loose::integer(&node, "file_size").and_then(|size| u64::try_from(size).ok()).is_some_and(|size| size > most)
        {
            return Err(MediaError::TooLarge);
        }
        let url = loose::some_text(&node, "url").ok_or(MediaError::NotThere)?;
        let mut place = Place::open(&url)?;
        if self.through == Through::Dialog360 && place.url.host_str() == Some(HOST) {
            self.through_proxy(&mut place.url);
        }
        if self.is_own(&place.url) {
            place.headers = HeaderMap::from_iter([self.authorization.clone()]);
        }
        place.fetch(outside, most).await
    }

    /// Uploads a file; its id.
    pub(in crate::provider) async fn upload(&self, sender_ref: &str, upload: Upload) -> Result<String, ProviderError> {
        let body = Body::from(tokio::fs::File::from_std(upload.file));
        let part = Part::stream_with_length(body, upload.size).file_name(upload.filename);
        let part = part.mime_str(&upload.mime_type).map_err(ProviderError::Unreachable)?;
        let form = Form::new().text("messaging_product", "whatsapp").text("type", upload.mime_type).part("file", part);
        let request = self
            .client
            .post(self.of_number(sender_ref, "media"))
            .header(self.authorization.0.clone(), &self.authorization.1)
            .timeout(UPLOAD_TIMEOUT)
            .multipart(form)
            .build()
            .map_err(ProviderError::Unreachable)?;
        let reply = http::call(&self.client, request).await.map_err(http::Broken::into_error)?;
        loose::some_text(&node(&reply)?, "id").ok_or(ProviderError::Unreadable { what: "answer" })
    }

    /// 360dialog hands out Meta's addresses and serves them under its own host (gupshup-zenvia.md 3).
    fn through_proxy(&self, url: &mut Url) {
        let host = self.base_url.host_str().map(str::to_owned);
        // None of them fails between two addresses of the web.
        let _ = url.set_host(host.as_deref());
        let _ = url.set_scheme(self.base_url.scheme());
        let _ = url.set_port(self.base_url.port());
    }

    /// Whether `url` may see the account's token.
    fn is_own(&self, url: &Url) -> bool {
        let is_metas = self.through == Through::Meta && url.scheme() == "https" && url.host_str() == Some(HOST);
        same_host(url, &self.base_url) || (is_metas && url.port().is_none())
    }
}
