//! `recado backup`: a copy of everything, taken while the daemon runs. The copy sends nothing until `recado takeover`.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use serde_json::json;

use super::desk::{At, Desk};
use super::output::answer;
use crate::config;
use crate::store::home;

/// Arguments of `recado backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A directory that does not exist yet.
    to: PathBuf,
    #[command(flatten)]
    at: At,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.at).await?;
    let to = &args.to;
    fs::create_dir(to).with_context(|| format!("cannot make {} (it must not exist yet)", to.display()))?;
    // Files first: an audience that is loaded meanwhile is one too many, never one too few.
    let files = copy_files(&desk.config.server.data_dir.join("audiences"), &to.join("audiences"))?;
    let campaigns = copy_files(&desk.config.campaigns_dir, &to.join("campaigns"))?;
    let name = if home::copy_to(&desk.store, &to.join("recado.db")).await? { "recado.db" } else { "recado.sql" };
    if name == "recado.sql" {
        dump(desk.config.store_url.expose_secret(), &to.join(name))?;
    }
    desk.audit("store.backup", &to.display().to_string(), "").await?;
    desk.store.close().await;
    let stored = if name == "recado.db" { "recado.db and recado-webhooks.db" } else { name };
    answer(&if args.at.json {
        format!("{}\n", json!({"to": to, "store": name, "audiences": files, "campaign_files": campaigns}))
    } else {
        format!(
            "{} holds the store ({stored}), {files} audience files and the campaigns' folders ({campaigns} files). recado.toml and its secrets are not in it.\nWhat is restored from it sends nothing until `recado takeover --yes`.\n",
            to.display()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Copies the plain files of a folder and of those in it, and says how many. Links are not followed, and hidden files
/// are still being written.
fn copy_files(from: &Path, to: &Path) -> anyhow::Result<usize> {
    fs::create_dir(to).with_context(|| format!("cannot make {}", to.display()))?;
    let mut files = 0;
    let Ok(entries) = fs::read_dir(from) else { return Ok(0) };
    for entry in entries {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            files += copy_files(&entry.path(), &to.join(&name))?;
        } else if kind.is_file() {
            match copy_file(&entry.path(), &to.join(&name)) {
                Ok(()) => files += 1,
                // Whoever drops campaigns took it away meanwhile.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e).with_context(|| format!("cannot copy {}", name.display())),
            }
        }
    }
    Ok(files)
}

/// The copy is for its owner alone, whoever may read what it was made from.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (fs::File::open(from)?, fs::File::create_new(to)?);
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

/// A dump by PostgreSQL's own program, which knows its server's formats.
fn dump(url: &str, file: &Path) -> anyhow::Result<()> {
    let Some(program) = pg_dump() else {
        bail!("pg_dump is not installed (Debian: postgresql-client); it makes the copy of a PostgreSQL store");
    };
    let mut out = fs::File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    let mut url = url::Url::parse(url).context("store.url is not a URL")?;
    let schema = schema(&url);
    // By the environment: arguments can be read by everybody on the machine.
    let password = url.password().map(|password| ("PGPASSWORD", password.to_owned()));
    if url.set_password(None).is_err() {
        bail!("store.url has no host");
    }
    let mut dumping = Command::new(program)
        .args([
            "--no-owner",
            "--no-privileges",
            "--no-comments",
            "--schema",
            &pattern(&schema),
            "--dbname",
            url.as_str(),
        ])
        .envs(password)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let Some(told) = dumping.stdout.take() else { bail!("pg_dump says nothing") };
    let written =
        write_dump(BufReader::new(told), &mut out).with_context(|| format!("cannot write {}", file.display()));
    let status = dumping.wait()?;
    written?;
    if !status.success() {
        bail!("pg_dump failed");
    }
    writeln!(out, "INSERT INTO \"{schema}\".setting (key, value) VALUES ('copy', '1') ON CONFLICT (key) DO NOTHING;")?;
    out.sync_all()?;
    Ok(())
}

/// A schema as `pg_dump` takes it: as written, not as a pattern.
fn pattern(schema: &str) -> String {
    format!("\"{}\"", schema.replace('"', "\"\""))
}

/// Writes a dump of one schema, with its functions and triggers. Every database has a schema "public" already, and a dump
/// that makes it cannot be read back without an error: it is made where there is none.
fn write_dump(mut dump: impl BufRead, out: &mut impl Write) -> io::Result<()> {
    const MAKES: &[u8] = b"CREATE SCHEMA ";
    let mut line = Vec::new();
    loop {
        line.clear();
        if dump.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if let Some(name) = line.strip_prefix(MAKES) {
            out.write_all(MAKES)?;
            out.write_all(b"IF NOT EXISTS ")?;
            out.write_all(name)?;
            // It stands once, before everything else: what follows may be rows.
            return io::copy(&mut dump, out).map(drop);
        }
        out.write_all(&line)?;
    }
}

/// The schema that the store's connections work in.
fn schema(url: &url::Url) -> String {
    let options = url.query_pairs().find(|(key, _)| key == "options").map(|(_, value)| value.into_owned());
    let path = options.as_deref().and_then(|o| o.split_once("search_path=")).map(|(_, path)| path);
    path.and_then(|path| path.split([',', ' ']).next()).unwrap_or("public").to_owned()
}

fn pg_dump() -> Option<PathBuf> {
    let path = config::environment().remove("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|dir| dir.join("pg_dump")).collect::<Vec<_>>();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin/pg_dump"));
    debian.chain(in_path).find(|program| program.is_file())
}
