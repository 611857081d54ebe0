//! Where a demo lives: a throw-away directory with a configuration and the three sample campaigns.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use rand::RngExt;

use crate::config::{Config, ConfigError};
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
}

impl Secrets {
    /// Drawn at random: nothing else on this machine knows them.
    pub fn draw() -> Self {
        Self { access_token: token(), app_secret: token(), verify_token: token() }
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

/// The configuration of a daemon at `pages` whose only provider is the sandbox at `sandbox`.
pub fn config(dir: &Path, pages: SocketAddr, sandbox: SocketAddr, secrets: &Secrets) -> Result<Config, ConfigError> {
    let Secrets { access_token, app_secret, verify_token } = secrets;
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
number          = "+5491155550100"
team            = "recepcion"
"#
    );
    Config::parse(&source, "the demo's recado.toml", dir, &BTreeMap::new())
}
