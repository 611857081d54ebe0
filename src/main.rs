//! The `recado` command.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use recado::cli::{Cli, run};
use tokio::runtime::Runtime;

/// Also SQLite's. With glibc's a third of the time of a daemon that took receipts went into finding and joining pieces of its
/// heaps, where it was held to two of them. How this one is held small stands in `.cargo/config.toml`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static HEAP: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> io::Result<ExitCode> {
    let command = Cli::parse();
    Ok(Runtime::new()?.block_on(run(command)))
}
