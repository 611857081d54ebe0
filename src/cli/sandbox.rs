//! `recado sandbox`: a provider on this machine.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Scale};
use crate::config::ProviderKind;
use crate::sandbox::{LoopbackUrl, People, Sandbox, SandboxConfig, Tier, apply_config_file};

/// Where webhooks go that nobody has asked for.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// Runs a provider on this machine: speaks Meta's Cloud API or Zenvia's API, enforces its limits, plays the people.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where it listens; loopback only.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Whose protocol is spoken: cloud_api, gupshup or zenvia. At Zenvia webhooks go where subscriptions say.
    #[arg(long, default_value = "cloud_api", value_parser = provider)]
    provider: ProviderKind,
    /// Where webhooks are posted; http on this machine only.
    #[arg(long)]
    webhook: Option<LoopbackUrl>,
    /// Signs the webhooks.
    #[arg(long)]
    app_secret: Option<SecretString>,
    /// Sent in the handshake.
    #[arg(long)]
    verify_token: Option<SecretString>,
    /// Messages per second granted to every number that is not in --config.
    #[arg(long, default_value = "80")]
    throughput: NonZeroU32,
    /// Unique people in 24 hours granted to every account that is not in --config: unlimited, or a number as 250 or 2K.
    #[arg(long, default_value = "unlimited")]
    tier: Tier,
    /// Any template name is approved, with unknown parameters.
    #[arg(long)]
    any_template: bool,
    /// People receive and read, nothing else; those of the scripted numbers aside.
    #[arg(long)]
    quiet: bool,
    /// Runs on another clock: `ORIGIN@REAL_ORIGIN*SPEED`.
    #[arg(long)]
    clock: Option<Scale>,
    /// Time every answer takes, as 150ms.
    #[arg(long, default_value = "0ms", value_parser = latency)]
    latency: Duration,
    /// Seed of everything that happens by chance.
    #[arg(long)]
    seed: Option<u64>,
    /// Accounts, numbers and tokens that exist, and how likely people do what (TOML).
    #[arg(long)]
    config: Option<PathBuf>,
}

/// A provider by its word.
pub fn provider(word: &str) -> Result<ProviderKind, String> {
    let found = ProviderKind::WORDS.into_iter().find(|(known, _)| *known == word);
    found.map(|(_, kind)| kind).ok_or_else(|| {
        let words = ProviderKind::WORDS.map(|(word, _)| word);
        format!("a provider is one of {}", words.join(", "))
    })
}

fn latency(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|_| "a time, as 150ms or 2s".to_owned())?;
    Duration::try_from(span).map_err(|_| "a time is not negative".to_owned())
}

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
/// Wrong settings, or an address that cannot be listened on.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    if !args.listen.ip().is_loopback() {
        bail!("the sandbox listens on loopback only, not on {}", args.listen.ip());
    }
    let clock = args.clock.map_or_else(Clock::real, Clock::scaled);
    let listen = args.listen;
    let sandbox = Sandbox::new(settings(args).await?, clock);
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    announce(listener.local_addr()?);
    let stop = CancellationToken::new();
    let serve = sandbox.clone().serve(listener, stop.clone());
    let (served, (), stopped) = tokio::join!(serve, sandbox.deliver(stop.clone()), stop_on_signal(&stop));
    served?;
    stopped?;
    Ok(ExitCode::SUCCESS)
}

/// What the provider's webhooks need: at Meta an address and secrets, at Zenvia nothing, since it is asked for them.
fn surface(args: &Args) -> anyhow::Result<SandboxConfig> {
    match args.provider {
        ProviderKind::CloudApi => {
            let webhook = args.webhook.clone().context("--webhook is missing: where webhooks are posted")?;
            let app_secret = args.app_secret.clone().context("--app-secret is missing: it signs the webhooks")?;
            let token = args.verify_token.clone().context("--verify-token is missing: it is sent in the handshake")?;
            Ok(SandboxConfig::new(webhook, app_secret, token))
        }
        ProviderKind::Zenvia => {
            if args.webhook.is_some() || args.app_secret.is_some() || args.verify_token.is_some() {
                bail!(
                    "--webhook, --app-secret and --verify-token do nothing at Zenvia: webhooks go where subscriptions say"
                );
            }
            let nowhere: LoopbackUrl = NOWHERE.parse()?;
            Ok(SandboxConfig::new(nowhere, SecretString::from(""), SecretString::from("")))
        }
        ProviderKind::Gupshup => bail!("--provider gupshup is not available yet"),
    }
}

async fn settings(args: Args) -> anyhow::Result<SandboxConfig> {
    let mut config = surface(&args)?;
    config.throughput = args.throughput;
    config.tier = args.tier;
    config.any_template = args.any_template;
    config.latency = args.latency;
    if let Some(path) = &args.config {
        let name = path.display();
        let source = tokio::fs::read_to_string(path).await.with_context(|| format!("cannot read {name}"))?;
        apply_config_file(&mut config, &source).with_context(|| format!("{name} cannot be used"))?;
    }
    if args.quiet {
        config.people = People::quiet();
    }
    config.seed = args.seed.unwrap_or(config.seed);
    Ok(config)
}

#[expect(clippy::print_stdout, reason = "a command prints its answer; scripts wait for this line")]
fn announce(address: SocketAddr) {
    println!("the sandbox listens on http://{address}");
}

async fn stop_on_signal(stop: &CancellationToken) -> std::io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.cancel();
    Ok(())
}
