//! `recado user`: who may sign in, on the store directly, so that it works before the daemon runs.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::desk::{At, Desk, role};
use super::output::answer;
use crate::domain::role::Role;
use crate::store::password::Turnstile;
use crate::store::user::User;
use crate::store::{session, user};

/// Arguments of `recado user`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add somebody; prints a link that signs them in once, unless a password is given.
    Add {
        /// Unique name.
        name: String,
        /// admin, operator, marketing, agent or finance.
        #[arg(long, value_parser = role_of_person)]
        role: Role,
        /// Read a password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List everybody.
    List,
    /// Shut somebody out at once.
    Disable {
        /// Name.
        name: String,
    },
    /// Print a link that signs somebody in once, within 24 hours.
    Link {
        /// Name.
        name: String,
    },
    /// Set a password from standard input; ends every session.
    Password {
        /// Name.
        name: String,
    },
}

fn role_of_person(word: &str) -> Result<Role, String> {
    let role = role(word)?;
    if role.is_for_people() { Ok(role) } else { Err("that role is for tokens: recado token add".to_owned()) }
}

impl Desk {
    async fn find(&self, name: &str) -> anyhow::Result<User> {
        user::by_name(&self.store, name).await?.with_context(|| format!("there is no user {name}"))
    }

    async fn link(&self, user: &User) -> anyhow::Result<String> {
        let token = session::add_link(&self.store, user.id, self.clock.now()).await?;
        self.audit("user.link", &format!("user {}", user.name), "").await?;
        let base = self.config.server.public_url.as_str().trim_end_matches('/');
        Ok(format!("{base}/sign-in/link?token={token}"))
    }
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.at).await?;
    let done = match &args.command {
        Command::Add { name, role, password_stdin } => add(&desk, name, *role, *password_stdin, args.at.json).await?,
        Command::List => list(&desk, args.at.json).await?,
        Command::Disable { name } => disable(&desk, name, args.at.json).await?,
        Command::Link { name } => {
            let found = desk.find(name).await?;
            if found.disabled_at.is_some() {
                bail!("{name} is shut out");
            }
            say_link(name, &desk.link(&found).await?, args.at.json)
        }
        Command::Password { name } => {
            let found = desk.find(name).await?;
            let hash = Turnstile::default().hash(password()?.expose_secret()).await?;
            user::set_password(&desk.store, found.id, &hash).await?;
            desk.audit("user.password", &format!("user {name}"), "").await?;
            if args.at.json { json!({"name": name}).to_string() } else { format!("{name} has a new password") }
        }
    };
    answer(&format!("{done}\n"))?;
    desk.store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn add(desk: &Desk, name: &str, role: Role, with_password: bool, json: bool) -> anyhow::Result<String> {
    if !user::is_name(name) {
        bail!("a name has at most 60 letters, digits, spaces and . _ - @");
    }
    let hash = if with_password { Some(Turnstile::default().hash(password()?.expose_secret()).await?) } else { None };
    let added = user::add(&desk.store, name, role, hash.as_deref(), desk.clock.now()).await?;
    if added.is_none() {
        bail!("there is a user {name} already");
    }
    desk.audit("user.add", &format!("user {name}"), role.as_str()).await?;
    if with_password {
        return Ok(if json { json!({"name": name, "role": role}).to_string() } else { format!("{name} may sign in") });
    }
    let link = desk.link(&desk.find(name).await?).await?;
    Ok(say_link(name, &link, json))
}

fn say_link(name: &str, link: &str, json: bool) -> String {
    if json {
        json!({"name": name, "link": link}).to_string()
    } else {
        format!("{name} signs in once, within 24 hours, with\n{link}")
    }
}

/// The first line of standard input.
fn password() -> anyhow::Result<SecretString> {
    let mut text = String::new();
    std::io::stdin().take(4_096).read_to_string(&mut text)?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default()))
}

async fn list(desk: &Desk, json: bool) -> anyhow::Result<String> {
    let users = user::all(&desk.store).await?;
    if json {
        let lines = users
            .iter()
            .map(|u| json!({"name": u.name, "role": u.role, "created_at": u.created_at, "disabled_at": u.disabled_at}));
        return Ok(lines.collect::<serde_json::Value>().to_string());
    }
    let lines: Vec<String> = users
        .iter()
        .map(|u| {
            let out = if u.disabled_at.is_some() { "  shut out" } else { "" };
            format!("{:<24} {:<10} since {}{out}", u.name, u.role.as_str(), u.created_at)
        })
        .collect();
    Ok(if lines.is_empty() { "nobody yet".to_owned() } else { lines.join("\n") })
}

async fn disable(desk: &Desk, name: &str, json: bool) -> anyhow::Result<String> {
    let found = desk.find(name).await?;
    if found.role == Role::Admin && user::is_last_admin(&desk.store, found.id).await? {
        bail!("{name} is the last administrator; make another first");
    }
    let done = user::disable(&desk.store, found.id, desk.clock.now()).await?;
    desk.audit("user.disable", &format!("user {name}"), "").await?;
    let words = if done { "is shut out" } else { "was shut out already" };
    Ok(if json { json!({"name": name, "disabled": done}).to_string() } else { format!("{name} {words}") })
}
