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
use crate::sandbox::{
    GupshupSettings, LoopbackUrl, People, Sandbox, SandboxConfig, SandboxProvider, Tier, apply_config_file,
};

/// Where webhooks go that nobody has asked for.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// Runs a provider on this machine: speaks Meta's Cloud API, Gupshup's form API and Zenvia's, enforces their limits, plays the
/// people.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where it listens; loopback only.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Where webhooks are posted; http on this machine only. At zenvia they go where its subscriptions say.
    #[arg(
        long,
        required_if_eq("provider", "cloud_api"),
        required_if_eq("provider", "gupshup"),
        required_unless_present = "provider"
    )]
    webhook: Option<LoopbackUrl>,
    /// Whose webhooks it posts: `cloud_api`, `gupshup` or `zenvia`.
    #[arg(long, default_value = "cloud_api")]
    provider: SandboxProvider,
    /// Signs the webhooks; for `cloud_api`.
    #[arg(long, required_if_eq("provider", "cloud_api"), required_unless_present = "provider")]
    app_secret: Option<SecretString>,
    /// Sent in the handshake; for `cloud_api`.
    #[arg(long, required_if_eq("provider", "cloud_api"), required_unless_present = "provider")]
    verify_token: Option<SecretString>,
    /// A header of every webhook, as `x-recado-webhook: VALUE`; for gupshup, zenvia and 360dialog.
    #[arg(long, value_parser = header)]
    webhook_header: Option<(String, String)>,
    /// Shape of Gupshup's message events: 2 or 3.
    #[arg(long, default_value = "2", value_parser = clap::value_parser!(u8).range(2..=3))]
    webhook_version: u8,
    /// Dollars in Gupshup's wallet; left out: it is never empty.
    #[arg(long)]
    wallet: Option<f64>,
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

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header with its value, as x-recado-webhook: VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
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

async fn settings(args: Args) -> anyhow::Result<SandboxConfig> {
    if args.provider == SandboxProvider::Zenvia && args.webhook.is_some() {
        bail!("--webhook does nothing at zenvia: webhooks go where its subscriptions say");
    }
    let webhook = args.webhook.map_or_else(|| NOWHERE.parse(), Ok)?;
    let mut config =
        SandboxConfig::new(webhook, args.app_secret.unwrap_or_default(), args.verify_token.unwrap_or_default());
    config.provider = args.provider;
    config.gupshup = GupshupSettings {
        version: args.webhook_version,
        header: args.webhook_header.map(|(name, value)| (name, SecretString::from(value))),
        wallet: args.wallet.map(|dollars| (dollars * 1e6).round() as i64),
    };
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
