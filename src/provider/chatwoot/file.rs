//! Files of messages there. Chatwoot names an address of its own, which may send on to where its installation keeps files
//! (developers.chatwoot.com, webhooks: `attachments[].data_url`; Rails' Active Storage redirects).

use reqwest::header::LOCATION;
use url::Url;

use super::Chatwoot;
use crate::provider::media::{Download, FETCH_TIMEOUT, MOST_HOPS, MediaError, Place, same_host};
use crate::provider::outside::{Outside, OutsideError};

impl Chatwoot {
    /// Begins to fetch at most `most` bytes of a file. The host that the operator has named may lie in their own network;
    /// any other address is reached as every attachment's is: https, public, pinned, and it sends to no third. The token goes to
    /// neither: such addresses carry their own proof.
    ///
    /// # Errors
    /// It is not there, too large, or its address is not one that is fetched from.
    pub async fn file(&self, address: &str, outside: Outside, most: u64) -> Result<Download, MediaError> {
        let mut url = Url::parse(address).map_err(|_| MediaError::Outside(OutsideError::NotHttps))?;
        let mut hops = 0;
        while same_host(&url, &self.root) {
            let broken = |e: reqwest::Error| MediaError::Outside(OutsideError::Broken(e.without_url()));
            let asked = self.client.get(url.clone()).timeout(FETCH_TIMEOUT).send().await;
            let response = asked.map_err(broken)?;
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 if hops < MOST_HOPS => {
                    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                    url = to.and_then(|to| url.join(to).ok()).ok_or(MediaError::Redirected)?;
                    hops += 1;
                }
                301 | 302 | 303 | 307 | 308 => return Err(MediaError::Redirected),
                _ => return Download::of(response, most),
            }
        }
        Place::open(url.as_str())?.fetch(outside, most).await
    }
}
