//! The `recado` command.

use std::process::ExitCode;

use clap::Parser;
use recado::cli::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}
