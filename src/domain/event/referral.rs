//! The ad or post that led a person to write.

use serde::{Deserialize, Serialize};

/// Where a person came from who wrote first: an ad or a post with a button to WhatsApp. In the advertiser's own words.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Referral {
    /// The provider's word for what it was: `ad`, `post`; empty where it tells none.
    #[serde(default)]
    pub kind: String,
    /// Its id at the provider, by which advertisers know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Referral {
    /// Whether it says anything.
    pub fn says_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What it is called, as far as it tells: headline, else text, else id.
    pub fn title(&self) -> Option<&str> {
        [&self.headline, &self.body, &self.id].into_iter().flatten().next().map(String::as_str)
    }

    /// Where it can be seen, where that is an address that a page may lead to.
    pub fn link(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| url.starts_with("https://"))
    }
}
