//! `recado doubt`: messages of which it is not known whether they left.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::WRONG;
use super::agree::{Agreement, agreed};
use super::client::Client;
use super::output::answer;
use super::table::{cell, clock, local_time, table};
use crate::config::environment;

/// Arguments of `recado doubt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List them, each with why it stands.
    List {
        /// Only of this run.
        #[arg(long)]
        run: Option<i64>,
        /// Only of this sender.
        #[arg(long)]
        sender: Option<String>,
    },
    /// Decide what becomes of them.
    #[command(override_usage = "recado doubt settle [OPTIONS] <HOW> <MESSAGES...|--run <RUN>|--sender <SENDER>|--all>")]
    Settle(Settle),
}

#[derive(Debug, clap::Args)]
struct Settle {
    /// `sent`: they were sent. `send-again`: a new try opens. `leave`: nothing is sent again.
    #[arg(value_enum)]
    how: How,
    #[command(flatten)]
    which: Which,
    /// Do not ask; needed for more than one where nobody can be asked.
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum How {
    Sent,
    SendAgain,
    Leave,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// These messages.
    messages: Vec<i64>,
    /// Everything in doubt of this run.
    #[arg(long)]
    run: Option<i64>,
    /// Everything in doubt of this sender.
    #[arg(long)]
    sender: Option<String>,
    /// Everything in doubt.
    #[arg(long)]
    all: bool,
}

impl How {
    const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::SendAgain => "send_again",
            Self::Leave => "leave",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Sent => "counted as sent",
            Self::SendAgain => "tried again",
            Self::Leave => "left as they are",
        }
    }
}

impl Which {
    fn body(&self, how: How) -> Value {
        let mut body = json!({"settlement": how.word()});
        match (self.run, &self.sender, self.all) {
            (Some(run), _, _) => body["run"] = json!(run),
            (_, Some(sender), _) => body["sender"] = json!(sender),
            (_, _, true) => body["all"] = json!(true),
            _ => body["messages"] = json!(self.messages),
        }
        body
    }
}

/// Runs it: 1 when nothing of what was named is in doubt, or the question is answered with no.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    match args.what.unwrap_or(What::List { run: None, sender: None }) {
        What::List { run, sender } => list(&client, run, sender.as_deref(), args.json).await,
        What::Settle(asked) => settle(&client, &asked, args.json).await,
    }
}

async fn list(client: &Client, run: Option<i64>, sender: Option<&str>, as_json: bool) -> anyhow::Result<ExitCode> {
    let run = run.map(|run| run.to_string());
    let mut query: Vec<(&str, &str)> = run.iter().map(|run| ("run", run.as_str())).collect();
    query.extend(sender.map(|sender| ("sender", sender)));
    let items = client.all("/api/v1/doubt", &query).await?;
    let zone = client.zone().await?;
    let row = |d: &Value| {
        [
            cell(&d["message"]),
            cell(&d["run"]),
            cell(&d["campaign"]),
            cell(&d["row"]),
            cell(&d["to"]),
            cell(&d["name"]),
            local_time(&d["claimed_at"], &zone),
            cell(&d["why"]["message"]),
        ]
    };
    let header = ["message", "run", "campaign", "row", "to", "name", "tried", "why"];
    let text = if as_json {
        serde_json::to_string_pretty(&json!({"items": items}))? + "\n"
    } else if items.is_empty() {
        "Nothing is in doubt.\n".to_owned()
    } else {
        table(header, &items.iter().map(row).collect::<Vec<_>>()) + &clock(&zone)
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn settle(client: &Client, asked: &Settle, as_json: bool) -> anyhow::Result<ExitCode> {
    let (how, mut body) = (asked.how, asked.which.body(asked.how));
    let is_one = asked.which.messages.len() == 1;
    if !is_one && !asked.yes {
        body["check"] = json!(true);
        let checked: Value = client.post("/api/v1/doubt", &body).await?;
        match agreed(&question(how, &checked["would"]), false)? {
            Agreement::Yes => {}
            Agreement::No => return Ok(ExitCode::FAILURE),
            Agreement::Nobody => return Ok(ExitCode::from(WRONG)),
        }
        body["check"] = json!(false);
        // A named few are bound by their names.
        if asked.which.messages.is_empty() {
            body["shown"] = checked["shown"].clone();
        }
    }
    let done: Value = client.post("/api/v1/doubt", &body).await?;
    let settled = done["settled"].as_u64().unwrap_or(0);
    let text =
        if as_json { serde_json::to_string_pretty(&done)? + "\n" } else { format!("{}: {settled}\n", how.done()) };
    answer(&text)?;
    Ok(if settled > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many it concerns, and what it may do at worst.
fn question(how: How, would: &Value) -> String {
    let n = &would["messages"];
    match how {
        How::Sent => format!("Messages in doubt: {n}. Count them as sent?"),
        How::Leave => format!("Messages in doubt: {n}. Leave them as they are?"),
        How::SendAgain => format!("Messages in doubt: {n}. {} Send again?", stakes(would)),
    }
}

/// What sending again may do at worst, in a sentence.
pub(super) fn stakes(would: &Value) -> String {
    let never = would["never_left"].as_i64().unwrap_or_default();
    let amounts = would["worst_extra_cost"].as_array().map(Vec::as_slice).unwrap_or_default();
    let amounts: Vec<String> =
        amounts.iter().map(|a| format!("{} {}", cell(&a["currency"]), cell(&a["amount"]))).collect();
    match (never, would["people"].as_i64().unwrap_or_default()) {
        (_, 0) => "They certainly never left: nobody gets one twice.".to_owned(),
        (0, people) => {
            format!("Sent again, {people} people might get theirs twice, for at most {} more.", amounts.join(" + "))
        }
        (never, people) => format!(
            "{never} of them certainly never left; of the others {people} people might get theirs twice, for at most {} more.",
            amounts.join(" + ")
        ),
    }
}
