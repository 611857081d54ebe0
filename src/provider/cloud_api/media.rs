//! Media nodes (cloud-api.md 2): where an attachment lies, for five minutes.

use reqwest::header::HeaderMap;
use url::Url;

use super::CloudApi;
use crate::config::Through;
use crate::provider::media::{Download, MediaError, Place, same_host};
use crate::provider::outside::Outside;
use crate::provider::{ProviderError, loose};

/// Where Meta keeps attachments.
const HOST: &str = "lookaside.fbsbx.com";

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
