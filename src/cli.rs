//! Commands. Each file holds one: its arguments and what it prints.
//!
//! Exit status: 0 done, 1 the answer is no (blockers, a failed run), 2 wrong usage or configuration.

mod agree;
pub mod alert;
pub mod backup;
pub mod cancel;
pub mod check;
mod check_asked;
mod check_inputs;
mod client;
pub mod costs;
pub mod demo;
mod desk;
pub mod doctor;
pub mod doubt;
pub mod holds;
pub mod import;
pub mod migrate;
mod output;
pub mod pause;
pub mod person;
mod private;
pub mod results;
pub mod resume;
pub mod retry;
pub mod sandbox;
pub mod serve;
pub mod start;
pub mod status;
mod steer;
pub mod suppress;
mod table;
pub mod takeover;
pub mod template;
pub mod token;
pub mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::telemetry;
use crate::config;

/// WhatsApp template campaigns, sent at the provider's limits, with the answers brought back to people.
#[derive(Debug, Parser)]
#[command(name = "recado", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// See it work: three sample campaigns through a provider on this machine.
    Demo(demo::Args),
    /// Run the daemon.
    Serve(serve::Args),
    /// What a campaign folder would do: rows, cost, times, samples, what stands in the way.
    Check(check::Args),
    /// Load a campaign's folder into a running daemon.
    Import(import::Args),
    /// Start a campaign.
    Start(start::Args),
    /// How the campaigns are doing.
    Status(status::Args),
    /// Pause a campaign's run.
    Pause(pause::Args),
    /// Let it go on.
    Resume(resume::Args),
    /// Cancel what has not left.
    Cancel(cancel::Args),
    /// Try failed messages again, by cause and cost.
    Retry(retry::Args),
    /// Messages of which nobody knows whether they left.
    Doubt(doubt::Args),
    /// What stands still.
    Holds(holds::Args),
    /// What is wrong, who was told, and a trial of telling.
    Alert(alert::Args),
    /// Every row of a run and what became of it.
    Results(results::Args),
    /// What a month cost.
    Costs(costs::Args),
    /// Templates.
    Template(template::Args),
    /// The do-not-send list.
    Suppress(suppress::Args),
    /// Everything kept of one person, and erasing it.
    Person(person::Args),
    /// Who may sign in.
    User(user::Args),
    /// Tokens for programs.
    Token(token::Args),
    /// Run a provider on this machine, to try things out.
    Sandbox(Box<sandbox::Args>),
    /// How every account and sender stands, and what to do.
    Doctor(doctor::Args),
    /// Copy the store while the daemon runs.
    Backup(backup::Args),
    /// Bring the store up to date.
    Migrate(migrate::Args),
    /// Let a store send that was restored, moved, or lay still for long.
    Takeover(takeover::Args),
}

impl Command {
    /// Whether it makes files that hold people and secrets: the store, its copy, audiences.
    const fn writes_the_store(&self) -> bool {
        matches!(
            self,
            Self::Demo(_)
                | Self::Serve(_)
                | Self::Backup(_)
                | Self::Takeover(_)
                | Self::Migrate(_)
                | Self::User(_)
                | Self::Token(_)
                | Self::Doctor(_)
        )
    }
}

/// Exit status of wrong usage or configuration.
pub const WRONG: u8 = 2;

/// Runs one command.
pub async fn run(cli: Cli) -> ExitCode {
    let filter = match cli.command {
        Command::Demo(_) => telemetry::QUIET_FILTER,
        _ => telemetry::DAEMON_FILTER,
    };
    if cli.command.writes_the_store() {
        private::keep_to_ourselves();
    }
    telemetry::start(&config::environment(), filter);
    let outcome = match cli.command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::Start(args) => start::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Pause(args) => pause::run(args).await,
        Command::Resume(args) => resume::run(args).await,
        Command::Cancel(args) => cancel::run(args).await,
        Command::Retry(args) => retry::run(args).await,
        Command::Doubt(args) => doubt::run(args).await,
        Command::Holds(args) => holds::run(args).await,
        Command::Alert(args) => alert::run(args).await,
        Command::Results(args) => results::run(args).await,
        Command::Costs(args) => costs::run(args).await,
        Command::Template(args) => template::run(args).await,
        Command::Suppress(args) => suppress::run(args).await,
        Command::Person(args) => person::run(args).await,
        Command::User(args) => user::run(args).await,
        Command::Token(args) => token::run(args).await,
        Command::Sandbox(args) => sandbox::run(*args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Takeover(args) => takeover::run(args).await,
    };
    client::ended(outcome).unwrap_or_else(|error| complain(&error))
}

fn complain(error: &anyhow::Error) -> ExitCode {
    eprint(&format!("recado: {error:#}"));
    ExitCode::from(WRONG)
}

#[expect(clippy::print_stderr, reason = "a command's complaint")]
fn eprint(line: &str) {
    eprintln!("{line}");
}
