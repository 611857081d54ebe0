//! `recado demo`: see it work, with nothing installed and nothing sent to the outside.

use std::net::SocketAddr;
use std::process::ExitCode;

use crate::app::demo::{DemoSettings, Report, Welcome, demo};
use crate::sandbox::SandboxProvider;

/// Runs the daemon with a provider simulator and three sample campaigns in a throw-away directory.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the pages are; loopback only. A busy port is replaced by a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Whose protocol is spoken: `cloud_api` or `gupshup`.
    #[arg(long, default_value = "cloud_api")]
    provider: SandboxProvider,
    /// Start all campaigns, and end when every run is closed.
    #[arg(long)]
    exit_when_done: bool,
    /// Print JSON.
    #[arg(long, requires = "exit_when_done")]
    json: bool,
}

/// Runs it. Status 1 when a message was sent twice or a row was lost.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(args.listen.ip().is_loopback(), "the demo listens on loopback only, not on {}", args.listen.ip());
    let provider = args.provider;
    let settings = DemoSettings { listen: args.listen, provider, exit_when_done: args.exit_when_done };
    let report = demo(settings, |w| {
        if !args.json {
            greet(w, args.exit_when_done);
        }
    })
    .await?;
    let Some(report) = report else { return Ok(ExitCode::SUCCESS) };
    if args.json {
        say(&serde_json::to_string(&report)?);
    } else {
        conclude(&report);
    }
    Ok(if report.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn greet(welcome: &Welcome, exit_when_done: bool) {
    say(&format!("Recado's demo runs at {}", welcome.address));
    if exit_when_done {
        say("Three campaigns go out through a provider simulator on this machine; about a minute.");
        return;
    }
    say(&format!("\n  Sign in (once):  {}\n", welcome.sign_in_link));
    say("Reminders and resumed contacts begin to go out when you sign in; the promotion waits for you to press Start.");
    say("Nothing leaves this machine. Ctrl+C ends the demo and removes what it wrote.");
}

fn conclude(report: &Report) {
    say(&format!(
        "runs closed: {} in {} s; messages: {}; rows left out: {}",
        report.runs, report.seconds, report.messages, report.excluded
    ));
    for (state, n) in &report.states {
        say(&format!("  {state:<12} {n:>6}"));
    }
    let outcomes: Vec<String> = report.outcomes.iter().map(|(o, n)| format!("{o} {n}")).collect();
    say(&format!("conversations: {}; outcomes: {}", report.conversations, outcomes.join(", ")));
    for (currency, sum) in &report.charged {
        say(&format!("charged {currency} {sum}"));
    }
    say(&format!("sent twice: {}   lost: {}", report.duplicates, report.lost));
}

#[expect(clippy::print_stdout, reason = "a command prints its answer")]
fn say(line: &str) {
    println!("{line}");
}
