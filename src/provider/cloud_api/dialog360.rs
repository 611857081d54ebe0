//! What differs where the Cloud API is reached through 360dialog (gupshup-zenvia.md 3): the key's header, paths without
//! ids, templates listed by offset, and errors of the proxy's own.

use std::time::Duration;

use reqwest::header::HeaderName;
use serde_json::Value;
use url::Url;

use super::answer::{self, GraphError};
use super::{CloudApi, loose};
use crate::domain::answer::{Answer, StopScope, ThrottleScope};
use crate::domain::failure::{Failure, Table};
use crate::provider::http::Reply;
use crate::provider::{ProviderError, SenderStatus};

/// The header of the number's key.
pub(super) const KEY: HeaderName = HeaderName::from_static("d360-api-key");

/// Templates asked for at a time.
const PAGE: usize = 1_000;

/// Pages read before giving up.
const MOST_PAGES: usize = 20;

/// Meta's code of a token that is refused: people are told the same.
const REFUSED: i64 = 190;

/// Meta's code of too many messages a second.
const TOO_FAST: i64 = 130_429;

/// The answer of a whole reply. Meta's errors come as Meta's; of the proxy's own, whose form nobody documents, the status
/// says what is certain.
pub(super) fn answer(reply: &Reply, errors: &Table) -> Answer {
    let body = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
    if GraphError::of(&body).is_some() {
        return answer::of(reply, errors);
    }
    let failure = |code| Failure { code, detail: detail(&body) };
    match reply.status {
        401 | 403 => Answer::Stopped { scope: StopScope::Account, failure: failure(REFUSED) },
        429 => {
            let retry_after = Duration::from_secs(reply.retry_after_s.unwrap_or(1));
            Answer::Throttled { scope: ThrottleScope::Sender, retry_after, failure: failure(TOO_FAST) }
        }
        _ => answer::of(reply, errors),
    }
}

/// The proxy's own words, of `{"meta":{…},"errors":[{…}]}` as far as that is known.
fn detail(body: &Value) -> String {
    let first = loose::items(body, "errors").first();
    let words = first.and_then(|e| loose::some_text(e, "details").or_else(|| loose::some_text(e, "title")));
    let meta = || body.get("meta").and_then(|m| loose::some_text(m, "developer_message"));
    words.or_else(meta).unwrap_or_default()
}

impl CloudApi {
    fn templates_at_dialog360(&self) -> Url {
        self.address(&["v1", "configs", "templates"])
    }

    /// Every template, listed by offset.
    pub(super) async fn listed_by_offset(&self) -> Result<Vec<Value>, ProviderError> {
        let limit = PAGE.to_string();
        let mut items: Vec<Value> = Vec::new();
        for _ in 0..MOST_PAGES {
            let offset = items.len().to_string();
            let query = [("limit", limit.as_str()), ("offset", offset.as_str())];
            let page = self.get(self.templates_at_dialog360(), &query).await?;
            let found = loose::items(&page, "waba_templates");
            items.extend_from_slice(found);
            let total = loose::integer(&page, "total").and_then(|n| usize::try_from(n).ok());
            if found.is_empty() || total.map_or(found.len() < PAGE, |total| items.len() >= total) {
                break;
            }
        }
        Ok(items)
    }

    /// Nothing is told of a number. That the key is taken is what can be asked.
    pub(super) async fn answers(&self) -> Result<SenderStatus, ProviderError> {
        self.get(self.templates_at_dialog360(), &[("limit", "1"), ("offset", "0")]).await?;
        Ok(SenderStatus {
            throughput: None,
            status: String::new(),
            quality: String::new(),
            tier: None,
            display_number: String::new(),
        })
    }
}
