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
        /// The number, international or as dialled in the first sender's country; or, of whoever shows none, the user id
        /// that WhatsApp tells, as `AR.1349…`.
        phone: String,
    },
    /// Erase them; whoever is on the do-not-send list stays on it.
    Erase {
        /// The number, or the user id.
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
        eprint("recado: nobody with this number or user id is known");
        let What::Erase { phone, yes } = &args.what else { return Ok(ExitCode::FAILURE) };
        return erase_rest(&client, phone, (*yes, args.json)).await;
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

/// Files may hold somebody whom nothing else knows, as after an erasure: what is left is erased and named. 1 when there is nothing.
async fn erase_rest(client: &Client, phone: &str, (yes, json): (bool, bool)) -> anyhow::Result<ExitCode> {
    if agreed("Erase what files and webhooks still hold of this number?", yes)? != Agreement::Yes {
        return Ok(ExitCode::FAILURE);
    }
    let done: Value = client.post("/api/v1/people/erase", &json!({ "phone": phone })).await?;
    let some = ["rows", "webhooks", "exclusions"].iter().any(|key| done[*key].as_u64().unwrap_or_default() > 0);
    if !some && done["left"].as_array().is_none_or(Vec::is_empty) {
        return Ok(ExitCode::FAILURE);
    }
    answer(&if json { serde_json::to_string_pretty(&done)? + "\n" } else { told(&done) })?;
    Ok(ExitCode::SUCCESS)
}

fn told(done: &Value) -> String {
    let mut text =
        format!("erased; {} rows of files and {} webhooks too\n", cell(&done["rows"]), cell(&done["webhooks"]));
    for file in done["left"].as_array().into_iter().flatten() {
        text.extend(["still named in ", &cell(file), ": it is yours to change\n"]);
    }
    text
}
