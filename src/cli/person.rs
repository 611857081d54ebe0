//! `recado person`: everything kept of one person, and erasing it.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::agree::{Agreement, agreed};
use super::client::Client;
use super::eprint;
use super::output::answer;
use super::table::cell;
use crate::config::environment;

/// Arguments of `recado person`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print everything that is kept of them, as JSON.
    Export {
        /// The number, international or as dialled in the first sender's country.
        phone: String,
    },
    /// Erase them; whoever is on the do-not-send list stays on it.
    Erase {
        /// The number.
        phone: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Runs it: 1 when nobody has that number.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let phone = match &args.what {
        What::Export { phone } | What::Erase { phone, .. } => phone,
    };
    let found = client.all("/api/v1/people", &[("phone", phone)]).await?;
    let Some(id) = found.first().and_then(|person| person["id"].as_i64()) else {
        eprint("recado: nobody with this number is known");
        return Ok(ExitCode::FAILURE);
    };
    match args.what {
        What::Export { .. } => {
            let all: Value = client.get(&format!("/api/v1/people/{id}/export"), &[]).await?;
            answer(&(serde_json::to_string_pretty(&all)? + "\n"))?;
        }
        What::Erase { yes, .. } => {
            if agreed("Erase this person? Their texts, numbers and names are gone for good.", yes)? != Agreement::Yes {
                return Ok(ExitCode::FAILURE);
            }
            let done: Value = client.post(&format!("/api/v1/people/{id}/erase"), &json!({})).await?;
            answer(&if args.json { serde_json::to_string_pretty(&done)? + "\n" } else { told(&done) })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn told(done: &Value) -> String {
    let mut text =
        format!("erased; {} rows of files and {} webhooks too\n", cell(&done["rows"]), cell(&done["webhooks"]));
    for file in done["left"].as_array().into_iter().flatten() {
        text += &format!("still named in {}: it is yours to change\n", cell(file));
    }
    text
}
