//! Everything a demo needs, put together: daemon, sandbox, people who can sign in.

use std::io;
use std::net::SocketAddr;

use secrecy::SecretString;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tracing::error;

use super::place::{self, Secrets};
use super::{DemoError, Playing, Welcome};
use crate::app::daemon::Daemon;
use crate::app::lifecycle::Lifecycle;
use crate::clock::Clock;
use crate::domain::role::Role;
use crate::sandbox::{LoopbackUrl, Sandbox, SandboxConfig, SandboxProvider};
use crate::store::{session, user};

/// Who signs in with the link.
const ADMINISTRATOR: &str = "demo";
/// Who appears in the samples' routes.
const AGENTS: [&str; 2] = ["ana", "diego"];

/// The parts, not yet started.
pub struct Stage {
    daemon: Daemon,
    sandbox: Sandbox,
    pages: TcpListener,
    provider: TcpListener,
    sign_in_token: String,
    dir: TempDir,
}

impl Stage {
    /// Makes the directory, the configuration and the people; binds both ports.
    pub async fn build(speaks: SandboxProvider, listen: SocketAddr, clock: Clock) -> Result<Self, DemoError> {
        let dir = tempfile::Builder::new().prefix("recado-demo-").tempdir()?;
        let pages = bind(listen).await?;
        let provider = TcpListener::bind("127.0.0.1:0").await?;
        let secrets = Secrets::draw();
        place::write_campaigns(dir.path(), speaks)?;
        let account = place::account(speaks, provider.local_addr()?, &secrets);
        let config = place::config(dir.path(), pages.local_addr()?, &account)?;
        let sandbox = Sandbox::new(sandbox_config(speaks, pages.local_addr()?, secrets)?, clock.clone());
        let daemon = Daemon::assemble(config, clock).await?;
        let sign_in_token = invite(&daemon).await?;
        Ok(Self { daemon, sandbox, pages, provider, sign_in_token, dir })
    }

    /// Where to look and how to sign in.
    pub fn welcome(&self) -> Result<Welcome, DemoError> {
        let address = format!("http://{}", self.pages.local_addr()?);
        let sign_in_link = format!("{address}/sign-in/link?token={}", self.sign_in_token);
        Ok(Welcome { address, sign_in_link })
    }

    /// Starts sandbox and daemon.
    pub fn start(self, life: &Lifecycle) -> Result<Playing, DemoError> {
        let sandbox_address = self.provider.local_addr()?;
        life.start("sandbox's people", self.sandbox.clone().deliver(life.soft()));
        let (sandbox, provider, stop) = (self.sandbox.clone(), self.provider, life.soft());
        life.start("sandbox", async move {
            if let Err(cause) = sandbox.serve(provider, stop).await {
                error!(error = &cause as &dyn std::error::Error, "the sandbox failed");
            }
        });
        self.daemon.start(life, self.pages);
        Ok(Playing {
            daemon: self.daemon,
            sandbox: self.sandbox,
            sandbox_address,
            begun: Instant::now(),
            _dir: self.dir,
        })
    }
}

/// The address asked for, or another port of it when that one is taken.
async fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(listen).await {
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => TcpListener::bind((listen.ip(), 0)).await,
        bound => bound,
    }
}

fn sandbox_config(speaks: SandboxProvider, pages: SocketAddr, secrets: Secrets) -> Result<SandboxConfig, DemoError> {
    let path = place::webhook_path(speaks, &secrets);
    let webhook: LoopbackUrl = format!("http://{pages}{path}").parse().map_err(io::Error::other)?;
    let mut config =
        SandboxConfig::new(webhook, SecretString::from(secrets.app_secret), SecretString::from(secrets.verify_token));
    config.provider = speaks;
    config.gupshup.header = Some((place::WEBHOOK_HEADER.to_owned(), SecretString::from(secrets.webhook_header)));
    config.gupshup.wallet = Some(place::WALLET);
    Ok(config)
}

/// Makes the people of the demo and a one-time link for its administrator.
async fn invite(daemon: &Daemon) -> Result<String, DemoError> {
    let (store, now) = (daemon.store(), Clock::real().now());
    let mut administrator = None;
    for (name, role) in [(ADMINISTRATOR, Role::Admin), (AGENTS[0], Role::Agent), (AGENTS[1], Role::Agent)] {
        let id = user::add(store, name, role, None, now).await?;
        administrator = administrator.or(id);
    }
    let administrator = administrator.ok_or_else(|| io::Error::other("the fresh store already has people"))?;
    Ok(session::add_link(store, administrator, now).await?)
}
