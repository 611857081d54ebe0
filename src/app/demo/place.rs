//! Where a demo lives: a throw-away directory with a configuration and the three sample campaigns.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use rand::RngExt;

use crate::config::{Config, ConfigError, ProviderKind};
use crate::domain::time::UnixMs;
use crate::intake::sample::SAMPLES;

/// Tuesday 24 November 2026, 10:00 in Buenos Aires: the samples' appointments are on the two days after it.
pub const START: UnixMs = UnixMs(1_795_525_200_000);

/// Shared secrets of the demo's daemon and sandbox.
pub struct Secrets {
    /// Bearer token.
    pub access_token: String,
    /// Signs webhooks.
    pub app_secret: String,
    /// The handshake's.
    pub verify_token: String,
    /// Stands in the webhook's address, where the provider does not sign.
    pub webhook_secret: String,
}

impl Secrets {
    /// Drawn at random: nothing else on this machine knows them.
    pub fn draw() -> Self {
        Self { access_token: token(), app_secret: token(), verify_token: token(), webhook_secret: token() }
    }
}

fn token() -> String {
    hex::encode(rand::rng().random::<[u8; 16]>())
}

/// Writes the samples under `dir` as a person would drop them.
pub fn write_campaigns(dir: &Path) -> io::Result<()> {
    for sample in SAMPLES {
        let folder = dir.join("campaigns").join(sample.name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(sample.file), sample.bytes)?;
        std::fs::write(folder.join("campaign.toml"), sample.definition)?;
    }
    Ok(())
}

/// Name of the demo's account at a provider.
pub fn account_name(provider: ProviderKind) -> &'static str {
    match provider {
        ProviderKind::CloudApi => "meta",
        other => other.as_str(),
    }
}

/// The configuration of a daemon at `pages` whose only `provider` is the sandbox at `sandbox`.
pub fn config(
    dir: &Path,
    (pages, sandbox): (SocketAddr, SocketAddr),
    provider: ProviderKind,
    secrets: &Secrets,
) -> Result<Config, ConfigError> {
    let (name, access) = (account_name(provider), access(sandbox, provider, secrets));
    let sender_ref = match provider {
        ProviderKind::CloudApi => "phone_number_id = \"106540352242922\"",
        ProviderKind::Gupshup | ProviderKind::Zenvia => "",
    };
    let source = format!(
        r#"
[server]
listen     = "{pages}"
public_url = "http://{pages}"
data_dir   = "."
[team.recepcion]
members = ["ana"]
[team.ventas]
members = ["diego"]
[account.{name}]
provider = "{word}"
currency = "USD"
timezone = "America/Argentina/Buenos_Aires"
{access}
[sender.saludcenter]
account = "{name}"
number  = "+5491155550100"
team    = "recepcion"
{sender_ref}
"#,
        word = provider.as_str(),
    );
    Config::parse(&source, "the demo's recado.toml", dir, &BTreeMap::new())
}

/// What the account needs to speak to the sandbox in the provider's way.
fn access(sandbox: SocketAddr, provider: ProviderKind, secrets: &Secrets) -> String {
    let Secrets { access_token, app_secret, verify_token, webhook_secret } = secrets;
    match provider {
        ProviderKind::CloudApi => format!(
            r#"
base_url     = "http://{sandbox}/v26.0"
waba_id      = "102290129340398"
access_token = "{access_token}"
app_secret   = "{app_secret}"
verify_token = "{verify_token}"
"#
        ),
        ProviderKind::Gupshup => format!(
            r#"
base_url              = "http://{sandbox}"
app                   = "SaludCenter"
app_id                = "4f2b7d1c-9a35-4c0e-8f61-2d7e5b8a9c10"
api_key               = "{access_token}"
webhook_secret        = "{webhook_secret}"
webhook_header_secret = "{app_secret}"
"#
        ),
        ProviderKind::Zenvia => format!(
            r#"
base_url              = "http://{sandbox}/v2"
api_token             = "{access_token}"
webhook_secret        = "{webhook_secret}"
webhook_header_secret = "{app_secret}"
"#
        ),
    }
}
