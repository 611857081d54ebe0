//! `recado token`: tokens for programs, on the store directly. A token is shown once.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::desk::{At, Desk, role};
use super::output::answer;
use crate::domain::role::Role;
use crate::store::token;

/// Arguments of `recado token`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print it, this once.
    Add {
        /// What it is for; the audit calls it token:NAME.
        name: String,
        /// admin, operator, marketing, agent, finance or bot (a program that talks to people).
        #[arg(long, value_parser = role)]
        role: Role,
        /// How long it works: 90d, 12h, 52w.
        #[arg(long, value_parser = span)]
        expires: Duration,
    },
    /// List tokens, without what they are.
    List,
    /// Let a token work no more.
    Revoke {
        /// Its number in the list.
        id: i64,
    },
}

/// A token that works longer than this is forgotten rather than kept.
const LONGEST: Duration = Duration::from_hours(24 * 366 * 2);

/// `90d`, `12h`, `52w`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is a whole number and h, d or w, as 90d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let hours = match unit {
        'h' => 1,
        'd' => 24,
        'w' => 24 * 7,
        _ => return Err(wrong()),
    };
    let n: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let span = Duration::from_secs(n.saturating_mul(hours).saturating_mul(3_600));
    if span.is_zero() || span > LONGEST { Err("between 1h and two years".to_owned()) } else { Ok(span) }
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.at).await?;
    let status = match &args.command {
        Command::Add { name, role, expires } => add(&desk, name, *role, *expires, args.at.json).await?,
        Command::List => list(&desk, args.at.json).await?,
        Command::Revoke { id } => revoke(&desk, *id, args.at.json).await?,
    };
    desk.store.close().await;
    Ok(status)
}

async fn add(desk: &Desk, name: &str, role: Role, expires: Duration, json: bool) -> anyhow::Result<ExitCode> {
    let now = desk.clock.now();
    let ends = now.plus(expires);
    let (id, shown) = token::add(&desk.store, name, role, now, ends).await?;
    desk.audit("token.add", &format!("token {id} {name}"), role.as_str()).await?;
    answer(&if json {
        format!("{}\n", json!({"id": id, "name": name, "role": role, "expires_at": ends, "token": shown}))
    } else {
        format!("{shown}\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn list(desk: &Desk, json: bool) -> anyhow::Result<ExitCode> {
    let tokens = token::all(&desk.store).await?;
    let text = if json {
        let lines = tokens.iter().map(|t| {
            json!({"id": t.id, "name": t.name, "role": t.role, "created_at": t.created_at,
                   "expires_at": t.expires_at, "revoked_at": t.revoked_at})
        });
        format!("{}\n", lines.collect::<serde_json::Value>())
    } else {
        let now = desk.clock.now();
        let lines = tokens.iter().map(|t| {
            let state = if t.revoked_at.is_some() {
                "revoked"
            } else if t.expires_at <= now {
                "expired"
            } else {
                "works"
            };
            format!("{:>4}  {:<24} {:<10} {state:<8} until {}\n", t.id, t.name, t.role.as_str(), t.expires_at)
        });
        lines.collect()
    };
    answer(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn revoke(desk: &Desk, id: i64, json: bool) -> anyhow::Result<ExitCode> {
    let done = token::revoke(&desk.store, id, desk.clock.now()).await?;
    if done {
        desk.audit("token.revoke", &format!("token {id}"), "").await?;
    }
    answer(&if json {
        format!("{}\n", json!({"id": id, "revoked": done}))
    } else if done {
        format!("token {id} works no more\n")
    } else {
        format!("there is no working token {id}\n")
    })?;
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_number_and_a_unit() {
        assert_eq!(span("90d"), Ok(Duration::from_hours(90 * 24)));
        assert_eq!(span("12h"), Ok(Duration::from_hours(12)));
        for wrong in ["", "d", "90", "90x", "-1d", "0d", "9999w", "1é"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
