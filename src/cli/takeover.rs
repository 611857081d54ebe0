//! `recado takeover`: lets a store send that was restored, copied or moved, or that lay still for long.

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::json;

use super::desk::{At, Desk};
use super::output::answer;
use crate::store::hold::{self, HoldCause};
use crate::store::home;
use crate::store::view::due::{self, DueRun};

/// Arguments of `recado takeover`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    at: At,
    /// Do it; left out, it is only shown what would be sent.
    #[arg(long)]
    yes: bool,
}

/// Runs it: 1 when nothing holds the store, or when it was only shown.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.at).await?;
    let is_held = hold::open(&desk.store).await?.iter().any(|hold| hold.cause == HoldCause::Restored);
    let runs = due::runs(&desk.store, desk.clock.now()).await?;
    let done = if args.yes {
        let lifted = home::take_over(&desk.store, desk.clock.now(), "command line").await?;
        desk.audit("store.takeover", "store", "").await?;
        lifted
    } else {
        false
    };
    let text = if args.at.json {
        format!("{}\n", json!({"held": is_held, "taken_over": args.yes, "lifted": done, "runs": runs}))
    } else {
        told(&runs, is_held, args.yes)
    };
    desk.store.close().await;
    answer(&text)?;
    Ok(if args.yes || !is_held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(runs: &[DueRun], is_held: bool, done: bool) -> String {
    let mut text = String::new();
    for run in runs {
        let name = if run.name.is_empty() { "sent by hand" } else { &run.name };
        let due = run.oldest.map_or_else(|| "none due".to_owned(), |at| format!("{} due since {at}", run.due));
        // Writing into a String cannot fail.
        let _ = writeln!(text, "run {:<5} {name:<24} {:<9} {} in line, {due}", run.id, run.state, run.queued);
    }
    if runs.is_empty() {
        text.push_str("No message is in line.\n");
    }
    text.push_str(match (is_held, done) {
        (_, true) => "This store, here, is the one that sends from now on.\n",
        (true, false) => "Nothing is sent. Make sure that no other daemon sends from this store's original, pause what must\nnot go out, then: recado takeover --yes\n",
        (false, false) => "Nothing holds this store: a daemon on it sends.\n",
    });
    text
}
