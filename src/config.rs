//! Configuration: `recado.toml`, read in one way, refused with file, line, column and a hint.

use jiff::tz::TimeZone;
use secrecy::SecretString;
use url::Url;

use crate::domain::money::Currency;

/// Which provider an account is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProviderKind {
    /// Meta's Cloud API.
    CloudApi,
}

/// Credentials at one provider.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name in `recado.toml`.
    pub name: String,
    /// Where it is.
    pub provider: ProviderKind,
    /// Root of the provider's API, with version.
    pub base_url: Url,
    /// The provider's id of the account (WABA).
    pub waba_id: String,
    /// Scope of the messaging limit.
    pub portfolio: Option<String>,
    /// What it is billed in.
    pub currency: Currency,
    /// Whose midnight separates billing days.
    pub timezone: TimeZone,
    /// Bearer token.
    pub access_token: SecretString,
    /// Signs webhooks.
    pub app_secret: SecretString,
    /// Proves the webhook handshake.
    pub verify_token: SecretString,
}
