//! `sandbox.toml`: accounts, numbers and tokens that exist, and how likely people do what.

use serde::Deserialize;

use super::config::{Delivery, SandboxAccount, SandboxConfig};
use super::people::People;
use super::review::Review;
use super::zenvia::ZenviaSettings;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seed: Option<u64>,
    people: Option<People>,
    review: Option<Review>,
    webhooks: Option<Delivery>,
    zenvia: Option<ZenviaSettings>,
    #[serde(default, rename = "account")]
    accounts: Vec<SandboxAccount>,
}

/// A `sandbox.toml` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// Not TOML, an unknown key or a value of the wrong kind; the message says where.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// A share outside 0 to 1.
    #[error("`{0}` is a share: from 0 to 1")]
    Share(&'static str),
    /// A batch of nothing.
    #[error("`webhooks.batch` is 1 to 1000")]
    Batch,
    /// Two accounts or numbers with one id.
    #[error("the id `{0}` is listed twice")]
    Twice(String),
}

/// Lays what `source` says over `config`. With a file, people without a `[people]` table receive and read, nothing else.
pub fn apply(config: &mut SandboxConfig, source: &str) -> Result<(), ConfigFileError> {
    let file: File = toml::from_str(source)?;
    let people = file.people.unwrap_or_else(People::quiet);
    let delivery = file.webhooks.unwrap_or(config.delivery);
    let review = file.review.unwrap_or_default();
    let shares = people.shares().into_iter().chain(review.shares()).chain([
        ("webhooks.duplicates", delivery.duplicates),
        ("webhooks.late", delivery.late),
        ("webhooks.early", delivery.early),
        ("webhooks.missing_ids", delivery.missing_ids),
    ]);
    let zenvia = file.zenvia.unwrap_or_else(|| config.zenvia.clone());
    let shares = shares.chain(zenvia.shares());
    for (key, share) in shares {
        if !(0.0..=1.0).contains(&share) {
            return Err(ConfigFileError::Share(key));
        }
    }
    if !(1..=1000).contains(&delivery.batch) {
        return Err(ConfigFileError::Batch);
    }
    let mut ids = std::collections::BTreeSet::new();
    for id in file.accounts.iter().flat_map(|a| std::iter::once(&a.id).chain(a.numbers.iter().map(|n| &n.id))) {
        if !ids.insert(id) {
            return Err(ConfigFileError::Twice(id.clone()));
        }
    }
    config.seed = file.seed.unwrap_or(config.seed);
    config.people = people;
    config.review = review;
    config.delivery = delivery;
    config.accounts = file.accounts;
    config.zenvia = zenvia;
    Ok(())
}
