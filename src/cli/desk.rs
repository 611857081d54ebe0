//! Where commands sit that work on the store directly, so that they work before the daemon runs.

use std::path::PathBuf;

use anyhow::Context;
use secrecy::ExposeSecret;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::role::Role;
use crate::store::audit::{self, Deed};
use crate::store::setting::{self, CLOCK};
use crate::store::{self, Store};

/// Who did it, in the audit.
pub const ACTOR: &str = "command line";

/// Arguments of every such command.
#[derive(Debug, clap::Args)]
pub struct At {
    /// The configuration.
    #[arg(long, env = "RECADO_CONFIG", default_value = "recado.toml", global = true)]
    pub config: PathBuf,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// A role by its word.
pub fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        let words = Role::ALL.map(Role::as_str);
        format!("a role is one of {}", words.join(", "))
    })
}

/// The store and the configuration that a command works on.
pub struct Desk {
    /// The store.
    pub store: Store,
    /// The configuration.
    pub config: Config,
    /// Tells the time: as the daemon last did, where that had a clock of its own.
    pub clock: Clock,
}

impl Desk {
    /// Opens the store of the configuration.
    pub async fn open(at: &At) -> anyhow::Result<Self> {
        let config = Config::load(&at.config, &config::environment())?;
        let data_dir = &config.server.data_dir;
        std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
        let store = store::open_with(config.store_url.expose_secret(), data_dir, config.patience).await?;
        let clock = setting::read(&store, CLOCK).await?.unwrap_or_default();
        let clock = clock.parse().map_or_else(|_| Clock::real(), Clock::scaled);
        Ok(Self { store, config, clock })
    }

    /// Writes down what was done.
    pub async fn audit(&self, action: &str, subject: &str, detail: &str) -> anyhow::Result<()> {
        Ok(audit::write(&self.store, self.clock.now(), Deed { actor: ACTOR, action, subject, detail }).await?)
    }
}
