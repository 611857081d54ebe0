//! `recado takeover`: lets a store send that was restored, copied or moved, or that lay still for long.

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::desk::{At, Desk};
use super::output::answer;
use crate::billing::card::Cards;
use crate::clock::{Clock, Scale};
use crate::domain::time::UnixMs;
use crate::engine::janitor::HEARTBEAT;
use crate::engine::takeover::{Original, Outlook, Place, Taken, outlook, take_over};
use crate::store::hold::{self, HoldCause};
use crate::store::view::due::{self, DueRun};
use crate::store::{home, setting};

/// Arguments of `recado takeover`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    at: At,
    /// Do it; left out, it is only shown what would be sent. What the original may have sent since is put in doubt.
    #[arg(long)]
    yes: bool,
    /// Nothing was sent from the original since this store last ran: everything in line goes out.
    #[arg(long, requires = "yes")]
    send_all: bool,
    /// The daemon's other clock, `ORIGIN@REAL_ORIGIN*SPEED`; left out, the one it last ran on.
    #[arg(long)]
    clock: Option<Scale>,
}

/// What there is to say.
struct Report {
    is_held: bool,
    runs: Vec<DueRun>,
    outlook: Outlook,
    taken: Option<Taken>,
}

/// Runs it: 1 when it was only shown and the store is held.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(&args.at).await?;
    if let Some(scale) = args.clock {
        desk.clock = Clock::scaled(scale);
    }
    let report = work(&desk, &args).await?;
    let text = if args.at.json { format!("{}\n", report.json()) } else { report.told() };
    desk.store.close().await;
    answer(&text)?;
    Ok(if args.yes || !report.is_held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn work(desk: &Desk, args: &Args) -> anyhow::Result<Report> {
    let (store, now, cards) = (&desk.store, desk.clock.now(), Cards::of(&desk.config.rate_cards)?);
    let last = setting::read(store, HEARTBEAT).await?.and_then(|at| at.parse().ok()).map(UnixMs);
    let doubtful = home::doubtful(store, last, now, desk.config.restore_after).await?;
    let is_held = doubtful.is_some() || hold::open(store).await?.iter().any(|hold| hold.cause == HoldCause::Restored);
    let place = Place { store, config: &desk.config, cards: &cards, now };
    let runs = due::runs(store, now).await?;
    let outlook = if is_held { outlook(place).await? } else { Outlook::default() };
    let mut taken = None;
    if args.yes {
        // A store that is not held may be sending this instant: nothing of it is put aside.
        let original = if args.send_all || !is_held { Original::SentNothing } else { Original::MayHaveSent };
        taken = Some(take_over(place, original, "command line").await?);
        desk.audit("store.takeover", "store", if args.send_all { "send all" } else { "" }).await?;
    }
    Ok(Report { is_held, runs, outlook, taken })
}

impl Report {
    fn json(&self) -> Value {
        let stakes = &self.outlook.stakes;
        let worst = stakes.worst.iter().map(|(currency, sum)| json!({"currency": currency, "amount": sum.to_string()}));
        json!({
            "held": self.is_held,
            "last_ran_at": self.outlook.last_ran,
            "may_have_left": {
                "messages": stakes.messages, "people": stakes.people, "worst_extra_cost": worst.collect::<Vec<_>>(),
                "runs_not_read": self.outlook.unread,
            },
            "runs": self.runs,
            "taken_over": self.taken.is_some(),
            "lifted": self.taken.is_some_and(|taken| taken.lifted),
            "in_doubt": self.taken.map_or(0, |taken| taken.in_doubt),
            "paused": self.taken.map_or(0, |taken| taken.paused),
        })
    }

    fn told(&self) -> String {
        let mut text = String::new();
        for run in &self.runs {
            let name = if run.name.is_empty() { "sent by hand" } else { &run.name };
            let due = run.oldest.map_or_else(|| "none due".to_owned(), |at| format!("{} due since {at}", run.due));
            // Writing into a String cannot fail.
            let _ = writeln!(text, "run {:<5} {name:<24} {:<9} {} in line, {due}", run.id, run.state, run.queued);
        }
        if self.runs.is_empty() {
            text.push_str("No message is in line.\n");
        }
        match (&self.taken, self.is_held) {
            (Some(taken), _) => taken_over(&mut text, *taken),
            (None, true) => self.warn(&mut text),
            (None, false) => text.push_str("Nothing holds this store: a daemon on it sends.\n"),
        }
        text
    }

    fn warn(&self, text: &mut String) {
        let Outlook { last_ran, stakes, unread } = &self.outlook;
        let since = last_ran.map_or_else(|| "it was made".to_owned(), |at| at.to_string());
        let worst: Vec<String> = stakes.worst.iter().map(|(currency, sum)| format!("{currency} {sum}")).collect();
        text.push_str("Nothing is sent. Make sure that no other daemon sends from this store's original.\n");
        let _ = writeln!(text, "This store does not know what has left since {since}.");
        if stakes.messages > 0 {
            let _ = writeln!(
                text,
                "If all that is due were sent, {} people might get theirs twice, for at most {} more.",
                stakes.people,
                worst.join(" + ")
            );
        }
        if !unread.is_empty() {
            let _ = writeln!(text, "Rows of {} runs were still being read then; these runs are paused.", unread.len());
        }
        let _ = writeln!(
            text,
            "  recado takeover --yes              puts these {} messages in doubt: receipts settle them, or a person does\n\
             \x20                                    (recado doubt); all else goes on\n\
             \x20 recado takeover --yes --send-all   nothing was sent from the original since then: everything goes out",
            stakes.messages
        );
        text.push_str(
            "Campaigns that start by themselves send files again that came after that: take them away first.\n",
        );
    }
}

fn taken_over(text: &mut String, taken: Taken) {
    text.push_str("This store, here, is the one that sends from now on.\n");
    if taken.in_doubt > 0 {
        let _ = writeln!(text, "{} messages are in doubt: see `recado doubt`.", taken.in_doubt);
    }
    if taken.paused > 0 {
        let _ = writeln!(text, "{} runs are paused: see `recado status`.", taken.paused);
    }
}
