//! Where a demo lives: a throw-away directory with a configuration and the three sample campaigns.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use rand::RngExt;

use crate::config::{Config, ConfigError};
use crate::domain::time::UnixMs;
use crate::intake::sample::SAMPLES;
use crate::sandbox::SandboxProvider;

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
    /// The last part of the address of webhooks that nobody signs.
    pub webhook_secret: String,
    /// Their header.
    pub webhook_header: String,
}

impl Secrets {
    /// Drawn at random: nothing else on this machine knows them.
    pub fn draw() -> Self {
        Self {
            access_token: token(),
            app_secret: token(),
            verify_token: token(),
            webhook_secret: token(),
            webhook_header: token(),
        }
    }
}

fn token() -> String {
    hex::encode(rand::rng().random::<[u8; 16]>())
}

/// Header of webhooks that nobody signs.
pub const WEBHOOK_HEADER: &str = "x-recado-webhook";

/// What the demo's wallet holds, in millionths of a dollar: enough for everything.
pub const WALLET: i64 = 200_000_000;

/// Parameters that the samples call by name, in the order of their text: Gupshup's templates number them.
const NUMBERED: [(&str, &str); 2] = [("first_name = ", "1 = "), ("agent_name = ", "2 = ")];

/// Writes the samples under `dir` as a person would drop them.
pub fn write_campaigns(dir: &Path, speaks: SandboxProvider) -> io::Result<()> {
    for sample in SAMPLES {
        let folder = dir.join("campaigns").join(sample.name);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(sample.file), sample.bytes)?;
        let mut definition = sample.definition.to_owned();
        if speaks == SandboxProvider::Gupshup {
            for (name, number) in NUMBERED {
                definition = definition.replace(&format!("\n{name}"), &format!("\n{number}"));
            }
        }
        std::fs::write(folder.join("campaign.toml"), definition)?;
    }
    Ok(())
}

/// Where the daemon takes the sandbox's webhooks.
pub fn webhook_path(speaks: SandboxProvider, secrets: &Secrets) -> String {
    match speaks {
        SandboxProvider::CloudApi => "/webhooks/meta".to_owned(),
        SandboxProvider::Gupshup => format!("/webhooks/gupshup/{}", secrets.webhook_secret),
        // Recado subscribes it by itself.
        SandboxProvider::Zenvia => format!("/webhooks/zenvia/{}", secrets.webhook_secret),
    }
}

/// The account at the sandbox at `sandbox`, and its sender.
pub fn account(speaks: SandboxProvider, sandbox: SocketAddr, secrets: &Secrets) -> String {
    let Secrets { access_token, app_secret, verify_token, webhook_secret, webhook_header } = secrets;
    match speaks {
        SandboxProvider::CloudApi => format!(
            r#"
[account.meta]
provider     = "cloud_api"
base_url     = "http://{sandbox}/v26.0"
waba_id      = "102290129340398"
currency     = "USD"
timezone     = "America/Argentina/Buenos_Aires"
access_token = "{access_token}"
app_secret   = "{app_secret}"
verify_token = "{verify_token}"
[sender.saludcenter]
account         = "meta"
phone_number_id = "106540352242922"
"#
        ),
        SandboxProvider::Gupshup => format!(
            r#"
[account.gupshup]
provider       = "gupshup"
base_url       = "http://{sandbox}"
app            = "SaludCenter"
app_id         = "5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31"
currency       = "USD"
timezone       = "America/Argentina/Buenos_Aires"
api_key        = "{access_token}"
webhook_secret = "{webhook_secret}"
webhook_header = "{WEBHOOK_HEADER}"
webhook_header_secret = "{webhook_header}"
# The demo's clock runs fast: at a real ten a second its appointments would come before their reminders.
[account.gupshup.wire]
requests_per_second = 80
utility_life        = "12h"
[sender.saludcenter]
account = "gupshup"
"#
        ),
        SandboxProvider::Zenvia => at_zenvia(sandbox, secrets),
    }
}

fn at_zenvia(sandbox: SocketAddr, secrets: &Secrets) -> String {
    let Secrets { access_token, webhook_secret, webhook_header, .. } = secrets;
    format!(
        r#"
[account.zenvia]
provider       = "zenvia"
base_url       = "http://{sandbox}/v2"
currency       = "USD"
timezone       = "America/Argentina/Buenos_Aires"
api_token      = "{access_token}"
webhook_secret = "{webhook_secret}"
webhook_header = "{WEBHOOK_HEADER}"
webhook_header_secret = "{webhook_header}"
# The demo's clock runs fast: at a real twenty a second its appointments would come before their reminders.
requests_per_second = 80
[sender.saludcenter]
account = "zenvia"
"#
    )
}

/// The configuration of a daemon at `pages` whose only provider is the sandbox. `account` ends within its sender.
pub fn config(dir: &Path, pages: SocketAddr, account: &str) -> Result<Config, ConfigError> {
    let source = format!(
        r#"
[server]
listen     = "{pages}"
public_url = "http://{pages}"
data_dir   = "."
[campaigns]
quiet = "0s"
[team.recepcion]
members = ["ana"]
[team.ventas]
members = ["diego"]
{account}number          = "+5491155550100"
team            = "recepcion"
"#
    );
    Config::parse(&source, "the demo's recado.toml", dir, &BTreeMap::new())
}
