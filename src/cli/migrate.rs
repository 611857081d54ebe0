//! `recado migrate`: brings the store up to date, as `recado serve` does when it starts, and says what it did.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Context;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::desk::At;
use super::output::answer;
use crate::app::lock::{DataDirLock, StoreLock};
use crate::config::{self, Config};
use crate::store::{self, Migration};

/// Arguments of `recado migrate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    at: At,
    /// Only say what would be done.
    #[arg(long)]
    check: bool,
}

/// Runs it: 1 when `--check` finds something to do. A store of a newer Recado is refused.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.at.config, &config::environment())?;
    let (url, data_dir) = (config.store_url.expose_secret(), &config.server.data_dir);
    let pending = store::pending(url, data_dir).await?;
    if !args.check && !pending.is_empty() {
        std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
        // A daemon on it would go on with what it knew before.
        let _lock = DataDirLock::take(data_dir)?;
        let _store_lock = store::sqlite_file(url, data_dir).map(|file| StoreLock::take(&file)).transpose()?;
        store::open(url, data_dir).await?.close().await;
    }
    answer(&if args.at.json { format!("{}\n", as_json(&pending, args.check)) } else { told(&pending, args.check) })?;
    Ok(if args.check && !pending.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn as_json(pending: &[Migration], check: bool) -> Value {
    let all: Vec<Value> = pending.iter().map(|m| json!({"version": m.version, "name": m.name})).collect();
    let (applied, waiting) = if check { (Vec::new(), all) } else { (all, Vec::new()) };
    json!({"applied": applied, "pending": waiting})
}

fn told(pending: &[Migration], check: bool) -> String {
    if pending.is_empty() {
        return "The store is up to date.\n".to_owned();
    }
    let mut text = String::new();
    for migration in pending {
        let done = if check { "to be applied" } else { "applied" };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{:04} {}: {done}", migration.version, migration.name);
    }
    text
}
